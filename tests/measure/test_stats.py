"""Statistics against independent oracles: tails summed in exact fractions, closed forms, and published worked examples."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.measure.stats import (
    Rate,
    clopper_pearson,
    holm,
    holm_upper_bounds,
    mcnemar,
    rate,
    runs_for_bound,
    runs_for_width,
    upper_bound,
)


def tail(runs: int, share: float, *, from_hits: int) -> float:
    """P(at least so many hits), summed term by term in exact fractions."""
    p = Fraction(share)
    terms = (math.comb(runs, k) * p**k * (1 - p) ** (runs - k) for k in range(from_hits, runs + 1))
    return float(sum(terms))


@given(st.integers(1, 60), st.data())
@settings(max_examples=60, deadline=None)
def test_at_each_bound_the_tail_holds_exactly_half_of_the_risk(runs: int, data: st.DataObject) -> None:
    hits = data.draw(st.integers(0, runs))
    low, high = clopper_pearson(hits, runs)
    assert low <= hits / runs <= high
    if hits > 0:
        assert tail(runs, low, from_hits=hits) == pytest.approx(0.025, rel=1e-6)
    if hits < runs:
        assert 1 - tail(runs, high, from_hits=hits + 1) == pytest.approx(0.025, rel=1e-6)


def test_no_hits_and_all_hits_have_closed_forms() -> None:
    assert clopper_pearson(0, 10) == (0.0, pytest.approx(1 - 0.025 ** (1 / 10)))
    assert clopper_pearson(10, 10) == (pytest.approx(0.025 ** (1 / 10)), 1.0)
    assert upper_bound(0, 59, level=0.05) == pytest.approx(1 - 0.05 ** (1 / 59))


def test_the_published_interval_of_four_in_ten() -> None:
    # tables of exact binomial limits, for example Geigy's: 4 of 10 at 95 % is 12.16 % to 73.76 %
    low, high = clopper_pearson(4, 10)
    assert (round(low, 4), round(high, 4)) == (0.1216, 0.7376)


@pytest.mark.parametrize("share", [0.02, 0.3, 0.5])
def test_the_interval_covers_the_true_share_at_least_as_often_as_it_says(share: float) -> None:
    runs = 40
    covered = sum(
        math.comb(runs, k) * share**k * (1 - share) ** (runs - k)
        for k in range(runs + 1)
        if clopper_pearson(k, runs)[0] <= share <= clopper_pearson(k, runs)[1]
    )
    assert covered >= 0.95


def test_one_deterministic_case_says_so_and_has_no_bounds() -> None:
    one = rate(1, 1, varied=())
    assert (one.low, one.high, one.deterministic) == (None, None, True)
    assert one.text == "yes (deterministic, one case)"
    assert rate(0, 5, varied=()).text == "no (deterministic, one case)"
    with pytest.raises(ValueError, match="nothing varied"):
        rate(2, 5, varied=())


def test_a_rate_says_what_varied_and_that_runs_are_too_few() -> None:
    few, many = rate(0, 10, varied=["departures"]), rate(0, 1000, varied=["departures", "message loss"])
    assert few.text == "0 of 10 runs, at most 30.8 % (95% bounds; too few runs to say more); varied: departures"
    assert many.text == "0 of 1,000 runs, at most 0.368 % (95% bounds); varied: departures, message loss"
    assert (few.too_few, many.too_few) == (True, False)


def test_without_a_run_there_is_no_share() -> None:
    nothing = rate(0, 0, varied=["departures"])
    assert (nothing.share, nothing.too_few, nothing.text) == (None, True, "nothing was run")
    assert isinstance(nothing, Rate)


def test_mcnemar_counts_pairs_and_its_p_value_is_the_fair_coin() -> None:
    left = [True] * 8 + [False] * 1 + [True] * 5 + [False] * 6
    right = [False] * 8 + [True] * 1 + [True] * 5 + [False] * 6
    found = mcnemar(left, right)
    assert (found.both, found.only_left, found.only_right, found.neither, found.runs) == (5, 8, 1, 6, 20)
    assert found.p_value == pytest.approx(2 * (1 + 9) / 2**9)  # two tails of nine tosses, one or none of a side


def test_mcnemar_without_a_differing_pair_shows_nothing_and_unequal_runs_are_a_mistake() -> None:
    assert mcnemar([True, False], [True, False]).p_value == 1.0
    with pytest.raises(ValueError, match="argument 2 is shorter"):
        mcnemar([True, False], [True])


def test_holm_on_a_worked_example() -> None:
    # Holm (1979) by hand: 4 * 0.005, 3 * 0.01, 2 * 0.03, then no smaller than the one before
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []
    assert holm([0.6, 0.7]) == [1.0, 1.0]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_lies_between_the_raw_values_and_bonferroni_and_keeps_their_order(values: list[float]) -> None:
    adjusted = holm(values)
    assert all(p <= a <= min(1.0, len(values) * p) + 1e-12 for p, a in zip(values, adjusted, strict=True))
    order = sorted(range(len(values)), key=lambda i: values[i])
    assert [adjusted[i] for i in order] == sorted(adjusted)


def test_bounds_of_many_cells_are_wider_than_of_one_and_no_wider_than_bonferroni() -> None:
    cells = [(0, 200), (0, 200), (6, 200), (150, 200)]
    bounds = holm_upper_bounds(cells, threshold=0.05)
    assert bounds[0] == bounds[1] == 0.05, "shown to be below the threshold"
    for (hits, runs), bound in zip(cells, bounds, strict=True):
        assert hits / runs <= bound
    for (hits, runs), bound in zip(cells[2:], bounds[2:], strict=True):
        assert upper_bound(hits, runs, level=0.05) < bound <= upper_bound(hits, runs, level=0.05 / 4)
    assert holm_upper_bounds([(0, 1000)] * 3, threshold=0.05) == [upper_bound(0, 1000, level=0.05 / 3)] * 3


def test_bounds_of_many_cells_hold_all_at_once_as_often_as_they_say() -> None:
    import numpy

    chance, true, missed = numpy.random.default_rng(4), numpy.array([0.01, 0.04, 0.06, 0.2, 0.0]), 0
    for _ in range(400):
        cells = [(int(hits), 120) for hits in chance.binomial(120, true)]
        missed += any(b < t for b, t in zip(holm_upper_bounds(cells, threshold=0.05), true, strict=True))
    assert upper_bound(missed, 400, level=0.5) <= 0.05 + 0.02, f"missed in {missed} of 400 tables"


def test_sample_sizes_meet_their_bound_and_one_run_less_does_not() -> None:
    for bound in (0.05, 0.01, 0.001):
        runs = runs_for_bound(bound)
        assert clopper_pearson(0, runs)[1] <= bound < clopper_pearson(0, runs - 1)[1]
    assert runs_for_bound(0.05) == 72
    runs = runs_for_width(0.1)
    low, high = clopper_pearson(round(runs / 2), runs)
    assert high - low <= 0.1
    assert 385 <= runs <= 410, "the normal approximation says 384"
    for wrong in (0, 1, -0.1):
        with pytest.raises(ValueError, match="between 0 and 1"):
            runs_for_bound(wrong)


def test_so_many_runs_bound_many_cells_at_once_and_one_run_less_does_not() -> None:
    for bound, cells in ((0.05, 1), (0.05, 2), (0.05, 96), (0.01, 12)):
        runs = runs_for_bound(bound, cells=cells)
        assert max(holm_upper_bounds([(0, runs)] * max(2, cells), threshold=bound)) <= bound
        assert max(holm_upper_bounds([(0, runs - 1)] * max(2, cells), threshold=bound)) > bound
    assert runs_for_bound(0.05, cells=96) == 148
