"""Rules P-050 to P-080: token exchange, delegation, other domains, transaction tokens, denial."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from harness.oauth import (
    AsProfile,
    Audience,
    AuthorizationServer,
    Client,
    Keys,
    Presented,
    Request,
    Response,
    RouteRule,
    Signal,
    User,
    transactions,
)
from harness.oauth.audit import audit_record
from harness.oauth.dpop import make_proof
from harness.oauth.profile import ALL_CELLS, NO_CELLS, PATHS
from tests.oauth.rulebook import rule
from tests.oauth.test_rules_core import refused
from tests.oauth.test_rules_tokens import minted
from tests.oauth.wire import (
    GRANTS,
    ISSUER,
    JWT_BEARER,
    PARTNER,
    READ,
    TRUSTED,
    TYPE,
    Wire,
    api,
    good,
    key,
    refusals,
)

ID_JAG = TYPE + "id-jag"
TXN = TYPE + "txn_token"


@rule("P-050")
def test_an_exchange_names_its_tokens_and_types() -> None:
    wire = Wire()
    token = wire.chain()["a2a"]
    refused(wire.exchange("agent", "", audience="mcp"), "P-050", "invalid_request")
    refused(wire.exchange("agent", token, audience="mcp", subject_token_type=""), "P-050", "invalid_request")
    refused(wire.exchange("agent", token, audience="mcp", actor_token="x"), "P-050", "invalid_request")
    refused(wire.exchange("agent", token, audience="mcp", actor_token_type=TYPE + "jwt"), "P-050", "invalid_request")
    good(wire.exchange("agent", token, audience="mcp"))


@rule("P-051")
def test_an_unacceptable_subject_token_is_an_invalid_request() -> None:
    wire = Wire()
    token = wire.chain()["a2a"]
    refused(wire.exchange("agent", "nonsense", audience="mcp"), "P-051", "invalid_request", check="subject_token")
    refused(wire.exchange("agent", minted("JWT"), audience="mcp"), "P-051", "invalid_request", check="subject_token")
    foreign = minted(signer="partner", iss=PARTNER)
    refused(wire.exchange("agent", foreign, audience="mcp"), "P-051", "invalid_request", check="subject_token")
    odd = wire.exchange("agent", token, audience="mcp", subject_token_type=TYPE + "saml2")
    refused(odd, "P-051", "invalid_request", check="subject_token")
    refused(wire.exchange("agent", token, 120, audience="mcp"), "P-051", "invalid_request", check="expired")
    good(wire.exchange("agent", token, 119.9, audience="mcp"))
    unknown = wire.exchange("agent", token, audience="mcp", requested_token_type=TYPE + "saml2")
    refused(unknown, "P-051", "invalid_request", check="token_type")
    strict = Wire(exchange_errors="id_jag")
    refused(strict.exchange("agent", "nonsense", audience="mcp"), "P-051", "invalid_grant")


@rule("P-051")
def test_an_actor_token_speaks_of_its_client() -> None:
    wire = Wire()
    token = wire.chain()["a2a"]
    client = replace(wire.server.store.clients["agent"], key=key("agent").public)
    wire.server.add_client(client)

    def act(signer: str = "agent", **changed: Any) -> Response:
        claims = {"sub": "insurance_agent", "aud": ISSUER, "exp": 60, **changed}
        actor = key(signer).sign(claims, "JWT")
        return wire.exchange("agent", token, audience="mcp", actor_token=actor, actor_token_type=TYPE + "jwt")

    good(act())
    for bad in (act("outsider"), act(sub="mcp_server"), act(exp=0), act(aud="x"), act(exp="x")):
        refused(bad, "P-051", "invalid_request", check="actor")
    own = good(wire.token("agent", grant_type="client_credentials", audience="claims")).body["access_token"]
    other = good(wire.token("outsider", grant_type="client_credentials", audience="claims")).body["access_token"]
    kind = {"actor_token_type": TYPE + "access_token", "audience": "mcp"}
    good(wire.exchange("agent", token, actor_token=own, **kind))
    refused(wire.exchange("agent", token, actor_token=other, **kind), "P-051", "invalid_request", check="actor")
    keyless = wire.exchange(
        "mcp_server", wire.chain()["mcp"], audience="claims", actor_token="x", actor_token_type=TYPE + "jwt"
    )
    refused(keyless, "P-051", "invalid_request", check="actor")


@rule("P-052")
def test_a_refused_target_is_an_invalid_target() -> None:
    wire = Wire()
    token = wire.chain()["a2a"]
    refused(wire.exchange("agent", token, audience="nowhere"), "P-052", "invalid_target", check="target")
    refused(wire.exchange("agent", token, audience="a2a"), "P-052", "invalid_target", check="scope_policy")
    good(wire.exchange("agent", token, audience="https://mcp.example/api"))
    loose = Wire(scope_policy="intersect")
    good(loose.exchange("agent", loose.chain()["a2a"], audience="a2a", scope="claims.read"))


@rule("P-053")
def test_an_exchange_never_widens_scope() -> None:
    wire = Wire()
    token = wire.chain()["mcp"]
    refused(
        wire.exchange("mcp_server", token, audience="payments", scope="payments.pay"),
        "P-053",
        "invalid_scope",
        check="scope_policy",
    )
    a2a = wire.chain()["a2a"]
    refused(wire.exchange("agent", a2a, audience="claims", scope="claims.read payments.pay"), "P-053", "invalid_scope")
    narrow = Wire(narrowing="narrow")
    a2a = narrow.chain()["a2a"]
    body = good(narrow.exchange("agent", a2a, audience="claims", scope="claims.read payments.pay")).body
    assert body["scope"] == "claims.read"
    refused(narrow.exchange("agent", a2a, audience="claims", scope="payments.pay"), "P-053", "invalid_scope")


@rule("P-053")
def test_strengths_of_the_scope_policy() -> None:
    asked = {"audience": "claims", "scope": "payments.pay"}
    intersect = Wire(scope_policy="intersect")
    good(intersect.exchange("agent", intersect.chain()["a2a"], **asked))
    refused(intersect.exchange("agent", intersect.chain()["mcp"], **asked), "P-053", "invalid_scope")
    naive = Wire(scope_policy="naive")
    body = good(naive.exchange("agent", naive.chain()["mcp"], audience="claims", scope="policies.admin")).body
    assert body["scope"] == "policies.admin"


@rule("P-053")
def test_an_assertion_for_another_domain_never_widens_scope() -> None:
    wire = Wire()
    token = wire.chain()["a2a"]
    more = wire.exchange("agent", token, requested_token_type=ID_JAG, audience=PARTNER, scope="repairs.admin")
    refused(more, "P-053", "invalid_scope")
    good(wire.exchange("agent", token, requested_token_type=ID_JAG, audience=PARTNER, scope="repairs.book"))


@rule("P-054")
def test_the_response_says_what_was_issued() -> None:
    wire = Wire()
    body = good(wire.exchange("agent", wire.chain()["a2a"], audience="mcp")).body
    assert body["issued_token_type"] == TYPE + "access_token"
    assert body["token_type"] == "Bearer"
    assert body["scope"] == "claims.read payments.pay"
    jag = good(wire.exchange("agent", wire.chain()["a2a"], audience=PARTNER, requested_token_type=ID_JAG)).body
    assert (jag["issued_token_type"], jag["token_type"]) == (ID_JAG, "N_A")


@rule("P-055")
def test_an_agent_is_visible_or_is_refused() -> None:
    wire = Wire()
    tokens = wire.chain()
    people, agents = (
        RouteRule("c", scope="claims.read", actor="people"),
        RouteRule("c", scope="claims.read", actor="agent"),
    )
    (found,) = api().check(Presented(tokens["claims"]), people, now_s=0)
    assert (found.check, found.rule, found.status) == ("actor", "P-055", 403)
    assert refusals(api(), tokens["claims"], agents) == []
    direct = wire.portal_token(tokens["session"], scope="claims.read", audience="claims").body["access_token"]
    assert refusals(api(), direct, people) == []
    assert refusals(api(), direct, agents) == ["actor"]
    hidden = Wire(delegation=False)
    token = hidden.chain()["claims"]
    assert "act" not in hidden.claims(token)
    assert refusals(api(), token, people) == []
    assert refusals(api(actor=False), tokens["claims"], people) == []


@rule("P-056")
def test_access_is_decided_on_the_current_actor() -> None:
    token = Wire().chain()["claims"]
    exact = frozenset({("mcp_server", "insurance_agent")})
    assert refusals(api(actor_chains=exact), token) == []
    (found,) = api(actor_chains=frozenset({("insurance_agent",)})).check(Presented(token), READ, now_s=0)
    assert (found.check, found.rule) == ("actor", "P-056")
    server = api(lineage=False)
    server.receive_signal(Signal("agent_denied", 0, agent="insurance_agent"), now_s=0)
    assert refusals(server, token) == []


@rule("P-057")
def test_only_who_was_named_may_act() -> None:
    wire = Wire()
    tokens = wire.chain()
    refused(wire.exchange("outsider", tokens["a2a"], audience="claims"), "P-057", "invalid_request", check="actor")
    refused(wire.exchange("outsider", tokens["mcp"], audience="claims"), "P-057", "invalid_request", check="actor")
    good(wire.exchange("agent", tokens["mcp"], audience="mcp"))
    loose = Wire(presenter=False)
    token = loose.exchange("outsider", loose.chain()["a2a"], audience="claims")
    assert loose.claims(good(token).body["access_token"])["act"] == {"sub": "foreign_agent"}


@rule("P-058")
def test_derived_tokens_survive_unless_lineage_is_kept() -> None:
    wire = Wire()
    tokens = wire.chain()
    signals = wire.server.revoke_grant("grant1", now_s=1)
    for lineage, expected in ((True, ["lineage"]), (False, [])):
        server = api(lineage=lineage)
        for signal in signals:
            server.receive_signal(signal, now_s=1)
        assert refusals(server, tokens["claims"]) == expected
    server = api()
    server.receive_signal(Signal("agent_denied", 0, agent="insurance_agent"), now_s=0)
    (found,) = server.check(Presented(tokens["claims"]), READ, now_s=0)
    assert (found.check, found.rule, found.status) == ("lineage", "P-058", 401)
    server.receive_signal(Signal("agent_enabled", 0, agent="insurance_agent"), now_s=0)
    assert refusals(server, tokens["claims"]) == []
    loose = Wire(lineage=False)
    tokens = loose.chain()
    good(loose.as_client("agent", "/revoke", token=tokens["mcp"]))
    assert good(loose.as_client("claims_api", "/introspect", token=tokens["claims"])).body["active"] is True


@rule("P-058")
def test_tokens_that_hide_the_agent_are_named_one_by_one() -> None:
    wire = Wire(delegation=False)
    tokens = wire.chain()
    signals = wire.server.disable("agent", "insurance_agent", now_s=1)
    assert [(one.kind, one.lineage) for one in signals] == [("agent_denied", False), ("token_revoked", True)]
    server = api()
    for signal in signals:
        server.receive_signal(signal, now_s=1)
    assert refusals(server, tokens["claims"]) == ["lineage"]


@rule("P-058")
def test_a_denial_of_a_client_reaches_what_was_derived_from_its_tokens() -> None:
    for lineage, words in ((True, ["lineage"]), (False, [])):
        wire = Wire(lineage=lineage)
        tokens = wire.chain()
        server = api()
        for signal in wire.server.disable("client", "agent", now_s=1):
            server.receive_signal(signal, now_s=1)
        assert refusals(server, tokens["claims"]) == words
        active = good(wire.as_client("claims_api", "/introspect", 1, token=tokens["claims"])).body["active"]
        assert active is not lineage
        onwards = wire.exchange("mcp_server", tokens["mcp"], 1, audience="claims")
        refused(onwards, "P-079", "invalid_client", check="disabled")


@rule("P-059")
def test_public_clients_do_not_exchange() -> None:
    wire = Wire()
    refused(wire.exchange("public", wire.chain()["a2a"], audience="claims"), "P-059", "unauthorized_client")


@rule("P-060")
def test_an_assertion_is_for_a_trusted_server() -> None:
    wire = Wire()
    token = wire.chain()["a2a"]
    for audience in ("https://evil.example", "mcp"):
        refused(
            wire.exchange("agent", token, requested_token_type=ID_JAG, audience=audience), "P-060", "invalid_target"
        )
    jag = good(wire.exchange("agent", token, requested_token_type=ID_JAG, audience=PARTNER)).body["access_token"]
    claims = wire.claims(jag)
    assert (claims["aud"], claims["sub"], claims["exp"]) == (PARTNER, "ana", 60)


class Partner:
    """A repair partner's server, and the home server that asserts identities to it."""

    def __init__(self, wire: Wire | None = None, **settings: Any) -> None:
        self.wire = wire or Wire()
        known = {
            "issuer": PARTNER,
            "audiences": {"repairs": Audience("repairs", frozenset({"repairs.book"}), "https://repairs.example")},
            "issuers_trusted": frozenset({ISSUER}),
            "sender_constrained": False,
        }
        self.server = AuthorizationServer(AsProfile(**{**known, **settings}), Keys(key("partner"), TRUSTED))
        policy = {"repairs": frozenset({"repairs.book"})}
        for name in ("agent", "outsider"):
            self.server.add_client(
                Client(
                    client_id=name,
                    agent=f"{name}@partner",
                    auth_method="tls_client_auth",
                    certificate=f"cert-{name}",
                    grants=GRANTS,
                    policy=policy,
                )
            )
        self.server.add_user(User(id="ana"))

    def assertion(self, now_s: float = 0, **form: Any) -> str:
        asked = {"requested_token_type": ID_JAG, "audience": PARTNER, "scope": "repairs.book", **form}
        token = self.wire.chain(now_s)["a2a"]
        return str(good(self.wire.exchange("agent", token, now_s, **asked)).body["access_token"])

    def present(self, assertion: str, now_s: float = 0, client: str = "agent", **form: Any) -> Response:
        headers = form.pop("headers", {})
        sent = {"grant_type": JWT_BEARER, "assertion": assertion, "client_id": client, "audience": "repairs", **form}
        request = Request("POST", "/token", headers, sent, certificate=f"cert-{client}")
        return self.server.receive(request, now_s=now_s, ids=self.wire.ids)

    def forged(self, typ: str = "oauth-id-jag+jwt", signer: str = "home", **changed: Any) -> str:
        claims = {
            "iss": ISSUER, "sub": "ana", "aud": PARTNER, "client_id": "agent", "jti": "a1", "iat": 0, "exp": 60,
            "scope": "repairs.book", **changed,
        }  # fmt: skip
        return key(signer).sign({name: value for name, value in claims.items() if value is not None}, typ)


