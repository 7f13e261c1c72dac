"""What operators do at an instant: whom a denial reaches, what an unlocked person can do, whose sessions end, by whom."""

from __future__ import annotations

from typing import Any

from harness.plan import Controls, Scenario, System
from harness.trace import Event, Trace
from harness.world import simulate
from tests.world import worlds


def run(actions: list[dict[str, Any]], visits: list[dict[str, Any]], system: System | None = None) -> Trace:
    story = {"kind": "scenario", "id": "O1", "title": "a try", "visits": visits, "actions": actions}
    design = system or worlds.system("insurance")
    return simulate(design, Controls.of(design), Scenario.model_validate(story))


def of(trace: Trace, kind: str) -> list[Event]:
    return [event for event in trace.events if event.kind == kind and event.attempt is None]


def stay(user: str = "A", *seconds: int, **more: Any) -> dict[str, Any]:
    tasks = [{"kind": "read", "at": f"{second}s"} for second in seconds or (2,)]
    return {"user": user, "logs_out": "4m", "tasks": tasks} | more


def test_a_denial_reaches_one_agent_or_all_of_its_domain() -> None:
    one = of(run([{"at": "1s", "disable_agent": "main"}], [stay()]), "agent.disabled")
    assert [event.who.agent for event in one] == ["insurance_agent"]
    domain = run([{"at": "1s", "disable_agent": "main", "reach": "domain"}], [stay("A", 20), stay("B", 20)])
    assert {event.who.agent for event in of(domain, "agent.disabled")} == {"insurance_agent", "third_party_agent"}
    shopping = stay(tasks=[{"kind": "shop", "agent": "third_party", "at": "20s"}])
    assert not of(run([{"at": "1s", "disable_agent": "main", "reach": "domain"}], [shopping]), "data.accessed")
    assert of(run([{"at": "1s", "disable_agent": "main"}], [shopping]), "data.accessed")


def test_an_unlocked_person_signs_in_again_and_a_locked_one_does_not() -> None:
    again = [stay("A", 2, logs_out="20s"), stay("A", 2, arrives="60s")]
    locked = run([{"at": "30s", "lock_user": "A"}], again)
    assert len(of(locked, "session.started")) == 1
    assert of(locked, "user.authentication_failed")
    unlocked = run([{"at": "30s", "lock_user": "A"}, {"at": "40s", "unlock_user": "A"}], again)
    assert len(of(unlocked, "session.started")) == 2
    assert max(event.time_ms for event in of(unlocked, "data.accessed")) > 60_000


def test_an_administrator_ends_every_session_of_one_person() -> None:
    trace = run([{"at": "30s", "end_sessions_of": "A"}], [stay("A", 2, 40), stay("B", 2, 40)])
    ended = [event for event in of(trace, "session.ended") if event.own["reason"] == "admin"]
    assert [(event.who.user, event.who.actor, event.who.actor_type) for event in ended] == [("ana", "admin", "admin")]
    late = {event.who.user for event in of(trace, "data.accessed") if event.time_ms > 32_000}
    assert late == {"ben"}


def test_whoever_the_system_calls_its_administrator_does_it() -> None:
    system = worlds.system("insurance")
    people = system.people.model_copy(update={"administrators": ["root"]})
    trace = run([{"at": "9s", "disable_agent": "main"}], [stay()], system.model_copy(update={"people": people}))
    assert [(event.who.actor, event.own["by"]) for event in of(trace, "agent.disabled")] == [("root", "root")]


def test_nobody_loses_what_is_their_own() -> None:
    trace = run([{"at": "1s", "end_access": "A", "records_of": "A"}], [stay()])
    assert of(trace, "data.accessed")
