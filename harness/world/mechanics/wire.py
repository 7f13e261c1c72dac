"""The messages that clients send to authorization servers: authenticated forms, over an in-process wire."""

from __future__ import annotations

from collections.abc import Mapping

from harness.oauth import Refusal, Request, Response
from harness.world.mechanics import proofs, signals
from harness.world.mechanics.keyring import key
from harness.world.mechanics.state import World

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
CIBA = "urn:openid:params:grant-type:ciba"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
ID_JAG = "urn:ietf:params:oauth:token-type:id-jag"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

OWN = "own"


def post(
    world: World,
    server: str,
    path: str,
    client: str,
    form: Mapping[str, str],
    *,
    certificate: str | None = OWN,
    published_key: bool = True,
    meant_for: str | None = None,
) -> Response:
    """Send a form to an authorization server as an authenticated client, over a connection with its certificate.

    What the answer makes known to others goes out at once: a replayed token ends its grant everywhere.
    `published_key`: whoever holds the key that was registered last signs; else the client's first key does.
    `meant_for`: the issuer for which the client made its assertion, where that is another one.
    """
    full = dict(form) | {
        "client_id": client,
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": assertion(world, server, client, published_key=published_key, meant_for=meant_for),
    }
    shown = world.design.certificate(client) if certificate == OWN else certificate
    headers = proofs.at_server(world, client, server=server, path=path) if certificate == OWN else {}
    request = Request("POST", path, headers=headers, form=full, certificate=shown)
    world.count("as" + path.replace("/", "_").replace("-", "_"))
    if not world.conditions.answers(server, world.now_ms):
        return Response(503, refusal=Refusal("unavailable", "temporarily_unavailable", 503, "P-042"))
    response = world.servers[server].receive(request, now_s=world.now_s, ids=world.ids)
    signals.spread(world, server, response.signals)
    return response


def api_client(api: str) -> str:
    """The client_id under which an API asks its authorization server about tokens."""
    return f"api.{api}"


def assertion(
    world: World, server: str, client: str, *, published_key: bool = True, meant_for: str | None = None
) -> str:
    """A client assertion (RFC 7523 section 2.2), new each time.

    Its `jti` counts those of this client at this instant and nothing else, so that whoever has come to the same instant
    in another way (a fork of the world) sends the same ones, whose signatures are known.
    """
    claims = {
        "iss": client,
        "sub": client,
        "aud": meant_for or world.servers[server].profile.issuer,
        "iat": world.now_s,
        "exp": world.now_s + 60,
        "jti": _number_now(world, client),
    }
    name = world.caches.get(("key", client), client) if published_key else client
    return key(world.design.seed, f"client/{name}").sign(claims, "JWT")


def _number_now(world: World, client: str) -> str:
    """A number that this client has given to no other assertion."""
    at_ms, count = world.assertions.get(client, (-1, 0))
    count = count + 1 if at_ms == world.now_ms else 1
    world.assertions[client] = (world.now_ms, count)
    return f"{world.now_ms}.{count}"


def exchange_form(subject_token: str, *, audience: str, scope: tuple[str, ...]) -> dict[str, str]:
    """A token exchange request (RFC 8693 section 2.1)."""
    form = {
        "grant_type": EXCHANGE,
        "subject_token": subject_token,
        "subject_token_type": ACCESS_TOKEN,
        "audience": audience,
    }
    return form | ({"scope": " ".join(scope)} if scope else {})
