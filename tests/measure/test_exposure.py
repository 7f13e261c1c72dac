"""Exposure: examples worked by hand, laws, and a sampler that asks the ledger at every millisecond."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from harness.measure.exposure import SLICES, Exposure, exposures
from harness.measure.reach import reaches
from harness.trace import Event, Trace
from tests.measure.runs import admin, closed, opened, person, trace, traces, who


def measured(run: Trace, name: str, category: str = "all", **given_: float) -> Exposure:
    found = [one for one in exposures(run, **given_) if (one.slice, one.category) == (name, category)]
    return found[0]


def test_a_silent_departure_leaves_the_rest_of_the_token_within_reach() -> None:
    # two policies, token from 10 s to 130 s, the person leaves at 40 s and is back at 100 s
    run = trace(
        person("user.arrived", 0),
        opened(10_000, "a"),
        person("user.left", 40_000),
        person("user.arrived", 100_000),
        closed(130_000, "a"),
    )
    assert measured(run, "total").record_s == 2 * 120
    gone = measured(run, "after_departure")
    assert (gone.record_s, gone.people_s, gone.most_records, gone.most_people) == (2 * 60, 60, 2, 1)
    assert gone.open_s == 60


def test_after_a_logout_only_the_authority_of_that_session_counts() -> None:
    first, second = who(session="s1"), who(session="s2")
    run = trace(
        opened(0, "a", first),
        opened(0, "b", second, category="claim", records=5),
        person("user.logged_out", 3_000, session="s1"),
        closed(5_000, "a"),
        closed(9_000, "b"),
    )
    assert measured(run, "after_logout").record_s == 2 * 2
    assert measured(run, "after_logout", "policy").record_s == 2 * 2


def test_reach_of_a_provider_counts_until_its_owner_consents_and_after_the_withdrawal() -> None:
    consent = {"recipient": "acme", "purpose": "advice", "categories": ("policy",)}
    run = trace(
        opened(0, "a", provider="acme", purpose="advice"),
        opened(0, "b", provider="acme", purpose="advice", category="claim", records=1),
        opened(0, "c", provider="acme", purpose="shopping", records=1, entitled=("x",)),
        opened(0, "d"),
        person("consent.granted", 1_000, **consent),
        person("consent.withdrawn", 7_000, recipient="acme"),
        closed(10_000, "a"),
        closed(10_000, "b"),
        closed(10_000, "c"),
        closed(10_000, "d"),
    )
    assert measured(run, "without_consent", "policy").record_s == 2 * 4 + 1 * 10, "another purpose is no consent"
    assert measured(run, "without_consent", "claim").record_s == 10


def test_records_of_others_are_those_to_which_the_person_is_not_entitled() -> None:
    run = trace(
        opened(0, "own"),
        opened(0, "foreign", owner="ben", records=3),
        opened(0, "joint", owner="cleo", entitled=("cleo", "ana")),
        opened(0, "nobody's", who(user=None), owner="dan", records=1),
        *(closed(1_000, name) for name in ("own", "foreign", "joint", "nobody's")),
    )
    found = measured(run, "foreign")
    assert (found.record_s, found.most_people) == (3 + 1, 2)


def test_a_denial_reaches_the_agents_that_the_denied_one_started() -> None:
    run = trace(
        opened(0, "a"),
        opened(0, "sub", who(agent="sub_agent1", root_agent="insurance_agent"), owner="ben", records=1),
        opened(0, "other", who(agent="other"), owner="cleo", records=7),
        admin("agent.disabled", 2_000),
        closed(6_000, "a"),
        closed(12_000, "sub"),
        closed(12_000, "other"),
    )
    assert measured(run, "after_denial").record_s == 2 * 4 + 1 * 10


def test_privilege_that_stands_when_its_task_has_ended() -> None:
    by = who(task="t1")
    run = trace(
        Event("task.started", 1_000, "s", by),
        opened(1_000, "a", by),
        Event("task.ended", 4_000, "e", by),
        closed(9_000, "a"),
    )
    assert measured(run, "outside_tasks").record_s == 2 * 5


def test_two_agents_count_once_in_the_union_and_twice_per_agent() -> None:
    run = trace(
        opened(0, "a"),
        opened(0, "b", who(agent="other")),
        closed(10_000, "a"),
        closed(10_000, "b", by=who(agent="other")),
    )
    found = measured(run, "total")
    assert (found.record_s, found.per_agent_record_s) == (20, 40)


def test_what_can_be_taken_is_bounded_by_the_reach_and_by_rate_times_time() -> None:
    run = trace(opened(0, "a", records=100), closed(8_000, "a"))
    assert measured(run, "total").takeable == 100
    assert measured(run, "total", calls_per_s=5).takeable == 40
    assert measured(run, "total", calls_per_s=0.9).takeable == 7
    assert measured(run, "total", calls_per_s=1_000).takeable == 100


def test_without_reach_events_every_slice_is_zero() -> None:
    run = trace(person("user.left", 10), admin("agent.disabled", 20))
    assert {(one.record_s, one.people_s, one.most_records) for one in exposures(run)} == {(0, 0, 0)}


def sampled(run: Trace, name: str, time_ms: int) -> int:
    """Records in reach at an instant in one slice, from the events before it: slow and obvious."""
    ways = {}
    left: set[str] = set()
    over: set[str] = set()
    denied: set[str] = set()
    given_: set[str] = set()
    for event in run.events:
        if event.time_ms > time_ms:
            break
        if event.kind == "reach.opened":
            ways[event.own["reach"]] = event
        elif event.kind == "reach.closed":
            ways.pop(event.own["reach"])
        elif event.kind in ("user.left", "user.arrived"):
            (left.add if event.kind == "user.left" else left.discard)(str(event.who.user))
        elif event.kind == "user.logged_out":
            over.add(str(event.who.session))
        elif event.kind in ("agent.disabled", "agent.enabled"):
            (denied.add if event.kind == "agent.disabled" else denied.discard)(str(event.who.agent))
        elif event.kind in ("consent.granted", "consent.withdrawn"):
            (given_.add if event.kind == "consent.granted" else given_.discard)(str(event.who.user))
    chosen = {
        "total": lambda e: True,
        "after_departure": lambda e: e.who.user in left,
        "after_logout": lambda e: e.who.session in over,
        "after_denial": lambda e: e.who.agent in denied,
        "foreign": lambda e: e.who.user != e.own["owner"],
        "outside_tasks": lambda e: True,
        "without_consent": lambda e: (
            e.own["provider"] and not (e.own["owner"] in given_ and e.own["category"] == "policy")
        ),
    }[name]
    groups: dict[tuple[str, str], int] = {}
    for event in ways.values():
        if chosen(event):
            key = (event.own["owner"], event.own["category"])
            groups[key] = max(groups.get(key, 0), event.own["records"])
    return sum(groups.values())


@given(traces(), st.sampled_from(sorted(SLICES)))
@settings(max_examples=200, deadline=None)
def test_exact_integration_equals_asking_at_every_millisecond(run: Trace, name: str) -> None:
    end_ms = max([100, *(event.time_ms for event in run.events)])
    expected = sum(sampled(run, name, time_ms) for time_ms in range(end_ms)) / 1000
    assert abs(measured(run, name).record_s - expected) < 1e-9


@given(traces())
@settings(max_examples=80, deadline=None)
def test_nothing_is_exposed_when_every_credential_is_dead(run: Trace) -> None:
    quiet = Trace({}, [event for event in run.events if not event.kind.startswith("reach.")], run.counters)
    assert all(one.record_s == one.people_s == one.takeable == 0 for one in exposures(quiet))


@given(traces(("ana", "ben"), ("one",)), traces(("cleo", "dan"), ("two",)))
@settings(max_examples=80, deadline=None)
def test_exposure_adds_up_over_agents_with_nothing_in_common(left: Trace, right: Trace) -> None:
    end_s = max(one.counters["end_s"] for one in (left, right))
    last_ms = max([0, *(event.time_ms for one in (left, right) for event in one.events)])
    ended = [trace(*one.events, end_s=max(end_s, last_ms / 1000)) for one in (left, right)]
    both = trace(*left.events, *right.events, end_s=max(end_s, last_ms / 1000))
    for name in SLICES:
        parts = [measured(one, name) for one in ended]
        whole = measured(both, name)
        assert abs(whole.record_s - sum(one.record_s for one in parts)) < 1e-9
        assert abs(whole.people_s - sum(one.people_s for one in parts)) < 1e-9
        assert whole.records == sum(one.records for one in parts)


@given(traces(), st.integers(0, 100))
@settings(max_examples=80, deadline=None)
def test_a_shorter_lifetime_never_adds_exposure(run: Trace, lifetime_ms: int) -> None:
    ways = reaches(run)
    shorter = [part for one in ways if (part := one.within((one.opened_ms, one.opened_ms + lifetime_ms))) is not None]
    for long, short in zip(_by_slice(run, ways), _by_slice(run, shorter), strict=True):
        assert short.record_s <= long.record_s + 1e-9
        assert short.people_s <= long.people_s + 1e-9
        assert short.most_records <= long.most_records


def _by_slice(run: Trace, ways: list) -> list[Exposure]:
    return [one for one in exposures(run, found=ways) if one.category == "all"]


@given(traces(), st.floats(0.1, 100))
@settings(max_examples=60, deadline=None)
def test_the_union_is_at_most_the_sum_and_nobody_takes_more_than_there_is(run: Trace, calls_per_s: float) -> None:
    for one in exposures(run, calls_per_s=calls_per_s):
        assert one.record_s <= one.per_agent_record_s + 1e-9
        assert one.most_records <= one.records
        assert one.takeable <= min(one.records, calls_per_s * one.open_s)
        assert one.people_s <= one.record_s + 1e-9
