"""Rules P-130 to P-142: protected-resource metadata and MCP authorization, by revision."""

from __future__ import annotations

from typing import Any

from harness.oauth import Presented, Refusal, Request, mcp, mcp_client
from harness.oauth.client import read_challenge
from harness.oauth.mcp import REVISIONS, McpServer, ProxyConsent
from harness.oauth.metadata import (
    check_resource_metadata,
    check_server_metadata,
    resource_metadata,
    resource_metadata_url,
    server_metadata,
)
from tests.oauth.rulebook import rule
from tests.oauth.test_rules_core import refused
from tests.oauth.test_rules_sender import bound, called, dpop_token
from tests.oauth.wire import ISSUER, READ, Wire, api, good

RESOURCE = "https://mcp.home.example/mcp"
METADATA = "https://mcp.home.example/.well-known/oauth-protected-resource/mcp"
SCHEMA = {
    "properties": {
        "claim": {"type": "string"},
        "limit": {"type": "integer"},
        "order": {"type": "string", "enum": ["asc"]},
    },
    "required": ["claim"],
}


def server(revision: str = "2026-07-28", **settings: Any) -> McpServer:
    return McpServer(resource=RESOURCE, resource_metadata=METADATA, revision=REVISIONS[revision], **settings)


@rule("P-130")
def test_resource_metadata_is_of_the_resource_that_was_asked() -> None:
    metadata = resource_metadata(api("mcp").profile, RESOURCE, ("claims.read", "offline_access"))
    assert metadata["scopes_supported"] == ["claims.read"]
    assert metadata["authorization_servers"] == [ISSUER]
    assert check_resource_metadata(metadata, expected_resource=RESOURCE) is None
    said = check_resource_metadata(metadata, expected_resource=RESOURCE + "/other")
    assert said is not None
    assert said.rule == "P-130"
    assert resource_metadata_url(RESOURCE) == METADATA


@rule("P-131")
def test_challenges_name_the_metadata_with_any_scheme() -> None:
    point = api("claims", resource_metadata=METADATA)
    (found,) = point.check(Presented(None), READ, now_s=0)
    assert read_challenge(str(found.challenge)).parameters["resource_metadata"] == METADATA
    token = good(dpop_token(bound("dpop"))).body["access_token"]
    (found,) = point.check(called(token, "thief"), READ, now_s=0)
    challenge = read_challenge(str(found.challenge))
    assert (challenge.scheme, challenge.parameters["resource_metadata"]) == ("DPoP", METADATA)


@rule("P-132")
def test_the_oldest_revision_has_its_own_server() -> None:
    oldest = REVISIONS["2025-03-26"]
    assert oldest.server_is_as
    assert not oldest.resource_parameter
    assert mcp.fallback_endpoints("https://mcp.home.example/v1/mcp")["token"] == "https://mcp.home.example/token"
    answer = mcp.challenge(server("2025-03-26"), Refusal("credentials", "unauthorized", 401, "P-010"))
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@rule("P-133")
def test_a_server_says_where_its_metadata_is() -> None:
    for revision, scoped in (("2025-06-18", False), ("2025-11-25", True), ("2026-07-28", True)):
        (found,) = api("mcp").check(Presented(None), READ, now_s=0)
        answer = mcp.challenge(server(revision), found, ("claims.read",))
        challenge = read_challenge(answer.headers["WWW-Authenticate"])
        assert answer.status == 401
        assert challenge.parameters["resource_metadata"] == METADATA
        assert challenge.error is None
        assert bool(challenge.scopes) is scoped
    (found,) = api("mcp").check(Presented(Wire().chain()["a2a"]), READ, now_s=0)
    assert (found.check, found.status) == ("audience", 401)


@rule("P-134")
def test_pkce_is_verified_and_a_missing_scope_is_named() -> None:
    metadata = server_metadata(Wire().server)
    assert check_server_metadata(metadata, expected_issuer=ISSUER) is None
    for methods in (None, [], ["plain"], "S256"):
        said = check_server_metadata({**metadata, "code_challenge_methods_supported": methods}, expected_issuer=ISSUER)
        assert said is not None
        assert said.rule == "P-134"
    found = Refusal("scope", "insufficient_scope", 403, "P-012")
    answer = mcp.challenge(server(), found, ("claims.write",))
    challenge = read_challenge(answer.headers["WWW-Authenticate"])
    assert (answer.status, challenge.error, challenge.scopes) == (403, "insufficient_scope", {"claims.write"})
    assert "metadata_document" in REVISIONS["2025-11-25"].registration


