"""Exposure in words: at least where a run ended first, ratios only where both are known, counts only with a source."""

from __future__ import annotations

import pytest

from harness.report.page.exposure import lasting, sentences, too_long
from harness.report.result import Exposed, Population

DEPARTURE = Exposed(
    of="departure",
    allowed_s=300,
    open_s=223.467,
    runs=53,
    scenario="S03",
    kinds=4,
    of_kinds=4,
    bound_s=245,
    bound="idle time 2m + token lifetime 2m + leeway 5s",
    baseline_open_s=3_600,
)


def changed(one: Exposed, **more: object) -> Exposed:
    return Exposed(**({name: getattr(one, name) for name in one.__struct_fields__} | more))  # type: ignore[arg-type]  # mixed values


def test_an_exposure_says_what_how_long_what_is_allowed_and_how_much_shorter() -> None:
    assert sentences(DEPARTURE) == [
        "After a person leaves without a word, that person's whole file, 4 of 4 categories, stayed within reach of agents "
        "for up to 3 m 43 s of the 5 m that the rule allows, the longest of 53 runs (S03)",
        "The worst case by the design's settings is 4 m 05 s (idle time 2m + token lifetime 2m + leeway 5s)",
        "16 times shorter than with OAuth for logins only",
    ]


def test_a_run_that_ended_first_says_at_least_and_gives_no_ratio() -> None:
    told = sentences(changed(DEPARTURE, ended=False))
    assert "for at least 3 m 43 s" in told[0]
    assert told[-1] == "With OAuth for logins only it is 1 h"


def test_a_comparison_that_ended_first_is_a_lower_bound() -> None:
    assert sentences(changed(DEPARTURE, baseline_ended=False))[-1].startswith("At least 16 times shorter")


@pytest.mark.parametrize(
    ("open_s", "baseline_s", "said"),
    [
        (0, 3_600, "With OAuth for logins only it is 1 h"),
        (3_600, 3_600, "Not shorter than with OAuth for logins only"),
        (3_000, 3_600, "With OAuth for logins only it is 1 h"),
        (1, 14_372.4, "14,000 times shorter than with OAuth for logins only"),
    ],
)
def test_ratios_only_where_they_say_something(open_s: float, baseline_s: float, said: str) -> None:
    assert sentences(changed(DEPARTURE, open_s=open_s, baseline_open_s=baseline_s))[-1] == said


def test_nothing_within_reach_and_nothing_looked_at_are_two_things() -> None:
    nothing = sentences(Exposed(of="entitlement", open_s=0, runs=70))
    assert nothing == ["Without being entitled to them, nothing lay within reach of agents in any of 70 runs"]
    unknown = sentences(Exposed(of="denial", allowed_s=60))
    assert unknown[0] == "No run here shows what lies within reach after an administrator disables an agent"


@pytest.mark.parametrize(
    ("population", "said"),
    [
        (None, "At one moment this was 50% of the simulated customers"),
        (
            Population(customers=1000, source="a guess", kind="invented"),
            "At one moment this was 50% of the simulated customers",
        ),
        (
            Population(customers=1000, source="annual report", kind="measured"),
            "At one moment this was 50% of the simulated customers; of 1,000 customers (measured: annual report) that is 500",
        ),
    ],
)
def test_people_are_counted_only_where_somebody_counted_them(population: Population | None, said: str) -> None:
    one = Exposed(of="denial", allowed_s=60, open_s=1, runs=9, scenario="F04", people_share=0.5)
    assert sentences(one, population)[1] == said


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (DEPARTURE, False),
        (changed(DEPARTURE, open_s=301.0), True),
        (changed(DEPARTURE, bound_s=301.0), True),
        (changed(DEPARTURE, bound_s=None, bound="grants are not bound to a session"), True),
        (Exposed(of="entitlement", open_s=0), False),
        (Exposed(of="entitlement", open_s=1), True),
        (Exposed(of="denial", allowed_s=0, open_s=0.5), True),
    ],
)
def test_longer_than_allowed_is_by_measure_or_by_the_settings(one: Exposed, expected: bool) -> None:
    assert too_long(one) is expected


@pytest.mark.parametrize(
    ("seconds", "said"), [(1, "1 s"), (0.5, "0.5 s"), (300, "5 m"), (14_400, "4 h"), (3_605, "1 h 00 m 05 s")]
)
def test_times_are_short(seconds: float, said: str) -> None:
    assert lasting(seconds) == said
