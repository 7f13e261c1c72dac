"""Misbehaviours on a system whose names are not the insurer's: each finds its own target and runs to its end."""

import pytest

from harness.plan import Controls, load_system, unfit
from harness.plan.misbehaviours import misbehaviour_catalogue
from harness.plan.scenario import Scenario
from harness.world import simulate

SYSTEM = load_system("scenarios/incidents/system.yaml").model
BY_AGENTS = [key for key, entry in misbehaviour_catalogue().items() if "agent" in entry.by]


def scenario_of(twist: str) -> Scenario:
    visits = [
        {"user": "A", "tasks": [{"kind": "delegate"}]},
        {"user": "B", "tasks": [{"kind": "tasks"}, {"kind": "tasks", "at": "9s", "twist": twist}]},
    ]
    return Scenario.model_validate({"kind": "scenario", "id": "X1", "title": "elsewhere", "visits": visits})


@pytest.mark.parametrize("twist", [key for key in BY_AGENTS if unfit(scenario_of(key), SYSTEM) is None])
def test_a_misbehaviour_runs_to_its_end_on_another_system(twist: str) -> None:
    trace = simulate(SYSTEM, Controls.of(SYSTEM), scenario_of(twist))
    assert sum(event.kind == "task.started" for event in trace.events) == 3


@pytest.mark.parametrize(("twist", "endpoint"), [("T06", "infra.list_volumes"), ("T40", "a2a.get_task")])
def test_it_goes_for_what_this_system_has(twist: str, endpoint: str) -> None:
    trace = simulate(SYSTEM, Controls.of(SYSTEM), scenario_of(twist))
    allowed = [event for event in trace.events if event.kind == "request.allowed"]
    reached = {
        event.request.route.endpoint
        for event in allowed
        if event.request and event.cause and event.cause.twist == twist
    }
    assert endpoint in reached
