"""The canonical state: names are only names, ids and absolute times are not in it, what is over is not in it."""

from __future__ import annotations

from typing import Any

import pytest

from harness.judge import monitor
from harness.trace import Event
from tests.judge.build import happened, requirements


def banned(name: str, at_ms: int) -> Event:
    return happened("agent.disabled", at_ms, f"{name}-{at_ms}", agent=name)


def called(name: str, at_ms: int) -> Event:
    return happened("request.allowed", at_ms, f"{name}-{at_ms}", agent=name, task=name)


def approved(name: str, at_ms: int) -> Event:
    return happened("approval.granted", at_ms, f"{name}-{at_ms}", operation=name, approver=name)


def paid(name: str, at_ms: int) -> Event:
    return happened("operation.completed", at_ms, f"{name}-{at_ms}", instrument=name, amount=5, currency="EUR")


def asked(name: str, at_ms: int) -> Event:
    return happened("agent.flagged", at_ms, f"{name}-{at_ms}", agent=name)


CASES: list[Any] = [
    ("after: agent.disabled\ndelay: 60s\nnever: request.allowed\nsame: [agent]\nfor: 1h", banned, 3_600_000),
    ("at_most: 3\nof: request.allowed\nper: [agent]\nwindow: 60s", called, 60_000),
    ("at_most: 3\nof: request.allowed\ndistinct: task\nwindow: 60s", called, 60_000),
    ("at_most: 9\nsum: amount\nof: operation.completed\nper: [instrument]\nwindow: 60s", paid, 60_000),
    ("every: operation.completed\nneeds_earlier: approval.granted\nsame: [operation]\nwithin: 5m", approved, 300_001),
    ("every: agent.flagged\nleads_to: agent.disabled\nsame: [agent]\nwithin: 1h", asked, None),
]


@pytest.mark.parametrize(("rule", "make", "over_ms"), CASES)
def test_names_and_instants_are_not_in_it(rule: str, make: Any, over_ms: int | None) -> None:
    found = requirements(rule)
    each = monitor(found["R1"].rules[0], found.vocabulary)
    one, other = each.new_state(), each.new_state()
    each.step(one, make("alpha", 1_000))
    each.step(other, make("beta", 71_000))
    seen = each.canon(one, 2_000, lambda value: "N" if value == "alpha" else value)
    assert seen
    assert seen == each.canon(other, 72_000, lambda value: "N" if value == "beta" else value)
    assert seen != each.canon(one, 2_001, lambda value: "N" if value == "alpha" else value), "ages are in it"
    if over_ms is not None:
        assert each.canon(one, 1_000 + over_ms) == ()


@pytest.mark.parametrize(("rule", "make", "over_ms"), CASES)
def test_deadlines_are_where_time_alone_decides(rule: str, make: Any, over_ms: int | None) -> None:
    found = requirements(rule)
    each = monitor(found["R1"].rules[0], found.vocabulary)
    state = each.new_state()
    assert each.deadlines(state) == []
    each.step(state, make("alpha", 1_000))
    named = each.deadlines(state)
    assert named == sorted(set(named))
    assert (1_000 + (over_ms or 3_600_001)) in named
    assert (1_000 + (over_ms or 3_600_001) - 1) in named


def test_without_a_window_age_is_not_in_it() -> None:
    found = requirements("every: operation.completed\nneeds_earlier: approval.granted\nsame: [operation]")
    each = monitor(found["R1"].rules[0], found.vocabulary)
    state = each.new_state()
    each.step(state, approved("alpha", 1_000))
    assert each.canon(state, 2_000) == each.canon(state, 9_000_000)
    assert each.deadlines(state) == []
    each.step(state, approved("alpha", 5_000))
    assert each.canon(state, 6_000) == each.canon(state, 9_000_000), "a younger one takes the older one's place"


def test_an_overdue_answer_comes_with_time_alone() -> None:
    found = requirements(CASES[-1][0])
    each = monitor(found["R1"].rules[0], found.vocabulary)
    state = each.new_state()
    each.step(state, asked("alpha", 0))
    assert each.advance(state, 3_600_000) == ()
    (late,) = each.advance(state, 3_600_001)
    assert (late.time_ms, late.events) == (3_600_001, ("alpha-0",))
    assert each.advance(state, 9_999_999) == (), "it is told once"
