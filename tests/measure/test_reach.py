"""Reach: hand-computed cases, and laws held against a brute-force sampler that looks at every millisecond."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from harness.measure.reach import Reach, distinct, in_reach, integral, most, open_spans, reaches, value_at
from harness.trace import Event, Trace, Who

ANA = Who("insurance_agent", "agent", user="ana", agent="insurance_agent")


def opened(time_ms: int, name: str, **own: object) -> Event:
    return Event("reach.opened", time_ms, f"o{name}", ANA, {"reach": name, "owner": "ana", "records": 2, **own})


def closed(time_ms: int, name: str, cause: str = "expired") -> Event:
    return Event("reach.closed", time_ms, f"c{name}", ANA, {"reach": name, "cause": cause})


def person(kind: str, time_ms: int) -> Event:
    return Event(kind, time_ms, f"{kind}{time_ms}", Who("ana", "user", user="ana"))


def trace(*events: Event) -> Trace:
    return Trace({}, list(events), {})


def way(opened_ms: int, closed_ms: int, owner: str = "ana", category: str = "policy", records: int = 2) -> Reach:
    return Reach("r", opened_ms, closed_ms, owner, category, records)


def test_a_token_of_two_minutes_over_two_records_is_240_record_seconds() -> None:
    steps = in_reach(reaches(trace(opened(10_000, "a"), closed(130_000, "a"))))
    assert steps == [(10_000, 2), (130_000, 0)]
    assert integral(steps) == 240.0


def test_two_ways_to_the_same_records_count_once_and_the_widest_counts() -> None:
    steps = in_reach([way(0, 100), way(50, 200, records=5), way(60, 80)])
    assert steps == [(0, 2), (50, 5), (200, 0)]


def test_different_categories_add_up_and_people_are_counted_apart() -> None:
    ways = [way(0, 100), way(0, 100, category="claim", records=3), way(50, 100, owner="ben")]
    assert in_reach(ways) == [(0, 5), (50, 7), (100, 0)]
    assert in_reach(ways, "people") == [(0, 1), (50, 2), (100, 0)]


def test_what_never_closed_ends_with_the_run() -> None:
    found = reaches(trace(opened(0, "a"), person("user.left", 5_000)))
    assert [(one.opened_ms, one.closed_ms, one.cause) for one in found] == [(0, 5_000, None)]


def test_the_integral_inside_a_span_is_what_lies_in_it() -> None:
    steps = [(0, 4), (1_000, 1), (3_000, 0)]
    assert integral(steps, (500, 2_000)) == 0.5 * 4 + 1.0 * 1
    assert integral(steps, (5_000, 9_000)) == 0.0
    assert integral([], (0, 1_000)) == 0.0


def test_records_with_other_people_entitled_to_them_are_other_records() -> None:
    joint = Reach("j", 0, 100, "ana", "policy", 1, entitled=("ana", "ben"))
    assert in_reach([way(0, 100), joint]) == [(0, 3), (100, 0)]
    assert in_reach([way(0, 100), joint], "people") == [(0, 1), (100, 0)]


def test_the_most_at_one_moment_is_not_all_that_ever_lay_in_reach() -> None:
    ways = [way(0, 100), way(200, 300, owner="ben", records=3)]
    assert (most(in_reach(ways)), distinct(ways)) == (3, 5)
    assert open_spans(in_reach(ways)) == [(0, 100), (200, 300)]
    assert (most([]), open_spans([])) == (0, [])


def test_nobody_is_in_reach_through_a_way_to_no_records() -> None:
    assert in_reach([way(0, 100, records=0)], "people") == [(0, 0)]


WAYS = st.lists(
    st.builds(
        lambda start, length, owner, category, records: way(start, start + length, owner, category, records),
        st.integers(0, 60),
        st.integers(0, 40),
        st.sampled_from(["ana", "ben"]),
        st.sampled_from(["policy", "claim"]),
        st.integers(0, 5),
    ),
    max_size=8,
)


def sampled(ways: list[Reach], time_ms: int) -> int:
    """Records in reach at an instant, the obvious way."""
    now = [one for one in ways if one.opened_ms <= time_ms < one.closed_ms]
    groups = {(one.owner, one.category) for one in now}
    return sum(max(o.records for o in now if (o.owner, o.category) == group) for group in groups)


@given(WAYS)
@settings(max_examples=150, deadline=None)
def test_exact_integration_equals_a_sum_over_every_millisecond(ways: list[Reach]) -> None:
    steps = in_reach(ways)
    assert integral(steps, (0, 120)) == sum(sampled(ways, t) for t in range(120)) / 1000
    assert all(value_at(steps, t) == sampled(ways, t) for t in range(0, 120, 7))


@given(WAYS, st.integers(0, 100))
@settings(max_examples=80, deadline=None)
def test_closing_earlier_never_adds_exposure(ways: list[Reach], end: int) -> None:
    shorter = [part for one in ways if (part := one.within((0, end))) is not None]
    assert integral(in_reach(shorter)) <= integral(in_reach(ways))


@given(WAYS, WAYS)
@settings(max_examples=80, deadline=None)
def test_the_union_is_at_most_the_sum_and_at_least_each_part(left: list[Reach], right: list[Reach]) -> None:
    both, apart = integral(in_reach(left + right)), [integral(in_reach(left)), integral(in_reach(right))]
    assert max(apart) <= both <= sum(apart) + 1e-9
