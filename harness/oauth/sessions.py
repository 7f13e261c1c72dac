"""Login sessions, consents, and the denial of principals: what people and operators do at the server.

Decides what each of these acts changes here, and what others must be told. Sources: OpenID Connect Back-Channel Logout
section 2.7, CAEP 1.0, RFC 9470 (acr), OAuth 2.1 section 7.9 (owners and administrators can revoke).
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from harness.oauth import lifecycles
from harness.oauth.authority import (
    Authority,
    Ids,
    can,
    descendants,
    moved,
    need_enabled,
    revoke_grant,
    session_live,
)
from harness.oauth.messages import Refusal, Signal
from harness.oauth.profile import PRINCIPALS
from harness.oauth.records import Consent, Session
from harness.oauth.refusals import Refused, found
from harness.oauth.tokens import read_claims


def login(authority: Authority, user: str, *, acr: str, amr: tuple[str, ...], now_s: float, ids: Ids) -> str | Refusal:
    """Start a session for a person who has authenticated; refused where the person is unknown or disabled."""
    try:
        known = authority.store.users.get(user)
        found(known, "P-111", "access_denied", "the person is not known", check="subject", status=403)
        need_enabled(authority, "login", user=user)
    except Refused as refused:
        return refused.refusal
    session = Session(ids.next("session"), user, acr, amr, now_s, now_s)
    authority.store.sessions[session.id] = session
    return session.id


def human_act(authority: Authority, session_id: str, now_s: float) -> bool:
    """Note a human act in a session; one that is over stays over."""
    session = authority.store.sessions.get(session_id)
    if session is None or not session_live(authority, session, now_s):
        return False
    authority.store.sessions[session_id] = moved(session, lifecycles.SESSION, "human_act", last_act_s=now_s)
    return True


def step_up(authority: Authority, session_id: str, *, acr: str, amr: tuple[str, ...], now_s: float) -> bool:
    """The person authenticates again, more strongly, in a live session: only new authorizations see the new acr."""
    session = authority.store.sessions.get(session_id)
    if session is None or not session_live(authority, session, now_s):
        return False
    authority.store.sessions[session_id] = msgspec.structs.replace(
        session, acr=acr, amr=amr, auth_time_s=now_s, last_act_s=now_s
    )
    return True


def end_session(authority: Authority, session_id: str, now_s: float, initiator: str) -> tuple[Signal, ...]:
    """End a session. Its refresh tokens go with it, but for those with offline access, which is what that means."""
    store = authority.store
    session = store.sessions.get(session_id)
    if session is None or not can(session, lifecycles.SESSION, "end"):
        return ()
    store.sessions[session_id] = moved(session, lifecycles.SESSION, "end")
    for refresh in list(store.refresh.values()):
        grant = store.grants[refresh.grant]
        if grant.session == session_id and not grant.offline and can(refresh, lifecycles.REFRESH_TOKEN, "revoke"):
            store.refresh[refresh.id] = moved(refresh, lifecycles.REFRESH_TOKEN, "revoke")
    return (Signal("session_revoked", now_s, session=session_id, user=session.user, initiator=initiator),)


# ---------------------------------------------------------------- consent


def grant_consent(
    authority: Authority, user: str, client: str, recipient: str, purpose: str, categories: Iterable[str],
    *, now_s: float, ids: Ids,
) -> str:  # fmt: skip
    """Record that a person consents to this client's sending these categories to this recipient for this purpose."""
    consent = Consent(ids.next("consent"), user, client, recipient, purpose, frozenset(categories), now_s)
    authority.store.consents[consent.id] = consent
    return consent.id


def withdraw_consent(authority: Authority, consent_id: str, now_s: float) -> tuple[Signal, ...]:
    """Take a consent back: nothing is issued on it any more, and enforcement points must be told."""
    consent = authority.store.consents.get(consent_id)
    if consent is None or not can(consent, lifecycles.CONSENT, "withdraw"):
        return ()
    authority.store.consents[consent_id] = moved(consent, lifecycles.CONSENT, "withdraw")
    return (Signal("consent_withdrawn", now_s, consent=consent_id, user=consent.user, initiator="user"),)


# ---------------------------------------------------------------- operators


def disable(authority: Authority, kind: str, name: str, now_s: float, initiator: str) -> tuple[Signal, ...]:
    """Disable a principal, and say what enforcement points must refuse. Tokens that hide the agent are named one by one."""
    assert kind in PRINCIPALS, f"`{kind}` is not a kind of principal"
    authority.store.disabled[(kind, name)] = now_s
    if kind == "user":
        return (Signal("user_disabled", now_s, user=name, initiator=initiator),)
    if kind == "agent":
        return (Signal("agent_denied", now_s, agent=name, initiator=initiator), *_hidden(authority, kind, name, now_s))
    if kind == "client":
        return (Signal("agent_denied", now_s, client=name, initiator=initiator), *_hidden(authority, kind, name, now_s))
    return ()


def enable(authority: Authority, kind: str, name: str, now_s: float, initiator: str) -> tuple[Signal, ...]:
    """Take a disablement back."""
    if authority.store.disabled.pop((kind, name), None) is None:
        return ()
    if kind == "user":
        return (Signal("user_enabled", now_s, user=name, initiator=initiator),)
    if kind in ("agent", "client"):
        agent, client = (name, None) if kind == "agent" else (None, name)
        return (Signal("agent_enabled", now_s, agent=agent, client=client, initiator=initiator),)
    return ()


def _hidden(authority: Authority, kind: str, name: str, now_s: float) -> tuple[Signal, ...]:
    """Tokens derived from those of an agent or client in which it cannot be seen, as far as lineage is kept.

    An agent is seen in the chain of actors, unless the server impersonates; a client is never seen there.
    """
    if not authority.profile.lineage:
        return ()
    store = authority.store
    roots = frozenset(
        one.jti for one in store.issued.values() if name == (one.agent if kind == "agent" else one.client)
    )
    live = [one for jti in descendants(store, roots) if (one := store.issued[jti]).expires_s > now_s]
    return tuple(
        Signal("token_revoked", now_s, jti=one.jti, lineage=True, initiator="admin")
        for one in live
        if kind == "client" or name not in read_claims(one.claims).actors
    )


def receive_signal(authority: Authority, signal: Signal) -> None:
    """What another domain's server tells: the sessions, grants and agents there that are no more."""
    store = authority.store
    if signal.kind in ("agent_enabled", "user_enabled"):
        for kind, name in (("agent", signal.agent), ("client", signal.client), ("user", signal.user)):
            store.disabled.pop((kind, name or ""), None)
        return
    if signal.kind == "session_revoked":
        end_foreign(authority, signal)
        return
    subjects = {
        "agent_denied": (("agent", signal.agent), ("client", signal.client)),
        "user_disabled": (("user", signal.user),),
        "grant_revoked": (("grant", signal.grant),),
    }
    for kind, name in subjects.get(signal.kind, ()):
        if name is not None:
            store.disabled[(kind, name)] = signal.at_s
            if kind == "grant":
                for grant in [one.id for one in store.grants.values() if name in (one.id, one.origin)]:
                    revoke_grant(authority, grant, signal.at_s, signal.initiator)


def end_foreign(authority: Authority, signal: Signal) -> None:
    """A session elsewhere ended: what was derived from it here goes on no longer, unless grants outlive sessions."""
    store = authority.store
    store.disabled[("session", signal.session or "")] = signal.at_s
    if not authority.profile.session_bound:
        return
    for grant in [one.id for one in store.grants.values() if one.session == signal.session]:
        revoke_grant(authority, grant, signal.at_s, signal.initiator)
