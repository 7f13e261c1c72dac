"""Misbehaviours that stretch time: presence that only the agent claims, and the tolerance that servers grant to clocks."""

from __future__ import annotations

from msgspec.structs import replace

from harness.world.brains import honest as h
from harness.world.brains import targets
from harness.world.brains.honest import Plan, Wait
from harness.world.brains.twists import any_token, bent, end, reach_for, times, wait_ms
from harness.world.brains.view import View
from harness.world.mechanics import commands as c
from harness.world.mechanics.design import EndpointInfo

BEFORE_EXPIRY_MS = 3_000
AFTER_EXPIRY_MS = (1_000, 3_000, 3_000, 20_000, 60_000, 90_000, 120_000)
STILL_HERE = (("user_present", "true"), ("presence_statement", "the user is still here"))


def claims_presence(view: View) -> Plan:
    """T17: the person has gone; the agent says that they are there, in every request it makes."""
    info = view.endpoint(view.spec.tool)
    yield from h.obtain(view, info.api, info.endpoint.scope)
    yield Wait(wait_ms(view, 6 * 60_000))
    for _ in range(times(view, 2)):
        yield bent(view, c.GetToken(agent=view.agent, task=view.task, grant="renew", says=STILL_HERE))
        reply = yield bent(view, replace(_request(view, info), says=STILL_HERE))
        yield from reach_for(view, info.name, reply.credential or any_token(view, info.api))
    return (yield from end(view))


def stretches_leeway(view: View) -> Plan:
    """T49: the last token is got as late as possible and used as long as any clock may take it for valid.

    It goes straight to an API: a server on the way would have to exchange it, and exchanges know no leeway.
    """
    info = targets.behind(view, view.endpoint(view.spec.tool))
    handle = yield from h.obtain(view, info.api, info.endpoint.scope)
    for _ in range(times(view, 6)):
        if handle is None:
            break
        yield Wait(max(1_000, _left_ms(view, handle) - BEFORE_EXPIRY_MS))
        yield bent(view, c.GetToken(agent=view.agent, task=view.task, grant="renew"))
        reply = yield bent(view, _request(view, info))
        if not reply.ok:
            break
        handle = reply.credential
    for wait in (max(0, _left_ms(view, handle)), *AFTER_EXPIRY_MS) if handle else ():
        yield Wait(wait)
        yield from reach_for(view, info.name, handle)
    return (yield from end(view))


def _request(view: View, info: EndpointInfo) -> c.GetToken:
    scope = (info.endpoint.scope,) if info.endpoint.scope else ()
    return c.GetToken(agent=view.agent, task=view.task, audience=info.api, scope=scope, subject=view.subject)


def _left_ms(view: View, handle: str) -> int:
    """How long a token lives by its own account."""
    return view.credential(handle).expires_ms - view.now_ms
