"""Steps of requests: what a handler does by itself that a requirements file has declared, and where it goes no further."""

from __future__ import annotations

from typing import Any

from harness.plan.steps import OTHERWISE, SERVER_SIDE, Emitter
from harness.trace import Cause
from harness.world.mechanics.beside import BASE, Occurrence, effects_of, filled, happen, known, takes_part, who_of
from harness.world.mechanics.commands import Call
from harness.world.mechanics.effects import Effect, Hop, Stop, operation_fields
from harness.world.mechanics.guard import Asked
from harness.world.mechanics.state import World


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
    """A server whose own step comes out otherwise than needed goes no further."""
    if call.twist is None or not call.twist.startswith(OTHERWISE):
        return None
    found = Occurrence("", hop.who, _of_call(call, hop, asked), hop.request, None, Cause(call.goal, call.twist))
    for kind in effects_of(hop.info):
        for moment in world.design.schedule.beside.get(kind, ()):
            mine = moment.before and moment.by.sort in SERVER_SIDE and call.twist == OTHERWISE + moment.step.kind
            if mine and takes_part(world.design, moment.by, found):
                happen(world, moment.step, moment.by, found)
                return Stop((BASE,), error="step_refused", status=409)
    return None


def _of_call(call: Call, hop: Hop, asked: Asked) -> dict[str, Any]:
    """Everything that is known where a handler starts: the caller, the arguments, the records, the operation."""
    facts = known(Occurrence("", hop.who, {}, hop.request, None, None))
    facts |= {"owner": call.owner or hop.who.user, "record": call.record, "amount": call.amount, "payee": call.payee}
    for disclosed in asked.disclosed[:1]:
        facts |= disclosed
    return facts | (operation_fields(asked.operation) if asked.operation is not None else {})
