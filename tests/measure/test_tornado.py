"""Inputs one at a time, and cost against exposure, on numbers worked by hand."""

from __future__ import annotations

import pandas
import pytest

from harness.measure.frontier import WITHOUT_RIGHT, frontier
from harness.measure.tornado import one_at_a_time


def grid() -> pandas.DataFrame:
    """An answer of 10 a + b + seed over a grid of a and b."""
    rows = [
        {"a": a, "b": b, "scenario": "S1", "seed": seed, "answer": 10.0 * a + b + seed}
        for a in (0, 1, 3)
        for b in (0, 5)
        for seed in range(-10, 11)
    ]
    return pandas.DataFrame(rows)


def test_one_input_moves_while_the_others_stay() -> None:
    table = one_at_a_time(grid(), "answer", {"b": 0, "a": 1})
    a, b = table.to_dict("records")
    assert (a["knob"], a["low"], a["high"], a["at_low"], a["at_base"], a["at_high"]) == ("a", 0, 3, 0, 10, 30)
    assert (b["knob"], b["at_low"], b["at_high"], b["moved"], b["runs"]) == ("b", 10, 15, 5, 21)
    assert (b["moved_low"], b["moved_high"]) == (None, None), "on the same draws every pair moves alike: nothing varied"


def test_a_base_that_is_not_on_the_grid_is_said() -> None:
    with pytest.raises(ValueError, match="no run at"):
        one_at_a_time(grid(), "answer", {"a": 2, "b": 0})


def test_runs_without_the_number_are_left_out() -> None:
    runs = grid()
    runs.loc[(runs["seed"] == 3) & (runs["b"] == 5), "answer"] = None
    table = one_at_a_time(runs, "answer", {"a": 1, "b": 0})
    assert dict(zip(table["knob"], table["runs"], strict=True)) == {"a": 21, "b": 20}


def test_cost_and_exposure_are_means_over_draws_and_overlapping_slices_count_once() -> None:
    none = dict.fromkeys((f"{name}_record_s" for name in WITHOUT_RIGHT), 0.0)
    rows = [
        {
            "system": "x",
            "scenario": scenario,
            "seed": seed,
            "as_requests_per_s": 0.01,
            **none,
            "after_logout_record_s": 8.0 * seed,
        }
        for scenario in ("S1", "S2")
        for seed in (1, 2)
    ]
    rows[0]["after_departure_record_s"] = 12.0
    (found,) = frontier(pandas.DataFrame(rows), ["system"]).to_dict("records")
    assert found["cost"] == pytest.approx(36)
    assert found["exposure"] == pytest.approx(((12 + 8) / 2 + 16) / 2)
    assert found["runs"] == 2
    assert found["exposure_low"] <= found["exposure"] <= found["exposure_high"]


def test_pairs_that_move_differently_have_bounds_around_their_mean() -> None:
    runs = grid()
    runs.loc[runs["b"] == 5, "answer"] += runs["seed"] / 10
    table = one_at_a_time(runs, "answer", {"a": 1, "b": 0}).set_index("knob")
    assert table.loc["b", "moved_low"] < table.loc["b", "moved"] == 5 < table.loc["b", "moved_high"]
