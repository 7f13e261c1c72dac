"""Steps of requests: what a handler does by itself that a requirements file has declared, and where it goes no further.

A server goes no further where a step of its own came out otherwise than needed, and (K32) without the evidence that its
design insists on.
"""

from __future__ import annotations

from typing import Any

from harness.plan.controls import INSISTING
from harness.plan.steps import OTHERWISE, SERVER_SIDE, Emitter
from harness.trace import Cause
from harness.world.mechanics import beside
from harness.world.mechanics.beside import BASE, happen
from harness.world.mechanics.commands import Call
from harness.world.mechanics.effects import Effect, Hop, Stop, operation_fields
from harness.world.mechanics.filling import filled
from harness.world.mechanics.guard import Asked
from harness.world.mechanics.occurrences import Occurrence, known, takes_part, who_of
from harness.world.mechanics.schedule import effects_of
from harness.world.mechanics.state import World

MAIN = ("operation.completed", "data.accessed", "request.allowed")
"""What a request is for, the weightiest first."""


def of_handler(world: World, call: Call, hop: Hop, asked: Asked) -> list[Effect]:
    """The steps that the handler of this hop does by itself."""
    found = []
    for step in world.design.schedule.at.get(hop.info.name, ()):
        by = Emitter(sort="endpoint", name=hop.info.name)
        who = who_of(world, by, hop.who)
        own = filled(world, step, who, _of_call(call, hop, asked), otherwise=call.twist == OTHERWISE + step.kind)
        found.append(Effect(step.kind, who, own))
    return found


def refusal(world: World, call: Call, hop: Hop, asked: Asked) -> Stop | None:
    """Why the server that was reached goes no further although it would admit the request; None where it does."""
    if not world.design.schedule.steps:
        return None
    kind = next(kind for kind in MAIN if kind in effects_of(hop.info))
    found = Occurrence(kind, hop.who, _of_call(call, hop, asked), hop.request, None, Cause(call.goal, call.twist))
    if _came_out_otherwise(world, hop, found):
        return Stop((BASE,), error="step_refused", status=409)
    missing = beside.missing(world, hop.info.name, found, api=hop.info.api)
    return Stop((INSISTING,), error="step_missing", status=428, challenge=missing) if missing is not None else None


def _came_out_otherwise(world: World, hop: Hop, found: Occurrence) -> bool:
    """Whether a step of the server's own, before what is asked for, has another outcome than it needs."""
    twist = found.cause.twist if found.cause is not None else None
    if twist is None or not twist.startswith(OTHERWISE):
        return False
    for kind in effects_of(hop.info):
        for moment in world.design.schedule.beside.get(kind, ()):
            mine = moment.before and moment.by.sort in SERVER_SIDE and twist == OTHERWISE + moment.step.kind
            if mine and takes_part(world.design, moment.by, found):
                happen(world, moment.step, moment.by, found)
                return True
    return False


def _of_call(call: Call, hop: Hop, asked: Asked) -> dict[str, Any]:
    """Everything that is known where a handler starts: the caller, the arguments, the records, the operation."""
    facts = known(Occurrence("", hop.who, {}, hop.request, None, None))
    facts |= {"owner": call.owner or hop.who.user, "record": call.record, "amount": call.amount, "payee": call.payee}
    for disclosed in asked.disclosed[:1]:
        facts |= disclosed
    return facts | (operation_fields(asked.operation) if asked.operation is not None else {})
