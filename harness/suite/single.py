"""One scenario on one design under one seed, with its trace: what a replay shows and a witness promises."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from harness.judge import RunVerdict
from harness.plan import Controls, Scenario, load_scenario, scenario_files, words
from harness.plan.designs import design_of, variant_of
from harness.plan.steps import step_twist_name
from harness.requirements import load_requirements
from harness.suite.project import Design, control_ids, load_project, scenarios_folder, unknown
from harness.suite.step_scenarios import step_scenarios
from harness.trace import Trace
from harness.world import simulate


@dataclass(frozen=True)
class Single:
    """One run, and what each requirement says to it."""

    design: Design
    scenario: Scenario
    trace: Trace
    verdicts: Mapping[str, RunVerdict]

    @cached_property
    def breaking(self) -> dict[int | str, list[str]]:
        """The requirements that each event breaks, by the event's id."""
        found: dict[int | str, list[str]] = {}
        for key, run in self.verdicts.items():
            for violation in run.violations:
                found.setdefault(violation.events[-1], []).append(key)
        return {event_id: list(dict.fromkeys(keys)) for event_id, keys in found.items()}


def run_single(
    scenario: str,
    *,
    requirements_path: str | Path,
    system: str | None = None,
    design: str | None = None,
    variant: str | None = None,
    without: Iterable[str] = (),
    seed: int = 0,
    reach: bool = False,
) -> Single:
    """Runs a scenario, named by id or by path, on the system that is given, else its own, else the file's.

    `design` and `variant` are names in a scenario file that has designs of its own. Raises ProblemList and UsageError
    for mistakes of input, and whatever a failing run raises.
    """
    asked = scenario_named(scenario, requirements_path, system)
    _check_named("design", design, asked.designs, asked)
    _check_named("variant", variant, asked.variants, asked)
    chosen = variant_of(asked, variant)
    if asked.system is not None and system is None:
        on = _own_design(asked, design, requirements_path, control_ids(without))
    else:
        systems = [system] if system is not None else None
        on = load_project(requirements_path, systems=systems, without=without, scenarios=()).designs[0]
    trace = simulate(on.system, on.controls, chosen, seed=seed, reach=reach)
    return Single(on, chosen, trace, on.judge.judge(trace))


def _check_named(what: str, name: str | None, known: Mapping[str, object], scenario: Scenario) -> None:
    if name is not None and name not in known:
        raise unknown(f"{what} of {scenario.id}", name, known)


def _own_design(
    scenario: Scenario, name: str | None, requirements_path: str | Path, without: tuple[str, ...]
) -> Design:
    """The system that a scenario file names, under one of its designs, and the requirements that it is about."""
    folder = os.path.dirname(scenario.path)
    stated = os.path.join(folder, scenario.requirements) if scenario.requirements else str(requirements_path)
    shown = os.path.normpath(os.path.join(folder, str(scenario.system)))
    system = design_of(scenario, name)
    requirements = load_requirements(stated, words(system))
    return Design(shown, shown, system, Controls.of(system, without=without), requirements)


def scenarios_of(requirements_path: str | Path) -> list[Scenario]:
    """All scenarios beside a requirements file, those with a system of their own too; raises ProblemList."""
    folder = scenarios_folder(requirements_path)
    return [load_scenario(path).model for path in scenario_files(folder)] if os.path.isdir(folder) else []


def step_scenarios_of(requirements_path: str | Path, system: str | None = None) -> list[Scenario]:
    """The scenarios that a requirements file's own events give rise to, on its system or another; raises ProblemList."""
    project = load_project(requirements_path, systems=[system] if system is not None else None, scenarios=())
    return list(step_scenarios([design.system for design in project.designs]))


def scenario_named(name: str, requirements_path: str | Path, system: str | None = None) -> Scenario:
    """The scenario with an id, or in a file; raises ProblemList, and UsageError where there is none."""
    if name.endswith((".yaml", ".yml")):
        return load_scenario(name).model
    known = {one.id: one for one in scenarios_of(requirements_path)}
    if name not in known and step_twist_name(name) is not None:
        known |= {one.id: one for one in step_scenarios_of(requirements_path, system)}
    if name not in known:
        raise unknown("scenario", name, known)
    return known[name]
