"""What would come next if everybody were honest: somebody arrives, signs in, gives work; the agent does it.

This is the skeleton of a drawn run: without it hardly one would get as far as a call. It follows the order of the honest
brain, one step at a time, and goes on where an answer was no: what is refused twice is left out.
"""

from __future__ import annotations

from typing import Any

from harness.search.larger import target_of
from harness.search.running import Digits, Run
from harness.world.mechanics import commands as c
from harness.world.mechanics.bounds import MEANT
from harness.world.mechanics.design import EndpointInfo
from harness.world.mechanics.records import Credential, Task

SEARCH = "search"


def base(task: Task, agent: str | None = None) -> dict[str, Any]:
    """What every step of an agent carries."""
    return {"agent": agent or task.agent, "task": task.id, "goal": SEARCH, "twist": SEARCH}


def honest(run: Run, digits: Digits) -> c.Command:
    """The next step of somebody's honest visit."""
    person = run.person(digits)
    world = run.node.world
    if not world.people[person].present:
        return c.Arrive(person)
    sessions = run.sessions(person)
    if not sessions:
        return c.LogIn(person)
    tasks = [one for one in world.tasks.values() if one.user == person and not one.done and one.session in sessions]
    if not tasks or not digits.below(8):
        return _given(run, digits, person, sessions[-1])
    task = tasks[-1] if digits.below(4) else digits.of(tasks)
    return errand(run, digits, task)


def kept_at(run: Run, digits: Digits) -> c.Command:
    """An agent goes on with its work, whoever has gone or taken back what; without any work, as everybody does."""
    task = run.task(digits)
    return honest(run, digits) if task is None else errand(run, digits, task)


def _given(run: Run, digits: Digits, person: str, session: str) -> c.Command:
    """Work, with the consent that it needs as a rule."""
    world = run.node.world
    if not run.larger.jobs:
        return c.Act(person, session)
    job = digits.of(digits.of(run.larger.jobs))
    provider = world.design.provider_of(job.agent)
    needed = run.larger.of_consent or world.design.is_third_party(job.agent)
    wanted = bool(digits.below(4)) == needed
    if wanted and run.larger.providers and (person, provider, job.purpose) not in world.consents:
        return c.GiveConsent(person, job.agent, provider, job.purpose, world.design.needed(job.purpose))
    return c.StartTask(person, session, job.agent, job.kind, job.purpose, twist=SEARCH)


def errand(run: Run, digits: Digits, task: Task) -> c.Command:
    """The next step of an agent in its task: each call that the work takes, then what is made of the answers."""
    world = run.node.world
    spec = world.design.system.tasks[task.kind]
    names = (*spec.reads, spec.tool)
    number = run.done.get(task.id, 0)
    if number >= len(names):
        return _afterwards(run, digits, task)
    info = world.design.endpoints[names[number]]
    target = target_of(world.design, info)
    if target.endpoint.operation is not None and "high" in (info.endpoint.privilege, target.endpoint.privilege):
        return _approved(run, digits, task, info)
    credential = usable(run, task, info)
    if credential is None:
        return _token(run, task, info)
    run.done[task.id] = number + 1
    return c.Call(**base(task), endpoint=info.name, credential=credential.handle, owner=task.user)


def usable(run: Run, task: Task, info: EndpointInfo) -> Credential | None:
    """The newest token of a task for an endpoint that has not expired by its own account."""
    world = run.node.world
    credentials, now = world.credentials, world.now_ms
    if run.larger.passes_along:
        return credentials.get(task.subject or "")
    scope, own = info.endpoint.scope, world.programs[task.agent].client
    for handle in reversed(run.held.get(task.agent, {}).values()):
        one = credentials[handle]
        if (
            one.task == task.id
            and one.kind == "access"
            and one.expires_ms > now
            and one.approval is None
            and one.facts.token_audience == (info.api,)
            and (scope is None or scope in one.facts.token_scope)
            and (handle != task.subject or one.client == own)
        ):
            return one
    return None


