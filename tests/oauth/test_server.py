"""The server as a whole: its deadlines, its open decisions, what introspection tells of consents and opaque tokens."""

from __future__ import annotations

from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from harness.oauth import Client, Disclosure, Presented, RouteRule, open_decisions
from tests.oauth.wire import DISCLOSURE, READ, Wire, api, good, key, refusals


def everything() -> Wire:
    """A server with something of every kind that ends by itself."""
    wire = Wire(poll_interval_s=0, refresh_token_ttl_s=500)
    session = wire.login()
    wire.chain(session=session)
    wire.portal_token(session)
    wire.code(session, 7)
    wire.ask(11)
    wire.answer(good(wire.ask(13)).body["auth_req_id"], 17)
    wire.as_client(
        "portal",
        "/par",
        19,
        response_type="code",
        redirect_uri="https://portal.home.example/cb",
        code_challenge="x",
        code_challenge_method="S256",
    )
    return wire


def answers(wire: Wire, now_s: float) -> list[Any]:
    """What the server answers to everything that could be asked at this instant, each on a copy of its own."""
    told: list[Any] = []

    def ask(send: Any) -> None:
        copy = Wire.__new__(Wire)
        copy.ids, copy.server = wire.ids, wire.server.fork()
        response = send(copy)
        told.append(getattr(response.refusal, "check", None) if hasattr(response, "refusal") else response)

    tokens = [dict(one.claims) for one in wire.server.store.issued.values()]
    for claims in tokens:
        text = key("home").sign(claims, "at+jwt")
        told.append(good(wire.as_client("claims_api", "/introspect", now_s, token=text)).body.get("active"))
        ask(lambda copy, text=text: copy.exchange("agent", text, now_s, audience="mcp"))
    for name in list(wire.server.store.refresh):
        ask(lambda copy, name=name: copy.token("portal", now_s, grant_type="refresh_token", refresh_token=name))
    for name in list(wire.server.store.codes):
        ask(lambda copy, name=name: copy.redeem(name, now_s))
    for name in list(wire.server.store.backchannel):
        ask(lambda copy, name=name: copy.poll(name, now_s))
        ask(lambda copy, name=name: copy.answer(name, now_s))
    for name in list(wire.server.store.pushed):
        ask(lambda copy, name=name: copy.authorize("session1", now_s, request_uri=name))
    told.append(wire.server.session_live("session1", now_s=now_s))
    return told


EVERYTHING = everything()
TIMES = st.integers(20_000, 600_000).map(lambda now_ms: now_ms / 1000)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(TIMES, st.sampled_from([0.001, 0.5, 3, 20]))
def test_between_two_deadlines_no_answer_changes(now_s: float, step_s: float) -> None:
    later_s = now_s + step_s
    assume(not any(now_s <= one <= later_s for one in EVERYTHING.server.deadlines(now_s)))
    assert answers(EVERYTHING, now_s) == answers(EVERYTHING, later_s)


def test_deadlines_are_future_and_in_order() -> None:
    found = list(EVERYTHING.server.deadlines(20))
    assert found == sorted(set(found))
    assert found[0] >= 20
    assert {67, 79, 120, 137, 311, 500} <= set(found)


def test_open_decisions_are_printed() -> None:
    assert open_decisions(Wire().server.profile)["exchange_errors"] == "rfc8693"
    assert open_decisions(api(foreign_object_status=403).profile)["foreign_object_status"] == 403


def test_introspection_knows_of_withdrawn_consents_and_opaque_tokens() -> None:
    wire = Wire(token_format="opaque")
    gateway = Client(
        client_id="gateway", type="service", auth_method="tls_client_auth", certificate="g", audience="llm_gateway"
    )
    wire.server.add_client(gateway)
    consent = wire.server.grant_consent("ana", "agent", "acme", "advice", ["claim"], now_s=0, ids=wire.ids)
    asked = {"audience": "llm_gateway", "scope": "llm.invoke", "authorization_details": [DISCLOSURE]}
    token = good(wire.exchange("agent", wire.chain()["a2a"], **asked)).body["access_token"]
    server = api("llm_gateway", mode="introspection", is_egress=True)
    route = RouteRule("llm.complete", scope="llm.invoke")
    sent = Disclosure("acme", "advice", ("claim",), ("ana",))

    def ask(now_s: float) -> list[str]:
        assert server.wants_introspection(token, now_s=now_s)
        answer = good(wire.as_client("gateway", "/introspect", now_s, token=token)).body
        server.introspected(token, answer, now_s=now_s)
        return refusals(server, token, route, now_s, disclosure=sent)

    assert refusals(server, token, route, disclosure=sent) == ["unavailable"]
    assert ask(0) == []
    assert server.claims(token) is not None
    server.introspected(token, None, now_s=0.5)
    assert refusals(server, token, route, 0.5, disclosure=sent) == ["unavailable"]
    wire.server.withdraw_consent(consent, now_s=1)
    assert ask(1) == ["denied"]
    server.introspected(token, {"active": True, "sub": 7}, now_s=2)
    assert refusals(server, token, route, 2, disclosure=sent) == ["denied"]
    wire.server.store.clients.pop("agent")
    assert good(wire.as_client("gateway", "/introspect", 2, token=token)).body == {"active": False}


def test_a_fresh_memory_of_signatures_changes_nothing() -> None:
    token = Wire().chain()["claims"]
    server = api()
    first = server.check(Presented(token, entitled=(("ben",),)), READ, now_s=0)
    for keys in server.keys.values():
        keys._good.clear()
        keys.parsed.clear()
    assert server.check(Presented(token, entitled=(("ben",),)), READ, now_s=0) == first
