"""Laws that need no oracle: what must not change when a design or its people change in a known way.

Adding a control adds no violation; lives that end in time break nothing; other names change nothing but names.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.load import read_document
from harness.plan import Controls, Scenario, Setting, System, control_catalogue
from harness.plan.files import system_of
from harness.trace import Event, Trace
from harness.world import simulate
from tests.properties.workloads import honest_days
from tests.world import worlds

QUICK = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
REFERENCE = tuple(Controls.of(worlds.system()).active())
FURTHER = tuple(key for key in control_catalogue() if key not in REFERENCE)


def scenario_ids() -> st.SearchStrategy[str]:
    return st.sampled_from(sorted(worlds.scenarios()))


def violated(design: System, controls: Controls, scenario: Scenario) -> set[str]:
    return worlds.broken(worlds.judged(simulate(design, controls, scenario)))


@given(scenario=scenario_ids(), off=st.sets(st.sampled_from(REFERENCE), min_size=1, max_size=8), data=st.data())
@QUICK
def test_turning_a_control_on_adds_no_violation(scenario: str, off: set[str], data: st.DataObject) -> None:
    on_again = data.draw(st.sampled_from(sorted(off)))
    design, run = worlds.system(), worlds.scenarios()[scenario]
    without = violated(design, Controls.of(design, without=off), run)
    assert violated(design, Controls.of(design, without=off - {on_again}), run) <= without


@given(
    scenario=scenario_ids(),
    off=st.sets(st.sampled_from(REFERENCE), max_size=6),
    more=st.sets(st.sampled_from(FURTHER), min_size=1, max_size=3),
)
@QUICK
def test_a_further_control_adds_no_violation(scenario: str, off: set[str], more: set[str]) -> None:
    design, run = worlds.system(), worlds.scenarios()[scenario]
    before = violated(design, Controls.of(design, without=off), run)
    assert violated(design, Controls.of(design, without=off, adding=more), run) <= before


def with_times(idle_ms: int, token_ms: int, approval_ms: int) -> System:
    """The insurer with other idle times, token lifetimes and validity of approvals."""
    design = worlds.system()
    servers = {
        name: server.model_copy(update={"session_idle": idle_ms, "access_token_lifetime": token_ms})
        for name, server in design.servers.items()
    }
    controls = {**design.controls, "K14": Setting.model_validate({"lifetime": f"{approval_ms}ms"})}
    return design.model_copy(update={"servers": servers, "controls": controls})


GRACE_MS, LEEWAY_MS = 300_000, 5_000
"""What R1 and R5 give, and what the insurer's enforcement points give."""


@given(data=st.data(), idle_s=st.integers(20, 200), approval_s=st.integers(20, 280))
@QUICK
def test_lives_that_end_within_the_rules_time_break_nothing(data: st.DataObject, idle_s: int, approval_s: int) -> None:
    """Idle time, token lifetime and leeway add up to the worst case, whenever the last renewal falls.

    Realised violations are not monotone in a lifetime: another lifetime moves the last renewal before the session ends.
    """
    most_s = (GRACE_MS - LEEWAY_MS) // 1_000 - idle_s
    token_s = data.draw(st.integers(20, most_s))
    design = with_times(idle_s * 1_000, token_s * 1_000, approval_s * 1_000)
    for scenario in ("S02", "S03", "S04", "S05", "S29"):
        assert violated(design, Controls.of(design), worlds.scenarios()[scenario]) == set(), scenario


def test_lifetimes_do_matter() -> None:
    """The law above is not empty: with long lives the departed are outlived."""
    long = with_times(900_000, 900_000, 900_000)
    assert violated(long, Controls.of(long), worlds.scenarios()["S02"]) == {"R1"}


# ---------------------------------------------------------------- other names

NEW_NAMES = {"ana": "zora", "ben": "yuri", "cleo": "xena", "dan": "walt"}


def renamed(value: Any) -> Any:
    """A value with the customers' new names in it, also inside the ids of their records."""
    if isinstance(value, str):
        return ".".join(NEW_NAMES.get(part, part) for part in value.split("."))
    if isinstance(value, dict):
        return {renamed(key): renamed(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(renamed(one) for one in value)
    return value


@cache
def with_new_names() -> System:
    """The insurer with its customers renamed, everywhere in the file."""
    path = "scenarios/systems/insurance.yaml"
    text = Path(path).read_text(encoding="utf-8")
    for old, new in NEW_NAMES.items():
        text = re.sub(rf"\b{old}\b", new, text)
    return system_of(read_document(path, text)).model


def story(trace: Trace, name: Callable[[Any], Any]) -> list[Any]:
    """What happened, without the names of tokens and what is derived from names (hashes, signatures)."""
    return [(e.kind, e.time_ms, name(_who(e)), name(_own(e)), e.attempt, e.cause) for e in trace.events]


def _who(event: Event) -> tuple[Any, ...]:
    who = event.who
    return (who.actor, who.actor_type, who.user, who.agent, who.root_agent, who.session, who.task, who.domain)


def _own(event: Event) -> dict[str, Any]:
    derived = ("token", "token_family", "subject_token", "details_hash", "code", "consent")
    return {key: value for key, value in event.own.items() if key not in derived}


@given(day=honest_days())
@settings(QUICK, max_examples=15)
def test_other_names_change_nothing_on_an_honest_day(day: Scenario) -> None:
    _compare(day)


def test_other_names_change_nothing_in_any_attack() -> None:
    for scenario in worlds.scenarios().values():
        _compare(scenario)


def _compare(scenario: Scenario) -> None:
    design, other = worlds.system(), with_new_names()
    for without in ((), ("K04", "K05", "K11", "K13")):
        before = simulate(design, Controls.of(design, without=without), scenario)
        after = simulate(other, Controls.of(other, without=without), scenario)
        assert story(before, renamed) == story(after, lambda value: value), scenario.id
