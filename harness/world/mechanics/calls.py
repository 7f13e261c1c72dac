"""Calls: from an agent, or a person's application, to an endpoint; through the MCP server where it is a tool.

A tool's call is two hops with a token each: the MCP server exchanges the token it was sent for one of its own (or, where
it misbehaves, passes the same one on). Each hop is decided at its own enforcement point; effects are settled once.
"""

from __future__ import annotations

from typing import NamedTuple

from msgspec.structs import replace

from harness.oauth import Presented
from harness.trace import Cause
from harness.world.mechanics import answers, caching, custody, egress, grants, guard, jobs, sinks, steps, transport
from harness.world.mechanics.aims import aimed, behind_tool, hop_of, selected
from harness.world.mechanics.commands import Call
from harness.world.mechanics.design import EndpointInfo
from harness.world.mechanics.effects import (
    Effect,
    Hop,
    Stop,
    allowed,
    denied,
    operation_fields,
    remember_refusal,
    settle,
)
from harness.world.mechanics.records import Credential, Due, Operation, Task
from harness.world.mechanics.replies import Reply, refused
from harness.world.mechanics.state import Message, World

CHANGED_TOOL = "T37"
LATE = "fault:late"


def call(world: World, step: Call) -> Reply:
    """Carry out one call of an agent; returns what the LLM gets to see of it."""
    info = world.design.endpoints[step.endpoint]
    credential = world.credentials.get(step.credential) if step.credential else None
    task = world.tasks.get(step.task) if step.task else None
    if step.twist is None and world.versions.get(step.endpoint, 1) != world.approved.get(step.endpoint, 1):
        step = replace(step, twist=CHANGED_TOOL)  # whoever changed the tool decides what this call does
        if task is not None:
            task = world.tasks[task.id] = replace(task, twist=CHANGED_TOOL)
    aim = aimed(world, step, info, credential, task, actor=step.agent)
    asked, first = aim.asked, hop_of(world, info, credential, aim)
    if step.around:
        return _around_the_gateway(world, step, first, asked, task)
    by = transport.taken_for(world, step, info)
    stop, kept = custody.refusal(world, step, info, credential, task), None
    if stop is None:
        met = _before_checks(world, step, first, asked, task)
        if met is not None:
            return met
        stop, kept = transport.refusal(world, step, first, asked), None
        if stop is None:
            stop, kept = _decided(world, step, first, asked, task, by=by, presented=aim.presented)
    if stop is not None:
        return _refuse(world, step, first, asked, task, stop)
    _let_through(world, step, first, asked, kept)
    if kept is not None:
        return _hand_out(world, step, first, asked, task, kept)
    if behind_tool(world, step, info) is None:
        return _handle(world, step, first, asked, task)
    return _second_hop(world, step, first, asked, task)


def _before_checks(
    world: World, step: Call, hop: Hop, asked: guard.Asked, task: Task | None, tool: Hop | None = None
) -> Reply | None:
    """What answers before an enforcement point is asked: a cache on the way, or nobody where the API is down."""
    kept = caching.served(world, step, hop, asked.info, task, ("client", "gateway"))
    if kept is not None:
        if kept.stands == "gateway":
            hop = caching.at_gateway(hop)
            allowed(world, step, hop)
        return _hand_out(world, step, hop, asked, task, kept, tool)
    if not world.conditions.answers(hop.info.api, world.now_ms):
        world.count("unanswered")
        return Reply(ok=False, error="temporarily_unavailable")
    return None


def _decided(
    world: World,
    step: Call,
    hop: Hop,
    asked: guard.Asked,
    task: Task | None,
    *,
    by: EndpointInfo | None = None,
    presented: Presented | None = None,
) -> tuple[Stop | None, caching.Served | None]:
    """The enforcement point's answer; where the API has a kept answer, the token alone is looked at and no record."""
    kept = caching.served(world, step, hop, asked.info, task, ("api",))
    if kept is None:
        stop = guard.decide(world, hop.info, hop.request, hop.credential, asked, by=by, presented=presented)
        stop = stop or steps.refusal(world, step, hop, asked)
    else:
        stop = guard.decide(world, hop.info, hop.request, hop.credential, asked._replace(records=(), about=None), by=by)
    return stop, kept


def _hand_out(
    world: World,
    step: Call,
    hop: Hop,
    asked: guard.Asked,
    task: Task | None,
    kept: caching.Served,
    tool: Hop | None = None,
) -> Reply:
    """An answer out of a cache: whoever asked gets what is in it, unless the receiver compares whose it is (K26)."""
    effects, cause = caching.effects(world, hop, kept, task), caching.cause(step, hop, kept)
    mine = kept.entry.user is None or task is None or kept.entry.user == task.user
    receivers = (world.design.mcp_api, step.agent) if tool else (step.agent,)
    if not mine and any(world.design.on("K26", one) for one in receivers):
        stop = Stop(("K26",), error="response_mismatch")
        settle(world, step, effects, stop, cause=cause)
        remember_refusal(world, step, stop)
        caching.purge(world, kept.entry)
        return refused(stop)
    settle(world, step, effects, None, cause=cause)
    return _answer(world, step, hop, asked._replace(records=kept.records), task, tool, cached=kept)


