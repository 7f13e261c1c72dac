"""Times that no run reaches are named, each with its line; what runs do reach is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.suite import run_suite
from tests.small_project import Project, access, play, trace

RULE = """\
  - id: R2
    text: Data is used with a consent of the last year only.
    owner: compliance
    severity: high
    every: data.accessed
    needs_earlier: consent.granted
    same: [user]
    unless_since: consent.withdrawn
    grace: 10s
    within: 365d
"""


@pytest.mark.parametrize(
    ("length_ms", "named"),
    [(5_000, ["grace: 10s", "within: 365d"]), (10_000, ["within: 365d"]), (366 * 86_400_000, [])],
)
def test_times_longer_than_every_run_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, length_ms: int, named: list[str]
) -> None:
    play(monkeypatch, {"S01": trace(access(1)), "S18": trace(access(1), access(2, time_ms=length_ms))})
    (verdict,) = run_suite(Project(tmp_path, RULE).file).systems[0].verdicts
    assert [note.split("`")[1] for note in sorted(verdict.notes)] == named
    assert all("(line 3)" in note or "(line 7)" in note for note in verdict.notes)


def test_nothing_is_said_where_nothing_ran(tmp_path: Path) -> None:
    alone = RULE.replace("    unless_since: consent.withdrawn\n    grace: 10s\n", "")
    (verdict,) = run_suite(Project(tmp_path, alone, scenarios=()).file).systems[0].verdicts
    assert verdict.notes == ()
