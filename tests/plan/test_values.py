"""Durations: a number with a unit, and back in the shortest way."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.plan.values import UNIT_MS, duration_ms, duration_text


@pytest.mark.parametrize(
    ("text", "value_ms"),
    [("250ms", 250), ("30s", 30_000), ("5m", 300_000), ("24h", 86_400_000), ("90d", 7_776_000_000), ("0s", 0)],
)
def test_a_duration_has_a_unit(text: str, value_ms: int) -> None:
    assert duration_ms(text) == value_ms


@pytest.mark.parametrize("text", ["5", "5 m", "m", "-5m", "1.5h", "5w", "5M", "", "5m5s", 5, 5.0, None, True])
def test_anything_else_is_refused_with_an_example(text: object) -> None:
    with pytest.raises(ValueError, match="write a duration with a unit, as in `5m`"):
        duration_ms(text)


@given(st.integers(0, 10**12))
def test_what_is_written_is_read_back(value_ms: int) -> None:
    assert duration_ms(duration_text(value_ms)) == value_ms


@given(st.integers(1, 999), st.sampled_from(sorted(UNIT_MS)))
def test_the_largest_unit_that_fits_is_used(number: int, unit: str) -> None:
    written = duration_text(number * UNIT_MS[unit])
    assert len(written) <= len(f"{number}{unit}")