def statement_of() -> str:
    """An assertion of the home server for its partner."""
    return Partner().forged()


@rule("P-017")
def test_a_bad_assertion_is_an_invalid_grant() -> None:
    partner = Partner()
    good(partner.present(partner.forged()))
    refused(partner.present(""), "P-017", "invalid_request")
    refused(partner.present("nonsense"), "P-017", "invalid_grant")
    for signer in ("thief", "impostor"):
        refused(partner.present(partner.forged(signer=signer)), "P-017", "invalid_grant")
    refused(partner.present(partner.forged(iss="https://evil.example")), "P-017", "invalid_grant")
    refused(partner.present(partner.forged(jti="a2"), 65), "P-017", "invalid_grant")
    refused(partner.present(partner.forged(jti="a2", iat=10)), "P-017", "invalid_grant")


@rule("P-061")
def test_the_other_domain_checks_audience_and_subject() -> None:
    partner = Partner()
    for audience in (ISSUER, [PARTNER, ISSUER], None, []):
        refused(partner.present(partner.forged(aud=audience)), "P-061", "invalid_grant")
    refused(partner.present(partner.forged(sub="ben")), "P-061", "invalid_grant", check="subject")
    partner.server.link_subject(issuer=ISSUER, subject="ben", user="ana")
    token = good(partner.present(partner.forged(sub="ben", aud=[PARTNER]))).body["access_token"]
    assert TRUSTED[PARTNER].verify(token).claims["sub"] == "ana"


