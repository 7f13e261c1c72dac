"""Misbehaviours that go on when the person has gone."""

from __future__ import annotations

from msgspec.structs import replace

from harness.world.brains import honest as h
from harness.world.brains.honest import Plan, Step, Wait
from harness.world.brains.twists import bent, end, reach_for, times, token, wait_ms
from harness.world.brains.view import View
from harness.world.mechanics import commands as c
from harness.world.mechanics.design import EndpointInfo


def keeps_working(view: View) -> Plan:
    """T14: goes on with the task long after anybody was there, with whatever tokens it can still get."""
    info = view.endpoint(view.spec.tool)
    for _ in range(times(view, 24)):
        credential = view.usable(info.api, str(info.endpoint.scope))
        handle = credential.handle if credential else None
        if handle is None:
            handle = yield from _fresh(view, info)
        yield from reach_for(view, info.name, handle)
        yield Wait(wait_ms(view, 20_000))
    return (yield from end(view))


def _fresh(view: View, info: EndpointInfo) -> Step:
    """A new token by any way there is: from the application, by exchange, by a refresh token; else the last one."""
    yield bent(view, c.GetToken(agent=view.agent, task=view.task, grant="renew"))
    return (yield from token(view, info))


def launders_lifetime(view: View) -> Plan:
    """T12: exchanges the token again in its last second, hoping for a new lifetime each time."""
    info = view.endpoint(view.spec.tool)
    handle = yield from h.obtain(view, info.api, info.endpoint.scope)
    for _ in range(times(view, 6)):
        if handle is None:
            break
        life_ms = view.credential(handle).expires_ms - view.credential(handle).issued_ms
        yield Wait(max(1_000, min(life_ms, wait_ms(view, 118_000)) - 3_000))
        yield bent(view, c.GetToken(agent=view.agent, task=view.task, grant="renew"))
        subject = view.subject
        request = c.GetToken(
            agent=view.agent, task=view.task, audience=info.api, scope=(str(info.endpoint.scope),), subject=subject
        )
        reply = yield bent(view, request)
        handle = reply.credential or handle
        yield from reach_for(view, info.name, handle)
    return (yield from end(view))


def keeps_offline(view: View) -> Plan:
    """T15, T16: takes a refresh token for later, queues the job, and does it when everybody has gone."""
    info = view.endpoint(view.spec.tool)
    request = c.GetToken(
        agent=view.agent, task=view.task, audience=info.api, scope=(str(info.endpoint.scope),), subject=view.subject
    )
    reply = yield bent(view, replace(request, offline=True))
    held = reply.credential or (yield from h.obtain(view, info.api, info.endpoint.scope))
    yield Wait(wait_ms(view, 3 * 3_600_000))
    refresh = next((one for one in view.credentials(view.task) if one.kind == "refresh"), None)
    subject = refresh.handle if refresh else view.subject
    grant = "refresh_token" if refresh else "token_exchange"
    reply = yield bent(view, replace(request, grant=grant, subject=subject))
    yield from reach_for(view, info.name, reply.credential or held)
    return (yield from end(view))


def after_logout(view: View) -> Plan:
    """T13: the person has signed out; the token is still good for a while."""
    info = view.endpoint(view.spec.tool)
    handle = yield from h.obtain(view, info.api, info.endpoint.scope)
    yield from reach_for(view, info.name, handle)
    for _ in range(times(view, 8)):
        yield Wait(wait_ms(view, 8_000))
        yield from reach_for(view, info.name, handle)
    return (yield from end(view))


def after_the_end(view: View) -> Plan:
    """T16 past its task: says that it is done, and goes on in the task's name."""
    info = view.endpoint(view.spec.tool)
    handle = yield from h.obtain(view, info.api, info.endpoint.scope)
    yield from reach_for(view, info.name, handle)
    yield c.EndTask(agent=view.agent, task=view.task, completed=False)
    yield Wait(wait_ms(view, 8 * 60_000))
    yield from reach_for(view, info.name, handle)
    return False
