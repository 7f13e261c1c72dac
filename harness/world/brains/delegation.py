"""Misbehaviours along chains: a link left out, a sub-agent that gets more, an assertion presented where it was not meant."""

from __future__ import annotations

from msgspec.structs import replace

from harness.plan.scenario import Twist
from harness.world.brains import honest as h
from harness.world.brains import targets
from harness.world.brains.honest import Answer, Plan
from harness.world.brains.twists import any_token, bent, end, reach_for, twist
from harness.world.brains.view import View
from harness.world.mechanics import commands as c
from harness.world.mechanics.design import EndpointInfo
from harness.world.mechanics.state import World
from harness.world.sim.cast import Cast


def spliced(view: View) -> Plan:
    """T10, as an agent does it: the token from the middle of the chain goes to a server further down, as it is."""
    info = targets.named_or(view, lambda one: _reads_elsewhere(view, one))
    if info is not None:
        yield from reach_for(view, info.name, view.subject)
    return (yield from end(view))


def _reads_elsewhere(view: View, info: EndpointInfo) -> bool:
    return info.endpoint.action == "read" and info.api != view.endpoint(view.spec.tool).api and not info.endpoint.calls


def widened(view: View) -> Plan:
    """T11: the agent starts a sub-agent with a token of its own, and the sub-agent asks for more than that allows.

    More is a scope, or (variant `record`) another customer's record.
    """
    tool = view.endpoint(view.spec.tool)
    held = yield from h.obtain(view, tool.api, tool.endpoint.scope)
    for helper in view.helpers[:1]:
        spawn = c.Spawn(agent=view.agent, task=view.task, sub_agent=helper, credential=held)
        handed = (yield bent(view, spawn)).credential
        yield from (_reads_another if twist(view).variant == "record" else _asks_for_more)(view, helper, handed)
    return (yield from end(view))


def _asks_for_more(view: View, helper: str, handed: str | None) -> Answer:
    name = twist(view).endpoint
    info = (view.endpoint(name) if name else targets.forbidden(view)) or view.endpoint(view.spec.tool)
    reply = yield bent(view, _exchange(view, helper, handed, info))
    return (yield bent(view, replace(h.call(view, info.name, reply.credential or handed), agent=helper)))


def _reads_another(view: View, helper: str, handed: str | None) -> Answer:
    tool = view.endpoint(view.spec.tool)
    reply = yield bent(view, _exchange(view, helper, handed, tool))
    call = replace(h.call(view, tool.name, reply.credential or handed), agent=helper)
    record = view.record_of(view.others[0], tool.name) if view.others else None
    return (yield bent(view, replace(call, record=record)))


def _exchange(view: View, helper: str, handed: str | None, info: EndpointInfo) -> c.GetToken:
    """The sub-agent exchanges what it was handed for a token of its own."""
    scope = (info.endpoint.scope,) if info.endpoint.scope else ()
    return c.GetToken(agent=helper, task=view.task, audience=info.api, scope=scope, subject=handed)


def assertion_at_home(view: View) -> Plan:
    """T55: an assertion made for another domain's server is presented at the one that made it; then it is lost."""
    there = targets.first(view, lambda one: one.domain != view.domain and one.endpoint.scope is not None)
    shut = targets.named_or(view, lambda one: one.endpoint.administrative and one.domain == view.domain)
    if there is None or shut is None:
        return (yield from end(view))
    ask = c.GetToken(
        agent=view.agent, task=view.task, grant="id_jag", server=view.server_of(there), audience=there.api,
        scope=(str(there.endpoint.scope),), subject=view.subject,
    )  # fmt: skip
    held = (yield bent(view, ask, "ask")).credential
    present = replace(
        ask, grant="jwt_bearer", server=view.server_of(shut), audience=shut.api, scope=(str(shut.endpoint.scope),),
        subject=held,
    )  # fmt: skip
    reply = yield bent(view, present)
    yield from reach_for(view, shut.name, reply.credential or any_token(view, shut.api))
    if held is not None:
        yield c.Leak(held)
    return (yield from end(view))


def assertion_by_another(world: World, twist: Twist, cast: Cast) -> Plan:
    """T55, as an outsider does it: a foreign client redeems assertions that it found, at the server they are for."""
    client = cast.agent("foreign")
    lost = [one for handle in world.leaked if (one := world.credentials.get(handle)) and one.kind == "assertion"]
    for held in lost:
        domain = world.design.system.servers[held.server].domain
        for info in world.design.endpoints.values():
            if info.domain == domain and info.endpoint.scope in held.facts.token_scope:
                request = c.GetToken(
                    agent=client, goal=twist.id, twist=twist.id, grant="jwt_bearer", server=held.server,
                    audience=info.api, scope=held.facts.token_scope, subject=held.handle,
                )  # fmt: skip
                reply = yield request
                yield c.Call(
                    agent=client, goal=twist.id, twist=twist.id, endpoint=info.name, credential=reply.credential,
                    owner=held.user,
                )  # fmt: skip
    return False
