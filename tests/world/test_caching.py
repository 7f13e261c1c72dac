"""Caches: what a key keeps apart, where one stands, how long an entry lives, what makes it forget, and who notices."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.plan import Controls, Scenario, System
from harness.plan.caches import Cache
from harness.trace import Event, Trace
from harness.world import simulate
from tests.world import worlds

TWO = [
    {"user": "A", "logs_out": "5m", "tasks": [{"kind": "read"}]},
    {"user": "B", "arrives": "20s", "logs_out": "5m", "tasks": [{"kind": "read"}]},
]
OFF = ("K05", "K11")
"""K05 would keep people apart in agents and at the MCP server; K11 would hold back what reached the agent."""


def cached(name: str = "insurance", people: dict[str, Any] | None = None, **cache: Any) -> System:
    """A system with one cache."""
    system = worlds.system(name)
    made = Cache.model_validate({"at": ["policies"], "key": ["path"]} | cache)
    return system.model_copy(update={"caches": {"one": made}, "people": system.people.model_copy(update=people or {})})


def run(
    system: System,
    visits: list[dict[str, Any]] | None = None,
    *,
    actions: list[dict[str, Any]] | None = None,
    without: tuple[str, ...] = OFF,
    adding: tuple[str, ...] = (),
) -> Trace:
    story = {"kind": "scenario", "id": "C1", "title": "a try", "visits": visits or TWO, "actions": actions or []}
    controls = Controls.of(system, without=without, adding=adding)
    return simulate(system, controls, Scenario.model_validate(story))


def leaks(trace: Trace) -> list[Event]:
    """What was given to somebody who may not have it."""
    kinds = ("data.accessed", "answer.delivered", "memory.read")
    found = [event for event in trace.events if event.kind in kinds and event.attempt is None]
    return [event for event in found if event.who.user not in event.own["entitled"]]


def stopped_by(trace: Trace) -> set[str]:
    return {control for event in trace.events if event.attempt for control in event.attempt.stopped_by}


def hits(trace: Trace) -> int:
    """How often a gateway answered by itself."""
    return sum(event.kind == "request.allowed" and bool(event.request and event.request.route.pep == "gateway")
               for event in trace.events)  # fmt: skip


# ---------------------------------------------------------------- keys


@pytest.mark.parametrize("apart", ["subject", "token", "session", "task"])
def test_a_part_that_differs_between_people_keeps_them_apart(apart: str) -> None:
    assert not leaks(run(cached(key=["path", apart])))


@pytest.mark.parametrize("shared", ["endpoint", "scope", "client", "agent", "purpose", "tenant"])
def test_a_part_that_people_have_in_common_does_not(shared: str) -> None:
    found = leaks(run(cached(key=["path", shared])))
    assert {(one.who.user, one.own["owner"]) for one in found} == {("ben", "ana")}
    assert {one.cause.twist for one in found if one.kind == "data.accessed" and one.cause} == {"fault:response_cache"}


def test_tenants_are_apart_and_colleagues_are_not() -> None:
    key = ["path", "tenant"]
    assert not leaks(run(cached(key=key, people={"tenants": {"ana": "acme", "ben": "globex"}})))
    found = leaks(run(cached(key=key, people={"tenants": {"ana": "acme", "ben": "acme"}})))
    assert {(one.who.tenant, one.own["record_tenant"]) for one in found if one.kind == "data.accessed"} == {
        ("acme", "acme")
    }


def test_the_path_of_a_named_record_is_its_own_and_the_bare_endpoint_is_not() -> None:
    visits = [TWO[0], TWO[1] | {"tasks": [{"kind": "read", "twist": "T01"}]}]
    by_path = run(cached(key=["path"]), visits)
    assert "K04" in stopped_by(by_path)
    assert not leaks(by_path)
    by_endpoint = run(cached(key=["endpoint"]), visits)
    assert leaks(by_endpoint)


@settings(max_examples=30, deadline=None)
@given(
    key=st.sets(st.sampled_from(["endpoint", "scope", "client", "agent", "session", "task", "tenant", "purpose"])),
    stands=st.sampled_from(["gateway", "api", "client"]),
    at=st.sampled_from(["policies", "mcp"]),
)
def test_whatever_the_key_the_person_in_it_is_enough_for_people_with_nothing_in_common(
    key: set[str], stands: str, at: str
) -> None:
    assert not leaks(run(cached(at=[at], stands=stands, key=["path", "subject", *sorted(key)])))


# ---------------------------------------------------------------- places


@pytest.mark.parametrize("stands", ["gateway", "api", "client"])
@pytest.mark.parametrize("at", ["policies", "mcp"])
def test_wherever_it_stands_a_key_without_the_person_leaks(stands: str, at: str) -> None:
    found = leaks(run(cached(at=[at], stands=stands)))
    assert {(one.who.user, one.own["owner"]) for one in found} == {("ben", "ana")}
    assert {one.own["store"] for one in found if one.kind == "memory.read"} <= {"cache"}


def test_at_the_gateway_nobody_looks_at_the_token_and_in_the_api_somebody_does() -> None:
    visits = [
        TWO[0] | {"tasks": [{"kind": "read"}, {"kind": "read", "at": "60s", "twist": {"id": "T44", "wait": "20s"}}]}
    ]
    denied = [{"at": "70s", "disable_agent": "main"}]
    key, life = ["path", "subject"], "10m"
    over = {}
    for stands in ("gateway", "api"):
        trace = run(cached(at=["mcp"], key=key, lifetime=life, stands=stands), visits, actions=denied, without=("K05",))
        over[stands] = [e for e in trace.events if e.kind == "data.accessed" and not e.attempt and e.time_ms > 72_000]
    assert over["gateway"]
    assert not over["api"]


def test_a_hit_at_the_gateway_is_a_request_that_no_api_decided() -> None:
    trace = run(cached())
    assert hits(trace) == 1
    decided = [
        e for e in trace.events if e.kind == "request.allowed" and e.request and e.request.route.pep == "policies"
    ]
    assert len(decided) == 1


def test_only_reads_of_the_endpoints_that_it_covers_are_kept() -> None:
    paid = [one | {"tasks": [{"kind": "pay"}]} for one in TWO]
    assert hits(run(cached(at=["payments", "mcp"]), paid)) == 0
    assert hits(run(cached(endpoints=["notes"]))) == 0
    assert hits(run(cached(endpoints=["read"]))) == 1


# ---------------------------------------------------------------- time


def again(second: int) -> list[dict[str, Any]]:
    return [TWO[0], TWO[1] | {"arrives": f"{second}s"}]


def test_an_entry_lives_as_long_as_it_says_and_a_shorter_life_never_leaks_more() -> None:
    counts = [len(leaks(run(cached(lifetime=f"{seconds}s"), again(20)))) for seconds in (1, 10, 19, 30, 600)]
    assert counts == sorted(counts)
    assert (counts[0], counts[-1] > 0) == (0, True)


def test_the_first_answer_is_kept_until_its_own_end_and_not_longer_for_being_used() -> None:
    visits = [TWO[0], *again(20)[1:], TWO[1] | {"user": "C", "arrives": "45s"}]
    trace = run(cached(lifetime="40s"), visits)
    assert {one.who.user for one in leaks(trace)} == {"ben"}


@pytest.mark.parametrize(
    ("forgets", "leaves"),
    [([], True), (["session_revoked"], False), (["agent_denied"], True)],
    ids=["nothing", "a session's end", "something else"],
)
def test_a_signal_that_reaches_the_api_makes_it_forget(forgets: list[str], leaves: bool) -> None:
    visits = [TWO[0] | {"logs_out": "12s"}, TWO[1]]
    assert bool(leaks(run(cached(forgets=forgets), visits))) is leaves


def test_a_signal_that_never_reaches_it_makes_nothing_forget() -> None:
    visits = [TWO[0] | {"logs_out": "12s"}, TWO[1]]
    assert leaks(run(cached(forgets=["session_revoked"]), visits, without=(*OFF, "K09")))


def test_a_write_makes_it_forget_what_was_written() -> None:
    visits = [TWO[0] | {"tasks": [{"kind": "read"}, {"kind": "change", "at": "10s"}]}, TWO[1]]
    assert not leaks(run(cached(forgets=["write"]), visits))
    assert leaks(run(cached(), visits))


# ---------------------------------------------------------------- who notices


def test_the_object_check_is_never_asked_and_a_receiver_that_compares_is() -> None:
    assert leaks(run(cached(), without=OFF))
    compared = run(cached(), adding=("K26",))
    assert not leaks(compared)
    assert "K26" in stopped_by(compared)
    assert compared.counters["benign"]["completed"] == 2, "the wrong answer is thrown out and the right one fetched"


@pytest.mark.parametrize(
    ("at", "stands"), [("mcp", "gateway"), ("mcp", "api"), ("mcp", "client"), ("policies", "client")]
)
def test_k05_keeps_people_apart_in_agents_and_at_the_mcp_server(at: str, stands: str) -> None:
    trace = run(cached(at=[at], stands=stands), without=("K11",))
    assert not leaks(trace)
    assert "K05" in stopped_by(trace)


def test_k05_says_nothing_at_a_gateway_before_an_api() -> None:
    assert leaks(run(cached(at=["policies"]), without=("K11",)))


def test_one_token_for_all_answers_about_its_own_person() -> None:
    shared = cached(at=["mcp"], holds="tokens", key=["agent"])
    found = leaks(run(shared))
    assert {(one.who.user, one.own["owner"]) for one in found} == {("ben", "ana")}
    assert not leaks(run(cached(at=["mcp"], holds="tokens", key=["subject"])))
    apart = run(shared, without=("K11",))
    assert not leaks(apart)
    assert "fault:token_cache" in {one.cause.twist for one in apart.events if one.cause}


def test_a_third_party_s_provider_has_what_a_cache_hands_out() -> None:
    visits = [one | {"tasks": [{"kind": "shop", "agent": "third_party"}]} for one in TWO]
    trace = run(cached(at=["mcp"]), visits, without=("K05",))
    received = [e for e in trace.events if e.kind == "llm.received" and not e.attempt and e.who.user == "ben"]
    assert "ana" in {one.own["owner"] for one in received}, "before the server nobody compares owners"
    behind = run(cached(at=["mcp"], stands="api"), visits, without=("K05",))
    held = [e for e in behind.events if e.kind == "llm.received" and e.attempt and e.who.user == "ben"]
    assert {one.own["owner"] for one in held} == {"ana"}


def test_a_fork_keeps_its_own_entries() -> None:
    world = worlds.world()
    other = world.fork()
    other.answers[("one",)] = ()
    other.formerly["policies", "policy.ana.1"] = ((1, ()),)
    other.replies["due1"] = None
    assert (world.answers, world.formerly, world.replies) == ({}, {}, {})
