"""What one run of the harness is about: a requirements file, the designs it is held against, and the scenarios.

Reads every file once and raises all their mistakes together. Decides which scenarios belong: those below `scenarios/`
beside the requirements file that name no system of their own. Knows nothing of simulating or judging.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from harness.judge import Judge, wrong_stories
from harness.load import Problem, ProblemList, did_you_mean
from harness.plan import Controls, Scenario, System, control_catalogue, load_scenarios, load_system, words
from harness.plan.steps import steps_of, with_steps
from harness.requirements import RequirementSet, Source, compile_requirements, read_requirements
from harness.suite.insisted import insisted_problems
from harness.suite.step_scenarios import step_scenarios
from harness.suite.steps import declared_steps


class UsageError(Exception):
    """A mistake in what was asked for, outside any file: one sentence."""


@dataclass(frozen=True)
class Design:
    """One system as it will be simulated, and the requirements typed against its words.

    `shown` is the system's path as it was written, on the command line or in the requirements file. The system does the
    steps that the requirements declare.
    """

    shown: str
    path: str
    system: System
    controls: Controls
    requirements: RequirementSet

    def __post_init__(self) -> None:
        if not steps_of(self.system):
            object.__setattr__(self, "system", with_steps(self.system, declared_steps(self.system, self.requirements)))

    @cached_property
    def judge(self) -> Judge:
        """The judge of these requirements, compiled once for all runs."""
        return Judge(self.requirements, self.requirements.vocabulary)


@dataclass(frozen=True)
class Project:
    """Everything that a run needs, read and checked."""

    requirements_path: str
    designs: tuple[Design, ...]
    scenarios: tuple[Scenario, ...]
    replaced: bool
    without: tuple[str, ...]

    @property
    def as_written(self) -> bool:
        """Whether this is the file's own system with all its controls: only then does a result judge the file."""
        return not self.replaced and not self.without


def load_project(
    requirements_path: str | Path,
    *,
    systems: Sequence[str | Path] | None = None,
    only: Iterable[str] = (),
    without: Iterable[str] = (),
    scenarios: Sequence[Scenario] | None = None,
) -> Project:
    """Reads all files; raises ProblemList with every mistake in them, UsageError for an unknown id.

    `scenarios` stand in for those beside the requirements file.
    """
    path = str(requirements_path)
    taken_away = control_ids(without)
    source = read_requirements(path)
    found = _Gathered()
    named = [(str(one), str(one)) for one in systems] if systems else found.named_system(source)
    designs = [design for shown, file in named if (design := found.design(source, shown, file, taken_away)) is not None]
    chosen = found.scenarios(path) if scenarios is None else tuple(scenarios)
    found.raise_problems()
    if scenarios is None:
        chosen = (*chosen, *step_scenarios([design.system for design in designs], chosen))
    selected = frozenset(only)
    for design in designs:
        _check_known(sorted(selected), [one.id for one in design.requirements], "requirement")
    if selected:
        designs = [replace(design, requirements=design.requirements.only(selected)) for design in designs]
    return Project(path, tuple(designs), chosen, bool(systems), taken_away)


def control_ids(given: Iterable[str]) -> tuple[str, ...]:
    """Controls named by id or by name, as ids; raises UsageError for one that the catalogue does not have."""
    catalogue = control_catalogue()
    by_name = {control.name.lower(): key for key, control in catalogue.items()}
    by_name |= {key.lower(): key for key in catalogue}
    found: dict[str, None] = {}
    for one in given:
        key = by_name.get(one.strip().lower())
        if key is None:
            raise unknown("control", one, [*catalogue, *(control.name for control in catalogue.values())])
        found[key] = None
    return tuple(found)


def scenarios_folder(requirements_path: str | Path) -> str:
    """Where the scenarios of a requirements file are: `scenarios/` beside it, else the folder of that name it is in."""
    here = os.path.dirname(str(requirements_path))
    beside = os.path.join(here, "scenarios")
    parts = Path(os.path.abspath(here)).parts
    if not os.path.isdir(beside) and "scenarios" in parts:
        above = len(parts) - 1 - parts[::-1].index("scenarios")
        return os.path.relpath(os.path.join(*parts[: above + 1]))
    return beside


def _check_known(asked: Iterable[str], known: Iterable[str], what: str) -> None:
    names = list(known)
    for one in asked:
        if one not in names:
            raise unknown(what, one, names)


def unknown(what: str, asked: str, known: Iterable[str]) -> UsageError:
    """The mistake of naming something that does not exist, with what was probably meant."""
    near = did_you_mean(asked, known)
    return UsageError(f"unknown {what} `{asked}`" + (f"; {near}" if near else ""))


class _Gathered:
    """Loads one file after the other and keeps the mistakes of all."""

    def __init__(self) -> None:
        self.problems: dict[Problem, None] = {}

    def raise_problems(self) -> None:
        if self.problems:
            raise ProblemList(list(self.problems))

    def named_system(self, source: Source) -> list[tuple[str, str]]:
        """The system that a requirements file names: as written, and as a path from here."""
        path = source.document.path
        if source.system is not None:
            return [(source.system, os.path.join(os.path.dirname(path), source.system))]
        problem = Problem(path, 1, 1, "`system:` is missing", "name the system file, as in `system: system.yaml`")
        self.problems |= dict.fromkeys([*source.problems, problem])
        return []

    def design(self, source: Source, shown: str, file: str, without: tuple[str, ...]) -> Design | None:
        try:
            loaded = load_system(file)
            system = loaded.model
        except ProblemList as found:
            self.problems |= dict.fromkeys([*source.problems, *found.problems])
            return None
        try:
            requirements = compile_requirements(source, words(system))
        except ProblemList as found:
            self.problems |= dict.fromkeys(found.problems)
            return None
        self.problems |= dict.fromkeys(insisted_problems(system, loaded.document, requirements.vocabulary))
        for one in requirements:
            for story, message in wrong_stories(one, requirements.vocabulary):
                self.problems[requirements.problem(message, story.line, story.column)] = None
        return Design(shown, file, system, Controls.of(system, without=without), requirements)

    def scenarios(self, path: str) -> tuple[Scenario, ...]:
        folder = scenarios_folder(path)
        if not os.path.isdir(folder):
            return ()
        try:
            return tuple(one for one in load_scenarios(folder) if one.system is None)
        except ProblemList as found:
            self.problems |= dict.fromkeys(found.problems)
            return ()
