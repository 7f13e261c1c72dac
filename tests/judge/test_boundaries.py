"""The last good instant and the first bad one of every duration, and events at one instant."""

from __future__ import annotations

from typing import Any

import pytest

from harness.judge import Judge
from harness.trace import Event
from tests.judge.build import happened, requirements

AFTER = "after: agent.disabled\ndelay: 60s\nnever: request.allowed\nsame: [agent]\nuntil: agent.enabled"
FOR = "after: user.locked\nnever: user.authenticated\nsame: [user]\nfor: 30m"
NEEDS = "every: operation.completed\nneeds_earlier: approval.granted\nsame: [operation]\nwithin: 5m"
GRACE = "every: data.accessed\nneeds_earlier: user.arrived\nsame: [user]\nunless_since: user.left\ngrace: 5m"
NO_GRACE = "every: data.accessed\nneeds_earlier: user.arrived\nsame: [user]\nunless_since: user.left"
WINDOW = "at_most: 1\nof: request.allowed\nper: [agent]\nwindow: 60s"
ANSWER = "every: request.denied\nleads_to: audit.recorded\nsame: [id=about]\nwithin: 5s"
PLAIN_AFTER = "after: token.revoked\nnever: request.allowed\nsame: [token]"


def broken(rule: str, *events: Event, end_ms: int | None = None) -> list[Any]:
    found = requirements(rule)
    end = events[-1].time_ms if end_ms is None else end_ms
    return [b.events for b in Judge(found).judge_events(events, end_ms=end)["R1"].violations]


def agent(kind: str, at_ms: int, event_id: Any) -> Event:
    return happened(kind, at_ms, event_id, agent="helper")


def ana(kind: str, at_ms: int, event_id: Any) -> Event:
    return happened(kind, at_ms, event_id, user="ana")


def operation(kind: str, at_ms: int, event_id: Any) -> Event:
    return happened(kind, at_ms, event_id, operation="o1")


@pytest.mark.parametrize(
    ("rule", "events", "expected"),
    [
        (AFTER, [agent("agent.disabled", 0, "a"), agent("request.allowed", 60_000, "r")], []),
        (AFTER, [agent("agent.disabled", 0, "a"), agent("request.allowed", 60_001, "r")], [("a", "r")]),
        (AFTER, [agent("agent.disabled", 0, "a"), agent("agent.enabled", 5, "e"), agent("request.allowed", 90_000, "r")], []),
        (FOR, [ana("user.locked", 0, "l"), ana("user.authenticated", 1_799_999, "u")], [("l", "u")]),
        (FOR, [ana("user.locked", 0, "l"), ana("user.authenticated", 1_800_000, "u")], []),
        (NEEDS, [operation("approval.granted", 0, "a"), operation("operation.completed", 300_000, "o")], []),
        (NEEDS, [operation("approval.granted", 0, "a"), operation("operation.completed", 300_001, "o")], [("o",)]),
        (NEEDS, [operation("approval.granted", 7, "a"), operation("operation.completed", 7, "o")], []),
        (NEEDS, [operation("operation.completed", 7, "o"), operation("approval.granted", 7, "a")], [("o",)]),
        (GRACE, [ana("user.arrived", 0, "a"), ana("user.left", 9, "l"), ana("data.accessed", 300_009, "d")], []),
        (GRACE, [ana("user.arrived", 0, "a"), ana("user.left", 9, "l"), ana("data.accessed", 300_010, "d")], [("d",)]),
        (NO_GRACE, [ana("user.arrived", 0, "a"), ana("user.left", 9, "l"), ana("data.accessed", 9, "d")], [("d",)]),
        (NO_GRACE, [ana("user.arrived", 0, "a"), ana("data.accessed", 9, "d"), ana("user.left", 9, "l")], []),
        (NO_GRACE, [ana("user.left", 9, "l"), ana("user.arrived", 9, "a"), ana("data.accessed", 9, "d")], []),
        (WINDOW, [agent("request.allowed", 0, 1), agent("request.allowed", 59_999, 2)], [(1, 2)]),
        (WINDOW, [agent("request.allowed", 0, 1), agent("request.allowed", 60_000, 2)], []),
    ],
)  # fmt: skip
def test_boundaries(rule: str, events: list[Event], expected: list[Any]) -> None:
    assert broken(rule, *events) == expected


def test_without_a_delay_the_order_of_the_log_decides() -> None:
    revoked = happened("token.revoked", 5, "v", token="t")
    allowed = happened("request.allowed", 5, "r", token="t")
    assert broken(PLAIN_AFTER, revoked, allowed) == [("v", "r")]
    assert broken(PLAIN_AFTER, allowed, revoked) == []


@pytest.mark.parametrize(("answer_ms", "end_ms", "expected"), [
    (5_000, 9_000, []), (5_001, 9_000, [(1,)]), (None, 5_000, []), (None, 5_001, [(1,)]),
])  # fmt: skip
def test_an_answer_in_time_and_an_open_one(answer_ms: int | None, end_ms: int, expected: list[Any]) -> None:
    events = [happened("request.denied", 0, 1)]
    if answer_ms is not None:
        events.append(happened("audit.recorded", answer_ms, 2, about=1))
    assert broken(ANSWER, *events, end_ms=end_ms) == expected


def test_a_withdrawal_that_names_no_purpose_ends_them_all() -> None:
    rule = (
        "every: llm.received\nneeds_earlier: consent.granted\nsame: [owner=user, purpose]\n"
        "unless_since: consent.withdrawn"
    )
    consent = happened("consent.granted", 0, "c", user="ana", purpose="advice")
    sent = happened("llm.received", 2, "l", owner="ana", purpose="advice")
    other = happened("consent.withdrawn", 1, "w", user="ana", purpose="letters")
    everything = happened("consent.withdrawn", 1, "w", user="ana")
    assert broken(rule, consent, other, sent) == []
    assert broken(rule, consent, everything, sent) == [("l",)]


def test_use_once_spends_the_oldest_that_is_valid() -> None:
    rule = NEEDS + "\nuse_once: true"
    first, second = operation("approval.granted", 0, "a"), operation("approval.granted", 200_000, "b")
    done = [operation("operation.completed", at, at) for at in (250_000, 300_000, 310_000)]
    assert broken(rule, first, second, *done) == [(310_000,)]


def test_a_sum_is_exact_and_keeps_currencies_apart() -> None:
    rule = "at_most: 0.3\nsum: amount\nof: operation.completed\nper: [instrument]"

    def paid(event_id: int, currency: str, amount: float = 0.1) -> Event:
        return happened("operation.completed", event_id, event_id, amount=amount, currency=currency, instrument="card")

    assert broken(rule, paid(1, "EUR"), paid(2, "EUR"), paid(3, "EUR"), paid(4, "USD")) == []
    assert broken(rule, paid(1, "EUR"), paid(2, "EUR"), paid(3, "EUR"), paid(4, "EUR", 0.01)) == [(4,)]
