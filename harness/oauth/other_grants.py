"""The grants without a person at hand: a client for itself, and an assertion from another domain.

Decides what a client gets as itself (never a person's token), and whether an assertion of a trusted server gives a token
here. Sources: RFC 6749 section 4.4, RFC 9700 section 4.15, RFC 7523, the identity-chaining and ID-JAG drafts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from harness.oauth.authority import Authority, Call, need_enabled, origin_gone, use_up
from harness.oauth.forms import Form, read_details, read_targets
from harness.oauth.issue import Ask, issue_access_token, new_refresh_token, token_response
from harness.oauth.keys import BadSignature, KeySet, media_type
from harness.oauth.messages import Response
from harness.oauth.policy import (
    disclosure_details,
    grant_scopes,
    need_meaningful,
    need_target,
    needs_consent,
    targets_or_default,
)
from harness.oauth.records import Client, Grant
from harness.oauth.refusals import found, need
from harness.oauth.tokens import Actor, Confirmation, actor_chain

ID_JAG_TYPE = "oauth-id-jag+jwt"
MAX_ASSERTION_LIFE_S = 600


class Assertion(msgspec.Struct, frozen=True):
    """The claims of an identity assertion (ID-JAG section 3.1), with their types."""

    iss: str
    sub: str
    client_id: str
    jti: str
    iat: float
    exp: float
    aud: str | tuple[str, ...] = ()
    scope: str = ""
    resource: str | None = None
    sid: str | None = None
    act: Actor | None = None
    acr: str | None = None
    auth_time: float | None = None
    txn: str | None = None
    delegation_id: str | None = None
    parent_jti: str | None = None
    cnf: Confirmation | None = None

    @property
    def used_key(self) -> str:
        """Under what the server remembers that it was used."""
        return f"assertion:{self.iss}:{self.jti}"


def client_credentials(authority: Authority, call: Call, form: Form, client: Client) -> Response:
    """A token for the client itself: `sub` is the client, no session, no person, no refresh token."""
    confidential = client.auth_method != "none"
    need(confidential, "P-001", "unauthorized_client", "a public client has no credentials", check="client_type")
    distinct = client.client_id not in authority.store.users
    need(distinct, "P-019", "unauthorized_client", "the client is named like a person", check="subject")
    wanted = form.words("scope")
    audiences = targets_or_default(authority, read_targets(authority.profile, form), wanted)
    need_enabled(
        authority, "client_credentials", clients=(client.client_id,),
        agents=(client.agent,) if client.agent else (), audiences=audiences,
    )  # fmt: skip
    need_target(authority, client, audiences)
    scopes = grant_scopes(authority, client, audiences, wanted, None)
    need_meaningful(authority, audiences, scopes)
    details: tuple[Mapping[str, Any], ...] = ()
    if needs_consent(authority, audiences, scopes):
        wanted_details = read_details(authority.profile, form)
        details = disclosure_details(authority, client, client.client_id, audiences, scopes, wanted_details)
    ask = Ask(client=client, subject=client.client_id, audiences=audiences, scopes=scopes, details=details)
    token, claims = issue_access_token(authority, call, ask)
    return token_response(call, token, claims)


def jwt_bearer(authority: Authority, call: Call, form: Form, client: Client) -> Response:
    """A token of this domain for an assertion of a trusted server of another: once, for the client it names."""
    confidential = client.auth_method != "none"
    need(confidential, "P-063", "unauthorized_client", "a public client may not present it", check="client_type")
    claims = _assertion(authority, form)
    _check_assertion(authority, call, client, claims)
    user = _resolve(authority, claims)
    need_enabled(
        authority, "jwt_bearer", user=user, clients=(client.client_id,), idp=claims.iss,
        agents=(*((client.agent,) if client.agent else ()), *actor_chain(claims.act)),
    )  # fmt: skip
    _need_origin_alive(authority, claims)
    use_up(authority, claims.used_key, until_s=claims.exp, now_s=call.now_s)
    return _issued(authority, call, form, client, claims, user)


def _assertion(authority: Authority, form: Form) -> Assertion:
    """The claims of the assertion, signed by the trusted server that it names as its issuer."""
    text = found(form.one("assertion"), "P-017", "invalid_request", "the assertion is missing", check="malformed")
    own = authority.keys.trusted.get(authority.profile.issuer)
    need(not _signed_by(own, text), "P-067", "invalid_grant", "it is this server's own assertion", check="type")
    for issuer in sorted(authority.profile.issuers_trusted):
        keys = authority.keys.trusted.get(issuer)
        try:
            verified = keys.verify(text) if keys else None
        except BadSignature:
            continue
        if verified is not None and verified.claims.get("iss") == issuer:
            typed = media_type(verified.header) == ID_JAG_TYPE
            need(typed, "P-064", "invalid_grant", "the assertion is of another type", check="type")
            return _read(verified.claims)
    need(False, "P-017", "invalid_grant", "no trusted server signed the assertion", check="signature")
    raise AssertionError


def _read(claims: Mapping[str, Any]) -> Assertion:
    try:
        read = msgspec.convert(claims, Assertion)
    except ValueError:
        read = None
    return found(read, "P-064", "invalid_grant", "a claim of the assertion is missing", check="malformed")


def _signed_by(keys: KeySet | None, text: str) -> bool:
    try:
        return keys is not None and bool(keys.verify(text))
    except BadSignature:
        return False


def _check_assertion(authority: Authority, call: Call, client: Client, claims: Assertion) -> None:
    here = claims.aud in (authority.profile.issuer, (authority.profile.issuer,))
    need(here, "P-061", "invalid_grant", "the assertion is for another server", check="audience_of_assertion")
    own = claims.client_id == client.client_id
    need(own, "P-065", "invalid_grant", "the assertion names another client", check="client")
    leeway_s = authority.profile.leeway_s
    timely = claims.iat - leeway_s <= call.now_s < claims.exp + leeway_s
    need(timely, "P-017", "invalid_grant", "the assertion has expired", check="assertion_expired")
    short = claims.exp - claims.iat <= MAX_ASSERTION_LIFE_S
    need(short, "P-063", "invalid_grant", "the assertion lives too long", check="assertion_expired")
    fresh = claims.used_key not in authority.store.used
    need(fresh, "P-063", "invalid_grant", "the assertion was used before", check="assertion_used")
    bound = claims.cnf is None or claims.cnf.jkt in (None, call.jkt)
    need(bound, "P-069", "invalid_grant", "the assertion is bound to another key", check="dpop")


def _resolve(authority: Authority, claims: Assertion) -> str:
    """The person here whom the assertion speaks of; refuses where nobody is (identity chaining section 2.4.2)."""
    local = authority.store.linked.get((claims.iss, claims.sub))
    user = local or (claims.sub if claims.sub in authority.store.users else None)
    return found(user, "P-061", "invalid_grant", "the subject is not known here", check="subject")


def _need_origin_alive(authority: Authority, claims: Assertion) -> None:
    """Refuse where the other domain has told this one that the session or the grant behind it is over."""
    alive = not origin_gone(authority, session=claims.sid, grant=claims.delegation_id)
    need(alive, "P-079", "invalid_grant", "the session there is over", check="session")


def _issued(authority: Authority, call: Call, form: Form, client: Client, claims: Assertion, user: str) -> Response:
    held = frozenset(claims.scope.split())
    wanted = form.words("scope")
    named = read_targets(authority.profile, form) or _named_resource(authority, claims)
    audiences = targets_or_default(authority, named, wanted or held)
    need_enabled(authority, "jwt_bearer", audiences=audiences)
    need_target(authority, client, audiences)
    scopes = grant_scopes(authority, client, audiences, wanted, held)
    grant = Grant(
        call.ids.next("grant"), user, client.client_id, scopes, frozenset(audiences), (), claims.sid, txn=claims.txn,
        origin=claims.delegation_id,
    )  # fmt: skip
    authority.store.grants[grant.id] = grant
    act = msgspec.to_builtins(claims.act) if claims.act and authority.profile.delegation else None
    ask = Ask(
        client=client, subject=user, audiences=audiences, scopes=scopes, grant=grant, delegation=claims.delegation_id,
        session=claims.sid, acr=claims.acr, auth_time_s=claims.auth_time, txn=claims.txn, act=act,
        parent_jti=claims.parent_jti,
    )  # fmt: skip
    token, issued = issue_access_token(authority, call, ask)
    refresh = None
    if authority.profile.chained_refresh:
        refresh = new_refresh_token(authority, call, client, grant, scopes, audiences[0])
    return token_response(call, token, issued, refresh=refresh)


def _named_resource(authority: Authority, claims: Assertion) -> tuple[str, ...]:
    known = authority.profile.audiences.values()
    return tuple(one.id for one in known if claims.resource in (one.id, one.resource) and claims.resource is not None)
