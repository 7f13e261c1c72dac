"""Which controls a requirement rests on: those whose removal breaks it, found by taking each away from what attacked it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from harness.plan import Controls
from harness.suite.project import load_project
from harness.suite.runs import Job, run_all

BASE = "base"


def guards(
    requirements_path: str | Path, requirement: str, *, scenarios: Iterable[str], stopped_by: Iterable[str], seed: int = 0
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
