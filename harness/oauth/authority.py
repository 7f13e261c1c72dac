"""What all parts of an authorization server share: its profile, its keys, its store, and questions about them.

Decides nothing by itself but who is disabled on which path, which sessions are live, and what is still active.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol, TypeVar

import msgspec

from harness.oauth import lifecycles
from harness.oauth.keys import BadSignature, Keys, base64url, media_type
from harness.oauth.lifecycles import Table, advance
from harness.oauth.messages import Request, Signal
from harness.oauth.profile import AsProfile
from harness.oauth.records import Client, Issued, Session, Store, once
from harness.oauth.refusals import need
from harness.oauth.tokens import ACCESS_TOKEN, Claims, read_claims

R = TypeVar("R", bound=msgspec.Struct)


class Ids(Protocol):
    """Where identifiers come from: the caller's counters."""

    def next(self, prefix: str) -> str:
        """A fresh identifier that starts with this prefix."""
        ...


class Authority:
    """An authorization server without its front: settings, keys and state."""

    __slots__ = ("keys", "profile", "store")

    def __init__(self, profile: AsProfile, keys: Keys, store: Store | None = None) -> None:
        self.profile = profile
        self.keys = keys
        self.store = store or Store()


class Call(msgspec.Struct, frozen=True, gc=False):
    """One request being answered: the instant, the source of identifiers, the key of its DPoP proof, if it has one."""

    request: Request
    now_s: float
    ids: Ids
    jkt: str | None = None


def number(value: float) -> float:
    """A NumericDate: whole seconds where they are whole, else at most three decimals."""
    return int(value) if value == int(value) else round(value, 3)


def moved(record: R, table: Table, event: str, **changes: object) -> R:
    """The record after an event that its table allows; a caller asks `can` first."""
    state = advance(table, record.state, event)  # type: ignore[attr-defined]  # every record with a lifecycle has one
    assert state is not None, f"`{event}` is not possible"
    return msgspec.structs.replace(record, state=state, **changes)


def can(record: msgspec.Struct, table: Table, event: str) -> bool:
    """Whether the table of this record has such a step."""
    return advance(table, record.state, event) is not None  # type: ignore[attr-defined]  # as above


# ---------------------------------------------------------------- denial


def agents_of(client: Client, claims: Claims | None = None, *, lineage: bool = True) -> tuple[str, ...]:
    """The agents behind a request: the client's, and those whose token it brings (all of them with lineage)."""
    chain = claims.actors if claims else ()
    inner = chain if lineage else chain[:1]
    own = (client.agent,) if client.agent else ()
    return (*own, *inner, *((claims.agent_id,) if claims and claims.agent_id else ()))


def clients_of(authority: Authority, claims: Claims) -> tuple[str, ...]:
    """The clients behind a token: the one it was issued to, and (with lineage) those of the tokens it descends from."""
    if not authority.profile.lineage:
        return (claims.client_id,)
    before = ancestors(authority.store, authority.store.issued.get(claims.jti))
    return (claims.client_id, *(one.client for one in before))


def disabled_principals(
    authority: Authority,
    *,
    user: str | None = None,
    clients: tuple[str, ...] = (),
    agents: tuple[str, ...] = (),
    audiences: tuple[str, ...] = (),
    idp: str | None = None,
) -> Iterator[str]:
    """The kinds of principal among these of which one is disabled."""
    disabled = authority.store.disabled
    if not disabled:
        return
    named = {"user": (user,), "client": clients, "agent": agents, "audience": audiences, "idp": (idp,)}
    for kind, ids in named.items():
        if any((kind, one) in disabled for one in ids if one is not None):
            yield kind


def need_enabled(authority: Authority, path: str, **principals: object) -> None:
    """Refuse where this path asks about a principal that is disabled (one cell of paths by principals each)."""
    profile = authority.profile
    for kind in disabled_principals(authority, **principals):  # type: ignore[arg-type]  # the same keywords
        stopped = (path, kind) in profile.disabled_cells
        error = _disabled_error(profile, path, kind)
        need(not stopped, "P-079", error, f"the {kind} is disabled", check="disabled")
        again = (path, kind) in profile.eligibility_cells
        need(not again, "P-079", error, f"the {kind} is no longer eligible", check="eligibility")


def _disabled_error(profile: AsProfile, path: str, kind: str) -> str:
    if kind in ("client", "agent"):
        return profile.disabled_client_error
    if kind == "audience":
        return "invalid_target"
    return {"exchange": "invalid_request", "login": "access_denied", "backchannel": "access_denied"}.get(
        path, "invalid_grant"
    )


# ---------------------------------------------------------------- sessions


def session_live(authority: Authority, session: Session | None, now_s: float) -> bool:
    """Whether a session goes on: not ended, used by a human recently enough, not older than its longest life.

    The session of an approval has no acts but the approval: how long that one counts is for the approval to say.
    """
    if session is None or session.state != "live":
        return False
    profile = authority.profile
    idle = session.origin != "approval" and now_s - session.last_act_s > profile.session_idle_s
    return not idle and now_s - session.auth_time_s <= profile.session_ttl_s


def need_session(authority: Authority, sid: str | None, now_s: float, *, error: str) -> None:
    """Refuse to go on for a session that is over, where grants are bound to sessions."""
    if sid is None or not authority.profile.session_bound:
        return
    live = session_live(authority, authority.store.sessions.get(sid), now_s)
    need(live, "P-009", error, "the session is over or no human used it recently", check="session")


