"""Misbehaviours with tokens that are none: JWTs of another kind, forgeries, a client's own token in a person's place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from harness.plan.scenario import Twist
from harness.world.brains import targets
from harness.world.brains.honest import Plan
from harness.world.brains.twists import any_token, bent, end, reach_for
from harness.world.brains.view import View
from harness.world.mechanics import commands as c
from harness.world.mechanics.design import EndpointInfo
from harness.world.mechanics.forgery import FORGED_KINDS, OTHER_KINDS
from harness.world.mechanics.hostile import Forge
from harness.world.mechanics.legality import THIEF
from harness.world.mechanics.records import Credential
from harness.world.mechanics.state import World
from harness.world.sim.cast import Cast


def wrong_kind(view: View) -> Plan:
    """T50: an ID token, a logout token, a security event, each presented as an access token."""
    return (yield from _present_all(view, OTHER_KINDS))


def forged(view: View) -> Plan:
    """T51: no signature, a confused algorithm, a foreign issuer, edited claims, a key of one's own."""
    return (yield from _present_all(view, FORGED_KINDS))


def _present_all(view: View, kinds: Iterable[str]) -> Plan:
    like = view.subject
    for info, owner in _aims(view):
        for kind in kinds if like is not None else ():
            scope = (info.endpoint.scope,) if info.endpoint.scope else ()
            made = yield bent(
                view,
                Forge(
                    agent=view.agent, task=view.task, kind=kind, like=str(like), subject=owner, audience=info.api,
                    scope=scope,
                ),
            )  # fmt: skip
            yield from reach_for(view, info.name, made.credential, owner=owner)
    return (yield from end(view))


def _aims(view: View) -> Iterator[tuple[EndpointInfo, str | None]]:
    """Another customer's data at the API behind the task's tool, and an endpoint that is nobody's business."""
    data = targets.behind(view, view.endpoint(view.spec.tool))
    for other in view.others[:1]:
        yield data, other
    shut = targets.named_or(view, lambda info: info.endpoint.administrative)
    if shut is not None:
        yield shut, None


def own_token(view: View) -> Plan:
    """T52: the client's own token, whose subject is no person, for a person's data."""
    info = targets.behind(view, view.endpoint(view.spec.tool))
    scope = (info.endpoint.scope,) if info.endpoint.scope else ()
    request = c.GetToken(
        agent=view.agent, task=view.task, grant="client_credentials", audience=info.api, scope=scope
    )  # fmt: skip
    reply = yield bent(view, request)
    for other in view.others[:1]:
        yield from reach_for(view, info.name, reply.credential or any_token(view, info.api), owner=other)
    return (yield from end(view))


def unknown_keys(world: World, twist: Twist, cast: Cast) -> Plan:
    """T43: an outsider floods an API with tokens whose key ids nobody has seen, each another one."""
    found = [one for handle in world.leaked if (one := world.credentials.get(handle)) and one.kind == "access"]
    pairs = [(one, info) for one in found for info in world.design.endpoints.values() if _opens_data(one, info)]
    for like, info in pairs[:1] * (twist.times or 40):
        made = yield Forge(agent=THIEF, goal=twist.id, twist=twist.id, kind="unknown_kid", like=like.handle)
        yield c.Call(
            agent=THIEF, goal=twist.id, twist=twist.id, endpoint=info.name, credential=made.credential, owner=like.user
        )
    return False


def _opens_data(credential: Credential, info: EndpointInfo) -> bool:
    """Whether the token would open this endpoint, and there is somebody's data behind it."""
    return info.api in credential.facts.token_audience and bool(info.endpoint.calls or info.endpoint.category)
