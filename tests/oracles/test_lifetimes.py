"""Self-contained tokens of the real server: what is left of one at a random logout, and what exchanges make of it."""

from __future__ import annotations

import random

import pytest

from harness.oauth import Presented
from tests.oauth.wire import READ, Wire, api, good
from tests.oracles.chance import close, told

FOREVER_S = 1e9


def renewed(lifetime_s: float, until_s: float) -> tuple[Wire, list[tuple[float, str]]]:
    """Tokens for the API back to back, each asked for at the instant at which the one before ends."""
    wire = Wire(access_token_ttl_s=lifetime_s, session_idle_s=FOREVER_S, session_ttl_s=FOREVER_S)
    session, now_s, found = wire.login(), 0.0, []
    while now_s < until_s:
        found.append((now_s, wire.chain(now_s, session)["claims"]))
        now_s = wire.claims(found[-1][1])["exp"]
    return wire, found


@pytest.mark.parametrize(("lifetime_s", "leeway_s"), [(300, 0), (120, 5), (60, 30)])
def test_what_is_left_of_a_token_at_a_random_logout_is_half_its_life_and_at_most_all_of_it(
    lifetime_s: float, leeway_s: float
) -> None:
    wire, tokens = renewed(lifetime_s, 20 * lifetime_s)
    gateway = api(sender=False, leeway_s=leeway_s, session_denied=False)
    chance, left_s = random.Random(3), []
    for _ in range(400):
        logout_s = chance.uniform(0, 20 * lifetime_s)
        token = next(token for since_s, token in reversed(tokens) if since_s <= logout_s)
        last_s = wire.claims(token)["exp"] + leeway_s
        assert gateway.check(Presented(token), READ, now_s=last_s - 0.001) == ()
        assert [one.check for one in gateway.check(Presented(token), READ, now_s=last_s)] == ["expired"]
        left_s.append(last_s - logout_s)
    assert close(left_s, lifetime_s / 2 + leeway_s), told(left_s, lifetime_s / 2 + leeway_s)
    assert 0.98 * lifetime_s + leeway_s < max(left_s) <= lifetime_s + leeway_s


def laundered(hops: int, *, lifetime_s: float, **settings: object) -> float:
    """How long after its parent's end the last of so many tokens lives, each exchanged at the last good instant."""
    wire = Wire(
        access_token_ttl_s=lifetime_s,
        leeway_s=0,
        session_idle_s=FOREVER_S,
        session_ttl_s=FOREVER_S,
        presenter=False,
        **settings,
    )
    first = token = wire.portal_token(wire.login()).body["access_token"]
    for _ in range(hops):
        now_s = wire.claims(token)["exp"] - 0.001
        token = good(wire.exchange("agent", token, now_s, audience="claims", scope="claims.read")).body["access_token"]
    return float(wire.claims(token)["exp"] - wire.claims(first)["exp"])


@pytest.mark.parametrize("hops", [1, 2, 5, 10])
def test_fresh_lifetimes_let_last_instant_exchanges_add_one_life_for_each_hop(hops: int) -> None:
    assert laundered(hops, lifetime_s=120, exchange_lifetime="fresh") == pytest.approx(hops * 120, abs=hops * 0.0011)


@pytest.mark.parametrize("hops", [1, 2, 5, 10])
def test_lifetimes_capped_by_the_parent_let_nothing_live_longer(hops: int) -> None:
    assert laundered(hops, lifetime_s=120, exchange_lifetime="capped") == 0
