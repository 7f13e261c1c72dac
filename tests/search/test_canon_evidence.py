"""What was recorded is told in the fingerprint as far as a place that insists on it can tell."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.plan.controls import INSISTING, Controls
from harness.search.canon_evidence import evidence
from harness.search.explore import first_world
from harness.suite import Design, load_project
from harness.world.mechanics.evidence import first_missing
from harness.world.mechanics.state import World

HOUR_MS = 3_600_000
RULES = """
system: system.yaml
events:
  ticket.opened: {fields: {severity: [low, high]}, emitted_by: operator}
  ticket.closed: {emitted_by: operator}
  change.approved: {fields: {approver: id}, emitted_by: operator}
  alarm.raised: {emitted_by: operator}
requirements:
  - {id: ticket, every: agent.disabled, needs_earlier: ticket.opened, earlier_where: severity is high, same: [agent],
     within: 8h, unless_since: ticket.closed}
  - {id: four, every: agent.enabled, needs_earlier: change.approved, same: [agent], at_least: 2, distinct: approver}
  - {id: once, every: user.disabled, needs_earlier: alarm.raised, same: [user], use_once: true}
"""
SYSTEM = f"""
kind: system
name: more
based_on: {Path(__file__).parents[2] / "scenarios/systems/insurance.yaml"}
procedures:
  agent.disabled: {{requires: [ticket.opened]}}
  agent.enabled: {{requires: [change.approved]}}
  user.disabled: {{requires: [alarm.raised]}}
"""
TICKET = {"agent": "insurance_agent", "user": "ana", "severity": "high", "id": 1}
Piece = tuple[str, int, dict[str, Any]]


@pytest.fixture(scope="module")
def of(tmp_path_factory: pytest.TempPathFactory) -> Design:
    folder = tmp_path_factory.mktemp("evidence")
    (folder / "system.yaml").write_text(SYSTEM)
    (folder / "requirements.yaml").write_text(RULES)
    return load_project(str(folder / "requirements.yaml"), scenarios=()).designs[0]


def _with(of: Design, *pieces: Piece) -> World:
    world = first_world(of.system, of.controls)
    world.now_ms = 20 * HOUR_MS
    for kind, hours_ago, facts in pieces:
        then_ms = world.now_ms - hours_ago * HOUR_MS
        world.evidence[kind] = (*world.evidence.get(kind, ()), (then_ms, facts))
    return world


def _opened(hours_ago: int, **facts: Any) -> Piece:
    return "ticket.opened", hours_ago, {**TICKET, **facts}


def _approved(**facts: Any) -> Piece:
    return "change.approved", 1, {"agent": "insurance_agent", **facts}


def _raised(**facts: Any) -> Piece:
    return "alarm.raised", 1, {"user": "ana", **facts}


CLOSED = ("ticket.closed", 0, {"agent": "insurance_agent"})
ALIKE: dict[str, tuple[tuple[Piece, ...], tuple[Piece, ...]]] = {
    "what no tie compares": ((_opened(1),), (_opened(1, user="ben", id=7),)),
    "an equal one that is older": ((_opened(1),), (_opened(3), _opened(1))),
    "one that is too old": ((), (_opened(9),)),
    "one with another outcome": ((), (_opened(1, severity="low"),)),
    "one that was ended before": ((), (_opened(3), ("ticket.closed", 2, {"agent": "insurance_agent"}))),
    "the same approver again": ((_approved(approver="admin"),), (_approved(approver="admin"), _approved(approver="admin"))),
    "an age where none is asked for": ((_approved(approver="admin"),), (("change.approved", 5, _approved(approver="admin")[2]),)),
}  # fmt: skip
APART: dict[str, tuple[tuple[Piece, ...], tuple[Piece, ...]]] = {
    "an age": ((_opened(1),), (_opened(2),)),
    "what it is tied by": ((_opened(1),), (_opened(1, agent="third_party_agent"),)),
    "an end": ((_opened(1),), (_opened(1), CLOSED)),
    "an end at this instant of what is not there yet": ((), (CLOSED,)),
    "another approver": ((_approved(approver="admin"),), (_approved(approver="admin"), _approved(approver="deputy"))),
    "one more of what is used up": ((_raised(),), (_raised(), _raised())),
}


@pytest.mark.parametrize("name", ALIKE)
def test_it_is_told_alike(name: str, of: Design) -> None:
    one, other = (_with(of, *pieces) for pieces in ALIKE[name])
    assert evidence(one, {}) == evidence(other, {})


@pytest.mark.parametrize("name", APART)
def test_it_is_told_apart(name: str, of: Design) -> None:
    one, other = (_with(of, *pieces) for pieces in APART[name])
    assert evidence(one, {}) != evidence(other, {})


@pytest.mark.parametrize("name", [*ALIKE, *APART])
def test_what_is_told_alike_is_found_alike(name: str, of: Design) -> None:
    """What a place finds missing, now and later, is the same wherever the evidence is told alike."""
    worlds = [_with(of, *pieces) for pieces in {**ALIKE, **APART}[name]]
    asked = {"agent": "insurance_agent", "user": "ana"}
    answers = [
        [[first_missing(_later(world, hours), asks, asked) for hours in range(9)] for asks in of_asks(world)] for world in worlds
    ]
    if evidence(worlds[0], {}) == evidence(worlds[1], {}):
        assert answers[0] == answers[1]


def of_asks(world: World) -> list[Any]:
    return list(world.design.schedule.asks.values())


def _later(world: World, hours: int) -> World:
    other = world.fork()
    other.now_ms += hours * HOUR_MS
    return other


def test_what_can_be_used_once_is_used_up(of: Design) -> None:
    world = _with(of, _raised(), _raised(user="ben"), _raised())
    asks = world.design.schedule.asks["user.disabled"]
    answers = [first_missing(world, asks, {"user": "ana"}) for _ in range(3)]
    assert answers == [None, None, "alarm.raised"]
    assert first_missing(world, asks, {"user": "ben"}) is None


def test_where_the_control_is_off_nothing_is_told(of: Design) -> None:
    world = _with(of, _opened(1))
    assert evidence(world, {})
    off = first_world(of.system, Controls.of(of.system, without=(INSISTING,)))
    off.evidence["ticket.opened"] = world.evidence["ticket.opened"]
    assert not evidence(off, {})
