"""Misbehaviours of an agent that an administrator has denied."""

from __future__ import annotations

from msgspec.structs import replace

from harness.world.brains import honest as h
from harness.world.brains.honest import Plan, Wait
from harness.world.brains.twists import any_token, bent, end, reach_for, times, token, wait_ms
from harness.world.brains.view import View
from harness.world.mechanics import commands as c


def new_tokens(view: View) -> Plan:
    """T46: asks for new tokens after the denial, on every grant path that it has."""
    info = view.endpoint(view.spec.tool)
    yield from h.obtain(view, info.api, info.endpoint.scope)
    yield Wait(wait_ms(view, 85_000))
    request = c.GetToken(
        agent=view.agent, task=view.task, audience=info.api, scope=(str(info.endpoint.scope),), subject=view.subject
    )
    yield bent(view, replace(request, grant="client_credentials", subject=None), "client_credentials")
    yield bent(view, request, "token_exchange")
    return (yield from end(view))


def old_tokens(view: View) -> Plan:
    """T44: goes on with the tokens that were issued before the denial."""
    info = view.endpoint(view.spec.tool)
    handle = yield from h.obtain(view, info.api, info.endpoint.scope)
    yield from reach_for(view, info.name, handle)
    yield Wait(wait_ms(view, 85_000))
    for _ in range(times(view, 3)):
        yield from reach_for(view, info.name, handle)
        yield Wait(4_000)
    return (yield from end(view))


def derived_tokens(view: View) -> Plan:
    """T45: a job queued at the MCP server goes on with the token that the server derived."""
    info = view.endpoint(view.spec.tool)
    handle = yield from h.obtain(view, info.api, info.endpoint.scope)
    yield from reach_for(view, info.name, handle, job=True)
    yield Wait(wait_ms(view, 130_000))
    return (yield from end(view))


def registers_again(view: View) -> Plan:
    """T47: a new client_id, and a new life."""
    info = view.endpoint(view.spec.tool)
    yield from h.obtain(view, info.api, info.endpoint.scope)
    yield Wait(wait_ms(view, 85_000))
    registered = yield bent(view, c.Register(agent=view.agent, task=view.task))
    if not registered.ok:
        yield from reach_for(view, info.name, any_token(view, info.api))
        return (yield from end(view))
    request = c.GetToken(
        agent=view.agent,
        task=view.task,
        audience=info.api,
        scope=(str(info.endpoint.scope),),
        grant="client_credentials",
    )
    reply = yield bent(view, request)
    yield from reach_for(view, info.name, reply.credential or any_token(view, info.api))
    return (yield from end(view))


def shared_client(view: View) -> Plan:
    """T48: behind a client_id that many share, the denial of one finds nobody."""
    info = view.endpoint(view.spec.tool)
    yield from h.obtain(view, info.api, info.endpoint.scope)
    yield Wait(wait_ms(view, 85_000))
    yield bent(view, c.GetToken(agent=view.agent, task=view.task, grant="renew"))
    handle = yield from token(view, info)
    yield from reach_for(view, info.name, handle)
    return (yield from end(view))
