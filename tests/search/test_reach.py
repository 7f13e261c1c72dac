"""Leaving out what programs do, where it cannot matter, changes no answer; nor does telling evidence as it is found."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from msgspec.structs import replace

from harness.plan import Controls
from harness.search import explore, taking
from harness.search.canon import fingerprint
from harness.search.facets import Facet
from harness.search.interests import EMITS, Interests
from harness.search.node import Node
from harness.search.reach import OF_PROGRAMS, agents_count
from harness.search.small_world import bounds_for
from harness.world.mechanics import commands as c
from harness.world.mechanics.bounds import Bounds
from tests.search.test_declared_steps import SHORTEST, design, searched
from tests.search.worlds import reference

OF_PEOPLE = [key for key in SHORTEST if key not in ("paid-after-review", "frozen")]
"""Rules about what operators and people do alone."""

MANY = ("assessed", "separate-duties")
"""Where leaving nothing out takes too long for a deep search."""


def _few(view: Bounds) -> Bounds:
    """One agent, provider and kind of work: so few that a search that leaves nothing out gets far enough."""
    return replace(view, agents=view.agents[:1], outsiders=(), providers=view.providers[:1], jobs=view.jobs[:1])


def _answer(key: str, *without: str) -> tuple[Any, ...]:
    _, _, found = searched(key, *without, depth=1 if key in MANY else 3, bounded=_few)
    return found.attack.length if found.attack else None, found.depth, found.complete, bool(found.challenged)


def _everything(monkeypatch: pytest.MonkeyPatch) -> None:
    """A search that leaves nothing out, and tells all evidence apart."""
    monkeypatch.setattr(explore, "agents_count", lambda *_: True)
    monkeypatch.setattr(taking.Taking, "_only_helps", lambda *_: False)
    monkeypatch.setattr("harness.search.canon.evidence", lambda world, names: repr(world.evidence))


@pytest.mark.parametrize("without", [(), ("K32",)])
@pytest.mark.parametrize("key", OF_PEOPLE)
def test_what_is_left_out_changes_no_answer(key: str, without: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    shortened = _answer(key, *without)
    _everything(monkeypatch)
    assert _answer(key, *without) == shortened


@pytest.mark.parametrize("key", SHORTEST)
def test_which_rules_are_about_people_alone(key: str) -> None:
    of = design()
    rule = next(one for one in of.requirements if one.id == key).rules[0]
    world = explore.first_world(of.system, of.controls)
    view, facet = bounds_for(of.system, rule), Interests.of(rule)
    assert agents_count(world.design, view, facet) == (key not in OF_PEOPLE)
    assert agents_count(world.design, replace(view, sub_agents=1), facet)


def test_of_the_reference_requirements_none_is() -> None:
    of = reference()
    world = explore.first_world(of.system, Controls.of(of.system))
    for one in of.requirements:
        for rule in one.rules:
            assert agents_count(world.design, bounds_for(of.system, rule), Interests.of(rule)), one.id


def test_what_programs_make_true_is_read_off_their_commands() -> None:
    assert {"request.allowed", "approval.granted", "task.ended", "agent.registered"} <= OF_PROGRAMS
    assert OF_PROGRAMS.isdisjoint(EMITS[c.DisableAgent] | EMITS[c.WithdrawConsent] | EMITS[c.LogOut])


@pytest.mark.parametrize("key", OF_PEOPLE)
def test_seven_events_are_soon_seen(key: str) -> None:
    _, _, found = searched(key, depth=7)
    assert found.attack is None
    assert found.complete
    assert found.challenged
    assert found.states < 5_000


def test_states_of_people_are_told_apart_by_what_they_can_do() -> None:
    of = design()
    start = explore.first_world(of.system, of.controls)
    rule = next(one for one in of.requirements if one.id == "four-eyes").rules[0]
    facet = Facet(0, rule, of.requirements.vocabulary)
    tell = partial(fingerprint, of_agents=False)
    seen = [tell(node) for node in _run(Node(start, [facet]))]
    assert len(set(seen)) == len(seen)


def _run(node: Node) -> Iterator[Node]:
    yield node
    for command in (c.Arrive("ana"), c.LogIn("ana"), c.DisableAgent("insurance_agent"), c.LockUser("ben")):
        node = node.fork()
        assert node.do(command)[0].ok, command
        yield node
