"""Which controls a requirement rests on: those whose removal breaks it, found by taking each away from what attacked it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec

from harness.plan import Controls
from harness.report.result import RequirementVerdict, RunResult, SystemResult, replaced
from harness.suite.project import Design, Project, load_project
from harness.suite.runs import Job, Progress, run_all

BASE = "base"


def guards(
    requirements_path: str | Path,
    requirement: str,
    *,
    scenarios: Iterable[str],
    stopped_by: Iterable[str],
    seed: int = 0,
) -> list[str]:
    """The controls, of those that stopped something, without which one of these scenarios breaks the requirement."""
    project = load_project(requirements_path, only=[requirement])
    chosen = set(scenarios)
    wanted = [one for one in project.scenarios if one.id in chosen]
    design = project.designs[0]
    controls = [one for one in stopped_by if one != BASE]
    tried = [(control, scenario) for control in controls for scenario in wanted]
    jobs = [
        Job(replace(design, controls=Controls.of(design.system, without=[control])), scenario, seed)
        for control, scenario in tried
    ]
    broken = {
        control
        for (control, _), outcome in zip(tried, run_all(jobs), strict=True)
        if outcome.failure is None and outcome.verdicts[requirement].violations
    }
    return [control for control in controls if control in broken]


def with_guards(
    project: Project, result: RunResult, *, seeds: Sequence[int], progress: Progress | None = None
) -> RunResult:
    """The result with the controls that each kept requirement rests on.

    Each control that stopped something is taken away from the scenarios in which it did; it guards what breaks then.
    """
    found = {
        design.shown: _broken_without(project, design, system, seeds, progress)
        for design, system in zip(project.designs, result.systems, strict=True)
    }

    def change(system: SystemResult, verdict: RequirementVerdict) -> RequirementVerdict:
        if verdict.verdict != "held":
            return verdict
        broken = found[system.system]
        guarded_by = tuple(control for control, requirements in broken.items() if verdict.requirement in requirements)
        return msgspec.structs.replace(verdict, guarded_by=guarded_by)

    return replaced(result, change)


def _broken_without(
    project: Project, design: Design, system: SystemResult, seeds: Sequence[int], progress: Progress | None
) -> Mapping[str, set[str]]:
    """By control, the requirements that break when it is taken away."""
    stopped: dict[str, set[str]] = {}
    for verdict in system.verdicts:
        for one in verdict.scenarios if verdict.verdict == "held" else ():
            for control in one.stopped_by:
                stopped.setdefault(control, set()).add(one.scenario)
    jobs = {
        (control, scenario.id, seed): Job(_without(project, design, control), scenario, seed)
        for control in sorted(stopped.keys() - {BASE})
        for scenario in project.scenarios
        if scenario.id in stopped[control]
        for seed in seeds
    }
    broken: dict[str, set[str]] = {control: set() for control, _, _ in jobs}
    for (control, _, _), outcome in zip(jobs, run_all(list(jobs.values()), progress), strict=True):
        if outcome.failure is None:
            broken[control] |= {name for name, run in outcome.verdicts.items() if run.violations}
    return broken


def _without(project: Project, design: Design, control: str) -> Design:
    return replace(design, controls=Controls.of(design.system, without=[*project.without, control]))
