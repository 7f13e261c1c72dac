"""The usual path of a task, end to end, over the wire: what each hop's token says, and that each API admits it."""

from __future__ import annotations

from harness.oauth import Details, Disclosure
from tests.oauth.wire import DISCLOSURE, PAY, PAYMENT, Wire, api, good, refusals


def test_each_hop_of_a_task_has_a_token_of_its_own() -> None:
    wire = Wire()
    tokens = wire.chain()
    a2a, mcp, claims = (wire.claims(tokens[name]) for name in ("a2a", "mcp", "claims"))
    assert (a2a["aud"], mcp["aud"], claims["aud"]) == ("a2a", "mcp", "claims")
    assert "act" not in a2a
    assert mcp["act"] == {"sub": "insurance_agent"}
    assert claims["act"] == {"sub": "mcp_server", "act": {"sub": "insurance_agent"}}
    assert {one["sub"] for one in (a2a, mcp, claims)} == {"ana"}
    assert {one["delegation_id"] for one in (a2a, mcp, claims)} == {"grant1"}
    assert claims["sid"] == tokens["session"]
    assert claims["exp"] <= mcp["exp"] <= a2a["exp"] == 120
    assert refusals(api("claims"), tokens["claims"], entitled=(("ana",),)) == []
    assert refusals(api("claims"), tokens["mcp"]) == ["audience"]


def test_equal_claims_give_equal_tokens() -> None:
    assert Wire().chain() == Wire().chain()


def test_an_approval_opens_exactly_the_operation_that_was_approved() -> None:
    wire = Wire()
    token = wire.approved()
    fields = tuple((name, PAYMENT[name]) for name in ("resource", "amount", "currency", "payee"))
    approved = Details("payment", "ana", fields)
    other = Details("payment", "ana", (*fields[:3], ("payee", "agent")))
    payments = api("payments")
    assert refusals(payments, token, PAY, operation=approved) == []
    assert refusals(payments, token, PAY, operation=other) == ["details"]
    assert payments.consume("approval1", now_s=1)
    assert not payments.consume("approval1", now_s=2)
    assert refusals(payments, token, PAY, operation=approved) == ["consumed"]


def test_disclosure_needs_a_consent_in_the_token() -> None:
    wire = Wire()
    tokens = wire.chain()
    ask = {"audience": "llm_gateway", "scope": "llm.invoke", "authorization_details": [DISCLOSURE]}
    refused = wire.exchange("agent", tokens["a2a"], **ask)
    assert refused.refusal is not None
    assert refused.refusal.check == "consent"
    wire.server.grant_consent("ana", "agent", "acme", "advice", ["claim", "policy"], now_s=0, ids=wire.ids)
    token = good(wire.exchange("agent", tokens["a2a"], **ask)).body["access_token"]
    gateway = api("llm_gateway", is_egress=True)
    from tests.oauth.wire import RouteRule

    route = RouteRule("llm_gateway.complete", scope="llm.invoke")
    sent = Disclosure("acme", "advice", ("claim",), ("ana",))
    assert refusals(gateway, token, route, disclosure=sent) == []
    assert refusals(gateway, token, route, disclosure=Disclosure("other", "advice", ("claim",), ("ana",))) == ["egress"]
    assert refusals(gateway, token, route, disclosure=Disclosure("acme", "advice", ("claim",), ("ben",))) == ["egress"]
    for signal in wire.server.withdraw_consent("consent1", now_s=5):
        gateway.receive_signal(signal, now_s=5)
    assert refusals(gateway, token, route, disclosure=sent) == ["denied"]


def test_a_kill_reaches_derived_tokens_only_with_lineage() -> None:
    wire = Wire()
    tokens = wire.chain()
    signals = wire.server.disable("agent", "insurance_agent", now_s=1)
    for lineage, expected in ((True, ["lineage"]), (False, [])):
        server = api("claims", lineage=lineage)
        for signal in signals:
            server.receive_signal(signal, now_s=1)
        assert refusals(server, tokens["claims"], entitled=(("ana",),)) == expected
    mcp = api("mcp")
    for signal in signals:
        mcp.receive_signal(signal, now_s=1)
    assert refusals(mcp, tokens["mcp"]) == ["denied"]
    refused = wire.exchange("agent", tokens["a2a"], 1, audience="mcp").refusal
    assert refused is not None
    assert refused.check == "disabled"


def test_a_silent_departure_ends_the_supply_of_tokens() -> None:
    wire = Wire()
    tokens = wire.chain()
    refused = wire.exchange("agent", tokens["a2a"], 119, audience="mcp")
    assert refused.ok
    wire.server.human_act(tokens["session"], now_s=119)
    later = wire.portal_token(tokens["session"], 119).body["access_token"]
    refused = wire.exchange("agent", later, 238.5, audience="mcp")
    assert refused.ok
    assert wire.exchange("agent", later, 239.5, audience="mcp").refusal.check == "expired"  # type: ignore[union-attr]