@rule("P-062")
def test_the_other_domain_gives_no_refresh_token() -> None:
    partner = Partner()
    assert "refresh_token" not in good(partner.present(partner.assertion())).body
    loose = Partner(chained_refresh=True, agents_offline=True, session_bound=False)
    token = good(loose.present(loose.assertion())).body["refresh_token"]
    request = Request(
        "POST",
        "/token",
        form={"grant_type": "refresh_token", "refresh_token": token, "client_id": "agent"},
        certificate="cert-agent",
    )
    loose.server.receive_signal(Signal("session_revoked", 1, session="session1"), now_s=1)
    assert loose.server.receive(request, now_s=9_000, ids=loose.wire.ids).ok


@rule("P-063")
def test_an_assertion_is_short_lived_and_used_once() -> None:
    partner = Partner()
    assertion = partner.assertion()
    good(partner.present(assertion))
    refused(partner.present(assertion), "P-063", "invalid_grant", check="assertion_used")
    refused(partner.present(partner.forged(exp=3600)), "P-063", "invalid_grant")
    partner.server.add_client(replace(partner.server.store.clients["agent"], auth_method="none"))
    refused(partner.present(partner.forged(jti="a9")), "P-063", "unauthorized_client")


@rule("P-064")
def test_an_assertion_is_typed_and_complete() -> None:
    partner = Partner()
    for typ in ("JWT", "at+jwt", "secevent+jwt"):
        refused(partner.present(partner.forged(typ)), "P-064", "invalid_grant", check="type")
    for name in ("sub", "client_id", "jti", "exp", "iat"):
        refused(partner.present(partner.forged(**{name: None})), "P-064", "invalid_grant", check="malformed")
    refused(partner.present(partner.forged(exp="later")), "P-064", "invalid_grant", check="malformed")


