"""Values of knobs and draws, and where a path puts them."""

from __future__ import annotations

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.plan.values import duration_ms
from harness.sweep.knobs import NOTHING, KnobError, column, described, drawn, shown, values_of, with_settings
from harness.sweep.model import Draw, Range


def span(first: object, last: object, steps: int, scale: str = "linear") -> Range:
    return Range.model_validate({"from": first, "to": last, "steps": steps, "scale": scale})


def test_a_range_has_both_ends_and_even_steps() -> None:
    assert values_of(span("10s", "40s", 4)) == ["10000ms", "20000ms", "30000ms", "40000ms"]
    assert values_of(span(1, 9, 3)) == [1, 5, 9]
    assert values_of(span(0.0, 1.0, 3)) == [0.0, 0.5, 1.0]


def test_a_logarithmic_range_grows_by_a_factor() -> None:
    assert values_of(span("1s", "1000s", 4, "log")) == ["1000ms", "10000ms", "100000ms", "1000000ms"]


def test_whole_numbers_that_fall_together_are_one_value() -> None:
    assert values_of(span(1, 2, 5)) == [1, 2]


@pytest.mark.parametrize(
    ("given_", "told"),
    [
        (span("1s", 5, 3), "`1s` and `5` are neither two numbers nor two durations as in `5m`"),
        (span(0, 5, 3, "log"), "a logarithmic range lies above zero"),
        ([], "a knob needs at least one value"),
    ],
)
def test_what_cannot_be_a_range_says_why(given_: object, told: str) -> None:
    with pytest.raises(KnobError) as error:
        values_of(given_)  # type: ignore[arg-type]  # wrong on purpose
    assert str(error.value) == told


def test_a_draw_depends_on_seed_and_path_alone() -> None:
    draw = Draw(uniform=["10s", "20s"])
    assert drawn(draw, 7, "a") == drawn(draw, 7, "a")
    assert len({drawn(draw, seed, path) for seed in range(5) for path in "ab"}) == 10
    assert all(10_000 <= duration_ms(drawn(draw, seed, "a")) <= 20_000 for seed in range(50))


def test_draws_have_the_mean_they_should() -> None:
    exponential = [duration_ms(drawn(Draw(exponential="60s"), seed, "x")) for seed in range(4_000)]
    assert statistics.fmean(exponential) == pytest.approx(60_000, rel=0.06)
    chosen = [drawn(Draw(choice=["a", "b"]), seed, "x") for seed in range(1_000)]
    assert 430 < chosen.count("a") < 570
    assert {drawn(Draw(uniform=[1, 3]), seed, "x") for seed in range(50)} == {1, 2, 3}


def test_a_draw_is_one_of_three_kinds() -> None:
    for wrong in ({}, {"uniform": [1, 2], "choice": [1]}):
        with pytest.raises(ValueError, match="exactly one of"):
            Draw.model_validate(wrong)
    with pytest.raises(KnobError, match="mean above zero"):
        drawn(Draw(exponential=0), 1, "x")


def test_what_varied_is_said_in_words() -> None:
    assert described("scenario.visits.0.leaves", Draw(uniform=["1s", "9s"])) == "visits.0.leaves uniform from 1s to 9s"
    assert described("a", Draw(exponential="5m")) == "a exponential with mean 5m"
    assert described("a", Draw(choice=[1, 2])) == "a one of 1, 2"
    told = described("scenario.twist", Draw(sometimes={"id": "T01", "wait": "5s"}))
    assert told == "twist (id T01, wait 5.0) in a share of runs"


def test_durations_are_seconds_in_results_and_their_column_says_so() -> None:
    assert (shown("90s"), shown("1500ms"), shown("words"), shown(0.5)) == (90.0, 1.5, "words", 0.5)
    assert column("controls.K07.lifetime", ["30s", "2m"]) == "controls.K07.lifetime_s"
    assert column("controls.K07", ["on", {"lifetime": "2m"}]) == "controls.K07"
    assert column("faults.0.share", [0, 0.5]) == "faults.0.share"


def test_a_setting_is_put_in_a_copy() -> None:
    before = {"controls": {"K07": "on", "K09": {"on": True, "delay": "1s"}}, "list": [{"a": 1}]}
    after = with_settings(
        before,
        {
            "controls.K07.lifetime": "30s",
            "controls.K09.delay": "5s",
            "controls.K04": "off",
            "list.0.a": 2,
            "list.1.a": 3,
            "new.deep": 4,
        },
    )
    assert after == {
        "controls": {"K07": {"on": True, "lifetime": "30s"}, "K09": {"on": True, "delay": "5s"}, "K04": "off"},
        "list": [{"a": 2}, {"a": 3}],
        "new": {"deep": 4},
    }
    assert before == {"controls": {"K07": "on", "K09": {"on": True, "delay": "1s"}}, "list": [{"a": 1}]}


def test_a_path_that_leads_nowhere_says_where_it_ends() -> None:
    with pytest.raises(KnobError, match=r"`list\.5\.a` needs a number from 0 to 1 instead of `5`"):
        with_settings({"list": [1]}, {"list.5.a": 1})
    with pytest.raises(KnobError, match=r"`name\.x` leads to `x` inside of a single value"):
        with_settings({"name": "insurance"}, {"name.x": 1})


@given(st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=4), st.integers())
def test_what_was_put_is_found_where_the_path_says(keys: list[str], value: int) -> None:
    found = with_settings({}, {".".join(keys): value})
    for key in keys:
        found = found[key]
    assert found == value


def test_what_happens_sometimes_happens_in_its_share_and_stays_when_the_share_grows() -> None:
    draw = Draw(sometimes="T13", share=0.2)
    often = {seed for seed in range(2_000) if drawn(draw, seed, "x") == "T13"}
    assert 330 < len(often) < 470
    more = {seed for seed in range(2_000) if drawn(draw, seed, "x", share=0.5) == "T13"}
    assert often < more
    assert drawn(draw, 1, "x", share=0) is NOTHING
    assert drawn(Draw(sometimes=1), 1, "x") == 1
    with pytest.raises(ValueError, match="belongs to `sometimes`"):
        Draw(uniform=[1, 2], share=0.5)
