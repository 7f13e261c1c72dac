"""Approvals on a device of the person: backchannel authentication in poll mode (CIBA Core), carrying the exact operation.

Decides whether a person is asked, what is shown, whose answer counts, and when an approval gives a token: once, soon
enough, and only while everybody concerned is still enabled. The session's idleness is not asked here: approving on the
phone starts a session of its own. Sources: CIBA Core 1.0, RFC 9396, RFC 9470.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from harness.oauth import lifecycles
from harness.oauth.authority import Authority, Call, Ids, can, moved, need_enabled, number, own_claims
from harness.oauth.client_auth import authenticate
from harness.oauth.forms import Form, parse_details, read_details, read_targets
from harness.oauth.issue import NO_STORE, Ask, issue_access_token, token_response
from harness.oauth.keys import BadSignature
from harness.oauth.messages import Answer, Prompt, Response
from harness.oauth.policy import disclosure_details, grant_scopes, need_meaningful, need_target, targets_or_default
from harness.oauth.profile import ACR_RANK, AGENT
from harness.oauth.records import Backchannel, Client, Grant, Session, User
from harness.oauth.refusals import Refused, found, need

USER_DEVICE, IN_BAND = "user_device", "in_band"
MAX_BINDING_CHARS = 64
SLOWER_BY_S = 5
HINTS = ("login_hint", "login_hint_token", "id_token_hint")


def ask(authority: Authority, call: Call, form: Form) -> Response:
    """Put a question to a person's devices; the answer to the client is only a handle to poll with."""
    client = authenticate(authority, call, form)
    allowed = "ciba" in client.grants
    need(allowed, "P-114", "unauthorized_client", "the client may not ask people", check="grant_type")
    user = _asked_person(authority, call, form)
    wanted = form.words("scope")
    audiences = targets_or_default(authority, read_targets(authority.profile, form), wanted)
    need_enabled(
        authority, "backchannel", user=user.id, clients=(client.client_id,),
        agents=(client.agent,) if client.agent else (), audiences=audiences,
    )  # fmt: skip
    need_target(authority, client, audiences)
    need(wanted, "P-114", "invalid_scope", "no scope is asked for", check="malformed")
    scopes = grant_scopes(authority, client, audiences, wanted, None)
    need_meaningful(authority, audiences, scopes)
    details = read_details(authority.profile, form)
    _check_interlock(form)
    _check_user_code(authority, form, user)
    _check_rate(authority, call, user)
    return _asked(authority, call, form, client, user, audiences[0], scopes, details)


def _asked_person(authority: Authority, call: Call, form: Form) -> User:
    """The person whom the one hint names."""
    given = [name for name in HINTS if name in form]
    need(len(given) == 1, "P-114", "invalid_request", "exactly one hint is needed", check="malformed")
    hint = form.one(given[0]) if given else None
    name = hint if given == ["login_hint"] else _hinted(authority, call, hint)
    user = authority.store.users.get(name or "")
    return found(user, "P-114", "unknown_user_id", "nobody is known by that hint", check="subject")


def _hinted(authority: Authority, call: Call, token: str | None) -> str | None:
    keys = authority.keys.trusted.get(authority.profile.issuer)
    try:
        claims: Mapping[str, Any] = keys.verify(token).claims if keys and token else {}
    except BadSignature:
        claims = {}
    expiry = claims.get("exp")
    timely = not isinstance(expiry, (int, float)) or call.now_s < expiry
    need(timely, "P-114", "expired_login_hint_token", "the hint has expired", check="hint")
    subject = claims.get("sub")
    return subject if isinstance(subject, str) else None


def _check_interlock(form: Form) -> None:
    """A binding message is a short word that both devices show, not a place for the details (CIBA Core 7.1)."""
    message = form.one("binding_message")
    fits = message is None or (len(message) <= MAX_BINDING_CHARS and message.isprintable() and "{" not in message)
    need(fits, "P-116", "invalid_binding_message", "a short plain text is needed", check="binding_message")


def _check_user_code(authority: Authority, form: Form, user: User) -> None:
    """A secret that only the person knows stops prompts that nobody asked for (CIBA Core 7.1)."""
    if authority.profile.user_code_required and user.user_code is not None:
        need("user_code" in form, "P-117", "missing_user_code", "a user code is needed", check="user_code")
        good = form.one("user_code") == user.user_code
        need(good, "P-117", "invalid_user_code", "the user code is wrong", check="user_code")


