"""The checks of an enforcement point, one function each: None, or the refusal as a server would send it.

Each decides one thing about a credential whose signature is good; `resource` runs those that the profile turns on, in
this order. Sources: RFC 6750 section 3, RFC 8705, RFC 9068 section 4, RFC 9396 section 9, RFC 9449 section 7, RFC 9470.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.oauth import dpop
from harness.oauth.forms import DISCLOSURE
from harness.oauth.looks import Look, invalid_token, refuse
from harness.oauth.messages import Details, Disclosure, Refusal
from harness.oauth.profile import ACR_RANK, RsProfile
from harness.oauth.tokens import Claims

AI_AGENT = "ai-agent"
ANY = "*"
_BOOKKEEPING = frozenset({"type", "subject"})


# ---------------------------------------------------------------- the token itself


def expired(look: Look) -> Refusal | None:
    """The token is past its end, the leeway included."""
    if look.now_s < look.claims.exp + look.profile.leeway_s:
        return None
    return invalid_token(look.profile, "expired", "P-011", "the token has expired")


def immature(look: Look) -> Refusal | None:
    """The token is of the future, beyond the leeway."""
    claims, latest_s = look.claims, look.now_s + look.profile.leeway_s
    if claims.iat <= latest_s and (claims.nbf is None or claims.nbf <= latest_s):
        return None
    return invalid_token(look.profile, "immature", "P-037", "the token is not valid yet")


def sender(look: Look) -> Refusal | None:
    """The token is bound to a key that the caller does not show, or it is not bound and should be."""
    profile, claims, presented = look.profile, look.claims, look.presented
    if claims.jkt is not None or presented.scheme == "DPoP":
        return _proof(look)
    if claims.x5t is not None:
        if claims.x5t == presented.certificate:
            return None
        return invalid_token(profile, "sender", "P-090", "the certificate is not the one the token is bound to")
    if profile.sender_required and claims.client_id not in profile.sender_exempt:
        return invalid_token(profile, "sender", "P-090", "the token is bound to no key")
    return None


def _proof(look: Look) -> Refusal | None:
    """The DPoP proof of a request, held against the key in the token."""
    profile, presented, claims = look.profile, look.presented, look.claims
    if presented.scheme != "DPoP":
        if not profile.dpop_supported:
            return None
        return invalid_token(profile, "sender", "P-094", "a bound token was sent as a bearer token", scheme="DPoP")
    nonce = rs_nonce(profile, look.now_s) if profile.dpop_nonce else None
    try:
        shown = dpop.check_proof(
            presented.proof or "",
            method=presented.method,
            url=presented.url,
            now_s=look.now_s,
            window_s=profile.dpop_window_s,
            token=presented.token,
            nonce=nonce,
            seen=lambda jti: look.store.proofs.get(jti, -1) >= look.now_s,
        )
    except dpop.BadProof as bad:
        error = "use_dpop_nonce" if bad.nonce_wanted else "invalid_dpop_proof"
        headers = (("DPoP-Nonce", nonce),) if bad.nonce_wanted and nonce else ()
        return refuse(profile, "sender", bad.rule, error, 401, bad.detail, scheme="DPoP", headers=headers)
    if shown.jkt != claims.jkt:
        algs = "EdDSA ES256"
        return invalid_token(profile, "sender", "P-092", "the proof is by another key", scheme="DPoP", algs=algs)
    return None


def rs_nonce(profile: RsProfile, now_s: float) -> str:
    """The nonce that proofs must carry now."""
    return f"{profile.audience_id}-{int(now_s // max(profile.dpop_window_s, 1))}"


def audience(look: Look) -> Refusal | None:
    """The token is for another API."""
    profile, named = look.profile, look.claims.aud
    if profile.audience_id in named and (profile.audience == "member" or len(named) == 1):
        return None
    check = "egress_audience" if profile.is_egress else "audience"
    return invalid_token(profile, check, "P-031", "the token is for another audience")


# ---------------------------------------------------------------- what was denied since it was issued


def session_denied(look: Look) -> Refusal | None:
    """The session behind the token has been ended."""
    if look.claims.sid is None or ("session", look.claims.sid) not in look.store.denied:
        return None
    return invalid_token(look.profile, "session_denied", "P-120", "the session was ended")


def denied(look: Look) -> Refusal | None:
    """The current actor, the client, the person, the grant, a consent or the token itself has been denied."""
    store = look.store.denied
    claims = look.claims
    hit = (
        ("agent", claims.agent) in store
        or ("client", claims.client_id) in store
        or ("user", claims.sub) in store
        or (claims.parent_jti is None and ("grant", claims.delegation_id) in store)
        or store.get(("jti", claims.jti)) is False
        or any(("consent", one) in store for detail in claims.details for one in detail.get("consents", ()))
    )
    return invalid_token(look.profile, "denied", "P-079", "it was denied after the token was issued") if hit else None


def lineage(look: Look) -> Refusal | None:
    """Something that the token descends from has been denied: an earlier actor, the grant, an earlier token."""
    store = look.store.denied
    claims = look.claims
    hit = any(("agent", actor) in store for actor in claims.actors[1:])
    if claims.parent_jti is not None:
        hit = hit or ("grant", claims.delegation_id) in store or ("jti", claims.parent_jti) in store
        hit = hit or store.get(("jti", claims.jti)) is True
    return invalid_token(look.profile, "lineage", "P-058", "what the token descends from was denied") if hit else None


# ---------------------------------------------------------------- who and what for


def attributes(look: Look) -> Refusal | None:
    """Region, hour, kind of client or level of assurance in the claims do not fit the endpoint."""
    route, claims = look.route, look.claims
    fits = (
        (not route.regions or claims.region in route.regions)
        and (look.presented.region is None or claims.region is None or claims.region == look.presented.region)
        and (not route.client_types or claims.client_type in route.client_types)
        and (route.min_acr is None or ACR_RANK.get(claims.acr or "", 0) >= ACR_RANK[route.min_acr])
        and (not route.hours or not is_agent(claims) or look.presented.hour in route.hours)
    )
    if fits:
        return None
    return refuse(look.profile, "claims", "P-014", "access_denied", 403, "the claims do not fit the endpoint")


def is_agent(claims: Claims) -> bool:
    """Whether an agent is behind the token: an actor is named, or the client is registered as an agent."""
    return bool(claims.actors) or claims.client_type == AI_AGENT


def actor(look: Look) -> Refusal | None:
    """The endpoint is for people alone, or for agents that show themselves, or for exactly some chains of actors."""
    profile, claims, rule = look.profile, look.claims, look.route.actor
    if rule == "people" and is_agent(claims):
        return refuse(profile, "actor", "P-055", "access_denied", 403, "the endpoint is for people")
    if rule == "agent" and not is_agent(claims):
        return refuse(profile, "actor", "P-055", "access_denied", 403, "no actor is named")
    if profile.actor_chains and claims.actors and claims.actors not in profile.actor_chains:
        return refuse(
            profile, "actor", "P-056", "access_denied", 403, "the chain of actors is not one of those allowed"
        )
    return None


def agent_only(look: Look) -> Refusal | None:
    """A client's own token was presented for a person's data: it can never stand for a person."""
    if not look.presented.entitled or look.claims.sub != look.claims.client_id:
        return None
    return refuse(look.profile, "subject", "P-019", "access_denied", 403, "the token is for no person")


def scope(look: Look) -> Refusal | None:
    """The token lacks the scope that opens the endpoint; an endpoint that no scope opens stays shut."""
    route = look.route
    if route.scope in look.claims.scope or (route.scope is None and route.open):
        return None
    return refuse(
        look.profile, "scope", "P-012", "insufficient_scope", 403, "the scope is missing", scope=route.scope
    )  # fmt: skip


def elevated(look: Look) -> bool:
    """Whether a high-privilege scope is being used: then how it was proved, and for what, matters."""
    return look.route.elevated and look.route.scope in look.claims.scope


def acr(look: Look) -> Refusal | None:
    """A high-privilege endpoint needs stronger or fresher authentication (RFC 9470)."""
    route, claims = look.route, look.claims
    if not elevated(look) or route.acr is None:
        return None
    strong = ACR_RANK.get(claims.acr or "", 0) >= ACR_RANK.get(route.acr, 99)
    age_s = look.now_s - (claims.auth_time if claims.auth_time is not None else float("-inf"))
    if strong and (route.max_age_s is None or age_s <= route.max_age_s):
        return None
    error = "insufficient_user_authentication"
    return refuse(
        look.profile, "acr", "P-110", error, 401, "stronger authentication is needed", acr_values=route.acr,
        max_age=None if route.max_age_s is None else int(route.max_age_s),
    )  # fmt: skip


def details(look: Look) -> Refusal | None:
    """The operation is not the one in the token: type, subject and every field are compared."""
    operation = look.presented.operation
    if not elevated(look) or operation is None:
        return None
    if any(matches(detail, operation, look.claims.sub) for detail in look.claims.details):
        return None
    return refuse(
        look.profile, "details", "P-102", "insufficient_scope", look.profile.details_status,
        "the operation is not the one that was authorized", scope=look.route.scope,
        authorization_details_type=operation.type,
    )  # fmt: skip


def matches(detail: Mapping[str, Any], operation: Details, subject: str) -> bool:
    """Whether a detail names exactly this operation: no field differs, and none is left over on either side."""
    if detail.get("type") != operation.type or detail.get("subject", subject) != operation.subject:
        return False
    named = {name: value for name, value in detail.items() if name not in _BOOKKEEPING}
    return named == {name: value for name, value in operation.fields if value is not None}


def consumed(look: Look) -> Refusal | None:
    """The approval has been used for an earlier execution: the one presented, or the one in details that were compared."""
    own = look.claims.approval_id if look.profile.details else None
    approval = look.presented.approval or own
    if not look.route.elevated or approval not in look.store.consumed:
        return None
    return refuse(
        look.profile, "consumed", "P-073", "insufficient_scope", 403, "the approval was used before",
        scope=look.route.scope,
    )  # fmt: skip


def approval_age(look: Look) -> Refusal | None:
    """The approval was given too long ago."""
    given_s, limit_s = look.claims.approval_time, look.profile.approval_age_s
    if not look.route.elevated or given_s is None or limit_s is None or look.now_s - given_s <= limit_s:
        return None
    error = "insufficient_user_authentication"
    return refuse(
        look.profile, "approval_age", "P-110", error, 401, "the approval is too old", max_age=int(limit_s)
    )  # fmt: skip


def owner(look: Look) -> Refusal | None:
    """A record would be touched to which the person in the token is not entitled. It is not found (or refused)."""
    person = look.claims.sub
    for entitled in look.presented.entitled:
        if person not in entitled:
            status = look.profile.foreign_object_status
            error = "not_found" if status == 404 else "access_denied"
            return refuse(look.profile, "owner", "P-014", error, status, "there is no such record")
    return None


def egress(look: Look) -> Refusal | None:
    """What would reach a model provider is not covered by a consent in the token."""
    wanted = look.presented.disclosure
    if wanted is None or any(covers(detail, wanted) for detail in look.claims.details):
        return None
    return refuse(look.profile, "egress", "P-102", "insufficient_scope", 403, "no consent in the token covers this")


def covers(detail: Mapping[str, Any], wanted: Disclosure) -> bool:
    """Whether a disclosure that was consented to covers what would be sent."""
    return (
        detail.get("type") == DISCLOSURE
        and detail.get("provider") in (wanted.provider, ANY)
        and detail.get("purpose") in (wanted.purpose, ANY)
        and _within(wanted.categories, detail.get("categories", ()))
        and _within(wanted.owners, detail.get("owners", ()))
    )


def _within(wanted: tuple[str, ...], allowed: Any) -> bool:
    return ANY in allowed or all(one in allowed for one in wanted)
