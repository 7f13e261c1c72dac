"""Rules P-030 to P-046: access tokens, introspection, revocation. Good message, bad message, exact outcome."""

from __future__ import annotations

import base64
import json
from typing import Any

from harness.oauth import Presented, Request, Signal
from tests.oauth.rulebook import rule
from tests.oauth.test_rules_core import refused
from tests.oauth.wire import ISSUER, PARTNER, PAYMENT, READ, Wire, api, good, key, refusals

CLAIMS: dict[str, Any] = {
    "iss": ISSUER, "sub": "ana", "aud": "claims", "exp": 120, "iat": 0, "jti": "j1", "client_id": "agent",
    "scope": "claims.read",
}  # fmt: skip


def minted(typ: str = "at+jwt", signer: str = "home", **changed: Any) -> str:
    claims = {name: value for name, value in {**CLAIMS, **changed}.items() if value is not None}
    return key(signer).sign(claims, typ)


def said(token: str, now_s: float = 0, **settings: Any) -> list[tuple[str, str, int]]:
    found = api(**settings).check(Presented(token), READ, now_s=now_s)
    return [(one.check, one.rule, one.status) for one in found]


@rule("P-030")
def test_an_access_token_is_typed_and_complete() -> None:
    assert said(minted()) == []
    assert said(minted("application/at+jwt")) == []
    assert said(minted("at+JWT")) == []
    for typ in ("JWT", "secevent+jwt", "logout+jwt", "id_token"):
        assert said(minted(typ)) == [("type", "P-030", 401)]
    for name in ("exp", "aud", "sub", "client_id", "iat", "jti"):
        assert said(minted(**{name: None})) == [("malformed", "P-030", 401)]
    for wrong in ({"exp": "soon"}, {"scope": 7}, {"act": "agent"}, {"aud": [1]}, {"authorization_details": {}}):
        assert said(minted(**wrong)) == [("malformed", "P-030", 401)]


@rule("P-031")
def test_issuer_and_audience_are_compared_exactly() -> None:
    assert said(minted(iss=PARTNER)) == [("issuer", "P-031", 401)]
    assert said(minted(iss=None)) == [("issuer", "P-031", 401)]
    assert said(minted(signer="partner", iss=PARTNER)) == [("issuer", "P-031", 401)]
    assert said(minted(aud="payments")) == [("audience", "P-031", 401)]
    assert said(minted(aud=["payments", "claims"])) == []
    assert said(minted(aud=["payments", "claims"]), audience="exact") == [("audience", "P-031", 401)]
    assert said(minted(aud="payments"), audience="off") == []
    assert said(minted(aud="payments"), is_egress=True)[0][0] == "egress_audience"
    both = frozenset({ISSUER, PARTNER})
    posing = minted(iss=PARTNER)
    Wire().exchange("agent", posing, audience="mcp")
    assert said(posing, issuers=both) == [("issuer", "P-031", 401)]
    assert said(minted(signer="partner", iss=PARTNER), issuers=both) == []


@rule("P-032")
def test_acr_stays_as_it_was() -> None:
    wire = Wire()
    session = wire.login(acr="low")
    body = wire.portal_token(session).body
    wire.server.step_up(session, acr="high", now_s=10)
    exchanged = good(wire.exchange("agent", body["access_token"], 11, audience="mcp")).body["access_token"]
    assert wire.claims(exchanged)["acr"] == "low"
    assert wire.claims(exchanged)["auth_time"] == 0
    anew = wire.claims(wire.portal_token(session, 12).body["access_token"])
    assert (anew["acr"], anew["auth_time"]) == ("high", 10)


@rule("P-033")
def test_without_a_target_there_is_one_default_or_none() -> None:
    wire = Wire()
    session = wire.login()
    token = wire.portal_token(session, audience=None, scope="agent.message").body["access_token"]
    assert wire.claims(token)["aud"] == "a2a"
    refused(wire.authorize(session, audience=None, scope="claims.read"), "P-033", "invalid_scope")
    refused(wire.authorize(session, audience=None, scope=None), "P-033", "invalid_scope")
    fixed = Wire(default_audience="claims")
    token = fixed.portal_token(fixed.login(), audience=None, scope="claims.read").body["access_token"]
    assert fixed.claims(token)["aud"] == "claims"


