"""A small insurer joined by a fake wire: servers, clients and enforcement points, for all tests of the protocol.

Everything strict by default; a test turns settings through `home(...)` and `api(...)`. Time is an argument.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from harness.oauth import (
    AsProfile,
    Audience,
    AuthorizationServer,
    Client,
    DetailType,
    Keys,
    KeySet,
    Presented,
    Request,
    ResourceServer,
    Response,
    RouteRule,
    RsProfile,
    SigningKey,
    User,
)
from harness.oauth.keys import sha256_base64url

ISSUER, PARTNER = "https://as.home.example", "https://as.partner.example"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
CIBA = "urn:openid:params:grant-type:ciba"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
TYPE = "urn:ietf:params:oauth:token-type:"
VERIFIER = "v" * 43
REDIRECT = "https://portal.home.example/cb"
SEED = b"tests"
GRANTS = frozenset(
    {"authorization_code", "refresh_token", "token_exchange", "ciba", "client_credentials", "jwt_bearer"}
)

AUDIENCES = {
    "a2a": frozenset({"agent.message", "claims.read", "payments.pay", "llm.invoke", "repairs.book"}),
    "mcp": frozenset({"claims.read", "payments.pay"}),
    "claims": frozenset({"claims.read"}),
    "payments": frozenset({"payments.pay", "payments.read"}),
    "llm_gateway": frozenset({"llm.invoke"}),
}
POLICIES: dict[str, dict[str, frozenset[str]]] = {
    "portal": {"a2a": AUDIENCES["a2a"], "claims": AUDIENCES["claims"]},
    "agent": {
        "mcp": AUDIENCES["mcp"], "claims": AUDIENCES["claims"], "payments": AUDIENCES["payments"],
        "llm_gateway": AUDIENCES["llm_gateway"],
    },
    "mcp_server": {"claims": AUDIENCES["claims"], "payments": frozenset({"payments.pay"})},
    "outsider": {"claims": AUDIENCES["claims"]},
}  # fmt: skip
PAYMENT = {"type": "payment", "resource": "claim1", "amount": 100, "currency": "EUR", "payee": "garage"}
DISCLOSURE = {"type": "llm_disclosure", "provider": "acme", "purpose": "advice", "categories": ["claim"]}


class Ids:
    """Counters, as a caller keeps them."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}

    def next(self, prefix: str) -> str:
        self.counts[prefix] = self.counts.get(prefix, 0) + 1
        return f"{prefix}{self.counts[prefix]}"


def key(name: str, alg: str = "EdDSA") -> SigningKey:
    """The key with this name; `impostor` is a thief's key that calls itself the home server's."""
    if name == "impostor":
        return SigningKey(key("thief")._private, "home")
    return SigningKey.derive(SEED, name, alg)


HOME_KEYS = KeySet([key("home").public])
PARTNER_KEYS = KeySet([key("partner").public])
TRUSTED = {ISSUER: HOME_KEYS, PARTNER: PARTNER_KEYS}


def profile(**settings: Any) -> AsProfile:
    known = {
        "issuer": ISSUER,
        "audiences": {
            name: Audience(name, scopes, f"https://{name}.example/api") for name, scopes in AUDIENCES.items()
        },
        "detail_types": {
            "payment": DetailType(frozenset({"resource", "amount"}), frozenset({"currency", "payee", "subject"})),
            "llm_disclosure": DetailType(frozenset({"provider", "purpose", "categories"}), frozenset({"owners"})),
        },
        "issuers_trusted": frozenset({PARTNER}),
        "consent_scopes": frozenset({"llm.invoke"}),
        "consent_audiences": frozenset({"llm_gateway"}),
        "sender_constrained": False,
    }
    return AsProfile(**{**known, **settings})


def clients() -> list[Client]:
    return [
        Client(client_id="portal", type="person_facing", key=key("portal").public, grants=GRANTS,
               policy=POLICIES["portal"], redirect_uris=(REDIRECT,), may_act=("insurance_agent",)),
        Client(client_id="agent", type="agent", agent="insurance_agent", auth_method="tls_client_auth",
               certificate="cert-agent", grants=GRANTS, policy=POLICIES["agent"], audience="a2a",
               redirect_uris=("https://agent.home.example/cb",)),
        Client(client_id="mcp_server", type="service", auth_method="tls_client_auth", certificate="cert-mcp",
               grants=GRANTS, policy=POLICIES["mcp_server"], audience="mcp"),
        Client(client_id="outsider", type="agent", agent="foreign_agent", auth_method="tls_client_auth",
               certificate="cert-outsider", grants=GRANTS, policy=POLICIES["outsider"]),
        Client(client_id="claims_api", type="service", auth_method="tls_client_auth", certificate="cert-claims",
               audience="claims", grants=frozenset({"global_revocation"})),
        Client(client_id="public", type="person_facing", auth_method="none", grants=GRANTS,
               policy=POLICIES["portal"], redirect_uris=("https://spa.home.example/cb",)),
    ]  # fmt: skip