@rule("P-065")
def test_an_assertion_names_the_client_that_presents_it() -> None:
    partner = Partner()
    refused(partner.present(partner.assertion(), client="outsider"), "P-065", "invalid_grant", check="client")
    there = partner.assertion(client_id_there="outsider")
    good(partner.present(there, client="outsider"))


@rule("P-066")
def test_an_assertion_starts_from_a_token_of_the_caller() -> None:
    wire = Wire(exchange_errors="id_jag")
    token = wire.chain()["a2a"]
    asked = {"requested_token_type": ID_JAG, "audience": PARTNER}
    refused(wire.exchange("outsider", token, **asked), "P-066", "invalid_grant", check="actor")
    good(wire.exchange("agent", token, **asked))


@rule("P-067")
def test_an_assertion_is_for_the_next_domain_alone() -> None:
    partner = Partner()
    assertion = partner.assertion()
    wire = partner.wire
    back = wire.token("agent", grant_type=JWT_BEARER, assertion=assertion, audience="claims")
    refused(back, "P-067", "invalid_grant")
    on = wire.exchange("agent", assertion, audience=PARTNER, requested_token_type=ID_JAG, subject_token_type=ID_JAG)
    refused(on, "P-067", "invalid_grant")
    good(partner.present(assertion))


@rule("P-068")
def test_step_up_during_an_exchange_is_a_400() -> None:
    wire = Wire()
    asked = {"requested_token_type": ID_JAG, "audience": PARTNER, "acr_values": "high"}
    refused(wire.exchange("agent", wire.chain()["a2a"], **asked), "P-068", "insufficient_user_authentication")
    strong = wire.chain(session=wire.login(acr="high"))["a2a"]
    good(wire.exchange("agent", strong, **asked))


