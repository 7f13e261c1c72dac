"""People who are led where somebody wants them: a confirmation page that was meant for another person.

Whose answer counts is for the authorization server to say: with K12 only the person asked is heard (MCP elicitation in
URL mode: the one who opens the page must be the one for whom it was made).
"""

from __future__ import annotations

from harness.world.mechanics import guard
from harness.world.mechanics.commands import Arrive
from harness.world.mechanics.effects import Effect, operation_fields, remember_refusal, settle
from harness.world.mechanics.hostile import LureToConfirm
from harness.world.mechanics.people import PRESENT_AFTER_ANSWER_MS, arrive, record_answer
from harness.world.mechanics.records import Due
from harness.world.mechanics.replies import Reply, refused
from harness.world.mechanics.state import World

DEVICE = "phone"


def confirm_for_another(world: World, step: LureToConfirm) -> Reply:
    """A person opens the page of somebody else's approval, authenticates as themselves, and says yes."""
    approval = world.approvals[step.approval]
    kind = world.design.people_types[step.user]
    arrive(world, Arrive(step.user, DEVICE))
    world.plan(Due(world.now_ms + PRESENT_AFTER_ANSWER_MS, "put_down", step.user, DEVICE))
    world.emit("user.active", world.who(step.user, kind, user=step.user))
    result = world.servers[approval.server].answer_prompt(
        approval.id, approve=True, by=step.user, acr="high", channel="user_device", now_s=world.now_s, ids=world.ids
    )
    if result.refusal is None:
        record_answer(world, approval, approver=step.user, approve=True, session=result.session)
        return Reply(ok=True)
    stop = guard.stop_of(world, (result.refusal,), None, place=approval.server)
    own = operation_fields(approval.shown) | {
        "approval": approval.id,
        "approver": step.user,
        "approver_type": kind,
        "requested_by": approval.agent,
    }
    who = world.who(step.user, kind, user=approval.user, agent=approval.agent, task=approval.task or None)
    settle(world, step, [Effect("approval.granted", who, own)], stop)
    remember_refusal(world, step, stop)
    return refused(stop)
