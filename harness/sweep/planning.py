"""A sweep, read and checked: everything that its runs need, in one value that travels to workers, and what each run is.

Runs are numbered: system by system, scenario by scenario, cell by cell of the grid, seed by seed. What number means what
follows from the file alone, so that any worker can make any run, in any order, at any time.
"""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from harness.load import Document, Loaded, Problem, ProblemList, did_you_mean, load_model, validate
from harness.load.document import Mark
from harness.plan import Scenario, load_scenario, load_system, system_of, words
from harness.requirements import compile_requirements, read_requirements
from harness.suite import scenarios_of
from harness.suite.cached import own_fingerprint
from harness.sweep.knobs import (
    NOTHING,
    OF_SCENARIO,
    SHARE,
    KnobError,
    column,
    described,
    drawn,
    values_of,
    with_settings,
)
from harness.sweep.model import Draw, SweepFile

VARIES_ALWAYS = "thinking time of models and network latency"


class Part(msgspec.Struct, frozen=True):
    """A system or scenario as a value: its name in results, the path it was read from, and what its file says."""

    name: str
    path: str
    value: Any


class Plan(msgspec.Struct, frozen=True):
    """Everything that the runs of a sweep need; `knobs` are (path, values), `draws` (path, draw)."""

    title: str
    requirements_path: str
    requirements_text: str
    systems: tuple[Part, ...]
    scenarios: tuple[Part, ...]
    only: tuple[str, ...]
    settings: dict[str, Any]
    knobs: tuple[tuple[str, list[Any]], ...]
    draws: tuple[tuple[str, dict[str, Any]], ...]
    runs: int
    seed: int
    reach: bool
    batch: int


@dataclass(frozen=True, slots=True)
class RunSpec:
    """One run: which system and scenario, which cell of the grid, under which seed."""

    run: int
    system: int
    scenario: int
    cell: int
    seed: int


class Sweep:
    """A plan, with what follows from it."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.draws = {path: Draw.model_validate(given) for path, given in plan.draws}
        self.cells = math.prod(len(values) for _, values in plan.knobs)
        self.total = len(plan.systems) * len(plan.scenarios) * self.cells * plan.runs

    @property
    def batches(self) -> int:
        return -(-self.total // self.plan.batch)

    @cached_property
    def encoded(self) -> bytes:
        """The plan as bytes: what is sent to a worker."""
        return msgspec.json.encode(self.plan)

    @cached_property
    def fingerprint(self) -> str:
        """A hash of the plan and of the harness itself: results with the same one can stand side by side."""
        return hashlib.sha256(self.encoded + own_fingerprint().encode()).hexdigest()

    @property
    def varied(self) -> tuple[str, ...]:
        """What differed between the runs of a cell; nothing where there is one."""
        if self.plan.runs == 1:
            return ()
        return (*(described(path, draw) for path, draw in self.draws.items()), VARIES_ALWAYS)

    def batch(self, number: int) -> range:
        """The runs of a batch."""
        start = number * self.plan.batch
        return range(start, min(start + self.plan.batch, self.total))

    def run(self, number: int) -> RunSpec:
        """What a run is, from its number."""
        rest, order = divmod(number, self.plan.runs)
        rest, cell = divmod(rest, self.cells)
        system, scenario = divmod(rest, len(self.plan.scenarios))
        return RunSpec(number, system, scenario, cell, self.plan.seed + order)

    def cell(self, number: int) -> dict[str, Any]:
        """The values of the knobs in a cell, by path; the last knob changes first."""
        found = {}
        for path, values in reversed(self.plan.knobs):
            number, index = divmod(number, len(values))
            found[path] = values[index]
        return {path: found[path] for path, _ in self.plan.knobs}

    def drawn(self, seed: int, cell: Mapping[str, Any]) -> dict[str, Any]:
        """What is drawn in the run of a cell with a seed, by path; what does not happen in it is left out."""
        found = {path: drawn(draw, seed, path, share=cell.get(SHARE + path)) for path, draw in self.draws.items()}
        return {path: value for path, value in found.items() if value is not NOTHING}

    @cached_property
    def columns(self) -> dict[str, str]:
        """The column of each knob and draw, by path."""
        found = {path: column(path, values) for path, values in self.plan.knobs}
        return found | {path: column(path, samples(draw)) for path, draw in self.draws.items()}


def decoded(plan: bytes) -> Sweep:
    """The sweep of an encoded plan."""
    return Sweep(msgspec.json.decode(plan, type=Plan))


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
        return Plan(
            title=file.title,
            requirements_path=file.requirements,
            requirements_text=source.document.text,
            systems=systems,
            scenarios=scenarios,
            only=tuple(file.only),
            settings=dict(file.settings),
            knobs=tuple((path, self._values(path)) for path in file.knobs),
            draws=tuple((path, draw.model_dump(exclude_none=True)) for path, draw in file.draws.items()),
            runs=file.runs,
            seed=file.seed,
            reach=file.reach,
            batch=file.batch,
        )

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


def settings_for(settings: Mapping[str, Any], *, of_scenario: bool) -> dict[str, Any]:
    """The settings that are meant for scenarios, or for systems, by their paths there."""
    of_files = {path: value for path, value in settings.items() if not path.startswith(SHARE)}
    own = {path: value for path, value in of_files.items() if path.startswith(OF_SCENARIO) == of_scenario}
    return {path.removeprefix(OF_SCENARIO): value for path, value in own.items()}


def checked(document: Document, settings: Mapping[str, Any], *, of_scenario: bool) -> Any:
    """A system or scenario with some settings in their places; raises KnobError or ProblemList."""
    changed = copy(document)
    changed.value = with_settings(document.value, settings)
    changed.root = _marked(changed.value)
    return validate(changed, Scenario) if of_scenario else system_of(changed).model


def document_of(part: Part) -> Document:
    """A part as a document again, without the places of what stands in it."""
    document = Document(part.path, "")
    document.value = part.value
    return document


def _marked(value: Any) -> Mark:
    """Places for a value that stands in no file as it is: all of them at the start, so that mistakes can be told."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return Mark(0, 0, parts={key: _marked(part) for key, part in items})


def samples(draw: Draw) -> Sequence[Any]:
    """Values that a draw can give, at its ends: all of them have to fit."""
    if draw.choice is not None:
        return draw.choice
    if draw.uniform is not None:
        return draw.uniform
    return [draw.exponential if draw.sometimes is None else draw.sometimes]
