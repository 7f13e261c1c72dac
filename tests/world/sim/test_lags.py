"""Replicas that are late: what is decided on old knowledge, from when the new is known, and what it is not about."""

from __future__ import annotations

from typing import Any

import pytest

from harness.plan import Controls, Scenario, Setting
from harness.trace import Event, Trace
from harness.world import simulate
from tests.world import worlds

EVERY_5_S = [{"kind": "read", "at": f"{second}s"} for second in range(2, 122, 5)]


def run(
    *lags: dict[str, Any],
    actions: list[dict[str, Any]],
    visits: list[dict[str, Any]],
    controls: dict[str, Any] | None = None,
) -> Trace:
    story = {"kind": "scenario", "id": "L1", "title": "a try", "visits": visits, "actions": actions, "lags": list(lags)}
    system = worlds.system("insurance")
    changed = {key: Setting.model_validate(value) for key, value in (controls or {}).items()}
    system = system.model_copy(update={"controls": system.controls | changed})
    return simulate(system, Controls.of(system), Scenario.model_validate(story))


def last(trace: Trace, kind: str, **who: str) -> int:
    """The last second in which such a thing happened, and was not stopped."""
    return max((event.time_ms // 1000 for event in made(trace, kind, **who)), default=-1)


def made(trace: Trace, kind: str, **who: str) -> list[Event]:
    found = [event for event in trace.events if event.kind == kind and event.attempt is None]
    return [event for event in found if all(getattr(event.who, key) == value for key, value in who.items())]


# ---------------------------------------------------------------- owners


BROKER = [{"user": "bruno", "logs_out": "4m", "tasks": [one | {"about": "C"} for one in EVERY_5_S]}]
MANDATE_ENDS = [{"at": "30s", "end_access": "bruno", "records_of": "C"}]


def test_an_api_compares_with_who_used_to_be_entitled_until_its_replica_knows() -> None:
    at_once = last(run(actions=MANDATE_ENDS, visits=BROKER), "data.accessed", user="bruno")
    late = last(
        run({"of": "owners", "at": "policies", "by": "40s"}, actions=MANDATE_ENDS, visits=BROKER), "data.accessed"
    )
    assert at_once <= 30
    assert 60 <= late <= 70


@pytest.mark.parametrize(
    "lag",
    [
        {"of": "owners", "at": "claims", "by": "40s"},
        {"of": "consents", "by": "40s"},
        {"of": "owners", "by": "40s", "since": "31s"},
    ],
    ids=["another api", "another fact", "a later window"],
)
def test_a_lag_is_about_its_place_its_fact_and_its_window(lag: dict[str, Any]) -> None:
    assert last(run(lag, actions=MANDATE_ENDS, visits=BROKER), "data.accessed", user="bruno") <= 30


def test_a_replica_has_caught_up_when_its_window_ends() -> None:
    caught_up = {"of": "owners", "by": "5m", "until": "50s"}
    assert 40 <= last(run(caught_up, actions=MANDATE_ENDS, visits=BROKER), "data.accessed", user="bruno") <= 50


def test_who_asks_where_it_is_decided_is_not_late() -> None:
    fresh = {"K04": {"strength": "fresh"}}
    lag = {"of": "owners", "by": "40s"}
    assert last(run(lag, actions=MANDATE_ENDS, visits=BROKER, controls=fresh), "data.accessed", user="bruno") <= 30


def test_a_new_right_is_late_as_well_and_what_happened_is_judged_by_the_ledger() -> None:
    given = [{"at": "30s", "give_access": "bruno", "records_of": "A"}]
    visits = [{"user": "bruno", "logs_out": "4m", "tasks": [one | {"about": "A"} for one in EVERY_5_S]}]
    first = {}
    for name, lags in {"at_once": [], "late": [{"of": "owners", "by": "40s"}]}.items():
        events = made(run(*lags, actions=given, visits=visits), "data.accessed", user="bruno")
        first[name] = events[0].time_ms // 1000
        assert "bruno" in events[0].own["entitled"]
    assert 30 <= first["at_once"] <= 40
    assert 70 <= first["late"] <= 80


def test_of_two_changes_each_is_known_in_its_turn() -> None:
    there_and_back = [*MANDATE_ENDS, {"at": "50s", "give_access": "bruno", "records_of": "C"}]
    events = made(
        run({"of": "owners", "by": "40s"}, actions=there_and_back, visits=BROKER), "data.accessed", user="bruno"
    )
    seconds = {event.time_ms // 1000 for event in events}
    assert any(second < 70 for second in seconds)
    assert not any(71 <= second < 90 for second in seconds)
    assert any(second >= 90 for second in seconds)


# ---------------------------------------------------------------- what servers issue by


def at_work(user: str = "A", twist: str | None = None) -> list[dict[str, Any]]:
    tasks = EVERY_5_S if twist is None else [{"kind": "read", "at": "2s", "twist": twist}]
    return [{"user": user, "logs_out": "4m", "tasks": tasks}]


def test_a_server_issues_on_a_denial_that_it_does_not_know_and_signals_go_out_at_once() -> None:
    denied = [{"at": "30s", "disable_agent": "main"}]
    mine = {"agent": "insurance_agent", "actor": "insurance_agent"}
    off = {"K17": {"on": False}}
    lag = {"of": "denials", "at": "home", "by": "40s"}
    assert last(run(actions=denied, visits=at_work(), controls=off), "token.issued", **mine) <= 30
    assert 60 <= last(run(lag, actions=denied, visits=at_work(), controls=off), "token.issued", **mine) <= 70
    assert last(run(lag, actions=denied, visits=at_work()), "data.accessed", agent="insurance_agent") <= 31


def test_k16_may_be_as_late_by_design() -> None:
    denied = [{"at": "30s", "disable_agent": "main"}]
    slow = {"K16": {"delay": "40s"}, "K17": {"on": False}}
    found = run(actions=denied, visits=at_work(), controls=slow)
    assert 60 <= last(found, "token.issued", agent="insurance_agent", actor="insurance_agent") <= 70


def test_an_api_whose_deny_list_lags_goes_on_after_a_denial() -> None:
    denied = [{"at": "30s", "disable_agent": "main"}]
    lag = {"of": "denials", "at": "policies", "by": "40s"}
    through = [one for one in made(run(lag, actions=denied, visits=at_work()), "request.allowed") if one.request]
    assert max(one.time_ms for one in through if one.request and one.request.route.api == "mcp") <= 32_000


def test_a_consent_that_was_given_beforehand_is_known_and_a_new_one_is_late() -> None:
    lag = {"of": "consents", "at": "home", "by": "40s"}
    assert made(run(lag, actions=[], visits=at_work()), "llm.received")
    asked = [{"user": "A", "logs_out": "4m", "consents": "when_asked", "tasks": [{"kind": "read"}]}]
    at_once, late = (run(*lags, actions=[], visits=asked) for lags in ([], [lag]))
    assert made(at_once, "llm.received")
    assert len(made(late, "consent.granted")) > len(made(at_once, "consent.granted"))


@pytest.mark.parametrize(
    ("fact", "action", "controls"),
    [
        ("revocations", {"at": "24s", "revoke_task_of": "A"}, {"K17": {"on": False}, "K18": {"on": False}}),
        ("sessions", {"at": "24s", "end_sessions_of": "A"}, {"K09": {"on": False}}),
        ("denials", {"at": "24s", "lock_user": "A"}, {"K17": {"on": False}, "K09": {"on": False}}),
    ],
)
def test_a_server_goes_on_issuing_until_it_knows(fact: str, action: dict[str, Any], controls: dict[str, Any]) -> None:
    mine = {"actor": "insurance_agent"}
    at_once = last(run(actions=[action], visits=at_work(), controls=controls), "token.issued", **mine)
    lag = {"of": fact, "at": "home", "by": "40s"}
    late = last(run(lag, actions=[action], visits=at_work(), controls=controls), "token.issued", **mine)
    assert at_once <= 24 < late <= 66


def test_a_shorter_lag_never_lets_more_through() -> None:
    through = []
    for seconds in (0, 10, 20, 40, 80):
        lag = {"of": "owners", "by": f"{seconds}s"}
        through.append(len(made(run(lag, actions=MANDATE_ENDS, visits=BROKER), "data.accessed", user="bruno")))
    assert through == sorted(through)
    assert through[0] < through[-1]
