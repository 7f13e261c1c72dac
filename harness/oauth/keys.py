"""Key material: derived from a seed, parsed once, used many times. Signatures are PyJWT's.

Decides whether a signature is good, and remembers only that. Expiry, audience and everything else is looked at on
every call, elsewhere. One key has one algorithm; header fields that point to keys (`jku`, `x5u`, `jwk`) are never
followed. Sources: RFC 7515, RFC 8037, RFC 7638 (thumbprints), RFC 8725 section 3.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, derive_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm
from jwt.utils import base64url_decode

ALGORITHMS = ("EdDSA", "ES256", "RS256")
MAX_TOKEN_CHARS = 16_384
MAX_REMEMBERED = 20_000
_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*")
_THUMBPRINT_MEMBERS = {"OKP": ("crv", "kty", "x"), "EC": ("crv", "kty", "x", "y"), "RSA": ("e", "kty", "n")}
_JWS = jwt.PyJWS()
_json = msgspec.json.Decoder()
_json_encode = msgspec.json.Encoder().encode
_sorted = msgspec.json.Encoder(order="sorted")


class BadSignature(Exception):
    """A string that is no JWT signed by a key of the set; `check` says whether it is malformed, unsigned or foreign."""

    def __init__(self, check: str, detail: str) -> None:
        super().__init__(check, detail)
        self.check = check
        self.detail = detail


class Verified(NamedTuple):
    """A JWT whose signature is good: its header and its claims, neither of them judged yet."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any]


def base64url(data: bytes) -> str:
    """Base64url without padding (RFC 7515 section 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def sha256_base64url(text: str) -> str:
    """The base64url SHA-256 of a text in ASCII: an S256 challenge, an `ath`, a `jti`."""
    return base64url(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest())


def thumbprint(jwk: Mapping[str, Any]) -> str:
    """The JWK thumbprint (RFC 7638): SHA-256 over the required members in order, base64url."""
    members = _THUMBPRINT_MEMBERS[jwk["kty"]]
    return base64url(hashlib.sha256(_sorted.encode({name: jwk[name] for name in members})).digest())


class PublicKey:
    """A public key, parsed once, with the one algorithm it is used with.

    Equal are keys of the same material and algorithm: what a key has signed is remembered however often it is registered.
    """

    __slots__ = ("alg", "algorithm", "jwk", "kid", "parsed", "thumbprint")

    def __init__(self, jwk: Mapping[str, Any], alg: str | None = None, kid: str | None = None) -> None:
        """Parse a public JWK; raises ValueError for a private, a symmetric or an unknown key."""
        self.alg = alg or jwk.get("alg") or _default_algorithm(jwk)
        if self.alg not in ALGORITHMS or "d" in jwk or jwk.get("kty") not in _THUMBPRINT_MEMBERS:
            raise ValueError("a public key of type OKP, EC or RSA is needed")
        try:
            self.thumbprint = thumbprint(jwk)
            self.parsed: Any = _parse(jwk, self.alg)
        except (KeyError, TypeError, jwt.PyJWTError) as error:
            raise ValueError(str(error)) from error
        self.algorithm = _JWS.get_algorithm_by_name(self.alg)
        self.jwk = dict(jwk)
        self.kid = kid or jwk.get("kid") or self.thumbprint

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PublicKey) and (self.thumbprint, self.alg) == (other.thumbprint, other.alg)

    def __hash__(self) -> int:
        return hash(self.thumbprint)


class SigningKey:
    """A private key, parsed once; Ed25519 unless told otherwise."""

    __slots__ = ("_algorithm", "_heads", "_private", "alg", "kid", "public")

    def __init__(self, private: Ed25519PrivateKey | EllipticCurvePrivateKey, kid: str | None = None) -> None:
        is_edwards = isinstance(private, Ed25519PrivateKey)
        self._private = private
        self.alg = "EdDSA" if is_edwards else "ES256"
        self._algorithm: Any = _JWS.get_algorithm_by_name(self.alg)
        self._heads: dict[str, bytes] = {}
        jwk = dict(self._algorithm.to_jwk(private.public_key(), as_dict=True))
        jwk.pop("key_ops", None)
        self.public = PublicKey(jwk, self.alg, kid)
        self.kid = self.public.kid

    @classmethod
    def derive(cls, seed: bytes, name: str, alg: str = "EdDSA") -> SigningKey:
        """The key with this name under this seed: the same seed and name give the same key."""
        digest = hashlib.sha256(b"harness/key\x00" + seed + b"\x00" + name.encode()).digest()
        if alg == "ES256":
            secret = int.from_bytes(digest, "big") % (_P256_ORDER - 1) + 1
            return cls(derive_private_key(secret, SECP256R1()), name)
        return cls(Ed25519PrivateKey.from_private_bytes(digest), name)

    def sign(self, claims: Mapping[str, Any], typ: str, **header: Any) -> str:
        """A compact JWT over these claims with this `typ` (RFC 7515 section 3.1)."""
        head = self._heads.get(typ) if not header else None
        if head is None:
            head = _segment({"alg": self.alg, "kid": self.kid, "typ": typ, **header})
            if not header:
                self._heads[typ] = head
        return _signed(self, head + b"." + _segment(claims))


class KeySet:
    """The keys of one issuer, and the tokens whose signature was found good. Shared by forks: it holds no decision."""

    __slots__ = ("_by_kid", "_good", "parsed")

    def __init__(self, keys: Iterable[PublicKey]) -> None:
        self._by_kid = {key.kid: key for key in keys}
        self._good: dict[str, Verified] = {}
        self.parsed: dict[str, Any] = {}

    def jwks(self) -> dict[str, Any]:
        """The set as published (RFC 7517)."""
        return {"keys": [{**key.jwk, "kid": key.kid, "alg": key.alg} for key in self._by_kid.values()]}

    def verify(self, token: str) -> Verified:
        """The header and claims of a token that one of these keys signed; raises BadSignature."""
        found = self._good.get(token)
        if found is None:
            if len(self._good) > MAX_REMEMBERED:
                self._good.clear()
                self.parsed.clear()
            found = self._good[token] = self._verify(token)
        return found

    def _verify(self, token: str) -> Verified:
        header = unverified_header(token)
        key = self._by_kid.get(header.get("kid", ""))
        if key is None and "kid" not in header and len(self._by_kid) == 1:
            key = next(iter(self._by_kid.values()))
        if key is None:
            raise BadSignature("signature", "the token is not signed by a key of its issuer")
        return verify_with(token, key, header)


class Keys(msgspec.Struct, frozen=True):
    """What a server signs with, and whose signatures it takes: key sets by issuer."""

    signing: SigningKey
    trusted: Mapping[str, KeySet]


def unverified_header(token: str) -> Mapping[str, Any]:
    """The header of a compact JWS, unjudged; raises BadSignature where there is none."""
    if not isinstance(token, str) or len(token) > MAX_TOKEN_CHARS:
        raise BadSignature("malformed", "the token is not a signed JWT")
    return _header(token)


@lru_cache(maxsize=16_384)
def _header(token: str) -> Mapping[str, Any]:
    if _COMPACT.fullmatch(token) is None:
        raise BadSignature("malformed", "the token is not a signed JWT")
    header = _decoded(token[: token.index(".")])
    if not isinstance(header.get("kid", ""), str) or "crit" in header or header.get("b64", True) is not True:
        raise BadSignature("malformed", "the header asks for what is not understood")
    return header


def unverified_claims(token: str) -> dict[str, Any]:
    """The claims of a compact JWS, unjudged; raises BadSignature where there are none."""
    return _decoded(token.split(".")[1])


def _decoded(segment: str) -> dict[str, Any]:
    """The JSON object in one segment of a compact JWS."""
    try:
        content = _json.decode(base64url_decode(segment))
    except (ValueError, RecursionError) as error:
        raise BadSignature("malformed", "the token is not a signed JWT") from error
    if not isinstance(content, dict):
        raise BadSignature("malformed", "a part of the token is not an object")
    return content


def media_type(header: Mapping[str, Any]) -> str:
    """The `typ` of a JWT, comparable: media types know no case, and `application/` may be left out (RFC 7515 4.1.9)."""
    return str(header.get("typ", "")).lower().removeprefix("application/")


def verify_with(token: str, key: PublicKey, header: Mapping[str, Any]) -> Verified:
    """Verify a token with exactly this key; its `alg` must be the key's. Raises BadSignature."""
    if header.get("alg") != key.alg:
        raise BadSignature("signature", f"algorithm `{header.get('alg')}` is not that of the key")
    return Verified(header, _verified_claims(token, key))


