"""What lies open without either of two controls and without both: the degree that verdicts hide.

Two removals may break the same requirement and differ a hundredfold in what is within reach meanwhile. Each slice is
summed over the scenarios in which what it begins with happens: somebody leaves, signs out, an agent is denied. The
numbers are those of `measure`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness.plan import Scenario
from harness.plan.expected import Pair
from harness.suite.ablate import BASELINE, Removed, named_pairs, without
from harness.suite.compare import Measured, measured_failed, measured_run
from harness.suite.project import Design, Project
from harness.suite.runs import Job, Progress, run_each

Runs = Mapping[tuple[Removed, str], Measured]


@dataclass(frozen=True)
class Grade:
    """Record-seconds in one slice of what lies within reach: with both controls, without either, without both.

    None where a run failed.
    """

    pair: Removed
    slice: str
    with_both: float | None
    without_first: float | None
    without_second: float | None
    without_both: float | None


def grades(project: Project, design: Design, *, seed: int = 0, progress: Progress | None = None) -> tuple[Grade, ...]:
    """The grades of every named pair that is on in a design, slice by slice."""
    pairs = [pair for pair in named_pairs(design) if pair.exposure]
    wanted = [
        (removed, scenario)
        for pair in pairs
        for removed in _removals(pair)
        for scenario in project.scenarios
        if any(BEGINS[name](scenario) for name in pair.exposure)
    ]
    jobs = {
        (removed, scenario.id): Job(without(project, design, removed), scenario, seed) for removed, scenario in wanted
    }
    found = run_each(list(jobs.values()), measured_run, lost=measured_failed, progress=progress)
    runs = dict(zip(jobs, found, strict=True))
    return tuple(_grade(project, pair, name, runs) for pair in pairs for name in pair.exposure)


def _leaves(scenario: Scenario) -> bool:
    return any(one.leaves is not None for one in scenario.visits)


def _logs_out(scenario: Scenario) -> bool:
    return any(one.logs_out is not None for one in scenario.visits)


def _denies(scenario: Scenario) -> bool:
    return any(one.disable_agent is not None for one in scenario.actions)


BEGINS: Mapping[str, Callable[[Scenario], bool]] = {
    "after_departure": _leaves,
    "after_logout": _logs_out,
    "after_denial": _denies,
}
"""By slice, whether what it begins with happens in a scenario."""


def _removals(pair: Pair) -> Iterable[Removed]:
    first, second = pair.controls
    return (BASELINE, (first,), (second,), (first, second))


def _grade(project: Project, pair: Pair, name: str, runs: Runs) -> Grade:
    scenarios = [one.id for one in project.scenarios if BEGINS[name](one)]
    totals = (_total([runs[removed, one] for one in scenarios], name) for removed in _removals(pair))
    return Grade(tuple(pair.controls), name, *totals)


def _total(runs: Sequence[Measured], name: str) -> float | None:
    failed = any(one.failure is not None for one in runs)
    return None if failed else sum(one.record_s.get(name, 0.0) for one in runs)
