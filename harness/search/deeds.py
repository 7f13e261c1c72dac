"""What people and operators do beside honest work: leave, end, take back, deny, permit, change; and the passing of time."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from harness.search.running import Digits, Run
from harness.world.mechanics import commands as c

Deed = Callable[[Run, Digits, str], c.Command | None]


def done_by(run: Run, digits: Digits, kind: type[c.Command]) -> c.Command | None:
    """A deed of this kind; None where nobody can do it now."""
    return _DEEDS[kind](run, digits, run.person(digits))


def used_directly(run: Run, digits: Digits) -> c.Command | None:
    """A person uses an application without any agent."""
    user = run.person(digits)
    sessions = run.sessions(user)
    if not sessions or not run.node.world.people[user].present:
        return None
    info = digits.of(run.larger.endpoints)
    records = run.node.world.design.records_of(run.person(digits), info.endpoint.category or "")
    return c.UseDirectly(
        user, sessions[-1], info.name, record=digits.of(records) if records and digits.below(2) else None,
        amount=digits.of(run.larger.amounts), payee=digits.of(run.larger.payees),
    )  # fmt: skip


def _leave(run: Run, digits: Digits, user: str) -> c.Command | None:
    devices = sorted(run.node.world.people[user].devices)
    return c.Leave(user, digits.of(devices)) if devices else None


def _log_out(run: Run, digits: Digits, user: str) -> c.Command | None:
    sessions = run.sessions(user)
    return c.LogOut(user, digits.of(sessions)) if sessions and run.node.world.people[user].present else None


def _withdraw(run: Run, digits: Digits, user: str) -> c.Command | None:
    given = list(run.node.world.consents)
    return c.WithdrawConsent(*digits.of(given)) if given else None


def _halt(run: Run, digits: Digits, user: str) -> c.Command | None:
    task = run.task(digits)
    return None if task is None else c.Halt(task.user, task.id, digits.of(("out_of_band", "in_band")))


def _disable(run: Run, digits: Digits, user: str) -> c.Command | None:
    if not run.larger.agents:
        return None
    task = run.task(digits)
    agent = task.agent if task is not None and digits.below(4) else digits.of(run.larger.agents)
    if run.node.world.programs[agent].disabled_ms >= 0:
        return None
    sparing = run.node.world.design.shares_client(agent) and not digits.below(2)
    return c.DisableAgent(agent, sparing=sparing, reach="one" if digits.below(6) else "domain")


def _enable(run: Run, digits: Digits, user: str) -> c.Command | None:
    shut = [name for name in run.larger.agents if run.node.world.programs[name].disabled_ms >= 0]
    return c.EnableAgent(digits.of(shut)) if shut else None


def _revoke(run: Run, digits: Digits, user: str) -> c.Command | None:
    task = run.task(digits, lambda one: one.subject is not None)
    return None if task is None else c.RevokeGrant(task.id)


def _unlock(run: Run, digits: Digits, user: str) -> c.Command | None:
    shut = [name for name, one in run.node.world.people.items() if one.locked]
    return c.UnlockUser(digits.of(shut)) if shut else None


def _decline(run: Run, digits: Digits, user: str) -> c.Command | None:
    task = run.task(digits, lambda one: not one.done)
    return None if task is None else c.DeclineConsent(task.user, task.id)


def _change_tool(run: Run, digits: Digits, user: str) -> c.Command | None:
    tools = run.larger.tools
    if not tools:
        return None
    return c.ChangeTool(digits.of(tools), digits.of(run.larger.handed_on) if digits.below(3) else None)


_DEEDS: Mapping[type[c.Command], Deed] = {
    c.Leave: _leave,
    c.LogOut: _log_out,
    c.WithdrawConsent: _withdraw,
    c.Halt: _halt,
    c.DisableAgent: _disable,
    c.EnableAgent: _enable,
    c.RevokeGrant: _revoke,
    c.LockUser: lambda run, digits, user: c.LockUser(user),
    c.UnlockUser: _unlock,
    c.EndSessions: lambda run, digits, user: c.EndSessions(user),
    c.GiveAccess: lambda run, digits, user: c.GiveAccess(user, digits.of(run.larger.customers)),
    c.EndAccess: lambda run, digits, user: c.EndAccess(user, digits.of(run.larger.customers)),
    c.DeclineConsent: _decline,
    c.ChangeTool: _change_tool,
    c.AddTool: lambda run, digits, user: c.AddTool(digits.of(run.larger.tools)) if run.larger.tools else None,
    c.ApproveTool: lambda run, digits, user: c.ApproveTool(digits.of(run.larger.tools)) if run.larger.tools else None,
}


def instant(run: Run, digits: Digits) -> int:
    """Where to jump: to what changes a rule, to what falls due, to the end of what is held, or so far ahead."""
    node = run.node
    now, world = node.world.now_ms, node.world
    way = digits.below(8)
    if way < 4:
        found = node.instants()
        if found:
            return found[0] if digits.below(3) else digits.of(found)
    if way < 6 and world.agenda:
        return max(now, min(due.at_ms for due in world.agenda.values()) - digits.below(2))
    if way == 6:
        ends = sorted({one.expires_ms for one in world.credentials.values() if one.expires_ms > now})
        if ends:
            return max(now, digits.of(ends) - digits.below(2))
    return now + digits.of(run.larger.spans_ms)
