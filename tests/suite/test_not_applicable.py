"""A scenario that does not fit a design is left out of the run, said to be, and counts for nothing."""

from __future__ import annotations

from harness.report.words import not_applicable_lines
from harness.suite import run_suite
from harness.suite.project import load_project
from harness.suite.runs import Job, run_one

LOW_VALUE = "scenarios/systems/insurance_low_value.yaml"
FURTHER = "scenarios/further/requirements.yaml"
REASON = "T35: there is no amount below which no approval is needed"


def test_what_does_not_fit_is_not_run_and_counts_for_nothing() -> None:
    project = load_project(FURTHER)
    scenario = next(one for one in project.scenarios if one.id == "M35")
    outcome = run_one(Job(project.designs[0], scenario, 0))
    assert outcome.not_applicable == REASON
    assert outcome.failure is None
    assert outcome.benign.tasks == 0
    assert all((run.challenged, run.exercised, len(run.violations)) == (0, 0, 0) for run in outcome.verdicts.values())


def test_a_result_names_it_with_the_reason_and_gives_no_verdict_for_it() -> None:
    result = run_suite(FURTHER, systems=["scenarios/systems/insurance.yaml", LOW_VALUE], only=["small-sums"])
    without, having = result.systems
    assert [(one.scenario, one.reason) for one in without.not_applicable] == [("M35", REASON)]
    assert having.not_applicable == ()
    assert having.runs == without.runs + 1
    assert "M35" not in {one.scenario for one in without.verdicts[0].scenarios}
    assert "M35" in {one.scenario for one in having.verdicts[0].scenarios}
    assert (without.verdicts[0].verdict, having.verdicts[0].verdict) == ("not_challenged", "held")
    assert not_applicable_lines(without.not_applicable) == [f"M35 does not apply: {REASON}"]
