"""Which inputs move an answer: one knob at a time from its lowest to its highest value, the others where they are.

Reads the frame of a sweep over a grid; the unit is the run, and the runs of two ends are compared in pairs on the same
draws. Knows nothing of how the runs came about. pandas is imported when called.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from harness.measure.resampling import mean_of_runs, paired_difference
from harness.measure.summary import PAIR

if TYPE_CHECKING:
    import pandas


def one_at_a_time(runs: pandas.DataFrame, column: str, base: Mapping[str, Any], *, seed: int = 0) -> pandas.DataFrame:
    """How far each knob of `base` moves the mean of `column`, a row for each knob, the one that moves it most first.

    `base` names the knobs' columns and the values that the others are held at. Columns: knob, low, high (its least and
    greatest value), at_low, at_base, at_high (means over runs), moved, moved_low, moved_high (at_high less at_low, on the
    same draws, with 95 % bounds), runs. Raises ValueError where the grid has no cell at the base.
    """
    import pandas

    rows = [_row(runs, column, base, knob, seed) for knob in base]
    columns = ["knob", "low", "high", "at_low", "at_base", "at_high", "moved", "moved_low", "moved_high", "runs"]
    table = pandas.DataFrame(rows, columns=columns)
    order = (table[["at_low", "at_high"]].max(axis=1) - table[["at_low", "at_high"]].min(axis=1)).sort_values(
        ascending=False, kind="stable"
    )
    return table.loc[order.index].reset_index(drop=True)


def _row(runs: pandas.DataFrame, column: str, base: Mapping[str, Any], knob: str, seed: int) -> tuple[Any, ...]:
    values = sorted(runs[knob].unique())
    low, high = values[0], values[-1]
    ends = [_at(runs, column, {**base, knob: value}) for value in (low, base[knob], high)]
    both = ends[0].merge(ends[2], on=list(PAIR), suffixes=("_low", "_high"))
    moved = paired_difference(list(both[f"{column}_low"]), list(both[f"{column}_high"]), seed=seed)
    means = [mean_of_runs(list(one[column]), seed=seed).value for one in ends]
    return (knob, low, high, *means, moved.value, moved.low, moved.high, moved.runs)


def _at(runs: pandas.DataFrame, column: str, cell: Mapping[str, Any]) -> pandas.DataFrame:
    """The runs of one cell that have the number."""
    some = runs[runs[column].notna()]
    for knob, value in cell.items():
        some = some[some[knob] == value]
    if some.empty:
        where = ", ".join(f"{knob} {value}" for knob, value in cell.items())
        raise ValueError(f"the sweep has no run at {where}")
    return some[[*PAIR, column]]
