"""The authorization code flow: the authorization endpoint, pushed requests, and the redemption of codes.

Decides whether a client may send a person here for this, and whether a code is redeemed by whom it was issued to, once.
Sources: OAuth 2.1 section 4.1, RFC 7636 (PKCE), RFC 9126 (PAR), RFC 9101 (JAR), RFC 9207 (`iss`), RFC 9470.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from harness.oauth import lifecycles
from harness.oauth.authority import (
    Authority,
    Call,
    can,
    moved,
    need_enabled,
    need_session,
    revoke_grant,
    session_live,
)
from harness.oauth.client_auth import authenticate
from harness.oauth.forms import Form, read_details, read_targets
from harness.oauth.issue import NO_STORE, Ask, issue_access_token, new_refresh_token, session_facts, token_response
from harness.oauth.keys import BadSignature, sha256_base64url, unverified_header, verify_with
from harness.oauth.messages import Response, Signal
from harness.oauth.policy import (
    OFFLINE,
    disclosure_details,
    grant_scopes,
    need_meaningful,
    need_offline_allowed,
    need_target,
    need_within,
    targets_or_default,
)
from harness.oauth.profile import ACR_RANK
from harness.oauth.records import Client, Code, Grant, Pushed, Session
from harness.oauth.refusals import Refused, found, need

REQUEST_URI = "urn:ietf:params:oauth:request_uri:"
MAX_PUSHED_CHARS = 20_000
MIN_VERIFIER_CHARS, MAX_VERIFIER_CHARS = 43, 128


def authorize(authority: Authority, call: Call, form: Form) -> Response:
    """Answer an authorization request: a redirect with a code, or with an error, always with `iss`.

    The body repeats what the redirect carries. A bad `client_id` or `redirect_uri` never leads to a redirect.
    """
    client, form = _request(authority, call, form)
    redirect_uri = form.one("redirect_uri") or (client.redirect_uris[0] if len(client.redirect_uris) == 1 else "")
    exact = redirect_uri in client.redirect_uris
    need(exact, "P-005", "invalid_request", "the redirect URI is not one of the client's", check="redirect")
    try:
        code = _code(authority, call, form, client, redirect_uri)
    except Refused as refused:
        error = {"error": refused.refusal.error, "error_description": refused.refusal.detail}
        response = _redirect(authority, form, redirect_uri, error)
        return Response(response.status, response.headers, response.body, refused.refusal, refused.signals)
    return _redirect(authority, form, redirect_uri, {"code": code.id})


def _redirect(authority: Authority, form: Form, redirect_uri: str, parameters: Mapping[str, str]) -> Response:
    answer = {**parameters, "iss": authority.profile.issuer}
    if "state" in form:
        answer["state"] = form.one("state") or ""
    mark = "&" if "?" in redirect_uri else "?"
    return Response(302, {"Location": f"{redirect_uri}{mark}{urlencode(answer)}"}, answer)


def _request(authority: Authority, call: Call, form: Form) -> tuple[Client, Form]:
    """The client and the parameters that count: those of a pushed or signed request, where there is one."""
    client = authority.store.clients.get(form.one("client_id") or "")
    client = found(client, "P-005", "invalid_request", "the client is unknown", check="client")
    if "request_uri" in form:
        return client, _pushed(authority, call, form, client)
    need(not authority.profile.par_required, "P-098", "invalid_request", "a pushed request is needed", check="par")
    return client, _signed(authority, form, client) if "request" in form else form


def _pushed(authority: Authority, call: Call, form: Form, client: Client) -> Form:
    pushed = authority.store.pushed.get(form.one("request_uri") or "")
    pushed = found(pushed, "P-098", "invalid_request_uri", "the request URI is unknown", check="par")
    need(pushed.client == client.client_id, "P-098", "invalid_request_uri", "it is another client's", check="par")
    need(call.now_s < pushed.expires_s, "P-098", "invalid_request_uri", "the request URI has expired", check="par")
    fresh = can(pushed, lifecycles.PUSHED, "use")
    need(fresh, "P-098", "invalid_request_uri", "the request URI was used before", check="par")
    if fresh:
        authority.store.pushed[pushed.id] = moved(pushed, lifecycles.PUSHED, "use")
    return Form(pushed.form)


def _signed(authority: Authority, form: Form, client: Client) -> Form:
    """The parameters inside a signed request object (RFC 9101): those outside do not count."""
    text = form.one("request") or ""
    try:
        key = found(client.key, "P-099", "invalid_request_object", "the client has no key", check="request_object")
        claims: Mapping[str, Any] = verify_with(text, key, unverified_header(text)).claims
    except BadSignature:
        claims = {}
    own = claims.get("client_id") == client.client_id and claims.get("iss") == client.client_id
    need(own, "P-099", "invalid_request_object", "the object is not signed by the client", check="request_object")
    here = claims.get("aud") in (authority.profile.issuer, [authority.profile.issuer])
    need(here, "P-099", "invalid_request_object", "the object is for another server", check="request_object")
    return Form({name: value for name, value in claims.items() if isinstance(value, (str, list, tuple))})


def push(authority: Authority, call: Call, form: Form) -> Response:
    """Take an authorization request from an authenticated client, for one use within its lifetime (RFC 9126)."""
    client = authenticate(authority, call, form)
    small = sum(len(value) for name in form.names() for value in form.many(name)) <= MAX_PUSHED_CHARS
    need(small, "P-098", "invalid_request", "the pushed request is too large", check="par", status=413)
    need("request_uri" not in form, "P-098", "invalid_request", "`request_uri` cannot be pushed", check="par")
    inner = _signed(authority, form, client) if "request" in form else form
    exact = inner.one("redirect_uri") in client.redirect_uris
    need(exact, "P-005", "invalid_request", "the redirect URI is not one of the client's", check="redirect")
    _need_code_request(inner)
    read_details(authority.profile, inner)
    uri = REQUEST_URI + call.ids.next("pushed")
    life_s = authority.profile.pushed_request_ttl_s
    kept = {name: inner.many(name) for name in _names(inner)}
    authority.store.pushed[uri] = Pushed(uri, client.client_id, kept, call.now_s + life_s)
    return Response(201, NO_STORE, {"request_uri": uri, "expires_in": life_s})


def _names(form: Form) -> tuple[str, ...]:
    return tuple(name for name in form.names() if not name.startswith("client_assertion"))


def _need_code_request(form: Form) -> None:
    code_only = form.one("response_type") == "code"
    need(code_only, "P-007", "unsupported_response_type", "only `code` is answered", check="response_type")
    challenged = "code_challenge" in form and form.one("code_challenge_method") == "S256"
    need(challenged, "P-006", "invalid_request", "a PKCE challenge with S256 is needed", check="pkce")


def _code(authority: Authority, call: Call, form: Form, client: Client, redirect_uri: str) -> Code:
    _need_code_request(form)
    session = _session(authority, call, form)
    targets = read_targets(authority.profile, form)
    wanted = form.words("scope")
    audiences = targets_or_default(authority, targets, wanted - {OFFLINE})
    need_enabled(
        authority, "code", user=session.user, clients=(client.client_id,),
        agents=(client.agent,) if client.agent else (), audiences=audiences,
    )  # fmt: skip
    need_offline_allowed(authority, client, wanted)
    need_target(authority, client, audiences)
    scopes = grant_scopes(authority, client, audiences, wanted - {OFFLINE}, None)
    need_meaningful(authority, audiences, scopes)
    _need_screen(authority, session.user, client, scopes)
    details = read_details(authority.profile, form)
    grant = Grant(
        call.ids.next("grant"), session.user, client.client_id, scopes, frozenset(audiences), details, session.id,
        offline=OFFLINE in wanted, txn=form.one("txn"),
    )  # fmt: skip
    authority.store.grants[grant.id] = grant
    code = Code(
        call.ids.next("code"), client.client_id, grant.id, redirect_uri, form.one("code_challenge"), audiences,
        call.now_s + authority.profile.code_ttl_s, form.one("dpop_jkt"),
    )  # fmt: skip
    authority.store.codes[code.id] = code
    return code


def _session(authority: Authority, call: Call, form: Form) -> Session:
    """The login session behind the request, strong and fresh enough for what was asked (RFC 9470 section 5)."""
    session = authority.store.sessions.get(call.request.session or "")
    live = session_live(authority, session, call.now_s)
    need(live, "P-111", "login_required", "there is no live login session", check="session")
    session = found(session, "P-111", "login_required", "there is no live login session", check="session")
    wanted = [ACR_RANK.get(word, 99) for word in form.words("acr_values")]
    strong = not wanted or ACR_RANK.get(session.acr, 0) >= min(wanted)
    age = _seconds(form.one("max_age"))
    fresh = age is None or call.now_s - session.auth_time_s <= age
    need(
        strong and fresh, "P-111", "unmet_authentication_requirements", "a stronger or fresher login is needed",
        check="acr",
    )  # fmt: skip
    return session


def _seconds(text: str | None) -> float | None:
    if text is None:
        return None
    numeric = text.isascii() and text.isdecimal() and len(text) < 12
    need(numeric, "P-001", "invalid_request", "`max_age` is no number", check="malformed")
    return float(text) if numeric else None


def _need_screen(authority: Authority, user: str, client: Client, scopes: frozenset[str]) -> None:
    """Refuse unless the person has seen and approved a screen for exactly this client (consent per client)."""
    if authority.profile.user_consent_screen:
        seen = authority.store.screens.get((user, client.client_id), frozenset())
        need(scopes <= seen, "P-140", "consent_required", "the person has not approved this client", check="consent")


# ---------------------------------------------------------------- redemption


def redeem_code(authority: Authority, call: Call, form: Form, client: Client) -> Response:
    """Exchange a code for tokens: once, by its client, with its verifier and redirect URI, in time."""
    store = authority.store
    code = store.codes.get(form.one("code") or "")
    code = found(code, "P-002", "invalid_grant", "the code is unknown", check="code")
    _need_code_matches(call, form, client, code)
    if not can(code, lifecycles.CODE, "redeem"):
        _replayed(authority, call, code)
    grant = store.grants[code.grant]
    audiences = read_targets(authority.profile, form) or code.resources
    scopes = _redeemable(authority, call, client, grant, audiences)
    store.codes[code.id] = moved(code, lifecycles.CODE, "redeem") if code.state == "issued" else code
    session = store.sessions.get(grant.session or "")
    details = disclosure_details(authority, client, str(grant.user), audiences, scopes, grant.details)
    kept = tuple(one for one in grant.details if one.get("type") != "llm_disclosure")
    ask = Ask(
        client=client, subject=str(grant.user), audiences=audiences, scopes=scopes, grant=grant,
        details=kept + details, txn=grant.txn, **session_facts(session),
    )  # fmt: skip
    token, claims = issue_access_token(authority, call, ask)
    refresh = new_refresh_token(authority, call, client, grant, scopes, audiences[0])
    return token_response(call, token, claims, refresh=refresh)


def _redeemable(
    authority: Authority, call: Call, client: Client, grant: Grant, audiences: tuple[str, ...]
) -> frozenset[str]:
    need_enabled(
        authority, "code", user=grant.user, clients=(client.client_id,),
        agents=(client.agent,) if client.agent else (), audiences=audiences,
    )  # fmt: skip
    need(can(grant, lifecycles.GRANT, "derive"), "P-002", "invalid_grant", "the grant was revoked", check="grant")
    need_session(authority, grant.session, call.now_s, error="invalid_grant")
    need_within(authority, grant, grant.scopes, audiences)
    need_target(authority, client, audiences)
    return grant_scopes(authority, client, audiences, frozenset(), grant.scopes)


def _need_code_matches(call: Call, form: Form, client: Client, code: Code) -> None:
    own = code.client == client.client_id
    need(own, "P-002", "invalid_grant", "the code was issued to another client", check="code")
    same = form.one("redirect_uri") in (None, code.redirect_uri)
    need(same, "P-002", "invalid_grant", "the redirect URI is not that of the request", check="redirect")
    need_verifier(code.challenge, form.one("code_verifier"))
    bound = code.dpop_jkt is None or code.dpop_jkt == call.jkt
    need(bound, "P-092", "invalid_grant", "the code is bound to another key", check="dpop")
    need(call.now_s < code.expires_s, "P-004", "invalid_grant", "the code has expired", check="code")


def need_verifier(challenge: str | None, verifier: str | None) -> None:
    """Refuse unless the verifier is there exactly when a challenge was sent, and fits it (RFC 7636 section 4.6)."""
    if challenge is None:
        need(verifier is None, "P-006", "invalid_request", "a verifier without a challenge", check="pkce")
        return
    fits = verifier is not None and MIN_VERIFIER_CHARS <= len(verifier) <= MAX_VERIFIER_CHARS
    fits = fits and sha256_base64url(verifier or "") == challenge
    need(fits, "P-006", "invalid_grant", "the verifier does not fit the challenge", check="pkce")


def _replayed(authority: Authority, call: Call, code: Code) -> None:
    """A code comes a second time with all the right parameters: what it gave is revoked (OAuth 2.1 section 4.1.3)."""
    signals: tuple[Signal, ...] = ()
    if authority.profile.code_replay_revokes:
        signals = revoke_grant(authority, code.grant, call.now_s, "policy")
    need(False, "P-003", "invalid_grant", "the code was redeemed before", check="code", signals=signals)
