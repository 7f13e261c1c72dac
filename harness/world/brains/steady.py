"""Honest brains whose clients are under strain: parallel refreshes, scopes stepped up one by one. Nobody misbehaves here.

What they show is liveness: a control that takes honest concurrency for theft, or a client that forgets what it had.
"""

from __future__ import annotations

from harness.world.brains import honest as h
from harness.world.brains.honest import Answer, Plan, Wait
from harness.world.brains.view import View
from harness.world.mechanics import commands as c
from harness.world.mechanics.replies import Reply

ROUNDS = 10
UNTIL_EXPIRED_MS = 125_000


def brain_for(view: View) -> Plan:
    """The honest brain, with the client that its job describes."""
    if view.job.workers > 1:
        return parallel_refresh(view)
    return stepping_up(view) if view.job.keeps is not None else h.honest(view)


def parallel_refresh(view: View) -> Plan:
    """Several workers of one agent find the token expired at once, and each sends the same refresh token."""
    info = view.endpoint(view.spec.tool)
    request = c.GetToken(
        agent=view.agent, task=view.task, audience=info.api, scope=(str(info.endpoint.scope),), subject=view.subject
    )
    yield c.GetToken(
        agent=view.agent, task=view.task, audience=info.api, scope=request.scope, subject=view.subject, offline=True
    )
    for _ in range(2):
        yield Wait(UNTIL_EXPIRED_MS)
        yield from _all_refresh(view, info.api)
    held = view.usable(info.api, str(info.endpoint.scope))
    reply = yield h.call(view, info.name, held.handle if held else None)
    done = reply.ok
    if done:
        yield c.Deliver(agent=view.agent, task=view.task, items=reply.items)
    yield c.EndTask(agent=view.agent, task=view.task, completed=done)
    return done


def _all_refresh(view: View, audience: str) -> Answer:
    """Each worker refreshes with the refresh token that was newest when they all looked."""
    reply = Reply(ok=False, error="invalid_grant")
    token = next((one for one in view.credentials(view.task) if one.kind == "refresh"), None)
    if token is None:
        return reply
    for _ in range(view.job.workers):
        reply = yield c.GetToken(
            agent=view.agent, task=view.task, grant="refresh_token", audience=audience, subject=token.handle
        )
    return reply


def stepping_up(view: View) -> Plan:
    """A client with one token at a time, which asks for the scope it is challenged for and starts again."""
    names = (*view.spec.reads, view.spec.tool)
    scopes: tuple[str, ...] = ()
    credential: str | None = view.subject
    done = False
    for _ in range(ROUNDS):
        missing = yield from _try_all(view, names, credential)
        if missing is None:
            done = True
            break
        scopes = (missing,) if view.job.keeps == "last_scope" else tuple(dict.fromkeys((*scopes, missing)))
        reply = yield c.GetToken(
            agent=view.agent,
            task=view.task,
            audience=view.endpoint(names[0]).api,
            scope=scopes,
            subject=view.subject,
        )
        credential = reply.credential
    if done:
        yield c.Deliver(agent=view.agent, task=view.task, items=view.items)
    yield c.EndTask(agent=view.agent, task=view.task, completed=done)
    return done


def _try_all(view: View, names: tuple[str, ...], credential: str | None) -> h.Step:
    """Call each in turn with one token; the scope of the first that is refused, None where all went through."""
    for name in names:
        reply = yield h.call(view, name, credential)
        if not reply.ok:
            return str(view.endpoint(name).endpoint.scope)
    return None
