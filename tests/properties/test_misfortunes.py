"""Laws of misfortunes: whatever befalls ordinary messages, honest work on the reference system breaks nothing, and the same
seed gives the same run; a cache that knows the person in its key never makes anything worse."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from harness.plan import Controls, Scenario, System
from harness.plan.caches import Cache
from harness.trace import Trace
from harness.world import simulate
from tests.world import worlds

PLACES = ["mcp", "policies", "claims", "payments", "llm_gateway", "home"]
SPAN = st.integers(0, 200).map(lambda seconds: f"{seconds}s")
FAULT = st.fixed_dictionaries(
    {
        "message": st.sampled_from(["call", "answer", "hop", "token_request", "token_answer"]),
        "share": st.sampled_from([0.1, 0.5, 1.0]),
    },
    optional={"to": st.sampled_from(PLACES), "of": st.sampled_from(["main", "third_party"])},
).flatmap(lambda fault: st.one_of(st.just(fault | {"lose": True}), SPAN.map(lambda span: fault | {"delay": span})))
OUTAGE = st.fixed_dictionaries({"server": st.sampled_from([*PLACES, "acme_llm"]), "since": SPAN}).map(
    lambda outage: outage | {"until": "400s"}
)
LAG = st.fixed_dictionaries(
    {"of": st.sampled_from(["consents", "denials", "revocations"]), "at": st.just("home"), "by": SPAN}
)
DAYS = ("H01", "H02", "H03", "H04", "H05")


def day(name: str, **misfortunes: Any) -> Scenario:
    """An honest day with misfortunes."""
    shown = {"kind": "scenario", "id": "M1", "title": "a day", **misfortunes}
    made = Scenario.model_validate(shown)
    return worlds.scenarios()[name].model_copy(update={key: getattr(made, key) for key in misfortunes})


def patient(timeout_ms: int | None, retries: int) -> System:
    system = worlds.system("insurance")
    agents = {
        name: one.model_copy(update={"timeout": timeout_ms, "retries": retries}) for name, one in system.agents.items()
    }
    return system.model_copy(update={"agents": agents})


def run(system: System, scenario: Scenario, seed: int) -> Trace:
    return simulate(system, Controls.of(system), scenario, seed=seed)


@settings(max_examples=40, deadline=None)
@given(
    name=st.sampled_from(DAYS),
    faults=st.lists(FAULT, max_size=3),
    outages=st.lists(OUTAGE, max_size=1),
    lags=st.lists(LAG, max_size=2),
    timeout_ms=st.sampled_from([None, 5_000, 30_000]),
    retries=st.integers(0, 3),
    seed=st.integers(0, 9),
)
def test_honest_work_breaks_nothing_whatever_befalls_its_messages(
    name: str,
    faults: list[dict[str, Any]],
    outages: list[dict[str, Any]],
    lags: list[dict[str, Any]],
    timeout_ms: int | None,
    retries: int,
    seed: int,
) -> None:
    scenario, system = day(name, faults=faults, outages=outages, lags=lags), patient(timeout_ms, retries)
    first = run(system, scenario, seed)
    assert worlds.broken(worlds.judged(first)) == set()
    again = run(system, scenario, seed)
    assert (first.events, first.counters) == (again.events, again.counters)


@settings(max_examples=25, deadline=None)
@given(
    name=st.sampled_from(DAYS),
    stands=st.sampled_from(["api", "gateway", "client"]),
    at=st.sets(st.sampled_from(["mcp", "policies", "claims", "payments"]), min_size=1),
    person=st.sampled_from(["subject", "session", "token", "task"]),
    lifetime_ms=st.sampled_from([1_000, 30_000, 600_000]),
)
def test_a_key_with_the_person_in_it_never_gives_anybody_what_is_another_s(
    name: str, stands: str, at: set[str], person: str, lifetime_ms: int
) -> None:
    shown = {"at": sorted(at), "stands": stands, "key": ["path", person], "lifetime": f"{lifetime_ms}ms"}
    system = worlds.system("insurance").model_copy(update={"caches": {"one": Cache.model_validate(shown)}})
    verdicts = worlds.judged(run(system, day(name), 0))
    assert not verdicts["R4"].violations
