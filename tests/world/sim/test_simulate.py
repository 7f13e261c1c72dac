"""Whole runs: misfortunes as rules on messages, seeds and common random numbers, the head and the foot of a trace."""

from __future__ import annotations

from typing import Any

import pytest

from harness.plan import Controls, Scenario
from harness.plan.scenario import Fault, Outage
from harness.trace import Trace
from harness.world import simulate
from tests.world import worlds


def with_faults(name: str, *faults: dict[str, Any], **more: Any) -> Scenario:
    """A shipped scenario with misfortunes added."""
    rules = [Fault.model_validate(one) for one in faults]
    return worlds.scenarios()[name].model_copy(update={"faults": rules, **more})


def run(scenario: Scenario, *, seed: int = 0, name: str = "insurance", without: tuple[str, ...] = ()) -> Trace:
    design = worlds.system(name)
    return simulate(design, Controls.of(design, without=without), scenario, seed=seed)


# ---------------------------------------------------------------- faults


@pytest.mark.parametrize(
    ("scenario", "fault", "broken"),
    [
        ("S01", {"message": "session_revoked", "lose": True}, {"R1"}),
        ("S01", {"message": "session_revoked", "delay": "3s"}, set()),
        ("S01", {"message": "session_revoked", "delay": "30s"}, {"R1"}),
        ("S01", {"message": "session_revoked", "lose": True, "to": "mcp"}, set()),
        ("S01", {"message": "session_revoked", "lose": True, "share": 0}, set()),
        ("S01", {"message": "agent_denied", "lose": True}, set()),
        ("S01", {"lose": True}, {"R1"}),
        ("S33", {"message": "agent_denied", "lose": True}, {"R6"}),
        ("S33", {"message": "agent_denied", "delay": "20s"}, set()),
        ("S08", {"message": "consent_withdrawn", "lose": True}, {"R2"}),
    ],
    ids=str,
)
def test_a_signal_that_is_lost_or_late_breaks_what_rests_on_it(
    scenario: str, fault: dict[str, Any], broken: set[str]
) -> None:
    assert worlds.broken(worlds.judged(run(with_faults(scenario, fault)))) == broken


def test_the_first_rule_that_matches_decides() -> None:
    kept = with_faults("S01", {"message": "session_revoked", "delay": "0s"}, {"lose": True})
    assert worlds.broken(worlds.judged(run(kept))) == set()
    lost = with_faults("S01", {"lose": True}, {"message": "session_revoked", "delay": "0s"})
    assert worlds.broken(worlds.judged(run(lost))) == {"R1"}


def test_what_was_lost_is_counted_and_was_neither_done_nor_stopped() -> None:
    trace = run(with_faults("S01", {"message": "session_revoked", "lose": True}))
    assert trace.counters["signals_lost"] > 0
    assert "signals_sent" not in trace.counters
    ended_ms = next(event.time_ms for event in trace.events if event.kind == "user.logged_out")
    after = [event for event in trace.events if event.kind == "data.accessed" and event.time_ms > ended_ms + 10_000]
    assert after
    assert all(event.attempt is None for event in after[:1])


def test_a_share_is_drawn_from_the_seed_and_from_a_stream_of_its_own() -> None:
    half = with_faults("S01", {"message": "session_revoked", "lose": True, "share": 0.5})
    lost = [run(half, seed=seed).counters.get("signals_lost", 0) for seed in range(12)]
    assert len(set(lost)) > 1
    assert lost == [run(half, seed=seed).counters.get("signals_lost", 0) for seed in range(12)]
    plain = run(worlds.scenarios()["S01"])
    before = [(event.kind, event.time_ms) for event in plain.events if event.time_ms < 12_000]
    assert before == [(event.kind, event.time_ms) for event in run(half).events if event.time_ms < 12_000]


def test_a_server_that_is_down_stops_work_and_breaks_nothing() -> None:
    down = Outage.model_validate({"server": "home", "since": "1s", "until": "10m"})
    trace = run(with_faults("H01", outages=[down]))
    assert worlds.broken(worlds.judged(trace)) == set()
    assert trace.counters["benign"]["completed"] < trace.counters["benign"]["tasks"]


# ---------------------------------------------------------------- the same call, two ways


@pytest.mark.parametrize("endpoint", ["policies.read", "mcp.list_policies"])
def test_a_forbidden_call_breaks_the_same_requirement_directly_and_through_the_server(endpoint: str) -> None:
    shipped = worlds.scenarios()["S18"]
    (visit,) = shipped.visits
    (job,) = visit.tasks
    assert job.twist is not None
    twisted = job.model_copy(update={"twist": job.twist.model_copy(update={"endpoint": endpoint})})
    scenario = shipped.model_copy(update={"visits": [visit.model_copy(update={"tasks": [twisted]})]})
    guarded = worlds.judged(run(scenario))["R4"]
    assert (len(guarded.violations), set(guarded.stopped_by)) == (0, {"K04"})
    assert worlds.broken(worlds.judged(run(scenario, without=("K04",)))) == {"R4"}
    stopped = [event for event in run(scenario).events if event.kind == "data.accessed" and event.attempt]
    assert {event.request.route.endpoint for event in stopped if event.request} == {"policies.read"}


