"""What is decided in one place and known in another only later: the copies that authorization servers and APIs decide by.

A decision counts from its instant, and what it tells others goes out at once; a server whose replica lags goes on
issuing by what it still knows, an API goes on comparing with who used to be entitled. K16 may be as late by design.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from msgspec.structs import replace

from harness.oauth import AuthorizationServer, Signal
from harness.world.mechanics import signals
from harness.world.mechanics.design import EndpointInfo
from harness.world.mechanics.records import Due, Record
from harness.world.mechanics.state import World

OWNERS = "owners"


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


# ---------------------------------------------------------------- who may see a record


def entitle(world: World, record: Record, entitled: tuple[str, ...]) -> None:
    """Who may see a record changes: for the ledger now, for each API when its replica knows."""
    if entitled == record.entitled:
        return
    world.records[record.id] = replace(record, entitled=entitled)
    for api in world.peps:
        seen_ms = world.conditions.seen_ms(OWNERS, api, world.now_ms)
        if seen_ms > world.now_ms:
            world.formerly[api, record.id] = (*world.formerly.get((api, record.id), ()), (seen_ms, record.entitled))


def entitled_at(world: World, info: EndpointInfo, record: Record) -> tuple[str, ...]:
    """Who may see a record, as the API of an endpoint knows it; with K04 as strong as `fresh` it asks where it is decided."""
    if not world.formerly or world.design.strength_at("K04", info.api) == "fresh":
        return record.entitled
    for seen_ms, entitled in world.formerly.get((info.api, record.id), ()):
        if world.now_ms < seen_ms:
            return entitled
    return record.entitled
