"""Issuing: from what was decided to signed tokens and the response that carries them.

Decides lifetimes, sender binding and whether a refresh token goes along; everything else was decided before. Sources:
RFC 6749 section 5.1, RFC 9068, RFC 8693 section 4, RFC 8705 section 3, RFC 9449 sections 5 and 6.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from harness.oauth import dpop
from harness.oauth.authority import Authority, Call, number, opaque_handle, use_up
from harness.oauth.messages import NOTHING, Response, Signal
from harness.oauth.policy import OFFLINE, Details
from harness.oauth.profile import AGENT
from harness.oauth.records import Client, Grant, Issued, RefreshToken, Session
from harness.oauth.refusals import need
from harness.oauth.tokens import identified, sign_access_token

NO_STORE = {"Cache-Control": "no-store", "Content-Type": "application/json"}
AI_AGENT = "ai-agent"


class Ask(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One access token to be issued, everything about it decided but its lifetime and binding."""

    client: Client
    subject: str
    audiences: tuple[str, ...]
    scopes: frozenset[str]
    grant: Grant | None = None
    details: Details = ()
    session: str | None = None
    acr: str | None = None
    amr: tuple[str, ...] = ()
    auth_time_s: float | None = None
    act: Mapping[str, Any] | None = None
    parent_jti: str | None = None
    delegation: str | None = None
    txn: str | None = None
    purpose: str | None = None
    approval_id: str | None = None
    approval_time_s: float | None = None
    cap_s: float | None = None


def issue_access_token(authority: Authority, call: Call, ask: Ask) -> tuple[str, Mapping[str, Any]]:
    """A signed access token (or its opaque handle) and its claims; the server remembers that it issued it."""
    claims = identified(_claims(authority, call, ask))
    jti = claims["jti"]
    store = authority.store
    if jti not in store.issued:
        _forget_expired(authority, call.now_s)
        store.issued[jti] = Issued(
            jti, ask.client.client_id, ask.client.agent, ask.subject, ask.grant.id if ask.grant else ask.delegation,
            ask.session, claims["exp"], ask.parent_jti, claims,
        )  # fmt: skip
    if authority.profile.token_format == "opaque":
        token = opaque_handle(jti)
        store.linked[("opaque", token)] = jti
        return token, claims
    return sign_access_token(claims, authority.keys.signing), claims


def session_facts(session: Session | None) -> dict[str, Any]:
    """What a token says of the session: fixed for the whole authorization (RFC 9068 section 2.2.1)."""
    if session is None:
        return {}
    return {
        "session": session.id, "acr": session.acr, "amr": session.amr, "auth_time_s": session.auth_time_s
    }  # fmt: skip


def _claims(authority: Authority, call: Call, ask: Ask) -> dict[str, Any]:
    profile, client = authority.profile, ask.client
    expires_s = call.now_s + profile.access_token_ttl_s
    if ask.cap_s is not None:
        expires_s = min(expires_s, ask.cap_s)
    claims: dict[str, Any] = {
        "iss": profile.issuer,
        "sub": ask.subject,
        "aud": ask.audiences[0] if len(ask.audiences) == 1 else list(ask.audiences),
        "exp": number(expires_s),
        "iat": number(call.now_s),
        "client_id": client.client_id,
        "scope": " ".join(sorted(ask.scopes - {OFFLINE})),
    }
    optional = {
        "sid": ask.session,
        "act": ask.act,
        "may_act": _may_act(client),
        "acr": ask.acr,
        "amr": list(ask.amr) or None,
        "auth_time": None if ask.auth_time_s is None else number(ask.auth_time_s),
        "authorization_details": list(ask.details) or None,
        "cnf": _confirmation(authority, call, client),
        "client_type": AI_AGENT if client.type == AGENT else client.type,
        "agent_id": client.agent if client.type == AGENT else None,
        "purpose": ask.purpose,
        "delegation_id": ask.delegation or (ask.grant.id if ask.grant else None),
        "parent_jti": ask.parent_jti,
        "txn": ask.txn,
        "approval_id": ask.approval_id,
        "approval_time": None if ask.approval_time_s is None else number(ask.approval_time_s),
        **_user_attributes(authority, ask.subject),
    }
    claims.update({name: value for name, value in optional.items() if value is not None})
    return claims


def _user_attributes(authority: Authority, subject: str) -> dict[str, Any]:
    user = authority.store.users.get(subject)
    return {} if user is None else {"customer_id": user.customer_id, "region": user.region}


