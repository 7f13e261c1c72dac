"""Designs side by side: the same draws for each, sums that are exact, failures that are never zeros."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.suite import compare as module
from harness.suite.compare import Comparison, compare, document, rows, warnings
from harness.trace import Event, Trace, Who
from tests.small_project import BROKEN, HELPER, HONEST, STOPPED, Project, trace

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.chdir(tmp_path)
    found = Project(tmp_path)
    (found.folder / "weak.yaml").write_text((found.folder / "system.yaml").read_text().replace("tiny", "weak"))
    return found


def opened(length_ms: int) -> list[Event]:
    """The helper could reach two of ana's files for so long, with nobody there."""
    left = Event("user.left", 0, "l", Who("ana", "user", user="ana"))
    own = {"reach": "reach1", "pep": "records", "owner": "ana", "category": "file", "records": 2, "credential": "c"}
    start = Event("reach.opened", 1_000, "o", HELPER, own)
    end = Event("reach.closed", 1_000 + length_ms, "e", HELPER, {"reach": "reach1", "cause": "expired"})
    return [left, start, end]


def compared(monkeypatch: pytest.MonkeyPatch, runs: int = 1, seed: int = 0) -> tuple[Comparison, list[object]]:
    seen: list[object] = []

    def simulate(system: object, controls: object, scenario: object, *, seed: int, reach: bool) -> Trace:
        name = system.name  # type: ignore[attr-defined]  # a system
        seen.append((name, scenario.id, seed, reach))  # type: ignore[attr-defined]  # a scenario
        told = trace(HONEST, BROKEN if name == "weak" else STOPPED)
        told.events += opened(10_000 * (seed + 1) if name == "weak" else 5_000)
        told.counters.update({"as_token": 3, "token_bytes": 700, "prompts": 1})
        return told

    monkeypatch.setattr(module, "simulate", simulate)
    return compare("requirements.yaml", ["system.yaml", "weak.yaml"], seed=seed, runs=runs), seen


def test_every_design_meets_the_same_draws(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.suite.runs.WORTH_A_PROCESS", 1_000)  # what another process sees is not seen here
    _, seen = compared(monkeypatch, runs=2, seed=5)
    each = {name: [call[1:] for call in seen if call[0] == name] for name in ("tiny", "weak")}  # type: ignore[index]
    assert each["tiny"] == each["weak"]
    assert [call[1] for call in each["tiny"]] == [5, 5, 6, 6]
    assert all(call[2] for call in each["tiny"])


def test_verdicts_use_exposure_and_cost_stand_side_by_side(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    found, _ = compared(monkeypatch)
    strong, weak = found.sides
    assert (strong.verdicts, weak.verdicts) == ({"R4": "held"}, {"R4": "violated"})
    assert weak.violated_runs == {"R4": 2}
    assert (strong.benign.completed, strong.benign.tasks) == (2, 2)
    assert strong.exposure["after_departure"] == (20.0,)  # two scenarios, two files, five seconds each
    assert weak.exposure["after_departure"] == (40.0,)
    assert strong.cost["as_requests"] == (6.0,)
    assert strong.cost["token_bytes_total"] == (1_400.0,)


def test_differences_are_taken_draw_by_draw_from_the_first_design(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, _ = compared(monkeypatch, runs=2)
    first, second = document(found)["systems"]
    assert "more_than_first" not in first["exposure_record_s"]["after_departure"]
    more = second["exposure_record_s"]["after_departure"]["more_than_first"]
    assert (more["mean"], more["draws"]) == (40.0, 2)  # 40 - 20 and 80 - 20
    assert "too few runs" in more["note"]


def test_the_document_and_the_table_say_the_same(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    found, _ = compared(monkeypatch)
    told = document(found)
    assert (told["schema"], told["seeds"], told["runs"]) == ("harness/compare/1", [0], 2)
    table = {row[0]: row[1:] for row in rows(found)}
    assert table["R4"] == ["kept", "broken (2 of 2 runs)"]
    assert table["after departure, record-seconds"] == ["20", "40"]
    assert table["requests to authorization servers"] == ["6", "6"]


def test_a_failed_run_makes_no_small_numbers(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> Trace:
        raise KeyError("ana")

    monkeypatch.setattr(module, "simulate", fails)
    found = compare("requirements.yaml", ["system.yaml"])
    assert found.failed
    assert found.sides[0].verdicts == {"R4": "error"}
    assert list(found.sides[0].failures) == ["S01 seed 0", "S18 seed 0"]
    assert {row[1] for row in rows(found) if "tokens" in row[0]} == {"failed"}


def test_a_design_that_does_no_work_is_told_beneath(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "simulate", lambda *_, **__: trace(STOPPED, completed=0, refused=2))
    found = compare("requirements.yaml", ["system.yaml"])
    assert found.sides[0].verdicts == {"R4": "not_challenged"}
    assert warnings(found) == ["tiny: THIS DESIGN DOES NO HONEST WORK AT ALL: refusing everyone is not safety"]
