"""The backchannel at the authorization server (CIBA): the request, a person's answer, somebody else's, the redemption."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from msgspec.structs import replace

from harness.world.mechanics import guard
from harness.world.mechanics.commands import AnswerInstead, RedeemApproval, Step
from harness.world.mechanics.effects import Stop
from harness.world.mechanics.issued import keep, not_issued, program_who, refusal_of, round_trip
from harness.world.mechanics.records import Approval, Credential, Operation
from harness.world.mechanics.state import World
from harness.world.mechanics.wire import CIBA, post


class Asking(NamedTuple):
    """A question that is on a person's device: what it shows, and whether the client's own text was not shown."""

    approval: str
    shown: Operation
    overridden: bool


def ask(world: World, step: Step, user: str, operation: Operation, claimed: Operation) -> Asking | Stop:
    """The backchannel request for one operation, with what the client would have the person read."""
    client = world.programs[step.agent].client
    info = world.design.operation_endpoint(operation.type)
    tool = world.design.tool_for(info) if world.design.is_agent(step.agent) else info
    form = {
        "scope": str(info.endpoint.scope),
        "login_hint": user,
        "binding_message": "confirm",
        "audience": tool.api,
        "acr_values": "high",
        "authorization_details": json.dumps([authorization_details(operation, user=operation.owner)]),
        "display_details": json.dumps([authorization_details(claimed, user=claimed.owner)]),
    }
    response = post(world, world.design.home, "/bc-authorize", client, form)
    if not response.ok:
        return refusal_of(world, response, None, place=world.design.home)
    key = str(response.body["auth_req_id"])
    prompt = next(one for one in world.home.prompts(user, now_s=world.now_s) if one.auth_req_id == key)
    read = prompt.shown[0]
    shown = replace(operation, amount=read["amount"], currency=read["currency"], payee=read["payee"] or None)
    return Asking(key, shown, overridden=prompt.overridden)


def authorization_details(operation: Operation, *, user: str) -> dict[str, Any]:
    """An operation as `authorization_details` (RFC 9396)."""
    details = guard.details_of(operation, subject=user)
    return {"type": details.type, "subject": details.subject, **dict(details.fields)}


def answer(world: World, approval: Approval, *, approve: bool, by: str, channel: str) -> tuple[bool, str | None]:
    """A person answers on a device of their own."""
    result = world.servers[approval.server].answer_prompt(
        approval.id, approve=approve, by=by, acr="high", channel="user_device", now_s=world.now_s, ids=world.ids
    )
    return result.refusal is None, result.session


def answer_in_band(world: World, step: AnswerInstead, approval: Approval) -> Stop | None:
    """Somebody who is not the person answers, over a channel that the agent can write to."""
    result = world.servers[approval.server].answer_prompt(
        approval.id, approve=True, by=step.agent, acr="low", channel="in_band", now_s=world.now_s, ids=world.ids
    )
    if result.refusal is None:
        return None
    return guard.stop_of(world, (result.refusal,), None, place=approval.server)


def redeem(world: World, step: RedeemApproval, approval: Approval) -> Credential | Stop | None:
    """Poll for the answer; None while it is pending."""
    client = world.programs[step.agent].client
    response = post(world, approval.server, "/token", client, {"grant_type": CIBA, "auth_req_id": approval.id})
    task = world.tasks.get(step.task) if step.task else None
    if not response.ok and response.refusal is not None:
        if response.refusal.error in ("authorization_pending", "slow_down"):
            round_trip(world, task)
            return None
        who = program_who(world, step, task, None)
        return not_issued(world, step, who, response, None, grant="ciba")
    who = program_who(world, step, task, None, session=world.approvals[approval.id].session)
    return keep(
        world,
        step,
        who,
        response,
        holder=step.agent,
        client=client,
        subject=None,
        task=task,
        approval=approval,
        user=approval.user,
    )
