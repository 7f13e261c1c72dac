"""The whole world against the analytic worst cases: how long an agent gets through after a denial, a logout, a departure.

Reach is what every enforcement point would have let in, to the millisecond; requests that were let in lie within it.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from harness.load import read_document
from harness.measure.windows import ALL_POINTS, Window, windows, worst_time_to_deny
from harness.plan import Controls, Scenario, System, load_system
from harness.sweep.knobs import with_settings
from harness.world import simulate

ROOT = Path(__file__).parent.parent.parent / "scenarios"
LIFETIME_S, LEEWAY_S, IDLE_S = 120, 5, 120
LIVE_S = 40
"""The agent of these scenarios holds live tokens at least so long after it has begun."""


@cache
def file(pattern: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = read_document(next(ROOT.rglob(pattern))).value
    return found


def observed(
    scenario: str, system: Mapping[str, Any], settings: Mapping[str, Any], seed: int, **off: Any
) -> list[Window]:
    """The windows of one run of a shipped scenario, with settings of the system and of the scenario."""
    load_system(ROOT / "systems/insurance.yaml")
    design = System.model_validate(with_settings(file("insurance.yaml"), system))
    played = Scenario.model_validate(with_settings(file(scenario), settings))
    trace = simulate(design, Controls.of(design, **off), played, seed=seed, reach=True)
    return [one for one in windows(trace) if one.pep == ALL_POINTS]


def denials(system: Mapping[str, Any], **off: Any) -> list[Window]:
    """Time to deny over random instants of the denial, while the agent holds a live token."""
    chance, found = random.Random(2), []
    for seed in range(12):
        at = f"{round(1000 * chance.uniform(6, LIVE_S))}ms"
        found += [
            one
            for one in observed("s33_*.yaml", system, {"actions.0.at": at, "until": "10m"}, seed, **off)
            if one.decision == "denial"
        ]
    assert found, "the agent had a way in"
    assert all(one.ended for one in found)
    assert all(one.used_s is None or one.used_s <= one.open_s for one in found)
    return found


@pytest.mark.parametrize("delay_s", [0, 1, 20])
def test_with_signals_a_denial_takes_their_delay(delay_s: int) -> None:
    found = denials({"controls.K17.delay": f"{delay_s}s"})
    worst_s = worst_time_to_deny(lifetime_s=LIFETIME_S, leeway_s=LEEWAY_S, signal_delay_s=delay_s)
    assert worst_s == delay_s
    assert max(one.open_s for one in found) == worst_s


@pytest.mark.parametrize("lifetime_s", [60, 120, 300])
def test_without_them_it_takes_the_rest_of_the_token(lifetime_s: int) -> None:
    system = {"controls.K07.lifetime": f"{lifetime_s}s", "servers.home.access_token_lifetime": f"{lifetime_s}s"}
    found = denials(system, without=["K17", "K18", "K09"])
    worst_s = worst_time_to_deny(lifetime_s=lifetime_s, leeway_s=LEEWAY_S)
    assert max(one.open_s for one in found) <= worst_s
    assert max(one.open_s for one in found) > worst_s - LIVE_S - 10, "the bound is nearly reached"


@pytest.mark.parametrize("cache_s", [15, 45])
def test_with_remembered_introspection_it_takes_no_longer_than_the_cache(cache_s: int) -> None:
    found = denials({"controls.K17": {"on": True, "strength": "cached", "lifetime": f"{cache_s}s"}})
    assert max(one.open_s for one in found) <= worst_time_to_deny(
        lifetime_s=LIFETIME_S, leeway_s=LEEWAY_S, cache_s=cache_s
    )


def test_with_introspection_at_every_request_it_takes_no_time() -> None:
    assert {one.open_s for one in denials({"controls.K17": {"on": True, "strength": "introspection"}})} == {0.0}


def test_after_a_silent_departure_the_session_idles_out_and_then_the_token_runs_out() -> None:
    chance, found = random.Random(4), []
    for seed in range(10):
        leaves = f"{round(1000 * chance.uniform(10, 60))}ms"
        found += [
            one for one in observed("s02_*.yaml", {}, {"visits.0.leaves": leaves}, seed) if one.decision == "departure"
        ]
    worst_s = worst_time_to_deny(lifetime_s=LIFETIME_S, leeway_s=LEEWAY_S, event_latency_s=IDLE_S)
    assert max(one.open_s for one in found) <= worst_s == 245
    assert max(one.open_s for one in found) > LIFETIME_S + LEEWAY_S, "tokens are renewed while the session lives"


def test_a_logout_that_no_signal_carries_leaves_the_rest_of_the_token() -> None:
    settings = {"faults": [{"message": "session_revoked", "lose": True}]}
    carried = [one for one in observed("s01_*.yaml", {}, {}, 0) if one.decision == "logout"]
    lost = [one for one in observed("s01_*.yaml", {}, settings, 0) if one.decision == "logout"]
    assert max(one.open_s for one in carried) == 1.0, "K09 takes its delay"
    assert 60 < max(one.open_s for one in lost) <= worst_time_to_deny(lifetime_s=LIFETIME_S, leeway_s=LEEWAY_S)


def test_laundering_is_bounded_by_the_cap_and_not_without_it() -> None:
    capped = [one for one in observed("s03_*.yaml", {}, {}, 0) if one.decision == "departure"]
    fresh = [one for one in observed("s03_*.yaml", {}, {}, 0, without=["K07"]) if one.decision == "departure"]
    assert max(one.open_s for one in capped) <= 245
    assert max(one.open_s for one in fresh) > 245
