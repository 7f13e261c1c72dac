"""Time to deny and residual windows: runs worked by hand, one for each way in which a door closes or does not."""

from __future__ import annotations

from hypothesis import given, settings

from harness.measure.reach import reaches
from harness.measure.windows import Window, cut_off_sessions, summary, windows, worst_time_to_deny
from harness.trace import Event, Trace
from tests.measure.runs import admin, call, closed, opened, person, trace, traces, who


def by_pep(run: Trace, decision: str) -> dict[str, Window]:
    return {one.pep: one for one in windows(run) if one.decision == decision}


def test_each_enforcement_point_has_its_own_time_to_deny_and_the_slowest_counts() -> None:
    run = trace(
        opened(0, "a", pep="policies"),
        opened(0, "b", pep="claims"),
        opened(0, "c", pep="documents"),
        closed(1_000, "c"),
        admin("agent.disabled", 10_000),
        call(12_000, endpoint="claims.read"),
        closed(11_000, "a", "denied"),
        closed(70_000, "b"),
        end_s=100,
    )
    found = by_pep(run, "denial")
    assert {pep: (one.open_s, one.used_s) for pep, one in found.items()} == {
        "policies": (1.0, None),
        "claims": (60.0, 2.0),
        "documents": (0.0, None),
        "all": (60.0, 2.0),
    }
    assert all(one.ended for one in found.values())


def test_a_way_that_opens_after_the_denial_counts_until_it_closes() -> None:
    run = trace(admin("agent.disabled", 0), opened(40_000, "new"), closed(50_000, "new"))
    assert by_pep(run, "denial")["all"].open_s == 50.0


def test_the_denied_agents_sub_agents_count_and_strangers_do_not() -> None:
    child, other = who(agent="sub_agent1", root_agent="insurance_agent"), who(agent="other")
    run = trace(
        admin("agent.disabled", 0), opened(0, "a", child), opened(0, "b", other), closed(7_000, "a"), closed(9_000, "b")
    )
    assert by_pep(run, "denial")["all"].open_s == 7.0


def test_a_door_still_open_at_the_end_of_the_run_says_that_the_window_is_longer() -> None:
    never = trace(opened(0, "a"), admin("agent.disabled", 5_000), end_s=60)
    assert (by_pep(never, "denial")["all"].open_s, by_pep(never, "denial")["all"].ended) == (55.0, False)
    lifted = trace(opened(0, "a"), admin("agent.disabled", 5_000), admin("agent.enabled", 15_000), closed(60_000, "a"))
    assert (by_pep(lifted, "denial")["all"].open_s, by_pep(lifted, "denial")["all"].ended) == (10.0, False)
    assert summary(windows(never)).cut_off == 2


def test_what_is_left_after_a_departure_and_after_a_logout() -> None:
    by = who(session="s1")
    run = trace(
        opened(0, "a", by),
        person("user.logged_out", 10_000, session="s1"),
        person("user.left", 12_000),
        closed(15_000, "a", "revoked"),
        end_s=60,
    )
    assert by_pep(run, "logout")["all"].open_s == 5.0
    assert by_pep(run, "departure")["all"].open_s == 3.0


def test_without_any_way_there_is_no_window_rather_than_a_short_one() -> None:
    assert windows(trace(admin("agent.disabled", 5), person("user.left", 9))) == []
    nothing = summary([])
    assert (nothing.count, nothing.median_s, nothing.max_s) == (0, None, None)


def test_a_summary_gives_values_that_occurred() -> None:
    some = [Window("denial", "a", 0, "all", float(n), None) for n in range(1, 101)]
    found = summary(some)
    assert (found.count, found.median_s, found.p95_s, found.max_s, found.cut_off) == (100, 50, 95, 100, 0)


def test_the_worst_case_is_the_tightest_bound_that_cannot_fail() -> None:
    assert worst_time_to_deny(lifetime_s=120, leeway_s=5) == 125
    assert worst_time_to_deny(lifetime_s=120, leeway_s=5, cache_s=30, event_latency_s=2) == 32
    assert worst_time_to_deny(lifetime_s=20, cache_s=30) == 20
    assert worst_time_to_deny(lifetime_s=900, signal_delay_s=1, decide_s=600) == 601
    assert worst_time_to_deny(lifetime_s=600, hops=3) == 1_800
    assert worst_time_to_deny(lifetime_s=120, leeway_s=5, event_latency_s=120) == 245, (
        "silent departure: idle time first"
    )


def denied(time_ms: int, session: str, agent: str, reason: str = "disabled") -> Event:
    return Event("request.denied", time_ms, f"d{time_ms}", who(agent=agent, session=session), {"reason": reason})


def test_innocent_sessions_are_those_that_a_denial_of_somebody_else_hit() -> None:
    run = trace(
        denied(5, "before", "other"),
        admin("agent.disabled", 10),
        denied(20, "its-own", "insurance_agent"),
        denied(30, "innocent", "other"),
        denied(40, "innocent", "other"),
        denied(50, "another-reason", "other", "invalid_token"),
        opened(0, "x", who(agent="other", session="closed")),
        closed(60, "x", "denied", who(agent="other", session="closed")),
    )
    assert cut_off_sessions(run) == {"innocent", "closed"}


@given(traces())
@settings(max_examples=100, deadline=None)
def test_at_the_end_of_its_window_every_door_is_shut_and_just_before_it_one_was_open(run: Trace) -> None:
    ways = reaches(run)
    for one in windows(run):
        last_ms = one.at_ms + round(one.open_s * 1000)
        mine = [w for w in ways if one.decision != "departure" or w.user == one.subject]
        mine = [w for w in mine if one.decision != "denial" or one.subject in (w.agent, w.root_agent)]
        mine = [w for w in mine if one.decision != "logout" or w.session == one.subject]
        if one.open_s > 0:
            assert any(w.opened_ms < last_ms <= w.closed_ms for w in mine)
        if one.ended:
            assert not any(w.opened_ms <= last_ms < w.closed_ms for w in mine if one.pep in ("all", w.pep))
