"""Approvals over the backchannel (CIBA): asking, redeeming the answer, and an agent that answers by itself.

What the person is shown is the ledger's: with K15 on the authorization server renders the API's data, off it shows
what the agent wrote. The operation's id is chosen when the approval is asked for.
"""

from __future__ import annotations

from msgspec.structs import replace

from harness.trace import Who
from harness.world.mechanics import backchannel
from harness.world.mechanics.commands import AnswerInstead, AskApproval, RedeemApproval
from harness.world.mechanics.design import privilege_of
from harness.world.mechanics.effects import Effect, Stop, operation_fields, remember_refusal, settle, touched
from harness.world.mechanics.people import record_answer
from harness.world.mechanics.records import Approval, Operation
from harness.world.mechanics.replies import Reply, refused
from harness.world.mechanics.state import World


def ask_approval(world: World, step: AskApproval) -> Reply:
    """Ask a person for the approval of one operation."""
    operation = _meant(world, step)
    if operation is None:
        return Reply(ok=False, error="invalid_authorization_details")
    user = step.user or (world.tasks[step.task].user if step.task else str(step.person))
    claimed = replace(
        operation,
        amount=operation.amount if step.shown_amount is None else step.shown_amount,
        payee=operation.payee if step.shown_payee is None else step.shown_payee,
    )
    who = _who(world, step, user)
    asking = backchannel.ask(world, step, user, operation, claimed)
    if isinstance(asking, Stop):
        own = operation_fields(operation) | {"approval": "none"}
        settle(world, step, [Effect("approval.requested", who, own)], asking)
        remember_refusal(world, step, asking)
        return refused(asking)
    if asking.overridden:
        # the person gets to read the truth: whatever comes of it, the trusted display had its part in it
        remember_refusal(world, step, Stop(("K15",)))
    key, shown = asking.approval, asking.shown
    world.approvals[key] = Approval(
        key, user, step.agent, step.task or "", operation, shown, world.now_ms, world.design.home
    )
    world.count("prompts")
    settle(world, step, [Effect("operation.requested", who, operation_fields(operation))], None)
    settle(world, step, [Effect("approval.requested", who, operation_fields(shown) | {"approval": key})], None)
    return Reply(ok=True, approval=key, operation=operation.id, pending=True)


def redeem_approval(world: World, step: RedeemApproval) -> Reply:
    """Poll once: pending, refused, expired, or a token that carries the approved details."""
    approval = world.approvals[step.approval]
    result = backchannel.redeem(world, step, approval)
    if isinstance(result, Stop):
        return refused(result)
    if result is None:
        return Reply(ok=False, error="authorization_pending", pending=True)
    return Reply(ok=True, credential=result.handle, operation=approval.operation.id)


def answer_instead(world: World, step: AnswerInstead) -> Reply:
    """The agent says yes in the person's name, through whatever channel it can reach."""
    approval = world.approvals[step.approval]
    outcome = backchannel.answer_in_band(world, step, approval)
    if isinstance(outcome, Stop):
        remember_refusal(world, step, outcome)
        own = operation_fields(approval.shown) | {
            "approval": approval.id,
            "approver": step.agent,
            "approver_type": "agent",
            "requested_by": step.agent,
        }
        settle(world, step, [Effect("approval.granted", _who(world, step, approval.user), own)], outcome)
        return refused(outcome)
    record_answer(world, approval, approver=step.agent, approve=True, session=None)
    return Reply(ok=True)


def _meant(world: World, step: AskApproval) -> Operation | None:
    info = world.design.endpoints[step.endpoint]
    target = world.design.endpoints[info.endpoint.calls] if info.endpoint.calls else info
    task = world.tasks.get(step.task) if step.task else None
    person = task.user if task else step.person
    owner = person if step.record is None else None
    records = touched(world, target, record=step.record, owner=owner)
    if not records or target.endpoint.operation is None:
        return None
    record = records[0]
    return Operation(
        id=world.ids.next("op"),
        type=target.endpoint.operation,
        record=record.id,
        owner=record.owner,
        entitled=record.entitled,
        category=record.category,
        privilege=privilege_of(target, step.amount),
        amount=step.amount,
        currency=step.currency,
        payee=step.payee,
        reversible=target.endpoint.privilege != "high",
    )


def _who(world: World, step: AskApproval | AnswerInstead, user: str) -> Who:
    task = world.tasks.get(step.task) if step.task else None
    return world.who(
        step.agent,
        world.design.actor_type(step.agent),
        user=user,
        agent=step.agent,
        session=task.session if task else None,
        task=step.task,
    )
