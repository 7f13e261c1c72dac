"""A witness is a story: the breaking event, and what the rule's other events last said about the same case."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.suite import run_suite
from harness.trace import Event, Who
from tests.small_project import HELPER, Project, access, play, trace

PRESENCE = """\
  - id: R1
    text: Data is used only while the user is there.
    owner: product
    severity: critical
    every: data.accessed
    needs_earlier: user.arrived
    same: [user]
    unless_since: user.left
    grace: 1s
"""


def person(kind: str, event_id: int, time_ms: int, user: str = "ana") -> Event:
    return Event(kind, time_ms, event_id, Who(user, "user", user=user))


def kinds_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *events: Event) -> list[tuple[str, float]]:
    play(monkeypatch, {"S01": trace(*events)})
    (verdict,) = run_suite(Project(tmp_path, PRESENCE, scenarios=("S01",)).file).systems[0].verdicts
    assert verdict.witness is not None
    return [(event["kind"], event["time"]) for event in verdict.witness.events]


def test_a_late_access_is_shown_with_arrival_and_departure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = kinds_shown(
        tmp_path,
        monkeypatch,
        person("user.arrived", 10, 0),
        person("user.left", 11, 1_000),
        person("user.left", 12, 1_500, user="ben"),
        access(13, time_ms=9_000),
    )
    assert shown == [("user.arrived", 0), ("user.left", 1), ("data.accessed", 9)]


def test_what_never_happened_cannot_be_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert kinds_shown(tmp_path, monkeypatch, person("user.arrived", 1, 0, user="ben"), access(2)) == [
        ("data.accessed", 1)
    ]


def test_events_after_the_break_are_no_part_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = kinds_shown(tmp_path, monkeypatch, access(1), person("user.arrived", 2, 5_000))
    assert shown == [("data.accessed", 1)]
    assert HELPER.user == "ana"
