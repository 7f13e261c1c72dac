"""Rules P-001 to P-026: grants, PKCE, bearer usage, client authentication, registration. Good message, bad message."""

from __future__ import annotations

import json
from typing import Any

from msgspec.structs import replace

from harness.oauth import Client, Presented, Refusal, Request, Response, RouteRule
from harness.oauth.client import read_authorization_response
from harness.oauth.client_auth import client_assertion
from harness.oauth.metadata import check_server_metadata, metadata_url
from harness.oauth.registration import Document
from tests.oauth.rulebook import rule
from tests.oauth.wire import (
    DISCLOSURE,
    EXCHANGE,
    HOME_KEYS,
    ISSUER,
    PARTNER,
    READ,
    REDIRECT,
    VERIFIER,
    Wire,
    api,
    assertion,
    good,
    key,
    refusals,
)


def refused(response: Response, rule_id: str, error: str, status: int = 400, check: str | None = None) -> Refusal:
    """The refusal of a response, which must be exactly this one."""
    assert response.refusal is not None, response.body
    said = response.refusal
    assert (said.rule, said.error, said.status) == (rule_id, error, status), said
    assert response.status in (status, 302)
    assert response.body["error"] == error
    assert check is None or said.check == check
    return said


@rule("P-001")
def test_errors_of_the_token_endpoint() -> None:
    wire = Wire()
    refused(wire.token("portal"), "P-001", "invalid_request")
    refused(wire.send("/token", {"grant_type": EXCHANGE}), "P-001", "invalid_client")
    refused(wire.send("/token", {"grant_type": EXCHANGE, "client_id": "nobody"}), "P-001", "invalid_client")
    refused(wire.token("claims_api", grant_type=EXCHANGE), "P-001", "unauthorized_client")
    answer = wire.token("portal")
    assert answer.headers["Cache-Control"] == "no-store"
    public = wire.token("public", grant_type="client_credentials", audience="claims")
    refused(public, "P-001", "unauthorized_client", check="client_type")


@rule("P-001")
def test_a_form_is_read_strictly() -> None:
    wire = Wire()
    refused(wire.token("agent", grant_type=("a", "b")), "P-001", "invalid_request", check="malformed")
    refused(wire.send("/token", {"grant_type": "x" * 40_000}), "P-001", "invalid_request", check="malformed")
    refused(wire.send("/token", {"grant_type": 7}), "P-001", "invalid_request", check="malformed")
    sent = Request("POST", "/token", form=["no", "form"])  # type: ignore[arg-type]  # what a careless transport hands over
    refused(wire.server.receive(sent, now_s=0, ids=wire.ids), "P-001", "invalid_request", check="malformed")
    refused(wire.send("/nowhere"), "P-001", "not_found", 404)
    refused(wire.authorize(wire.login(), max_age="soon"), "P-001", "invalid_request", check="malformed")
    both = wire.token(
        "agent", grant_type=EXCHANGE, audience=("mcp", "claims"), subject_token="x", subject_token_type="y"
    )
    assert both.refusal is not None
    assert both.refusal.check != "malformed"


@rule("P-001")
def test_a_client_is_who_its_certificate_says() -> None:
    wire = Wire()
    form = {"grant_type": "client_credentials", "client_id": "agent", "audience": "claims"}
    good(wire.send("/token", form, certificate="cert-agent"))
    refused(wire.send("/token", form, certificate="cert-outsider"), "P-001", "invalid_client")
    refused(wire.send("/token", form), "P-001", "invalid_client")
    spa = {"grant_type": "refresh_token", "client_id": "public", "refresh_token": "none"}
    refused(wire.send("/token", spa), "P-008", "invalid_grant")
    refused(wire.send("/token", {**spa, **assertion("portal", 0, "j1")}), "P-001", "invalid_client")
    with_header = wire.send("/token", {**form, "client_id": "nobody"}, headers={"Authorization": "Basic eDp5"})
    refused(with_header, "P-001", "invalid_client", 401)
    assert with_header.headers["WWW-Authenticate"].startswith("Basic ")