def _around_the_gateway(world: World, step: Call, hop: Hop, asked: guard.Asked, task: Task | None) -> Reply:
    """Straight to a legacy API, which authorizes nothing itself: all that can stop this is that no path leads there."""
    route = replace(hop.info.route, pep="none")
    direct = hop._replace(request=replace(hop.request, route=route))
    api = world.design.system.apis[hop.info.api]
    if not (api.legacy and api.around_gateway):
        stop = Stop((guard.BASE,), error="unreachable", reason="policy", status=502)
        return _refuse(world, step, direct, asked, task, stop)
    _let_through(world, step, direct, asked)
    return _handle(world, step, direct, asked, task)


def _second_hop(world: World, step: Call, first: Hop, asked: guard.Asked, task: Task | None) -> Reply:
    """The MCP server calls the API behind its tool, with a token of its own."""
    info = world.design.endpoints[str(behind_tool(world, step, first.info))]
    assert first.credential is not None
    server = world.design.mcp_service
    if step.passthrough:
        derived: Credential | Stop = first.credential
    else:
        derived = grants.derive(world, step, server, first.credential, info)
    if isinstance(derived, Stop):
        second = hop_of(world, info, None, aimed(world, step, info, None, task, actor=server, asked=asked))
        if derived.reason == "invalid_token":  # the token ended on the way: to the caller that is the server's own 401
            derived = derived._replace(error="invalid_token")
        return _refuse(world, step, second, asked, task, derived)
    if derived.user != first.credential.user:
        asked = selected(world, step, info, task, derived, by="token")
    sent = Sent(step, first, asked, derived.handle)
    on_way_ms = world.fate(Message("hop", info.api, step.agent, world.now_ms))
    if on_way_ms is None:
        world.count("messages_lost")
        return Reply(ok=False, error="gateway_timeout")
    if on_way_ms > 0:
        sent = sent._replace(step=replace(step, fault=step.fault or LATE))
        return Reply(ok=False, pending=True, waits=world.plan(Due(world.now_ms + on_way_ms, "hop", info.api, sent)))
    return _arrived(world, sent)


class Sent(NamedTuple):
    """A call of the MCP server that is on its way to the API behind the tool."""

    step: Call
    first: Hop
    asked: guard.Asked
    derived: str


def arrive(world: World, due: Due) -> None:
    """A call that took its time reaches the API; its answer is kept for whoever waits for it."""
    assert isinstance(due.payload, Sent), "what is on its way is a call"
    world.replies[due.key] = _arrived(world, due.payload)


def _arrived(world: World, sent: Sent) -> Reply:
    step, first, asked = sent.step, sent.first, sent.asked
    info = world.design.endpoints[str(behind_tool(world, step, first.info))]
    task = world.tasks.get(step.task) if step.task else None
    credential = world.credentials[sent.derived]
    aim = aimed(world, step, info, credential, task, actor=world.design.mcp_service, asked=asked)
    second = hop_of(world, info, credential, aim)
    met = _before_checks(world, step, second, asked, task, first)
    if met is not None:
        return met
    stop, kept = _decided(world, step, second, asked, task, presented=aim.presented)
    if stop is not None:
        return _refuse(world, step, second, asked, task, stop)
    _let_through(world, step, second, asked, kept)
    if step.job:
        jobs.queue(world, jobs.Job(step, info.name, credential.handle))
    if kept is not None:
        return _hand_out(world, step, second, asked, task, kept, first)
    return _handle(world, step, second, asked, task, tool=first)


def _let_through(
    world: World, step: Call, hop: Hop, asked: guard.Asked, kept: caching.Served | None = None
) -> None:
    """The request reaches the handler, which does the steps that are its own, unless a kept answer saves it the work."""
    allowed(world, step, hop)
    if kept is None:
        settle(world, step, steps.of_handler(world, step, hop, asked), None)


def _wanted(world: World, step: Call, hop: Hop, asked: guard.Asked, task: Task | None) -> list[Effect]:
    """Everything that the handlers from this hop on would do."""
    effects = [Effect("request.allowed", hop.who, {}, hop.request), *steps.of_handler(world, step, hop, asked)]
    last = hop
    if hop.info.name != asked.info.name:
        server = world.design.mcp_service
        last = hop_of(world, asked.info, None, aimed(world, step, asked.info, None, task, actor=server, asked=asked))
        effects += [Effect("request.allowed", last.who, {}, last.request), *steps.of_handler(world, step, last, asked)]
    if last.info.endpoint.sink == "external":
        effects += sinks.sent(last, sinks.carried(world, step))
    return effects + _handler_effects(world, step, last, asked)


