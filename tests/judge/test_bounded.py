"""State grows with what is alive: keys that no window can need any more go, and verdicts stay what they were."""

from __future__ import annotations

import pytest

from harness.judge import monitor
from harness.judge.keys import SWEEP, SWEEP_FIRST
from harness.trace import Event
from tests.judge.build import happened, requirements

MANY = 4_000


def window(n: int) -> Event:
    return happened("request.allowed", n * 10, n, agent=f"a{n}")


def locked(n: int) -> Event:
    return happened("user.locked", n * 10, n, user=f"u{n}")


def approved(n: int) -> Event:
    return happened("approval.granted", n * 10, n, operation=f"o{n}")


def asked(n: int) -> Event:
    return happened("request.denied", n * 10, n)


@pytest.mark.parametrize(
    ("rule", "make"),
    [
        ("at_most: 1\nof: request.allowed\nper: [agent]\nwindow: 1s", window),
        ("after: user.locked\nnever: user.authenticated\nsame: [user]\nfor: 1s", locked),
        ("every: operation.completed\nneeds_earlier: approval.granted\nsame: [operation]\nwithin: 1s", approved),
        ("every: request.denied\nleads_to: audit.recorded\nsame: [id=about]\nwithin: 1s", asked),
    ],
)
def test_dead_keys_go(rule: str, make: object) -> None:
    found = requirements(rule)
    each = monitor(found["R1"].rules[0], found.vocabulary)
    state, most = each.new_state(), 0
    for n in range(MANY):
        each.step(state, make(n))  # type: ignore[operator]
        most = max(most, len(state))
    assert most <= 2 * SWEEP_FIRST + 1, "a hundred are alive at a time"
    now = (MANY - 1) * 10
    assert len(each.canon(state, now)) == 100 + (rule.startswith("every")), (
        "those of the last second, the oldest included"
    )


def test_what_is_alive_survives_the_sweep() -> None:
    found = requirements("at_most: 1\nof: request.allowed\nper: [agent]\nwindow: 1s")
    each = monitor(found["R1"].rules[0], found.vocabulary)
    state = each.new_state()
    for n in range(MANY):
        each.step(state, window(n))
    assert state[SWEEP] >= SWEEP_FIRST
    last = MANY - 1
    alive = [
        n
        for n in range(last - 200, last + 1)
        if each.would_violate(state, happened("request.allowed", last * 10, 0, agent=f"a{n}"))
    ]
    assert alive == list(range(last - 99, last + 1))


def test_a_count_without_a_window_stays_small() -> None:
    found = requirements("at_most: 1000000\nof: request.allowed")
    each = monitor(found["R1"].rules[0], found.vocabulary)
    state = each.new_state()
    for n in range(500):
        assert each.step(state, window(n)) is None
    assert len(state[()]) == 1