@rule("P-002")
def test_a_code_is_its_clients_own() -> None:
    wire = Wire()
    session = wire.login()
    refused(wire.redeem("code99"), "P-002", "invalid_grant")
    code = wire.code(session)
    refused(wire.redeem(code, client="agent"), "P-002", "invalid_grant")
    refused(wire.redeem(code, redirect_uri="https://portal.home.example/other"), "P-002", "invalid_grant")
    good(wire.redeem(code))
    second = wire.code(session)
    wire.server.revoke_grant("grant2", now_s=0)
    refused(wire.redeem(second), "P-002", "invalid_grant", check="grant")


@rule("P-003")
def test_a_code_is_redeemed_once_and_a_replay_revokes() -> None:
    wire = Wire()
    code = wire.code(wire.login())
    first = good(wire.redeem(code)).body
    wrong = wire.redeem(code, code_verifier="w" * 43)
    refused(wrong, "P-006", "invalid_grant")
    good(wire.exchange("agent", first["access_token"], audience="mcp"))
    replay = wire.redeem(code)
    refused(replay, "P-003", "invalid_grant")
    assert [one.kind for one in replay.signals] == ["grant_revoked"]
    refused(wire.exchange("agent", first["access_token"], audience="mcp"), "P-051", "invalid_request", check="revoked")
    refused(
        wire.token("portal", grant_type="refresh_token", refresh_token=first["refresh_token"]), "P-008", "invalid_grant"
    )


@rule("P-004")
def test_a_code_lives_a_minute() -> None:
    wire = Wire()
    session = wire.login()
    good(wire.redeem(wire.code(session), 59.9))
    refused(wire.redeem(wire.code(session), 60), "P-004", "invalid_grant")


@rule("P-005")
def test_a_bad_redirect_uri_is_never_followed() -> None:
    wire = Wire()
    session = wire.login()
    assert good(wire.authorize(session)).headers["Location"].startswith(REDIRECT)
    for uri in (REDIRECT + "/", REDIRECT.upper(), "https://evil.example/cb"):
        response = wire.authorize(session, redirect_uri=uri)
        refused(response, "P-005", "invalid_request")
        assert response.status == 400
        assert "Location" not in response.headers
    refused(wire.authorize(session, client_id="nobody"), "P-005", "invalid_request", check="client")
    pushed = {"response_type": "code", "redirect_uri": "https://evil.example/cb", "code_challenge": "x"}
    refused(wire.as_client("portal", "/par", **pushed), "P-005", "invalid_request")


@rule("P-006")
def test_pkce_is_needed_and_must_fit() -> None:
    wire = Wire()
    session = wire.login()
    refused(wire.authorize(session, code_challenge=None), "P-006", "invalid_request")
    refused(wire.authorize(session, code_challenge_method="plain", code_challenge=VERIFIER), "P-006", "invalid_request")
    code = wire.code(session)
    refused(wire.redeem(code, code_verifier=None), "P-006", "invalid_grant")
    refused(wire.redeem(code, code_verifier="w" * 43), "P-006", "invalid_grant")
    refused(wire.redeem(code, code_verifier=VERIFIER + "v"), "P-006", "invalid_grant")
    good(wire.redeem(code))
    known = wire.server.store.codes[wire.code(session)]
    wire.server.store.codes[known.id] = replace(known, challenge=None)
    refused(wire.redeem(known.id), "P-006", "invalid_request")
    good(wire.redeem(known.id, code_verifier=None))


@rule("P-007")
def test_no_implicit_no_password_no_token_in_a_query() -> None:
    wire = Wire()
    session = wire.login()
    refused(wire.authorize(session, response_type="token"), "P-007", "unsupported_response_type")
    refused(wire.token("portal", grant_type="password", username="ana"), "P-007", "unsupported_grant_type")
    token = wire.chain()["claims"]
    assert refusals(api(), token) == []
    asked = api().check(Presented(token, in_query=True), READ, now_s=0)
    assert [(one.rule, one.status, one.check) for one in asked] == [("P-007", 401, "credentials")]


@rule("P-008")
def test_refreshing_stays_within_the_grant() -> None:
    wire = Wire()
    body = wire.portal_token(wire.login()).body
    refused(wire.token("portal", grant_type="refresh_token", refresh_token="none"), "P-008", "invalid_grant")
    other = wire.token("public", grant_type="refresh_token", refresh_token=body["refresh_token"])
    refused(other, "P-008", "invalid_grant")
    more = wire.token("portal", grant_type="refresh_token", refresh_token=body["refresh_token"], scope="agent.message")
    refused(more, "P-008", "invalid_scope", check="scope_policy")
    less = wire.token("portal", grant_type="refresh_token", refresh_token=body["refresh_token"], scope="claims.read")
    assert good(less).body["scope"] == "claims.read"