def _may_act(client: Client) -> dict[str, Any] | None:
    if not client.may_act:
        return None
    return {"sub": client.may_act[0]} if len(client.may_act) == 1 else {"any_of": list(client.may_act)}


def _confirmation(authority: Authority, call: Call, client: Client) -> dict[str, str] | None:
    """What the token is bound to; refuses a client that must bind its tokens and does not show its key."""
    if not authority.profile.sender_constrained:
        return None
    if call.jkt is not None:
        return {"jkt": call.jkt}
    need(client.binding != "dpop", "P-091", "invalid_dpop_proof", "a DPoP proof is needed", check="dpop")
    if client.binding == "mtls":
        shown = call.request.certificate
        need(shown, "P-090", "invalid_request", "a client certificate is needed", check="certificate")
        return {"x5t#S256": str(shown)}
    return None


def proof_thumbprint(authority: Authority, call: Call) -> str | None:
    """The key of the DPoP proof that came with a request, None without one; refuses one that is not sound."""
    headers = {name.lower(): value for name, value in call.request.headers.items()}
    proof = headers.get("dpop")
    if proof is None:
        return None
    nonce = server_nonce(authority, call.now_s) if authority.profile.dpop_nonce else None
    try:
        shown = dpop.check_proof(
            proof,
            method=call.request.method,
            url=f"{authority.profile.issuer}{call.request.path}",
            now_s=call.now_s,
            window_s=authority.profile.dpop_window_s,
            nonce=nonce,
            seen=lambda jti: authority.store.used.get(f"dpop:{call.request.path}:{jti}", -1) >= call.now_s,
        )
    except dpop.BadProof as bad:
        error = "use_dpop_nonce" if bad.nonce_wanted else "invalid_dpop_proof"
        headers_back = (("DPoP-Nonce", nonce),) if nonce and bad.nonce_wanted else ()
        need(False, bad.rule, error, bad.detail, check="dpop", headers=headers_back)
        return None
    until_s = call.now_s + 2 * authority.profile.dpop_window_s
    use_up(authority, f"dpop:{call.request.path}:{shown.jti}", until_s=until_s, now_s=call.now_s)
    return shown.jkt


def server_nonce(authority: Authority, now_s: float) -> str:
    """The nonce that proofs must carry now: it changes with each window (RFC 9449 section 8)."""
    window = int(now_s // max(authority.profile.dpop_window_s, 1))
    return f"{authority.keys.signing.kid}-{window}"


def _forget_expired(authority: Authority, now_s: float) -> None:
    """Forget tokens that expired long ago, each time the table has doubled: expired ones are inactive anyway."""
    store = authority.store
    count = len(store.issued)
    if count >= 256 and count & (count - 1) == 0:
        grace_s = authority.profile.leeway_s
        kept = {jti: one for jti, one in store.issued.items() if one.expires_s + grace_s >= now_s}
        parents = {one.parent for one in kept.values()}
        store.issued = {
            jti: one for jti, one in store.issued.items() if jti in kept or jti in parents or one.state != "active"
        }


# ---------------------------------------------------------------- responses


def token_response(
    call: Call,
    token: str,
    claims: Mapping[str, Any],
    *,
    refresh: RefreshToken | None = None,
    extra: Mapping[str, Any] = NOTHING,
    signals: tuple[Signal, ...] = (),
) -> Response:
    """The successful answer of the token endpoint (RFC 6749 section 5.1)."""
    body: dict[str, Any] = {
        "access_token": token,
        "token_type": "DPoP" if "jkt" in claims.get("cnf", {}) else "Bearer",
        "expires_in": number(claims["exp"] - call.now_s),
        "scope": claims["scope"],
    }
    if "authorization_details" in claims:
        body["authorization_details"] = claims["authorization_details"]
    if refresh is not None:
        body["refresh_token"] = refresh.id
    body.update(extra)
    return Response(200, NO_STORE, body, signals=signals)


def new_refresh_token(
    authority: Authority, call: Call, client: Client, grant: Grant, scopes: frozenset[str], audience: str
) -> RefreshToken | None:
    """A refresh token, where this client gets any: agents do not, while grants are bound to sessions."""
    if "refresh_token" not in client.grants:
        return None
    if client.type == AGENT and not authority.profile.agents_offline:
        return None
    refresh = RefreshToken(
        call.ids.next("refresh"), client.client_id, grant.id, scopes, audience, call.now_s,
        call.now_s + authority.profile.refresh_token_ttl_s, jkt=call.jkt,
    )  # fmt: skip
    authority.store.refresh[refresh.id] = refresh
    return refresh
