"""Many runs as a table of rates and means with their bounds: frames of a sweep in, tidy frames out.

A row of the input is what one run showed of one requirement (or one run, for its numbers); `by` names the columns that
make a cell. The unit is the run; runs that failed are counted apart and never as passes. pandas is imported when called.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from harness.measure.resampling import Estimate, mean_of_runs, paired_difference, quantile_of_runs
from harness.measure.stats import CONFIDENCE, holm, holm_upper_bounds, mcnemar, rate

if TYPE_CHECKING:
    import pandas

PAIR = ("scenario", "seed")
"""Columns that say which runs of two designs met the same draws."""


def violation_rates(
    frame: pandas.DataFrame,
    by: Sequence[str],
    *,
    varied: Sequence[str],
    threshold: float = 0.05,
    confidence: float = CONFIDENCE,
) -> pandas.DataFrame:
    """In how many runs of a cell each requirement was violated, with exact bounds.

    Columns: those of `by`, requirement, runs, failed (left out of runs), challenged (runs with an attack that was stopped),
    violated, share, low, high, high_all (upper bounds that hold for all rows at once, Holm with `threshold`), too_few,
    text. Bounds are None where nothing varied.
    """
    import pandas

    keys = [*by, "requirement"]
    rows = [_rate_row(dict(zip(keys, key, strict=True)), cell, varied, confidence) for key, cell in _cells(frame, keys)]
    if varied and rows:
        counted = [(row["violated"], row["runs"]) for row in rows]
        bounds: list[float | None] = list(holm_upper_bounds(counted, threshold=threshold, confidence=confidence))
    else:
        bounds = [None] * len(rows)
    columns = ["runs", "failed", "challenged", "violated", "share", "low", "high", "high_all", "too_few", "text"]
    rows = [row | {"high_all": bound} for row, bound in zip(rows, bounds, strict=True)]
    return pandas.DataFrame(rows, columns=[*keys, *columns])


def means(
    runs: pandas.DataFrame, column: str, by: Sequence[str], *, seed: int = 0, confidence: float = CONFIDENCE
) -> pandas.DataFrame:
    """The mean of a number over the runs of each cell, with bounds by resampling runs.

    Columns: those of `by`, runs (that have the number), value, low, high, largest, note (too few runs; windows that their
    runs cut off); the unit is that of the column.
    """
    return _estimates(runs, column, by, lambda some: mean_of_runs(some, seed=seed, confidence=confidence))


def quantiles(
    runs: pandas.DataFrame,
    column: str,
    share: float,
    by: Sequence[str],
    *,
    seed: int = 0,
    confidence: float = CONFIDENCE,
) -> pandas.DataFrame:
    """The value that `share` of the runs of each cell do not exceed, with bounds; columns as of `means`."""
    return _estimates(
        runs,
        column,
        by,
        lambda some: quantile_of_runs([[one] for one in some], share, seed=seed, confidence=confidence),
    )


def verdicts_compared(
    frame: pandas.DataFrame, of: str, left: Any, right: Any, *, pair: Sequence[str] = PAIR
) -> pandas.DataFrame:
    """Two designs on the same draws, requirement by requirement: exact McNemar tests, Holm-adjusted over requirements.

    `of` is the column that tells the designs apart, `left` and `right` its two values. Columns: requirement, pairs, both,
    only_left, only_right, neither (runs violated under which design), p_value, p_adjusted. Pairs with a failed run are left
    out.
    """
    import pandas

    rows = []
    for (requirement,), group in _cells(frame[frame["verdict"] != "error"], ["requirement"]):
        violated = group.assign(violated=group["violations"] > 0)
        sides = _sides(violated, "violated", of, left, right, pair)
        found = mcnemar(list(sides["left"]), list(sides["right"]))
        counts = (found.runs, found.both, found.only_left, found.only_right, found.neither, found.p_value)
        rows.append((requirement, *counts))
    columns = ["requirement", "pairs", "both", "only_left", "only_right", "neither", "p_value"]
    table = pandas.DataFrame(rows, columns=columns)
    return table.assign(p_adjusted=holm(list(table["p_value"])))


def numbers_compared(
    runs: pandas.DataFrame,
    column: str,
    of: str,
    left: Any,
    right: Any,
    *,
    pair: Sequence[str] = PAIR,
    seed: int = 0,
    confidence: float = CONFIDENCE,
) -> Estimate:
    """How much more a number is under `right` than under `left` on the same draws, on average, with bounds."""
    sides = _sides(runs[runs[column].notna()], column, of, left, right, pair)
    return paired_difference(list(sides["left"]), list(sides["right"]), seed=seed, confidence=confidence)


def _cells(frame: pandas.DataFrame, keys: Sequence[str]) -> list[tuple[tuple[Any, ...], pandas.DataFrame]]:
    """The cells of a frame in the order of their keys; without keys one with everything."""
    if not keys:
        return [((), frame)] if len(frame) else []
    return [(key, cell) for key, cell in frame.groupby(list(keys), sort=True, dropna=False)]


def _rate_row(key: dict[str, Any], cell: pandas.DataFrame, varied: Sequence[str], confidence: float) -> dict[str, Any]:
    failed = int((cell["verdict"] == "error").sum())
    made = cell[cell["verdict"] != "error"]
    found = rate(int((made["violations"] > 0).sum()), len(made), varied=varied, confidence=confidence)
    return key | {
        "runs": found.runs,
        "failed": failed,
        "challenged": int((made["challenged"] > 0).sum()),
        "violated": found.hits,
        "share": found.share,
        "low": found.low,
        "high": found.high,
        "too_few": found.too_few,
        "text": found.text + (f"; {failed} runs failed" if failed else ""),
    }


def _estimates(
    runs: pandas.DataFrame, column: str, by: Sequence[str], estimate: Callable[[list[float]], Estimate]
) -> pandas.DataFrame:
    import pandas

    rows = []
    for key, cell in _cells(runs[runs[column].notna()], by):
        found = estimate([float(one) for one in cell[column]])
        note = "; ".join(one for one in (found.note, _cut_off(cell, column)) if one)
        rows.append((*key, found.runs, found.value, found.low, found.high, float(cell[column].max()), note))
    return pandas.DataFrame(rows, columns=[*by, "runs", "value", "low", "high", "largest", "note"])


def _cut_off(cell: pandas.DataFrame, column: str) -> str:
    """What to say of windows that had not ended when their runs did: the true ones are longer."""
    flag = f"{column.removesuffix('_s')}_cut"
    cut = int(cell[flag].sum()) if flag in cell.columns else 0
    return f"{cut} of {len(cell)} runs ended before the window did, so it is longer" if cut else ""


def _sides(
    frame: pandas.DataFrame, column: str, of: str, left: Any, right: Any, pair: Sequence[str]
) -> pandas.DataFrame:
    """The values of a column under two designs, side by side; ValueError where a run stands twice for one pair."""
    keys = list(pair)
    sides = [frame.loc[frame[of] == value, [*keys, column]].rename(columns={column: name})
             for value, name in ((left, "left"), (right, "right"))]  # fmt: skip
    if any(side.duplicated(keys).any() for side in sides):
        raise ValueError(
            f"several runs of one design share the same {', '.join(keys)}: name what else tells them apart"
        )
    both: pandas.DataFrame = sides[0].merge(sides[1], on=keys, how="inner")
    return both