# ---------------------------------------------------------------- seeds


def test_another_seed_gives_other_traffic_and_the_same_verdicts() -> None:
    for scenario in ("H01", "S18", "S25"):
        first, second = (worlds.run("insurance", scenario, seed=seed) for seed in (0, 1))
        assert [event.time_ms for event in first.events] != [event.time_ms for event in second.events]
        assert worlds.broken(worlds.judged(first)) == worlds.broken(worlds.judged(second)) == set()


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("scenario", ["H01", "H02", "H03", "H04", "H05"])
def test_honest_work_is_done_whatever_the_seed(scenario: str, seed: int) -> None:
    trace = worlds.run("insurance", scenario, seed=seed)
    assert worlds.broken(worlds.judged(trace)) == set()
    benign = trace.counters["benign"]
    assert benign["tasks"] == benign["completed"] > 0
    assert benign["refused_calls"] == 0


def test_two_designs_meet_the_same_people_and_tasks() -> None:
    """Common random numbers: what differs between two runs of a seed is the design's doing."""

    def people(trace: Trace) -> list[tuple[Any, ...]]:
        kinds = ("user.arrived", "task.started")
        return [(event.kind, event.time_ms, event.who.user) for event in trace.events if event.kind in kinds]

    first, second = worlds.run("insurance", "H01"), worlds.run("login_only", "H01")
    assert people(first) == people(second) != []
    assert first.header["people"] == second.header["people"]


def test_one_more_visitor_shifts_nobody_elses_day() -> None:
    shipped = worlds.scenarios()["H01"]
    more = shipped.model_copy(
        update={"visits": [*shipped.visits, shipped.visits[0].model_copy(update={"user": "bruno"})]}
    )
    before = [(e.kind, e.time_ms) for e in run(shipped).events if e.who.user == "ben"]
    after = [(e.kind, e.time_ms) for e in run(more).events if e.who.user == "ben"]
    assert before == after != []


# ---------------------------------------------------------------- the head and the foot


def test_the_head_says_what_changes_the_run_and_nothing_of_the_machine() -> None:
    header = worlds.run("insurance", "S18", ("K04",), 3).header
    assert (header["seed"], header["system"], header["scenario"]) == (3, "insurance", "S18")
    assert "K04" not in header["controls"]
    assert header["options"]["K14"] == {"lifetime": 120_000}
    assert set(header["people"]) >= {"ana", "erik", "bruno", "admin"}
    assert "/" not in str(header["system"])
    assert not [value for value in header.values() if isinstance(value, str) and ("\\" in value or ".yaml" in value)]


def test_a_run_in_which_nothing_happens_ends() -> None:
    trace = run(Scenario(kind="scenario", id="E01", title="nobody comes"))
    assert trace.events == []
    assert trace.counters["benign"] == {"tasks": 0, "completed": 0, "refused_calls": 0, "challenge_round_trips": 0}


def test_a_run_ends_where_the_scenario_says() -> None:
    cut = worlds.scenarios()["H01"].model_copy(update={"until": 9_000})
    assert max(event.time_ms for event in run(cut).events) <= 9_000


def test_a_task_that_is_steered_is_not_counted_as_honest_work() -> None:
    counted = worlds.run("insurance", "S18").counters["benign"]["tasks"]
    twisted = sum(job.twist is not None for visit in worlds.scenarios()["S18"].visits for job in visit.tasks)
    started = [event for event in worlds.run("insurance", "S18").events if event.kind == "task.started"]
    assert counted == len(started) - twisted


# ---------------------------------------------------------------- clocks and servers


def test_a_clock_that_is_ahead_refuses_what_has_not_expired_and_one_that_is_late_takes_what_has() -> None:
    honest = worlds.scenarios()["H01"]
    plain, ahead, late = (
        run(honest.model_copy(update=change))
        for change in ({}, {"fast_clocks": {"policies": 600_000}}, {"clocks": {"policies": 4_000}})
    )
    assert plain.counters["benign"]["completed"] == late.counters["benign"]["completed"]
    assert ahead.counters["benign"]["completed"] < plain.counters["benign"]["completed"]
    assert worlds.broken(worlds.judged(ahead)) == set()


@pytest.mark.parametrize(("server", "kind"), [("mcp", "data.accessed"), ("acme_llm", "llm.received")])
def test_an_api_or_a_provider_that_is_down_does_nothing_and_stops_nothing(server: str, kind: str) -> None:
    down = Outage.model_validate({"server": server, "since": "0s", "until": "1h"})
    trace = run(with_faults("H01", outages=[down]))
    ours = [event for event in trace.events if event.kind == kind and event.who.agent == "insurance_agent"]
    assert not [event for event in ours if event.attempt is not None]
    assert len(ours) < len([e for e in run(worlds.scenarios()["H01"]).events if e.kind == kind])
    assert trace.counters["unanswered"] > 0