def _check_rate(authority: Authority, call: Call, user: User) -> None:
    """A person is asked only so often, whoever asks (RFC 9470 section 9: fatigue)."""
    limit = authority.profile.prompt_limit
    recent = _recent(authority, user.id, call.now_s)
    few = limit is None or len(recent) < limit
    need(few, "P-112", "slow_down", "this person was asked too often", check="prompt_rate", status=429)


def _recent(authority: Authority, user: str, now_s: float) -> tuple[float, ...]:
    since_s = now_s - authority.profile.prompt_window_s
    return tuple(one for one in authority.store.asked.get(user, ()) if one > since_s)


def _asked(
    authority: Authority,
    call: Call,
    form: Form,
    client: Client,
    user: User,
    audience: str,
    scopes: frozenset[str],
    details: tuple[Mapping[str, Any], ...],
) -> Response:
    profile, store = authority.profile, authority.store
    shown, overridden = _shown(authority, form, details)
    request = Backchannel(
        call.ids.next("approval"), client.client_id, client.agent, user.id, scopes, audience, details, shown, overridden,
        form.one("binding_message"), call.now_s, call.now_s + _life_s(authority, form), form.one("acr_values"),
        interval_s=profile.poll_interval_s, txn=form.one("txn"), delegation=_asking_task(authority, form),
    )  # fmt: skip
    store.backchannel[request.id] = request
    store.asked[user.id] = (*_recent(authority, user.id, call.now_s), call.now_s)
    body = {
        "auth_req_id": request.id,
        "expires_in": number(request.expires_s - call.now_s),
        "interval": request.interval_s,
    }
    return Response(200, NO_STORE, body)


def _asking_task(authority: Authority, form: Form) -> str | None:
    """The grant of the task that asks, where the client shows the token that it works with (`subject_token`)."""
    claims = own_claims(authority, form.one("subject_token") or "")
    return claims.delegation_id if claims is not None else None


def _life_s(authority: Authority, form: Form) -> float:
    asked = form.one("requested_expiry")
    number_given = asked is None or (asked.isascii() and asked.isdecimal() and len(asked) < 9)
    need(number_given, "P-114", "invalid_request", "`requested_expiry` is no number", check="malformed")
    longest_s = authority.profile.approval_ttl_s
    return min(float(asked), longest_s) if asked and number_given else longest_s


def _shown(
    authority: Authority, form: Form, details: tuple[Mapping[str, Any], ...]
) -> tuple[tuple[Mapping[str, Any], ...], bool]:
    """What the person reads: the operation itself, or (without trusted display) what the client wrote about it."""
    text = form.one("display_details")
    claimed = parse_details(authority.profile, text) if text else details
    if authority.profile.display == "client":
        return claimed, False
    return details, claimed != details


# ---------------------------------------------------------------- the person


def open_prompts(authority: Authority, user: str, now_s: float) -> tuple[Prompt, ...]:
    """The questions that wait on this person's devices."""
    return tuple(
        Prompt(
            one.id, one.user, one.client, one.agent, one.binding_message, one.shown, one.asked_s, one.expires_s,
            one.overridden,
        )
        for one in authority.store.backchannel.values()
        if one.user == user and can(one, lifecycles.BACKCHANNEL, "approve") and now_s < one.expires_s
    )  # fmt: skip


def answer(
    authority: Authority,
    auth_req_id: str,
    *,
    approve: bool,
    by: str,
    acr: str,
    channel: str,
    now_s: float,
    ids: Ids,
) -> Answer:
    """Take an answer, if it counts: from the person asked, on a device of their own, strongly enough authenticated."""
    try:
        request = _answerable(authority, auth_req_id, now_s)
        _need_heard(authority, request, by=by, acr=acr, channel=channel)
    except Refused as refused:
        return Answer(refusal=refused.refusal)
    store = authority.store
    if not approve:
        store.backchannel[request.id] = moved(request, lifecycles.BACKCHANNEL, "deny", answered_s=now_s, by=by)
        return Answer()
    session = Session(ids.next("session"), request.user, acr, (channel,), now_s, now_s, origin="approval")
    store.sessions[session.id] = session
    store.backchannel[request.id] = moved(
        request, lifecycles.BACKCHANNEL, "approve", answered_s=now_s, by=by, acr=acr, session=session.id,
        channel=channel,
    )  # fmt: skip
    return Answer(session=session.id)


def _answerable(authority: Authority, auth_req_id: str, now_s: float) -> Backchannel:
    request = authority.store.backchannel.get(auth_req_id)
    request = found(request, "P-115", "invalid_grant", "there is no such question", check="approval")
    open_ = can(request, lifecycles.BACKCHANNEL, "approve")
    need(open_, "P-115", "invalid_grant", "the question was answered before", check="approval")
    need(now_s < request.expires_s, "P-115", "expired_token", "the question has expired", check="approval")
    return request