@rule("P-008")
def test_a_rotated_token_used_again_ends_the_family() -> None:
    wire = Wire()
    first = wire.portal_token(wire.login()).body["refresh_token"]
    second = good(wire.token("portal", grant_type="refresh_token", refresh_token=first)).body["refresh_token"]
    again = wire.token("portal", grant_type="refresh_token", refresh_token=first)
    refused(again, "P-008", "invalid_grant", check="rotation")
    assert [one.kind for one in again.signals] == ["grant_revoked"]
    refused(wire.token("portal", grant_type="refresh_token", refresh_token=second), "P-008", "invalid_grant")


@rule("P-008")
def test_a_refresh_token_of_a_revoked_grant_is_dead() -> None:
    wire = Wire()
    body = wire.portal_token(wire.login()).body
    wire.server.revoke_grant("grant1", now_s=1)
    dead = wire.token("portal", 1, grant_type="refresh_token", refresh_token=body["refresh_token"])
    refused(dead, "P-008", "invalid_grant", check="refresh_token")
    known = wire.server.store.refresh[body["refresh_token"]]
    wire.server.store.refresh[known.id] = replace(known, state="active")
    missed = wire.token("portal", 1, grant_type="refresh_token", refresh_token=known.id)
    refused(missed, "P-008", "invalid_grant", check="grant")


@rule("P-009")
def test_agents_get_no_offline_access() -> None:
    wire = Wire()
    session = wire.login()
    asked = {"client_id": "agent", "redirect_uri": "https://agent.home.example/cb", "audience": "claims"}
    refused(
        wire.authorize(session, scope="claims.read offline_access", **asked), "P-009", "invalid_scope", check="session"
    )
    code = wire.code(session, scope="claims.read", **asked)
    body = good(wire.redeem(code, client="agent", redirect_uri=asked["redirect_uri"])).body
    assert "refresh_token" not in body
    loose = Wire(agents_offline=True, session_bound=False)
    code = loose.code(loose.login(), scope="claims.read offline_access", **asked)
    assert "refresh_token" in good(loose.redeem(code, client="agent", redirect_uri=asked["redirect_uri"])).body


@rule("P-009")
def test_refreshing_needs_a_session_that_a_human_uses() -> None:
    wire = Wire()
    session = wire.login()
    token = wire.portal_token(session).body["refresh_token"]
    wire.server.human_act(session, now_s=100)
    token = good(wire.token("portal", 220, grant_type="refresh_token", refresh_token=token)).body["refresh_token"]
    refused(
        wire.token("portal", 220.5, grant_type="refresh_token", refresh_token=token),
        "P-009",
        "invalid_grant",
        check="session",
    )
    assert not wire.server.human_act(session, now_s=221)


@rule("P-009")
def test_refresh_tokens_expire_in_the_end() -> None:
    wire = Wire(session_bound=False, refresh_token_ttl_s=1000, refresh_idle_s=600)
    token = wire.portal_token(wire.login()).body["refresh_token"]
    idle = wire.token("portal", 601, grant_type="refresh_token", refresh_token=token)
    refused(idle, "P-009", "invalid_grant", check="refresh_expired")
    token = good(wire.token("portal", 600, grant_type="refresh_token", refresh_token=token)).body["refresh_token"]
    old = wire.token("portal", 1000, grant_type="refresh_token", refresh_token=token)
    refused(old, "P-009", "invalid_grant", check="refresh_expired")


@rule("P-010")
def test_without_credentials_the_challenge_has_no_error() -> None:
    (said,) = api(resource_metadata=None).check(Presented(None), READ, now_s=0)
    assert (said.status, said.rule) == (401, "P-010")
    assert said.challenge == 'Bearer realm="api", scope="claims.read"'
    (said,) = api().check(Presented(Wire().chain()["claims"], scheme="Basic"), READ, now_s=0)
    assert (said.status, said.rule, said.check) == (401, "P-010", "credentials")