def _token(run: Run, task: Task, info: EndpointInfo, **more: Any) -> c.Command:
    """A token for an API, exchanged for the task's own; where that was refused twice, one in the agent's own name."""
    subject = run.node.world.credentials.get(task.subject or "")
    place = (task.id, info.name)
    run.stuck[place] = tries = run.stuck.get(place, 0) + 1
    if tries % 4 == 0:
        run.done[task.id] = run.done.get(task.id, 0) + 1
    if tries % 4 == 3:
        return c.GetToken(**base(task), grant="client_credentials", audience=info.api)
    if subject is None or subject.expires_ms <= run.node.world.now_ms or tries % 4 == 2:
        return c.GetToken(**base(task), grant="renew")
    scope = (info.endpoint.scope,) if info.endpoint.scope else ()
    return c.GetToken(**base(task), audience=info.api, scope=scope, subject=subject.handle, **more)


def _approved(run: Run, digits: Digits, task: Task, info: EndpointInfo) -> c.Command:
    """A privileged call: the question, the answer, its token, the call."""
    world = run.node.world
    asked = [one for one in world.approvals.values() if one.task == task.id and one.state != "refused"]
    latest = asked[-1] if asked else None
    if latest is None or run.stuck.get((task.id, latest.id), 0) > 1:
        run.stuck[task.id, info.name] = run.stuck.get((task.id, info.name), 0) + 1
        if run.stuck[task.id, info.name] % 3 == 0:
            run.done[task.id] = run.done.get(task.id, 0) + 1
        amount = MEANT.amount if digits.below(3) else digits.of(run.larger.amounts)
        return c.AskApproval(**base(task), endpoint=info.name, user=task.user, amount=amount, payee=MEANT.payee)
    if latest.state == "pending":
        if not world.people[latest.user].present and digits.below(4):
            return c.AnswerInstead(**base(task), approval=latest.id)  # nobody is there to be asked
        return c.AnswerPrompt(latest.user, latest.id, approve=True)
    for handle in reversed(run.held.get(task.agent, {}).values()):
        if world.credentials[handle].approval == latest.id:
            run.done[task.id] = run.done.get(task.id, 0) + 1
            meant = latest.operation
            return c.Call(
                **base(task), endpoint=info.name, credential=handle, owner=task.user, amount=meant.amount,
                payee=meant.payee, approval=latest.id,
            )  # fmt: skip
    run.stuck[task.id, latest.id] = run.stuck.get((task.id, latest.id), 0) + 1
    return c.RedeemApproval(**base(task), approval=latest.id)


def _afterwards(run: Run, digits: Digits, task: Task) -> c.Command:
    """What an agent does with what it has read: go on by a handle, ask the model, answer, remember, begin again, end."""
    world = run.node.world
    items = world.contexts.get(task.id, ())
    way = digits.below(10)
    if way < 3 and not world.design.is_third_party(task.agent):
        return to_model(run, task, items)
    if way < 5 and items:
        return c.Deliver(**base(task), items=items[-2:])
    if way < 6 and items:
        return c.StoreMemory(**base(task), item=items[-1])
    then = world.design.system.tasks[task.kind].then
    if way < 7 and then is not None and world.handles:
        info = world.design.endpoints[then]
        credential = usable(run, task, info)
        if credential is None:
            return _token(run, task, info)
        return c.Call(**base(task), endpoint=then, credential=credential.handle, handle=next(reversed(world.handles)))
    if way < 9 or digits.below(4):
        run.done[task.id] = 0
        run.stuck.pop((task.id, world.design.system.tasks[task.kind].tool), None)
        return errand(run, digits, task)
    return c.EndTask(**base(task))


def to_model(run: Run, task: Task, items: tuple[str, ...]) -> c.Command:
    """The conversation goes to the agent's own provider, with a token that carries the consent."""
    world = run.node.world
    provider, gateway = world.design.provider_of(task.agent), world.design.llm_endpoint
    if run.larger.passes_along and task.subject:
        credential: Credential | None = world.credentials[task.subject]
    else:
        credential = next(
            (
                one for one in map(world.credentials.__getitem__, reversed(run.held.get(task.agent, {}).values()))
                if one.task == task.id and one.provider == provider and one.expires_ms > world.now_ms
            ),
            None,
        )  # fmt: skip
    if credential is None:
        needed = world.design.needed(task.purpose)
        return _token(
            run, task, gateway, provider=provider, purpose=task.purpose, categories=needed, owners=(task.user,)
        )
    return c.SendToModel(
        **base(task), provider=provider, credential=credential.handle, items=items[-2:], purpose=task.purpose
    )
