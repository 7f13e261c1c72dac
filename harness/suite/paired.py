"""Two designs run by run: in which runs one breaks a requirement and the other does not, with the exact McNemar test;
and how much more lies open on the same draws, with bounds by resampling them.

A pair is one scenario on both designs (or one seed, where there is a single scenario). Scenarios were chosen and not drawn:
the test says how seldom chance alone would split the runs so unevenly, and nothing about
how often attacks like these happen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from harness.measure.resampling import paired_difference
from harness.measure.stats import Rate, holm, mcnemar, rate
from harness.report.words import count

Outcomes = Mapping[str, Sequence[bool | None]]
"""By requirement, whether each run broke it, in the order of the runs; None where the run failed."""


class PairedRuns(msgspec.Struct, frozen=True):
    """How two designs differ in one requirement: cases broken under both, one or none of them; p values of the split.

    `p_adjusted` is Holm's, over all requirements of the comparison of these two designs.
    """

    both: int
    only_first: int
    only_this: int
    neither: int
    p_value: float
    p_adjusted: float


def cases(outcomes: Outcomes, scenarios: int) -> Outcomes:
    """The independent cases among runs that go seed by seed, scenario by scenario.

    Several seeds of one scenario are hardly more evidence than one, since what decides whether an attack succeeds is the
    design: with several scenarios each is one case, broken where some seed of it is. The seeds of a single scenario are
    the cases themselves.
    """
    if scenarios <= 1:
        return outcomes
    return {key: tuple(_any(runs[number::scenarios]) for number in range(scenarios)) for key, runs in outcomes.items()}


def _any(runs: Sequence[bool | None]) -> bool | None:
    made = [one for one in runs if one is not None]
    return any(made) if made else None


def paired_runs(first: Outcomes, this: Outcomes) -> dict[str, PairedRuns]:
    """Each requirement of both designs on the same runs; pairs with a failed run are left out."""
    found = {}
    for key in (key for key in first if key in this):
        pairs = [(a, b) for a, b in zip(first[key], this[key], strict=True) if a is not None and b is not None]
        found[key] = mcnemar([bool(a) for a, _ in pairs], [bool(b) for _, b in pairs])
    adjusted = holm([one.p_value for one in found.values()])
    return {
        key: PairedRuns(one.both, one.only_left, one.only_right, one.neither, one.p_value, p_adjusted)
        for (key, one), p_adjusted in zip(found.items(), adjusted, strict=True)
    }


def varied(scenarios: int, seeds: int) -> tuple[str, ...]:
    """What differs between the cases of one design (see `cases`): nothing where there is one."""
    if scenarios > 1:
        return ("which scenario",)
    return ("thinking time of models and network latency",) if seeds > 1 else ()


def broken_rate(outcomes: Sequence[bool | None], differs: Sequence[str]) -> Rate:
    """In how many runs a requirement was broken, with exact bounds; runs that failed are left out."""
    made = [one for one in outcomes if one is not None]
    return rate(sum(made), len(made), varied=differs)


def verdict_lines(name: str, first: str, found: Mapping[str, PairedRuns]) -> list[str]:
    """A line for each requirement in which two designs differ in some case, or one that they differ in none."""
    told = [
        f"{key}: broken by {name} alone in {count(one.only_this, 'case')}, by {first} alone in {one.only_first:,}; "
        f"p = {one.p_adjusted:.2g}"
        for key, one in found.items()
        if one.only_first or one.only_this
    ]
    return told or ["broken are the same requirements in the same cases"]


def number_lines(first: Mapping[str, Sequence[float]], this: Mapping[str, Sequence[float]], unit: str) -> list[str]:
    """A line for each number that differs: how much more it is than in the first design, on the same draws, with bounds.

    Numbers that one draw alone knows have no bounds and no line.
    """
    told = []
    for key in (key for key in first if key in this and len(first[key]) == len(this[key]) > 1):
        more = paired_difference(first[key], this[key])
        if more.low is not None and more.high is not None:
            bounds = f"{more.low:+,.0f} to {more.high:+,.0f}{'; ' + more.note if more.note else ''}"
            told.append(f"{key.replace('_', ' ')}: {more.value:+,.0f} {unit} for a draw ({bounds})")
    return told