@rule("P-011")
def test_an_expired_token_is_invalid() -> None:
    token = Wire().chain()["claims"]
    server = api(leeway_s=5)
    assert refusals(server, token, now_s=124.999) == []
    (said,) = server.check(Presented(token), READ, now_s=125)
    assert (said.check, said.error, said.status, said.rule) == ("expired", "invalid_token", 401, "P-011")
    assert 'error="invalid_token"' in str(said.challenge)


@rule("P-012")
def test_a_missing_scope_is_a_403_that_names_it() -> None:
    token = Wire().chain()["claims"]
    (said,) = api().check(Presented(token), RouteRule("claims.write", scope="claims.write"), now_s=0)
    assert (said.check, said.error, said.status, said.rule) == ("scope", "insufficient_scope", 403, "P-012")
    assert 'scope="claims.write"' in str(said.challenge)
    assert refusals(api(), token, RouteRule("claims.hidden")) == ["scope"]
    assert refusals(api(), token, RouteRule("claims.health", open=True)) == []
    assert refusals(api(scope=False), token, RouteRule("claims.hidden")) == []


@rule("P-013")
def test_a_token_is_sent_in_one_way() -> None:
    token = Wire().chain()["claims"]
    (said,) = api().check(Presented(token, credentials=2), READ, now_s=0)
    assert (said.error, said.status, said.rule) == ("invalid_request", 400, "P-013")
    assert said.challenge is None


@rule("P-014")
def test_a_record_of_somebody_else_is_not_found() -> None:
    token = Wire().chain()["claims"]
    assert refusals(api(), token, entitled=(("ana", "ben"), ("ana",))) == []
    (said,) = api().check(Presented(token, entitled=(("ana",), ("ben",))), READ, now_s=0)
    assert (said.check, said.status, said.rule) == ("owner", 404, "P-014")
    (said,) = api(foreign_object_status=403).check(Presented(token, entitled=(("ben",),)), READ, now_s=0)
    assert (said.status, said.error) == (403, "access_denied")
    assert refusals(api(owner=False), token, entitled=(("ben",),)) == []


@rule("P-014")
def test_attributes_in_the_claims_decide() -> None:
    token = Wire().chain()["claims"]
    server = api(claims=True)
    assert refusals(server, token, RouteRule("r", scope="claims.read", regions=frozenset({"EU"})), region="EU") == []
    assert refusals(server, token, RouteRule("r", scope="claims.read", regions=frozenset({"US"}))) == ["claims"]
    assert refusals(server, token, READ, region="US") == ["claims"]
    office = RouteRule("r", scope="claims.read", hours=frozenset(range(8, 18)))
    assert refusals(server, token, office, hour=9) == []
    assert refusals(server, token, office, hour=22) == ["claims"]
    assert refusals(server, token, office) == ["claims"]
    strong = RouteRule("r", scope="claims.read", min_acr="high")
    assert refusals(server, token, strong) == ["claims"]
    people = RouteRule("r", scope="claims.read", client_types=frozenset({"person_facing"}))
    assert refusals(server, token, people) == ["claims"]
    assert refusals(server, token, RouteRule("r", scope="claims.read", client_types=frozenset({"service"}))) == []
    assert refusals(api(claims=False), token, office, hour=22) == []


@rule("P-015")
def test_lifetimes_are_a_setting() -> None:
    assert Wire().claims(Wire().chain()["a2a"])["exp"] == 120
    wire = Wire(access_token_ttl_s=900)
    assert wire.claims(wire.chain()["a2a"])["exp"] == 900


@rule("P-016")
def test_a_client_assertion_is_fresh_and_its_clients() -> None:
    wire = Wire()

    def send(**changed: Any) -> Response:
        fields = {"grant_type": "client_credentials", "client_id": "portal", "audience": "claims"}
        return wire.send("/token", {**fields, **changed}, now_s=0)

    good(send(**assertion("portal", 0, "j1")))
    for bad in (
        assertion("portal", 0, "j1"),
        assertion("portal", 0, "j2", iss="agent"),
        assertion("portal", 0, "j3", sub="agent"),
        assertion("portal", 0, "j4", aud="https://other.example"),
        assertion("portal", 0, "j5", exp=-6),
        assertion("portal", 0, "j6", exp=None),
        assertion("portal", 0, "j7", exp=999_999),
        assertion("portal", 0, "j8", jti=None),
        {**assertion("portal", 0, "j9"), "client_assertion_type": "other"},
        {**assertion("portal", 0, "j9"), "client_assertion": "a.b.c"},
        {**assertion("agent", 0, "j9"), "client_id": "portal"},
        forged_assertion(),
        {},
    ):
        refused(send(**bad), "P-016", "invalid_client")
    good(send(**assertion("portal", 0, "j10", aud=[f"{ISSUER}/token"])))
    fresh = client_assertion(key("portal"), "portal", audience=ISSUER, now_s=0, jti="j11")
    kind = assertion("portal", 0, "x")["client_assertion_type"]
    good(send(client_assertion=fresh, client_assertion_type=kind, client_id=""))