@rule("P-135")
def test_the_current_revision_keeps_no_session() -> None:
    assert mcp.CURRENT.stateless
    assert "dynamic" not in mcp.CURRENT.registration
    body = {"method": "tools/call", "params": {"name": "list_claims"}}
    headers = {"Mcp-Method": "tools/call", "Mcp-Name": "list_claims", "Mcp-Session-Id": "anybody"}
    assert mcp.check_http(server(), Request("POST", "/mcp", headers, body=body)) is None
    (found,) = api("mcp").check(Presented(None), READ, now_s=0)
    assert found.status == 401


@rule("P-136")
def test_a_received_token_is_never_passed_on() -> None:
    tokens = Wire().chain()
    assert mcp.check_upstream(tokens["mcp"], tokens["claims"]) is None
    said = mcp.check_upstream(tokens["mcp"], tokens["mcp"])
    assert said is not None
    assert said.rule == "P-136"
    (found,) = api("claims").check(Presented(tokens["mcp"]), READ, now_s=0)
    assert (found.check, found.error) == ("audience", "invalid_token")


@rule("P-137")
def test_headers_say_what_the_body_says() -> None:
    body = {"method": "tools/call", "params": {"name": "admin_report"}}

    def send(revision: str = "2026-07-28", body: Any = body, **headers: str) -> Refusal | None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return mcp.check_http(server(revision), Request("POST", "/mcp", named, body=body))

    assert send(Mcp_Method="tools/call", Mcp_Name="admin_report") is None
    for said in (send(Mcp_Method="tools/call", Mcp_Name="list_claims"), send(Mcp_Method="tools/call"), send(),
                 send(Mcp_Method="tools/list", Mcp_Name="admin_report")):  # fmt: skip
        assert said is not None
        assert (said.rule, said.status, said.error) == ("P-137", 400, "-32020")
    assert send("2025-11-25") is None
    read = {"method": "resources/read", "params": {"uri": "file:///x"}}
    assert send(body=read, Mcp_Method="resources/read", Mcp_Name="file:///x") is None
    assert send(body={"method": "tools/list", "params": 7}, Mcp_Method="tools/list") is None
    assert mcp.check_http(server(), Request("GET", "/mcp")) is None


@rule("P-138")
def test_a_foreign_origin_is_refused() -> None:
    mine = server("2025-06-18", origins=frozenset({"https://portal.home.example"}))
    assert mcp.check_http(mine, Request("POST", "/mcp", {"Origin": "https://portal.home.example"})) is None
    assert mcp.check_http(mine, Request("POST", "/mcp")) is None
    said = mcp.check_http(mine, Request("POST", "/mcp", {"origin": "https://evil.example"}))
    assert said is not None
    assert (said.rule, said.status) == ("P-138", 403)


@rule("P-139")
def test_a_state_handle_works_for_its_person_alone() -> None:
    states = {mcp.bind_handle("ana", "h1"): "state"}
    assert mcp.check_handle(states, user="ana", handle="h1") is None
    for user, handle in (("ben", "h1"), ("ana", "h2")):
        said = mcp.check_handle(states, user=user, handle=handle)
        assert said is not None
        assert (said.rule, said.status) == ("P-139", 404)


@rule("P-140")
def test_a_proxy_asks_for_consent_per_client() -> None:
    consents = frozenset({ProxyConsent("ana", "good", "https://good.example/cb")})
    asked = {"user": "ana", "client": "good", "redirect_uri": "https://good.example/cb"}
    assert mcp.check_proxy(consents, **asked) is None
    for changed in ({"client": "evil"}, {"redirect_uri": "https://evil.example/cb"}, {"user": "ben"}):
        said = mcp.check_proxy(consents, **{**asked, **changed})
        assert said is not None
        assert said.rule == "P-140"


@rule("P-140")
def test_the_server_shows_a_screen_per_client() -> None:
    wire = Wire(user_consent_screen=True)
    session = wire.login()
    refused(wire.authorize(session, scope="claims.read"), "P-140", "consent_required", check="consent")
    wire.server.approve_client("ana", "agent", ["claims.read"])
    refused(wire.authorize(session, scope="claims.read"), "P-140", "consent_required")
    wire.server.approve_client("ana", "portal", ["claims.read"])
    good(wire.authorize(session, scope="claims.read"))
    refused(wire.authorize(session, scope="claims.read payments.pay"), "P-140", "consent_required")


