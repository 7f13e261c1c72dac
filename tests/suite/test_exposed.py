"""What lies open behind a requirement: read off its rules, measured on the same draws, beside the closed form."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.plan import Controls
from harness.report.result import Exposed, RunResult
from harness.suite.exposed import is_login_only, login_only, sorts, with_exposure
from harness.suite.guards import with_guards
from harness.suite.project import Project, load_project
from harness.suite.suite import run_project

SCENARIOS = {"H01", "S01", "S02", "S18", "S33"}


def project_of(system: str) -> Project:
    found = load_project("requirements.yaml", systems=[f"scenarios/systems/{system}.yaml"])
    return replace(found, scenarios=tuple(one for one in found.scenarios if one.id in SCENARIOS))


@pytest.fixture(scope="module")
def reference() -> tuple[Project, RunResult]:
    project = project_of("insurance")
    result = run_project(project)
    return project, with_exposure(project, with_guards(project, result, seeds=[0]), seeds=[0])


def exposures(result: RunResult) -> dict[tuple[str, str], Exposed]:
    return {(v.requirement, one.of): one for _, v in result.each() for one in v.exposure or ()}


def test_each_requirement_has_the_exposure_that_its_rules_are_about(reference: tuple[Project, RunResult]) -> None:
    assert set(exposures(reference[1])) == {
        ("R1", "departure"),
        ("R1", "logout"),
        ("R2", "consent"),
        ("R4", "entitlement"),
        ("R6", "denial"),
    }


def test_what_is_measured_stays_within_the_closed_form_and_below_logins_only(
    reference: tuple[Project, RunResult],
) -> None:
    found = exposures(reference[1])
    departure = found["R1", "departure"]
    assert departure.allowed_s == 300
    assert departure.bound_s == 245
    for one in found.values():
        assert one.open_s is not None
        assert one.baseline_open_s is not None
        assert one.open_s < one.baseline_open_s
        if one.bound_s is not None:
            assert one.open_s <= one.bound_s


def test_the_baseline_is_the_shipped_login_only_system(reference: tuple[Project, RunResult]) -> None:
    ours, shipped = login_only(reference[0].designs[0]), project_of("login_only").designs[0]
    assert is_login_only(shipped)
    assert not is_login_only(reference[0].designs[0])
    assert Controls.of(ours.system).active() == Controls.of(shipped.system).active() == ()
    assert ours.system.tokens == shipped.system.tokens
    assert ours.system.servers == shipped.system.servers


def test_login_only_itself_has_nothing_to_be_compared_with() -> None:
    project = project_of("login_only")
    found = exposures(with_exposure(project, run_project(project), seeds=[0]))
    assert all(one.baseline_open_s is None for one in found.values())
    assert found["R1", "departure"].kinds == found["R1", "departure"].of_kinds
    assert found["R1", "departure"].bound_s is None


def test_kept_requirements_rest_on_controls_that_stopped_something(reference: tuple[Project, RunResult]) -> None:
    by_name = {verdict.requirement: verdict for _, verdict in reference[1].each()}
    assert "K04" in (by_name["R4"].guarded_by or ())
    assert "K09" in (by_name["R1"].guarded_by or ())
    assert "K04" not in (by_name["R1"].guarded_by or ())


def test_a_broken_requirement_rests_on_nothing() -> None:
    project = project_of("login_only")
    found = with_guards(project, run_project(project), seeds=[0])
    assert all(v.guarded_by is None for _, v in found.each() if v.verdict == "violated")


def test_a_rule_about_none_of_it_has_no_exposure(reference: tuple[Project, RunResult]) -> None:
    requirements = reference[0].designs[0].requirements
    assert [of for rule in requirements["R3"].rules for of in sorts(rule)] == []
