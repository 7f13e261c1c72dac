"""Three designs after published samples: their settings really are what the world does, and what each of them breaks."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.plan import Controls, System, load_scenario, load_system
from harness.report.result import SystemResult
from harness.suite import run_suite
from harness.trace import Event, Trace
from harness.world import simulate

ROOT = Path(__file__).parent.parent.parent
BROKEN = {
    "published_autonomous_agent": "R1 R2 R3 R4 R5 R6",
    "published_mcp_secured_api": "R1 R2 R3 R4 R5 R6",
    "published_agents_auth_demo": "R1 R2 R4 R5 R6",
}
LIFETIME_S = {"published_autonomous_agent": 900, "published_mcp_secured_api": 900, "published_agents_auth_demo": 600}


@pytest.fixture(scope="module")
def results() -> dict[str, SystemResult]:
    here = os.getcwd()
    os.chdir(ROOT)
    try:
        result = run_suite("requirements.yaml", systems=[f"scenarios/systems/{name}.yaml" for name in BROKEN])
        return {one.name: one for one in result.systems}
    finally:
        os.chdir(here)


def system(name: str) -> System:
    return load_system(ROOT / "scenarios" / "systems" / f"{name}.yaml").model


def run(name: str, scenario: str) -> Trace:
    (path,) = (ROOT / "scenarios").rglob(f"{scenario}_*.yaml")
    design = system(name)
    return simulate(design, Controls.of(design), load_scenario(path).model)


def issued(trace: Trace) -> Iterator[Event]:
    return (event for event in trace.events if event.kind == "token.issued" and event.attempt is None)


@pytest.mark.parametrize("name", BROKEN)
def test_what_each_breaks_and_what_it_keeps(results: dict[str, SystemResult], name: str) -> None:
    found = {one.requirement: one.verdict for one in results[name].verdicts}
    assert {key for key, verdict in found.items() if verdict == "violated"} == set(BROKEN[name].split())
    assert set(found.values()) <= {"violated", "held"}


@pytest.mark.parametrize("name", BROKEN)
def test_honest_work_is_done(results: dict[str, SystemResult], name: str) -> None:
    benign = results[name].benign
    assert benign.completed == benign.tasks > 0
    assert benign.refused_calls == 0
    assert results[name].failures == ()


@pytest.mark.parametrize("name", BROKEN)
def test_the_file_says_that_it_is_a_model_of_a_sample(name: str) -> None:
    text = system(name).text
    assert "a model of a sample's settings" in text
    assert "no statement about a product" in text


@pytest.mark.parametrize("name", BROKEN)
def test_tokens_live_as_long_as_in_the_sample(name: str) -> None:
    by_login = {e.own["lifetime"] for e in issued(run(name, "h01")) if e.own["grant"] == "authorization_code"}
    assert by_login == {LIFETIME_S[name] * 1000}


@pytest.mark.parametrize(
    ("name", "inherited"),
    [
        ("published_autonomous_agent", True),
        ("published_mcp_secured_api", True),
        ("published_agents_auth_demo", False),
    ],
)
def test_an_exchange_inherits_the_end_or_starts_anew(name: str, inherited: bool) -> None:
    exchanged = [e.own for e in issued(run(name, "h01")) if e.own["grant"] == "token_exchange"]
    lifetimes = {one["lifetime"] for one in exchanged if "repairs" not in one["audience"]}  # another server's, anew
    whole = LIFETIME_S[name] * 1000
    assert max(lifetimes) < whole if inherited else lifetimes == {whole}


@pytest.mark.parametrize("name", BROKEN)
def test_agents_get_no_refresh_tokens_although_nobody_asks_about_the_session(
    results: dict[str, SystemResult], name: str
) -> None:
    (presence,) = (one for one in results[name].verdicts if one.requirement == "R1")
    verdicts = {one.scenario: one.verdict for one in presence.scenarios}
    assert (verdicts["S04"], verdicts["S05"]) == ("held", "held")
    assert verdicts["S02"] == "violated"


@pytest.mark.parametrize(
    ("name", "depth"),
    [("published_autonomous_agent", 0), ("published_mcp_secured_api", 0), ("published_agents_auth_demo", 2)],
)
def test_actors_are_shown_or_not(name: str, depth: int) -> None:
    depths = {e.request.depth for e in run(name, "h01").events if e.kind == "data.accessed" and e.request}
    assert max(depths) == depth


@pytest.mark.parametrize("name", ["published_autonomous_agent", "published_mcp_secured_api"])
def test_agents_without_an_actor_are_still_known_by_their_client(results: dict[str, SystemResult], name: str) -> None:
    (listed,) = (one for one in results[name].verdicts if one.requirement == "R3")
    verdicts = {one.scenario: one.verdict for one in listed.scenarios}
    assert verdicts["S15"] == "held", "what is for people alone refuses a client that is registered as an agent"
    assert verdicts["S16"] == "violated", "nobody checks who exchanges a subject token"


def test_the_scope_of_an_exchange_is_taken_as_asked_cut_to_the_token_or_keyed(
    results: dict[str, SystemResult],
) -> None:
    def broken(name: str) -> set[str]:
        (listed,) = (one for one in results[name].verdicts if one.requirement == "R3")
        return {one.scenario for one in listed.scenarios if one.verdict == "violated"}

    assert {"S10", "S11", "S12"} <= broken("published_autonomous_agent")
    assert {"S10", "S11", "S12"} & broken("published_mcp_secured_api") == {"S12"}
    assert broken("published_agents_auth_demo") == set()


@pytest.mark.parametrize(
    ("name", "asks"),
    [
        ("published_autonomous_agent", True),
        ("published_mcp_secured_api", True),
        ("published_agents_auth_demo", False),
    ],
)
def test_a_gateway_asks_once_and_remembers(name: str, asks: bool) -> None:
    counters = run(name, "h01").counters
    asked = counters.get("as_introspect", 0)
    assert (asked > 0) is asks
    assert asked < counters["decisions"] / 2


def test_an_audience_of_its_own_keeps_no_data_from_the_model(results: dict[str, SystemResult]) -> None:
    (consent,) = (one for one in results["published_agents_auth_demo"].verdicts if one.requirement == "R2")
    assert {one.scenario for one in consent.scenarios if one.verdict == "violated"} >= {"S07", "S09"}
