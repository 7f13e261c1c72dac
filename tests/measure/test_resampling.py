"""Resampling: held against normal theory, the bootstrap of scipy, and the coverage that an interval promises."""

from __future__ import annotations

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import bootstrap

from harness.measure.resampling import mean_of_runs, paired_difference, quantile, quantile_of_runs


def sample(runs: int, seed: int = 1) -> list[float]:
    return list(numpy.random.default_rng(seed).exponential(10, runs))


def test_the_interval_of_a_mean_agrees_with_another_implementation() -> None:
    values = sample(200)
    ours = mean_of_runs(values)
    theirs = bootstrap((values,), numpy.mean, n_resamples=4_000, method="percentile", random_state=3)
    assert ours.low is not None
    assert ours.high is not None
    assert ours.low == pytest.approx(theirs.confidence_interval.low, rel=0.03)
    assert ours.high == pytest.approx(theirs.confidence_interval.high, rel=0.03)
    assert ours.value == pytest.approx(numpy.mean(values))


def test_the_same_runs_and_seed_give_the_same_bounds() -> None:
    assert mean_of_runs(sample(50)) == mean_of_runs(sample(50))
    assert mean_of_runs(sample(50), seed=1) != mean_of_runs(sample(50), seed=2)


def test_pairs_are_resampled_whole_so_that_what_the_runs_share_cancels() -> None:
    left = sample(100)
    right = [value + 1 + 0.01 * number for number, value in enumerate(left)]
    paired = paired_difference(left, right)
    assert paired.value == pytest.approx(1.495)
    assert paired.low is not None
    assert 1.4 < paired.low < paired.value, "the spread of the runs themselves must not show"
    with pytest.raises(ValueError, match="shorter"):
        paired_difference(left, right[:-1])


def test_what_does_not_vary_has_no_bounds_and_few_runs_say_so() -> None:
    assert mean_of_runs([3.0] * 30).note == "all runs are alike"
    one = mean_of_runs([3.0])
    assert (one.low, one.high, one.note) == (None, None, "one run")
    assert mean_of_runs([1.0, 2.0, 4.0]).note == "too few runs (3) for bounds to be relied on"
    assert mean_of_runs(sample(30)).note == ""
    with pytest.raises(ValueError, match="no runs"):
        mean_of_runs([])


def test_a_quantile_is_a_value_that_occurred() -> None:
    assert quantile([5, 1, 4, 2, 3], 0.5) == 3
    assert quantile(list(range(1, 101)), 0.95) == 95
    assert quantile([], 0.5) is None
    found = quantile_of_runs([[1, 2], [3, 4], [], [5]], 0.5)
    assert (found.value, found.runs) == (3, 3)


@given(st.lists(st.lists(st.integers(0, 20), max_size=4), min_size=1, max_size=12), st.sampled_from([0.1, 0.5, 0.95]))
@settings(max_examples=60, deadline=None)
def test_the_pooled_quantile_is_that_of_numpy_and_lies_within_its_bounds(runs: list[list[int]], share: float) -> None:
    pooled = [value for run in runs for value in run]
    if not pooled:
        with pytest.raises(ValueError, match="nothing"):
            quantile_of_runs(runs, share)
        return
    found = quantile_of_runs(runs, share)
    assert found.value == quantile(pooled, share)
    assert found.low is None or found.high is None or min(pooled) <= found.low <= found.high <= max(pooled)


def test_observations_of_one_run_count_as_one_run() -> None:
    chance = numpy.random.default_rng(5)
    runs = [[level] * 50 for level in chance.normal(10, 2, 40)]
    together, apart = quantile_of_runs(runs, 0.5), quantile_of_runs([[x] for run in runs for x in run], 0.5)
    assert together.low is not None
    assert together.high is not None
    assert apart.low is not None
    assert apart.high is not None
    assert together.high - together.low > 3 * (apart.high - apart.low)


def test_a_quantile_beyond_what_was_seen_is_said_to_be_the_largest() -> None:
    assert quantile_of_runs([[1.0], [2.0], [3.0]], 0.95).note == "too few observations: this is the largest"


def test_the_interval_of_a_median_covers_it_about_as_often_as_it_says() -> None:
    chance, covered = numpy.random.default_rng(7), 0
    for seed in range(120):
        found = quantile_of_runs([[x] for x in chance.normal(0, 1, 60)], 0.5, seed=seed)
        assert found.low is not None
        assert found.high is not None
        covered += found.low <= 0 <= found.high
    assert covered >= 0.88 * 120, f"covered {covered} of 120"
