"""A stolen refresh token: of use to whoever comes first, until it is shown twice, and not without what it is bound to.

RFC 9700 section 4.14.2: sender-constrained, or rotated with what turns up twice ending the grant. RFC 6749 section 6:
bound to its client.
"""

from __future__ import annotations

import pytest

from harness.plan import Controls
from harness.world.mechanics import commands as c
from harness.world.mechanics.replies import Reply
from harness.world.mechanics.setup import build
from harness.world.sim.population import records
from tests.world.worlds import Hand, system

SHOP = "third_party_agent"


def _at_the_shop(*, without: tuple[str, ...] = ("K08",), binding: str = "none") -> tuple[Hand, str, str]:
    """Ana at work with a third party's agent, whose vault is copied; her session and the task."""
    design = system()
    agent = design.agents[SHOP].model_copy(update={"binding": binding})
    design = design.model_copy(update={"agents": {**design.agents, SHOP: agent}})
    hand = Hand(build(design, Controls.of(design, without=without), records(design), seed=0))
    hand.do(c.Arrive("ana"))
    hand.do(c.LogIn("ana"))
    session = next(iter(hand.world.sessions))
    hand.do(c.GiveConsent("ana", SHOP, "other_llm", "shopping", ("policy",)))
    task = hand.do(c.StartTask("ana", session, SHOP, "shop", "shopping")).task
    hand.do(c.StealClient(SHOP))
    return hand, session, str(task)


def _vault(hand: Hand, client: str = SHOP) -> str:
    """The newest refresh token that a client holds."""
    return [key for key, one in hand.world.credentials.items() if one.kind == "refresh" and one.holder == client][-1]


def _thief_refreshes(hand: Hand, handle: str, *, client: str = SHOP, audience: str = "mcp") -> Reply:
    return hand.do(
        c.GetToken(
            agent="thief", grant="refresh_token", subject=handle, as_client=client, audience=audience, twist="stolen"
        )
    )


def _thief_reads(hand: Hand, credential: str | None) -> Reply:
    return hand.do(
        c.Call(agent="thief", endpoint="mcp.list_policies", credential=credential, owner="ana", twist="stolen")
    )


def _owner_renews(hand: Hand, task: str) -> Reply:
    return hand.do(c.GetToken(agent=SHOP, task=task, grant="renew"))


def test_without_a_binding_whoever_has_the_vault_reads_on() -> None:
    hand, _, _ = _at_the_shop()
    got = _thief_refreshes(hand, _vault(hand))
    assert got.ok
    assert _thief_reads(hand, got.credential).ok
    assert [one.own["owner"] for one in hand.of("data.accessed")] == ["ana", "ana"]


@pytest.mark.parametrize("binding", ["mtls", "dpop"])
def test_a_refresh_token_is_of_no_use_without_what_its_client_is_bound_by(binding: str) -> None:
    """The certificate or the proof's key is in no vault (RFC 8705, RFC 9449)."""
    hand, _, _ = _at_the_shop(binding=binding)
    assert not _thief_refreshes(hand, _vault(hand)).ok
    assert not hand.of("token.reused"), "a thief who is stopped leaves its owner in peace"


def test_agents_of_ours_have_no_refresh_token_to_steal_while_grants_are_bound_to_sessions() -> None:
    hand, _, _ = _at_the_shop(without=())
    assert {one.holder for one in hand.world.credentials.values() if one.kind == "refresh"} == {"portal"}


@pytest.mark.parametrize(("without", "works"), [(("K20",), False), (("K08", "K20"), True)])
def test_a_grant_that_is_bound_to_its_session_ends_with_it(without: tuple[str, ...], works: bool) -> None:
    hand, session, _ = _at_the_shop(without=without)
    """K08: also with one that nobody has used for a while; that it ends with a logout is so without (P-118)."""
    hand, session, _ = _at_the_shop(without=without)
    hand.do(c.StealClient("portal"))
    away = hand.fork()
    away.do(c.Leave("ana"))
    away.wait(3_600_000)
    got = _thief_refreshes(away, _vault(away, "portal"), client="portal", audience="a2a")
    assert got.ok is works
    hand.do(c.LogOut("ana", session))
    assert _thief_refreshes(hand, _vault(hand, "portal"), client="portal", audience="a2a").error == "invalid_grant"


def test_it_is_the_clients_own_that_it_was_issued_to() -> None:
    """RFC 6749 section 6: the keys of one client do not refresh for another."""
    hand, _, _ = _at_the_shop(without=("K08", "K20"))
    hand.do(c.StealClient("portal"))
    assert _thief_refreshes(hand, _vault(hand), client="portal").error == "invalid_grant"


@pytest.mark.parametrize("first", ["thief", "owner"])
def test_shown_twice_it_ends_the_grant_for_both_and_is_told(first: str) -> None:
    """Neither the server nor the trace knows who of the two is the thief; what the thief got lives until that is known."""
    hand, _, task = _at_the_shop()
    stolen = _vault(hand)
    thief: Reply | None = None
    if first == "thief":
        thief = _thief_refreshes(hand, stolen)
        assert thief.ok
        assert not _owner_renews(hand, task).ok
    else:
        assert _owner_renews(hand, task).ok
        assert _thief_refreshes(hand, stolen).error == "invalid_grant"
    (reused,), (revoked,) = hand.of("token.reused"), hand.of("token.revoked")
    assert reused.who.actor == ("thief" if first == "owner" else SHOP)
    assert (revoked.own["by"], revoked.own["reason"]) == ("home", "reuse")
    assert revoked.own["token_family"] == reused.own["token_family"]
    assert not _thief_refreshes(hand, _newest_of_thief(hand) or stolen).ok
    assert not _owner_renews(hand, task).ok
    assert len(hand.of("token.reused")) == 1, "what is revoked is not reused"
    if thief is not None:
        hand.wait(60_000)
        assert not _thief_reads(hand, thief.credential).ok, "K17 tells the APIs that the grant is over"


@pytest.mark.parametrize(("without", "through"), [(("K08",), []), (("K08", "K17"), ["mcp"])])
def test_where_no_signal_tells_what_the_thief_got_is_taken_until_it_expires(
    without: tuple[str, ...], through: list[str]
) -> None:
    """Access tokens that stand by themselves go on (RFC 7009 section 3), as far as nobody asks the server about them."""
    hand, _, task = _at_the_shop(without=without)
    thief = _thief_refreshes(hand, _vault(hand))
    assert not _owner_renews(hand, task).ok
    hand.wait(60_000)
    assert not _thief_reads(hand, thief.credential).ok, "the tool's server gets nothing for it any more"
    allowed = [one.request for one in hand.of("request.allowed") if one.who.actor == "thief"]
    assert [one.route.api for one in allowed if one is not None] == through


def _newest_of_thief(hand: Hand) -> str | None:
    found = [key for key, one in hand.world.credentials.items() if one.kind == "refresh" and one.holder == "thief"]
    return found[-1] if found else None


