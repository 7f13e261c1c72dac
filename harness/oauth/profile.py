"""The settings of an authorization server and of an enforcement point: frozen, every one with its meaning.

The protocol asks its profile and nothing else what it should enforce; which control of a design stands behind a setting
is not known here. The decisions that the specifications leave open are settings too, and `open_decisions` prints them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

PATHS = ("login", "code", "refresh", "exchange", "client_credentials", "jwt_bearer", "backchannel", "ciba")
PRINCIPALS = ("user", "client", "agent", "audience", "idp")
Cell = tuple[str, str]
ALL_CELLS: frozenset[Cell] = frozenset((path, principal) for path in PATHS for principal in PRINCIPALS)
NO_CELLS: frozenset[Cell] = frozenset()

ACR_RANK: Mapping[str, int] = {"low": 1, "substantial": 2, "medium": 2, "high": 3}
AGENT, PERSON_FACING, SERVICE = "agent", "person_facing", "service"


class Audience(msgspec.Struct, frozen=True):
    """A resource server as the authorization server knows it: the name in `aud`, its scopes, its URI (RFC 8707)."""

    id: str
    scopes: frozenset[str] = frozenset()
    resource: str | None = None


class DetailType(msgspec.Struct, frozen=True):
    """A type of `authorization_details` that the server knows (RFC 9396 section 5): its fields, needed and allowed."""

    required: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()


class AsProfile(msgspec.Struct, frozen=True, kw_only=True):
    """What an authorization server enforces. Defaults are the strict settings; lifetimes in seconds."""

    issuer: str
    audiences: Mapping[str, Audience]
    default_audience: str | None = None
    detail_types: Mapping[str, DetailType] = {}
    issuers_trusted: frozenset[str] = frozenset()
    leeway_s: float = 5

    # how long things live
    access_token_ttl_s: float = 120
    exchange_lifetime: Literal["capped", "fresh"] = "capped"
    refresh_token_ttl_s: float = 28_800
    refresh_idle_s: float = 28_800
    code_ttl_s: float = 60
    pushed_request_ttl_s: float = 60
    assertion_ttl_s: float = 60
    approval_ttl_s: float = 300
    session_idle_s: float = 120
    session_ttl_s: float = 28_800

    # sessions: refresh and exchange need a live, recently used one; agents get no offline access
    session_bound: bool = True
    agents_offline: bool = False
    chained_refresh: bool = False

    # what may be asked for, and by whom
    scope_policy: Literal["keyed", "intersect", "naive"] = "keyed"
    narrowing: Literal["refuse", "narrow"] = "refuse"
    delegation: bool = True
    presenter: bool = True
    grant_ceiling: bool = False
    consent: Literal["purpose", "scope", "blanket"] = "purpose"
    consent_scopes: frozenset[str] = frozenset()
    consent_audiences: frozenset[str] = frozenset()
    user_consent_screen: bool = False

    # approvals
    user_channel: bool = True
    approval_acr: str = "high"
    redeem_within_s: float | None = 120
    display: Literal["server", "client"] = "server"
    prompt_limit: int | None = None
    prompt_window_s: float = 3_600
    poll_interval_s: float = 5
    user_code_required: bool = False

    # denial: which path asks about which principal
    disabled_cells: frozenset[Cell] = ALL_CELLS
    eligibility_cells: frozenset[Cell] = NO_CELLS
    lineage: bool = True
    code_replay_revokes: bool = True
    revocation_available: bool = True

    # registration
    registration: Literal["closed", "allow_list", "open"] = "allow_list"
    publishers: frozenset[str] = frozenset()
    deny_by_agent: bool = True
    registered_policy: Mapping[str, frozenset[str]] = {}
    metadata_documents: bool = False
    metadata_domains: frozenset[str] = frozenset()

    # credentials
    sender_constrained: bool = True
    dpop_nonce: bool = False
    dpop_window_s: float = 60
    token_format: Literal["jwt", "opaque"] = "jwt"
    refresh_rotation: bool = True
    refresh_grace_s: float = 0
    rotation_atomic: bool = True
    par_required: bool = False
    resource_required: bool = False
    enterprise_managed: bool = False

    # decisions that the specifications leave open
    exchange_errors: Literal["rfc8693", "id_jag"] = "rfc8693"
    disabled_client_error: Literal["invalid_client", "unauthorized_client"] = "invalid_client"


class RsProfile(msgspec.Struct, frozen=True, kw_only=True):
    """What an enforcement point checks. Defaults are the strict settings; lifetimes in seconds."""

    audience_id: str
    issuers: frozenset[str]
    realm: str = "api"
    resource_metadata: str | None = None
    leeway_s: float = 5

    audience: Literal["off", "member", "exact"] = "member"
    scope: bool = True
    owner: bool = True
    actor: bool = True
    actor_chains: frozenset[tuple[str, ...]] = frozenset()
    session_denied: bool = True
    denied: bool = True
    lineage: bool = True
    acr: bool = True
    details: bool = True
    consumed: bool = True
    approval_age_s: float | None = 120
    is_egress: bool = False
    egress: bool = True
    claims: bool = False
    agent_only: bool = True

    sender: bool = True
    sender_required: bool = False
    sender_exempt: frozenset[str] = frozenset()
    dpop_supported: bool = True
    dpop_nonce: bool = False
    dpop_window_s: float = 60

    mode: Literal["local", "introspection", "cached"] = "local"
    cache_ttl_s: float = 0
    fail_open: bool = False

    # decisions that the specifications leave open
    foreign_object_status: Literal[403, 404] = 404
    details_status: Literal[401, 403] = 403


def open_decisions(profile: AsProfile | RsProfile) -> dict[str, Any]:
    """What this profile decides where the specifications do not: to be printed with results."""
    if isinstance(profile, AsProfile):
        return {
            "exchange_errors": profile.exchange_errors,
            "disabled_client_error": profile.disabled_client_error,
            "narrowing": profile.narrowing,
            "exchange_lifetime": profile.exchange_lifetime,
        }
    return {"foreign_object_status": profile.foreign_object_status, "details_status": profile.details_status}