@rule("P-034")
def test_every_scope_means_something_everywhere() -> None:
    wire = Wire(scope_policy="intersect")
    token = wire.chain()["a2a"]
    both = wire.exchange("agent", token, audience=("mcp", "claims"), scope="claims.read")
    assert wire.claims(good(both).body["access_token"])["aud"] == ["mcp", "claims"]
    refused(wire.exchange("agent", token, audience=("mcp", "claims"), scope="payments.pay"), "P-034", "invalid_target")
    loose = Wire(scope_policy="naive")
    good(loose.exchange("agent", loose.chain()["a2a"], audience=("mcp", "claims"), scope="payments.pay"))


@rule("P-035")
def test_a_client_needs_to_see_nothing_in_its_token() -> None:
    wire = Wire(token_format="opaque")
    tokens = wire.chain()
    assert tokens["claims"].startswith("opaque.")
    assert "ana" not in tokens["claims"]
    answer = good(wire.as_client("claims_api", "/introspect", token=tokens["claims"])).body
    assert answer["sub"] == "ana"


def forged(header: dict[str, Any], claims: dict[str, Any], signature: str = "") -> str:
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (header, claims)]
    return ".".join([*parts, signature])


@rule("P-036")
def test_algorithm_key_and_signature_fit() -> None:
    good_token = minted()
    head, body, signature = good_token.split(".")
    changed = base64.urlsafe_b64encode(json.dumps({**CLAIMS, "sub": "ben"}).encode()).rstrip(b"=").decode()
    assert said(f"{head}.{changed}.{signature}") == [("signature", "P-036", 401)]
    assert said(forged({"alg": "none", "typ": "at+jwt", "kid": "home"}, CLAIMS)) == [("signature", "P-036", 401)]
    hmac = forged({"alg": "HS256", "typ": "at+jwt", "kid": "home"}, CLAIMS, "AAAA")
    assert said(hmac) == [("signature", "P-036", 401)]
    assert said(minted(signer="thief")) == [("signature", "P-036", 401)]
    assert said(minted(signer="impostor")) == [("signature", "P-036", 401)]
    thief = key("thief")
    own_key = thief.sign(CLAIMS, "at+jwt", jwk=dict(thief.public.jwk))
    assert said(own_key) == [("signature", "P-036", 401)]
    pointed = forged({"alg": "EdDSA", "typ": "at+jwt", "kid": "home", "jku": "https://evil.example"}, CLAIMS, signature)
    assert said(pointed) == [("signature", "P-036", 401)]
    for nonsense in (
        "x",
        "a.b",
        "a.b.c",
        "....",
        f"{head}.{body}",
        "é.é.é",
        "a" * 20_000,
        forged({"kid": 7, "alg": "EdDSA"}, CLAIMS),
    ):
        assert said(nonsense) == [("malformed", "P-036", 401)]
    listed = key("home").sign([1], "at+jwt")  # type: ignore[arg-type]  # claims that are no object
    assert said(listed) == [("malformed", "P-036", 401)]
    without_kid = key("home").sign(CLAIMS, "at+jwt", kid="unknown")
    assert said(without_kid) == [("signature", "P-036", 401)]


@rule("P-037")
def test_a_token_of_the_future_waits_for_the_leeway() -> None:
    assert said(minted(iat=5, exp=125)) == []
    assert said(minted(iat=5.5, exp=125)) == [("immature", "P-037", 401)]
    assert said(minted(nbf=6)) == [("immature", "P-037", 401)]
    assert said(minted(nbf=6), now_s=1) == []
    assert said(minted(), now_s=124) == []
    assert said(minted(), now_s=124, leeway_s=0) == [("expired", "P-011", 401)]


@rule("P-038")
def test_only_resource_servers_introspect() -> None:
    wire = Wire()
    token = wire.chain()["claims"]
    good(wire.as_client("claims_api", "/introspect", token=token))
    unknown = wire.send("/introspect", {"token": token})
    refused(unknown, "P-038", "invalid_client", 401, check="client_authentication")
    refused(wire.as_client("portal", "/introspect", token=token), "P-038", "invalid_client", 401, check="client_type")


