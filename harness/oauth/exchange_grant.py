"""Token exchange (RFC 8693): an access token for another audience, an identity assertion for another domain, or a
transaction token.

Decides who may present a subject token, who appears as the actor, how far down the new token is scoped and how long it
lives. Sources: RFC 8693, the identity-chaining and ID-JAG drafts; transaction tokens are minted in `transactions`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from harness.oauth import transactions
from harness.oauth.authority import (
    Authority,
    Call,
    agents_of,
    clients_of,
    need_enabled,
    need_session,
    not_revoked,
    number,
    own_claims,
)
from harness.oauth.forms import Form, read_details, read_targets
from harness.oauth.issue import Ask, issue_access_token, new_refresh_token, token_response
from harness.oauth.keys import BadSignature, unverified_header, verify_with
from harness.oauth.messages import Response
from harness.oauth.policy import (
    OFFLINE,
    Details,
    disclosure_details,
    grant_details,
    grant_scopes,
    need_meaningful,
    need_offline_allowed,
    need_target,
    need_within,
    targets_or_default,
)
from harness.oauth.profile import ACR_RANK, AGENT
from harness.oauth.records import Client
from harness.oauth.refusals import found, need
from harness.oauth.tokens import Claims

TOKEN_TYPE = "urn:ietf:params:oauth:token-type:"
ACCESS_TOKEN, JWT, REFRESH, ID_JAG, TXN = (
    TOKEN_TYPE + name for name in ("access_token", "jwt", "refresh_token", "id-jag", "txn_token")
)  # fmt: skip
ISSUABLE = (ACCESS_TOKEN, ID_JAG, TXN)


class Subject(msgspec.Struct, frozen=True, gc=False):
    """Who and what an exchange starts from: the subject token's claims, and the chain of actors to be shown."""

    claims: Claims
    act: Mapping[str, Any] | None


def exchange(authority: Authority, call: Call, form: Form, client: Client) -> Response:
    """Exchange a subject token; what is asked for decides whether an access token, an assertion or a txn token comes."""
    _need_parameters(form, client)
    kind = form.one("requested_token_type") or ACCESS_TOKEN
    need(kind in ISSUABLE, "P-051", "invalid_request", "that type of token is not issued", check="token_type")
    if kind == TXN and form.one("subject_token_type") == TXN:
        return transactions.replace(authority, call, form, client)
    claims = _subject(authority, call, form)
    _need_presenter(authority, client, claims, rule="P-066" if kind == ID_JAG else "P-057")
    act = _actor(authority, call, form, client, claims)
    _need_standing(authority, call, client, claims)
    subject = Subject(claims, act)
    if kind == ID_JAG:
        return _assertion(authority, call, form, client, subject)
    if kind == TXN:
        return transactions.mint(authority, call, form, client, claims, act)
    return _access_token(authority, call, form, client, subject)


def _need_parameters(form: Form, client: Client) -> None:
    confidential = client.auth_method != "none"
    need(confidential, "P-059", "unauthorized_client", "a public client may not exchange", check="client_type")
    complete = "subject_token" in form and "subject_token_type" in form
    need(complete, "P-050", "invalid_request", "the subject token or its type is missing", check="malformed")
    paired = ("actor_token" in form) == ("actor_token_type" in form)
    need(paired, "P-050", "invalid_request", "an actor token and its type go together", check="malformed")


def _subject(authority: Authority, call: Call, form: Form) -> Claims:
    """The claims of the subject token: one of this server's access tokens, in time and not revoked."""
    own_assertion = form.one("subject_token_type") == ID_JAG
    need(not own_assertion, "P-067", "invalid_grant", "an assertion is for the other domain alone", check="token_type")
    known = form.one("subject_token_type") in (ACCESS_TOKEN, JWT)
    _acceptable(authority, known, "that type of subject token is not accepted", rule="P-051")
    claims = found(
        own_claims(authority, form.one("subject_token") or ""), "P-051", _unacceptable(authority),
        "the subject token is not one of this server's", check="subject_token",
    )  # fmt: skip
    in_time = call.now_s < claims.exp
    _acceptable(authority, in_time, "the subject token has expired", rule="P-051", check="expired")
    _acceptable(authority, not_revoked(authority, claims), "the subject token was revoked", check="revoked")
    return claims


