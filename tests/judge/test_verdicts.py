"""Nothing tested is never a pass, an error is never a pass, and a waiver hides nothing."""

from __future__ import annotations

from datetime import date

import pytest

from harness.judge import Judge, Outcome, Reason, RunVerdict, combine, failed_run, stale_waiver
from harness.requirements import Waiver
from harness.trace import Event
from tests.judge.build import happened, requirements, stopped

OWN = "never: data.accessed\nwhere: owner is known and user not in entitled"
TWO = "rules:\n  - never: data.accessed\n    where: owner is not user\n  - never: memory.read\n    where: owner is not user"


def fine(event_id: int, **more: str) -> Event:
    return happened("data.accessed", event_id, event_id, user="ana", owner="ana", entitled=("ana",), **more)


def theft(event_id: int) -> Event:
    return happened("data.accessed", event_id, event_id, user="ben", owner="ana", entitled=("ana",), twist="T01")


def attempt(event_id: int, *, twist: str | None = "T01", entitled: tuple[str, ...] = ("ana",)) -> Event:
    return stopped("data.accessed", event_id, event_id, "K04", twist=twist, user="ben", owner="ana", entitled=entitled)


def judged(rule: str, *events: Event) -> RunVerdict:
    return Judge(requirements(rule)).judge_events(events)["R1"]


@pytest.mark.parametrize(
    ("events", "outcome", "reason"),
    [
        ([], Outcome.NOT_CHALLENGED, Reason.NO_ATTACK),
        ([fine(1)], Outcome.NOT_CHALLENGED, Reason.NO_ATTACK),
        ([attempt(1)], Outcome.NOT_CHALLENGED, Reason.NO_HONEST_USE),
        ([fine(1), attempt(2)], Outcome.HELD, None),
        ([fine(1), attempt(2), theft(3)], Outcome.VIOLATED, None),
        ([fine(1), attempt(2, twist=None)], Outcome.NOT_CHALLENGED, Reason.NO_ATTACK),
        ([fine(1), attempt(2, entitled=("ana", "ben"))], Outcome.NOT_CHALLENGED, Reason.NO_ATTACK),
        (
            [fine(1, agent="helper"), happened("data.accessed", 2, 2, user="ben")],
            Outcome.NOT_CHALLENGED,
            Reason.NO_ATTACK,
        ),
    ],
)
def test_the_four_verdicts(events: list[Event], outcome: Outcome, reason: Reason | None) -> None:
    run = judged(OWN, *events)
    assert (run.outcome, run.reason) == (outcome, reason)
    whole = combine([run])
    assert (whole.outcome, whole.reason) == (outcome, reason)


def test_counts_and_credits() -> None:
    run = judged(OWN, fine(1), fine(2), attempt(3), attempt(4), theft(5))
    assert (run.exercised, run.challenged, run.attacks) == (2, 2, (3, 4))
    assert (dict(run.stopped_by), dict(run.would_also_stop)) == ({"K04": 2}, {"K02": 2})
    assert [(v.rule, v.time_ms, v.events) for v in run.violations] == [(0, 5, (5,))]


def test_what_a_misbehaviour_got_through_is_no_honest_case() -> None:
    run = judged(
        OWN, attempt(1), happened("data.accessed", 2, 2, user="ana", owner="ana", entitled=("ana",), twist="T01")
    )
    assert run.reason is Reason.NO_HONEST_USE


def test_an_event_that_the_rule_is_not_about_is_no_honest_case() -> None:
    run = judged(OWN, attempt(1), happened("data.accessed", 2, 2, user="ana"))
    assert run.exercised == 0