def _need_heard(authority: Authority, request: Backchannel, *, by: str, acr: str, channel: str) -> None:
    """Refuse an answer that is not the person's own act on a device that the agent cannot write to (P-078)."""
    if not authority.profile.user_channel:
        return
    own = by == request.user and channel == USER_DEVICE
    need(own, "P-078", "access_denied", "only the person asked, on a device of their own, is heard", check="channel")
    wanted = max(ACR_RANK.get(authority.profile.approval_acr, 99), ACR_RANK.get(request.acr_wanted or "", 0))
    strong = ACR_RANK.get(acr, 0) >= wanted
    need(strong, "P-110", "unmet_authentication_requirements", "a stronger login is needed", check="channel")


# ---------------------------------------------------------------- redemption


def redeem(authority: Authority, call: Call, form: Form, client: Client) -> Response:
    """Poll once: pending, slow down, refused, expired, or the token that the approval gives."""
    request = authority.store.backchannel.get(form.one("auth_req_id") or "")
    request = found(request, "P-115", "invalid_grant", "there is no such request", check="approval")
    own = request.client == client.client_id
    need(own, "P-115", "invalid_grant", "the request is another client's", check="approval")
    denied = request.state == "denied"
    need(not denied, "P-115", "access_denied", "the person refused", check="approval")
    if request.state == "pending":
        _pending(authority, call, request)
    need_enabled(
        authority, "ciba", user=request.user, clients=(client.client_id,),
        agents=(client.agent,) if client.agent else (), audiences=(request.audience,),
    )  # fmt: skip
    _need_task_alive(authority, request)
    once = can(request, lifecycles.BACKCHANNEL, "redeem")
    need(once, "P-115", "invalid_grant", "the approval was redeemed before", check="approval")
    within_s = authority.profile.redeem_within_s
    timely = within_s is None or call.now_s - request.answered_s <= within_s
    need(timely, "P-115", "expired_token", "the approval is too old", check="approval_age")
    return _redeemed(authority, call, client, request)


def _need_task_alive(authority: Authority, request: Backchannel) -> None:
    """With eligibility re-checked: an approval does not resurrect a task whose grant was revoked meanwhile."""
    if all(path != "ciba" for path, _ in authority.profile.eligibility_cells):
        return
    grant = authority.store.grants.get(request.delegation or "")
    alive = grant is None or can(grant, lifecycles.GRANT, "derive")
    need(alive, "P-079", "invalid_grant", "the task that asked is over", check="eligibility")


def _pending(authority: Authority, call: Call, request: Backchannel) -> None:
    need(call.now_s < request.expires_s, "P-115", "expired_token", "nobody answered in time", check="approval_expired")
    too_fast = call.now_s - request.polled_s < request.interval_s
    interval_s = request.interval_s + (SLOWER_BY_S if too_fast else 0)
    polled = msgspec.structs.replace(request, polled_s=call.now_s, interval_s=interval_s)
    authority.store.backchannel[request.id] = polled
    need(not too_fast, "P-115", "slow_down", "polled too soon", check="polling")
    need(False, "P-115", "authorization_pending", "the person has not answered", check="pending")


def _redeemed(authority: Authority, call: Call, client: Client, request: Backchannel) -> Response:
    store = authority.store
    if can(request, lifecycles.BACKCHANNEL, "redeem"):
        store.backchannel[request.id] = moved(request, lifecycles.BACKCHANNEL, "redeem")
    grant = Grant(
        call.ids.next("grant"), request.user, client.client_id, request.scopes, frozenset({request.audience}),
        request.details, request.session, txn=request.txn,
    )  # fmt: skip
    store.grants[grant.id] = grant
    disclosures = disclosure_details(
        authority, client, request.user, (request.audience,), request.scopes, request.details
    )
    delegated = authority.profile.delegation and client.type == AGENT
    ask_ = Ask(
        client=client, subject=request.user, audiences=(request.audience,), scopes=request.scopes, grant=grant,
        details=tuple(one for one in request.details if one.get("type") != "llm_disclosure") + disclosures,
        session=request.session, acr=request.acr, amr=(request.channel,), auth_time_s=request.answered_s,
        act={"sub": client.identity} if delegated else None, txn=request.txn, approval_id=request.id,
        approval_time_s=request.answered_s,
    )  # fmt: skip
    token, claims = issue_access_token(authority, call, ask_)
    return token_response(call, token, claims)