def proof(name: str, url: str, now_s: float = 0, **rest: Any) -> dict[str, str]:
    return {"DPoP": make_proof(key(name), method="POST", url=url, now_s=now_s, jti=rest.pop("jti", "p1"), **rest)}


@rule("P-069")
def test_a_bound_assertion_needs_its_key() -> None:
    partner = Partner(sender_constrained=True)
    bound = partner.assertion(headers=proof("agent", f"{ISSUER}/token"))
    assert partner.wire.claims(bound)["cnf"] == {"jkt": key("agent").public.thumbprint}
    refused(partner.present(bound), "P-069", "invalid_grant", check="dpop")
    refused(partner.present(bound, headers=proof("thief", f"{PARTNER}/token")), "P-069", "invalid_grant")
    good(partner.present(bound, headers=proof("agent", f"{PARTNER}/token")))


@rule("P-070")
def test_enterprise_managed_authorization_names_audience_and_resource() -> None:
    wire = Wire(enterprise_managed=True)
    token = wire.chain()["a2a"]
    asked = {"requested_token_type": ID_JAG, "audience": PARTNER}
    refused(wire.exchange("agent", token, **asked), "P-070", "invalid_request")
    jag = good(wire.exchange("agent", token, resource="https://repairs.example", **asked)).body["access_token"]
    assert wire.claims(jag)["resource"] == "https://repairs.example"
    own = good(wire.token("agent", grant_type="client_credentials", audience="claims")).body["access_token"]
    acting = {"actor_token": own, "actor_token_type": TYPE + "access_token", "resource": "https://repairs.example"}
    refused(wire.exchange("agent", token, **asked, **acting), "P-070", "invalid_request")
    partner = Partner()
    good(partner.present(partner.assertion(resource="https://repairs.example"), audience=""))


def txn(wire: Wire, **form: Any) -> Response:
    asked = {
        "requested_token_type": TXN, "scope": "claims.read", "audience": "home.trust",
        "request_details": {"claim": "claim1"}, **form,
    }  # fmt: skip
    return wire.exchange("agent", wire.chain()["a2a"], **asked)


@rule("P-071")
def test_a_transaction_token_is_in_its_own_header() -> None:
    wire = Wire()
    body = good(txn(wire)).body
    token = body["access_token"]
    assert body["token_type"] == "N_A"

    def ask(headers: dict[str, str], now_s: float = 1, audience: str = "home.trust", claim: str = "claim1") -> Any:
        return transactions.check(TRUSTED, headers, audience=audience, now_s=now_s, wanted={"claim": claim})

    assert ask({"txn-token": token}) is None
    for bad in (
        ask({"Authorization": f"Bearer {token}"}),
        ask({}),
        ask({"Txn-Token": minted()}),
        ask({"Txn-Token": "x"}),
    ):
        assert (bad.rule, bad.status, bad.check) == ("P-071", 401, "txn_token")
    for bad in (
        ask({"Txn-Token": token}, now_s=60),
        ask({"Txn-Token": token}, audience="other"),
        ask({"Txn-Token": token}, -1),
    ):
        assert bad.rule == "P-071"
    assert ask({"Txn-Token": token}, claim="claim2").check == "details"
    assert refusals(api(), token) == ["type"]


@rule("P-072")
def test_a_transaction_token_is_no_wider_than_its_subject() -> None:
    wire = Wire()
    refused(txn(wire, scope="policies.admin"), "P-072", "invalid_scope")
    refused(txn(wire, scope=""), "P-072", "invalid_scope")
    assert "refresh_token" not in good(txn(wire)).body
    broken = wire.exchange(
        "agent", wire.chain()["a2a"], requested_token_type=TXN, scope="claims.read", request_context="{"
    )
    refused(broken, "P-072", "invalid_request")
    expired = wire.exchange("agent", wire.chain()["a2a"], 121, requested_token_type=TXN, scope="claims.read")
    refused(expired, "P-051", "invalid_request", check="expired")


