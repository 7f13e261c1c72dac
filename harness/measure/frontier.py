"""Cost against exposure: what designs or settings ask of authorization servers, and what they leave within reach meanwhile.

Reads one row a run, as sweeps store them; the unit is the run. pandas is imported by what is called.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.measure.summary import means

if TYPE_CHECKING:
    import pandas

WITHOUT_RIGHT = ("after_departure", "after_logout", "after_denial", "without_consent", "foreign")
"""Slices of exposure in which nobody was entitled to what lay within reach."""
_FOUND = ("value", "low", "high")


def frontier(runs: pandas.DataFrame, by: Sequence[str], *, seed: int = 0) -> pandas.DataFrame:
    """A row for each cell: columns of `by`, cost, cost_low, cost_high, exposure, exposure_low, exposure_high, runs.

    Cost is requests to authorization servers an hour of simulated time (introspections are among them); exposure is
    record-seconds a run within reach without right: of the slices that may overlap, the largest of each run counts, so it is
    never too much. Scenarios with the same seed are one draw and are averaged first; `runs` counts draws. Means over draws,
    with 95 % bounds by resampling them.
    """
    numbers = runs.assign(
        cost=runs["as_requests_per_s"] * 3600,
        exposure=runs[[f"{name}_record_s" for name in WITHOUT_RIGHT]].max(axis=1),
    )
    draws = numbers.groupby([*by, "seed"], as_index=False)[["cost", "exposure"]].mean()
    cost, exposure = (
        means(draws, name, by, seed=seed)
        .rename(columns={found: name if found == "value" else f"{name}_{found}" for found in _FOUND})
        .drop(columns=["largest", "note"])
        for name in ("cost", "exposure")
    )
    both: pandas.DataFrame = cost.merge(exposure.drop(columns="runs"), on=list(by))
    return both
