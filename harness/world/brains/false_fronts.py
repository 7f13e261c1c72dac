"""Misbehaviours that show one thing and are another: headers unlike bodies, swapped documents, servers that pose as others."""

from __future__ import annotations

from typing import Any

from harness.plan.scenario import Twist
from harness.world.brains import honest as h
from harness.world.brains import targets
from harness.world.brains.honest import Plan, Wait
from harness.world.brains.twists import any_token, bent, end, reach_for, twist, wait_ms
from harness.world.brains.view import View
from harness.world.mechanics import commands as c
from harness.world.mechanics.hostile import FollowMetadata, PublishDocument
from harness.world.mechanics.legality import THIEF
from harness.world.mechanics.state import World
from harness.world.sim.cast import Cast

EVIL = "https://login-helper.example"
EVIL_DOCUMENT = "https://assistant.example/client.json"
INNER_ADDRESS = "10.0.0.7"


def header_and_body(view: View) -> Plan:
    """T53: the header names the tool that the task uses, the body calls one that is forbidden."""
    tool = view.endpoint(view.spec.tool)
    name = twist(view).endpoint
    shut = (
        view.endpoint(name) if name else targets.first(view, lambda i: i.endpoint.administrative and i.api == tool.api)
    )
    if shut is not None:
        credential = yield from h.obtain(view, tool.api, tool.endpoint.scope)
        yield from reach_for(view, shut.name, credential, header_tool=tool.name)
    return (yield from end(view))


def new_document(view: View) -> Plan:
    """T54: a client document points into the inner network; another one, of a denied agent, is a new identity."""
    info = view.endpoint(view.spec.tool)
    yield from h.obtain(view, info.api, info.endpoint.scope)
    yield Wait(wait_ms(view, 85_000))
    inner = PublishDocument(agent=view.agent, task=view.task, url=EVIL_DOCUMENT, address=INNER_ADDRESS)
    yield bent(view, inner)
    reply = yield bent(view, PublishDocument(agent=view.agent, task=view.task, url=EVIL_DOCUMENT))
    if reply.ok:
        yield bent(view, c.GetToken(agent=view.agent, task=view.task, grant="renew"))
        scope = (info.endpoint.scope,) if info.endpoint.scope else ()
        request = c.GetToken(agent=view.agent, task=view.task, audience=info.api, scope=scope, subject=view.subject)
        reply = yield bent(view, request)
    yield from reach_for(view, info.name, reply.credential or any_token(view, info.api))
    return (yield from end(view))


def swapped_document(world: World, twist: Twist, cast: Cast) -> Plan:
    """T54, as an outsider does it: a known client's document gets other keys, and a person who trusts it a new link."""
    target = cast.person(twist.target or "A")
    known = [one for one in world.design.system.agents.values() if one.document]
    for agent in known[:1]:
        url = str(agent.document)
        published = yield PublishDocument(agent=THIEF, goal=twist.id, twist=twist.id, url=url)
        reply = published
        if published.ok:
            reply = yield c.Lure(agent=THIEF, goal=twist.id, twist=twist.id, user=target)
        for info in world.design.endpoints.values():
            if info.api == world.design.mcp_api and info.endpoint.calls and not info.endpoint.administrative:
                yield c.Call(
                    agent=THIEF, goal=twist.id, twist=twist.id, endpoint=info.name, credential=reply.credential,
                    owner=target,
                )  # fmt: skip
    return False


def follows_metadata(view: View) -> Plan:
    """T57: a resource names a server of the attacker's, which poses as the right one or sends the person on to it."""
    info = view.endpoint(view.spec.tool)
    lies: tuple[dict[str, Any], ...] = (
        {"issuer": EVIL},
        {"issuer": EVIL, "claims": view.issuer_of(info)},
        {"resource": EVIL},
    )
    for lie in lies:
        step = FollowMetadata(
            agent=view.agent, task=view.task, user=view.user, session=view.session, api=info.api, **lie
        )  # fmt: skip
        yield bent(view, step)
    data = targets.behind(view, info)
    yield c.Call(agent=THIEF, goal=twist(view).id, twist=twist(view).id, endpoint=data.name, owner=view.user)
    return (yield from end(view))