@rule("P-073")
def test_a_replacement_changes_nothing_that_matters() -> None:
    wire = Wire()
    token = good(txn(wire)).body["access_token"]

    def again(now_s: float = 1, subject: str = token, **form: Any) -> Response:
        asked = {"requested_token_type": TXN, "subject_token_type": TXN, **form}
        return wire.exchange("mcp_server", subject, now_s, **asked)

    new, old = wire.claims(good(again()).body["access_token"]), wire.claims(token)
    assert all(new[name] == old[name] for name in ("txn", "sub", "aud", "exp", "tctx", "scope"))
    assert new["req_wl"] == "insurance_agent,mcp_server"
    refused(again(scope="claims.read payments.pay"), "P-073", "invalid_scope")
    refused(again(60), "P-073", "invalid_request")
    refused(again(audience="elsewhere"), "P-073", "invalid_target")
    refused(again(subject=minted()), "P-073", "invalid_request")


@rule("P-074")
def test_a_transaction_token_shows_the_agent() -> None:
    wire = Wire()
    claims = wire.claims(good(txn(wire)).body["access_token"])
    assert (claims["sub"], claims["act"]) == ("ana", {"sub": "insurance_agent"})


@rule("P-076", "P-077")
def test_the_actor_is_the_agent_not_the_client_id() -> None:
    wire = Wire()
    claims = wire.claims(wire.chain()["mcp"])
    assert (claims["client_id"], claims["act"]["sub"], claims["agent_id"]) == (
        "agent",
        "insurance_agent",
        "insurance_agent",
    )
    assert claims["client_type"] == "ai-agent"
    renamed = replace(wire.server.store.clients["agent"], client_id="agent2")
    wire.server.add_client(renamed)
    wire.server.disable("agent", "insurance_agent", now_s=0)
    refused(
        wire.token("agent2", grant_type="client_credentials", audience="claims"),
        "P-079",
        "invalid_client",
        check="disabled",
    )


def attempts(wire: Wire, tokens: dict[str, Any], path: str) -> Response:
    """One issuance on each path, with what was prepared before anybody was disabled."""
    if path == "code":
        return wire.redeem(tokens["code"])
    if path == "refresh":
        return wire.token("portal", grant_type="refresh_token", refresh_token=tokens["refresh"])
    if path == "exchange":
        return wire.exchange("agent", tokens["a2a"], audience="mcp")
    if path == "client_credentials":
        return wire.token("agent", grant_type="client_credentials", audience="mcp")
    if path == "backchannel":
        return wire.ask()
    return wire.poll(tokens["approved"])


PRINCIPAL_OF = {
    "code": {"user": "ana", "client": "portal", "audience": "a2a"},
    "refresh": {"user": "ana", "client": "portal", "audience": "a2a"},
    "exchange": {"user": "ana", "client": "agent", "agent": "insurance_agent", "audience": "mcp"},
    "client_credentials": {"client": "agent", "agent": "insurance_agent", "audience": "mcp"},
    "backchannel": {"user": "ana", "client": "agent", "agent": "insurance_agent", "audience": "payments"},
    "ciba": {"user": "ana", "client": "agent", "agent": "insurance_agent", "audience": "payments"},
}


def prepared(**settings: Any) -> tuple[Wire, dict[str, Any]]:
    wire = Wire(poll_interval_s=0, **settings)
    session = wire.login()
    body = wire.portal_token(session).body
    request = good(wire.ask()).body["auth_req_id"]
    wire.answer(request)
    tokens = {
        "code": wire.code(session),
        "refresh": body["refresh_token"],
        "a2a": body["access_token"],
        "approved": request,
    }
    return wire, tokens


@rule("P-079")
def test_a_disabled_principal_gets_nothing_on_any_path() -> None:
    for path, principals in PRINCIPAL_OF.items():
        wire, tokens = prepared()
        good(attempts(wire, tokens, path))
        for kind, name in principals.items():
            cell = (path, kind)
            for settings, word in (
                ({}, "disabled"),
                ({"disabled_cells": NO_CELLS, "eligibility_cells": ALL_CELLS}, "eligibility"),
                ({"disabled_cells": ALL_CELLS - {cell}}, None),
            ):
                wire, tokens = prepared(**settings)
                wire.server.disable(kind, name, now_s=0)
                answer = attempts(wire, tokens, path)
                got = answer.refusal.check if answer.refusal else None
                assert got == word, (cell, settings, answer.refusal)
                if answer.refusal is not None:
                    assert answer.refusal.rule == "P-079"
                    wire.server.enable(kind, name, now_s=1)
                    assert attempts(wire, tokens, path).ok
    assert set(PATHS) - set(PRINCIPAL_OF) == {"login", "jwt_bearer"}


