"""JWT access tokens (RFC 9068): their claims, read strictly, and their identifier, a hash of everything else.

Decides what a well-formed access token is; whether it may be used is for the enforcement point. Equal claims give an
equal `jti` and so an equal token. The private claims are those of published deployments: `delegation_id` (the grant a
token descends from), `parent_jti` (the token it was exchanged for), `customer_id`, `region`, `client_type`, `agent_id`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

from harness.oauth.keys import SigningKey, base64url

ACCESS_TOKEN = "at+jwt"
_encoder = msgspec.json.Encoder()


class Actor(msgspec.Struct, frozen=True, omit_defaults=True):
    """One link of the chain of delegation (RFC 8693 section 4.1): who acts, and who acted before."""

    sub: str
    iss: str | None = None
    act: Actor | None = None


class Confirmation(msgspec.Struct, frozen=True):
    """What a token is bound to: a certificate (RFC 8705) or a DPoP key (RFC 9449)."""

    x5t: str | None = msgspec.field(name="x5t#S256", default=None)
    jkt: str | None = None


class MayAct(msgspec.Struct, frozen=True):
    """Who may act on a token (RFC 8693 section 4.4); several are listed in `any_of`."""

    sub: str | None = None
    any_of: tuple[str, ...] = ()


class Wire(msgspec.Struct, frozen=True):
    """The claims as they are written, with their types: what does not fit is not an access token."""

    iss: str
    sub: str
    aud: str | tuple[str, ...]
    exp: float
    iat: float
    jti: str
    client_id: str
    nbf: float | None = None
    scope: str = ""
    sid: str | None = None
    act: Actor | None = None
    may_act: MayAct | None = None
    acr: str | None = None
    amr: tuple[str, ...] = ()
    auth_time: float | None = None
    authorization_details: tuple[dict[str, Any], ...] = ()
    cnf: Confirmation | None = None
    customer_id: str | None = None
    region: str | None = None
    client_type: str | None = None
    agent_id: str | None = None
    purpose: str | None = None
    delegation_id: str | None = None
    parent_jti: str | None = None
    txn: str | None = None
    approval_id: str | None = None
    approval_time: float | None = None


class Claims(msgspec.Struct, frozen=True, gc=False):
    """The claims of a verified access token, ready to compare. `actors` is outermost first: the current actor leads."""

    iss: str
    sub: str
    aud: tuple[str, ...]
    exp: float
    iat: float
    jti: str
    client_id: str
    scope: frozenset[str]
    nbf: float | None = None
    sid: str | None = None
    actors: tuple[str, ...] = ()
    may_act: tuple[str, ...] = ()
    acr: str | None = None
    amr: tuple[str, ...] = ()
    auth_time: float | None = None
    details: tuple[Mapping[str, Any], ...] = ()
    x5t: str | None = None
    jkt: str | None = None
    customer_id: str | None = None
    region: str | None = None
    client_type: str | None = None
    agent_id: str | None = None
    purpose: str | None = None
    delegation_id: str | None = None
    parent_jti: str | None = None
    txn: str | None = None
    approval_id: str | None = None
    approval_time: float | None = None

    @property
    def agent(self) -> str | None:
        """The current actor: the outermost `act`, else the agent that the client is registered as."""
        return self.actors[0] if self.actors else self.agent_id


def read_claims(raw: Mapping[str, Any]) -> Claims:
    """The claims of an access token or of an introspection response; raises ValueError where they do not fit."""
    wire = msgspec.convert(raw, Wire)
    cnf = wire.cnf or Confirmation()
    return Claims(
        iss=wire.iss, sub=wire.sub, aud=(wire.aud,) if isinstance(wire.aud, str) else wire.aud, exp=wire.exp,
        iat=wire.iat, jti=wire.jti, client_id=wire.client_id, scope=frozenset(wire.scope.split()), nbf=wire.nbf,
        sid=wire.sid, actors=actor_chain(wire.act), may_act=_named(wire.may_act), acr=wire.acr, amr=wire.amr,
        auth_time=wire.auth_time, details=wire.authorization_details, x5t=cnf.x5t, jkt=cnf.jkt,
        customer_id=wire.customer_id, region=wire.region, client_type=wire.client_type, agent_id=wire.agent_id,
        purpose=wire.purpose, delegation_id=wire.delegation_id, parent_jti=wire.parent_jti, txn=wire.txn,
        approval_id=wire.approval_id, approval_time=wire.approval_time,
    )  # fmt: skip


def actor_chain(act: Actor | None) -> tuple[str, ...]:
    """The subjects of nested `act` claims, the current actor first."""
    chain = []
    while act is not None:
        chain.append(act.sub)
        act = act.act
    return tuple(chain)


def _named(may_act: MayAct | None) -> tuple[str, ...]:
    if may_act is None:
        return ()
    return (*((may_act.sub,) if may_act.sub else ()), *may_act.any_of)


def identified(claims: dict[str, Any]) -> dict[str, Any]:
    """The claims with their `jti`: a hash of all the others, so that equal tokens have equal names."""
    claims["jti"] = base64url(hashlib.sha256(_encoder.encode(claims)).digest()[:16])
    return claims


def sign_access_token(claims: Mapping[str, Any], key: SigningKey) -> str:
    """The compact form of an access token (RFC 9068 section 2)."""
    return key.sign(claims, ACCESS_TOKEN)
