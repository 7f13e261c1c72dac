"""Every event that the world writes fits the vocabulary, whatever the design, the scenario, or the control taken away."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from harness.plan import Controls, words
from harness.trace import STANDARD, Event, Request, Route, Token, Trace, Who
from harness.world import simulate
from tests.world import worlds
from tests.world.fits import misfits

UNGUARDED = ("K01", "K04", "K06", "K10", "K11", "K13", "K17")


def all_misfits(trace: Trace, name: str) -> set[str]:
    """What is wrong with any event of a trace, each kind of mistake once."""
    known = words(worlds.system(name)).by_class
    return {problem for event in trace.events for problem in misfits(event, STANDARD, known)}


@pytest.mark.parametrize("name", worlds.SYSTEMS)
def test_every_event_of_every_scenario_fits_the_vocabulary(name: str) -> None:
    for scenario in worlds.scenarios():
        assert all_misfits(worlds.run(name, scenario), name) == set(), f"{scenario} on {name}"


@pytest.mark.parametrize("control", UNGUARDED)
def test_events_fit_where_attacks_get_through(control: str) -> None:
    for scenario in worlds.scenarios():
        assert all_misfits(worlds.run("insurance", scenario, (control,)), "insurance") == set(), scenario


def test_events_of_reach_fit_and_change_nothing_else() -> None:
    design = worlds.system()
    for scenario in worlds.scenarios().values():
        trace = simulate(design, Controls.of(design), scenario, reach=True)
        assert all_misfits(trace, "insurance") == set(), scenario.id
        others = [(e.kind, e.time_ms, e.who) for e in trace.events if not e.kind.startswith("reach.")]
        assert others == [(e.kind, e.time_ms, e.who) for e in worlds.run("insurance", scenario.id).events], scenario.id


@pytest.mark.parametrize("name", worlds.SYSTEMS)
def test_a_system_emits_only_what_it_says_it_can(name: str) -> None:
    can = words(worlds.system(name)).emitted
    assert can is not None
    for scenario in worlds.scenarios():
        assert {event.kind for event in worlds.run(name, scenario).events} <= can, scenario


@pytest.mark.parametrize("name", worlds.SYSTEMS)
def test_ids_are_unique_and_time_never_runs_back(name: str) -> None:
    for scenario in worlds.scenarios():
        events = worlds.run(name, scenario).events
        assert len({event.id for event in events}) == len(events), scenario
        times = [event.time_ms for event in events]
        assert times == sorted(times), scenario


def test_what_was_stopped_says_by_what_and_what_happened_does_not() -> None:
    known = {*Controls.of(worlds.system()).active(), "base"}
    for scenario in worlds.scenarios():
        for event in worlds.run("insurance", scenario).events:
            if event.attempt is not None:
                assert event.attempt.stopped_by, f"{scenario}: {event.kind} {event.id}"
                named = {*event.attempt.stopped_by, *event.attempt.would_also_stop}
                assert named <= known, f"{scenario}: {event.kind} {event.id}"
                assert not set(event.attempt.stopped_by) & set(event.attempt.would_also_stop), scenario


# ---------------------------------------------------------------- the checker itself

WHO = Who("insurance_agent", "agent", user="ana", agent="insurance_agent", root_agent="insurance_agent", task="task1")
ROUTE = Route("claims", "claims", "claims.read", permission="claims.read")
REQUEST = Request("req1", ROUTE, Token("jti", token_audience=("claims",)))
OWN = {"record": "claim.ana.1", "owner": "ana", "entitled": ("ana",), "category": "claim", "action": "read"}
GOOD = Event("data.accessed", 5, 1, WHO, OWN, REQUEST)


def found(event: Event) -> list[str]:
    return misfits(event, STANDARD, words(worlds.system()).by_class)


def test_the_checker_permits_a_good_event() -> None:
    assert found(GOOD) == []


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (replace(GOOD, kind="data.acessed"), "no kind"),
        (replace(GOOD, request=None), "no request"),
        (replace(GOOD, own={**OWN, "colour": "red"}), "`colour` is no field"),
        (replace(GOOD, own={**OWN, "purpose": None}), "left out"),
        (replace(GOOD, own={**OWN, "purpose": ""}), "not a word"),
        (replace(GOOD, own={**OWN, "owner": "zoe"}), "no person is called that"),
        (replace(GOOD, own={**OWN, "entitled": ["ana"]}), "lists are tuples"),
        (replace(GOOD, own={**OWN, "entitled": ("ana", "ana")}), "a member twice"),
        (replace(GOOD, own={**OWN, "entitled": ("zoe",)}), "no person is called that"),
        (replace(GOOD, own={**OWN, "action": "look"}), "not one of read"),
        (replace(GOOD, own={**OWN, "trusted": "yes"}), "not a flag"),
        (replace(GOOD, own={k: v for k, v in OWN.items() if k != "category"}), "`category` must always be there"),
        (replace(GOOD, who=replace(WHO, actor="stranger")), "is called that"),
        (replace(GOOD, who=replace(WHO, actor_type="robot")), "not one of user"),
        (replace(GOOD, time_ms=1.5), "whole milliseconds"),
        (replace(GOOD, request=replace(REQUEST, hour="9")), "not a number"),
        (replace(GOOD, request=replace(REQUEST, route=replace(ROUTE, endpoint="claims.reed"))), "no endpoint"),
        (replace(GOOD, request=replace(REQUEST, token=Token("jti", token_proof="smile"))), "not one of none"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_checker_finds_what_is_wrong(event: Event, said: str) -> None:
    assert any(said in problem for problem in found(event)), found(event)
