"""Asking about tokens, and taking them back: introspection, revocation, global revocation.

Decides what is still active, seen from here and now, and what falls with what. Sources: RFC 7662, RFC 7009,
draft-parecki-oauth-global-token-revocation, RFC 8693 section 2.1 (no tight linkage unless lineage adds it).
"""

from __future__ import annotations

from typing import Any

from harness.oauth import lifecycles
from harness.oauth.authority import (
    Authority,
    Call,
    active,
    agents_of,
    can,
    clients_of,
    disabled_principals,
    origin_gone,
    own_claims,
    revoke_grant,
    revoke_token,
)
from harness.oauth.client_auth import authenticate
from harness.oauth.forms import Form
from harness.oauth.issue import NO_STORE
from harness.oauth.messages import Response, Signal
from harness.oauth.profile import SERVICE
from harness.oauth.records import Client, RefreshToken
from harness.oauth.refusals import Refused, need
from harness.oauth.tokens import Claims

INACTIVE = {"active": False}


def introspect(authority: Authority, call: Call, form: Form) -> Response:
    """Whether a token is active for the resource server that asks, with its claims if so (RFC 7662)."""
    try:
        asker = authenticate(authority, call, form)
    except Refused as refused:
        need(False, "P-038", "invalid_client", refused.refusal.detail, check="client_authentication", status=401)
        return Response(200, NO_STORE, INACTIVE)
    is_server = asker.audience is not None
    need(is_server, "P-038", "invalid_client", "only resource servers may ask", check="client_type", status=401)
    claims = own_claims(authority, form.one("token") or "")
    if claims is None or not usable(authority, claims, asker, call.now_s):
        return Response(200, NO_STORE, INACTIVE)
    return Response(200, NO_STORE, {"active": True, **described(authority, claims)})


def usable(authority: Authority, claims: Claims, asker: Client, now_s: float) -> bool:
    """Whether the token is active and meant for the server that asks."""
    return asker.audience in claims.aud and active(authority, claims, now_s) and stands(authority, claims)


def stands(authority: Authority, claims: Claims) -> bool:
    """Whether nothing that the token stands on is gone: session, principals, consents."""
    store = authority.store
    session = store.sessions.get(claims.sid or "")
    over = session is not None and session.state != "live"
    if over or origin_gone(authority, session=claims.sid, grant=claims.delegation_id):
        return False
    consents = [store.consents.get(one) for detail in claims.details for one in detail.get("consents", ())]
    if any(one is None or not can(one, lifecycles.CONSENT, "rely") for one in consents):
        return False
    client = store.clients.get(claims.client_id)
    if client is None:
        return False
    agents = agents_of(client, claims, lineage=authority.profile.lineage)
    clients = clients_of(authority, claims)
    return not any(disabled_principals(authority, user=claims.sub, clients=clients, agents=agents))


def described(authority: Authority, claims: Claims) -> dict[str, Any]:
    """The claims as they were issued: the same semantics in an introspection response as in a JWT."""
    return dict(authority.store.issued[claims.jti].claims) if claims.jti in authority.store.issued else {}


def revoke(authority: Authority, call: Call, form: Form) -> Response:
    """Revoke a token of the client that asks; a token that is not valid is revoked enough (RFC 7009 section 2.2)."""
    up = authority.profile.revocation_available
    need(up, "P-042", "temporarily_unavailable", "try again later", check="availability", status=503,
         headers=(("Retry-After", "5"),))  # fmt: skip
    client = authenticate(authority, call, form)
    hint = form.one("token_type_hint")
    known = hint in (None, "access_token", "refresh_token")
    need(known, "P-042", "unsupported_token_type", "that type of token cannot be revoked", check="token_type")
    token = form.one("token") or ""
    refresh = authority.store.refresh.get(token)
    if refresh is not None:
        return Response(200, NO_STORE, {}, signals=_revoke_refresh(authority, call, client, refresh))
    claims = own_claims(authority, token)
    if claims is None:
        return Response(200, NO_STORE, {})
    _need_own(client, claims.client_id)
    return Response(200, NO_STORE, {}, signals=revoke_token(authority, claims.jti, call.now_s, "user"))


def _revoke_refresh(authority: Authority, call: Call, client: Client, refresh: RefreshToken) -> tuple[Signal, ...]:
    """Access tokens of the same grant fall with its refresh token (RFC 7009 section 2.1)."""
    _need_own(client, refresh.client)
    return revoke_grant(authority, refresh.grant, call.now_s, "user")


def _need_own(client: Client, holder: str) -> None:
    own = client.client_id == holder
    need(own, "P-042", "unauthorized_client", "the token was issued to another client", check="client")


def revoke_globally(authority: Authority, call: Call, form: Form) -> Response:
    """Revoke everything of one person: all sessions and grants; a login is needed again. 204 when done."""
    client = authenticate(authority, call, form)
    admitted = client.type == SERVICE and "global_revocation" in client.grants
    need(admitted, "P-046", "access_denied", "the client may not revoke globally", check="client_type", status=403)
    subject = call.request.body.get("sub_id")
    well_formed = isinstance(subject, dict) and subject.get("format") in ("opaque", "iss_sub")
    need(well_formed, "P-046", "invalid_request", "`sub_id` is missing or of an unknown format", check="malformed")
    name = subject.get("id" if subject.get("format") == "opaque" else "sub") if isinstance(subject, dict) else None
    known = isinstance(name, str) and name in authority.store.users
    need(known, "P-046", "not_found", "the subject is not known", check="subject", status=404)
    return Response(204, NO_STORE, {}, signals=end_everything(authority, str(name), call.now_s))


def end_everything(authority: Authority, user: str, now_s: float) -> tuple[Signal, ...]:
    """End all sessions and revoke all grants of a person."""
    from harness.oauth.sessions import end_session

    store = authority.store
    signals: list[Signal] = []
    for session in [one.id for one in store.sessions.values() if one.user == user]:
        signals += end_session(authority, session, now_s, "admin")
    for grant in [one.id for one in store.grants.values() if one.user == user]:
        signals += revoke_grant(authority, grant, now_s, "admin")
    return tuple(signals)
