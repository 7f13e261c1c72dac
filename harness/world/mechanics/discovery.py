"""How a client comes to a server, and a server to know a client: metadata documents, and who believes which of them.

A careful client compares what it is told with what it asked (RFC 9728 section 3.3, RFC 8414 section 3.3, RFC 9207); a
careful server fetches client documents from public addresses and trusted domains alone. The checks are the protocol's.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from msgspec.structs import replace

from harness.oauth import Refusal
from harness.oauth.client import read_authorization_response
from harness.oauth.metadata import check_resource_metadata, check_server_metadata
from harness.oauth.registration import Document
from harness.world.mechanics import guard, sign_in, signals
from harness.world.mechanics.effects import Effect, Stop, remember_refusal, settle
from harness.world.mechanics.hostile import FollowMetadata, PublishDocument
from harness.world.mechanics.keyring import key
from harness.world.mechanics.legality import THIEF
from harness.world.mechanics.replies import Reply, refused
from harness.world.mechanics.state import World
from harness.world.mechanics.wire import post
from harness.world.mechanics.wiring import issuer_of, resource_of, server_of_domain

# ---------------------------------------------------------------- a server and a client's document


def publish(world: World, step: PublishDocument) -> Reply:
    """The server fetches the document behind a client_id; if it counts, the publisher is that client from now on."""
    name = f"{step.agent}.{world.ids.next('document')}"
    at = world.design.server_named(step.server)
    server = world.servers[at]
    outcome = server.learn_document(step.url, _document(world, step, name), now_s=world.now_s)
    world.count("documents_fetched")
    who = world.who(step.agent, world.design.actor_type(step.agent), agent=_agent(world, step.agent), task=step.task)
    effect = Effect("agent.registered", who, {"by": step.agent, "by_type": "agent"})
    if isinstance(outcome, Refusal):
        stop = guard.stop_of(world, (outcome,), None, place=at)
        return _stopped(world, step, effect, stop)
    signals.spread(world, at, outcome)
    world.caches[("key", step.url)] = name
    program = world.programs[step.agent]
    world.programs[step.agent] = replace(program, client=step.url, registered=(*program.registered, step.url))
    settle(world, step, [effect], None)
    return Reply(ok=True, handle=step.url)


def _document(world: World, step: PublishDocument, name: str) -> Document:
    host = urlsplit(step.url).netloc
    content = {
        "client_id": step.url,
        "client_name": "shopping assistant",
        "redirect_uris": [f"https://{host}/callback"],
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks": {"keys": [key(world.design.seed, f"client/{name}").public.jwk]},
    }
    return Document(200, content, address=step.address)


def _agent(world: World, name: str) -> str | None:
    return name if world.design.is_agent(name) else None


# ---------------------------------------------------------------- a client and a resource's metadata


def follow(world: World, step: FollowMetadata) -> Reply:
    """The client goes where the metadata leads, as far as what it reads there is what it asked for."""
    app = world.design.app_of(step.agent)
    right = _right_issuer(world, step.api)
    refusal = _unbelievable(world, step) or _mixed_up(world, step, right)
    if refusal is not None:
        return _not_redeemed(world, step, app, refusal)
    if step.issuer in (None, right):
        credential = sign_in.authorize(world, step.user, session=step.session, app=app)
        return Reply(ok=credential is not None, credential=credential)
    return _redeemed_elsewhere(world, step, app)


def _redeemed_elsewhere(world: World, step: FollowMetadata, app: str) -> Reply:
    """The client gives its code, its verifier and its assertion to the other server, which shows them to the right one."""
    asked = sign_in.ask_code(world, step.user, session=step.session, app=app)
    if asked is None:
        return Reply(ok=False, error="login_required")
    response = post(
        world, world.design.home, "/token", asked.client, asked.form, certificate=None, published_key=False,
        meant_for=step.claims or step.issuer,
    )  # fmt: skip
    if not response.ok:
        assert response.refusal is not None, "no error comes without a reason"
        return _not_redeemed(world, step, app, response.refusal)
    kept = sign_in.keep_code(world, asked, response, step.user, session=step.session, holder=THIEF, person=None)
    return Reply(ok=True, credential=kept)


def _not_redeemed(world: World, step: FollowMetadata, app: str, refusal: Refusal) -> Reply:
    """The token that the other server would have got."""
    thief = world.who(THIEF, "outsider", session=step.session)
    own: dict[str, Any] = {
        "token": "none",
        "grant": "authorization_code",
        "lifetime": 0,
        "audience": (world.design.login_audience(app),),
        "scope": world.design.login_scopes(app),
        "elevated": False,
        "proof": "none",
    }
    stop = guard.stop_of(world, (refusal,), None, place=step.api)
    return _stopped(world, step, Effect("token.issued", thief, own), stop)


def _right_issuer(world: World, api: str) -> str:
    system = world.design.system
    return issuer_of(server_of_domain(system, system.apis[api].domain))


def _unbelievable(world: World, step: FollowMetadata) -> Refusal | None:
    """What a careful client finds wrong with the metadata of the resource, and with that of the server it names."""
    resource = resource_of(step.api)
    issuer = step.issuer or _right_issuer(world, step.api)
    described = {"resource": step.resource or resource, "authorization_servers": [issuer]}
    published = {"issuer": step.claims or issuer, "code_challenge_methods_supported": ["S256"]}
    return check_resource_metadata(described, expected_resource=resource) or check_server_metadata(
        published, expected_issuer=issuer
    )


def _mixed_up(world: World, step: FollowMetadata, right: str) -> Refusal | None:
    """The other server sends the person on to the right one, whose answer says who gave it (RFC 9207)."""
    asked = step.claims or step.issuer or right
    if asked == right:
        return None
    state = world.ids.next("flow")
    answer = {"code": world.ids.next("code"), "iss": right, "state": state}
    read = read_authorization_response(answer, issuer=asked, state=state)
    return read if isinstance(read, Refusal) else None


def _stopped(world: World, step: PublishDocument | FollowMetadata, effect: Effect, stop: Stop) -> Reply:
    settle(world, step, [effect], stop)
    remember_refusal(world, step, stop)
    return refused(stop)
