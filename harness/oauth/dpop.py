"""DPoP proofs (RFC 9449): making one, and the checks of section 4.3, each with its outcome.

Decides whether a proof shows possession of its key for this request at this time; whether the token is bound to that
key is the caller's comparison. Knows no cache: `seen` and `nonce` are handed in.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from harness.oauth.keys import (
    BadSignature,
    PublicKey,
    SigningKey,
    media_type,
    public_key,
    sha256_base64url,
    unverified_header,
    verify_with,
)

TYPE = "dpop+jwt"


class Proof(NamedTuple):
    """A sound proof: the thumbprint of its key, and its identifier for the replay cache."""

    jkt: str
    jti: str


class BadProof(Exception):
    """A proof that fails; `nonce_wanted` where only a server's nonce is missing; `rule` is the rule that says so."""

    def __init__(self, detail: str, rule: str = "P-091", *, nonce_wanted: bool = False) -> None:
        super().__init__(detail, rule)
        self.detail = detail
        self.rule = rule
        self.nonce_wanted = nonce_wanted


def make_proof(
    key: SigningKey,
    *,
    method: str,
    url: str,
    now_s: float,
    jti: str,
    token: str | None = None,
    nonce: str | None = None,
) -> str:
    """A proof by this key for one request (RFC 9449 section 4.2); with `token`, bound to it by `ath`."""
    claims: dict[str, Any] = {"jti": jti, "htm": method, "htu": url, "iat": _number(now_s)}
    if token is not None:
        claims["ath"] = sha256_base64url(token)
    if nonce is not None:
        claims["nonce"] = nonce
    public = key.public.jwk
    members = {name: public[name] for name in ("crv", "kty", "x", "y") if name in public}
    return key.sign(claims, TYPE, jwk=members)


def check_proof(
    proof: str,
    *,
    method: str,
    url: str,
    now_s: float,
    window_s: float,
    token: str | None = None,
    nonce: str | None = None,
    seen: Callable[[str], bool] = lambda jti: False,
) -> Proof:
    """The key and identifier of a sound proof; raises BadProof with what is wrong."""
    claims, key = _signed(proof)
    sound(all(isinstance(claims.get(name), str) for name in ("jti", "htm", "htu")), "a claim is missing")
    sound(_is_number(claims.get("iat")), "`iat` is missing")
    sound(claims["htm"] == method, "`htm` is another method")
    sound(_same_target(claims["htu"], url), "`htu` is another target")
    sound(abs(now_s - claims["iat"]) <= window_s, "the proof is not fresh")
    if token is not None:
        sound(claims.get("ath") == sha256_base64url(token), "`ath` is another token")
    fresh = nonce is None or claims.get("nonce") == nonce
    sound(fresh, "the server's nonce is missing", rule="P-093", nonce_wanted=True)
    sound(not seen(f"{key.thumbprint}:{claims['jti']}"), "the proof was used before", rule="P-095")
    return Proof(key.thumbprint, f"{key.thumbprint}:{claims['jti']}")


def identifier(proof: str) -> str:
    """Under what a proof that was found sound is remembered: its key and its `jti`."""
    claims, key = _signed(proof)
    return f"{key.thumbprint}:{claims['jti']}"


def sound(condition: object, detail: str, *, rule: str = "P-091", nonce_wanted: bool = False) -> None:
    """Raise BadProof unless the condition holds."""
    if not condition:
        raise BadProof(detail, rule, nonce_wanted=nonce_wanted)


def _signed(proof: str) -> tuple[dict[str, Any], PublicKey]:
    try:
        header = unverified_header(proof)
        sound(media_type(header) == TYPE, "`typ` is not `dpop+jwt`")
        jwk = header.get("jwk")
        sound(isinstance(jwk, dict), "`jwk` is missing")
        key = public_key(tuple((name, value) for name, value in (jwk or {}).items() if name != "kid"))
        return dict(verify_with(proof, key, header).claims), key
    except (BadSignature, ValueError, TypeError) as error:
        raise BadProof("the proof is not signed by the key in it") from error


def _same_target(claimed: str, url: str) -> bool:
    """Equality after the normalization of RFC 3986 sections 6.2.2 and 6.2.3, query and fragment left out."""
    return _normalized(claimed) == _normalized(url)


def _normalized(url: str) -> tuple[str, str, str]:
    try:
        parts = urlsplit(url)
        default = {"https": 443, "http": 80}.get(parts.scheme)
        port = "" if parts.port in (None, default) else f":{parts.port}"
    except ValueError:
        return ("", "", url)
    return (parts.scheme, f"{parts.hostname or ''}{port}", parts.path or "/")


def _number(value: float) -> float:
    return int(value) if value == int(value) else value


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
