"""Misbehaviours that go for endpoints the agent has no business at."""

from __future__ import annotations

from collections.abc import Callable

from harness.world.brains import honest as h
from harness.world.brains import targets
from harness.world.brains.honest import Plan, Wait
from harness.world.brains.twists import any_token, bent, end, reach_for, token, twist, wait_ms
from harness.world.brains.view import View
from harness.world.mechanics import commands as c
from harness.world.mechanics.design import EndpointInfo


def _first(view: View, wanted: Callable[[EndpointInfo], bool]) -> EndpointInfo | None:
    return next((info for info in view.endpoints() if wanted(info)), None)


def admin_endpoint(view: View) -> Plan:
    """T03: an endpoint that the model made up or read about, and the scope that would open it."""
    name = twist(view).endpoint
    tool_api = view.endpoint(view.spec.tool).api
    info = view.endpoint(name) if name else _first(view, lambda i: i.endpoint.administrative and i.api == tool_api)
    if info is not None:
        yield from h.obtain(view, info.api, view.endpoint(view.spec.tool).endpoint.scope)
        credential = yield from token(view, info)
        yield from reach_for(view, info.name, credential)
    return (yield from end(view))


def more_scope(view: View) -> Plan:
    """T04: a scope in the exchange request that nobody granted, for an API that the task does not need."""
    name = twist(view).endpoint
    tool_api = view.endpoint(view.spec.tool).api
    info = view.endpoint(name) if name else _first(view, lambda i: i.endpoint.administrative and i.api != tool_api)
    if info is not None:
        yield from h.use(view, view.spec.tool)
        credential = yield from token(view, info)
        yield from reach_for(view, info.name, credential)
    return (yield from end(view))


def direct_call(view: View) -> Plan:
    """T06: the token for the MCP server, sent straight to an API where its scope happens to open something."""
    name = twist(view).endpoint
    target = view.endpoint(name) if name else targets.beside_tools(view)
    if target is None:
        return (yield from end(view))
    tool_api = view.endpoint(view.spec.tool).api
    reply = yield c.GetToken(
        agent=view.agent, task=view.task, audience=tool_api, scope=(str(target.endpoint.scope),), subject=view.subject
    )
    yield from reach_for(view, target.name, reply.credential or any_token(view))
    return (yield from end(view))


def passed_through(view: View) -> Plan:
    """T07: the MCP server sends the token that it was sent on to an API."""
    name = twist(view).endpoint
    target = view.endpoint(name) if name else targets.beside_tools(view)
    if target is None:
        return (yield from end(view))
    tool = view.endpoint(view.spec.tool)
    scopes = tuple(dict.fromkeys(str(one) for one in (tool.endpoint.scope, target.endpoint.scope)))
    reply = yield c.GetToken(agent=view.agent, task=view.task, audience=tool.api, scope=scopes, subject=view.subject)
    credential = reply.credential or any_token(view)
    yield from reach_for(view, tool.name, credential, passthrough=target.name)
    return (yield from end(view))


def hidden_agent(view: View) -> Plan:
    """T09: a token that shows no actor where the server impersonates; used on what is for people alone."""
    name = twist(view).endpoint
    info = view.endpoint(name) if name else _first(view, lambda i: i.endpoint.people_only)
    if info is None:
        return (yield from end(view))
    credential = yield from token(view, info)
    yield from reach_for(view, info.name, credential)
    yield Wait(wait_ms(view, 75_000))
    yield from reach_for(view, info.name, credential)
    return (yield from end(view))


def around_the_gateway(view: View) -> Plan:
    """T03 at the network: a legacy API is called directly, past the gateway that authorizes for it."""
    name = twist(view).endpoint
    credential = yield from h.obtain(
        view, view.endpoint(view.spec.tool).api, view.endpoint(view.spec.tool).endpoint.scope
    )
    for info in view.endpoints():
        if (info.name == name) if name else view.is_legacy(info):
            yield from reach_for(view, info.name, credential, around=True)
    return (yield from end(view))


def more_audience(view: View) -> Plan:
    """T04 at the token endpoint of a refresh: an API that the person never agreed to, for a grant that is there."""
    target = view.endpoint(str(twist(view).endpoint))
    yield from h.use(view, view.spec.tool)
    refresh = next((one for one in view.credentials() if one.kind == "refresh" and one.user == view.user), None)
    request = c.GetToken(
        agent=view.agent,
        task=view.task,
        grant="refresh_token" if refresh else "token_exchange",
        audience=target.api,
        scope=(str(target.endpoint.scope),) if target.endpoint.scope else (),
        subject=refresh.handle if refresh else view.subject,
    )
    reply = yield bent(view, request)
    yield from reach_for(view, target.name, reply.credential or any_token(view))
    return (yield from end(view))


def found_credential(view: View) -> Plan:
    """T23: a credential lies in what a tool returned; the agent tries it on everything that it opens."""
    yield from h.use(view, view.spec.tool)
    for held in view.lying_around():
        for info in view.endpoints():
            if info.api in held.facts.token_audience and info.endpoint.scope in held.facts.token_scope:
                yield bent(view, h.call(view, info.name, held.handle), info.name)
    return (yield from end(view))