@rule("P-039")
def test_an_inactive_token_is_not_described() -> None:
    wire = Wire()
    tokens = wire.chain()

    def ask(token: str, now_s: float = 0) -> dict[str, Any]:
        return dict(good(wire.as_client("claims_api", "/introspect", now_s, token=token)).body)

    assert ask(tokens["claims"])["active"] is True
    assert ask(tokens["mcp"]) == {"active": False}
    assert ask("nonsense") == {"active": False}
    assert ask(tokens["claims"], 120) == {"active": False}
    server = api(mode="introspection")
    server.introspected(tokens["claims"], ask(tokens["claims"]), now_s=0)
    assert refusals(server, tokens["claims"]) == []
    wire.server.end_session(tokens["session"], now_s=1)
    assert ask(tokens["claims"], 1) == {"active": False}
    server.introspected(tokens["claims"], ask(tokens["claims"], 1), now_s=1)
    (found,) = server.check(Presented(tokens["claims"]), READ, now_s=1)
    assert (found.check, found.rule, found.error, found.status) == ("denied", "P-039", "invalid_token", 401)


@rule("P-039")
def test_what_a_token_stands_on_makes_it_inactive() -> None:
    for undo in ("agent", "user", "client", "grant", "consent"):
        wire = Wire()
        tokens = wire.chain()
        if undo == "grant":
            wire.server.revoke_grant("grant1", now_s=0)
        elif undo != "consent":
            name = {"agent": "insurance_agent", "user": "ana", "client": "mcp_server"}[undo]
            wire.server.disable(undo, name, now_s=0)
        active = good(wire.as_client("claims_api", "/introspect", token=tokens["claims"])).body["active"]
        assert active is (undo == "consent"), undo


@rule("P-040")
def test_a_cached_answer_ends_with_its_token() -> None:
    wire = Wire()
    token = wire.chain()["claims"]
    answer = good(wire.as_client("claims_api", "/introspect", token=token)).body
    server = api(mode="cached", cache_ttl_s=300)
    assert server.wants_introspection(token, now_s=0)
    server.introspected(token, answer, now_s=0)
    assert not server.wants_introspection(token, now_s=119)
    assert server.wants_introspection(token, now_s=121)
    assert list(server.deadlines(0)) == [120]
    wire.server.end_session("session1", now_s=10)
    assert refusals(server, token, now_s=60) == []
    short = api(mode="cached", cache_ttl_s=30)
    short.introspected(token, answer, now_s=0)
    assert short.wants_introspection(token, now_s=31)
    assert not api().wants_introspection(token, now_s=0)


@rule("P-040")
def test_a_silent_server_fails_closed_or_open() -> None:
    wire = Wire()
    token = wire.chain()["claims"]
    closed, opened = api(mode="introspection"), api(mode="introspection", fail_open=True)
    for server in (closed, opened):
        assert server.wants_introspection(token, now_s=0)
        server.introspected(token, None, now_s=0)
    (found,) = closed.check(Presented(token), READ, now_s=0)
    assert (found.check, found.rule, found.status, found.challenge) == ("unavailable", "P-040", 503, None)
    assert refusals(opened, token) == []
    assert refusals(opened, "opaque.unknown") == ["malformed"] or refusals(opened, "opaque.unknown") == ["unavailable"]


@rule("P-041")
def test_introspection_means_what_the_claims_mean() -> None:
    jwt, opaque = Wire(), Wire(token_format="opaque")
    answer = dict(good(opaque.as_client("claims_api", "/introspect", token=opaque.chain()["claims"])).body)
    assert answer.pop("active") is True
    claims = jwt.claims(jwt.chain()["claims"])
    assert answer == claims
    assert answer["act"] == {"sub": "mcp_server", "act": {"sub": "insurance_agent"}}
    wire = Wire(token_format="opaque")
    token = wire.approved()
    wire.server.add_client(
        wire.server.store.clients["claims_api"].__class__(
            client_id="pay_api", type="service", auth_method="tls_client_auth", certificate="cp", audience="payments"
        )
    )
    answer = dict(good(wire.as_client("pay_api", "/introspect", token=token)).body)
    assert answer["authorization_details"] == [PAYMENT]


