"""The shipped project, whole: which designs keep the six requirements, at what cost, and that a seed fixes every byte."""

from __future__ import annotations

import hashlib
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from harness.report.result import RunResult, SystemResult
from harness.suite import run_single, run_suite

ROOT = Path(__file__).parent.parent.parent
SYSTEMS = ("insurance", "login_only", "allow_all", "deny_all")
SIX = {"R1", "R2", "R3", "R4", "R5", "R6"}
FEWEST_SCENARIOS = 41
SECONDS_FOR_ALL = 5.0


@pytest.fixture(scope="module")
def result() -> RunResult:
    here = os.getcwd()
    os.chdir(ROOT)
    try:
        return run_suite("requirements.yaml", systems=[f"scenarios/systems/{name}.yaml" for name in SYSTEMS])
    finally:
        os.chdir(here)


def system(result: RunResult, name: str) -> SystemResult:
    return next(one for one in result.systems if one.name == name)


def verdicts(result: RunResult, name: str) -> dict[str, str]:
    return {one.requirement: one.verdict for one in system(result, name).verdicts}


@pytest.mark.parametrize("name", SYSTEMS)
def test_no_run_fails_and_no_scenario_went_missing(result: RunResult, name: str) -> None:
    assert system(result, name).failures == ()
    assert system(result, name).runs >= FEWEST_SCENARIOS


def test_the_insurer_keeps_all_six(result: RunResult) -> None:
    assert verdicts(result, "insurance") == dict.fromkeys(SIX, "held")


def test_the_insurer_completes_every_honest_task_and_refuses_no_honest_call(result: RunResult) -> None:
    benign = system(result, "insurance").benign
    assert benign.tasks == benign.completed > 0
    assert benign.refused_calls == 0


def test_logins_only_break_at_least_five_each_with_a_witness_that_replays(result: RunResult) -> None:
    broken = [one for one in system(result, "login_only").verdicts if one.verdict == "violated"]
    assert len(broken) >= 5
    for verdict in broken:
        shown = next(one for one in verdict.scenarios if one.witness is not None)
        again = run_single(
            shown.scenario,
            requirements_path=ROOT / "requirements.yaml",
            system=str(ROOT / "scenarios/systems/login_only.yaml"),
            seed=shown.seed,
        )
        assert len(again.verdicts[verdict.requirement].violations) == shown.violations


def test_a_design_that_allows_everything_breaks_all_six(result: RunResult) -> None:
    assert verdicts(result, "allow_all") == dict.fromkeys(SIX, "violated")


def test_a_design_that_refuses_everything_holds_nothing_and_does_no_honest_work(result: RunResult) -> None:
    assert "held" not in verdicts(result, "deny_all").values()
    assert {one.reason for one in system(result, "deny_all").verdicts} == {"no_honest_use"}
    benign = system(result, "deny_all").benign
    assert benign.tasks > 0
    assert benign.completed == 0
    assert all(one.verdict != "held" for v in system(result, "deny_all").verdicts for one in v.scenarios)


def run_once(folder: Path, *, hash_seed: int, seed: int) -> dict[str, str]:
    """Runs the command in a process of its own; every trace and the result by the hash of its bytes."""
    command = [sys.executable, "-m", "harness", "run", "--seed", str(seed), "--today", "2026-11-25"]
    command += ["--trace", str(folder), "--json", str(folder / "result.json")]
    folder.mkdir()
    environment = {**os.environ, "PYTHONHASHSEED": str(hash_seed)}
    subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=False)
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def test_the_same_seed_gives_the_same_bytes_in_another_process_and_another_seed_other_traffic(tmp_path: Path) -> None:
    first = run_once(tmp_path / "a", hash_seed=1, seed=0)
    assert len(first) >= FEWEST_SCENARIOS + 1
    assert run_once(tmp_path / "b", hash_seed=2, seed=0) == first
    other = run_once(tmp_path / "c", hash_seed=1, seed=1)
    assert not set(first.values()) & set(other.values())


def test_the_main_job_ends_within_seconds() -> None:
    """Counted is work, in seconds of processor time over all processes: two of them only make it end sooner."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, "-m", "harness", "run"], cwd=ROOT, capture_output=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()
    assert (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime) < SECONDS_FOR_ALL
