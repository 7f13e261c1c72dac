"""The monitors against the slow reading of the rules: random rules, random traces, every key, equal times included."""

from __future__ import annotations

import copy
import pickle
from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from harness.judge import Judge, monitor
from harness.requirements import RequirementSet
from tests.judge import reference
from tests.judge.strategies import PATTERNS, Both, compiled, real, rules, traces

LAW = settings(
    max_examples=200, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow], database=None
)
EXAMPLES = {
    "never": 100, "precedence": 800, "ended": 300, "several": 200, "lifted": 300, "restarted": 300,
    "after_never": 400, "at_most": 400, "response": 300,
}  # fmt: skip
"""How many random rules of each pattern are tried."""


def told(both: Both, trace: list[dict[str, Any]]) -> str:
    return f"\nrule: {both.file}\ntrace:\n" + "\n".join(f"  {e}" for e in trace)


def split(trace: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [e for e in trace if not e["attempt"]]


def judged(both: Both, found: RequirementSet, trace: list[dict[str, Any]], end: int) -> tuple[list[int], list[int]]:
    verdict = Judge(found, found.vocabulary).judge_events([real(e, found.vocabulary) for e in trace], end_ms=end)["R"]
    return sorted(broken.events[-1] for broken in verdict.violations), list(verdict.attacks)  # type: ignore[misc,arg-type]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_monitors_agree_with_the_slow_reading(pattern: str) -> None:
    """Pattern by pattern, and often enough to come to every boundary."""

    @settings(LAW, max_examples=EXAMPLES[pattern])
    @given(both=rules(pattern), trace=traces(), more=st.integers(0, 6))
    def law(both: Both, trace: list[dict[str, Any]], more: int) -> None:
        agree(both, trace, more)

    law()


def agree(both: Both, trace: list[dict[str, Any]], more: int) -> None:
    found = compiled(both.file)
    end = (trace[-1]["time"] if trace else 0) + more
    happened = split(trace)
    expected = sorted(happened[i]["id"] for i in reference.violations(both.plain, happened, end))
    attacks = [
        e["id"]
        for i, e in enumerate(trace)
        if e["attempt"] and reference.would(both.plain, split(trace[:i]), {**e, "attempt": False})
    ]
    broken, challenged = judged(both, found, trace, end)
    event(f"{found['R'].rules[0].pattern}: {'broken' if expected else 'kept'}")
    assert broken == expected, f"broken at {broken}, should be at {expected}{told(both, trace)}"
    if "leads_to" not in both.file:
        assert challenged == attacks, f"attacks {challenged}, should be {attacks}{told(both, trace)}"


@LAW
@given(both=rules(), trace=traces(), cut=st.integers(0, 14))
def test_a_fork_goes_its_own_way(both: Both, trace: list[dict[str, Any]], cut: int) -> None:
    """A copied state takes one future, the original another; both as if each had been alone. State pickles."""
    found = compiled(both.file)
    each = monitor(found["R"].rules[0], found.vocabulary)
    events = [real(e, found.vocabulary) for e in split(trace)]
    state = each.new_state()
    for one in events[:cut]:
        each.step(state, one)
    fork, before = dict(state), copy.deepcopy(state)
    ahead = [each.step(fork, one) for one in events[cut:]]
    assert state == before, f"the fork changed its origin{told(both, trace)}"
    assert [each.step(state, one) for one in events[cut:]] == ahead
    assert pickle.loads(pickle.dumps(state)) == state


@LAW
@given(both=rules(), trace=traces(), tried=traces(max_size=1), wait=st.integers(0, 9))
def test_nothing_changes_between_deadlines(
    both: Both, trace: list[dict[str, Any]], tried: list[dict[str, Any]], wait: int
) -> None:
    """An attempt is judged alike at two instants between which the monitor names no deadline."""
    found = compiled(both.file)
    each = monitor(found["R"].rules[0], found.vocabulary)
    state = each.new_state()
    for one in (real(e, found.vocabulary) for e in split(trace)):
        each.step(state, one)
    now = trace[-1]["time"] if trace else 0
    for attempt in tried:
        early = real({**attempt, "time": now, "attempt": False}, found.vocabulary)
        late = real({**attempt, "time": now + wait, "attempt": False}, found.vocabulary)
        changes = [d for d in each.deadlines(state) if now < d <= now + wait]
        if not changes:
            same = each.would_violate(state, early) == each.would_violate(state, late)
            assert same, f"no deadline in ({now}, {now + wait}]{told(both, trace)}\ntried: {attempt}"


@LAW
@given(both=rules(), trace=traces(), shift=st.integers(1, 1000), rest=traces(max_size=6))
def test_equal_canonical_states_have_equal_futures(
    both: Both, trace: list[dict[str, Any]], shift: int, rest: list[dict[str, Any]]
) -> None:
    """A later run of the same story has the same canonical state, and the same future."""
    found = compiled(both.file)
    each = monitor(found["R"].rules[0], found.vocabulary)
    states, now = (each.new_state(), each.new_state()), trace[-1]["time"] if trace else 0
    for plain in split(trace):
        each.step(states[0], real(plain, found.vocabulary))
        each.step(states[1], real({**plain, "time": plain["time"] + shift, "id": plain["id"] + 100}, found.vocabulary))
    seen = each.canon(states[0], now), each.canon(states[1], now + shift)
    assert seen[0] == seen[1], f"{seen}{told(both, trace)}"
    for plain in split(rest):
        later = {**plain, "time": plain["time"] + now}
        one = each.step(states[0], real(later, found.vocabulary))
        two = each.step(states[1], real({**later, "time": later["time"] + shift}, found.vocabulary))
        assert (one is None) == (two is None), told(both, trace)


def test_every_key_of_the_language_is_drawn() -> None:
    """The law means little for a key that no random rule has."""
    from harness.requirements.rules import PATTERN_KEYS

    seen: Counter[str] = Counter()

    @settings(max_examples=500, deadline=None, derandomize=True, database=None)
    @given(both=rules())
    def draw(both: Both) -> None:
        seen.update(list(both.file))

    draw()
    keys = frozenset().union(*PATTERN_KEYS.values())
    assert keys - set(seen) == set(), "keys that no rule had"


@LAW
@given(both=rules(), trace=traces(max_size=8), which=st.integers(0, 7), late=st.integers(0, 3), rest=traces(max_size=6))
def test_different_pasts_with_one_canonical_state_have_one_future(
    both: Both, trace: list[dict[str, Any]], which: int, late: int, rest: list[dict[str, Any]]
) -> None:
    """One event of the past is moved or (`late` 0) left out; if that makes no canonical difference, it makes none."""
    found = compiled(both.file)
    each = monitor(found["R"].rules[0], found.vocabulary)
    past = split(trace)
    if not past:
        return
    at, now = which % len(past), past[-1]["time"] + 3
    moved = {**past[at], "time": past[at]["time"] + late}
    other = past[:at] + ([moved] if late else []) + past[at + 1 :]
    other.sort(key=lambda e: e["time"])
    states = each.new_state(), each.new_state()
    for state, events in zip(states, (past, other), strict=True):
        for plain in events:
            each.step(state, real(plain, found.vocabulary))
        each.advance(state, now)
    if each.canon(states[0], now) != each.canon(states[1], now):
        return
    event(f"{found['R'].rules[0].pattern}: same canonical state, {'left out' if not late else 'moved'}")
    for plain in split(rest):
        later = real({**plain, "time": plain["time"] + now, "id": plain["id"] + 100}, found.vocabulary)
        one, two = each.step(states[0], later), each.step(states[1], later)
        assert (one is None) == (two is None), f"{told(both, trace)}\nother past: {other}\nat: {plain}"
