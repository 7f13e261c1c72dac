"""Approvals where a rule does not count them: whatever can be asked for again may be spent.

For each operation of a task two are kept, as fresh as they can be: an answer that was not redeemed, and a token that was
not used (where the answer is an event, a question that is open). Whatever an attack does with one of them later, it is
there; and one used up in closing costs nothing, since the next is asked for at the same instant. Where a question is
refused (somebody was asked too often, or is disabled) what there is stays. Only the task's own person is asked, for what
was meant: what the person is shown, and who is asked, matters to rules that count approvals alone, and for those each
question is an event.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msgspec.structs import replace

from harness.search.node import Node
from harness.world.mechanics import choices_of_agents as agents
from harness.world.mechanics import commands as c
from harness.world.mechanics.bounds import Bounds
from harness.world.mechanics.records import Approval, Credential, Task

Take = Callable[[Node, c.Command], bool]
"""Takes a step in closing; False where it is refused, or is an event."""


def replenish(node: Node, view: Bounds, take: Take) -> None:
    """Bring what approvals give up to date, as far as people and servers let it."""
    for task in list(node.world.tasks.values()):
        for question in _questions(node, view, task):
            place = (task.id, question.endpoint, question.amount, question.payee)
            if node.asked.get(place) == node.world.now_ms:
                continue
            node.asked[place] = node.world.now_ms
            _fill(node, question, take)


def _questions(node: Node, view: Bounds, task: Task) -> Iterator[c.AskApproval]:
    """What the task's own person may be asked, truthfully: what was meant, and the amounts and payees of a rule's own.

    The bound on their number is for rules that count them.
    """
    unbounded = view.with_approvals(len(node.world.approvals) + 1)
    for question in agents.questions(node.world, unbounded, task):
        if question.user == task.user and question.shown_amount is None:
            yield question
            for other in view.variants[2:]:
                yield replace(question, amount=other.amount, payee=other.payee)


def _fill(node: Node, question: c.AskApproval, take: Take) -> None:
    for redeemed in (True, False):
        if not take(node, question):
            return
        approval = next(reversed(node.world.approvals.values()))
        yes = c.AnswerPrompt(approval.user, approval.id, approve=True)
        if not take(node, yes) and not take(node, _by(question, c.AnswerInstead, approval)):
            return
        if redeemed:
            take(node, _by(question, c.RedeemApproval, approval))


def _by(question: c.AskApproval, kind: type[c.AnswerInstead | c.RedeemApproval], approval: Approval) -> c.Command:
    """What the agent that asked does with the approval."""
    return kind(
        agent=question.agent, task=question.task, goal=question.goal, twist=question.twist, approval=approval.id
    )


def spend(node: Node, view: Bounds, attempt: Callable[[Node, c.Command], None]) -> None:
    """Where answers are events, what they give is used aside: it breaks the rule now, or is kept for later."""
    for approval in list(node.world.approvals.values()):
        task = node.world.tasks.get(approval.task)
        if approval.state != "approved" or task is None or node.broken:
            continue
        trial = node.fork()
        base = {"agent": approval.agent, "task": approval.task, "goal": "search", "twist": "search"}
        attempt(trial, c.RedeemApproval(**base, approval=approval.id))
        for _, credential in list(trial.held(approval.agent)):
            if credential.approval == approval.id and not trial.broken:
                for call in _uses(trial, view, task, credential):
                    attempt(trial, call)
        node.broken += trial.broken


def _uses(node: Node, view: Bounds, task: Task, credential: Credential) -> Iterator[c.Call]:
    """What was approved, with the token alone and with the approval named beside it."""
    assert credential.approval is not None
    meant = node.world.approvals[credential.approval].operation
    for info in list(node.world.design.endpoints.values()):
        if info.endpoint.privilege == "high":
            for call in agents.calls_of(node.world, view, task.agent, task, credential, info):
                same = (call.owner, call.amount, call.payee) == (meant.owner, meant.amount, meant.payee)
                if same and call.approval in (None, credential.approval) and not call.job:
                    yield call
