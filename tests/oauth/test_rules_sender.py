"""Rules P-090 to P-103: sender constraint, resource indicators, pushed and signed requests, authorization details."""

from __future__ import annotations

import json
from typing import Any

from msgspec.structs import replace

from harness.oauth import Client, Details, Presented, Response, SigningKey
from harness.oauth.checks import rs_nonce
from harness.oauth.dpop import TYPE, BadProof, check_proof, make_proof
from harness.oauth.issue import server_nonce
from harness.oauth.keys import sha256_base64url
from tests.oauth.rulebook import rule
from tests.oauth.test_rules_core import refused
from tests.oauth.test_rules_exchange import proof
from tests.oauth.wire import (
    AUDIENCES,
    ISSUER,
    PAY,
    PAYMENT,
    READ,
    REDIRECT,
    VERIFIER,
    Wire,
    api,
    good,
    key,
    profile,
    refusals,
)
from tests.oauth.wire import (
    TYPE as URN,
)

TOKEN_URL = f"{ISSUER}/token"
API_URL = "https://claims.example/api"


def bound(binding: str, **settings: Any) -> Wire:
    """A wire on which the agent's tokens are bound to its key."""
    wire = Wire(sender_constrained=True, **settings)
    for name in ("agent", "mcp_server"):
        wire.server.add_client(replace(wire.server.store.clients[name], binding=binding))
    return wire


@rule("P-090")
def test_a_certificate_bound_token_needs_its_certificate() -> None:
    wire = bound("mtls")
    token = wire.chain()["claims"]
    assert wire.claims(token)["cnf"] == {"x5t#S256": "cert-mcp"}
    assert refusals(api(), token, certificate="cert-mcp") == []
    for other in (None, "cert-thief"):
        (found,) = api().check(Presented(token, certificate=other), READ, now_s=0)
        assert (found.check, found.rule, found.error, found.status) == ("sender", "P-090", "invalid_token", 401)
    assert refusals(api(sender=False), token) == []
    free = Wire().chain()["claims"]
    assert refusals(api(sender_required=True), free) == ["sender"]
    assert refusals(api(sender_required=True, sender_exempt=frozenset({"mcp_server"})), free) == []
    keyed = replace(wire.server.store.clients["portal"], binding="mtls")
    wire.server.add_client(keyed)
    refused(wire.redeem(wire.code(wire.login())), "P-090", "invalid_request", check="certificate")


def dpop_token(wire: Wire, **rest: Any) -> Response:
    headers = proof("agent", TOKEN_URL, jti=wire.ids.next("proof"), **rest)
    return wire.token("agent", grant_type="client_credentials", audience="claims", headers=headers)


@rule("P-091")
def test_every_check_of_a_proof() -> None:
    token, signer = "t", key("agent")
    base = {"method": "POST", "url": API_URL}
    ours = make_proof(signer, now_s=0, jti="p1", token=token, **base)

    def broken(proof_: str = ours, **changed: Any) -> str:
        asked = {**base, "now_s": 0, "window_s": 60, "token": token, **changed}
        try:
            check_proof(proof_, **asked)
        except BadProof as bad:
            return bad.detail if bad.rule == "P-091" else bad.rule
        return ""

    def with_claims(
        typ: str = TYPE, header: dict[str, Any] | None = None, by: SigningKey = signer, **changed: Any
    ) -> str:
        claims = {"jti": "p1", "htm": "POST", "htu": API_URL, "iat": 0, "ath": sha256_base64url(token), **changed}
        claims = {name: value for name, value in claims.items() if value is not None}
        members = dict(signer.public.jwk)
        return by.sign(claims, typ, **({"jwk": members} if header is None else header))

    assert broken() == ""
    assert broken(url="https://CLAIMS.example:443/api?x=1#y") == ""
    assert broken(method="GET") == "`htm` is another method"
    assert broken(url="https://claims.example/other") == "`htu` is another target"
    assert broken(url="https://claims.example:99999/api") == "`htu` is another target"
    assert broken(now_s=61) == "the proof is not fresh"
    assert broken(now_s=-61) == "the proof is not fresh"
    assert broken(token="other") == "`ath` is another token"
    assert broken(with_claims("JWT")) == "`typ` is not `dpop+jwt`"
    assert broken(with_claims(header={"x": 1})) == "`jwk` is missing"
    for name in ("jti", "htm", "htu"):
        assert broken(with_claims(**{name: None})) == "a claim is missing"
    assert broken(with_claims(iat=None)) == "`iat` is missing"
    assert broken(with_claims(iat=True)) == "`iat` is missing"
    assert broken(with_claims(ath=None)) == "`ath` is another token"
    for bad in (
        with_claims(by=key("thief")),
        "x",
        "a.b.c",
        f"{ours},{ours}",
        with_claims(header={"jwk": {"kty": "oct", "k": "eA"}}),
    ):
        assert broken(bad) == "the proof is not signed by the key in it"
    private = {**signer.public.jwk, "d": "AAAA"}
    assert broken(with_claims(header={"jwk": private})) == "the proof is not signed by the key in it"
    assert broken(with_claims(header={"jwk": {"kty": [], "x": {}}})) == "the proof is not signed by the key in it"