@lru_cache(maxsize=16_384)
def _signed(key: SigningKey, signed: bytes) -> str:
    """The compact JWT over a signing input. Remembered: those who try things out ask for the same tokens again."""
    signature = key._algorithm.sign(signed, key._private)
    return (signed + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()


@lru_cache(maxsize=16_384)
def _verified_claims(token: str, key: PublicKey) -> Mapping[str, Any]:
    """The claims under a good signature; what raises BadSignature is not remembered."""
    signed, _, signature = token.rpartition(".")
    try:
        good = key.algorithm.verify(signed.encode("ascii"), key.parsed, base64url_decode(signature))
    except (ValueError, jwt.PyJWTError):
        good = False
    if not good:
        raise BadSignature("signature", "the signature is not good")
    return _decoded(signed.partition(".")[2])


def forget() -> None:
    """Drops whatever is remembered of keys and signatures: whoever makes many runs keeps no more than some of them."""
    for remembered in (_header, _signed, _verified_claims, public_key):
        remembered.cache_clear()


def _segment(content: Mapping[str, Any]) -> bytes:
    """JSON in base64url: a header or a payload."""
    return base64.urlsafe_b64encode(_json_encode(content)).rstrip(b"=")


@lru_cache(maxsize=4_096)
def public_key(members: tuple[tuple[str, Any], ...]) -> PublicKey:
    """The public key with these JWK members, parsed once; raises ValueError."""
    return PublicKey(dict(members))


def _default_algorithm(jwk: Mapping[str, Any]) -> str:
    return {"OKP": "EdDSA", "EC": "ES256", "RSA": "RS256"}.get(str(jwk.get("kty")), "")


def _parse(jwk: Mapping[str, Any], alg: str) -> Any:
    algorithm: Any = {"EdDSA": OKPAlgorithm, "ES256": ECAlgorithm, "RS256": RSAAlgorithm}[alg]
    return algorithm.from_jwk(dict(jwk))