def forged_assertion() -> dict[str, str]:
    """An assertion that says everything right, by another key."""
    claims = {"iss": "portal", "sub": "portal", "aud": ISSUER, "exp": 60, "jti": "j12"}
    return {**assertion("portal", 0, "j12"), "client_assertion": key("thief").sign(claims, "JWT")}


@rule("P-018")
def test_one_client_authentication_at_a_time() -> None:
    wire = Wire()
    form = {
        "grant_type": "client_credentials",
        "client_id": "portal",
        "audience": "claims",
        **assertion("portal", 0, "j"),
    }
    refused(wire.send("/token", form, headers={"Authorization": "Basic eDp5"}), "P-018", "invalid_request")
    refused(wire.send("/token", {**form, "client_secret": "s"}), "P-018", "invalid_request")
    good(wire.send("/token", form))


@rule("P-019")
def test_a_clients_own_token_stands_for_no_person() -> None:
    wire = Wire()
    token = good(wire.token("agent", grant_type="client_credentials", audience="claims")).body["access_token"]
    assert refusals(api(), token) == []
    said = api().check(Presented(token, entitled=(("agent", "ana"),)), READ, now_s=0)[0]
    assert (said.check, said.status, said.rule) == ("subject", 403, "P-019")
    assert "sid" not in wire.claims(token)
    wire.server.add_client(
        Client(
            client_id="ana",
            auth_method="tls_client_auth",
            certificate="c",
            grants=frozenset({"client_credentials"}),
            policy={"claims": frozenset({"claims.read"})},
        )
    )
    refused(wire.token("ana", grant_type="client_credentials", audience="claims"), "P-019", "unauthorized_client")


@rule("P-020")
def test_the_client_compares_the_issuer_first() -> None:
    wire = Wire()
    answer = {str(name): str(value) for name, value in good(wire.authorize(wire.login())).body.items()}
    assert read_authorization_response(answer, issuer=ISSUER, state="xyz") == answer["code"]
    for wrong in (
        {**answer, "iss": PARTNER},
        {**answer, "iss": ISSUER + "/"},
        {"error": "access_denied", "state": "xyz", "iss": PARTNER},
    ):
        said = read_authorization_response(wrong, issuer=ISSUER, state="xyz")
        assert isinstance(said, Refusal)
        assert (said.rule, said.check) == ("P-020", "iss")
    absent = {name: value for name, value in answer.items() if name != "iss"}
    assert isinstance(read_authorization_response(absent, issuer=ISSUER, state="xyz"), Refusal)
    assert read_authorization_response(absent, issuer=ISSUER, state="xyz", iss_supported=False) == answer["code"]
    said = read_authorization_response(answer, issuer=ISSUER, state="other")
    assert isinstance(said, Refusal)
    assert said.check == "state"
    refusal = wire.authorize(None)
    assert refusal.body["iss"] == ISSUER


@rule("P-001")
def test_the_client_takes_an_error_for_an_error() -> None:
    said = read_authorization_response(
        {"iss": ISSUER, "state": "s", "error": "access_denied"}, issuer=ISSUER, state="s"
    )
    assert isinstance(said, Refusal)
    assert said.error == "access_denied"
    said = read_authorization_response({"iss": ISSUER, "state": "s"}, issuer=ISSUER, state="s")
    assert isinstance(said, Refusal)
    assert said.error == "invalid_response"


