"""Reads a sweep file with all that it names, and tries every value in its place: each mistake at its line of the file.

Values are tried one at a time, not all together: where two only fit apart, the runs of their cell fail and say so.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from harness.load import Document, Loaded, Problem, ProblemList, did_you_mean, load_model
from harness.measure.stats import runs_for_bound
from harness.plan import load_scenario, load_system, words
from harness.requirements import compile_requirements, read_requirements
from harness.suite import scenarios_of
from harness.sweep.knobs import OF_SCENARIO, SHARE, KnobError, values_of
from harness.sweep.model import MOST_RUNS, SweepFile
from harness.sweep.planning import Part, Plan, Sweep, checked, samples, settings_for


def load_sweep(path: str | Path) -> Sweep:
    """A sweep file with all that it names; raises ProblemList with every mistake.

    Every value of every knob is tried in its place, one at a time.
    """
    loaded = load_model(path, SweepFile)
    check = _Checked(loaded)
    sweep = Sweep(check.plan())
    check.raise_problems()
    check.try_values(sweep)
    check.raise_problems()
    return sweep


class _Checked:
    """Reads what a sweep file names, and holds every value against the models; keeps the mistakes."""

    def __init__(self, loaded: Loaded[SweepFile]) -> None:
        self.file, self.document = loaded.model, loaded.document
        self.problems: list[Problem] = []
        self.system_documents: list[Document] = []
        self.scenario_documents: list[Document] = []
        self.known: dict[str, str] | None = None

    def raise_problems(self) -> None:
        if self.problems:
            raise ProblemList(self.problems)

    def plan(self) -> Plan:
        file = self.file
        requirements = self._beside(file.requirements)
        source = read_requirements(requirements)
        named = [(one, self._beside(one)) for one in file.systems]
        if not named and source.system is not None:
            named = [(source.system, os.path.join(os.path.dirname(requirements), source.system))]
        if not named:
            self.problems.append(self.document.problem("no system is named here, nor by the requirements"))
        systems = tuple(self._system(shown, path, source, number) for number, (shown, path) in enumerate(named))
        if len({part.name for part in systems}) < len(systems):
            systems = tuple(replace(part, name=part.path) for part in systems)
        scenarios = tuple(self._scenario(name, requirements, number) for number, name in enumerate(file.scenarios))
        knobs = tuple((path, self._values(path)) for path in file.knobs)
        return Plan(
            title=file.title,
            requirements_path=file.requirements,
            requirements_text=source.document.text,
            systems=systems,
            scenarios=scenarios,
            only=tuple(file.only),
            settings=dict(file.settings),
            knobs=knobs,
            draws=tuple((path, draw.model_dump(exclude_none=True)) for path, draw in file.draws.items()),
            runs=self._runs(knobs, len(systems) * len(scenarios)),
            seed=file.seed,
            reach=file.reach,
            batch=file.batch,
        )

    def _runs(self, knobs: Sequence[tuple[str, Sequence[Any]]], grids: int) -> int:
        """The runs of a cell: those that the file says, or as many as its bound takes in all cells at once."""
        if self.file.bound is None:
            return self.file.runs
        runs = runs_for_bound(self.file.bound, cells=grids * math.prod(len(values) for _, values in knobs))
        if runs > MOST_RUNS:
            told = f"a bound of {self.file.bound:g} takes {runs:,} runs of each cell, more than {MOST_RUNS:,}"
            self.problems.append(self.document.problem(told, "bound"))
        return runs

    def _beside(self, path: str) -> str:
        return os.path.normpath(os.path.join(os.path.dirname(self.document.path), path))

    def _system(self, shown: str, path: str, source: Any, number: int) -> Part:
        loaded = load_system(path)
        self.system_documents.append(loaded.document)
        compiled = compile_requirements(source, words(loaded.model))
        if self.file.only:
            known = [one.id for one in compiled]
            for place, one in enumerate(self.file.only):
                if one not in known:
                    self.problems.append(self.document.problem(f"unknown requirement `{one}`", "only", place))
        return Part(loaded.model.name, shown, loaded.document.value)

    def _scenario(self, name: str, requirements: str, number: int) -> Part:
        path = self._beside(name) if name.endswith((".yaml", ".yml")) else self._known(requirements).get(name)
        if path is None:
            hint = did_you_mean(name, self._known(requirements))
            self.problems.append(
                self.document.problem(f"unknown scenario `{name}`", "scenarios", number, suggestion=hint)
            )
            return Part(name, name, {})
        loaded = load_scenario(path)
        self.scenario_documents.append(loaded.document)
        return Part(loaded.model.id, name, loaded.document.value)

    def _known(self, requirements: str) -> dict[str, str]:
        """The paths of the scenarios beside the requirements, by id; read once."""
        if self.known is None:
            self.known = {one.id: one.path for one in scenarios_of(requirements)}
        return self.known

    def _values(self, path: str) -> list[Any]:
        try:
            return values_of(self.file.knobs[path])
        except KnobError as wrong:
            self.problems.append(self.document.problem(str(wrong), "knobs", path))
            return [None]

    def try_values(self, sweep: Sweep) -> None:
        """Each setting, each value of each knob and an example of each draw, on every system or scenario it is for."""
        sofar: dict[str, Any] = {}
        for path, value in self.file.settings.items():
            sofar[path] = value
            self._try(sofar, "settings", path)
        for path in [path for path, _ in sweep.plan.knobs if path in sweep.draws]:
            self.problems.append(self.document.problem(f"`{path}` is a knob too", "draws", path, on_key=True))
        for path, values in sweep.plan.knobs:
            if path.startswith(SHARE):
                self._check_share(path, values, sweep)
                continue
            for value in values:
                self._try({**self.file.settings, path: value}, "knobs", path)
        for path, draw in sweep.draws.items():
            for value in samples(draw):
                self._try({**self.file.settings, path: value}, "draws", path)

    def _check_share(self, path: str, values: Sequence[Any], sweep: Sweep) -> None:
        draw = sweep.draws.get(path.removeprefix(SHARE))
        if draw is None or draw.sometimes is None:
            told = f"`{path}` needs a draw `{path.removeprefix(SHARE)}` with `sometimes`"
        elif not all(isinstance(one, (int, float)) and 0 <= one <= 1 for one in values):
            told = "a share lies between 0 and 1"
        else:
            return
        self.problems.append(self.document.problem(told, "knobs", path, on_key=True))

    def _try(self, settings: Mapping[str, Any], group: str, path: str) -> None:
        """Puts settings, the last of them at `path`, where they belong, and keeps what is wrong with that."""
        of_scenario = path.startswith(OF_SCENARIO)
        own = settings_for(settings, of_scenario=of_scenario)
        for document in self.scenario_documents if of_scenario else self.system_documents:
            try:
                checked(document, own, of_scenario=of_scenario)
            except (KnobError, ProblemList) as wrong:
                told = str(wrong) if isinstance(wrong, KnobError) else wrong.problems[0].text
                problem = self.document.problem(f"`{path}`: {told}", group, path, on_key=True)
                self.problems += [problem] if problem not in self.problems else []
                return
