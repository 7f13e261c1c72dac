"""Designs side by side on the same draws: verdicts, honest use, what it costs, and what lies open meanwhile.

    comparison = compare("requirements.yaml", ["a.yaml", "b.yaml"], runs=20)

Every design meets the same people, tasks and misfortunes (one seed is one draw), so designs are compared draw by draw.
Exposure and cost are summed over the scenarios of a draw; only `measure` says what they mean.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from harness.judge import Benign, RunVerdict, benign, combine, failed_run
from harness.measure.cost import cost
from harness.measure.exposure import ALL, exposures
from harness.measure.resampling import Estimate, mean_of_runs, paired_difference
from harness.report.words import benign_warning
from harness.suite.paired import Outcomes, broken_rate, cases, number_lines, paired_runs, varied, verdict_lines
from harness.suite.project import Design, Project, load_project
from harness.suite.runs import Job, Progress, reason_of, run_each
from harness.world import simulate

SCHEMA = "harness/compare/1"
COSTS = ("as_requests", "introspections", "tokens", "token_bytes_total", "prompts")


@dataclass(frozen=True)
class Measured:
    """One run of one scenario on one design: verdicts, honest use, record-seconds by slice, and counted cost."""

    verdicts: Mapping[str, RunVerdict]
    benign: Benign = field(default_factory=Benign)
    record_s: Mapping[str, float] = field(default_factory=dict)
    cost: Mapping[str, float] = field(default_factory=dict)
    failure: str | None = None


@dataclass(frozen=True)
class Side:
    """One design over all draws.

    `exposure` is in record-seconds for a draw, by slice; `cost` counts for a draw: requests to authorization servers,
    introspections, tokens and their bytes, prompts to people.
    """

    design: Design
    verdicts: Mapping[str, str]
    outcomes: Outcomes
    cases: Outcomes
    benign: Benign
    exposure: Mapping[str, tuple[float, ...]]
    cost: Mapping[str, tuple[float, ...]]
    failures: Mapping[str, str]

    @property
    def violated_runs(self) -> dict[str, int]:
        """In how many runs each requirement was broken."""
        return {key: sum(one is True for one in runs) for key, runs in self.outcomes.items()}


@dataclass(frozen=True)
class Comparison:
    """All designs on the same draws; `runs` counts those of each."""

    project: Project
    seeds: tuple[int, ...]
    runs: int
    sides: tuple[Side, ...]

    @property
    def failed(self) -> bool:
        """Whether a run gave no verdict."""
        return any(side.failures for side in self.sides)

    @property
    def varied(self) -> tuple[str, ...]:
        """What differs between the cases of a design."""
        return varied(len(self.project.scenarios), len(self.seeds))


def compare(
    requirements_path: str | Path,
    systems: Sequence[str | Path],
    *,
    without: Iterable[str] = (),
    seed: int = 0,
    runs: int = 1,
    progress: Progress | None = None,
) -> Comparison:
    """Runs every scenario on every system with each of `runs` seeds from `seed` on.

    Raises ProblemList for mistakes in files and UsageError for an unknown control.
    """
    project = load_project(requirements_path, systems=systems, without=without)
    seeds = tuple(range(seed, seed + runs))
    jobs = [Job(design, scenario, one) for design in project.designs for one in seeds for scenario in project.scenarios]
    found = run_each(jobs, measured_run, lost=measured_failed, progress=progress)
    each = len(seeds) * len(project.scenarios)
    sides = [
        _side(project, design, seeds, found[number * each : (number + 1) * each])
        for number, design in enumerate(project.designs)
    ]
    return Comparison(project, seeds, each, tuple(sides))


def measured_run(job: Job) -> Measured:
    """Simulates one job with what lies within reach, judges it and measures it; what is raised becomes its failure."""
    try:
        trace = simulate(job.design.system, job.design.controls, job.scenario, seed=job.seed, reach=True)
        spent = cost(trace)
        counted = {
            "as_requests": spent.as_requests or 0,
            "introspections": spent.introspections or 0,
            "tokens": spent.tokens,
            "token_bytes_total": float(trace.counters.get("token_bytes", 0)),
            "prompts": spent.prompts or 0,
        }
        open_to = {one.slice: one.record_s for one in exposures(trace) if one.category == ALL}
        return Measured(job.design.judge.judge(trace), benign(trace), open_to, counted)
    except Exception as error:
        return measured_failed(job, reason_of(error))


def measured_failed(job: Job, reason: str) -> Measured:
    """A run that failed: an error for every requirement, and nothing measured."""
    return Measured(failed_run(job.design.requirements, reason), failure=reason)


def _side(project: Project, design: Design, seeds: Sequence[int], found: Sequence[Measured]) -> Side:
    each = len(project.scenarios)
    draws = [found[number * each : (number + 1) * each] for number in range(len(seeds))]
    slices = dict.fromkeys(name for one in found for name in one.record_s)
    names = [f"{scenario.id} seed {seed}" for seed in seeds for scenario in project.scenarios]
    outcomes = {
        r.id: tuple(None if one.failure is not None else bool(one.verdicts[r.id].violations) for one in found)
        for r in design.requirements
    }
    return Side(
        design=design,
        verdicts={r.id: combine(one.verdicts[r.id] for one in found).outcome.value for r in design.requirements},
        outcomes=outcomes,
        cases=cases(outcomes, each),
        benign=sum((one.benign for one in found), Benign()),
        exposure={name: tuple(sum(one.record_s.get(name, 0.0) for one in draw) for draw in draws) for name in slices},
        cost={name: tuple(sum(one.cost.get(name, 0.0) for one in draw) for draw in draws) for name in COSTS},
        failures={name: one.failure for name, one in zip(names, found, strict=True) if one.failure is not None},
    )


def document(comparison: Comparison) -> dict[str, Any]:
    """The comparison as JSON values, `harness/compare/1`; differences are of each design from the first one."""
    first = comparison.sides[0]
    return {
        "schema": SCHEMA,
        "requirements": comparison.project.requirements_path,
        "without": list(comparison.project.without),
        "seeds": list(comparison.seeds),
        "runs": comparison.runs,
        "varied": list(comparison.varied),
        "systems": [_side_document(side, first, comparison.varied) for side in comparison.sides],
    }


def _side_document(side: Side, first: Side, differs: Sequence[str]) -> dict[str, Any]:
    used = side.benign
    rates = {key: broken_rate(runs, differs) for key, runs in side.cases.items()}
    pairs = {} if side is first else paired_runs(first.cases, side.cases)
    return {
        "system": side.design.shown,
        "name": side.design.system.name,
        "controls": list(side.design.controls.active()),
        "verdicts": dict(side.verdicts),
        "violated_runs": dict(side.violated_runs),
        "violated_share": {key: {"low": one.low, "high": one.high, "text": one.text} for key, one in rates.items()},
        "against_first": {key: msgspec.structs.asdict(one) for key, one in pairs.items()},
        "benign": {
            "tasks": used.tasks,
            "completed": used.completed,
            "refused_calls": used.refused_calls,
            "challenge_round_trips": used.challenge_round_trips,
        },
        "exposure_record_s": _estimates(side.exposure, first.exposure),
        "cost": _estimates(side.cost, first.cost),
        "failures": dict(side.failures),
    }


def _estimates(own: Mapping[str, tuple[float, ...]], first: Mapping[str, tuple[float, ...]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, values in own.items():
        found[name] = _estimate(mean_of_runs(values))
        if own is not first and name in first:
            found[name]["more_than_first"] = _estimate(paired_difference(first[name], values))
    return found


def _estimate(one: Estimate) -> dict[str, Any]:
    return {
        "mean": round(one.value, 3),
        "low": None if one.low is None else round(one.low, 3),
        "high": None if one.high is None else round(one.high, 3),
        "draws": one.runs,
        "note": one.note,
    }


def rows(comparison: Comparison) -> list[list[str]]:
    """A row for each thing compared, a column for each design: verdicts, honest use, exposure, cost."""
    sides = comparison.sides
    found = [[key, *(_verdict(side, key, comparison.runs) for side in sides)] for key in sides[0].verdicts]
    found.append(["honest tasks completed", *(f"{side.benign.completed:,} of {side.benign.tasks:,}" for side in sides)])
    found.append(["honest calls refused", *(f"{side.benign.refused_calls:,}" for side in sides)])
    names = dict.fromkeys(name for side in sides for name in side.exposure)
    for name in names:
        found.append(
            [f"{name.replace('_', ' ')}, record-seconds", *(_mean(side, side.exposure.get(name, ())) for side in sides)]
        )
    for name in COSTS:
        found.append([COST_WORDS[name], *(_mean(side, side.cost.get(name, ())) for side in sides)])
    return found


COST_WORDS: Mapping[str, str] = {
    "as_requests": "requests to authorization servers",
    "introspections": "of these introspections",
    "tokens": "tokens issued",
    "token_bytes_total": "bytes of tokens",
    "prompts": "prompts to people",
}


def _verdict(side: Side, requirement: str, runs: int) -> str:
    words = {"held": "kept", "violated": "broken", "not_challenged": "not tested", "error": "failed"}
    hits = side.violated_runs.get(requirement, 0)
    said = words.get(side.verdicts.get(requirement, ""), "not stated")
    return f"{said} ({hits:,} of {runs:,} runs)" if hits else said


def _mean(side: Side, values: Sequence[float]) -> str:
    """What a run that failed would have added is not known, so then nothing is said."""
    if side.failures:
        return "failed"
    return f"{sum(values) / len(values):,.0f}" if values else "not measured"


def differences(comparison: Comparison) -> list[str]:
    """How each design differs from the first one on the same draws: in which runs it breaks what, and what lies open."""
    first, *others = comparison.sides
    name = first.design.system.name
    told = []
    for side in others:
        differs = ", ".join(comparison.varied) or "nothing, one case"
        told.append(f"\n{side.design.system.name} against {name}, case by case (varied: {differs}); p: exact McNemar test, "
                    "adjusted for all requirements; bounds: 95 %, by resampling draws")  # fmt: skip
        pairs = paired_runs(first.cases, side.cases)
        told += [f"  {line}" for line in verdict_lines(side.design.system.name, name, pairs)]
        if not comparison.failed:
            told += [f"  {line}" for line in number_lines(first.exposure, side.exposure, "record-seconds")]
    return told


def warnings(comparison: Comparison) -> list[str]:
    """A sentence for each design that gets its verdicts by refusing honest work."""
    told = ((side.design.system.name, benign_warning(side.benign)) for side in comparison.sides)
    return [f"{name}: {warning}" for name, warning in told if warning]