@rule("P-021")
def test_metadata_is_of_the_issuer_that_was_asked() -> None:
    wire = Wire()
    sent = Request("GET", "/.well-known/oauth-authorization-server")
    metadata = good(wire.server.receive(sent, now_s=0, ids=wire.ids)).body
    assert check_server_metadata(metadata, expected_issuer=ISSUER) is None
    said = check_server_metadata(metadata, expected_issuer=PARTNER)
    assert said is not None
    assert said.rule == "P-021"
    assert (
        metadata_url("https://as.example/tenant1")
        == "https://as.example/.well-known/oauth-authorization-server/tenant1"
    )
    keys = good(wire.server.receive(Request("GET", "/jwks"), now_s=0, ids=wire.ids)).body
    assert keys == HOME_KEYS.jwks()


def register(wire: Wire, **body: Any) -> Response:
    sent = Request(
        "POST", "/register", body={"redirect_uris": ["https://new.example/cb"], **body}, certificate="cert-new"
    )
    return wire.server.receive(sent, now_s=0, ids=wire.ids)


def statement(**claims: Any) -> str:
    return key("partner").sign({"iss": PARTNER, "software_id": "new_agent", **claims}, "JWT")


@rule("P-022")
def test_registration_is_open_only_where_the_policy_says_so() -> None:
    wire = Wire(registration="open")
    answer = good(register(wire, token_endpoint_auth_method="tls_client_auth"))
    assert answer.status == 201
    assert answer.body["client_id"] in wire.server.store.clients
    refused(register(wire, redirect_uris=["/cb"]), "P-022", "invalid_redirect_uri")
    refused(register(wire, redirect_uris=["https://new.example/cb#x"]), "P-022", "invalid_redirect_uri")
    refused(register(wire, redirect_uris=["http://[new"]), "P-022", "invalid_redirect_uri")
    refused(register(wire, token_endpoint_auth_method="client_secret_basic"), "P-022", "invalid_client_metadata")
    refused(register(wire, jwks={"keys": ["x"]}), "P-022", "invalid_client_metadata")
    refused(register(wire, grant_types="all"), "P-022", "invalid_client_metadata")
    sent = Request("POST", "/register", body=[])  # type: ignore[arg-type]  # what a careless client sends
    refused(wire.server.receive(sent, now_s=0, ids=wire.ids), "P-022", "invalid_client_metadata")
    keyed = good(register(wire, jwks={"keys": [key("new").public.jwk]})).body["client_id"]
    assert wire.server.store.clients[keyed].key is not None
    refused(register(Wire(registration="closed")), "P-022", "access_denied", 403, check="registration")


@rule("P-022")
def test_an_allow_list_admits_known_publishers() -> None:
    wire = Wire(publishers=frozenset({PARTNER}))
    refused(register(wire), "P-022", "unapproved_software_statement", check="registration")
    refused(register(wire, software_statement="x.y.z"), "P-022", "invalid_software_statement", check="registration")
    forged = key("home").sign({"iss": PARTNER}, "JWT")
    refused(register(wire, software_statement=forged), "P-022", "invalid_software_statement")
    client = good(register(wire, software_statement=statement())).body["client_id"]
    assert wire.server.store.clients[client].agent == "new_agent"


@rule("P-079")
def test_a_denied_agent_cannot_register_again() -> None:
    wire = Wire(publishers=frozenset({PARTNER}))
    wire.server.disable("agent", "new_agent", now_s=0)
    refused(register(wire, software_statement=statement()), "P-079", "access_denied", 403, check="registration")
    loose = Wire(registration="open", deny_by_agent=False)
    loose.server.disable("agent", "new_agent", now_s=0)
    good(register(loose, software_id="new_agent"))


CIMD = "https://client.example/metadata.json"


def document(**content: Any) -> Document:
    known = {"client_id": CIMD, "redirect_uris": ["https://client.example/cb"], "token_endpoint_auth_method": "none"}
    return Document(200, {**known, **content})


def documents(**settings: Any) -> Wire:
    return Wire(metadata_documents=True, **settings)


def not_learned(wire: Wire, rule_id: str, error: str, url: str = CIMD, given: Document | None = None) -> None:
    said = wire.server.learn_document(url, given or document(), now_s=0)
    assert isinstance(said, Refusal), said
    assert (said.rule, said.error) == (rule_id, error)
    assert url not in wire.server.store.clients