@rule("P-091")
def test_a_bad_proof_is_answered_by_server_and_api_in_their_ways() -> None:
    wire = bound("dpop")
    body = good(dpop_token(wire)).body
    assert body["token_type"] == "DPoP"
    refused(dpop_token(wire, now_s=100), "P-091", "invalid_dpop_proof", check="dpop")
    missing = wire.token("agent", grant_type="client_credentials", audience="claims")
    refused(missing, "P-091", "invalid_dpop_proof", check="dpop")
    shown = {"scheme": "DPoP", "method": "GET", "url": API_URL}
    (found,) = api().check(Presented(body["access_token"], proof="x", **shown), READ, now_s=0)
    assert (found.check, found.rule, found.error, found.status) == ("sender", "P-091", "invalid_dpop_proof", 401)
    assert str(found.challenge).startswith('DPoP realm="api", error="invalid_dpop_proof"')


def called(token: str, name: str = "agent", jti: str = "c1", **rest: Any) -> Presented:
    made = make_proof(key(name), method="GET", url=API_URL, now_s=0, jti=jti, token=token, **rest)
    return Presented(token, scheme="DPoP", proof=made, method="GET", url=API_URL)


@rule("P-092")
def test_the_proof_is_by_the_key_in_the_token() -> None:
    wire = bound("dpop")
    token = good(dpop_token(wire)).body["access_token"]
    assert api().check(called(token), READ, now_s=0) == ()
    (found,) = api().check(called(token, "thief"), READ, now_s=0)
    assert (found.check, found.rule, found.error, found.status) == ("sender", "P-092", "invalid_token", 401)
    assert 'algs="EdDSA ES256"' in str(found.challenge)
    plain = Wire().chain()["claims"]
    assert [one.rule for one in api().check(called(plain), READ, now_s=0)] == ["P-092"]


@rule("P-092")
def test_codes_and_refresh_tokens_stay_with_their_key() -> None:
    wire = Wire(sender_constrained=True)
    session = wire.login()
    code = wire.code(session, dpop_jkt=key("portal").public.thumbprint)
    refused(wire.redeem(code), "P-092", "invalid_grant", check="dpop")
    refused(wire.redeem(code, headers=proof("thief", TOKEN_URL)), "P-092", "invalid_grant")
    body = good(wire.redeem(code, headers=proof("portal", TOKEN_URL))).body
    again = {"grant_type": "refresh_token", "refresh_token": body["refresh_token"]}
    refused(wire.token("portal", **again), "P-092", "invalid_grant")
    good(wire.token("portal", headers=proof("portal", TOKEN_URL, jti="p2"), **again))