def _handler_effects(world: World, step: Call, hop: Hop, asked: guard.Asked) -> list[Effect]:
    effects = [Effect("data.accessed", hop.who, own, hop.request) for own in asked.disclosed]
    if asked.operation is not None:
        effects.append(Effect("operation.completed", hop.who, operation_fields(asked.operation), hop.request))
    if hop.info.endpoint.creates_document:
        effects.append(answers.document(world, step, hop, asked.records))
    return effects


def _refuse(world: World, step: Call, hop: Hop, asked: guard.Asked, task: Task | None, stop: Stop) -> Reply:
    if task is not None and step.twist is None:
        now = world.tasks[task.id]
        world.tasks[task.id] = replace(now, refused=(*now.refused, step.endpoint))
    denied(world, hop.who, hop.request, stop.reason, hop.info)
    if asked.operation is not None:
        _decision(world, hop, asked.operation, "deny")
    if stop.spared:
        settle(world, step, [Effect("request.denied", hop.who, {"reason": stop.spared}, hop.request)], stop)
    settle(world, step, _wanted(world, step, hop, asked, task), stop)
    remember_refusal(world, step, stop)
    return refused(stop)


def _got_through(world: World, task: Task, endpoint: str) -> None:
    """Earlier refusals of the same call were challenges that the task has answered."""
    now = world.tasks[task.id]
    rest = tuple(one for one in now.refused if one != endpoint)
    world.tasks[task.id] = replace(now, refused=rest, round_trips=now.round_trips + len(now.refused) - len(rest))


def _decision(world: World, hop: Hop, operation: Operation, decision: str) -> None:
    own = {"request": hop.request.request, "operation": operation.id, "decision": decision}
    world.emit("access.decided", hop.who, own, request=hop.request)


def _handle(
    world: World, step: Call, hop: Hop, asked: guard.Asked, task: Task | None, tool: Hop | None = None
) -> Reply:
    """The handler runs: data leaves the API, an operation completes, the answer reaches whoever called."""
    if task is not None and task.refused and step.twist is None:
        _got_through(world, task, step.endpoint)
    if step.handle is not None:
        return answers.resume(world, step, hop, task)
    if asked.operation is not None:
        _decision(world, hop, asked.operation, "permit")
        world.operations[asked.operation.id] = asked.operation
    settle(world, step, _handler_effects(world, step, hop, asked), None)
    if asked.withheld:
        wanted = [Effect("data.accessed", hop.who, own, hop.request) for own in asked.withheld]
        settle(world, step, wanted, Stop(("K04",)), cause=Cause(step.goal, step.twist or "fault:shared_index"))
    caching.written(world, asked.info, asked.records)
    if hop.info.endpoint.sink == "external":
        sinks.send(world, step, hop, task)
    caching.fill(world, step, hop, asked.info, asked.records, task)
    reply = _answer(world, step, hop, asked, task, tool)
    return replace(reply, operation=asked.operation.id) if asked.operation else reply


def _answer(
    world: World,
    step: Call,
    hop: Hop,
    asked: guard.Asked,
    task: Task | None,
    tool: Hop | None,
    *,
    cached: caching.Served | None = None,
) -> Reply:
    """The answer on its way back, through the MCP server where the call came by it, to whoever asked."""
    outer = tool or hop
    answered = asked.records
    behind = tool is not None or hop.info.name != asked.info.name
    if behind and world.design.is_third_party(step.agent):
        unasked = cached is not None and tool is None and cached.stands == "gateway"
        answered = egress.answer_third_party(world, step, outer, asked, checked=not unasked)
    if tool is not None:
        caching.fill(world, step, tool, asked.info, answered, task)
    entry = cached.entry if cached else None
    return answers.receive(world, step, hop, outer=outer, records=answered, task=task, cached=entry)


def run_job(world: World, job: jobs.Job) -> None:
    """One round of a queued job: the same request, with the derived token as it is now."""
    step, info = job.step, world.design.endpoints[job.endpoint]
    task = world.tasks.get(step.task) if step.task else None
    credential = world.credentials[job.credential]
    aim = aimed(world, step, info, credential, task, actor=world.design.mcp_service)
    asked, hop = aim.asked, hop_of(world, info, credential, aim)
    stop = guard.decide(world, info, hop.request, credential, asked, presented=aim.presented)
    stop = stop or steps.refusal(world, step, hop, asked)
    if stop is not None:
        _refuse(world, step, hop, asked, task, stop)
        return
    _let_through(world, step, hop, asked)
    _handle(world, step, hop, asked, task)