def _unacceptable(authority: Authority) -> str:
    return "invalid_request" if authority.profile.exchange_errors == "rfc8693" else "invalid_grant"


def _acceptable(
    authority: Authority, condition: object, detail: str, *, rule: str = "P-051", check: str = "subject_token"
) -> None:
    """Refuse an unacceptable token: `invalid_request` by RFC 8693, `invalid_grant` in the style of the ID-JAG draft."""
    need(condition, rule, _unacceptable(authority), detail, check=check)


def _need_presenter(authority: Authority, client: Client, claims: Claims, *, rule: str) -> None:
    """Refuse a client that the token neither names, nor is meant for, nor was issued to: it may not act on it."""
    if not authority.profile.presenter:
        return
    named = client.identity in claims.may_act or client.client_id in claims.may_act
    meant = client.audience is not None and client.audience in claims.aud
    own = claims.client_id == client.client_id
    _acceptable(authority, named or meant or own, "this client may not act on it", rule=rule, check="actor")


def _actor(authority: Authority, call: Call, form: Form, client: Client, claims: Claims) -> Mapping[str, Any] | None:
    """The new `act` claim: the client, outside the actors before it. None where the server impersonates."""
    if "actor_token" in form:
        _check_actor_token(authority, call, form, client)
    if not authority.profile.delegation:
        return None
    inner: Mapping[str, Any] | None = None
    for name in reversed(claims.actors):
        inner = {"sub": name, "act": inner} if inner else {"sub": name}
    outer: dict[str, Any] = {"sub": client.identity}
    if inner is not None:
        outer["act"] = inner
    return outer


def _check_actor_token(authority: Authority, call: Call, form: Form, client: Client) -> None:
    """The actor token must speak of the client that sent it: signed by its key, or an access token of its own."""
    token = form.one("actor_token") or ""
    if form.one("actor_token_type") == ACCESS_TOKEN:
        claims = own_claims(authority, token)
        good = claims is not None and claims.client_id == client.client_id and call.now_s < claims.exp
    else:
        good = _self_signed(authority, call, client, token)
    _acceptable(authority, good, "the actor token is not this client's", rule="P-051", check="actor")


def _self_signed(authority: Authority, call: Call, client: Client, token: str) -> bool:
    if client.key is None:
        return False
    try:
        claims = verify_with(token, client.key, unverified_header(token)).claims
    except BadSignature:
        return False
    expiry = claims.get("exp")
    timely = isinstance(expiry, (int, float)) and call.now_s < expiry
    return timely and claims.get("sub") == client.identity and claims.get("aud") == authority.profile.issuer


def _need_standing(authority: Authority, call: Call, client: Client, claims: Claims) -> None:
    """Refuse where the person, a client, an agent of the chain or the session is gone."""
    need_enabled(
        authority, "exchange", user=claims.sub, clients=(client.client_id, *clients_of(authority, claims)),
        agents=agents_of(client, claims, lineage=authority.profile.lineage),
    )  # fmt: skip
    need_session(authority, claims.sid, call.now_s, error=_unacceptable(authority))


def _access_token(authority: Authority, call: Call, form: Form, client: Client, subject: Subject) -> Response:
    claims = subject.claims
    wanted = form.words("scope")
    audiences = targets_or_default(authority, read_targets(authority.profile, form), wanted)
    need_enabled(authority, "exchange", audiences=audiences)
    need_offline_allowed(authority, client, wanted)
    need_target(authority, client, audiences)
    scopes = grant_scopes(authority, client, audiences, wanted - {OFFLINE}, claims.scope)
    need_meaningful(authority, audiences, scopes)
    grant = authority.store.grants.get(claims.delegation_id or "")
    need_within(authority, grant, scopes, ())
    ask = Ask(
        client=client, subject=claims.sub, audiences=audiences, scopes=scopes, act=subject.act, parent_jti=claims.jti,
        details=_details(authority, form, client, claims, audiences, scopes), session=claims.sid, acr=claims.acr,
        amr=claims.amr, auth_time_s=claims.auth_time, delegation=claims.delegation_id, txn=claims.txn,
        purpose=claims.purpose, approval_id=claims.approval_id, approval_time_s=claims.approval_time,
        cap_s=claims.exp if authority.profile.exchange_lifetime == "capped" else None,
    )  # fmt: skip
    token, issued = issue_access_token(authority, call, ask)
    refresh = None
    if OFFLINE in wanted and grant is not None:
        refresh = new_refresh_token(authority, call, client, grant, scopes, audiences[0])
    return token_response(call, token, issued, refresh=refresh, extra={"issued_token_type": ACCESS_TOKEN})


