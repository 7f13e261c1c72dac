"""`harness replay`: every step a sentence, the breaking one marked, and a diagram where that is asked for."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from harness.plan import Controls
from harness.trace import Event, Trace
from tests.cli.conftest import Ran
from tests.small_project import BROKEN, HELPER, HONEST, STOPPED, Project, play, trace


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.chdir(tmp_path)
    return Project(tmp_path)


def test_a_violation_is_marked_where_it_happens(
    project: Project, monkeypatch: pytest.MonkeyPatch, harness: Callable[..., Ran]
) -> None:
    play(monkeypatch, {"S18": trace(HONEST, BROKEN)})
    ran = harness("replay", "S18", "--without", "K04")
    assert ran.code == 1
    assert "S18: what happens in S18\non tiny, without K04, seed 0\n" in ran.out
    (marked,) = [line for line in ran.out.splitlines() if " x " in line]
    assert "2.5 s x helper, working for ana, got at ben's file record" in marked
    assert marked.endswith("[T01]  <- breaks R4")
    assert ran.out.endswith("R4: broken in the simulation (1 time)\n")


def test_a_stopped_attack_names_its_control(
    project: Project, monkeypatch: pytest.MonkeyPatch, harness: Callable[..., Ran]
) -> None:
    play(monkeypatch, {"S18": trace(STOPPED)})
    ran = harness("replay", "S18")
    assert ran.code == 0
    assert " | helper, working for ana, tried to get at ben's file record" in ran.out
    assert "(K04)" in ran.out
    assert ran.out.endswith("R4: 1 attack stopped\n")


def test_a_run_that_fails_is_exit_code_4_without_a_traceback(
    project: Project, monkeypatch: pytest.MonkeyPatch, harness: Callable[..., Ran]
) -> None:
    play(monkeypatch, {"S18": KeyError("ana")})
    ran = harness("replay", "S18")
    assert ran.code == 4
    assert "the run failed: no verdict\n  KeyError: 'ana'" in ran.out


def test_a_scenario_is_named_by_its_file_too(
    project: Project, monkeypatch: pytest.MonkeyPatch, harness: Callable[..., Ran]
) -> None:
    play(monkeypatch, {"S18": trace(HONEST)})
    assert harness("replay", "scenarios/S18.yaml").code == 0


def test_a_scenario_with_a_system_of_its_own_runs_on_that(
    project: Project, monkeypatch: pytest.MonkeyPatch, harness: Callable[..., Ran]
) -> None:
    (project.folder / "other.yaml").write_text((project.folder / "system.yaml").read_text().replace("tiny", "other"))
    project.scenario("I01", "system: ../other.yaml\n")
    play(monkeypatch, {"I01": lambda system, controls, seed: trace(HONEST)})
    assert "on other, seed 0" in harness("replay", "I01").out
    assert "on tiny, seed 0" in harness("replay", "I01", "--system", "system.yaml").out


def test_a_scenario_file_with_designs_and_variants_is_run_under_one_of_them(
    project: Project, monkeypatch: pytest.MonkeyPatch, harness: Callable[..., Ran]
) -> None:
    designs = "system: ../system.yaml\ndesigns: {right: {controls: {K04: on}}}\nvariants: {late: {until: 1h}}\n"
    project.scenario("I01", designs)
    seen = []

    def look(system: object, controls: Controls, seed: int) -> Trace:
        seen.append(controls.on("K04"))
        return trace(HONEST)

    play(monkeypatch, {"I01": look})
    assert "on tiny, seed 0" in harness("replay", "I01").out
    assert (
        "on tiny, design right, variant late, seed 0"
        in harness(*("replay", "I01", "--design", "right", "--variant", "late")).out
    )
    harness("replay", "I01", "--design", "right", "--without", "K04")
    assert seen == [False, True, False]
    ran = harness("replay", "I01", "--design", "rihgt")
    assert (ran.code, ran.err) == (2, "harness: unknown design of I01 `rihgt`; did you mean `right`?\n")


def test_json_holds_sentence_and_event_of_each_step(
    project: Project, monkeypatch: pytest.MonkeyPatch, harness: Callable[..., Ran]
) -> None:
    reach = Event("reach.opened", 0, 90, HELPER, {"reach": "r", "records": 1})
    play(monkeypatch, {"S18": trace(reach, HONEST, BROKEN)})
    document = json.loads(harness("replay", "S18", "--json", "-", "--seed", "6").out)
    assert document["schema"] == "harness/replay/1"
    assert document["seed"] == 6
    assert [step["event"]["kind"] for step in document["steps"]] == ["data.accessed", "data.accessed"]
    assert document["verdicts"]["R4"]["violations"] == 1


@pytest.mark.parametrize("name", ["attack.svg", "attack.mmd"])
def test_a_diagram_is_drawn(
    name: str, project: Project, monkeypatch: pytest.MonkeyPatch, harness: Callable[..., Ran]
) -> None:
    play(monkeypatch, {"S18": trace(HONEST, BROKEN)})
    harness("replay", "S18", "--diagram", name)
    drawn = (project.folder / name).read_text()
    assert "a requirement is broken here" in drawn
    if name.endswith(".svg"):
        assert ET.fromstring(drawn).tag.endswith("svg")
    else:
        assert drawn.splitlines()[3] == "sequenceDiagram"
