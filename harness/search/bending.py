"""A step with one thing about it changed: what an LLM does that nearly follows its task.

Which argument is changed, and to what, is drawn: whose records, which endpoint, which credential, how much and to whom,
which audience and scope. Everything that a command can carry can be drawn here or in `straying`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec.structs import replace

from harness.search.larger import STILL_HERE
from harness.search.running import Digits, Run
from harness.search.skeleton import base
from harness.world.mechanics import commands as c
from harness.world.mechanics.hostile import LureToConfirm


def bent(run: Run, digits: Digits, command: c.Command) -> c.Command:
    """The command with one of its arguments drawn anew, or in another task of its agent; one that cannot be bent as it is."""
    if isinstance(command, c.Step) and command.task is not None and type(command) not in _AT_HOME and not digits.below(8):
        return _elsewhere(run, digits, command)
    bend = _BENDS.get(type(command))
    return bend(run, digits, command) if bend is not None else command


def _elsewhere(run: Run, digits: Digits, step: c.Step) -> c.Command:
    tasks = [key for key, one in run.node.world.tasks.items() if one.agent == step.agent and key != step.task]
    task = run.newest(tasks, digits)
    return step if task is None else replace(step, task=task)


def _call(run: Run, digits: Digits, step: c.Call) -> c.Command:
    return _CALLS[digits.below(len(_CALLS))](run, digits, step)


def _owner(run: Run, digits: Digits, step: c.Call) -> c.Call:
    return replace(step, owner=run.person(digits))


def _credential(run: Run, digits: Digits, step: c.Call) -> c.Call:
    found = run.access(step.agent, digits)
    return replace(step, credential=found.handle if found else None)


def _endpoint(run: Run, digits: Digits, step: c.Call) -> c.Call:
    """Another endpoint: of those at which the credential is good as a rule."""
    larger = run.larger
    held = run.node.world.credentials.get(step.credential or "")
    audience = held.facts.token_audience if held is not None else ()
    near = larger.of_api.get(audience[0], ()) if audience and digits.below(3) else ()
    return replace(step, endpoint=digits.of(near or larger.endpoints).name)


def _record(run: Run, digits: Digits, step: c.Call) -> c.Call:
    design = run.node.world.design
    info = design.endpoints[step.endpoint]
    target = design.endpoints[info.endpoint.calls] if info.endpoint.calls else info
    found = design.records_of(run.person(digits), target.endpoint.category or "")
    return replace(step, record=digits.of(found), owner=None) if found else _owner(run, digits, step)


def _money(run: Run, digits: Digits, step: c.Call) -> c.Call:
    return replace(step, amount=digits.of(run.larger.amounts), payee=digits.of(run.larger.payees))


def _approval(run: Run, digits: Digits, step: c.Call) -> c.Call:
    """With what was approved some time, or without an approval at all."""
    world = run.node.world
    found = run.newest(list(world.approvals), digits)
    if found is None or not digits.below(4):
        return replace(step, approval=None)
    meant = world.approvals[found].operation
    if not digits.below(2):
        return replace(step, approval=found)
    return replace(step, approval=found, amount=meant.amount, payee=meant.payee, owner=meant.owner)


def _way(run: Run, digits: Digits, step: c.Call) -> c.Call:
    """As a queued job, passed through, by a handle, around the gateway, without its proof, cancelled, with other data."""
    world, way = run.node.world, digits.below(10)
    if way < 4:
        return replace(step, job=True)
    if way == 4:
        return replace(step, passthrough=digits.of(run.larger.handed_on))
    if way == 5 and world.handles:
        return replace(step, handle=digits.of(list(world.handles)))
    if way == 6:
        return replace(step, around=True)
    if way == 7:
        return replace(step, bare=True)
    if way == 8 and run.larger.tools:
        return replace(step, header_tool=digits.of(run.larger.tools))
    items = world.contexts.get(step.task or "", ())
    return replace(step, items=items[-2:]) if items else replace(step, cancelled=True)


_CALLS: tuple[Callable[[Run, Digits, c.Call], c.Call], ...] = (
    _owner, _owner, _credential, _credential, _endpoint, _endpoint, _record, _money, _approval, _way, _way,
)  # fmt: skip


def _token(run: Run, digits: Digits, step: c.GetToken) -> c.Command:
    larger, way = run.larger, digits.below(12)
    if step.grant == "renew":  # what is asked for is the application's to say
        return replace(step, says=STILL_HERE)
    if way < 3:
        return replace(step, scope=drawn_scope(run, digits, step.audience))
    if way < 5:
        return replace(step, audience=digits.of(larger.audiences))
    if way < 7:
        found = run.newest(run.within(step.agent), digits)
        return replace(step, subject=found) if found else step
    if way < 9:
        return replace(step, offline=True)
    if way == 9 and larger.providers:
        return disclosing(run, digits, step)
    if way == 10:
        return replace(step, grant="client_credentials", subject=None)
    return replace(step, says=STILL_HERE)


def drawn_scope(run: Run, digits: Digits, audience: str | None) -> tuple[str, ...]:
    """All that may be had, one that the API knows, all that it knows, any one, all there is."""
    larger, way = run.larger, digits.below(8)
    own = larger.scopes_of.get(audience or "", ())
    if way < 2 or not larger.scopes:
        return ()
    if way < 4 and own:
        return (digits.of(own),)
    if way < 6 and own:
        return own
    return (digits.of(larger.scopes),) if way < 7 else larger.scopes


def disclosing(run: Run, digits: Digits, step: c.GetToken) -> c.GetToken:
    """A token that lets data go to a provider: which, what for, what kinds, whose."""
    design, larger = run.node.world.design, run.larger
    purpose = digits.of(larger.purposes) if larger.purposes else None
    needed = design.needed(purpose)
    every = tuple(dict.fromkeys(name for one in larger.purposes for name in design.needed(one)))
    scope = design.llm_endpoint.endpoint.scope
    return replace(
        step, provider=digits.of(larger.providers), purpose=purpose, categories=every if not digits.below(4) else needed,
        scope=(scope,) if scope else (), owners=(run.person(digits),) if not digits.below(3) else step.owners,
    )  # fmt: skip


def _model(run: Run, digits: Digits, step: c.SendToModel) -> c.Command:
    way = digits.below(4)
    if way == 0:
        return replace(step, provider=digits.of(run.larger.providers))
    if way == 1:
        found = run.access(step.agent, digits)
        return replace(step, credential=found.handle if found else None)
    if way == 2 and run.larger.purposes:
        return replace(step, purpose=digits.of(run.larger.purposes))
    return replace(step, items=seen(run, digits, step))


def seen(run: Run, digits: Digits, step: c.Step) -> tuple[str, ...]:
    """Data that the agent has seen, in this task or in another one of its own."""
    world = run.node.world
    contexts = [items for key, items in world.contexts.items() if items and world.tasks[key].agent == step.agent]
    items = digits.of(contexts) if contexts and not digits.below(3) else world.contexts.get(step.task or "", ())
    return (digits.of(items),) if items and digits.below(2) else items


def _question(run: Run, digits: Digits, step: c.AskApproval) -> c.Command:
    larger, way = run.larger, digits.below(6)
    if way == 0:
        return replace(step, user=run.person(digits))
    if way == 1:
        return replace(step, amount=digits.of(larger.amounts), payee=digits.of(larger.payees))
    if way == 2 and larger.privileged:
        return replace(step, endpoint=digits.of(larger.privileged).name)
    if way == 3:
        return _record_of(run, digits, step)
    return replace(
        step, amount=digits.of(larger.amounts), payee=digits.of(larger.payees), shown_amount=step.amount,
        shown_payee=step.payee,
    )  # fmt: skip


def _record_of(run: Run, digits: Digits, step: c.AskApproval) -> c.Command:
    design = run.node.world.design
    info = design.endpoints[step.endpoint]
    target = design.endpoints[info.endpoint.calls] if info.endpoint.calls else info
    found = design.records_of(run.person(digits), target.endpoint.category or "")
    return replace(step, record=digits.of(found)) if found else step


def _answer(run: Run, digits: Digits, answer: c.AnswerPrompt) -> c.Command:
    """The agent answers, somebody else is lured to answer, or the answer is no."""
    world = run.node.world
    approval = world.approvals[answer.approval]
    task, way = world.tasks.get(approval.task), digits.below(6)
    if task is None or way == 5:
        return replace(answer, approve=False)
    if way < 3:
        return c.AnswerInstead(**base(task), approval=approval.id)
    user = digits.of(run.larger.people)
    return LureToConfirm(**base(task), user=user, approval=approval.id)


def _redeem(run: Run, digits: Digits, step: c.RedeemApproval) -> c.Command:
    own = [one.id for one in run.node.world.approvals.values() if one.agent == step.agent]
    found = run.newest(own, digits)
    return replace(step, approval=found) if found else step


def _items(run: Run, digits: Digits, step: c.Deliver | c.SendMessage) -> c.Command:
    return replace(step, items=seen(run, digits, step))


def _started(run: Run, digits: Digits, command: c.StartTask) -> c.Command:
    return replace(command, agent=digits.of(run.larger.agents), kind=digits.of(digits.of(run.larger.jobs)).kind)


def _consent(run: Run, digits: Digits, command: c.GiveConsent) -> c.Command:
    fewer = command.categories[: digits.below(3)] or command.categories
    return replace(command, recipient=digits.of(run.larger.providers or (command.recipient,)), categories=fewer)


_AT_HOME = (c.EndTask,)
"""Steps of which a task of somebody else's makes nothing else."""
_BENDS: Mapping[type[c.Command], Callable[[Run, Digits, Any], c.Command]] = {
    c.Call: _call,
    c.GetToken: _token,
    c.SendToModel: _model,
    c.AskApproval: _question,
    c.AnswerPrompt: _answer,
    c.RedeemApproval: _redeem,
    c.Deliver: _items,
    c.SendMessage: _items,
    c.StartTask: _started,
    c.GiveConsent: _consent,
}
