"""A roadmap: from one design to another, the control or pair that closes most per unit of effort, until all is kept.

Closed is counted in breaks, a scenario with a requirement that it breaks. The choice is greedy: it looks one control
ahead, at the pairs that the catalogue names, and at all other pairs only where nothing of these helps any more. What
closes breaks by refusing honest work does not help. What systems differ in beside controls (how tokens travel) comes
first, as a step of its own. Efforts are inputs, one unit for each step or control unless given.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Any

from harness.judge import Benign
from harness.plan import Controls, Scenario, System, control_catalogue
from harness.plan.expected import expected_catalogue
from harness.suite.project import Design, Project, UsageError
from harness.suite.runs import Job, Progress, RunOutcome, run_all

Addition = tuple[str, ...]
Break = tuple[str, str]
"""A scenario and the requirement that it breaks."""
SYSTEM = "system"
"""The step that takes over what the target is beside its controls, as how tokens travel."""


@dataclass(frozen=True)
class Step:
    """One addition, or the start (nothing added), and the design after it.

    `breaks` counts scenarios by the requirement that they break; `closed` is how many fewer there are than before the
    step, `effort` what it took, in the units given.
    """

    added: Addition
    effort: float
    closed: int
    breaks: Mapping[str, int]
    benign: Benign = field(default_factory=Benign)

    @property
    def left(self) -> int:
        return sum(self.breaks.values())


@dataclass(frozen=True)
class Roadmap:
    """The steps in order, the start first; `left_out` are controls of the target that nothing here asked for."""

    start: str
    target: str
    steps: tuple[Step, ...]
    left_out: tuple[str, ...]

    @property
    def reached(self) -> bool:
        """Whether nothing is broken at the end."""
        return self.steps[-1].left == 0


def find_roadmap(
    project: Project, *, effort: Mapping[str, float] | None = None, seed: int = 0, progress: Progress | None = None
) -> Roadmap:
    """The roadmap from a project's first design to the controls of its second, which it takes with their settings.

    Stops where nothing is broken, or where neither a control nor a pair helps. Raises UsageError where the project has
    not two designs, an effort is not above zero, or a run fails.
    """
    walk = _Walk(project, _efforts(effort or {}), seed, progress)
    while walk.state.breaks and walk.step_on(walk.candidates()):
        pass
    return walk.roadmap()


def follow(
    project: Project,
    additions: Sequence[Sequence[str]],
    *,
    effort: Mapping[str, float] | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Roadmap:
    """What a given order of additions comes to: one pass over all scenarios for each step; raises as `find_roadmap`."""
    walk = _Walk(project, _efforts(effort or {}), seed, progress)
    for added in map(tuple, additions):
        walk.add(added)
    return walk.roadmap()


@dataclass(frozen=True)
class _State:
    """What a design breaks over all scenarios, and how honest work fares."""

    breaks: frozenset[Break]
    benign: Benign

    def serves_as_well_as(self, other: _State) -> bool:
        """Whether honest work is refused no more often and completed no less."""
        own, others = self.benign, other.benign
        less_refused = own.refused_calls <= others.refused_calls
        return less_refused and own.completed * others.tasks >= others.completed * own.tasks


class _Walk:
    """A way from one design to another: where it is now, and the steps so far."""

    def __init__(self, project: Project, efforts: Mapping[str, float], seed: int, progress: Progress | None) -> None:
        if len(project.designs) != 2:
            raise UsageError("a roadmap leads from one system to another: name two")
        self.start, self.target = project.designs
        self.scenarios, self.efforts, self.seed, self.progress = project.scenarios, efforts, seed, progress
        active = set(self.start.controls.active())
        self.wanted = tuple(one for one in self.target.controls.active() if one not in active)
        self.taken: Addition = ()
        self.steps: list[Step] = []
        self.state = self._look(self.start)
        self._write((), self.state)
        if _settings(self.start.system) != _settings(self.target.system):
            self._take((SYSTEM,), self._look(self._design(())))

    def roadmap(self) -> Roadmap:
        left_out = tuple(one for one in self.wanted if one not in self.taken)
        return Roadmap(self.start.system.name, self.target.system.name, tuple(self.steps), left_out)

    def add(self, added: Addition) -> None:
        """Takes a step whatever it does; raises UsageError for one that leads nowhere."""
        for one in added:
            if one not in self.wanted or one in self.taken:
                raise UsageError(f"`{one}` is no control that `{self.target.system.name}` still adds")
        self._take(added, self._look(self._design(added)))

    def candidates(self) -> Iterator[list[Addition]]:
        """What may come next: single controls and pairs that the catalogue names, then all other pairs."""
        rest = [one for one in self.wanted if one not in self.taken]
        named = [tuple(pair.controls) for pair in expected_catalogue().pairs if set(pair.controls) <= set(rest)]
        yield [*((one,) for one in rest), *named]
        yield [pair for pair in combinations(rest, 2) if pair not in named]

    def step_on(self, groups: Iterable[Sequence[Addition]]) -> bool:
        """Takes what closes most per unit of effort in the first group in which something helps; whether there was one."""
        for added in (one for group in groups for one in self._by_worth(group)):
            after = self._look(self._design(added))
            if after.serves_as_well_as(self.state) and len(after.breaks) < len(self.state.breaks):
                self._take(added, after)
                return True
        return False

    def _by_worth(self, candidates: Sequence[Addition]) -> list[Addition]:
        """The candidates that close something of what is broken now, the most per unit of effort first."""
        broken = {name for name, _ in self.state.breaks}
        scenarios = [one for one in self.scenarios if one.id in broken]
        outcomes = iter(self._run([self._design(one) for one in candidates], scenarios))
        worth: dict[Addition, float] = {}
        for one in candidates:
            left = set(_breaks((scenario, next(outcomes)) for scenario in scenarios))
            worth[one] = (len(self.state.breaks) - len(left)) / self._effort(one)
        return sorted((one for one in candidates if worth[one] > 0), key=lambda one: -worth[one])

    def _effort(self, added: Addition) -> float:
        return sum(self.efforts[one] for one in added)

    def _take(self, added: Addition, after: _State) -> None:
        self._write(added, after)
        self.taken, self.state = (*self.taken, *added), after

    def _write(self, added: Addition, after: _State) -> None:
        breaks = {one.id: sum(key == one.id for _, key in after.breaks) for one in self.start.requirements}
        closed = len(self.state.breaks) - len(after.breaks)
        self.steps.append(Step(added, self._effort(added), closed, breaks, after.benign))

    def _design(self, added: Addition) -> Design:
        settings = {one: self.start.controls.setting(one) for one in control_catalogue()}
        taken = (one for one in (*self.taken, *added) if one != SYSTEM)
        settings.update({one: self.target.controls.setting(one) for one in taken})
        return replace(self.target, controls=Controls(settings))

    def _look(self, design: Design) -> _State:
        outcomes = self._run([design], self.scenarios)
        breaks = _breaks(zip(self.scenarios, outcomes, strict=True))
        return _State(frozenset(breaks), sum((one.benign for one in outcomes), Benign()))

    def _run(self, designs: Iterable[Design], scenarios: Sequence[Scenario]) -> list[RunOutcome]:
        jobs = [Job(design, scenario, self.seed) for design in designs for scenario in scenarios]
        outcomes = run_all(jobs, self.progress)
        for job, one in zip(jobs, outcomes, strict=True):
            if one.failure is not None:
                raise UsageError(f"scenario `{job.scenario.id}` failed on the way, so nothing is known: {one.failure}")
        return outcomes


def _settings(system: System) -> dict[str, Any]:
    """What a system is, beside its controls and what is said of it."""
    return system.model_dump(exclude={"controls", "controls_default", "name", "text", "based_on"})


def _breaks(outcomes: Iterable[tuple[Scenario, RunOutcome]]) -> Iterable[Break]:
    return ((scenario.id, key) for scenario, one in outcomes for key, run in one.verdicts.items() if run.violations)


def _efforts(given: Mapping[str, float]) -> dict[str, float]:
    """The effort of every step, 1 where none is given."""
    if any(not value > 0 for value in given.values()):
        raise UsageError("the effort of a control lies above zero")
    return {one: float(given.get(one, 1.0)) for one in (SYSTEM, *control_catalogue())}