def test_each_rule_of_a_requirement_has_to_be_tested() -> None:
    first = [
        happened("data.accessed", 1, 1, user="ana", owner="ana"),
        stopped("data.accessed", 2, 2, user="b", owner="a"),
    ]
    second = [happened("memory.read", 3, 3, user="ana", owner="ana"), stopped("memory.read", 4, 4, user="b", owner="a")]
    assert judged(TWO, *first).outcome is Outcome.NOT_CHALLENGED
    assert judged(TWO, *first, *second).outcome is Outcome.HELD
    runs = [judged(TWO, *first), judged(TWO, *second)]
    assert combine(runs).outcome is Outcome.HELD, "two runs on one system test it together"


def test_a_rule_that_nothing_can_keep_needs_no_honest_use() -> None:
    assert judged("never: token.reused", stopped("token.reused", 1, 1)).outcome is Outcome.HELD


def test_an_event_that_two_rules_speak_of_counts_once() -> None:
    rule = "rules:\n" + "  - never: data.accessed\n    where: owner is not user\n" * 2
    run = judged(rule.rstrip("\n"), fine(1), attempt(2), theft(3))
    assert (run.exercised, run.challenged) == (1, 1)
    assert combine([run]).violations == 1
    assert [tally.violated for tally in run.rules] == [1, 1]


def test_a_failed_run_is_an_error_whatever_else_was_seen() -> None:
    found = requirements(OWN)
    failed = failed_run(found, "ValueError: boom")["R1"]
    assert failed.outcome is Outcome.ERROR
    for other in ([fine(1), attempt(2)], [theft(1)]):
        whole = combine([judged(OWN, *other), failed])
        assert (whole.outcome, whole.error) == (Outcome.ERROR, "ValueError: boom")


def test_no_run_is_no_pass() -> None:
    assert combine([]).outcome is Outcome.NOT_CHALLENGED


WAIVER = Waiver("legacy", "ciso", date(2026, 12, 31))


@pytest.mark.parametrize(
    ("today", "waived"),
    [(date(2026, 12, 30), True), (date(2026, 12, 31), True), (date(2027, 1, 1), False), (None, False)],
)
def test_a_waiver_until_its_day(today: date | None, waived: bool) -> None:
    whole = combine([judged(OWN, fine(1), attempt(2), theft(3))], waiver=WAIVER, today=today)
    assert whole.outcome is Outcome.VIOLATED, "a waiver never hides that it is broken"
    assert (whole.waived == WAIVER, whole.failing) == (waived, not waived)


def test_a_waiver_that_nothing_needs_is_stale() -> None:
    waived = requirements(OWN + "\nwaiver: {reason: legacy, owner: ciso, expires: 2026-12-31}")["R1"]
    held, open_, violated = (combine([judged(OWN, *e)]) for e in ([fine(1), attempt(2)], [], [theft(1)]))
    assert stale_waiver(waived, held) == "`R1` holds, so its waiver is no longer needed"
    assert stale_waiver(waived, open_) is None
    assert stale_waiver(waived, violated) is None
    assert waived.waiver is not None
    assert waived.waiver.line == 6


def test_for_a_response_the_attempt_is_an_omission() -> None:
    rule = "every: request.denied\nleads_to: audit.recorded\nsame: [id=about]\nwithin: 5s"
    asked, honest = happened("request.denied", 0, 1), happened("request.denied", 10, 4)
    lost = stopped("audit.recorded", 1, 2, "K20", twist="fault:loss", about=1)
    again, answer = happened("audit.recorded", 2, 3, about=1), happened("audit.recorded", 11, 5, about=4)
    assert judged(rule, asked, again, honest, answer).challenged == 0
    saved = judged(rule, asked, lost, again, honest, answer)
    assert (saved.outcome, saved.attacks, saved.exercised) == (Outcome.HELD, (2,), 2)
    assert judged(rule, asked, lost).outcome is Outcome.VIOLATED


def test_the_cost_of_an_event_follows_the_rules_that_subscribe() -> None:
    """Monitors of other kinds are not even called."""
    judge = Judge(requirements(OWN, *["at_most: 1\nof: message.sent"] * 50))
    assert len(judge._steps["data.accessed"]) == 1
    assert "user.left" not in judge._steps
