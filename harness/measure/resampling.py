"""Bounds of means, differences and quantiles by resampling whole runs: observations of one run are not independent.

Seeded, so that the same runs give the same bounds. A quantile is a value that occurred (inverted distribution function);
where the runs are too few for it to differ from the largest, it says so. Source: Efron and Tibshirani (1993), percentile
intervals; resampling of clusters, Davison and Hinkley (1997), 3.8.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.measure.stats import CONFIDENCE

if TYPE_CHECKING:
    import numpy

DRAWS = 2_000
FEW = 20
"""Fewer runs than this give percentile intervals that are too narrow to be relied on."""
BLOCK = 1 << 22
"""How many numbers are resampled at once, to bound the memory."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with bounds over runs, in the unit of what was measured; the bounds are None where they mean nothing.

    `note` says plainly what weakens it: too few runs, or no variation.
    """

    value: float
    low: float | None
    high: float | None
    runs: int
    note: str = ""


def mean_of_runs(values: Sequence[float], *, seed: int = 0, confidence: float = CONFIDENCE) -> Estimate:
    """The mean over runs with bounds; ValueError without a run."""
    return _estimate(values, seed=seed, confidence=confidence)


def paired_difference(
    left: Sequence[float], right: Sequence[float], *, seed: int = 0, confidence: float = CONFIDENCE
) -> Estimate:
    """How much more `right` is than `left` on the same runs, on average; whole pairs are resampled."""
    return _estimate([b - a for a, b in zip(left, right, strict=True)], seed=seed, confidence=confidence)


def quantile_of_runs(
    per_run: Sequence[Sequence[float]], share: float, *, seed: int = 0, confidence: float = CONFIDENCE
) -> Estimate:
    """The value that `share` of all observations do not exceed; `per_run` holds the observations of each run.

    ValueError where there is no observation at all.
    """
    import numpy

    runs = [numpy.asarray(run, dtype=float) for run in per_run if len(run)]
    if not runs:
        raise ValueError("a quantile of nothing was asked for")
    of_run = numpy.repeat(numpy.arange(len(runs)), [run.size for run in runs])
    observed = numpy.concatenate(runs)
    order = numpy.argsort(observed, kind="stable")
    observed, of_run = observed[order], of_run[order]
    point = float(observed[_reached(numpy.ones((1, observed.size)), share)[0]])
    if len(runs) == 1 or observed[0] == observed[-1]:
        return Estimate(point, None, None, len(runs), "one run" if len(runs) == 1 else "all observations are alike")

    def resampled(weights: numpy.ndarray[Any, Any]) -> numpy.ndarray[Any, Any]:
        found: numpy.ndarray[Any, Any] = observed[_reached(weights[:, of_run], share)]
        return found

    low, high = _interval(resampled, len(runs), observed.size, seed=seed, confidence=confidence)
    largest = (1 - share) * observed.size < 1
    note = "too few observations: this is the largest" if largest else _few(len(runs))
    return Estimate(point, low, high, len(runs), note)


def quantile(observed: Sequence[float], share: float) -> float | None:
    """The smallest observation that `share` of all do not exceed; None where there is none."""
    import numpy

    return float(numpy.quantile(observed, share, method="inverted_cdf")) if len(observed) else None


def _estimate(values: Sequence[float], *, seed: int, confidence: float) -> Estimate:
    import numpy

    observed = numpy.asarray(values, dtype=float)
    if observed.size == 0:
        raise ValueError("a mean of no runs was asked for")
    point = float(observed.mean())
    if observed.size == 1 or bool((observed == observed[0]).all()):
        note = "one run" if observed.size == 1 else "all runs are alike"
        return Estimate(point, None, None, observed.size, note)
    size = int(observed.size)
    low, high = _interval(lambda weights: weights @ observed / size, size, size, seed=seed, confidence=confidence)
    return Estimate(point, low, high, size, _few(size))


def _few(runs: int) -> str:
    return f"too few runs ({runs}) for bounds to be relied on" if runs < FEW else ""


def _interval(
    statistic: Callable[[numpy.ndarray[Any, Any]], numpy.ndarray[Any, Any]],
    runs: int,
    observations: int,
    *,
    seed: int,
    confidence: float,
) -> tuple[float, float]:
    """The percentile interval of a statistic of how often each run was drawn, over draws of as many runs as there are."""
    import numpy

    chance = numpy.random.default_rng(seed)
    even = numpy.full(runs, 1 / runs)
    each = min(DRAWS, max(1, BLOCK // observations))
    drawn = [statistic(chance.multinomial(runs, even, size=min(each, DRAWS - n))) for n in range(0, DRAWS, each)]
    low, high = numpy.quantile(numpy.concatenate(drawn), [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def _reached(weights: numpy.ndarray[Any, Any], share: float) -> numpy.ndarray[Any, Any]:
    """For each row of weights, where along it `share` of the row's weight is reached."""
    total = weights.cumsum(axis=1)
    reached: numpy.ndarray[Any, Any] = (total >= share * total[:, -1:] - 1e-9).argmax(axis=1)
    return reached
