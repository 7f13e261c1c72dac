"""Designs in pairs: the runs that differ decide, failed runs are left out, and what varied is said."""

from __future__ import annotations

import pytest

from harness.suite.paired import broken_rate, cases, number_lines, paired_runs, varied, verdict_lines

FIRST = {"R1": [False] * 8, "R2": [True, False, False, None], "R3": [False, False]}
OTHER = {"R1": [True] * 8, "R2": [True, True, None, True], "R3": [False, False]}


def test_runs_are_counted_in_pairs_and_failed_ones_left_out() -> None:
    found = paired_runs(FIRST, OTHER)
    one, two = found["R1"], found["R2"]
    assert (one.both, one.only_first, one.only_this, one.neither) == (0, 0, 8, 0)
    assert one.p_value == pytest.approx(2 * 0.5**8), "eight fair coins that all fall alike"
    assert one.p_adjusted == pytest.approx(3 * one.p_value), "Holm: the smallest of three"
    assert (two.both, two.only_first, two.only_this, two.neither) == (1, 0, 1, 0)
    assert two.p_adjusted == 1.0


def test_a_line_for_each_requirement_that_differs_in_some_case() -> None:
    told = verdict_lines("weak", "strong", paired_runs(FIRST, OTHER))
    assert told == [
        "R1: broken by weak alone in 8 cases, by strong alone in 0; p = 0.023",
        "R2: broken by weak alone in 1 case, by strong alone in 0; p = 1",
    ]
    same = verdict_lines("twin", "strong", paired_runs(FIRST, FIRST))
    assert same == ["broken are the same requirements in the same cases"]


def test_numbers_differ_by_pairs_of_draws_and_one_draw_says_nothing() -> None:
    first = {"after_departure": [float(n) for n in range(40)], "total": [1.0] * 40}
    this = {"after_departure": [n + 100.0 + n % 3 for n in range(40)], "total": [1.0] * 40}
    (line,) = number_lines(first, this, "record-seconds")
    assert line.startswith("after departure: +101 record-seconds for a draw (+101 to +101)")
    assert number_lines({"total": [1.0]}, {"total": [2.0]}, "record-seconds") == []


def test_what_varied_is_said_and_one_case_has_no_bounds() -> None:
    assert varied(72, 1) == ("which scenario",)
    assert varied(1, 20) == ("thinking time of models and network latency",)
    assert "deterministic, one case" in broken_rate([True], varied(1, 1)).text
    some = broken_rate([False] * 40 + [None], varied(40, 1))
    assert (some.hits, some.runs) == (0, 40)
    assert "varied: which scenario" in some.text


def test_more_seeds_of_the_same_scenarios_are_not_more_evidence() -> None:
    seeds = {"R1": [True, False, None, True, False, False, False, False, None]}  # three scenarios under three seeds
    assert cases(seeds, 3) == {"R1": (True, False, False)}
    assert cases({"R1": [None, True, None, True]}, 2) == {"R1": (None, True)}
    assert cases(seeds, 1) == seeds
    once, thrice = {"R1": [True, True, False]}, {"R1": [True, True, False] * 3}
    assert paired_runs(cases(once, 3), cases({"R1": [False] * 3}, 3)) == paired_runs(
        cases(thrice, 3), cases({"R1": [False] * 9}, 3)
    )
