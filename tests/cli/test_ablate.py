"""`harness ablate` and `harness compare`: exit codes, outputs, mistakes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.trace import Trace
from tests.cli.conftest import Ran
from tests.small_project import BROKEN, HONEST, STOPPED, Project, play, trace


def guarded(system: object, on: object, seed: int) -> Trace:
    active = on.active()  # type: ignore[attr-defined]  # the controls that the stand-in for the world is given
    return trace(HONEST, STOPPED if "K04" in active else BROKEN)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.chdir(tmp_path)
    found = Project(tmp_path)
    (found.folder / "system.yaml").write_text(
        (found.folder / "system.yaml").read_text() + "controls: {K04: on, K05: on}\n"
    )
    found.scenario("S18", "visits: [{user: A, tasks: [{twist: T01}]}]\n")
    play(monkeypatch, {"S01": trace(HONEST), "S18": guarded})
    return found


def test_it_ends_with_0_whatever_it_finds(project: Project, harness: Callable[..., Ran]) -> None:
    ran = harness("ablate")
    assert ran.code == 0
    row = next(line for line in ran.out.splitlines() if line.startswith("K04"))
    assert row.split()[-4:] == ["✗", "S18", "1", "scenario"]
    assert "R4: guarded by K04" in ran.out
    assert "no prediction was made for this design" in ran.out


def test_json_on_standard_output_stands_alone(project: Project, harness: Callable[..., Ran]) -> None:
    ran = harness("ablate", "--json", "-")
    told = json.loads(ran.out)
    assert (told["schema"], told["system"]) == ("harness/ablate/1", "system.yaml")
    assert told["matrix"] == {"K04": {"R4": "violated"}, "K05": {"R4": "held"}}
    assert told["scenarios"] == {"K04": ["S18"], "K05": []}
    assert "guarded by" in ran.err


def test_what_is_taken_away_from_the_start_is_in_no_row(project: Project, harness: Callable[..., Ran]) -> None:
    told = json.loads(harness("ablate", "--without", "K04", "--json", "-").out)
    assert told["baseline"] == {"R4": "violated"}
    assert list(told["matrix"]) == ["K05"]
    assert told["without"] == ["K04"]


def test_several_systems_each_have_their_matrix(project: Project, harness: Callable[..., Ran]) -> None:
    text = (project.folder / "system.yaml").read_text()
    (project.folder / "other.yaml").write_text(text.replace("tiny", "other").replace("K05: on", "K05: off"))
    told = json.loads(harness("ablate", "--system", "system.yaml", "--system", "other.yaml", "--json", "-").out)
    assert [(one["name"], list(one["matrix"])) for one in told["systems"]] == [
        ("tiny", ["K04", "K05"]),
        ("other", ["K04"]),
    ]


def test_a_run_that_failed_is_4(project: Project, monkeypatch: pytest.MonkeyPatch, harness: Callable[..., Ran]) -> None:
    play(monkeypatch, {"S01": trace(HONEST), "S18": KeyError("ana")})
    ran = harness("ablate")
    assert ran.code == 4
    assert "the run failed: no verdict: S18 without nothing: KeyError" in ran.out


def test_check_holds_expectations_against_what_happens(project: Project, harness: Callable[..., Ran]) -> None:
    project.scenario(
        "S18",
        "visits: [{user: A, tasks: [{twist: T01}]}]\n"
        "expect: [{requirement: R4, verdict: held, stopped_by: [K04]}, "
        "{requirement: R4, verdict: violated, without: [K04]}]\n",
    )
    ran = harness("ablate", "--check")
    assert (ran.code, ran.out.splitlines()[-1]) == (0, "2 of 2 expectations of scenario files met")
    project.scenario("S18", "expect: [{requirement: R4, verdict: violated}]\n")
    ran = harness("ablate", "--check", "--json", "-")
    assert ran.code == 1
    assert json.loads(ran.out)["expectations"]["checked"] == 1
    assert "expected violated, found held" in json.loads(ran.out)["expectations"]["not_met"][0]


def test_an_unknown_control_is_a_sentence(project: Project, harness: Callable[..., Ran]) -> None:
    ran = harness("ablate", "--without", "K041")
    assert ran.code == 2
    assert ran.err.startswith("harness: unknown control `K041`")


def test_the_page_names_the_command_that_makes_it(project: Project, harness: Callable[..., Ran]) -> None:
    harness("ablate", "--system", "system.yaml", "--no-pairs", "--markdown", "matrix.md")
    page = (project.folder / "matrix.md").read_text()
    assert "`harness ablate --system system.yaml --no-pairs --markdown matrix.md`" in page
    assert "| K04 object-level authorization from token claims | ✗ S18 | 1 scenario |" in page


@pytest.mark.parametrize(("again", "code"), [(trace(HONEST, BROKEN), 0), (KeyError("ana"), 4)])
def test_compare_ends_with_0_or_4(
    project: Project, monkeypatch: pytest.MonkeyPatch, harness: Callable[..., Ran], again: object, code: int
) -> None:
    def simulate(*_: object, **__: object) -> Trace:
        if isinstance(again, Exception):
            raise again
        return again  # type: ignore[return-value]  # a trace

    monkeypatch.setattr("harness.suite.compare.simulate", simulate)
    ran = harness("compare", "system.yaml", "--json", "-")
    assert ran.code == code
    told = json.loads(ran.out)["systems"][0]
    assert told["verdicts"] == {"R4": "error" if code else "violated"}
    assert "honest tasks completed" in ran.err


def test_compare_wants_a_system(project: Project, harness: Callable[..., Ran]) -> None:
    assert harness("compare").code == 2
    ran = harness("compare", "nowhere.yaml")
    assert ran.code == 2
    assert len(ran.err.splitlines()) == 1
