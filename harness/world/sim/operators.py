"""Administrators, people's afterthoughts and outsiders, as timed processes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from msgspec.structs import replace

from harness.plan.scenario import Action
from harness.plan.steps import LATE
from harness.world.brains.outsiders import thief_for
from harness.world.mechanics import commands as c
from harness.world.sim import agents
from harness.world.sim.run import Process, Run

Commands = Iterable[c.Command]


def action(run: Run, action: Action) -> Process:
    """Wait for the instant and do it; what is impossible by then (nothing to revoke) is left out.

    With a twist that waits, what must come before the deed is done now, and the deed itself only after that.
    """
    yield run.sleep(action.at)
    twist = action.twist
    if twist is not None and twist.id.startswith(LATE) and twist.wait is not None:
        for command in _commands(run, action):
            if isinstance(command, c.Deed):
                run.do(c.Prepare(command))
        yield run.sleep(twist.wait)
    for command in _commands(run, action):
        if twist is not None and isinstance(command, c.Deed):
            command = replace(command, twist=twist.id)
        run.do(command)
    if action.thief is not None:
        yield from agents.think(run, thief_for(run.world, action.thief, run.cast), f"thief/{action.at}")


def _commands(run: Run, action: Action) -> Iterator[c.Command]:
    """What an action comes to at this instant, one command after the other."""
    for field, act in _ACTS.items():
        value = getattr(action, field)
        if value is not None:
            yield from act(run, action, value)


def _disable(run: Run, action: Action, agent: str) -> Commands:
    yield c.DisableAgent(run.cast.agent(agent), by=run.cast.admin, reach=action.reach, sparing=action.sparing)


def _enable(run: Run, action: Action, agent: str) -> Commands:
    yield c.EnableAgent(run.cast.agent(agent), by=run.cast.admin)


def _lock(run: Run, action: Action, user: str) -> Commands:
    yield c.LockUser(run.cast.person(user), by=run.cast.admin)


def _unlock(run: Run, action: Action, user: str) -> Commands:
    yield c.UnlockUser(run.cast.person(user), by=run.cast.admin)


def _end_sessions(run: Run, action: Action, user: str) -> Commands:
    yield c.EndSessions(run.cast.person(user), by=run.cast.admin)


def _give_access(run: Run, action: Action, user: str) -> Commands:
    yield c.GiveAccess(run.cast.person(user), run.cast.person(str(action.records_of)))


def _end_access(run: Run, action: Action, user: str) -> Commands:
    yield c.EndAccess(run.cast.person(user), run.cast.person(str(action.records_of)))


def _change_tool(run: Run, action: Action, tool: str) -> Commands:
    yield c.ChangeTool(tool, action.calls)


def _add_tool(run: Run, action: Action, tool: str) -> Commands:
    yield c.AddTool(tool)


def _approve_tool(run: Run, action: Action, tool: str) -> Commands:
    yield c.ApproveTool(tool, by=run.cast.admin)


def _revoke(run: Run, action: Action, user: str) -> Commands:
    for task in _open_tasks(run, user):
        if run.world.tasks[task].subject is not None:
            yield c.RevokeGrant(task, by=run.cast.admin)


def _withdraw(run: Run, action: Action, user: str) -> Commands:
    person = run.cast.person(user)
    for held in [one for one in run.world.consents if one[0] == person]:
        yield c.WithdrawConsent(*held)


def _halt(run: Run, action: Action, user: str) -> Commands:
    for task in _open_tasks(run, user):
        yield c.Halt(run.cast.person(user), task, action.channel)


def _leak(run: Run, action: Action, user: str) -> Commands:
    person = run.cast.person(user)
    for handle, credential in list(run.world.credentials.items()):
        if credential.user == person and credential.kind == "access":
            yield c.Leak(handle)


def _leak_client(run: Run, action: Action, client: str) -> Commands:
    yield c.StealClient(run.cast.agent(client))


def _give_consent(run: Run, action: Action, user: str) -> Commands:
    person = run.cast.person(user)
    if not run.present(person):
        yield c.Arrive(person, "phone")
    agent = run.cast.agent(action.agent)
    for purpose in run.world.design.system.purposes if action.purpose is None else [action.purpose]:
        needed = run.world.design.needed(purpose)
        yield c.GiveConsent(person, agent, run.world.design.provider_of(agent), purpose, needed)


def _take_step(run: Run, action: Action, step: str) -> Commands:
    person = run.cast.person(action.person) if action.person is not None else None
    yield c.TakeStep(step, by=run.cast.admin, user=person, agent=run.cast.agent(action.agent))


def _open_tasks(run: Run, user: str) -> list[str]:
    person = run.cast.person(user)
    return [one.id for one in run.world.tasks.values() if one.user == person and not one.done]


_ACTS: dict[str, Callable[[Run, Action, str], Commands]] = {
    "disable_agent": _disable,
    "enable_agent": _enable,
    "lock_user": _lock,
    "unlock_user": _unlock,
    "end_sessions_of": _end_sessions,
    "give_access": _give_access,
    "end_access": _end_access,
    "change_tool": _change_tool,
    "add_tool": _add_tool,
    "approve_tool": _approve_tool,
    "revoke_task_of": _revoke,
    "withdraw_consent": _withdraw,
    "halt_task_of": _halt,
    "leak_tokens_of": _leak,
    "leak_client": _leak_client,
    "give_consent": _give_consent,
    "take_step": _take_step,
}