@rule("P-093")
def test_a_server_may_demand_its_nonce() -> None:
    wire = bound("dpop", dpop_nonce=True)
    answer = dpop_token(wire)
    refused(answer, "P-093", "use_dpop_nonce", check="dpop")
    nonce = answer.headers["DPoP-Nonce"]
    assert nonce == server_nonce(wire.server, 0) != server_nonce(wire.server, 60)
    token = good(dpop_token(wire, nonce=nonce)).body["access_token"]
    server = api(dpop_nonce=True)
    (found,) = server.check(called(token), READ, now_s=0)
    assert (found.rule, found.error, found.status) == ("P-093", "use_dpop_nonce", 401)
    assert dict(found.headers)["DPoP-Nonce"] == rs_nonce(server.profile, 0)
    assert server.check(called(token, nonce=rs_nonce(server.profile, 0)), READ, now_s=0) == ()


@rule("P-094")
def test_a_dpop_bound_token_is_no_bearer_token() -> None:
    wire = bound("dpop")
    token = good(dpop_token(wire)).body["access_token"]
    (found,) = api().check(Presented(token), READ, now_s=0)
    assert (found.check, found.rule, found.error, found.status) == ("sender", "P-094", "invalid_token", 401)
    assert str(found.challenge).startswith("DPoP ")
    assert refusals(api(dpop_supported=False), token) == []


@rule("P-095")
def test_a_proof_is_used_once() -> None:
    wire = bound("dpop")
    headers = proof("agent", TOKEN_URL)
    ask = {"grant_type": "client_credentials", "audience": "claims", "headers": headers}
    token = good(wire.token("agent", **ask)).body["access_token"]
    refused(wire.token("agent", **ask), "P-095", "invalid_dpop_proof")
    server = api()
    presented = called(token)
    assert server.check(presented, READ, now_s=0) == ()
    server.admitted(presented, now_s=0)
    (found,) = server.check(presented, READ, now_s=1)
    assert (found.rule, found.error) == ("P-095", "invalid_dpop_proof")
    assert server.check(called(token, jti="c2"), READ, now_s=1) == ()


@rule("P-096")
def test_a_resource_is_a_known_absolute_uri() -> None:
    wire = Wire()
    token = wire.chain()["a2a"]
    good(wire.exchange("agent", token, resource="https://mcp.example/api"))
    for bad in ("mcp", "/api", "https://mcp.example/api#x", "https://[x", "https://mcp.example/api#"):
        refused(wire.exchange("agent", token, resource=bad), "P-096", "invalid_target", check="target")
    refused(
        wire.exchange("agent", token, resource="https://unknown.example"), "P-096", "invalid_target", check="target"
    )


@rule("P-097")
def test_a_server_may_demand_a_resource() -> None:
    wire = Wire(resource_required=True)
    session = wire.login()
    refused(wire.authorize(session, audience=None), "P-097", "invalid_target", check="target")
    good(wire.authorize(session, audience=None, resource="https://a2a.example/api"))


PUSH = {
    "response_type": "code", "redirect_uri": REDIRECT, "scope": "claims.read", "audience": "a2a", "state": "xyz",
    "code_challenge": sha256_base64url(VERIFIER), "code_challenge_method": "S256",
}  # fmt: skip


@rule("P-098")
def test_a_pushed_request_is_used_once_in_time_by_its_client() -> None:
    wire = Wire(par_required=True)
    session = wire.login()
    answer = good(wire.as_client("portal", "/par", **PUSH))
    assert answer.status == 201
    assert 5 <= answer.body["expires_in"] <= 600
    only = {"response_type": None, "redirect_uri": None, "scope": None, "audience": None, "state": None,
            "code_challenge": None, "code_challenge_method": None}  # fmt: skip

    def use(uri: str, now_s: float = 0, client: str = "portal") -> Response:
        return wire.authorize(session, now_s, request_uri=uri, **{**only, "client_id": client})

    uri = answer.body["request_uri"]
    refused(use(uri, client="agent"), "P-098", "invalid_request_uri")
    refused(use(uri, 60), "P-098", "invalid_request_uri")
    code = good(use(uri, 59)).body["code"]
    assert good(wire.redeem(code, 59)).body["scope"] == "claims.read"
    refused(use(uri, 59), "P-098", "invalid_request_uri")
    refused(use("urn:ietf:params:oauth:request_uri:none"), "P-098", "invalid_request_uri")
    refused(wire.authorize(session), "P-098", "invalid_request", check="par")
    refused(wire.as_client("portal", "/par", request_uri=uri, **PUSH), "P-098", "invalid_request")
    big = wire.as_client("portal", "/par", **{**PUSH, "nonce": "x" * 20_000})
    refused(big, "P-098", "invalid_request", 413)
    got = wire.server.receive(replace_method(wire), now_s=0, ids=wire.ids)
    refused(got, "P-098", "invalid_request", 405)


