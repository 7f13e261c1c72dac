"""One scenario on one design under one seed, with its trace: what a replay shows and a witness promises."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from harness.judge import RunVerdict
from harness.plan import Scenario, load_scenario, scenario_files
from harness.suite.project import Design, load_project, scenarios_folder, unknown
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
    without: Iterable[str] = (),
    seed: int = 0,
    reach: bool = False,
) -> Single:
    """Runs a scenario, named by id or by path, on the system that is given, else its own, else the file's.

    Raises ProblemList and UsageError for mistakes of input, and whatever a failing run raises.
    """
    chosen = scenario_named(scenario, requirements_path)
    own = system if system is not None else own_system(chosen)
    project = load_project(requirements_path, systems=[own] if own else None, without=without, scenarios=())
    design = project.designs[0]
    trace = simulate(design.system, design.controls, chosen, seed=seed, reach=reach)
    return Single(design, chosen, trace, design.judge.judge(trace))


def scenarios_of(requirements_path: str | Path) -> list[Scenario]:
    """All scenarios beside a requirements file, those with a system of their own too; raises ProblemList."""
    folder = scenarios_folder(requirements_path)
    return [load_scenario(path).model for path in scenario_files(folder)] if os.path.isdir(folder) else []


def scenario_named(name: str, requirements_path: str | Path) -> Scenario:
    """The scenario with an id, or in a file; raises ProblemList, and UsageError where there is none."""
    if name.endswith((".yaml", ".yml")):
        return load_scenario(name).model
    known = {one.id: one for one in scenarios_of(requirements_path)}
    if name not in known:
        raise unknown("scenario", name, known)
    return known[name]


def own_system(scenario: Scenario) -> str | None:
    """The path of the system that a scenario names, from here: the file says it from its own folder."""
    if scenario.system is None:
        return None
    return os.path.normpath(os.path.join(os.path.dirname(scenario.path), scenario.system))
