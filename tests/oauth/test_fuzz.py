"""Whatever is sent, the answer is a response: arbitrary text and fields never make the protocol raise.

A few hundred examples run always; the test marked slow runs a hundred thousand.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.oauth import Presented, Request, Response, RouteRule, mcp, transactions
from harness.oauth.client import read_authorization_response, read_challenge
from harness.oauth.messages import Refusal
from harness.oauth.registration import Document
from harness.oauth.server import ENDPOINTS, GRANTS
from harness.oauth.sets import push_response
from tests.oauth.test_rules_a2a import Desk, caller
from tests.oauth.test_rules_exchange import ID_JAG, TXN, proof, statement_of
from tests.oauth.wire import (
    DISCLOSURE,
    EXCHANGE,
    ISSUER,
    PAYMENT,
    REDIRECT,
    TRUSTED,
    TYPE,
    VERIFIER,
    Wire,
    api,
    assertion,
    good,
    key,
)

WIRE = Wire(sender_constrained=True, registration="open", metadata_documents=True)
SESSION = WIRE.login()
CODE = WIRE.code(SESSION)
BODY = WIRE.portal_token(SESSION).body
ASKED = good(WIRE.ask()).body["auth_req_id"]
PUSHED = "urn:ietf:params:oauth:request_uri:pushed1"

PARAMETERS = (
    "grant_type", "client_id", "client_assertion", "client_assertion_type", "client_secret", "code", "redirect_uri",
    "code_verifier", "code_challenge", "code_challenge_method", "response_type", "scope", "resource", "audience", "state",
    "refresh_token", "subject_token", "subject_token_type", "actor_token", "actor_token_type", "requested_token_type",
    "assertion", "auth_req_id", "login_hint", "login_hint_token", "id_token_hint", "binding_message", "user_code",
    "requested_expiry", "acr_values", "max_age", "authorization_details", "display_details", "request", "request_uri",
    "token", "token_type_hint", "dpop_jkt", "request_details", "request_context", "client_id_there", "txn",
)  # fmt: skip
KNOWN = (
    *GRANTS, *WIRE.server.store.clients, CODE, BODY["access_token"], BODY["refresh_token"], ASKED, PUSHED, REDIRECT, VERIFIER,
    TYPE + "access_token", ID_JAG, TXN, EXCHANGE, "code", "S256", "claims.read", "payments.pay", "llm.invoke", "a2a", "mcp",
    "claims", "llm_gateway", "https://mcp.example/api", ISSUER, "ana", "10", "-1", "high", json.dumps([PAYMENT]),
    json.dumps([DISCLOSURE]),
    assertion("portal", 0, "f1")["client_assertion"], assertion("portal", 0, "f2")["client_assertion_type"],
    statement_of(), "[[[[", "{}", "null", '[{"type": 1}]', "a.b.c", "\ud800", "\x00", "é", "x" * 200,
)  # fmt: skip
TEXTS = st.one_of(
    st.sampled_from(KNOWN), st.text(max_size=30), st.binary(max_size=30).map(lambda raw: raw.decode("latin-1"))
)
VALUES: st.SearchStrategy[Any] = st.one_of(TEXTS, st.lists(TEXTS, max_size=2).map(tuple), st.none(), st.integers())
JSON: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=8,
)
NAMES = st.one_of(st.sampled_from(PARAMETERS), st.text(max_size=8))
BODIES = st.dictionaries(
    st.one_of(
        st.sampled_from(
            [
                "redirect_uris",
                "jwks",
                "software_statement",
                "grant_types",
                "sub_id",
                "token_endpoint_auth_method",
                "software_id",
            ]
        ),
        TEXTS,
    ),
    JSON,
    max_size=4,
)
PROOFS = st.one_of(TEXTS, st.just(proof("agent", f"{ISSUER}/token")["DPoP"]))
FORMS = st.dictionaries(NAMES, VALUES, max_size=9)
REQUESTS = st.builds(
    Request,
    method=st.sampled_from(["POST", "GET", "PUT"]),
    path=st.one_of(st.sampled_from(sorted(ENDPOINTS)), st.text(max_size=8)),
    headers=st.dictionaries(st.sampled_from(["DPoP", "Authorization", "dpop"]), PROOFS, max_size=2),
    form=FORMS,
    body=BODIES,
    certificate=st.one_of(st.none(), st.sampled_from(["cert-agent", "cert-mcp", "cert-claims"]), st.text(max_size=5)),
    session=st.one_of(st.none(), st.just(SESSION), st.text(max_size=5)),
)
BASES: dict[str, dict[str, Any]] = {
    "authorization_code": {"code": CODE, "redirect_uri": REDIRECT, "code_verifier": VERIFIER},
    "refresh_token": {"refresh_token": BODY["refresh_token"]},
    "client_credentials": {"audience": "claims", "scope": "claims.read"},
    EXCHANGE: {"subject_token": BODY["access_token"], "subject_token_type": TYPE + "access_token", "audience": "mcp"},
    "urn:ietf:params:oauth:grant-type:jwt-bearer": {"assertion": statement_of()},
    "urn:openid:params:grant-type:ciba": {"auth_req_id": ASKED},
}
"""A message of each grant that would do, before something in it is changed."""


def aimed(grant: str, changed: dict[str, Any], dropped: set[str]) -> Request:
    form = {"grant_type": grant, "client_id": "agent", **BASES[grant], **changed}
    kept = {name: value for name, value in form.items() if name not in dropped}
    return Request("POST", "/token", form=kept, certificate="cert-agent")


AIMED = st.builds(
    aimed,
    st.sampled_from(sorted(GRANTS)),
    st.dictionaries(NAMES, VALUES, max_size=3),
    st.sets(st.sampled_from(PARAMETERS), max_size=2),
)
PRESENTED = st.builds(
    Presented,
    token=st.one_of(st.none(), TEXTS),
    scheme=st.sampled_from(["Bearer", "DPoP", "Basic", ""]),
    proof=st.one_of(st.none(), PROOFS),
    certificate=st.one_of(st.none(), TEXTS),
    method=TEXTS,
    url=TEXTS,
    credentials=st.integers(0, 3),
    in_query=st.booleans(),
    region=st.one_of(st.none(), TEXTS),
    hour=st.one_of(st.none(), st.integers()),
)
QUICK = settings(max_examples=300, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
THOROUGH = settings(max_examples=100_000, deadline=None, suppress_health_check=list(HealthCheck))


def answered(request: Request) -> None:
    """Send a request to a copy of the server, and hold the answer against what an answer is."""
    response = WIRE.server.fork().receive(request, now_s=1, ids=WIRE.ids)
    assert isinstance(response, Response)
    if response.refusal is not None:
        assert isinstance(response.refusal, Refusal)
        assert response.body["error"] == response.refusal.error
        assert 300 <= response.status < 600
    else:
        assert response.status in (200, 201, 204, 302)


@QUICK
@given(st.one_of(REQUESTS, AIMED))
def test_any_request_is_answered(request: Request) -> None:
    answered(request)


@pytest.mark.slow
@THOROUGH
@given(st.one_of(REQUESTS, AIMED))
def test_any_request_of_a_hundred_thousand_is_answered(request: Request) -> None:
    answered(request)


@QUICK
@given(PRESENTED, st.sampled_from(["local", "introspection", "cached"]))
def test_any_credential_is_judged(presented: Presented, mode: str) -> None:
    server = api(mode=mode, claims=True)
    route = RouteRule("r", scope="claims.read", elevated=True, acr="high", min_acr="low", hours=frozenset({1}))
    found = server.check(presented, route, now_s=1)
    assert found, "an arbitrary credential was admitted"
    assert all(isinstance(one, Refusal) for one in found)
    server.receive_signal(presented.token or "", now_s=1)


@QUICK
@given(JSON, TEXTS, BODIES)
def test_any_other_input_is_answered(content: Any, text: str, body: dict[str, Any]) -> None:
    push_response(text, TRUSTED, audience="claims", now_s=1)
    read_challenge(text)
    parameters = {name: str(value) for name, value in body.items()}
    read_authorization_response(parameters, issuer=ISSUER, state="s")
    transactions.check(TRUSTED, {"Txn-Token": text}, audience="a", now_s=1, wanted={})
    document = content if isinstance(content, dict) else {"client_id": text, **body}
    WIRE.server.fork().learn_document(text, Document(200, document), now_s=1)
    server = WIRE.server.fork()
    server.learn_document(
        "https://c.example/x", Document(200, {"client_id": "https://c.example/x", **body}, address=text), now_s=1
    )
    point = api(mode="introspection")
    point.introspected(text, body, now_s=1)
    point.check(Presented(text), RouteRule("r", scope="x"), now_s=1)
    mcp_body = {"method": text, "params": content}
    tool = mcp.McpServer(resource="r", resource_metadata="m", tools={"t": {"properties": {"a": {"type": "string"}}}})
    mcp.check_http(tool, Request("POST", "/mcp", {"Origin": text}, body=mcp_body))
    mcp.check_arguments(tool, "t", body)
    mcp.check_elicitation_form({"properties": body})


@QUICK
@given(st.sampled_from(["send", "get", "list", "cancel", "set_push", "get_push", "other"]), BODIES, JSON, JSON)
def test_any_a2a_request_is_answered(operation: str, parameters: dict[str, Any], name: Any, message: Any) -> None:
    desk = Desk()
    for one in (name, desk.task, None):
        sent = {**parameters, "id": one, "message": message, "url": name}
        assert isinstance(desk.server.receive(operation, sent, caller(), ids=desk.ids), Response)


def test_keys_of_any_shape_are_refused() -> None:
    for jwk in (
        {},
        {"kty": "EC"},
        {"kty": "OKP", "x": 7},
        {"kty": "RSA", "n": "!", "e": "AQAB"},
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
    ):
        header = {"jwk": jwk}
        token = key("agent").sign({"jti": "j"}, "dpop+jwt", **header)
        presented = Presented("t", scheme="DPoP", proof=token)
        assert api().check(presented, RouteRule("r", scope="x"), now_s=0)