def replace_method(wire: Wire) -> Any:
    from harness.oauth import Request

    return Request("GET", "/par", form=PUSH)


@rule("P-099")
def test_only_what_is_inside_a_signed_request_counts() -> None:
    wire = Wire()
    session = wire.login()
    claims = {**PUSH, "client_id": "portal", "iss": "portal", "aud": ISSUER}

    def send(signer: str = "portal", client: str = "portal", **changed: Any) -> Response:
        signed = key(signer).sign({**claims, **changed}, "oauth-authz-req+jwt")
        return wire.authorize(session, request=signed, scope="claims.read payments.pay", client_id=client)

    body = good(wire.redeem(good(send()).body["code"])).body
    assert body["scope"] == "claims.read"
    refused(send("thief"), "P-099", "invalid_request_object")
    refused(send(client_id="agent"), "P-099", "invalid_request_object")
    refused(send(iss="agent"), "P-099", "invalid_request_object")
    refused(send(aud="https://other.example"), "P-099", "invalid_request_object")
    refused(send(client="public"), "P-099", "invalid_request_object")
    good(wire.as_client("portal", "/par", request=key("portal").sign(claims, "oauth-authz-req+jwt")))


@rule("P-100")
def test_authorization_details_are_of_a_known_type_and_shape() -> None:
    wire = Wire()
    session = wire.login()
    good(wire.authorize(session, authorization_details=json.dumps([PAYMENT])))
    for bad in (
        "{", "7", '["x"]', "[]x", json.dumps([{"type": "refund", "resource": "r", "amount": 1}]), json.dumps([{"resource": "r"}]),
        json.dumps([{"type": "payment", "resource": "r"}]), json.dumps([{**PAYMENT, "tip": 5}]),
        json.dumps([{**PAYMENT, "amount": {"from": 1}}]), json.dumps([{**PAYMENT, "payee": [1]}]), json.dumps([{"type": ["x"]}]),
        "[" * 20_000,
    ):  # fmt: skip
        answer = wire.authorize(session, authorization_details=bad)
        refused(answer, "P-100", "invalid_authorization_details", check="authorization_details")
    good(wire.authorize(session, authorization_details=json.dumps([{**PAYMENT, "payee": ["a", "b"]}])))


@rule("P-101")
def test_an_exchange_stays_within_the_granted_details() -> None:
    wire = Wire()
    session = wire.login()
    token = wire.portal_token(session, authorization_details=json.dumps([PAYMENT])).body["access_token"]
    inherited = good(wire.exchange("agent", token, audience="mcp")).body
    assert inherited["authorization_details"] == [PAYMENT]
    same = good(wire.exchange("agent", token, audience="mcp", authorization_details=[PAYMENT])).body
    assert same["authorization_details"] == [PAYMENT]
    more = wire.exchange("agent", token, audience="mcp", authorization_details=[{**PAYMENT, "amount": 900}])
    refused(more, "P-101", "invalid_authorization_details")


