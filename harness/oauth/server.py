"""The authorization server: one object that dispatches messages, and acts of people and operators, to what decides.

`receive` answers every HTTP request, whatever is in it: a refusal is a response, never an exception. All state is in
`store`; `fork` copies its dicts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import msgspec

from harness.oauth import (
    backchannel,
    code_grant,
    exchange_grant,
    metadata,
    other_grants,
    refresh_grant,
    registration,
    revocation,
    sessions,
)
from harness.oauth.authority import Authority, Call, Ids, revoke_grant, session_live
from harness.oauth.client_auth import authenticate
from harness.oauth.forms import Form, read_form
from harness.oauth.issue import NO_STORE, proof_thumbprint
from harness.oauth.messages import Answer, Prompt, Refusal, Request, Response, Signal
from harness.oauth.records import Client, User
from harness.oauth.refusals import Refused, need
from harness.oauth.sets import BadSignal, decode_signal

Grant = Callable[[Authority, Call, Form, Client], Response]

GRANTS: Mapping[str, tuple[str, Grant]] = {
    "authorization_code": ("authorization_code", code_grant.redeem_code),
    "refresh_token": ("refresh_token", refresh_grant.refresh),
    "client_credentials": ("client_credentials", other_grants.client_credentials),
    "urn:ietf:params:oauth:grant-type:token-exchange": ("token_exchange", exchange_grant.exchange),
    "urn:ietf:params:oauth:grant-type:jwt-bearer": ("jwt_bearer", other_grants.jwt_bearer),
    "urn:openid:params:grant-type:ciba": ("ciba", backchannel.redeem),
}
"""By `grant_type`: the word that a client is registered with, and what decides."""


def _token(authority: Authority, call: Call, form: Form) -> Response:
    """The token endpoint: authenticate, look at the proof of possession, and hand over to the grant."""
    client = authenticate(authority, call, form)
    grant_type = form.one("grant_type")
    need(grant_type, "P-001", "invalid_request", "`grant_type` is missing", check="malformed")
    known = GRANTS.get(grant_type or "")
    need(known, "P-007", "unsupported_grant_type", "that grant is not offered", check="grant_type")
    word, grant = known or GRANTS["authorization_code"]
    need(word in client.grants, "P-001", "unauthorized_client", "the client may not use it", check="grant_type")
    return grant(authority, msgspec.structs.replace(call, jkt=proof_thumbprint(authority, call)), form, client)


def _end_session(authority: Authority, call: Call, form: Form) -> Response:
    session = call.request.session or ""
    return Response(200, NO_STORE, {}, signals=sessions.end_session(authority, session, call.now_s, "user"))


def _metadata(authority: Authority, call: Call, form: Form) -> Response:
    return Response(200, {"Content-Type": "application/json"}, metadata.server_metadata(authority))


def _jwks(authority: Authority, call: Call, form: Form) -> Response:
    return Response(200, {"Content-Type": "application/json"}, authority.keys.trusted[authority.profile.issuer].jwks())


def _register(authority: Authority, call: Call, form: Form) -> Response:
    return registration.register(authority, call)


ENDPOINTS: Mapping[str, tuple[str, Callable[[Authority, Call, Form], Response]]] = {
    "/authorize": ("GET POST", code_grant.authorize),
    "/par": ("POST", code_grant.push),
    "/token": ("POST", _token),
    "/introspect": ("POST", revocation.introspect),
    "/revoke": ("POST", revocation.revoke),
    "/bc-authorize": ("POST", backchannel.ask),
    "/register": ("POST", _register),
    "/end_session": ("GET POST", _end_session),
    "/global_token_revocation": ("POST", revocation.revoke_globally),
    "/.well-known/oauth-authorization-server": ("GET", _metadata),
    "/jwks": ("GET", _jwks),
}


def error_response(refused: Refused) -> Response:
    """A refusal as the response of an endpoint (RFC 6749 section 5.2)."""
    refusal = refused.refusal
    headers = dict(NO_STORE)
    headers.update(refusal.headers)
    if refusal.challenge is not None:
        headers["WWW-Authenticate"] = refusal.challenge
    body = {"error": refusal.error, "error_description": refusal.detail}
    return Response(refusal.status, headers, body, refusal, refused.signals)


class AuthorizationServer(Authority):
    """An authorization server: `receive` for HTTP, the other methods for people, operators and other servers.

    Endpoints: see `ENDPOINTS`; grants: see `GRANTS`. `keys` holds what it signs with and whose signatures it takes;
    its own issuer must be among the trusted.
    """

    __slots__ = ()

    def fork(self) -> AuthorizationServer:
        """An independent copy: its dicts are its own, records and keys are shared."""
        return AuthorizationServer(self.profile, self.keys, self.store.fork())

    def receive(self, request: Request, *, now_s: float, ids: Ids) -> Response:
        """Answer one HTTP request; a refusal is a response with `refusal` set, never an exception."""
        try:
            methods, endpoint = ENDPOINTS.get(request.path, ("", code_grant.authorize))
            need(methods, "P-001", "not_found", "there is no such endpoint", check="endpoint", status=404)
            allowed = request.method in methods.split()
            need(allowed, "P-098", "invalid_request", "the method is not allowed", check="method", status=405)
            return endpoint(self, Call(request, now_s, ids), read_form(request))
        except Refused as refused:
            return error_response(refused)

    # ------------------------------------------------------------- set-up

    def add_client(self, client: Client) -> None:
        """Register a client out of band."""
        self.store.clients[client.client_id] = client

    def add_user(self, user: User) -> None:
        """Make a person known, or replace what is known of them."""
        self.store.users[user.id] = user

    def link_subject(self, *, issuer: str, subject: str, user: str) -> None:
        """Say who a subject of another issuer is here."""
        self.store.linked[(issuer, subject)] = user

    def learn_document(
        self, client_id: str, document: registration.Document, *, now_s: float
    ) -> Refusal | tuple[Signal, ...]:
        """Take a fetched client ID metadata document into account: signals of what it revoked, or a refusal."""
        return registration.learn_document(self, client_id, document, now_s)

    # ------------------------------------------------------------- people

    def login(
        self, user: str, *, acr: str = "low", amr: tuple[str, ...] = ("pwd",), now_s: float, ids: Ids
    ) -> str | Refusal:
        """Authenticate a person; returns the id of the new session (`sid`)."""
        return sessions.login(self, user, acr=acr, amr=amr, now_s=now_s, ids=ids)

    def human_act(self, session: str, *, now_s: float) -> bool:
        """A human acted in a session, which keeps it alive; False where it is live no more."""
        return sessions.human_act(self, session, now_s)

    def step_up(self, session: str, *, acr: str, amr: tuple[str, ...] = ("hwk",), now_s: float) -> bool:
        """A person authenticates more strongly in a live session; only new authorizations carry the new acr."""
        return sessions.step_up(self, session, acr=acr, amr=amr, now_s=now_s)

    def end_session(
        self, session: str, reason: str = "logout", *, now_s: float, initiator: str = "user"
    ) -> tuple[Signal, ...]:
        """End a session: refresh tokens without offline access die with it (OIDC back-channel logout 2.7)."""
        return sessions.end_session(self, session, now_s, initiator)

    def session_live(self, session: str, *, now_s: float) -> bool:
        """Whether a session is live and recently used by a human."""
        return session_live(self, self.store.sessions.get(session), now_s)

    def approve_client(self, user: str, client: str, scopes: Iterable[str]) -> None:
        """A person has seen the consent screen of exactly this client, with these scopes, and agreed."""
        before = self.store.screens.get((user, client), frozenset())
        self.store.screens[(user, client)] = before | frozenset(scopes)

    def grant_consent(
        self, user: str, client: str, recipient: str, purpose: str, categories: Iterable[str], *, now_s: float, ids: Ids
    ) -> str:
        """Record a purpose-specific consent and return its id."""
        return sessions.grant_consent(self, user, client, recipient, purpose, categories, now_s=now_s, ids=ids)

    def withdraw_consent(self, consent: str, *, now_s: float, ids: Ids | None = None) -> tuple[Signal, ...]:
        """Take a consent back."""
        return sessions.withdraw_consent(self, consent, now_s)

    def prompts(self, user: str, *, now_s: float) -> tuple[Prompt, ...]:
        """The open approval prompts on a person's devices."""
        return backchannel.open_prompts(self, user, now_s)

    def answer_prompt(
        self, auth_req_id: str, *, approve: bool, by: str, acr: str, channel: str, now_s: float, ids: Ids
    ) -> Answer:
        """Answer a prompt, as `by`, over `channel` (`user_device` or `in_band`), authenticated with `acr`.

        With the user-controlled channel on, only the person asked, on a device of their own, with the acr that the
        profile wants, is heard. An approval starts a session of its own.
        """
        return backchannel.answer(
            self, auth_req_id, approve=approve, by=by, acr=acr, channel=channel, now_s=now_s, ids=ids
        )

    # ------------------------------------------------------------- operators

    def disable(self, kind: str, id: str, *, now_s: float, initiator: str = "admin") -> tuple[Signal, ...]:
        """Disable a `user`, `client`, `agent`, `audience` or `idp`."""
        return sessions.disable(self, kind, id, now_s, initiator)

    def enable(self, kind: str, id: str, *, now_s: float, initiator: str = "admin") -> tuple[Signal, ...]:
        """Take a disablement back."""
        return sessions.enable(self, kind, id, now_s, initiator)

    def revoke_grant(self, grant: str, *, now_s: float, initiator: str = "admin") -> tuple[Signal, ...]:
        """Revoke a grant and its refresh tokens; with lineage, everything derived from it."""
        return revoke_grant(self, grant, now_s, initiator)

    def receive_signal(self, signal: Signal | str, *, now_s: float) -> bool:
        """Take a signal (or a security event token) of another domain's server into account; False if it is none."""
        if isinstance(signal, str):
            try:
                signal = decode_signal(signal, self.keys.trusted, audience=self.profile.issuer, now_s=now_s)
            except BadSignal:
                return False
        sessions.receive_signal(self, signal)
        return True

    def deadlines(self, now_s: float) -> Iterable[float]:
        """The future instants after which an answer of this server changes by itself, in order."""
        profile, store = self.profile, self.store
        instants = {one.expires_s for one in store.issued.values()}
        instants |= {one.expires_s for one in store.codes.values()} | {one.expires_s for one in store.pushed.values()}
        instants |= {one.expires_s for one in store.refresh.values()}
        for session in store.sessions.values():
            if session.state == "live":
                instants |= {session.last_act_s + profile.session_idle_s, session.auth_time_s + profile.session_ttl_s}
        for request in store.backchannel.values():
            if request.state == "pending":
                instants.add(request.expires_s)
            if request.state == "approved" and profile.redeem_within_s is not None:
                instants.add(request.answered_s + profile.redeem_within_s)
        return sorted(one for one in instants if one >= now_s)
