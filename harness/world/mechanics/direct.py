"""A person who uses an application without any agent: the same APIs, the same controls, a human act each time.

A high-privilege operation is confirmed by the person on a device of their own, so it has an approval as well.
"""

from __future__ import annotations

from harness.world.mechanics import approvals, calls, grants, people, sign_in
from harness.world.mechanics.commands import Act, AnswerPrompt, AskApproval, Call, GetToken, RedeemApproval, UseDirectly
from harness.world.mechanics.design import privilege_of
from harness.world.mechanics.replies import Reply
from harness.world.mechanics.state import World


def use_directly(world: World, command: UseDirectly) -> Reply:
    """One call of a person through the portal."""
    people.act(world, Act(command.user, command.session))
    info = world.design.endpoints[command.endpoint]
    approval = None
    if privilege_of(info, command.amount) == "high":
        confirmed = _confirm(world, command)
        approval, credential = confirmed.approval, confirmed.credential
    else:
        credential = _token(world, command)
    step = Call(
        agent=world.design.portal,
        person=command.user,
        goal="direct",
        endpoint=command.endpoint,
        credential=credential,
        record=command.record,
        amount=command.amount,
        payee=command.payee,
        approval=approval,
    )
    return calls.call(world, step)


def _token(world: World, command: UseDirectly) -> str | None:
    app = world.design.portal
    info = world.design.endpoints[command.endpoint]
    held = sign_in.app_access_token(world, app, command.session)
    step = GetToken(
        agent=app,
        person=command.user,
        goal="direct",
        audience=info.api,
        scope=(info.endpoint.scope,) if info.endpoint.scope else (),
        subject=held.handle if held else None,
    )
    return grants.get_token(world, step).credential


def _confirm(world: World, command: UseDirectly) -> Reply:
    app = world.design.portal
    question = AskApproval(
        agent=app,
        person=command.user,
        user=command.user,
        goal="direct",
        endpoint=command.endpoint,
        record=command.record,
        amount=command.amount,
        payee=command.payee,
    )
    asked = approvals.ask_approval(world, question)
    if asked.approval is None:
        return asked
    people.answer_prompt(world, AnswerPrompt(command.user, asked.approval, approve=True))
    redeem = RedeemApproval(agent=app, person=command.user, goal="direct", approval=asked.approval)
    redeemed = approvals.redeem_approval(world, redeem)
    return Reply(ok=redeemed.ok, approval=asked.approval, credential=redeemed.credential)
