"""How runs become a result: verdicts, errors that are never passes, waivers, selection, processes, mistakes of input."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest

from harness.load import ProblemList
from harness.plan import Controls, control_catalogue
from harness.report.result import RequirementVerdict, RunResult, to_json
from harness.suite import UsageError, run_suite
from harness.trace import Trace
from tests.small_project import BROKEN, HONEST, NOT_AFTER_LOGOUT, OWN_RECORDS, STOPPED, Project, access, play, trace

WAIVED = OWN_RECORDS + '    waiver: {reason: "replaced in spring", owner: ciso, expires: 2026-12-31}\n'


def only(result: RunResult) -> RequirementVerdict:
    """The verdict of the one requirement on the one system."""
    (system,) = result.systems
    (verdict,) = system.verdicts
    return verdict


def test_an_attack_stopped_and_an_honest_case_make_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    play(monkeypatch, {"S01": trace(HONEST), "S18": trace(HONEST, STOPPED)})
    verdict = only(run_suite(Project(tmp_path).file))
    assert (verdict.verdict, verdict.exercised, verdict.challenged, verdict.stopped_by) == ("held", 2, 1, {"K04": 1})
    assert {one.scenario: one.verdict for one in verdict.scenarios} == {"S01": "not_challenged", "S18": "held"}


def test_no_attack_is_not_a_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    play(monkeypatch, {"S01": trace(HONEST), "S18": trace(HONEST)})
    verdict = only(run_suite(Project(tmp_path).file))
    assert (verdict.verdict, verdict.reason) == ("not_challenged", "no_attack")


def test_refusing_everyone_holds_nothing_in_no_scenario(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = trace(STOPPED, tasks=1, completed=0, refused=3)
    play(monkeypatch, {"S01": refused, "S18": refused})
    result = run_suite(Project(tmp_path).file)
    verdict = only(result)
    assert (verdict.verdict, verdict.reason) == ("not_challenged", "no_honest_use")
    assert {one.verdict for one in verdict.scenarios} == {"not_challenged"}
    assert (result.systems[0].benign.completed, result.systems[0].benign.tasks) == (0, 2)


def test_without_scenarios_nothing_is_tested(tmp_path: Path) -> None:
    assert only(run_suite(Project(tmp_path, scenarios=()).file)).verdict == "not_challenged"


def test_a_violation_carries_its_witness_and_the_command_that_replays_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    play(monkeypatch, {"S01": trace(HONEST), "S18": trace(HONEST, BROKEN)})
    monkeypatch.chdir(tmp_path)
    Project(tmp_path)
    verdict = only(run_suite("requirements.yaml", seed=3, without=["K04"]))
    assert verdict.verdict == "violated"
    assert verdict.witness is not None
    assert [event["owner"] for event in verdict.witness.events] == ["ben"]
    assert verdict.witness.story[0].startswith("at 2.5 s: helper, working for ana, got at ben's file record")
    assert verdict.witness.replay == "harness replay S18 --seed 3 --without K04"


def test_the_command_names_a_file_and_a_system_that_are_not_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    play(monkeypatch, {"S01": trace(), "S18": trace(BROKEN)})
    monkeypatch.chdir(tmp_path)
    Project(tmp_path).file.rename(tmp_path / "my rules.yaml")
    witness = only(run_suite("my rules.yaml", systems=["system.yaml"])).witness
    assert witness is not None
    assert witness.replay == "harness replay S18 --seed 0 --requirements 'my rules.yaml' --system system.yaml"


@pytest.mark.parametrize("beside", [trace(HONEST, STOPPED), trace(HONEST)])
def test_a_run_that_raises_is_an_error_never_a_pass(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, beside: object
) -> None:
    play(monkeypatch, {"S01": beside, "S18": KeyError("ana")})
    result = run_suite(Project(tmp_path).file)
    verdict = only(result)
    assert verdict.verdict == "error"
    assert "KeyError: 'ana'" in (verdict.reason or "")
    assert [one.scenario for one in result.systems[0].failures] == ["S18"]
    assert next(one for one in verdict.scenarios if one.scenario == "S18").verdict == "error"


def test_a_failure_names_no_folder_of_the_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    play(monkeypatch, {"S01": KeyError("ana"), "S18": trace()})
    assert str(Path.cwd()) not in (only(run_suite(Project(tmp_path).file)).reason or "")


@pytest.mark.parametrize(
    ("today", "waived"), [(date(2026, 12, 31), True), (date(2027, 1, 1), False), (None, False)], ids=str
)
def test_a_waiver_covers_a_violation_until_its_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, today: date | None, waived: bool
) -> None:
    play(monkeypatch, {"S01": trace(HONEST), "S18": trace(BROKEN)})
    verdict = only(run_suite(Project(tmp_path, WAIVED).file, today=today))
    assert (verdict.verdict, verdict.waived) == ("violated", waived)


def test_a_waiver_on_what_holds_is_stale_but_not_on_another_design(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    play(monkeypatch, {"S01": trace(HONEST), "S18": trace(HONEST, STOPPED)})
    project = Project(tmp_path, WAIVED)
    assert only(run_suite(project.file)).stale_waiver is True
    assert only(run_suite(project.file, without=["K09"])).stale_waiver is False
    assert only(run_suite(project.file, systems=[tmp_path / "system.yaml"])).stale_waiver is False


def test_only_selects_requirements(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    play(monkeypatch, {"S01": trace(HONEST), "S18": trace(HONEST)})
    result = run_suite(Project(tmp_path, OWN_RECORDS, NOT_AFTER_LOGOUT).file, only=["R9"])
    assert only(result).requirement == "R9"


def test_controls_are_taken_away_by_id_or_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def look(system: object, controls: Controls, seed: int) -> Trace:
        seen.append(controls.on("K04"))
        return trace()

    play(monkeypatch, {"S01": look})
    project = Project(tmp_path, scenarios=("S01",))
    (project.folder / "system.yaml").write_text((project.folder / "system.yaml").read_text() + "controls: {K04: on}\n")
    for without in ((), ("k04",), (control_catalogue()["K04"].name.upper(),)):
        assert run_suite(project.file, without=without).without == (("K04",) if without else ())
    assert seen == [True, False, False]


def test_each_seed_is_a_run_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seeds = []

    def note(system: object, controls: object, seed: int) -> Trace:
        seeds.append(seed)
        return trace(HONEST)

    play(monkeypatch, {"S01": note})
    result = run_suite(Project(tmp_path, scenarios=("S01",)).file, seed=5, runs=3)
    assert seeds == [5, 6, 7]
    assert [one.seed for one in only(result).scenarios] == [5, 6, 7]
    assert result.systems[0].runs == 3


def test_two_processes_give_the_same_result_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = tuple(f"S{number:02d}" for number in range(1, 13))
    mixed = [trace(HONEST), trace(HONEST, STOPPED), trace(BROKEN), ValueError("odd")]
    play(monkeypatch, {name: mixed[number % 4] for number, name in enumerate(names)})
    file = Project(tmp_path, scenarios=names).file
    results = []
    for pays in (False, True):
        monkeypatch.setattr("harness.suite.runs._pays", lambda jobs, pays=pays: pays)
        results.append(to_json(run_suite(file)))
    assert results[0] == results[1]


def test_a_process_that_dies_takes_no_verdict_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parent = os.getpid()

    def die(system: object, controls: object, seed: int) -> Trace:
        if os.getpid() != parent:
            os._exit(9)
        return trace(HONEST, STOPPED)

    play(monkeypatch, {"S01": die, "S18": die})
    monkeypatch.setattr("harness.suite.runs._pays", lambda jobs: True)
    verdict = only(run_suite(Project(tmp_path).file))
    assert verdict.verdict == "error"
    assert "died" in (verdict.reason or "")


def test_progress_counts_every_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    play(monkeypatch, {"S01": trace(), "S18": trace()})
    told: list[tuple[int, int]] = []
    run_suite(Project(tmp_path).file, progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 2), (2, 2)]


def test_traces_are_kept_where_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    play(monkeypatch, {"S01": trace(HONEST), "S18": trace(HONEST)})
    run_suite(Project(tmp_path).file, trace_dir=tmp_path / "kept", seed=4)
    assert sorted(p.name for p in (tmp_path / "kept").iterdir()) == ["S01.seed4.jsonl", "S18.seed4.jsonl"]


def test_a_folder_for_traces_that_cannot_be_made_is_a_mistake_of_usage(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(UsageError, match=r"taken` cannot be made: file exists"):
        run_suite(Project(tmp_path).file, trace_dir=tmp_path / "taken")


def test_mistakes_of_all_files_come_together_each_with_its_place(tmp_path: Path) -> None:
    project = Project(tmp_path, OWN_RECORDS.replace("owner is known", "ownr is known"))
    project.scenario("S01", "visitz: []\n")
    with pytest.raises(ProblemList) as caught:
        run_suite(project.file)
    told = [str(problem).replace(str(tmp_path) + os.sep, "") for problem in caught.value.problems]
    assert any(line.startswith("requirements.yaml:8:12: ") and "`owner`" in line for line in told)
    assert any(line.startswith("scenarios/S01.yaml:4:1: ") and "`visits`" in line for line in told)


def test_a_scenario_that_cannot_be_read_is_a_mistake_and_never_left_out(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.scenario("S02").write_text("kind: scenario\nid: [S02\n")
    with pytest.raises(ProblemList, match=r"S02.yaml:\d+:\d+: not valid YAML"):
        run_suite(project.file)


def test_a_missing_system_is_one_line(tmp_path: Path) -> None:
    project = Project(tmp_path)
    (tmp_path / "system.yaml").unlink()
    with pytest.raises(ProblemList, match="no such file"):
        run_suite(project.file)


def test_a_file_without_a_system_says_so(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.file.write_text("requirements:\n" + OWN_RECORDS)
    with pytest.raises(ProblemList, match="`system:` is missing"):
        run_suite(project.file)


@pytest.mark.parametrize(
    ("asked", "said"),
    [({"only": ["R44"]}, "unknown requirement `R44`; did you mean `R4`"), ({"without": ["K04x"]}, "unknown control")],
)
def test_unknown_ids_are_told_with_what_is_near(tmp_path: Path, asked: dict[str, list[str]], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        run_suite(Project(tmp_path).file, **asked)


def test_the_shortest_and_earliest_violation_is_the_witness(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    later = access(7, "ben", twist="T01", time_ms=9_000)
    play(monkeypatch, {"S01": trace(), "S18": trace(BROKEN, later)})
    verdict = only(run_suite(Project(tmp_path).file))
    assert verdict.witness is not None
    assert [event["time"] for event in verdict.witness.events] == [2.5]