@rule("P-101")
def test_with_the_ceiling_no_exchange_exceeds_the_grant() -> None:
    wire = Wire(grant_ceiling=True, scope_policy="naive")
    token = wire.portal_token(wire.login(), scope="claims.read").body["access_token"]
    refused(wire.exchange("agent", token, audience="mcp", scope="payments.pay"), "P-101", "invalid_scope")
    jag = {"requested_token_type": URN + "id-jag", "audience": "https://as.partner.example", "scope": "repairs.book"}
    refused(wire.exchange("agent", token, **jag), "P-101", "invalid_scope", check="grant_ceiling")
    wrong = wire.redeem(wire.code(wire.login()), audience="claims")
    refused(wrong, "P-101", "invalid_scope", check="grant_ceiling")
    good(wire.exchange("agent", token, audience="mcp", scope="claims.read"))


FIELDS = tuple((name, PAYMENT[name]) for name in ("resource", "amount", "currency", "payee"))


@rule("P-102")
def test_an_api_compares_every_field_of_the_operation() -> None:
    token = Wire().approved()
    server = api("payments", consumed=False)
    assert refusals(server, token, PAY, operation=Details("payment", "ana", FIELDS)) == []
    for other in (
        Details("refund", "ana", FIELDS), Details("payment", "ben", FIELDS), Details("payment", "ana", FIELDS[:3]),
        Details("payment", "ana", (*FIELDS, ("tip", 5))), Details("payment", "ana", (("amount", 900), *FIELDS[2:], FIELDS[0])),
    ):  # fmt: skip
        (found,) = server.check(Presented(token, operation=other), PAY, now_s=0)
        assert (found.check, found.rule, found.error, found.status) == ("details", "P-102", "insufficient_scope", 403)
        assert 'authorization_details_type="' in str(found.challenge)
    low = replace(PAY, elevated=False)
    assert refusals(server, token, low, operation=Details("refund", "ana", FIELDS)) == []
    assert refusals(api("payments", details=False), token, PAY, operation=Details("refund", "ana", FIELDS)) == []


@rule("P-102")
def test_an_egress_compares_the_disclosure() -> None:
    from harness.oauth import Disclosure, RouteRule

    wire = Wire()
    wire.server.grant_consent("ana", "agent", "acme", "advice", ["claim"], now_s=0, ids=wire.ids)
    ask = {"audience": "llm_gateway", "scope": "llm.invoke"}
    wanted = [{"type": "llm_disclosure", "provider": "acme", "purpose": "advice", "categories": ["claim"]}]
    body = good(wire.exchange("agent", wire.chain()["a2a"], authorization_details=wanted, **ask)).body
    token, route = body["access_token"], RouteRule("llm.complete", scope="llm.invoke")
    server = api("llm_gateway", is_egress=True)
    assert refusals(server, token, route, disclosure=Disclosure("acme", "advice", ("claim",), ("ana",))) == []
    for sent in (
        Disclosure("other", "advice", ("claim",)), Disclosure("acme", "training", ("claim",)),
        Disclosure("acme", "advice", ("claim", "health")), Disclosure("acme", "advice", ("claim",), ("ben",)),
    ):  # fmt: skip
        (found,) = server.check(Presented(token, disclosure=sent), route, now_s=0)
        assert (found.check, found.rule, found.status) == ("egress", "P-102", 403)
    off = api("llm_gateway", is_egress=True, egress=False)
    assert refusals(off, token, route, disclosure=Disclosure("other", "x")) == []


@rule("P-103")
def test_pushed_details_cannot_be_changed_on_the_way() -> None:
    wire = Wire()
    session = wire.login()
    pushed = wire.as_client("portal", "/par", authorization_details=[PAYMENT], **PUSH)
    uri = good(pushed).body["request_uri"]
    swapped = json.dumps([{**PAYMENT, "payee": "thief"}])
    code = good(wire.authorize(session, request_uri=uri, authorization_details=swapped)).body["code"]
    assert good(wire.redeem(code)).body["authorization_details"] == [PAYMENT]


def test_the_profile_of_these_tests_knows_its_audiences() -> None:
    assert set(profile().audiences) == set(AUDIENCES)
    assert Client(client_id="c", agent=None).identity == "c"