@rule("P-079")
def test_a_disabled_person_cannot_log_in() -> None:
    wire = Wire()
    wire.server.disable("user", "ana", now_s=0)
    said = wire.server.login("ana", now_s=0, ids=wire.ids)
    assert getattr(said, "check", None) == "disabled"
    refused_unknown = wire.server.login("nobody", now_s=0, ids=wire.ids)
    assert getattr(refused_unknown, "check", None) == "subject"
    assert wire.server.enable("user", "ana", now_s=1)[0].kind == "user_enabled"
    assert isinstance(wire.server.login("ana", now_s=1, ids=wire.ids), str)


@rule("P-079")
def test_an_approval_does_not_resurrect_a_task() -> None:
    for cells, word in ((ALL_CELLS, "eligibility"), (NO_CELLS, None)):
        wire = Wire(eligibility_cells=cells, poll_interval_s=0)
        token = wire.chain()["a2a"]
        request = good(wire.ask(subject_token=token)).body["auth_req_id"]
        other = good(wire.ask()).body["auth_req_id"]
        for one in (request, other):
            wire.answer(one)
        wire.server.revoke_grant("grant1", now_s=0)
        answer = wire.poll(request)
        assert (answer.refusal.check if answer.refusal else None) == word
        good(wire.poll(other))


@rule("P-079")
def test_another_domain_hears_of_a_denial() -> None:
    for signal in (
        Signal("agent_denied", 1, agent="insurance_agent"), Signal("agent_denied", 1, agent="agent@partner"),
        Signal("agent_denied", 1, client="agent"), Signal("user_disabled", 1, user="ana"),
        Signal("session_revoked", 1, session="session1"), Signal("grant_revoked", 1, grant="grant1"),
    ):  # fmt: skip
        partner = Partner()
        assertion = partner.assertion()
        partner.server.receive_signal(signal, now_s=1)
        answer = partner.present(assertion, 1)
        assert answer.refusal is not None, signal
        assert answer.refusal.rule == "P-079"
    partner = Partner()
    assertion = partner.assertion()
    partner.server.disable("idp", ISSUER, now_s=0)
    refused(partner.present(assertion), "P-079", "invalid_grant", check="disabled")
    partner.server.receive_signal(Signal("agent_denied", 1, agent="insurance_agent"), now_s=1)
    partner.server.receive_signal(Signal("agent_enabled", 1, agent="insurance_agent"), now_s=1)
    partner.server.enable("idp", ISSUER, now_s=1)
    good(partner.present(assertion))
    partner.server.disable("audience", "repairs", now_s=0)
    refused(partner.present(partner.assertion()), "P-079", "invalid_target", check="disabled")


@rule("P-079")
def test_an_enforcement_point_refuses_what_was_denied() -> None:
    token = Wire().chain()["mcp"]
    for signal in (
        Signal("agent_denied", 0, agent="insurance_agent"), Signal("agent_denied", 0, client="agent"),
        Signal("user_disabled", 0, user="ana"), Signal("token_revoked", 0, jti=str(Wire().claims(token)["jti"])),
    ):  # fmt: skip
        server = api("mcp")
        server.receive_signal(signal, now_s=0)
        (found,) = server.check(Presented(token), READ, now_s=0)
        assert (found.check, found.rule, found.error, found.status) == ("denied", "P-079", "invalid_token", 401)
    first = api("a2a")
    first.receive_signal(Signal("grant_revoked", 0, grant="grant1"), now_s=0)
    route = RouteRule("a2a.message", scope="claims.read")
    assert refusals(first, Wire().chain()["a2a"], route) == ["denied"]


@rule("P-080")
def test_a_decision_leaves_a_record() -> None:
    wire = Wire()
    token = wire.chain()["claims"]
    server = api()
    found = server.check(Presented(token, entitled=(("ben",),)), READ, now_s=1)
    record = audit_record(server.claims(token), READ, found, now_s=1, request="r1")
    assert record["agent"] == "mcp_server"
    assert record["chain"] == ["mcp_server", "insurance_agent"]
    assert (record["subject"], record["resource"], record["decision"]) == ("ana", "claims.read", "deny")
    assert (record["cause"], record["rule"], record["correlation"], record["time_s"]) == ("owner", "P-014", "r1", 1)
    assert audit_record(None, READ, (), now_s=1, request="r2")["decision"] == "permit"


@rule("P-101")
def test_a_grant_is_a_ceiling() -> None:
    asked = {"grant_type": "refresh_token", "audience": "claims", "scope": "claims.read"}
    for ceiling in (True, False):
        wire = Wire(grant_ceiling=ceiling)
        body = wire.portal_token(wire.login()).body
        answer = wire.token("portal", refresh_token=body["refresh_token"], **asked)
        if ceiling:
            refused(answer, "P-101", "invalid_scope", check="grant_ceiling")
        else:
            assert wire.claims(good(answer).body["access_token"])["aud"] == "claims"