@rule("P-141")
def test_elicitation_asks_for_no_secret() -> None:
    assert mcp.check_elicitation_form({"properties": {"claim": {}}}) is None
    for name in ("password", "API_Key", "bank_pin"):
        said = mcp.check_elicitation_form({"properties": {name: {}}})
        assert said is not None
        assert said.rule == "P-141"
    assert mcp.check_elicitation_url(started_by="ana", opened_by="ana") is None
    for other in ("ben", None):
        said = mcp.check_elicitation_url(started_by="ana", opened_by=other)
        assert said is not None
        assert (said.rule, said.status) == ("P-141", 403)


@rule("P-142")
def test_tools_validate_their_arguments_and_their_rate() -> None:
    mine = server(tools={"list_claims": SCHEMA}, calls_limit=2, calls_window_s=60)
    assert mcp.check_arguments(mine, "list_claims", {"claim": "c1", "limit": 5, "order": "asc"}) is None
    bad: tuple[tuple[str, dict[str, Any]], ...] = (
        ("no_such_tool", {}), ("list_claims", {}), ("list_claims", {"claim": 7}),
        ("list_claims", {"claim": "c", "customer": "x"}),
        ("list_claims", {"claim": "c", "limit": True}), ("list_claims", {"claim": "c", "order": "up"}),
    )  # fmt: skip
    for tool, arguments in bad:
        said = mcp.check_arguments(mine, tool, arguments)
        assert said is not None
        assert (said.rule, said.status) == ("P-142", 400)
    assert mcp.check_rate(mine, (0, 10), 60) is None
    said = mcp.check_rate(mine, (1, 10), 60)
    assert said is not None
    assert (said.rule, said.status) == ("P-142", 429)
    assert mcp.check_rate(server(), (1, 10), 60) is None


OLDEST, SECOND, THIRD, CURRENT = (REVISIONS[name] for name in ("2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"))


@rule("P-132", "P-133")
def test_where_a_client_looks_first() -> None:
    assert mcp_client.first_look(OLDEST, RESOURCE) == "https://mcp.home.example/.well-known/oauth-authorization-server"
    for revision in (SECOND, THIRD, CURRENT):
        assert mcp_client.first_look(revision, RESOURCE) == METADATA


@rule("P-135")
def test_how_a_client_becomes_known() -> None:
    everything = {"preregistered", "metadata_document", "dynamic"}
    assert {mcp_client.registration_way(one, everything) for one in REVISIONS.values()} == {"preregistered"}
    later = {"metadata_document", "dynamic"}
    ways = [mcp_client.registration_way(one, later) for one in (OLDEST, SECOND, THIRD, CURRENT)]
    assert ways == ["dynamic", "dynamic", "metadata_document", "metadata_document"]
    said = mcp_client.registration_way(CURRENT, {"dynamic"})
    assert isinstance(said, Refusal)
    assert said.rule == "P-135"


@rule("P-097")
def test_a_client_names_the_server_in_its_requests() -> None:
    assert mcp_client.request_parameters(OLDEST, RESOURCE) == {}
    asked = mcp_client.request_parameters(CURRENT, "https://a2a.example/api")
    wire = Wire(resource_required=True)
    good(wire.authorize(wire.login(), audience=None, **asked))
    refused(wire.authorize(wire.login(), audience=None), "P-097", "invalid_target")


@rule("P-134")
def test_older_revisions_do_not_verify_pkce() -> None:
    metadata = {**server_metadata(Wire().server), "code_challenge_methods_supported": None}
    assert mcp_client.check_metadata(SECOND, metadata, issuer=ISSUER) is None
    said = mcp_client.check_metadata(THIRD, metadata, issuer=ISSUER)
    assert said is not None
    assert said.rule == "P-134"
    said = mcp_client.check_metadata(SECOND, metadata, issuer="https://other.example")
    assert said is not None
    assert said.rule == "P-021"


@rule("P-020")
def test_the_current_revision_wants_iss_in_the_response() -> None:
    answer = {"code": "c1", "state": "s"}
    told = {"issuer": ISSUER, "state": "s"}
    assert mcp_client.read_response(THIRD, answer, iss_supported=True, **told) == "c1"
    assert mcp_client.read_response(CURRENT, answer, iss_supported=False, **told) == "c1"
    said = mcp_client.read_response(CURRENT, answer, iss_supported=True, **told)
    assert isinstance(said, Refusal)
    assert said.rule == "P-020"
    foreign = {**answer, "iss": "https://evil.example"}
    assert isinstance(mcp_client.read_response(OLDEST, foreign, iss_supported=False, **told), Refusal)


@rule("P-135")
def test_only_older_revisions_have_transport_sessions() -> None:
    headers = {"Mcp-Session-Id": "s1"}
    assert mcp_client.transport_session(SECOND, headers) == "s1"
    assert mcp_client.transport_session(CURRENT, headers) is None
