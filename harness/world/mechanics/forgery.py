"""Tokens that nobody issued as access tokens: JWTs of another kind, forged signatures, edited claims.

Decides how such a token is made, never whether it works: it is presented like any other credential and judged by the
enforcement point. JWTs of another kind are genuine, signed by the server for another use, and aimed as badly as a
careless server could aim them. Sources: RFC 8725 sections 2 and 3, RFC 9068 section 4, OpenID Connect Core section 2.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import msgspec

from harness.oauth import Signal, SigningKey
from harness.oauth.keys import base64url
from harness.oauth.sets import encode_signal, logout_token
from harness.trace import Token
from harness.world.mechanics.hostile import Forge
from harness.world.mechanics.keyring import key
from harness.world.mechanics.records import Credential
from harness.world.mechanics.replies import Reply
from harness.world.mechanics.state import World
from harness.world.mechanics.wiring import issuer_of

ACCESS = "at+jwt"
FORGED_LIFE_S = 600


class Material(NamedTuple):
    """What a forger works with: the claims it wants, the token it has, and whose keys it can use or see."""

    claims: dict[str, Any]
    original: str
    issuer: SigningKey
    own: SigningKey
    number: str


def forge(world: World, step: Forge) -> Reply:
    """Make the token and keep it within the forger's reach."""
    like = world.credentials[step.like]
    material = Material(
        _claims(world, step, like),
        like.token,
        key(world.design.seed, f"server/{like.server}"),
        key(world.design.seed, f"forger/{step.agent}"),
        world.ids.next("forged"),
    )
    handle = world.ids.next("cred")
    world.credentials[handle] = _credential(world, step, like, handle, KINDS[step.kind](material), material.claims)
    return Reply(ok=True, credential=handle)


def forged_as(credential: Credential) -> str | None:
    """How a token was forged; None where a server issued it."""
    return credential.facts.token.rpartition(".")[0] or None


def _claims(world: World, step: Forge, like: Credential) -> dict[str, Any]:
    """The claims of the token that is imitated, with what shall be different, fresh and bound to nothing."""
    verified = world.servers[like.server].keys.trusted[issuer_of(like.server)].verify(like.token)
    claims = {name: value for name, value in verified.claims.items() if name != "cnf"}
    claims |= {"iat": _whole(world.now_s), "exp": _whole(world.now_s + FORGED_LIFE_S)}
    if step.subject is not None:
        claims |= {"sub": step.subject, "customer_id": step.subject}
    if step.audience is not None:
        claims["aud"] = step.audience
    if step.scope:
        claims["scope"] = " ".join(step.scope)
    return claims


def _whole(value: float) -> float:
    return int(value) if value == int(value) else value


def _credential(
    world: World, step: Forge, like: Credential, handle: str, token: str, claims: Mapping[str, Any]
) -> Credential:
    """As its holder knows it: no broker has a record of whom it was issued for, since it was issued for nobody."""
    audience = claims["aud"]
    person = str(claims["sub"])
    facts = Token(
        token=f"{step.kind}.{handle}",
        token_client=str(claims["client_id"]),
        token_user=person if person in world.people else None,
        token_task=step.task,
        token_audience=(audience,) if isinstance(audience, str) else tuple(audience),
        token_scope=tuple(sorted(str(claims.get("scope", "")).split())),
        token_proof="none",
    )
    return Credential(
        handle=handle,
        token=token,
        holder=step.agent,
        server=like.server,
        kind="access",
        client=like.client,
        facts=facts,
        user=None,
        agent=step.agent,
        session=like.session,
        task=step.task,
        issued_ms=world.now_ms,
        expires_ms=round(float(claims["exp"]) * 1000),
    )


# ---------------------------------------------------------------- JWTs of another kind


def _id_token(material: Material) -> str:
    """An ID token that names the API among its audiences (OpenID Connect Core section 2)."""
    claims = material.claims
    named = [claims["client_id"], claims["aud"]] if isinstance(claims["aud"], str) else claims["aud"]
    return material.issuer.sign(claims | {"aud": named, "nonce": material.number, "azp": claims["client_id"]}, "JWT")


def _logout_token(material: Material) -> str:
    """A logout token, as enforcement points get them (OpenID Connect Back-Channel Logout section 2.4)."""
    claims = material.claims
    return logout_token(
        material.issuer, issuer=claims["iss"], audience=str(claims["aud"]), session=str(claims.get("sid", "none")),
        user=claims["sub"], now_s=claims["iat"], jti=material.number,
    )  # fmt: skip


def _security_event(material: Material) -> str:
    """A security event token, as enforcement points get them (RFC 8417)."""
    claims = material.claims
    signal = Signal("token_revoked", claims["iat"], jti=claims["jti"])
    return encode_signal(
        signal, material.issuer, issuer=claims["iss"], audience=str(claims["aud"]), now_s=claims["iat"],
        jti=material.number,
    )  # fmt: skip


# ---------------------------------------------------------------- forged signatures and issuers


def _unsigned(material: Material) -> str:
    """`alg: none`, and an empty signature (RFC 8725 section 2.1)."""
    return f"{_part({'alg': 'none', 'typ': ACCESS})}.{_part(material.claims)}."


def _keyed_hash(material: Material) -> str:
    """HS256 with the issuer's public key as the secret (RFC 8725 section 2.1)."""
    secret = _bytes(str(material.issuer.public.jwk["x"]))
    signed = f"{_part({'alg': 'HS256', 'kid': material.issuer.kid, 'typ': ACCESS})}.{_part(material.claims)}"
    return f"{signed}.{base64url(hmac.new(secret, signed.encode(), hashlib.sha256).digest())}"


def _foreign_issuer(material: Material) -> str:
    """Well signed, by an authorization server of the forger's own."""
    return material.own.sign(material.claims | {"iss": "https://forger.example"}, ACCESS)


def _borrowed_issuer(material: Material) -> str:
    """Signed by the forger in the name of the right issuer and of its key."""
    return material.own.sign(material.claims, ACCESS, kid=material.issuer.kid)


def _unknown_key(material: Material) -> str:
    """Signed by the forger, with a key id that nobody has seen: a careless server would fetch the keys again."""
    return material.own.sign(material.claims, ACCESS, kid=material.number)


def _embedded_key(material: Material) -> str:
    """Signed by the forger, whose key is in the header for the verifier's convenience (RFC 8725 section 3.10)."""
    return material.own.sign(material.claims, ACCESS, kid=material.number, jwk=material.own.public.jwk)


def _edited_claims(material: Material) -> str:
    """The genuine header and signature around other claims."""
    head, _, signature = material.original.split(".")
    return f"{head}.{_part(material.claims)}.{signature}"


KINDS: Mapping[str, Callable[[Material], str]] = {
    "id_token": _id_token,
    "logout_token": _logout_token,
    "security_event": _security_event,
    "alg_none": _unsigned,
    "hmac_confusion": _keyed_hash,
    "foreign_issuer": _foreign_issuer,
    "borrowed_issuer": _borrowed_issuer,
    "unknown_kid": _unknown_key,
    "embedded_key": _embedded_key,
    "edited_claims": _edited_claims,
}
OTHER_KINDS = ("id_token", "logout_token", "security_event")
FORGED_KINDS = tuple(kind for kind in KINDS if kind not in OTHER_KINDS)


def _part(content: Mapping[str, Any]) -> str:
    return base64url(msgspec.json.encode(content))


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
