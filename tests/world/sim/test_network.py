"""Ordinary messages that are late or lost: when a request takes effect, and what becomes of whoever waits for it."""

from __future__ import annotations

from typing import Any

import pytest

from harness.plan import Controls, Scenario, System
from harness.plan.system import Agent
from harness.trace import Event, Trace
from harness.world import simulate
from tests.world import worlds

STAY = {"user": "A", "logs_out": "5m", "tasks": [{"kind": "read"}]}


def story(*faults: dict[str, Any], visits: list[dict[str, Any]] | None = None) -> Scenario:
    return Scenario.model_validate(
        {"kind": "scenario", "id": "N99", "title": "a try", "visits": visits or [STAY], "faults": list(faults)}
    )


def patient(timeout: str | None = None, retries: int = 0) -> System:
    """The insurer, whose agent waits so long and sends again so often."""
    system = worlds.system("insurance")
    said = system.agents["insurance_agent"].model_dump(exclude_unset=True) | {"timeout": timeout, "retries": retries}
    agent = Agent.model_validate({name: value for name, value in said.items() if value is not None})
    return system.model_copy(update={"agents": system.agents | {"insurance_agent": agent}})


def run(system: System, scenario: Scenario, *, seed: int = 0, without: tuple[str, ...] = ()) -> Trace:
    return simulate(system, Controls.of(system, without=without), scenario, seed=seed)


def times(trace: Trace, kind: str, endpoint: str | None = None) -> list[int]:
    return [event.time_ms for event in facts(trace, kind, endpoint)]


def facts(trace: Trace, kind: str, endpoint: str | None = None) -> list[Event]:
    found = [event for event in trace.events if event.kind == kind and event.attempt is None]
    return [one for one in found if endpoint is None or (one.request and one.request.route.endpoint == endpoint)]


PLAIN = run(patient(), story())


def test_a_call_takes_effect_when_it_arrives_and_everything_before_is_as_it_was() -> None:
    late = run(patient(), story({"message": "call", "to": "mcp", "delay": "7s"}))
    before, after = (
        times(PLAIN, "request.allowed", "mcp.list_policies"),
        times(late, "request.allowed", "mcp.list_policies"),
    )
    assert after[0] - before[0] == 7_000
    assert times(late, "token.issued")[:2] == times(PLAIN, "token.issued")[:2]
    assert late.counters["messages_delayed"] == 1


def test_an_answer_that_is_late_holds_up_what_comes_after_it_alone() -> None:
    late = run(patient(), story({"message": "answer", "to": "mcp", "delay": "7s"}))
    assert times(late, "data.accessed") == times(PLAIN, "data.accessed")
    assert times(late, "llm.received")[0] - times(PLAIN, "llm.received")[0] == 7_000


def test_a_late_token_request_is_a_late_token() -> None:
    late = run(patient(), story({"message": "token_request", "to": "home", "delay": "3s"}))
    mine = [event.time_ms for event in facts(late, "token.issued") if event.who.actor == "insurance_agent"]
    plain = [event.time_ms for event in facts(PLAIN, "token.issued") if event.who.actor == "insurance_agent"]
    assert mine[0] - plain[0] == 3_000


def test_a_hop_that_is_late_is_decided_twice_at_two_instants() -> None:
    late = run(patient(), story({"message": "hop", "to": "policies", "delay": "9s"}))
    front, behind = times(late, "request.allowed", "mcp.list_policies"), times(late, "request.allowed", "policies.read")
    assert behind[0] - front[0] == 9_000
    assert times(late, "data.accessed")[0] == behind[0]
    assert late.counters["benign"] == PLAIN.counters["benign"]


def test_a_call_that_comes_after_the_logout_is_stopped_and_counts_as_challenged_by_the_fault() -> None:
    scenario = story({"message": "hop", "to": "policies", "delay": "50s"}, visits=[STAY | {"logs_out": "30s"}])
    verdict = worlds.judged(run(patient(), scenario))["R1"]
    assert (len(verdict.violations), verdict.challenged > 0, "K09" in verdict.stopped_by) == (0, True, True)
    weak = worlds.judged(run(patient(), scenario, without=("K09",)))["R1"]
    assert weak.violations


