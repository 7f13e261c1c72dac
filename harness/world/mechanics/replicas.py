"""What is decided in one place and known in another only later: the copies that authorization servers decide by.

A decision counts from its instant, and what it tells others goes out at once; a server whose replica lags goes on
issuing by what it still knows. K16 may be as late by design. Who may see a record is in `access`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from harness.oauth import AuthorizationServer, Signal
from harness.world.mechanics import signals
from harness.world.mechanics.records import Due
from harness.world.mechanics.state import World


class Change(NamedTuple):
    """What a server has yet to learn: the name of its method, and what it is told; `told` says whether others know."""

    method: str
    args: tuple[Any, ...]
    told: bool = False


def decided(world: World, server: str, fact: str, method: str, *args: Any) -> None:
    """A decision at an authorization server, as soon as its replica knows it; the signals of it go out at once."""
    at_ms = _known_ms(world, server, fact)
    if at_ms <= world.now_ms:
        signals.spread(world, server, _make(world.servers[server], method, args, world))
        return
    told = _make(world.servers[server].fork(), method, args, world)
    signals.spread(world, server, told)
    world.plan(Due(at_ms, "replica", server, Change(method, args, told=bool(told))))


def consented(world: World, server: str, consent: str) -> None:
    """A new consent is known to a replica only after a while; until then nothing is issued on it."""
    at_ms = _known_ms(world, server, "consents")
    if at_ms > world.now_ms:
        found = world.servers[server].store.consents.pop(consent)
        world.plan(Due(at_ms, "replica", server, Change("consent", (found,))))


def arrive(world: World, due: Due) -> None:
    """A replica has caught up with one decision."""
    change = due.payload
    assert isinstance(change, Change), "a replica learns a change"
    server = world.servers[due.target]
    if change.method == "consent":
        server.store.consents[change.args[0].id] = change.args[0]
        return
    made = _make(server, change.method, change.args, world)
    if not change.told:
        signals.spread(world, due.target, made)


def _make(server: AuthorizationServer, method: str, args: tuple[Any, ...], world: World) -> tuple[Signal, ...]:
    made: tuple[Signal, ...] = getattr(server, method)(*args, now_s=world.now_s)
    return made


def _known_ms(world: World, server: str, fact: str) -> int:
    """When a server knows what is decided now; the delay of K16 is the time that its own design takes for denials."""
    seen_ms = world.conditions.seen_ms(fact, server, world.now_ms)
    if fact == "denials" and world.design.on("K16", server):
        seen_ms = max(seen_ms, world.now_ms + (world.design.controls.setting("K16").delay or 0))
    return seen_ms
