"""A sweep, read and checked: everything that its runs need, in one value that travels to workers, and what each run is.

Runs are numbered: system by system, scenario by scenario, cell by cell of the grid, seed by seed. What number means what
follows from the file alone, so that any worker can make any run, in any order, at any time.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import msgspec

from harness.load import Document, validate
from harness.load.document import Mark
from harness.plan import Scenario, system_of
from harness.suite.cached import own_fingerprint
from harness.sweep.knobs import (
    NOTHING,
    OF_SCENARIO,
    SHARE,
    column,
    described,
    drawn,
    with_settings,
)
from harness.sweep.model import Draw

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
