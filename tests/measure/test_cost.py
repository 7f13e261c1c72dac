"""What protection costs, and what was realised: runs worked by hand."""

from __future__ import annotations

import pytest

from harness.judge import Broken, RunVerdict
from harness.measure.cost import cost, task_delays
from harness.measure.realised import realised
from harness.trace import Event
from tests.measure.runs import call, person, trace, who


def task(number: int, start_ms: int, end_ms: int, twist: str | None = None) -> list[Event]:
    by = who(task=f"t{number}")
    return [
        Event("task.started", start_ms, f"s{number}", by),
        call(start_ms + 1, by, twist=twist),
        Event("task.ended", end_ms, f"e{number}", by),
    ]


def test_rates_are_per_second_of_the_run_and_prompts_per_hour_of_presence() -> None:
    run = trace(
        person("user.arrived", 0),
        person("user.left", 1_800_000),
        Event("token.issued", 5, "t1", who()),
        Event("token.issued", 6, "t2", who()),
        *task(1, 1_000, 4_000),
        *task(2, 2_000, 12_000),
        *task(3, 3_000, 500_000, twist="T01"),
        end_s=3_600,
        as_token=30,
        as_introspect=6,
        token_bytes=2_000,
        prompts=3,
        benign={"tasks": 4, "completed": 3, "refused_calls": 2, "challenge_round_trips": 0},
    )
    found = cost(run)
    assert (found.duration_s, found.as_requests, found.introspections) == (3_600, 36, 6)
    assert found.as_requests_per_s == pytest.approx(36 / 3_600)
    assert (found.tokens, found.token_bytes) == (2, 1_000)
    assert found.prompts_per_person_h == 3 / 0.5
    assert found.completion == 3 / 4
    assert found.refused_share == 2 / (2 + 2), "two honest calls got through, two were refused"
    assert (found.delay_median_s, found.delay_mean_s) == (3.0, 6.5)


def test_what_a_trace_does_not_count_is_unknown_and_not_nothing() -> None:
    found = cost(trace(person("user.arrived", 0)))
    assert (found.as_requests, found.introspections, found.prompts, found.token_bytes) == (None, None, None, None)
    assert (found.as_requests_per_s, found.completion, found.delay_median_s) == (None, None, None)


def test_a_task_that_never_ended_or_went_wrong_on_purpose_has_no_delay() -> None:
    run = trace(Event("task.started", 0, "s", who(task="t9")), *task(1, 0, 10, twist="T01"), *task(2, 0, 2_000))
    assert list(task_delays(run)) == [2.0]


def test_violations_are_told_with_the_people_and_records_they_touched() -> None:
    shown = [
        Event("data.accessed", 1_000, 1, who(), {"owner": "ben", "record": "r1"}),
        Event("data.accessed", 2_000, 2, who(), {"owner": "ben", "record": "r2"}),
        Event("request.allowed", 9_000, 3, who()),
    ]
    verdicts = {
        "R4": RunVerdict("R4", violations=(Broken(0, 1_000, (1,)), Broken(1, 1_000, (1,)), Broken(0, 2_000, (2,)))),
        "R3": RunVerdict("R3", violations=(Broken(0, 9_000, (3,)),)),
        "R1": RunVerdict("R1"),
    }
    r4, r3, r1 = realised(trace(*shown), verdicts)
    assert (r4.violations, r4.people, r4.records, r4.first_s, r4.last_s) == (2, 1, 2, 1.0, 2.0)
    assert (r3.violations, r3.people, r3.records) == (1, 1, 0)
    assert (r1.violations, r1.people, r1.first_s) == (0, 0, None)