class Wire:
    """The home server with its clients, an insurer's people, and short ways to say what is sent."""

    def __init__(self, **settings: Any) -> None:
        self.ids = Ids()
        self.server = AuthorizationServer(profile(**settings), Keys(key("home"), TRUSTED))
        for client in clients():
            self.server.add_client(client)
        for user in ("ana", "ben"):
            self.server.add_user(User(id=user, customer_id=f"c-{user}", region="EU", user_code="1234"))

    def send(self, path: str, form: Mapping[str, Any] | None = None, *, now_s: float = 0, **rest: Any) -> Response:
        """POST a form as the client named in it, authenticated the way it is registered."""
        return self.server.receive(Request("POST", path, form=form or {}, **rest), now_s=now_s, ids=self.ids)

    def as_client(self, client_id: str, path: str, now_s: float = 0, **form: Any) -> Response:
        """Send a form as an authenticated client."""
        headers = form.pop("headers", {})
        body = form.pop("body", {})
        form = {name: json.dumps(value) if name.endswith("details") else value for name, value in form.items()}
        client = self.server.store.clients.get(client_id)
        certificate = client.certificate if client else None
        if client is not None and client.auth_method == "private_key_jwt":
            form = {**form, **assertion(client_id, now_s, self.ids.next("assertion"))}
        form.setdefault("client_id", client_id)
        return self.send(path, form, now_s=now_s, headers=headers, body=body, certificate=certificate)

    def token(self, client_id: str, now_s: float = 0, **form: Any) -> Response:
        return self.as_client(client_id, "/token", now_s, **form)

    def login(self, user: str = "ana", *, acr: str = "low", now_s: float = 0) -> str:
        session = self.server.login(user, acr=acr, now_s=now_s, ids=self.ids)
        assert isinstance(session, str), session
        return session

    def authorize(self, session: str | None, now_s: float = 0, **form: Any) -> Response:
        request = {
            "response_type": "code", "client_id": "portal", "redirect_uri": REDIRECT, "state": "xyz",
            "scope": "claims.read payments.pay llm.invoke repairs.book", "audience": "a2a",
            "code_challenge": sha256_base64url(VERIFIER), "code_challenge_method": "S256", **form,
        }  # fmt: skip
        request = {name: value for name, value in request.items() if value is not None}
        sent = Request("GET", "/authorize", form=request, session=session)
        return self.server.receive(sent, now_s=now_s, ids=self.ids)

    def code(self, session: str, now_s: float = 0, **form: Any) -> str:
        return str(good(self.authorize(session, now_s, **form)).body["code"])

    def redeem(self, code: str, now_s: float = 0, client: str = "portal", **form: Any) -> Response:
        sent = {"code": code, "redirect_uri": REDIRECT, "code_verifier": VERIFIER, **form}
        sent = {name: value for name, value in sent.items() if value is not None}
        return self.token(client, now_s, grant_type="authorization_code", **sent)

    def portal_token(self, session: str, now_s: float = 0, **form: Any) -> Response:
        """The token that the portal sends to the agent."""
        return good(self.redeem(self.code(session, now_s, **form), now_s))

    def exchange(self, client: str, subject: str, now_s: float = 0, **form: Any) -> Response:
        sent = {"subject_token": subject, "subject_token_type": TYPE + "access_token", **form}
        return self.token(client, now_s, grant_type=EXCHANGE, **sent)

    def chain(self, now_s: float = 0, session: str | None = None) -> dict[str, str]:
        """The tokens of the usual path: portal to agent, agent to MCP server, MCP server to the claims API."""
        session = session or self.login(now_s=now_s)
        at1 = self.portal_token(session, now_s).body["access_token"]
        at2 = good(self.exchange("agent", at1, now_s, audience="mcp", scope="claims.read")).body["access_token"]
        at3 = good(self.exchange("mcp_server", at2, now_s, audience="claims")).body["access_token"]
        return {"session": session, "a2a": at1, "mcp": at2, "claims": at3}

    def ask(self, now_s: float = 0, client: str = "agent", **form: Any) -> Response:
        sent = {"login_hint": "ana", "scope": "payments.pay", "audience": "payments",
                "authorization_details": [PAYMENT], "binding_message": "W4SCT", **form}  # fmt: skip
        sent = {name: value for name, value in sent.items() if value is not None}
        return self.as_client(client, "/bc-authorize", now_s, **sent)

    def answer(self, auth_req_id: str, now_s: float = 0, **how: Any) -> Any:
        told = {"approve": True, "by": "ana", "acr": "high", "channel": "user_device", **how}
        return self.server.answer_prompt(auth_req_id, now_s=now_s, ids=self.ids, **told)

    def poll(self, auth_req_id: str, now_s: float = 0, client: str = "agent") -> Response:
        return self.token(client, now_s, grant_type=CIBA, auth_req_id=auth_req_id)

    def approved(self, now_s: float = 0, **form: Any) -> str:
        """A token for an approved payment."""
        request = good(self.ask(now_s, **form)).body["auth_req_id"]
        assert self.answer(request, now_s).refusal is None
        return str(good(self.poll(request, now_s)).body["access_token"])

    def claims(self, token: str) -> dict[str, Any]:
        return dict(HOME_KEYS.verify(token).claims)


def assertion(client_id: str, now_s: float, jti: str, /, **claims: Any) -> dict[str, str]:
    """The form fields of a client that authenticates with its key."""
    body = {"iss": client_id, "sub": client_id, "aud": ISSUER, "exp": now_s + 60, "iat": now_s, "jti": jti, **claims}
    body = {name: value for name, value in body.items() if value is not None}
    return {
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": key(client_id).sign(body, "JWT"),
    }


def good(response: Response) -> Response:
    """The response, which must not be a refusal."""
    assert response.ok, response.refusal
    return response


def api(name: str = "claims", **settings: Any) -> ResourceServer:
    known = {"audience_id": name, "issuers": frozenset({ISSUER}), "resource_metadata": f"https://{name}.example/prm"}
    return ResourceServer(RsProfile(**{**known, **settings}), TRUSTED)


READ = RouteRule("claims.read", scope="claims.read")
PAY = RouteRule("payments.pay", scope="payments.pay", elevated=True, acr="high")


def refusals(
    server: ResourceServer, token: str | None, route: RouteRule = READ, now_s: float = 0, **shown: Any
) -> list[str]:
    """The words of the checks that refuse."""
    return [one.check for one in server.check(Presented(token, **shown), route, now_s=now_s)]
