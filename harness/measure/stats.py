"""What some runs allow us to say of a rate: exact bounds, comparisons in pairs, adjustments for many cells, sample sizes.

The unit is the run. Every rate names what varied between its runs; where nothing did, it is one case and has no bounds.
Zero hits give an upper bound, never a proof, and no rate is the probability of a breach. Sources: Clopper and Pearson
(1934), McNemar (1947), Holm (1979), Strassburger and Bretz (2008) for bounds that go with Holm's procedure.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

CONFIDENCE = 0.95
WIDE = 0.1
"""Bounds further apart than this are said to rest on too few runs."""


@dataclass(frozen=True, slots=True)
class Rate:
    """In `hits` of `runs` runs something was so; `low` and `high` bound the share, None where bounds mean nothing.

    `varied` says what differed between the runs ("departures", "message loss"); empty for one deterministic case.
    """

    hits: int
    runs: int
    low: float | None
    high: float | None
    varied: tuple[str, ...]
    confidence: float = CONFIDENCE

    @property
    def share(self) -> float | None:
        return self.hits / self.runs if self.runs else None

    @property
    def deterministic(self) -> bool:
        return self.runs > 0 and not self.varied

    @property
    def too_few(self) -> bool:
        return self.runs == 0 or (self.low is not None and self.high is not None and self.high - self.low > WIDE)

    @property
    def text(self) -> str:
        """The rate as a sentence's end: what was seen, between which bounds, and what varied."""
        if not self.runs:
            return "nothing was run"
        if self.low is None or self.high is None:
            return f"{'yes' if self.hits else 'no'} (deterministic, one case)"
        bounds = f"at most {_percent(self.high)}" if not self.hits else f"{_percent(self.low)} to {_percent(self.high)}"
        few = "; too few runs to say more" if self.too_few else ""
        seen = f"{self.hits:,} of {self.runs:,} runs, {bounds} ({self.confidence:.0%} bounds{few})"
        return f"{seen}; varied: {', '.join(self.varied)}"


@dataclass(frozen=True, slots=True)
class Paired:
    """The same runs under two designs, and on how many of them something was so under which.

    `p_value` is that of the exact McNemar test: how often chance alone splits the runs that differ at least so unevenly.
    """

    both: int
    only_left: int
    only_right: int
    neither: int
    p_value: float

    @property
    def runs(self) -> int:
        return self.both + self.only_left + self.only_right + self.neither


def rate(hits: int, runs: int, *, varied: Sequence[str], confidence: float = CONFIDENCE) -> Rate:
    """A share of runs with exact bounds; ValueError where one deterministic case is said to differ from itself."""
    if not varied or not runs:
        if 0 < hits < runs:
            raise ValueError(f"{hits} of {runs} runs differ although nothing varied")
        return Rate(hits, runs, None, None, tuple(varied), confidence)
    low, high = clopper_pearson(hits, runs, confidence=confidence)
    return Rate(hits, runs, low, high, tuple(varied), confidence)


def clopper_pearson(hits: int, runs: int, *, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Exact two-sided bounds of a share: at least `confidence` of such intervals hold the true one, whatever it is."""
    from scipy.stats import binomtest

    interval = binomtest(hits, runs).proportion_ci(confidence_level=confidence, method="exact")
    return float(interval.low), float(interval.high)


def upper_bound(hits: int, runs: int, *, level: float) -> float:
    """The exact one-sided upper bound of a share; `level` is the risk that the true share lies above."""
    from scipy.stats import beta

    return 1.0 if hits >= runs else float(beta.ppf(1 - level, hits + 1, runs - hits))


def mcnemar(left: Sequence[bool], right: Sequence[bool]) -> Paired:
    """Compares two designs on the same draws, run by run; ValueError where the runs are not the same in number."""
    from scipy.stats import binomtest

    pairs = [(bool(a), bool(b)) for a, b in zip(left, right, strict=True)]
    only_left, only_right = pairs.count((True, False)), pairs.count((False, True))
    differ = only_left + only_right
    p_value = float(binomtest(only_left, differ, 0.5).pvalue) if differ else 1.0
    return Paired(pairs.count((True, True)), only_left, only_right, pairs.count((False, False)), p_value)


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values adjusted for being many (Holm's step-down), in the order given; each may be held against the whole risk."""
    order = sorted(range(len(p_values)), key=lambda index: p_values[index])
    adjusted = [0.0] * len(p_values)
    worst = 0.0
    for rank, index in enumerate(order):
        worst = max(worst, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = worst
    return adjusted


def holm_upper_bounds(
    cells: Sequence[tuple[int, int]], *, threshold: float, confidence: float = CONFIDENCE
) -> list[float]:
    """Upper bounds of the shares of many cells (hits, runs) that hold all at once with `confidence`.

    A cell whose share Holm's procedure shows to lie below `threshold` is bounded by it, the others share the risk that is
    left; so a cell is bounded by the threshold exactly where Holm's test rejects that its share is higher.
    """
    from scipy.stats import binom

    risk = 1 - confidence
    p_values = [float(binom.cdf(hits, runs, threshold)) if runs else 1.0 for hits, runs in cells]
    below = [p <= risk for p in holm(p_values)]
    if all(below):
        return [min(threshold, upper_bound(hits, runs, level=risk / len(cells))) for hits, runs in cells]
    level = risk / below.count(False)
    return [threshold if b else upper_bound(*cell, level=level) for cell, b in zip(cells, below, strict=True)]


def runs_for_bound(bound: float, *, cells: int = 1, confidence: float = CONFIDENCE) -> int:
    """How many runs without a single hit it takes until the share is bounded by `bound` (two-sided, exact).

    With several `cells` so many runs in each bound them all at once, as `holm_upper_bounds` does (one-sided there, so that
    two cells take as many as one). ValueError where the bound is no share.
    """
    if not 0 < bound < 1:
        raise ValueError(f"a bound lies between 0 and 1, not at {bound}")
    level = (1 - confidence) / max(2, cells)
    runs = math.ceil(math.log(level) / math.log1p(-bound))
    while upper_bound(0, runs, level=level) > bound:  # rounding may leave us one short
        runs += 1
    return runs


def runs_for_width(width: float, *, share: float = 0.5, confidence: float = CONFIDENCE) -> int:
    """How many runs it takes until the bounds of a share near `share` lie no further apart than `width`."""
    if not 0 < width < 1:
        raise ValueError(f"a width lies between 0 and 1, not at {width}")
    enough = 1
    while _width(enough, share, confidence) > width:
        enough *= 2
    short = enough // 2
    while enough - short > 1:
        middle = (short + enough) // 2
        short, enough = (short, middle) if _width(middle, share, confidence) <= width else (middle, enough)
    return enough


def _width(runs: int, share: float, confidence: float) -> float:
    low, high = clopper_pearson(round(share * runs), runs, confidence=confidence)
    return high - low


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"
