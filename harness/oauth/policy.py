"""What may be issued: targets, scopes, details, consents, the ceiling of a grant. The same for every grant path.

Decides what a client gets of what it asks for. Strengths are settings: the scope policy may be keyed by client and
audience, only intersect with what is already held, or be naive. Sources: RFC 8693 section 2.2.2, RFC 8707, RFC 9396
section 6, RFC 9068 section 3.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.oauth import lifecycles
from harness.oauth.authority import Authority, can
from harness.oauth.forms import DISCLOSURE
from harness.oauth.profile import AGENT
from harness.oauth.records import Client, Grant
from harness.oauth.refusals import need

OFFLINE = "offline_access"
ANY = "*"
Details = tuple[Mapping[str, Any], ...]


def targets_or_default(authority: Authority, targets: tuple[str, ...], scopes: frozenset[str]) -> tuple[str, ...]:
    """The audiences asked for, else the default (RFC 9068 section 3); without either there is no token to give."""
    profile = authority.profile
    if targets:
        return targets
    need(not profile.resource_required, "P-097", "invalid_target", "`resource` is missing", check="target")
    if profile.default_audience is not None:
        return (profile.default_audience,)
    fitting = [one.id for one in profile.audiences.values() if scopes and scopes <= one.scopes]
    need(len(fitting) == 1, "P-033", "invalid_scope", "the scopes name no single resource", check="target")
    return tuple(fitting[:1])


def allowed_scopes(
    authority: Authority, client: Client, audiences: tuple[str, ...], held: frozenset[str] | None
) -> frozenset[str] | None:
    """The scopes this client may have for these audiences, given those it already holds; None means any."""
    profile = authority.profile
    if profile.scope_policy == "naive":
        return None
    if profile.scope_policy == "intersect":
        return held
    allowed = held
    for audience in audiences:
        entry = client.policy.get(audience, frozenset())
        meant = profile.audiences[audience].scopes
        entry = entry & meant if meant else entry
        allowed = entry if allowed is None else allowed & entry
    return allowed


def need_target(authority: Authority, client: Client, audiences: tuple[str, ...]) -> None:
    """Refuse a target at which this client has no business, where the policy is keyed by client and audience."""
    if authority.profile.scope_policy != "keyed":
        return
    known = all(audience in client.policy for audience in audiences)
    need(known, "P-052", "invalid_target", "the client has no business at this audience", check="scope_policy")


def grant_scopes(
    authority: Authority,
    client: Client,
    audiences: tuple[str, ...],
    wanted: frozenset[str],
    held: frozenset[str] | None,
) -> frozenset[str]:
    """The scopes to issue: what was asked for, if it is allowed; all that is allowed, if nothing was asked for."""
    allowed = allowed_scopes(authority, client, audiences, held)
    if allowed is None:
        return wanted or held or frozenset()
    if not wanted:
        return allowed
    granted = wanted & allowed
    if authority.profile.narrowing == "refuse":
        need(granted == wanted, "P-053", "invalid_scope", "more scope than may be had", check="scope_policy")
    need(granted, "P-053", "invalid_scope", "none of the scopes may be had", check="scope_policy")
    return granted


def need_meaningful(authority: Authority, audiences: tuple[str, ...], scopes: frozenset[str]) -> None:
    """Refuse a token that is ambiguous: for several audiences, each scope must mean something at each of them."""
    if authority.profile.scope_policy == "naive" or len(audiences) <= 1:
        return
    for audience in audiences:
        meant = authority.profile.audiences[audience].scopes
        need(scopes <= meant, "P-034", "invalid_target", "a scope means nothing at one audience", check="target")


def need_offline_allowed(authority: Authority, client: Client, wanted: frozenset[str]) -> None:
    """Refuse offline access to agents, whose grants end with the session."""
    if OFFLINE in wanted and client.type == AGENT:
        allowed = authority.profile.agents_offline
        need(allowed, "P-009", "invalid_scope", "agents get no offline access", check="session")


def need_within(authority: Authority, grant: Grant | None, scopes: frozenset[str], audiences: tuple[str, ...]) -> None:
    """Refuse what exceeds the grant as it was recorded (the grant ceiling); an empty `audiences` is not compared."""
    if not authority.profile.grant_ceiling or grant is None:
        return
    fits = scopes <= grant.scopes and (not grant.audiences or grant.audiences >= frozenset(audiences))
    need(fits, "P-101", "invalid_scope", "more than the grant recorded", check="grant_ceiling")


def grant_details(authority: Authority, wanted: Details, held: Details) -> Details:
    """The details to issue besides disclosure: those asked for, each equal to one that is held; else the held ones."""
    asked = tuple(one for one in wanted if one.get("type") != DISCLOSURE)
    kept = tuple(one for one in held if one.get("type") != DISCLOSURE)
    within = all(one in kept for one in asked)
    need(within, "P-101", "invalid_authorization_details", "more than was granted", check="authorization_details")
    return asked or kept


# ---------------------------------------------------------------- consent to disclosure


def disclosure_details(
    authority: Authority,
    client: Client,
    user: str,
    audiences: tuple[str, ...],
    scopes: frozenset[str],
    wanted: Details,
) -> Details:
    """The disclosures that consents allow, for a token with a scope that needs consent where it is going.

    With purpose-specific consent each names provider, purpose, categories, owners and the consents it stands on; with
    `scope` any consent to the provider will do; `blanket` allows everything.
    """
    if not needs_consent(authority, audiences, scopes):
        return ()
    asked = tuple(one for one in wanted if one.get("type") == DISCLOSURE)
    if authority.profile.consent == "blanket":
        return (_entry(provider=ANY, purpose=ANY, categories=[ANY], owners=[ANY], consents=[]),)
    need(asked, "P-026", "consent_required", "the disclosure is not described", check="consent")
    return tuple(_covered(authority, client, user, one) for one in asked)


def needs_consent(authority: Authority, audiences: tuple[str, ...], scopes: frozenset[str]) -> bool:
    """Whether a token with these scopes opens the way to a model provider."""
    profile = authority.profile
    going = not profile.consent_audiences or not profile.consent_audiences.isdisjoint(audiences)
    return going and not profile.consent_scopes.isdisjoint(scopes)


def _covered(authority: Authority, client: Client, user: str, asked: Mapping[str, Any]) -> Mapping[str, Any]:
    owners = asked.get("owners") or [user]
    consents = [_consent_of(authority, client, owner, asked) for owner in owners]
    need(None not in consents, "P-026", "consent_required", "no consent in force covers this", check="consent")
    if authority.profile.consent == "scope":
        return _entry(
            provider=asked["provider"], purpose=ANY, categories=[ANY], owners=owners, consents=consents
        )  # fmt: skip
    return _entry(
        provider=asked["provider"],
        purpose=asked["purpose"],
        categories=sorted(asked["categories"]),
        owners=owners,
        consents=consents,
    )


def _consent_of(authority: Authority, client: Client, owner: str, asked: Mapping[str, Any]) -> str | None:
    """The id of a consent of this person that covers what is asked, None without one."""
    for consent in authority.store.consents.values():
        same = consent.user == owner and consent.client == client.client_id
        if not same or consent.recipient != asked.get("provider") or not can(consent, lifecycles.CONSENT, "rely"):
            continue
        if authority.profile.consent == "scope":
            return consent.id
        if consent.purpose == asked.get("purpose") and consent.categories >= frozenset(asked.get("categories", ())):
            return consent.id
    return None


def _entry(**fields: Any) -> Mapping[str, Any]:
    return {"type": DISCLOSURE, **fields}
