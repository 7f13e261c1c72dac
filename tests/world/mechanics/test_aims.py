"""Working out once what a call is about must change nothing: not a byte of any run, and no answer after a change."""

from __future__ import annotations

import io

import pytest

from harness.plan import Controls
from harness.trace import write_trace
from harness.world import simulate
from harness.world.mechanics import aims
from harness.world.mechanics import commands as c
from harness.world.mechanics.state import World
from tests.world import worlds
from tests.world.worlds import Hand, at_work, token_for

AGENT = "insurance_agent"


def text(name: str, scenario: str) -> str:
    """A run as it is written to a file."""
    design = worlds.system(name)
    out = io.StringIO()
    write_trace(simulate(design, Controls.of(design), worlds.scenarios()[scenario], seed=5), out)
    return out.getvalue()


@pytest.mark.parametrize("name", ["insurance", "allow_all"])
def test_runs_are_the_same_without_the_memory(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    remembered = {scenario: text(name, scenario) for scenario in worlds.scenarios()}
    monkeypatch.setattr(aims, "_same", lambda before, now: False)
    for scenario, before in remembered.items():
        assert text(name, scenario) == before, scenario


def repeated(world: World | None = None) -> tuple[Hand, str, c.Call]:
    """Ana's agent has read her policies once and is about to do so again: the hand, the session and the call."""
    hand = Hand(world or worlds.world())
    session, task = at_work(hand, "ana")
    credential = token_for(hand, task, "policies", "policies.read")
    step = c.Call(agent=AGENT, task=task, endpoint="policies.read", credential=credential)
    assert hand.do(step, 1_000).ok
    assert len(hand.world.aims) == 1
    return hand, session, step


def test_the_same_call_is_worked_out_once() -> None:
    hand, _, step = repeated()
    (first,) = hand.world.aims.values()
    assert hand.do(step, 2_000).ok
    (second,) = hand.world.aims.values()
    assert first is second


def test_what_is_different_each_time_is_looked_at_each_time() -> None:
    hand, _, step = repeated()
    hand.do(c.Leave("ana"), 2_000)
    hand.do(step, 3_000)
    before, after = (event.request for event in hand.of("request.allowed") if event.request.route.api == "policies")
    assert before is not None
    assert after is not None
    assert (before.user_present, after.user_present) == (True, False)
    assert before.token_remaining_ms == (after.token_remaining_ms or 0) + 2_000
    assert before.request != after.request


def test_an_hour_later_it_is_an_hour_later() -> None:
    hand, _, step = repeated(worlds.world(without=["K07"]))
    hand.do(step, 3_550_000)
    hand.do(step, 3_600_000)
    hours = [event.request.hour for event in hand.of("request.allowed") if event.request.route.api == "policies"]
    assert hours == [9, 9, 10]


def test_another_client_presents_itself_as_another() -> None:
    hand, _, step = repeated(worlds.world(without=["K19"]))
    assert hand.do(c.Register(agent=AGENT, task=step.task)).ok
    hand.do(step)
    assert len({event.request.actor_client for event in hand.of("request.allowed") + hand.of("request.denied")}) == 3


def test_an_operation_is_a_new_one_each_time() -> None:
    hand = Hand(worlds.world())
    _, task = at_work(hand, "ana", "change")
    credential = token_for(hand, task, "policies", "policies.write")
    step = c.Call(agent=AGENT, task=task, endpoint="policies.change", credential=credential)
    for _ in range(2):
        assert hand.do(step).ok
    first, second = hand.of("operation.completed")
    assert first.own["operation"] != second.own["operation"]


def test_a_fork_with_another_person_behind_the_same_names_is_told_apart() -> None:
    """Both forks call what they made `task1` and `cred5`; it is the credential itself that is compared."""
    bare = Hand(worlds.world())
    for user in ("ana", "ben"):
        bare.do(c.Arrive(user))
    seen = {}
    for user in ("ana", "ben"):
        hand = bare.fork()
        session = str(hand.do(c.LogIn(user)).session)
        task = str(hand.do(c.StartTask(user, session, AGENT, "read", "advice")).task)
        credential = token_for(hand, task, "policies", "policies.read")
        hand.do(c.Call(agent=AGENT, task=task, endpoint="policies.read", credential=credential))
        seen[user] = (task, credential, {event.own["owner"] for event in hand.of("data.accessed")})
    assert seen["ana"][:2] == seen["ben"][:2], "the names are the same"
    assert (seen["ana"][2], seen["ben"][2]) == ({"ana"}, {"ben"})


def test_the_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aims, "MAX_AIMS", 2)
    hand, _, step = repeated()
    for record in ("policy.ana.1", "policy.ana.2", "policy.ben.1"):
        hand.do(
            c.Call(agent=AGENT, task=step.task, endpoint="policies.read", credential=step.credential, record=record)
        )
        assert len(hand.world.aims) <= 2