@rule("P-023")
def test_a_metadata_document_describes_its_url() -> None:
    wire = documents()
    for url in (
        "http://client.example/x", "https://client.example", "https://client.example/", "https://client.example/a/../b",
        "https://client.example/a#b", "https://user@client.example/a", "https://[client/a", "client1",
    ):  # fmt: skip
        not_learned(wire, "P-023", "invalid_request", url, document(client_id=url))
    not_learned(wire, "P-023", "invalid_client", given=document(client_id="https://other.example/x"))
    not_learned(wire, "P-023", "invalid_client", given=replace(document(), status=404))
    not_learned(wire, "P-023", "invalid_client", given=replace(document(), redirected=True))
    not_learned(Wire(), "P-023", "invalid_client")
    assert wire.server.learn_document(CIMD, document(), now_s=0) == ()
    assert wire.server.store.clients[CIMD].auth_method == "none"


@rule("P-024")
def test_a_metadata_document_carries_no_secret() -> None:
    wire = documents()
    not_learned(wire, "P-024", "invalid_client", given=replace(document(), address="10.0.0.1"))
    not_learned(wire, "P-024", "invalid_client", given=replace(document(), address="metadata"))
    not_learned(wire, "P-024", "invalid_client", given=replace(document(), size=6_000))
    not_learned(wire, "P-024", "invalid_client", given=document(token_endpoint_auth_method="client_secret_post"))
    not_learned(wire, "P-024", "invalid_client", given=document(client_secret="s"))
    not_learned(wire, "P-024", "invalid_client", given=document(token_endpoint_auth_method="magic"))
    not_learned(wire, "P-024", "invalid_client", given=document(token_endpoint_auth_method="private_key_jwt"))
    not_learned(wire, "P-024", "invalid_client", given=document(jwks={"keys": [{"kty": "oct", "k": "eA"}]}))
    keyed = document(token_endpoint_auth_method="private_key_jwt", jwks={"keys": [key("c").public.jwk]})
    assert wire.server.learn_document(CIMD, keyed, now_s=0) == ()


@rule("P-025")
def test_a_changed_document_asks_again() -> None:
    wire = documents(
        metadata_domains=frozenset({"client.example"}),
        user_consent_screen=True,
        registered_policy={"claims": frozenset({"claims.read"})},
    )
    not_learned(
        wire, "P-025", "invalid_client", "https://other.example/x", document(client_id="https://other.example/x")
    )
    keyed = document(jwks={"keys": [key("c").public.jwk]})
    assert wire.server.learn_document(CIMD, keyed, now_s=0) == ()
    session = wire.login()
    wire.server.approve_client("ana", CIMD, ["claims.read"])
    asked = {
        "client_id": CIMD,
        "redirect_uri": "https://client.example/cb",
        "audience": "claims",
        "scope": "claims.read",
    }
    good(wire.authorize(session, **asked))
    assert wire.server.learn_document(CIMD, keyed, now_s=1) == ()
    swapped = document(jwks={"keys": [key("thief").public.jwk]})
    signals = wire.server.learn_document(CIMD, swapped, now_s=2)
    assert isinstance(signals, tuple)
    assert [one.kind for one in signals] == ["grant_revoked"]
    refused(wire.authorize(session, 2, **asked), "P-140", "consent_required")


@rule("P-079")
def test_a_denied_agent_has_no_document() -> None:
    wire = documents()
    wire.server.disable("agent", CIMD, now_s=0)
    said = wire.server.learn_document(CIMD, document(), now_s=0)
    assert isinstance(said, Refusal)
    assert said.rule == "P-079"


