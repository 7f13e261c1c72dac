"""Ablation: every control taken away in turn, and named pairs, on all scenarios; which requirement each removal breaks.

    for ablation in ablate("requirements.yaml"): document(ablation)      # harness/ablate/1

Decides what a removal breaks: what is violated without the control and was not violated with it, scenario by scenario.
A run that failed is an error, never a pass. Whether that is what was predicted, `differences` says.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from harness.judge import Benign, combine
from harness.plan import Controls
from harness.plan.expected import Pair, expected_catalogue
from harness.suite.project import Design, Project, load_project
from harness.suite.runs import Job, Progress, RunOutcome, run_all

Removed = tuple[str, ...]
BASELINE: Removed = ()


@dataclass(frozen=True)
class Removal:
    """What some controls' removal came to.

    `verdicts` are those of all scenarios together; `broken` the scenarios that violate a requirement now and did not
    before, by requirement; `taken_over` how many more attacks others stopped, in the scenarios in which the removed
    controls had stopped some; `second` how many attacks a control would have stopped as well, had another not come first.
    """

    without: Removed
    verdicts: Mapping[str, str]
    broken: Mapping[str, tuple[str, ...]]
    taken_over: Mapping[str, int]
    second: Mapping[str, int]
    failures: Mapping[str, str]

    @property
    def scenarios(self) -> tuple[str, ...]:
        """The scenarios that violate something now and did not before, in the order of the scenarios."""
        return tuple(dict.fromkeys(name for names in self.broken.values() for name in names))


@dataclass(frozen=True)
class Ablation:
    """The matrix of one design.

    `honest` are the scenarios in which nothing misbehaves, `benign` what honest work came to with all controls on.
    """

    project: Project
    design: Design
    seed: int
    baseline: Removal
    removals: tuple[Removal, ...]
    pairs: tuple[Removal, ...]
    honest: frozenset[str]
    benign: Benign

    @property
    def requirements(self) -> tuple[str, ...]:
        return tuple(one.id for one in self.design.requirements)

    @property
    def failed(self) -> bool:
        """Whether a run gave no verdict."""
        return any(one.failures for one in (self.baseline, *self.removals, *self.pairs))

    @property
    def guards(self) -> dict[str, tuple[str, ...]]:
        """By requirement, the controls whose removal breaks it; a requirement without any is not guarded."""
        return {
            name: tuple(one.without[0] for one in self.removals if name in one.broken) for name in self.requirements
        }

    @property
    def sole_blockers(self) -> dict[str, tuple[str, ...]]:
        """By control, the attacks that it alone kept from breaking anything."""
        found = {one.without[0]: tuple(s for s in one.scenarios if s not in self.honest) for one in self.removals}
        return {control: scenarios for control, scenarios in found.items() if scenarios}

    @property
    def redundant(self) -> tuple[str, ...]:
        """The controls whose removal alone breaks nothing: others do their work, or nothing here puts them to the test."""
        return tuple(one.without[0] for one in self.removals if not one.broken)

    def only_together(self, pair: Removal) -> tuple[str, ...]:
        """The scenarios that break something without both controls and nothing without either."""
        alone = {name for one in self.removals if one.without[0] in pair.without for name in one.scenarios}
        return tuple(name for name in pair.scenarios if name not in alone)


def ablate(
    requirements_path: str | Path,
    *,
    systems: Sequence[str | Path] | None = None,
    without: Iterable[str] = (),
    seed: int = 0,
    pairs: bool = True,
    progress: Progress | None = None,
) -> list[Ablation]:
    """The matrix of each design; `without` is taken away in all of it, the baseline too.

    Raises ProblemList for mistakes in files and UsageError for an unknown control.
    """
    return ablate_project(
        load_project(requirements_path, systems=systems, without=without), seed=seed, pairs=pairs, progress=progress
    )


def ablate_project(
    project: Project, *, seed: int = 0, pairs: bool = True, progress: Progress | None = None
) -> list[Ablation]:
    """The matrices of a project that was read already; all runs share the processes."""
    plans = [(design, _removed(design, pairs=pairs)) for design in project.designs]
    jobs = [
        Job(variant, scenario, seed)
        for design, removed in plans
        for variant in (without(project, design, one) for one in removed)
        for scenario in project.scenarios
    ]
    outcomes = iter(run_all(jobs, progress))
    each = len(project.scenarios)
    return [
        _ablation(project, design, seed, {one: list(islice(outcomes, each)) for one in removed})
        for design, removed in plans
    ]


def without(project: Project, design: Design, removed: Removed) -> Design:
    """The design with these controls taken away too."""
    return replace(design, controls=Controls.of(design.system, without=(*project.without, *removed)))


def named_pairs(design: Design) -> list[Pair]:
    """The pairs of the catalogue that are both on in a design."""
    active = set(design.controls.active())
    return [pair for pair in expected_catalogue().pairs if active.issuperset(pair.controls)]


def _removed(design: Design, *, pairs: bool) -> list[Removed]:
    single: list[Removed] = [(control,) for control in design.controls.active()]
    double: list[Removed] = [tuple(pair.controls) for pair in named_pairs(design)] if pairs else []
    return [BASELINE, *single, *double]


def _ablation(project: Project, design: Design, seed: int, runs: Mapping[Removed, Sequence[RunOutcome]]) -> Ablation:
    before = runs[BASELINE]
    found = [_removal(project, design, removed, outcomes, before) for removed, outcomes in runs.items()]
    return Ablation(
        project=project,
        design=design,
        seed=seed,
        baseline=found[0],
        removals=tuple(one for one in found if len(one.without) == 1),
        pairs=tuple(one for one in found if len(one.without) > 1),
        honest=frozenset(one.id for one in project.scenarios if not one.twists()),
        benign=sum((run.benign for run in before), Benign()),
    )


def _removal(
    project: Project, design: Design, removed: Removed, now: Sequence[RunOutcome], before: Sequence[RunOutcome]
) -> Removal:
    names = [scenario.id for scenario in project.scenarios]
    broken = {
        requirement.id: tuple(
            name
            for name, then, after in zip(names, before, now, strict=True)
            if after.verdicts[requirement.id].violations and not then.verdicts[requirement.id].violations
        )
        for requirement in design.requirements
    }
    return Removal(
        without=removed,
        verdicts={one.id: combine(run.verdicts[one.id] for run in now).outcome.value for one in design.requirements},
        broken={requirement: scenarios for requirement, scenarios in broken.items() if scenarios},
        taken_over=_taken_over(removed, zip(before, now, strict=True)),
        second=_second(now),
        failures={name: run.failure for name, run in zip(names, now, strict=True) if run.failure is not None},
    )


def _taken_over(removed: Removed, runs: Iterable[tuple[RunOutcome, RunOutcome]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for before, now in runs:
        for requirement, then in before.verdicts.items():
            if any(control in then.stopped_by for control in removed):
                total.update(_increase(then.stopped_by, now.verdicts[requirement].stopped_by))
    return dict(sorted(total.items(), key=lambda item: (-item[1], item[0])))


def _second(runs: Iterable[RunOutcome]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for run in runs:
        for verdict in run.verdicts.values():
            total.update(verdict.would_also_stop)
    return dict(sorted(total.items()))


def _increase(then: Mapping[str, int], now: Mapping[str, int]) -> Iterator[str]:
    for control, times in now.items():
        yield from [control] * max(0, times - then.get(control, 0))
