"""DPoP in the world (RFC 9449): which clients show a proof of possession, where, and with which key.

A proof's key is the client's own and lies in no vault: whoever steals a client's other keys or finds its tokens cannot
make one. Whether a proof is good is for the servers to say.
"""

from __future__ import annotations

from typing import NamedTuple

from harness.oauth.dpop import make_proof
from harness.world.mechanics.design import EndpointInfo
from harness.world.mechanics.keyring import key
from harness.world.mechanics.records import Credential
from harness.world.mechanics.state import World
from harness.world.mechanics.wiring import issuer_of, resource_of

METHOD = "POST"


class Shown(NamedTuple):
    """How a token is sent: the scheme, the proof with it, and the address that the proof is for."""

    scheme: str = "Bearer"
    proof: str | None = None
    url: str = ""


BEARER = Shown()


def at_server(world: World, client: str, *, server: str, path: str) -> dict[str, str]:
    """The header with which a client binds what it gets from a token endpoint; none where it is bound otherwise."""
    if world.design.binding(client) != "dpop":
        return {}
    return {"DPoP": _proof(world, client, url=issuer_of(server) + path, token=None)}


def at_api(world: World, client: str | None, info: EndpointInfo, credential: Credential | None) -> Shown:
    """How this client sends this token: as DPoP if the token is bound so and the client has proofs to give."""
    if client is None or credential is None or credential.facts.token_proof != "dpop":
        return BEARER
    if world.design.binding(client) != "dpop":
        return BEARER
    url = resource_of(info.api)
    return Shown("DPoP", _proof(world, client, url=url, token=credential.token), url)


def _proof(world: World, client: str, *, url: str, token: str | None) -> str:
    signer = key(world.design.seed, f"dpop/{client}")
    return make_proof(signer, method=METHOD, url=url, now_s=world.now_s, jti=world.ids.next("proof"), token=token)
