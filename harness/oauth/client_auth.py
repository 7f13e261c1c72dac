"""Who is the client? Authentication at the endpoints that clients call directly.

Decides the identity of the caller, never what it may have. Methods: `private_key_jwt` (RFC 7523), `tls_client_auth`
(RFC 8705 section 2), `none` for public clients. Shared secrets are not modelled: static keys are an anti-pattern here.
"""

from __future__ import annotations

from typing import Any

from harness.oauth.authority import Authority, Call, use_up
from harness.oauth.forms import Form
from harness.oauth.keys import BadSignature, SigningKey, unverified_claims, unverified_header, verify_with
from harness.oauth.records import Client
from harness.oauth.refusals import found, need

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
MAX_ASSERTION_LIFE_S = 3_600


def client_assertion(
    key: SigningKey, client_id: str, *, audience: str, now_s: float, jti: str, life_s: float = 60
) -> str:
    """A client's signed statement of who it is (RFC 7523 section 3)."""
    claims = {"iss": client_id, "sub": client_id, "aud": audience, "iat": now_s, "exp": now_s + life_s, "jti": jti}
    return key.sign(claims, "client-authentication+jwt")


def authenticate(authority: Authority, call: Call, form: Form) -> Client:
    """The client that sent this request, authenticated as it is registered; refuses with `invalid_client`."""
    used = _mechanisms(call, form)
    need(used <= 1, "P-018", "invalid_request", "more than one client authentication", check="client_authentication")
    client = _named(authority, call, form)
    if client.auth_method == "private_key_jwt":
        _check_assertion(authority, call, form, client)
    elif client.auth_method == "tls_client_auth":
        good = call.request.certificate is not None and call.request.certificate == client.certificate
        _authentic(good, call, "the certificate is not the client's", rule="P-001")
    else:
        _authentic("client_assertion" not in form, call, "a public client sent an assertion", rule="P-001")
    return client


def _mechanisms(call: Call, form: Form) -> int:
    """How many ways of authentication a request uses."""
    ways = ("client_assertion" in form, "client_secret" in form, "authorization" in _lower(call))
    return sum(ways)


def _named(authority: Authority, call: Call, form: Form) -> Client:
    client_id = form.one("client_id") or _assertion_subject(form)
    client = authority.store.clients.get(client_id) if client_id else None
    _authentic(client is not None, call, "the client is unknown", rule="P-001")
    return found(client, "P-001", "invalid_client", "the client is unknown", check="client_authentication")


def _assertion_subject(form: Form) -> str | None:
    """The client that an assertion speaks of, to be believed only once its signature is good."""
    assertion = form.one("client_assertion")
    if assertion is None:
        return None
    try:
        unverified_header(assertion)
        subject = unverified_claims(assertion).get("sub")
    except BadSignature:
        return None
    return subject if isinstance(subject, str) else None


def _check_assertion(authority: Authority, call: Call, form: Form, client: Client) -> None:
    assertion = form.one("client_assertion") or ""
    typed = form.one("client_assertion_type") == ASSERTION_TYPE and client.key is not None
    _authentic(typed, call, "a signed client assertion is needed")
    try:
        assert client.key is not None
        claims = verify_with(assertion, client.key, unverified_header(assertion)).claims
    except (BadSignature, AssertionError):
        claims = {}
    _check_assertion_claims(authority, call, client, claims)


def _check_assertion_claims(authority: Authority, call: Call, client: Client, claims: Any) -> None:
    issuer = authority.profile.issuer
    own = claims.get("iss") == client.client_id and claims.get("sub") == client.client_id
    _authentic(own, call, "the assertion is not the client's own")
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    _authentic(issuer in audiences or f"{issuer}/token" in audiences, call, "the assertion is for another server")
    expiry, jti = claims.get("exp"), claims.get("jti")
    timely = _is_number(expiry) and call.now_s < expiry + authority.profile.leeway_s
    timely = timely and expiry - call.now_s <= MAX_ASSERTION_LIFE_S
    _authentic(timely, call, "the assertion has expired, or lives too long")
    _authentic(isinstance(jti, str), call, "the assertion has no `jti`")
    key = f"assertion:{client.client_id}:{jti}"
    _authentic(key not in authority.store.used, call, "the assertion was used before")
    use_up(authority, key, until_s=expiry, now_s=call.now_s)


def _authentic(condition: object, call: Call, detail: str, *, rule: str = "P-016") -> None:
    """Refuse with `invalid_client`: 401 with a challenge where the client used the Authorization header."""
    header = "authorization" in _lower(call)
    need(
        condition,
        rule,
        "invalid_client",
        detail,
        check="client_authentication",
        status=401 if header else 400,
        challenge='Basic realm="token endpoint"' if header else None,
    )


def _lower(call: Call) -> dict[str, str]:
    return {name.lower(): value for name, value in call.request.headers.items()}


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
