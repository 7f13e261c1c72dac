"""Security event tokens and logout tokens: signals as they are signed, pushed and read.

Decides whether a token that claims to be a signal is one; what it denies is for the receiver. Sources: RFC 8417 (SET),
RFC 8935 (push), OpenID SSF 1.0 and CAEP 1.0, OpenID Connect Back-Channel Logout 1.0.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.oauth.authority import number
from harness.oauth.keys import BadSignature, KeySet, SigningKey, media_type
from harness.oauth.messages import Refusal, Response, Signal

SET_TYPE, LOGOUT_TYPE = "secevent+jwt", "logout+jwt"
CAEP = "https://schemas.openid.net/secevent/caep/event-type/"
OURS = "https://harness.example/event-type/"
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
EVENT_URIS = {
    "session_revoked": CAEP + "session-revoked",
    "session_established": CAEP + "session-established",
    "session_presented": CAEP + "session-presented",
    "token_revoked": OURS + "token-revoked",
    "grant_revoked": OURS + "grant-revoked",
    "consent_withdrawn": OURS + "consent-withdrawn",
    "agent_denied": OURS + "agent-denied",
    "agent_enabled": OURS + "agent-enabled",
    "user_disabled": OURS + "user-disabled",
    "user_enabled": OURS + "user-enabled",
}
KINDS = {uri: kind for kind, uri in EVENT_URIS.items()}
SUBJECTS = ("session", "grant", "client", "agent", "jti", "user", "consent")
INITIATORS = ("admin", "user", "policy", "system")


class BadSignal(Exception):
    """A token that is no signal for this receiver; `err` is the code of RFC 8935 section 2.4."""

    def __init__(self, err: str, detail: str, rule: str = "P-119") -> None:
        super().__init__(err, detail)
        self.err = err
        self.detail = detail
        self.rule = rule


def encode_signal(signal: Signal, key: SigningKey, *, issuer: str, audience: str, now_s: float, jti: str) -> str:
    """A signal as a security event token: top-level `sub_id`, no `exp`, `event_timestamp` is when it happened."""
    subject = {name: {"format": "opaque", "id": value} for name in SUBJECTS if (value := getattr(signal, name))}
    event = {"event_timestamp": number(signal.at_s), "initiating_entity": signal.initiator, "lineage": signal.lineage}
    claims = {
        "iss": issuer,
        "aud": audience,
        "iat": number(now_s),
        "jti": jti,
        "sub_id": {"format": "complex", **subject},
        "events": {EVENT_URIS[signal.kind]: event},
    }
    return key.sign(claims, SET_TYPE)


def logout_token(
    key: SigningKey, *, issuer: str, audience: str, session: str, user: str, now_s: float, jti: str
) -> str:
    """A logout token (Back-Channel Logout section 2.4): `sid` and `sub`, the logout event, no `nonce`."""
    claims = {
        "iss": issuer, "aud": audience, "iat": number(now_s), "exp": number(now_s + 120), "jti": jti, "sid": session,
        "sub": user, "events": {LOGOUT_EVENT: {}},
    }  # fmt: skip
    return key.sign(claims, LOGOUT_TYPE)


def decode_signal(token: str, trusted: Mapping[str, KeySet], *, audience: str, now_s: float) -> Signal:
    """The signal in a security event token or logout token for this audience; raises BadSignal."""
    header, claims = _verified(token, trusted)
    audiences = claims.get("aud")
    named = audiences if isinstance(audiences, list) else [audiences]
    fit(audience in named, "invalid_audience", "the signal is for another receiver")
    fit(isinstance(claims.get("jti"), str), "invalid_request", "`jti` is missing")
    if media_type(header) == LOGOUT_TYPE:
        return _logout(claims, now_s)
    fit(media_type(header) == SET_TYPE, "invalid_request", "`typ` is not `secevent+jwt`")
    fit("exp" not in claims, "invalid_request", "a security event token has no `exp`")
    fit("sub" not in claims, "invalid_request", "the subject belongs into `sub_id`")
    subject = claims.get("sub_id")
    fit(isinstance(subject, dict), "invalid_request", "`sub_id` is missing")
    return _event(claims, subject or {})


def fit(condition: object, err: str, detail: str, *, rule: str = "P-119") -> None:
    """Raise BadSignal unless the condition holds."""
    if not condition:
        raise BadSignal(err, detail, rule)


def _verified(token: str, trusted: Mapping[str, KeySet]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    for issuer, keys in trusted.items():
        try:
            verified = keys.verify(token)
        except BadSignature:
            continue
        if verified.claims.get("iss") == issuer:
            return verified
    raise BadSignal("invalid_key", "no trusted transmitter signed the signal")


def _event(claims: Mapping[str, Any], subject: Mapping[str, Any]) -> Signal:
    events = claims.get("events")
    known = [uri for uri in events if uri in KINDS] if isinstance(events, dict) else []
    fit(len(known) == 1, "invalid_request", "exactly one known event is needed", rule="P-120")
    event = events[known[0]] if known and isinstance(events, dict) else {}
    event = event if isinstance(event, dict) else {}
    initiator = event.get("initiating_entity", "system")
    fit(initiator in INITIATORS, "invalid_request", "`initiating_entity` is unknown", rule="P-120")
    at_s = event.get("event_timestamp")
    fit(isinstance(at_s, (int, float)), "invalid_request", "`event_timestamp` is missing", rule="P-120")
    ids = {name: part.get("id") for name in SUBJECTS if isinstance(part := subject.get(name), dict)}
    fit(any(isinstance(one, str) for one in ids.values()), "invalid_request", "the subject names nothing", rule="P-120")
    texts = {name: value for name, value in ids.items() if isinstance(value, str)}
    fields: dict[str, Any] = {**texts, "lineage": event.get("lineage") is True, "initiator": initiator}
    return Signal(KINDS.get(known[0] if known else "", "session_revoked"), at_s or 0, **fields)


def _logout(claims: Mapping[str, Any], now_s: float) -> Signal:
    events = claims.get("events")
    about = isinstance(events, dict) and LOGOUT_EVENT in events
    fit(about and "nonce" not in claims, "invalid_request", "not a logout token", rule="P-118")
    session = claims.get("sid")
    fit(isinstance(session, str), "invalid_request", "the session is missing", rule="P-118")
    expiry = claims.get("exp")
    fit(isinstance(expiry, (int, float)) and now_s < expiry, "invalid_request", "it has expired", rule="P-118")
    user = claims.get("sub")
    return Signal("session_revoked", now_s, session=session, user=user if isinstance(user, str) else None)


def push_response(
    token: str, trusted: Mapping[str, KeySet], *, audience: str, now_s: float
) -> tuple[Response, Signal | None]:
    """The answer to a pushed signal (RFC 8935 section 2): 202 with nothing, or 400 with `err`; and the signal."""
    try:
        signal = decode_signal(token, trusted, audience=audience, now_s=now_s)
    except BadSignal as bad:
        refusal = Refusal("signal", bad.err, 400, "P-122", bad.detail)
        return Response(400, {}, {"err": bad.err, "description": bad.detail}, refusal), None
    return Response(202), signal
