"""The introspection cache of the real enforcement point meets the closed forms of a renewal process.

Poisson requests of rate λ, answers remembered for c and not renewed by hits: a cycle is c and one gap, so the server is
asked λ/(1+λc) times a second; a revocation at a random instant finds the cache saying "active" with probability
λc/(1+λc), for λc²/(2(1+λc)) seconds on average, in which λ²c²/(2(1+λc)) requests get through.
"""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from tests.oracles.chance import close, told
from tests.oracles.deployment import Deployment, deployment

SETTINGS = [(1.0, 49.0), (2.0, 30.0), (0.2, 10.0), (0.1, 4.0)]
"""(requests a second, seconds that an answer is remembered): from almost always remembered to almost never."""
CYCLES = 1_500


def asked_at(rate_per_s: float, cache_s: float, *, cycles: int) -> list[float]:
    """The instants at which a stream of requests made the API ask its server."""
    chance, at, now_s, found = random.Random(11), deployment(cache_ttl_s=cache_s), 0.0, []
    while len(found) <= cycles:
        now_s += chance.expovariate(rate_per_s)
        before = at.introspections
        assert at.request(now_s)
        if at.introspections > before:
            found.append(now_s)
    return found


@pytest.mark.parametrize(("rate_per_s", "cache_s"), SETTINGS)
def test_the_server_is_asked_as_often_as_the_formula_says(rate_per_s: float, cache_s: float) -> None:
    gaps_s = [after - before for before, after in pairwise(asked_at(rate_per_s, cache_s, cycles=CYCLES))]
    expected_per_s = rate_per_s / (1 + rate_per_s * cache_s)
    assert min(gaps_s) > cache_s
    assert close(gaps_s, 1 / expected_per_s), told(gaps_s, 1 / expected_per_s)


def after_revocation(rate_per_s: float, cache_s: float) -> list[tuple[bool, float, int]]:
    """At random instants of a stationary stream: does the cache say "active", for how long, and for how many requests?

    Each is a future of its own: the deployment is forked, the session ends at the server, requests go on.
    """
    chance, at, now_s = random.Random(5), deployment(cache_ttl_s=cache_s), 0.0
    cycle_s, found = cache_s + 1 / rate_per_s, []
    until_s = 5 * cycle_s
    for _ in range(CYCLES):
        until_s += cycle_s * chance.uniform(1, 3)
        next_s = now_s + chance.expovariate(rate_per_s)
        while next_s < until_s:
            now_s = next_s
            assert at.request(now_s)
            next_s = now_s + chance.expovariate(rate_per_s)
        found.append(outcome(at.fork(), until_s, rate_per_s, chance))
    return found


def outcome(at: Deployment, revoked_s: float, rate_per_s: float, chance: random.Random) -> tuple[bool, float, int]:
    at.revoke(revoked_s)
    until_s = max((one.until_s for one in at.api.store.cache.values()), default=0.0)
    stale = not at.api.wants_introspection(at.token, now_s=revoked_s)
    accepted, now_s = 0, revoked_s + chance.expovariate(rate_per_s)
    while at.request(now_s):
        accepted += 1
        assert now_s <= until_s, "nothing gets through when the answer is no longer remembered"
        now_s += chance.expovariate(rate_per_s)
    assert now_s > until_s, "and everything does as long as it is"
    return stale, max(0.0, until_s - revoked_s), accepted


@pytest.mark.parametrize(("rate_per_s", "cache_s"), SETTINGS)
def test_what_a_revocation_finds_in_the_cache_is_as_the_formulas_say(rate_per_s: float, cache_s: float) -> None:
    found = after_revocation(rate_per_s, cache_s)
    load = rate_per_s * cache_s
    stale = [float(one[0]) for one in found]
    assert close(stale, load / (1 + load)), told(stale, load / (1 + load))
    window_s = [one[1] for one in found]
    assert close(window_s, load * cache_s / (2 * (1 + load))), told(window_s, load * cache_s / (2 * (1 + load)))
    accepted = [float(one[2]) for one in found]
    assert close(accepted, load * load / (2 * (1 + load))), told(accepted, load * load / (2 * (1 + load)))


def test_a_cache_that_hits_renew_would_be_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = Deployment.request

    def renewing(self: Deployment, now_s: float) -> bool:
        admitted = honest(self, now_s)
        for token, one in self.api.store.cache.items():
            self.api.store.cache[token] = one._replace(until_s=now_s + 10.0)
        return admitted

    monkeypatch.setattr(Deployment, "request", renewing)
    gaps_s = [after - before for before, after in pairwise(asked_at(0.2, 10.0, cycles=200))]
    assert not close(gaps_s, 10.0 + 1 / 0.2), told(gaps_s, 15.0)


@pytest.mark.parametrize(("cache_s", "lifetime_s", "latency_s"), [(30, 300, 0), (30, 300, 4), (90, 60, 0), (45, 60, 2)])
def test_the_worst_time_to_deny_is_the_cache_or_the_rest_of_the_token_after_the_server_knows(
    cache_s: float, lifetime_s: float, latency_s: float
) -> None:
    worst_s = 0.0
    for asked_s in range(1, 60, 3):
        at = deployment(cache_ttl_s=cache_s, lifetime_s=lifetime_s)
        assert at.request(asked_s)
        decided_s = asked_s - latency_s  # the server learns of it a moment after it has said "active"
        at.revoke(asked_s + 0.001)
        last_s = last_accepted(at, asked_s, lifetime_s)
        assert last_s - decided_s == pytest.approx(min(cache_s, lifetime_s - asked_s) + latency_s, abs=0.01)
        worst_s = max(worst_s, last_s - decided_s)
    assert worst_s == pytest.approx(min(cache_s, lifetime_s - 1) + latency_s, abs=0.01)


def last_accepted(at: Deployment, now_s: float, limit_s: float) -> float:
    """The last instant at which a request is let in, to the millisecond; each is asked in a future of its own."""
    good_s, bad_s = now_s, limit_s + 400
    while bad_s - good_s > 0.001:
        middle_s = (good_s + bad_s) / 2
        good_s, bad_s = (middle_s, bad_s) if at.fork().request(middle_s) else (good_s, middle_s)
    return good_s