@rule("P-026")
def test_a_consent_covers_client_provider_purpose_and_categories() -> None:
    wire = Wire()
    tokens = wire.chain()

    def ask(client: str = "agent", **changed: Any) -> Response:
        wanted = {**DISCLOSURE, **changed}
        return wire.exchange(
            client, tokens["a2a"], audience="llm_gateway", scope="llm.invoke", authorization_details=[wanted]
        )

    refused(ask(), "P-026", "consent_required", check="consent")
    consent = wire.server.grant_consent("ana", "agent", "acme", "advice", ["claim"], now_s=0, ids=wire.ids)
    issued = good(ask()).body["authorization_details"]
    assert issued == [{**DISCLOSURE, "owners": ["ana"], "consents": [consent]}]
    for changed in (
        {"provider": "other"},
        {"purpose": "training"},
        {"categories": ["claim", "health"]},
        {"owners": ["ana", "ben"]},
    ):
        refused(ask(**changed), "P-026", "consent_required", check="consent")
    undescribed = wire.exchange("agent", tokens["a2a"], audience="llm_gateway", scope="llm.invoke")
    refused(undescribed, "P-026", "consent_required", check="consent")
    wire.server.grant_consent("ben", "agent", "acme", "advice", ["claim"], now_s=0, ids=wire.ids)
    assert good(ask(owners=["ana", "ben"])).body["authorization_details"][0]["owners"] == ["ana", "ben"]
    assert [one.kind for one in wire.server.withdraw_consent(consent, now_s=1)] == ["consent_withdrawn"]
    assert wire.server.withdraw_consent(consent, now_s=1) == ()
    refused(ask(), "P-026", "consent_required", check="consent")


@rule("P-026")
def test_consent_can_be_coarser_by_setting() -> None:
    for mode, provider in (("scope", "acme"), ("blanket", "*")):
        wire = Wire(consent=mode)
        token = wire.chain()["a2a"]
        wire.server.grant_consent("ana", "agent", "acme", "advice", ["claim"], now_s=0, ids=wire.ids)
        wanted = json.loads(json.dumps({**DISCLOSURE, "purpose": "training"}))
        body = good(
            wire.exchange("agent", token, audience="llm_gateway", scope="llm.invoke", authorization_details=[wanted])
        ).body
        assert body["authorization_details"][0]["provider"] == provider
        assert body["authorization_details"][0]["purpose"] == "*"


def refreshed(wire: Wire, token: str, now_s: float = 0) -> Response:
    return wire.token("portal", now_s, grant_type="refresh_token", refresh_token=token)


@rule("P-008")
def test_a_repeat_within_the_grace_gets_the_same_answer() -> None:
    wire = Wire(refresh_grace_s=10)
    first = wire.portal_token(wire.login()).body["refresh_token"]
    one, two = good(refreshed(wire, first, 1)), good(refreshed(wire, first, 11))
    assert one.body["access_token"] == two.body["access_token"]
    assert one.body["refresh_token"] == two.body["refresh_token"]
    assert (one.body["expires_in"], two.body["expires_in"]) == (120, 110)
    late = refreshed(wire, first, 11.5)
    refused(late, "P-008", "invalid_grant", check="rotation")
    refused(refreshed(wire, one.body["refresh_token"], 12), "P-008", "invalid_grant")


@rule("P-008")
def test_a_repeat_within_the_grace_still_needs_everything_the_grant_stands_on() -> None:
    for undo in ("session", "user", "grant"):
        wire = Wire(refresh_grace_s=10)
        session = wire.login()
        first = wire.portal_token(session).body["refresh_token"]
        good(refreshed(wire, first))
        if undo == "session":
            wire.server.end_session(session, now_s=1)
        elif undo == "user":
            wire.server.disable("user", "ana", now_s=1)
        else:
            wire.server.revoke_grant("grant1", now_s=1)
        assert refreshed(wire, first, 2).refusal is not None


@rule("P-008")
def test_rotation_that_is_not_atomic_lets_both_racers_win() -> None:
    wire = Wire(rotation_atomic=False)
    first = wire.portal_token(wire.login()).body["refresh_token"]
    one, two = good(refreshed(wire, first)), good(refreshed(wire, first))
    assert one.body["refresh_token"] != two.body["refresh_token"]
    refused(refreshed(wire, first, 1), "P-008", "invalid_grant", check="rotation")
    still = Wire(refresh_rotation=False)
    token = still.portal_token(still.login()).body["refresh_token"]
    assert good(refreshed(still, token)).body["refresh_token"] == token
    good(refreshed(still, token, 1))


@rule("P-003")
def test_a_replayed_code_revokes_nothing_where_that_is_off() -> None:
    wire = Wire(code_replay_revokes=False)
    code = wire.code(wire.login())
    token = good(wire.redeem(code)).body["access_token"]
    replay = wire.redeem(code)
    refused(replay, "P-003", "invalid_grant")
    assert replay.signals == ()
    good(wire.exchange("agent", token, audience="mcp"))
