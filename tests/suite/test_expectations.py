"""What scenario files expect: when an expectation is met, and that the shipped ones are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.suite.expectations import Checked, check_expectations, not_met
from harness.trace import Trace
from tests.small_project import BROKEN, HONEST, STOPPED, Project, play, trace

Expect = Callable[..., Checked]


@pytest.fixture
def expect(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Expect:
    """`expect(run, "{requirement: R4, …}")`: the first expectation of a scenario that goes like this."""

    def check(run: object, *expectations: str) -> Checked:
        project = Project(tmp_path, scenarios=())
        project.scenario("S18", "expect:\n" + "".join(f"  - {one}\n" for one in expectations))
        play(monkeypatch, {"S18": run})
        return check_expectations(project.file)[0]

    return check


@pytest.mark.parametrize(
    ("run", "expectation", "met"),
    [
        (trace(HONEST, STOPPED), "{requirement: R4, verdict: held}", True),
        (trace(HONEST, STOPPED), "{requirement: R4, verdict: held, stopped_by: [K04]}", True),
        (trace(HONEST, STOPPED), "{requirement: R4, verdict: held, stopped_by: [K05]}", False),
        (trace(HONEST, STOPPED), "{requirement: R4, verdict: held, stopped_by: [K04, K05]}", False),
        (trace(HONEST, STOPPED), "{requirement: R4, verdict: violated}", False),
        (trace(HONEST, STOPPED), "{requirement: R4, verdict: not_challenged}", False),
        (trace(HONEST), "{requirement: R4, verdict: held}", False),
        (trace(HONEST), "{requirement: R4, verdict: not_challenged}", True),
        (trace(HONEST, STOPPED, BROKEN), "{requirement: R4, verdict: held}", False),
        (trace(HONEST, STOPPED, BROKEN), "{requirement: R4, verdict: violated}", True),
        (KeyError("ana"), "{requirement: R4, verdict: held}", False),
        (KeyError("ana"), "{requirement: R4, verdict: not_challenged}", False),
        (KeyError("ana"), "{requirement: R4, verdict: error}", True),
    ],
)
def test_an_expectation_is_met_by_its_verdict_and_its_reason(
    expect: Expect, run: object, expectation: str, met: bool
) -> None:
    assert expect(run, expectation).met is met


def test_a_control_has_a_part_where_the_file_breaks_the_requirement_without_it(expect: Expect) -> None:
    def run(system: object, on: object, seed: int) -> Trace:
        return trace(HONEST, STOPPED)

    both = "{requirement: R4, verdict: held, stopped_by: [K04, K05]}"
    assert not expect(run, both).met
    assert expect(run, both, "{requirement: R4, verdict: violated, without: [K05]}").met


def test_one_of_the_named_controls_must_have_done_the_stopping(expect: Expect) -> None:
    named = "{requirement: R4, verdict: held, stopped_by: [K05]}"
    assert not expect(trace(HONEST, STOPPED), named, "{requirement: R4, verdict: violated, without: [K05]}").met


def test_controls_are_taken_away_where_it_says_so(expect: Expect) -> None:
    seen: list[tuple[str, ...]] = []

    def run(system: object, on: object, seed: int) -> Trace:
        seen.append(on.active())  # type: ignore[attr-defined]  # the controls that the stand-in for the world is given
        return trace(HONEST, BROKEN)

    assert expect(run, "{requirement: R4, verdict: violated, without: [K04]}").met
    assert all("K04" not in active for active in seen)


def test_a_requirement_that_the_file_does_not_state_is_said_to_be_missing(expect: Expect) -> None:
    found = expect(trace(HONEST, STOPPED), "{requirement: R77, verdict: held}")
    assert (found.found, found.applies) == ("not_stated", False)


def test_what_is_not_met_is_a_sentence_with_the_file_and_the_reason(expect: Expect) -> None:
    found = expect(trace(HONEST, STOPPED), "{requirement: R4, verdict: held, stopped_by: [K05]}")
    (said,) = not_met([found])["S18"]
    assert said.endswith("S18.yaml: R4 on tiny: expected held, found held, not stopped by K05")
    failed = expect(KeyError("ana"), "{requirement: R4, verdict: held}")
    assert "found error (KeyError" in str(failed)


def test_a_scenario_with_a_system_of_its_own_runs_on_that(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = Project(tmp_path, scenarios=())
    own = (project.folder / "system.yaml").read_text().replace("tiny", "weak")
    (project.folder / "weak.yaml").write_text(own)
    project.scenario("S18", "system: ../weak.yaml\nexpect: [{requirement: R4, verdict: violated}]\n")
    play(monkeypatch, {"S18": trace(HONEST, BROKEN)})
    (found,) = check_expectations(project.file)
    assert (found.system, found.met) == ("weak", True)