def _details(
    authority: Authority, form: Form, client: Client, claims: Claims, audiences: tuple[str, ...], scopes: frozenset[str]
) -> Details:
    wanted = read_details(authority.profile, form)
    kept = grant_details(authority, wanted, claims.details)
    return kept + disclosure_details(authority, client, claims.sub, audiences, scopes, wanted or claims.details)


# ---------------------------------------------------------------- to another domain


def _assertion(authority: Authority, call: Call, form: Form, client: Client, subject: Subject) -> Response:
    """An identity assertion for the server of another domain (ID-JAG): short, for it alone, naming the client there."""
    _need_assertable(authority, form, subject.claims)
    scopes = form.words("scope") or subject.claims.scope
    if authority.profile.scope_policy != "naive":
        more = scopes <= subject.claims.scope
        need(more, "P-053", "invalid_scope", "more scope than the subject token has", check="scope_policy")
    need_within(authority, authority.store.grants.get(subject.claims.delegation_id or ""), scopes, ())
    claims = _assertion_claims(authority, call, form, client, subject)
    claims["scope"] = " ".join(sorted(scopes))
    body = {
        "issued_token_type": ID_JAG,
        "access_token": authority.keys.signing.sign(claims, "oauth-id-jag+jwt"),
        "token_type": "N_A",
        "expires_in": number(claims["exp"] - call.now_s),
        "scope": claims["scope"],
    }
    return Response(200, {"Cache-Control": "no-store"}, body)


def _need_assertable(authority: Authority, form: Form, claims: Claims) -> None:
    """Refuse a server that is not trusted, an incomplete request, and a login that is too weak."""
    if authority.profile.enterprise_managed:
        complete = "audience" in form and "resource" in form and "actor_token" not in form
        detail = "audience and resource are needed, no actor token"
        need(complete, "P-070", "invalid_request", detail, check="malformed")
    trusted = form.one("audience") in authority.profile.issuers_trusted
    need(trusted, "P-060", "invalid_target", "that server is not trusted", check="target")
    _need_fresh_login(form, claims)


def _assertion_claims(authority: Authority, call: Call, form: Form, client: Client, subject: Subject) -> dict[str, Any]:
    """What the assertion says (ID-JAG section 3.1), and what lets the other domain trace where it came from."""
    claims = subject.claims
    said = {
        "iss": authority.profile.issuer,
        "sub": claims.sub,
        "aud": form.one("audience"),
        "client_id": form.one("client_id_there") or client.client_id,
        "iat": number(call.now_s),
        "exp": number(min(call.now_s + authority.profile.assertion_ttl_s, claims.exp)),
        "jti": call.ids.next("assertion"),
        "resource": form.one("resource"),
        "act": subject.act,
        "acr": claims.acr,
        "auth_time": claims.auth_time,
        "sid": claims.sid,
        "parent_jti": claims.jti,
        "txn": claims.txn,
        "delegation_id": claims.delegation_id,
        "agent_id": client.agent if client.type == AGENT else None,
        "cnf": {"jkt": call.jkt} if call.jkt else None,
        "authorization_details": [dict(one) for one in claims.details] or None,
    }
    return {name: value for name, value in said.items() if value is not None}


def _need_fresh_login(form: Form, claims: Claims) -> None:
    """Step-up during an exchange: 400, since the token endpoint answers (ID-JAG section 8.2)."""
    wanted = [ACR_RANK.get(word, 99) for word in form.words("acr_values")]
    strong = not wanted or ACR_RANK.get(claims.acr or "", 0) >= min(wanted)
    need(strong, "P-068", "insufficient_user_authentication", "a stronger login is needed", check="acr")
