"""The whole world against the formulas of a renewal process: one agent that calls on and on, renewing as it must.

The twist T14 calls every second or two and asks for a new token when its own has ended, so tokens follow each other back to
back but for the gap g until the next call. A denial changes nothing but what comes after it (same seed, same past), so what
a random denial would leave can be read off the undenied run at as many instants as we like; some denials are run to see
that this is so.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import Any

import pytest

from harness.measure.reach import Reach, reaches
from harness.measure.windows import windows
from harness.oauth import ResourceServer
from harness.plan import Controls, Scenario, System, load_system
from harness.sweep.knobs import with_settings
from harness.trace import Trace
from harness.world import simulate
from tests.oracles.chance import close, told
from tests.oracles.test_world import ROOT, file

PEP = "mcp"
MINUTES = 25
"""Shorter than the agent goes on calling."""
SAMPLES = 1_000
LATEST_CALL_S = 4.0
"""The agent waits a second between calls; a call takes a second or two, with a new token three at most."""
WITHOUT_SIGNALS = ("K09", "K17", "K18")


@cache
def design(lifetime_s: int, leeway_s: int, cache_s: int | None = None) -> tuple[System, Controls]:
    """The insurer without signals; with `cache_s` its gateway of tools asks the server and remembers the answer."""
    load_system(ROOT / "systems/insurance.yaml")
    settings: dict[str, Any] = {
        "controls.K07.lifetime": f"{lifetime_s}s",
        "servers.home.access_token_lifetime": f"{lifetime_s}s",
        "servers.home.session_idle": "8h",
        "servers.home.leeway": f"{leeway_s}s",
    }
    off = list(WITHOUT_SIGNALS)
    if cache_s is not None:
        settings["controls.K17"] = {"on": True, "at": [PEP], "strength": "cached", "lifetime": f"{cache_s}s"}
        off.remove("K17")
    system = System.model_validate(with_settings(file("insurance.yaml"), settings))
    return system, Controls.of(system, without=off)


@cache
def calling(
    lifetime_s: int, leeway_s: int, cache_s: int | None = None, *, denied_ms: int | None = None, seed: int = 0
) -> Trace:
    """A run in which the agent goes on calling, and is perhaps denied."""
    task = {"kind": "read", "twist": {"id": "T14", "wait": "1s", "times": 1_000}}
    end_s = 60 * MINUTES if denied_ms is None else denied_ms // 1000 + lifetime_s + leeway_s + 10
    actions = [] if denied_ms is None else [{"at": f"{denied_ms}ms", "disable_agent": "main"}]
    settings = {"visits": [{"user": "A", "tasks": [task]}], "actions": actions, "until": f"{end_s}s"}
    played = Scenario.model_validate(with_settings(file("s02_*.yaml"), settings))
    return simulate(*design(lifetime_s, leeway_s, cache_s), played, seed=seed, reach=True)


def ways(trace: Trace) -> list[Reach]:
    return [one for one in reaches(trace) if one.agent == "insurance_agent" and one.pep == PEP]


def calls(trace: Trace) -> dict[str, list[int]]:
    """When the agent was let in at the gateway, by token."""
    found: dict[str, list[int]] = defaultdict(list)
    for event in trace.events:
        if event.kind == "request.allowed" and event.request is not None and event.request.route.pep == PEP:
            found[event.request.token.token].append(event.time_ms)
    return dict(found)


def instants(lifetime_s: int) -> list[int]:
    """Random instants while the agent calls, from the second token on."""
    chance = random.Random(8)
    return [round(1000 * chance.uniform(2 * lifetime_s, 60 * MINUTES - lifetime_s - 60)) for _ in range(SAMPLES)]


def left_s(found: Sequence[Reach], at_ms: int) -> float:
    """How long what is open at an instant stays so, where nothing opens after it."""
    return max((one.closed_ms - at_ms for one in found if one.opened_ms <= at_ms < one.closed_ms), default=0) / 1000


@pytest.mark.parametrize(("lifetime_s", "leeway_s"), [(60, 5), (120, 30)])
def test_a_random_denial_leaves_half_a_life_on_average_and_at_most_all_of_it(lifetime_s: int, leeway_s: int) -> None:
    found = ways(calling(lifetime_s, leeway_s))
    rest_s = [left_s(found, at_ms) for at_ms in instants(lifetime_s)]
    # An end in whole seconds takes half a second, and the gap until the next call half of itself.
    expected = lifetime_s / 2 + leeway_s
    slack = 0.5 + LATEST_CALL_S / 2
    assert any(close(rest_s, expected - slack * part / 10) for part in range(11)), told(rest_s, expected)
    assert max(rest_s) <= lifetime_s + leeway_s
    assert max(rest_s) > 0.96 * lifetime_s + leeway_s


def test_a_denial_leaves_what_was_open_without_it() -> None:
    found = ways(calling(60, 5))
    for at_ms in instants(60)[:6]:
        denied = [one for one in windows(calling(60, 5, denied_ms=at_ms)) if (one.decision, one.pep) == ("denial", PEP)]
        assert [one.open_s for one in denied] == [pytest.approx(left_s(found, at_ms), abs=0.0011)]


def asked_at(trace: Trace, cache_s: int) -> list[int]:
    """The calls that find no answer of the last so many seconds for their token."""
    found = []
    for times in calls(trace).values():
        until_ms = -1
        for time_ms in times:
            if time_ms > until_ms:
                found.append(time_ms)
                until_ms = time_ms + 1000 * cache_s
    return sorted(found)


@pytest.mark.parametrize(("lifetime_s", "cache_s"), [(300, 10), (300, 40), (1800, 10), (1800, 40)])
def test_the_server_is_asked_once_for_a_cache_and_a_gap(lifetime_s: int, cache_s: int) -> None:
    trace = calling(lifetime_s, 5, cache_s)
    introspected = trace.counters["as_introspect"]
    refused = sum(
        e.kind == "request.denied" and e.request is not None and e.request.route.pep == PEP for e in trace.events
    )
    assert introspected == len(asked_at(trace, cache_s)) + refused, "and for each token that turns out to have ended"
    called = sorted(time_ms for times in calls(trace).values() for time_ms in times)
    longest_s = max(after - before for before, after in pairwise(called)) / 1000
    assert longest_s < LATEST_CALL_S
    lasted_s = (called[-1] - called[0]) / 1000
    assert lasted_s / (cache_s + longest_s) <= introspected <= lasted_s / cache_s + len(calls(trace)) + refused
    rate_per_s = len(called) / lasted_s
    poisson = lasted_s * rate_per_s / (1 + rate_per_s * cache_s)
    if lifetime_s > 60 * MINUTES:
        assert introspected == pytest.approx(poisson, rel=0.12), (
            "near the formula; these gaps are more even than Poisson's"
        )


@pytest.mark.parametrize("cache_s", [10, 40])
def test_a_random_denial_finds_the_cache_half_used(cache_s: int) -> None:
    asked = asked_at(calling(300, 5, cache_s), cache_s)

    def stale_s(at_ms: int) -> float:
        return max(0.0, (max(one for one in asked if one <= at_ms) - at_ms) / 1000 + cache_s)

    for at_ms in (61_000, 75_500, 90_250):
        denied = calling(300, 5, cache_s, denied_ms=at_ms)
        (one,) = [one for one in windows(denied) if (one.decision, one.pep) == ("denial", PEP)]
        assert one.open_s == pytest.approx(stale_s(at_ms), abs=0.5), "asked a latency before it let the call in"
    seen = [stale_s(at_ms) for at_ms in instants(30)]
    # λc²/(2(1+λc)): λ is one call for each gap, and the gap of this agent lies between none and the longest.
    rates = [1 / (LATEST_CALL_S * part / 20) for part in range(1, 21)]
    expected = [rate * cache_s**2 / (2 * (1 + rate * cache_s)) for rate in rates]
    assert any(close(seen, one) for one in expected), told(seen, expected[len(expected) // 2])
    assert 0.97 * cache_s < max(seen) <= cache_s


def test_a_gateway_that_remembers_longer_than_it_says_would_be_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = ResourceServer.introspected

    def forgetful(self: ResourceServer, token: str, response: Any, *, now_s: float) -> None:
        honest(self, token, response, now_s=now_s)
        if (one := self.store.cache[token]).active:
            self.store.cache[token] = one._replace(until_s=one.until_s + 5)

    monkeypatch.setattr(ResourceServer, "introspected", forgetful)
    trace = calling.__wrapped__(300, 5, 10)
    assert trace.counters["as_introspect"] < 0.8 * len(asked_at(trace, 10))


def test_twice_the_leeway_would_be_found_out() -> None:
    found = ways(calling(60, 10))
    rest_s = [left_s(found, at_ms) for at_ms in instants(60)]
    assert not any(close(rest_s, 60 / 2 + 5 - 2.5 * part / 10) for part in range(11)), told(rest_s, 35)
    assert max(rest_s) > 60 + 5