@rule("P-042")
def test_a_client_revokes_its_own_tokens() -> None:
    wire = Wire()
    tokens = wire.chain()
    refused(wire.as_client("outsider", "/revoke", token=tokens["mcp"]), "P-042", "unauthorized_client")
    refused(
        wire.as_client("agent", "/revoke", token=tokens["mcp"], token_type_hint="cookie"),
        "P-042",
        "unsupported_token_type",
    )
    assert good(wire.as_client("agent", "/revoke", token="nonsense")).status == 200
    answer = good(wire.as_client("agent", "/revoke", token=tokens["mcp"]))
    assert [(one.kind, one.lineage) for one in answer.signals] == [("token_revoked", False), ("token_revoked", True)]
    refused(wire.exchange("mcp_server", tokens["mcp"], audience="claims"), "P-051", "invalid_request", check="revoked")
    busy = Wire(revocation_available=False)
    tokens = busy.chain()
    answer = busy.as_client("agent", "/revoke", token=tokens["mcp"])
    refused(answer, "P-042", "temporarily_unavailable", 503)
    assert answer.headers["Retry-After"] == "5"
    assert refusals(api("mcp"), tokens["mcp"]) == []


@rule("P-043")
def test_access_tokens_fall_with_their_refresh_token() -> None:
    for lineage, expected in ((True, False), (False, True)):
        wire = Wire(lineage=lineage)
        session = wire.login()
        body = wire.portal_token(session).body
        mcp = good(wire.exchange("agent", body["access_token"], audience="mcp")).body["access_token"]
        claims = good(wire.exchange("mcp_server", mcp, audience="claims")).body["access_token"]
        answer = good(wire.as_client("portal", "/revoke", token=body["refresh_token"]))
        assert [one.kind for one in answer.signals] == ["grant_revoked"]
        refused(
            wire.exchange("agent", body["access_token"], audience="mcp"), "P-051", "invalid_request", check="revoked"
        )
        active = good(wire.as_client("claims_api", "/introspect", token=claims)).body["active"]
        assert active is expected
    other = wire.as_client("agent", "/revoke", token=body["refresh_token"])
    assert other.refusal is not None


@rule("P-044")
def test_an_enforcement_point_goes_on_until_the_signal_arrives() -> None:
    wire = Wire()
    tokens = wire.chain()
    server = api()
    signals = wire.server.end_session(tokens["session"], now_s=10)
    assert refusals(server, tokens["claims"], now_s=50) == []
    for signal in signals:
        server.receive_signal(signal, now_s=51)
    assert refusals(server, tokens["claims"], now_s=51) == ["session_denied"]


@rule("P-045")
def test_a_jwt_outlives_its_revocation_where_nothing_is_added() -> None:
    wire = Wire()
    tokens = wire.chain()
    server = api(session_denied=False, denied=False, lineage=False)
    for signal in (*wire.server.end_session(tokens["session"], now_s=1), *wire.server.revoke_grant("grant1", now_s=1)):
        server.receive_signal(signal, now_s=1)
    assert refusals(server, tokens["claims"], now_s=124) == []
    assert refusals(server, tokens["claims"], now_s=125) == ["expired"]


@rule("P-046")
def test_global_revocation_ends_everything_of_a_person() -> None:
    wire = Wire()
    tokens = wire.chain()
    refused(
        wire.as_client("portal", "/global_token_revocation", body={"sub_id": {"format": "opaque", "id": "ana"}}),
        "P-046", "access_denied", 403,
    )  # fmt: skip
    for bad in ({}, {"sub_id": "ana"}, {"sub_id": {"format": "email", "email": "x"}}):
        refused(wire.as_client("claims_api", "/global_token_revocation", body=bad), "P-046", "invalid_request")
    absent = {"sub_id": {"format": "opaque", "id": "nobody"}}
    refused(wire.as_client("claims_api", "/global_token_revocation", body=absent), "P-046", "not_found", 404)
    sent = {"sub_id": {"format": "iss_sub", "iss": ISSUER, "sub": "ana"}}
    answer = good(wire.as_client("claims_api", "/global_token_revocation", body=sent))
    assert answer.status == 204
    assert [one.kind for one in answer.signals] == ["session_revoked", "grant_revoked"]
    assert not wire.server.session_live(tokens["session"], now_s=0)
    refused(wire.exchange("agent", tokens["a2a"], audience="mcp"), "P-051", "invalid_request", check="revoked")
    done = Request("GET", "/end_session", session=tokens["session"])
    assert good(wire.server.receive(done, now_s=0, ids=wire.ids)).signals == ()


def test_a_signal_hits_only_its_subject() -> None:
    server = api()
    server.receive_signal(Signal("session_revoked", 0, session="other", user="ana"), now_s=0)
    assert refusals(server, Wire().chain()["claims"]) == []