@pytest.mark.parametrize("message", ["call", "answer"])
def test_without_a_timeout_an_agent_waits_for_ever_and_the_run_ends_all_the_same(message: str) -> None:
    lost = run(patient(), story({"message": message, "to": "mcp", "lose": True}))
    assert lost.counters["messages_lost"] == 1
    assert lost.counters["benign"]["completed"] == 0
    assert bool(times(lost, "data.accessed")) is (message == "answer")
    assert not times(lost, "task.ended")


def test_with_a_timeout_it_gives_up_and_what_was_lost_is_no_attempt() -> None:
    lost = run(patient("10s"), story({"message": "call", "to": "mcp", "lose": True}))
    assert times(lost, "task.ended")
    assert lost.counters["benign"]["completed"] == 0
    assert not [event for event in lost.events if event.request and event.request.route.endpoint == "mcp.list_policies"]


def test_what_is_sent_again_gets_through_once_the_network_does() -> None:
    once_lost = {"message": "call", "to": "mcp", "lose": True, "until": "8s"}
    assert run(patient("10s", 1), story(once_lost)).counters["benign"]["completed"] == 1
    assert run(patient("10s", 0), story(once_lost)).counters["benign"]["completed"] == 0


def test_a_request_that_nobody_waits_for_any_more_still_takes_effect() -> None:
    late = run(patient("10s"), story({"message": "call", "to": "mcp", "delay": "60s"}))
    given_up = times(late, "task.ended")[0]
    assert times(late, "request.allowed", "mcp.list_policies")[0] > given_up


def test_a_delay_beyond_the_end_of_the_visits_still_takes_effect() -> None:
    scenario = story({"message": "call", "to": "mcp", "delay": "30m"})
    asked = [event for event in run(patient("5s"), scenario).events if event.kind == "request.denied"]
    assert [event.time_ms > 1_800_000 for event in asked] == [True]


def test_a_payment_whose_answer_is_lost_is_made_twice_unless_approvals_are_used_up() -> None:
    visits = [STAY | {"tasks": [{"kind": "pay"}]}]
    scenario = story({"message": "answer", "to": "mcp", "lose": True, "until": "40s"}, visits=visits)
    system = patient("10s", 2)
    assert worlds.broken(worlds.judged(run(system, scenario, without=("K14",)))) == {"R5"}
    kept = worlds.judged(run(system, scenario))["R5"]
    assert (len(kept.violations), kept.challenged > 0, "K14" in kept.stopped_by) == (0, True, True)


def test_a_rule_is_about_one_agent_a_while_and_a_share() -> None:
    two = [STAY, {"user": "B", "logs_out": "5m", "tasks": [{"kind": "shop", "agent": "third_party"}]}]
    ours = run(patient(), story({"message": "call", "to": "mcp", "of": "main", "lose": True}, visits=two))
    assert {event.who.agent for event in facts(ours, "data.accessed")} == {"third_party_agent"}
    over = run(patient(), story({"message": "call", "to": "mcp", "lose": True, "until": "1s"}))
    assert over.counters["benign"]["completed"] == 1
    never = run(patient(), story({"message": "call", "lose": True, "share": 0.0}))
    assert never.counters["benign"]["completed"] == 1


def test_a_span_is_drawn_from_the_seed() -> None:
    scenario = story({"message": "call", "to": "mcp", "delay": "1s", "up_to": "20s"})
    drawn = [times(run(patient(), scenario, seed=seed), "data.accessed")[0] for seed in range(6)]
    plain = [times(run(patient(), story(), seed=seed), "data.accessed")[0] for seed in range(6)]
    late = [one - other for one, other in zip(drawn, plain, strict=True)]
    assert len(set(late)) > 3
    assert all(1_000 <= one <= 20_000 for one in late)
    assert drawn == [times(run(patient(), scenario, seed=seed), "data.accessed")[0] for seed in range(6)]


def test_a_rule_on_signals_leaves_ordinary_messages_as_they_are() -> None:
    signals = run(patient(), story({"message": "any", "delay": "30s"}))
    assert [(e.kind, e.time_ms) for e in signals.events] == [(e.kind, e.time_ms) for e in PLAIN.events]
