"""Refreshing: rotation, reuse detection with an idempotent grace, and everything a grant must still stand on.

Decides whether a refresh token gives another access token. Sources: OAuth 2.1 section 4.3, RFC 9700 section 4.14.
"""

from __future__ import annotations

from typing import Any

from harness.oauth import lifecycles
from harness.oauth.authority import Authority, Call, can, moved, need_enabled, need_session, revoke_grant
from harness.oauth.forms import DISCLOSURE, Form, read_targets
from harness.oauth.issue import Ask, issue_access_token, session_facts, token_response
from harness.oauth.messages import Response
from harness.oauth.policy import disclosure_details, grant_scopes, need_target, need_within
from harness.oauth.records import Client, Grant, RefreshToken
from harness.oauth.refusals import found, need


def refresh(authority: Authority, call: Call, form: Form, client: Client) -> Response:
    """Give another access token for a refresh token of this client, as long as its grant stands."""
    token = authority.store.refresh.get(form.one("refresh_token") or "")
    token = found(token, "P-008", "invalid_grant", "the refresh token is unknown", check="refresh_token")
    own = token.client == client.client_id
    need(own, "P-008", "invalid_grant", "the refresh token is another client's", check="refresh_token")
    bound = token.jkt is None or token.jkt == call.jkt
    need(bound, "P-092", "invalid_grant", "the refresh token is bound to another key", check="dpop")
    repeated = _repeated(authority, call, token)
    if repeated is not None:
        return repeated
    return _refreshed(authority, call, form, client, token)


def _repeated(authority: Authority, call: Call, token: RefreshToken) -> Response | None:
    """The answer to a token that was rotated already: the same one within the grace, an alarm after it."""
    if token.state != "rotated":
        usable = can(token, lifecycles.REFRESH_TOKEN, "use")
        need(usable, "P-008", "invalid_grant", "the refresh token was revoked", check="refresh_token")
        return None
    profile = authority.profile
    grant = authority.store.grants[token.grant]
    standing = can(grant, lifecycles.GRANT, "derive")
    if standing and call.now_s <= token.rotated_s + profile.refresh_grace_s:
        if profile.rotation_atomic and profile.refresh_grace_s > 0:
            return _same_answer(authority, call, grant, token)
        if not profile.rotation_atomic:
            return None
    signals = revoke_grant(authority, token.grant, call.now_s, "policy")
    need(False, "P-008", "invalid_grant", "the refresh token was used before", check="rotation", signals=signals)
    return None


def _same_answer(authority: Authority, call: Call, grant: Grant, token: RefreshToken) -> Response:
    client = authority.store.clients[token.client]
    _need_standing(authority, call, client, grant, (token.audience,))
    body: dict[str, Any] = dict(token.answer)
    body["expires_in"] = body["expires_in"] - (call.now_s - token.rotated_s)
    return Response(200, {"Cache-Control": "no-store"}, body)


def _need_standing(authority: Authority, call: Call, client: Client, grant: Grant, audiences: tuple[str, ...]) -> None:
    """Refuse where anything that the grant stands on is gone."""
    need_enabled(
        authority, "refresh", user=grant.user, clients=(client.client_id,),
        agents=(client.agent,) if client.agent else (), audiences=audiences,
    )  # fmt: skip
    standing = can(grant, lifecycles.GRANT, "derive")
    need(standing, "P-008", "invalid_grant", "the grant is no longer active", check="grant")
    need_session(authority, grant.session, call.now_s, error="invalid_grant")


def _refreshed(authority: Authority, call: Call, form: Form, client: Client, token: RefreshToken) -> Response:
    store = authority.store
    grant = store.grants[token.grant]
    audiences = read_targets(authority.profile, form) or (token.audience,)
    _need_standing(authority, call, client, grant, audiences)
    young = call.now_s < token.expires_s and call.now_s - token.issued_s <= authority.profile.refresh_idle_s
    need(young, "P-009", "invalid_grant", "the refresh token has expired", check="refresh_expired")
    wanted = form.words("scope")
    need_within(authority, grant, wanted, audiences)
    need_target(authority, client, audiences)
    if authority.profile.scope_policy != "naive":
        need(wanted <= token.scopes, "P-008", "invalid_scope", "more scope than was granted", check="scope_policy")
    scopes = grant_scopes(authority, client, audiences, wanted, token.scopes)
    return _rotate(authority, call, client, grant, token, audiences, scopes)


def _rotate(
    authority: Authority,
    call: Call,
    client: Client,
    grant: Grant,
    token: RefreshToken,
    audiences: tuple[str, ...],
    scopes: frozenset[str],
) -> Response:
    """Issue, and put a successor in the place of the refresh token in the same step."""
    store = authority.store
    session = store.sessions.get(grant.session or "")
    disclosures = disclosure_details(authority, client, str(grant.user), audiences, scopes, grant.details)
    kept = tuple(one for one in grant.details if one.get("type") != DISCLOSURE)
    ask = Ask(
        client=client, subject=grant.user or client.client_id, audiences=audiences, scopes=scopes, grant=grant,
        details=kept + disclosures, txn=grant.txn, **session_facts(session),
    )  # fmt: skip
    access, claims = issue_access_token(authority, call, ask)
    if not authority.profile.refresh_rotation:
        return token_response(call, access, claims, refresh=token)
    successor = RefreshToken(
        call.ids.next("refresh"), client.client_id, grant.id, token.scopes, token.audience, call.now_s,
        token.expires_s, jkt=token.jkt,
    )  # fmt: skip
    store.refresh[successor.id] = successor
    response = token_response(call, access, claims, refresh=successor)
    if can(token, lifecycles.REFRESH_TOKEN, "rotate"):
        store.refresh[token.id] = moved(
            token, lifecycles.REFRESH_TOKEN, "rotate", rotated_s=call.now_s, answer=response.body
        )
    return response