# ---------------------------------------------------------------- tokens of this server


def own_claims(authority: Authority, token: str) -> Claims | None:
    """The claims of an access token that this server issued, valid or not; None for anything else."""
    opaque = authority.store.linked.get(("opaque", token))
    if opaque is not None:
        issued = authority.store.issued.get(opaque)
        return read_claims(issued.claims) if issued else None
    keys = authority.keys.trusted.get(authority.profile.issuer)
    if keys is None:
        return None
    known = keys.parsed.get(token)
    if known is None:
        try:
            verified = keys.verify(token)
            if media_type(verified.header) != ACCESS_TOKEN:
                return None
            known = keys.parsed[token] = read_claims(verified.claims)
        except (BadSignature, ValueError):
            return None
    return known if known.iss == authority.profile.issuer else None


def active(authority: Authority, claims: Claims, now_s: float) -> bool:
    """Whether a token of this server is active: in time, not revoked, and nothing it stands on is gone."""
    return now_s < claims.exp and not_revoked(authority, claims)


def not_revoked(authority: Authority, claims: Claims) -> bool:
    """Whether neither the token nor (with lineage) anything it descends from was revoked."""
    store = authority.store
    issued = store.issued.get(claims.jti)
    if issued is not None and issued.state != "active":
        return False
    if not authority.profile.lineage and claims.parent_jti is not None:
        return True
    own = issued.grant if issued is not None else None
    for name in (own, claims.delegation_id):
        grant = store.grants.get(name or "")
        if (grant is not None and grant.state != "active") or ("grant", name) in store.disabled:
            return False
    return not any(one.state != "active" for one in ancestors(store, issued))


def origin_gone(authority: Authority, *, session: str | None, grant: str | None) -> bool:
    """Whether another domain has told that the session (where grants are bound to it) or the grant is over."""
    gone = authority.store.disabled
    return ("grant", grant) in gone or (authority.profile.session_bound and ("session", session) in gone)


def use_up(authority: Authority, key: str, *, until_s: float, now_s: float) -> None:
    """Remember that something that may come once has come; what nobody could use again is forgotten in time."""
    since_s = now_s - authority.profile.leeway_s
    authority.store.used = once(authority.store.used, key, until_s=until_s, now_s=since_s)


def ancestors(store: Store, issued: Issued | None) -> Iterator[Issued]:
    """The tokens that a token was exchanged for, nearest first, as far as they are still known."""
    seen = 0
    while issued is not None and issued.parent is not None and seen < 64:
        issued = store.issued.get(issued.parent)
        seen += 1
        if issued is not None:
            yield issued


def descendants(store: Store, roots: frozenset[str]) -> tuple[str, ...]:
    """The tokens derived from these, in the order of their issue."""
    family = set(roots)
    derived = []
    for jti, issued in store.issued.items():
        if issued.parent in family and jti not in family:
            family.add(jti)
            derived.append(jti)
    return tuple(derived)


# ---------------------------------------------------------------- revocation


def revoke_grant(authority: Authority, grant_id: str, now_s: float, initiator: str) -> tuple[Signal, ...]:
    """Revoke a grant: its codes, its refresh tokens, the tokens issued from it; with lineage all derived ones."""
    store = authority.store
    grant = store.grants.get(grant_id)
    if grant is None or not can(grant, lifecycles.GRANT, "revoke"):
        return ()
    store.grants[grant_id] = moved(grant, lifecycles.GRANT, "revoke")
    for refresh in [one for one in store.refresh.values() if one.grant == grant_id]:
        if can(refresh, lifecycles.REFRESH_TOKEN, "revoke"):
            store.refresh[refresh.id] = moved(refresh, lifecycles.REFRESH_TOKEN, "revoke")
    renamed = []
    for issued in [one for one in store.issued.values() if one.grant == grant_id]:
        if issued.parent is None or authority.profile.lineage:
            mark_revoked(store, issued)
            if issued.claims.get("delegation_id") != grant_id:
                renamed.append(Signal("token_revoked", now_s, jti=issued.jti, initiator=initiator))
    return (Signal("grant_revoked", now_s, grant=grant_id, initiator=initiator), *renamed)


def revoke_token(authority: Authority, jti: str, now_s: float, initiator: str) -> tuple[Signal, ...]:
    """Revoke one access token; with lineage also what was derived from it."""
    store = authority.store
    issued = store.issued.get(jti)
    if issued is not None:
        mark_revoked(store, issued)
    derived = descendants(store, frozenset({jti})) if authority.profile.lineage else ()
    for one in derived:
        mark_revoked(store, store.issued[one])
    first = Signal("token_revoked", now_s, jti=jti, initiator=initiator)
    return (first, *(Signal("token_revoked", now_s, jti=one, lineage=True, initiator=initiator) for one in derived))


def mark_revoked(store: Store, issued: Issued) -> None:
    """Note that an issued token is revoked."""
    if can(issued, lifecycles.ACCESS_TOKEN, "revoke"):
        store.issued[issued.jti] = moved(issued, lifecycles.ACCESS_TOKEN, "revoke")


def opaque_handle(jti: str) -> str:
    """The opaque form of an access token: says nothing, and names it exactly."""
    return "opaque." + base64url(jti.encode())
