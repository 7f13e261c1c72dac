"""Arguments of a call that the search does not choose, since they give nobody anything: a property over shipped systems.

`items`, the data that a call brings along: whatever they are, the same happens. `bare`, a call without the proof of
possession of a bound token: whoever can show the key gets all that it gives, and nothing else comes of it but a refusal.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from msgspec.structs import replace

from harness.plan import Controls, load_system
from harness.search.explore import first_world
from harness.trace import Event
from harness.world.mechanics import commands as c
from harness.world.mechanics.bounds import Bounds
from harness.world.mechanics.choices import choices
from harness.world.mechanics.choices_of_agents import by_agents
from harness.world.mechanics.engine import apply
from harness.world.mechanics.replies import Reply
from harness.world.mechanics.state import World
from tests.world.mechanics.test_state import everything

SYSTEMS = sorted([*Path("scenarios/systems").glob("*.yaml"), *Path("scenarios").glob("*/system.yaml")])
WORK = (c.Arrive, c.LogIn, c.GiveConsent, c.StartTask, c.GetToken, c.GetToken, c.Call, c.GetToken, c.Call, c.Leak)
CALLS = 40
"""How many calls are tried in each state."""
OF_REFUSALS = frozenset({"request.denied", "audit.recorded"})
Case = tuple[World, c.Call]


@cache
def _cases(path: Path, without: tuple[str, ...]) -> tuple[Case, ...]:
    """Calls that are possible in states on the way of honest work, half of them such as are answered."""
    return tuple(_on_the_way(path, without))


def _on_the_way(path: Path, without: tuple[str, ...]) -> Iterator[Case]:
    system, draw = load_system(str(path)).model, random.Random(path.name)
    world, bounds = first_world(system, Controls.of(system, without=without)), Bounds.of(system)
    for kind in WORK:
        some = [one for one in choices(world, bounds) if isinstance(one, kind)]
        draw.shuffle(some)
        taken = next((one for one in some[:60] if apply(world.fork(), one, world.now_ms)[1].ok), None)
        if taken is None:
            continue
        world = world.fork()
        apply(world, taken, world.now_ms)
        if kind in (c.GetToken, c.Call, c.Leak):
            calls = [one for one in by_agents(world, bounds) if isinstance(one, c.Call)]
            for call in draw.sample(calls, min(CALLS, len(calls))):
                yield world, call


def _of_a_refusal(event: Event) -> bool:
    return event.kind in OF_REFUSALS or (event.kind == "access.decided" and event.own.get("decision") == "deny")


def _facts(events: list[Event]) -> list[tuple[object, ...]]:
    """What came of a call, whatever numbers were drawn for it, and beside what is written down of every refusal."""
    return [(one.kind, one.time_ms, one.who.actor, one.who.user, one.own.get("record"), one.own.get("owner"))
            for one in events if one.attempt is None and not _of_a_refusal(one)]  # fmt: skip


def _done(world: World, call: c.Call) -> tuple[World, list[Event], Reply]:
    after = world.fork()
    events, reply = apply(after, call, world.now_ms)
    return after, events, reply


@pytest.mark.parametrize("path", SYSTEMS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_what_a_call_brings_along_makes_no_difference(path: Path) -> None:
    seen = 0
    for world, call in _cases(path, ()):
        items = world.contexts.get(call.task or "", ())
        if not items:
            continue
        seen += 1
        after, events, reply = _done(world, call)
        other, others, answer = _done(world, replace(call, items=items))
        assert (others, answer) == (events, reply), call
        if call.job:  # it waits as it was given
            events, others = (apply(one, c.Jump(), world.now_ms + 300_000)[0] for one in (after, other))
            assert others == events, call
        else:
            assert everything(other) == everything(after), call
    if path.stem == "insurance":
        assert seen > CALLS


@pytest.mark.parametrize("without", [(), ("K20",)], ids=["all", "K20"])
@pytest.mark.parametrize("path", SYSTEMS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_call_without_its_proof_gets_no_more(path: Path, without: tuple[str, ...]) -> None:
    answered = refused = 0
    for world, call in _cases(path, without):
        _, events, reply = _done(world, call)
        _, others, answer = _done(world, replace(call, bare=True))
        if answer.ok:
            answered += 1
            assert reply.ok, call
            assert _facts(others) == _facts(events), call
        else:
            refused += reply.ok
            assert {*_facts(others)} <= {*_facts(events)}, call
    if path.stem == "insurance":
        assert refused > 0 if not without else answered > 0
