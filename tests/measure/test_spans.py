"""When what was so: hand-written runs, and spans held against the instants that lie in them."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from harness.measure.spans import (
    absences,
    consents,
    denials,
    end_of,
    length_s,
    logouts,
    merged,
    presences,
    tasks,
    without,
)
from harness.trace import Attempt, Event
from tests.measure.runs import admin, person, trace, who

SPANS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)).map(lambda p: (min(p), max(p))), max_size=6)


def test_away_is_from_the_last_device_put_down_to_the_next_arrival() -> None:
    run = trace(
        person("user.arrived", 0),
        person("user.logged_out", 5, session="s1"),
        person("user.left", 10),
        person("user.arrived", 40),
        person("user.left", 70),
        end_s=0.1,
    )
    assert absences(run) == {"ana": [(10, 40), (70, 100)]}
    assert presences(run) == {"ana": [(0, 10), (40, 70)]}
    assert logouts(run) == {"s1": [(5, 100)]}


def test_an_attempt_to_leave_is_no_departure() -> None:
    left = person("user.left", 10)
    stopped = Event(left.kind, 10, "x", left.who, attempt=Attempt(("base",)))
    assert absences(trace(stopped, person("user.active", 20))) == {}


def test_a_denial_lasts_until_the_agent_is_enabled_and_a_second_one_changes_nothing() -> None:
    run = trace(
        admin("agent.disabled", 10),
        admin("agent.disabled", 20),
        admin("agent.enabled", 50),
        admin("agent.disabled", 90),
    )
    assert denials(run) == {"insurance_agent": [(10, 50), (90, 90)]}


def test_a_task_is_under_way_until_it_ends_or_the_run_does() -> None:
    events = [
        Event("task.started", 5, 1, who(task="t1")),
        Event("task.ended", 25, 2, who(task="t1")),
        Event("task.started", 30, 3, who(task="t2")),
        Event("user.active", 60, 4, who()),
    ]
    assert tasks(trace(*events)) == {"t1": [(5, 25)], "t2": [(30, 60)]}


def test_a_withdrawal_ends_what_it_names_and_without_a_purpose_all_of_the_recipient() -> None:
    def consent(kind: str, time_ms: int, **own: object) -> Event:
        return person(kind, time_ms, **{"recipient": "acme", **own})

    run = trace(
        consent("consent.granted", 0, purpose="advice", categories=("policy",)),
        consent("consent.granted", 0, purpose="claims", categories=("claim",)),
        consent("consent.granted", 0, purpose="claims", categories=("claim",), recipient="other"),
        consent("consent.withdrawn", 10, purpose="advice"),
        consent("consent.withdrawn", 20),
        end_s=0.05,
    )
    assert sorted((c.recipient, c.purpose, c.span) for c in consents(run)) == [
        ("acme", "advice", (0, 10)),
        ("acme", "claims", (0, 20)),
        ("other", "claims", (0, 50)),
    ]


def test_a_run_ends_with_its_last_event_or_later_if_its_counters_say_so() -> None:
    assert end_of(trace(person("user.left", 70))) == 70
    assert end_of(trace(person("user.left", 70), end_s=0.5)) == 500
    assert end_of(trace(person("user.left", 70), end_s=0.01)) == 70
    assert end_of(trace()) == 0


@given(SPANS)
def test_merged_spans_hold_the_same_instants_and_do_not_touch(some: list[tuple[int, int]]) -> None:
    found = merged(some)
    assert {t for a, b in found for t in range(a, b)} == {t for a, b in some for t in range(a, b)}
    assert all(before[1] < after[0] for before, after in pairwise(found))
    assert length_s(some) == len({t for a, b in some for t in range(a, b)}) / 1000


@given(SPANS)
def test_what_is_left_outside_is_every_other_instant(some: list[tuple[int, int]]) -> None:
    left = {t for a, b in without(some, (5, 25)) for t in range(a, b)}
    assert left == set(range(5, 25)) - {t for a, b in some for t in range(a, b)}