@rule("P-058")
def test_tokens_of_another_domain_descend_from_the_assertion() -> None:
    partner = Partner()
    token = good(partner.present(partner.assertion())).body["access_token"]
    claims = TRUSTED[PARTNER].verify(token).claims
    assert claims["delegation_id"] == "grant1"
    assert claims["act"] == {"sub": "insurance_agent"}
    for lineage, expected in ((True, ["lineage"]), (False, [])):
        server = api("repairs", issuers=frozenset({PARTNER}), lineage=lineage)
        server.receive_signal(Signal("grant_revoked", 1, grant="grant1"), now_s=1)
        assert refusals(server, token, RouteRule("repairs.book", scope="repairs.book")) == expected


def repairs_ask(partner: Partner, token: str) -> bool:
    """Whether the partner's server calls a token active."""
    client = Client(
        client_id="repairs_api", type="service", auth_method="tls_client_auth", certificate="r", audience="repairs"
    )
    partner.server.add_client(client)
    request = Request("POST", "/introspect", form={"token": token, "client_id": "repairs_api"}, certificate="r")
    return bool(good(partner.server.receive(request, now_s=1, ids=partner.wire.ids)).body["active"])


@rule("P-039")
def test_another_domains_token_falls_with_its_origin() -> None:
    for signal in (None, Signal("session_revoked", 1, session="session1"), Signal("grant_revoked", 1, grant="grant1")):
        partner = Partner()
        token = good(partner.present(partner.assertion())).body["access_token"]
        if signal is not None:
            partner.server.receive_signal(signal, now_s=1)
        assert repairs_ask(partner, token) is (signal is None)
    partner = Partner()
    token = good(partner.present(partner.assertion())).body["access_token"]
    grant = next(iter(partner.server.store.grants))
    signals = partner.server.revoke_grant(grant, now_s=1)
    jti = TRUSTED[PARTNER].verify(token).claims["jti"]
    assert [(one.kind, one.jti) for one in signals] == [("grant_revoked", None), ("token_revoked", jti)]
    assert not repairs_ask(partner, token)


@rule("P-079")
def test_every_cell_of_the_assertion_path_and_of_login() -> None:
    principals = {"user": "ana", "client": "agent", "agent": "insurance_agent", "audience": "repairs", "idp": ISSUER}
    for kind, name in principals.items():
        cell = ("jwt_bearer", kind)
        for settings, word in (
            ({}, "disabled"),
            ({"disabled_cells": NO_CELLS, "eligibility_cells": ALL_CELLS}, "eligibility"),
            ({"disabled_cells": ALL_CELLS - {cell}}, None),
        ):
            partner = Partner(**settings)
            partner.server.disable(kind, name, now_s=0)
            answer = partner.present(partner.forged(act={"sub": "insurance_agent"}))
            assert (answer.refusal.check if answer.refusal else None) == word, (cell, settings)
    loose = Wire(disabled_cells=ALL_CELLS - {("login", "user")})
    loose.server.disable("user", "ana", now_s=0)
    assert isinstance(loose.server.login("ana", now_s=0, ids=loose.ids), str)


@rule("P-064")
def test_claims_of_an_assertion_have_their_types() -> None:
    for changed in (
        {"auth_time": "x"},
        {"act": "agent"},
        {"scope": 7},
        {"sid": 1},
        {"cnf": "x"},
        {"delegation_id": []},
    ):
        partner = Partner()
        refused(partner.present(partner.forged(**changed)), "P-064", "invalid_grant", check="malformed")


def test_what_may_come_once_is_forgotten_in_time() -> None:
    wire = Wire()
    for number in range(1_100):
        good(wire.token("portal", number, grant_type="client_credentials", audience="claims"))
    assert len(wire.server.store.used) < 200
    assert len(wire.server.store.issued) < 520


def test_a_fork_of_a_server_goes_its_own_way() -> None:
    wire = Wire()
    tokens = wire.chain()
    other = wire.server.fork()
    other.end_session(tokens["session"], now_s=0)
    other.disable("agent", "insurance_agent", now_s=0)
    good(wire.exchange("agent", tokens["a2a"], audience="mcp"))
    point = api()
    copy = point.fork()
    copy.receive_signal(Signal("session_revoked", 0, session=tokens["session"]), now_s=0)
    copy.consume("approval1", now_s=0)
    assert refusals(point, tokens["claims"]) == []
    assert refusals(copy, tokens["claims"]) == ["session_denied"]
    assert point.consume("approval1", now_s=0)
