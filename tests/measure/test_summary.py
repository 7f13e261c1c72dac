"""Tables over runs: rates with bounds, means, quantiles, and designs in pairs, against numbers worked by hand."""

from __future__ import annotations

import pandas
import pytest

from harness.measure.stats import clopper_pearson
from harness.measure.summary import means, numbers_compared, quantiles, verdicts_compared, violation_rates


def frame(shown: dict[str, list[int | None]], *, requirement: str = "R1") -> pandas.DataFrame:
    """Runs by design: how many violations each run had, None for a run that failed."""
    rows = [
        {
            "run": number,
            "design": design,
            "scenario": "S02",
            "seed": number,
            "requirement": requirement,
            "verdict": "error" if n is None else "violated" if n else "held",
            "violations": n or 0,
            "challenged": 1,
            "exposure_s": 10.0 * (n or 0) + number,
        }
        for design, each in shown.items()
        for number, n in enumerate(each)
    ]
    return pandas.DataFrame(rows)


def test_rates_count_runs_and_leave_failed_ones_out_aloud() -> None:
    table = violation_rates(frame({"a": [0] * 38 + [3, 1], "b": [0] * 9 + [None]}), ["design"], varied=["departures"])
    a, b = table.to_dict("records")
    assert (a["runs"], a["violated"], a["failed"], a["share"]) == (40, 2, 0, 0.05)
    assert (a["low"], a["high"]) == clopper_pearson(2, 40)
    assert (b["runs"], b["violated"], b["failed"], b["low"], b["too_few"]) == (9, 0, 1, 0.0, True)
    assert b["text"].endswith("varied: departures; 1 runs failed")
    assert a["high_all"] > a["low"]


def test_one_case_has_no_bounds() -> None:
    (row,) = violation_rates(frame({"a": [2]}), ["design"], varied=()).to_dict("records")
    assert row["text"] == "yes (deterministic, one case)"
    assert pandas.isna(row["low"])
    assert pandas.isna(row["high_all"])


def test_nothing_but_failures_is_no_rate() -> None:
    (row,) = violation_rates(frame({"a": [None, None]}), ["design"], varied=["departures"]).to_dict("records")
    assert (row["runs"], row["failed"], row["text"]) == (0, 2, "nothing was run; 2 runs failed")


def test_means_and_quantiles_of_a_number_with_the_largest_beside_them() -> None:
    runs = frame({"a": [0] * 100, "b": [1] * 100})
    a, b = means(runs, "exposure_s", ["design"]).to_dict("records")
    assert (a["runs"], a["value"], a["largest"]) == (100, 49.5, 99.0)
    assert a["low"] < 49.5 < a["high"]
    assert b["value"] == 59.5
    (p95,) = quantiles(runs[runs["design"] == "a"], "exposure_s", 0.95, []).to_dict("records")
    assert p95["value"] == 94.0


def test_two_designs_are_compared_run_by_run() -> None:
    runs = frame({"a": [1] * 8 + [0] * 12, "b": [0] * 20})
    both = pandas.concat([runs, frame({"a": [0] * 20, "b": [0] * 20}, requirement="R2")])
    one, two = verdicts_compared(both, "design", "a", "b").to_dict("records")
    assert (one["pairs"], one["only_left"], one["only_right"], one["neither"]) == (20, 8, 0, 12)
    assert one["p_value"] == pytest.approx(2 / 2**8)
    assert one["p_adjusted"] == pytest.approx(4 / 2**8)
    assert (two["p_value"], two["p_adjusted"]) == (1.0, 1.0)
    less = numbers_compared(runs, "exposure_s", "design", "a", "b")
    assert less.value == -4.0
    assert less.high is not None
    assert less.high < 0


def test_pairs_with_a_failed_run_are_left_out_and_ambiguous_pairs_are_refused() -> None:
    runs = frame({"a": [1, 1, None], "b": [0, None, 0]})
    (row,) = verdicts_compared(runs, "design", "a", "b").to_dict("records")
    assert row["pairs"] == 1
    with pytest.raises(ValueError, match="name what else tells them apart"):
        verdicts_compared(pandas.concat([runs, runs]), "design", "a", "b")


def test_windows_that_their_runs_cut_off_are_said_to_be_longer() -> None:
    runs = pandas.DataFrame({"residual_s": [float(n) for n in range(30)], "residual_cut": [1, 1] + [0] * 28})
    (row,) = means(runs, "residual_s", []).to_dict("records")
    assert row["note"] == "2 of 30 runs ended before the window did, so it is longer"
    (whole,) = means(runs.assign(residual_cut=0), "residual_s", []).to_dict("records")
    assert whole["note"] == ""
