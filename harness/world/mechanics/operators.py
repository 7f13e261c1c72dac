"""What administrators do, and what outsiders find. A denial counts from the administrator's decision.

Each deed is written before anything comes of it; where a procedure stops it, nothing does.
"""

from __future__ import annotations

from msgspec.structs import replace

from harness.trace import Who
from harness.world.mechanics import deeds, replicas
from harness.world.mechanics.commands import (
    AddTool,
    ApproveTool,
    ChangeTool,
    Deed,
    DisableAgent,
    EnableAgent,
    EndSessions,
    Leak,
    LockUser,
    RevokeGrant,
    StealClient,
    UnlockUser,
)
from harness.world.mechanics.records import Task
from harness.world.mechanics.replies import Reply
from harness.world.mechanics.state import World


def disable_agent(world: World, command: DisableAgent) -> Reply:
    """Deny an agent, or all of its domain: at the authorization servers (K16) and, by signals, at the APIs (K17)."""
    return deeds.reply_of([_disable(world, command, agent) for agent in _reached(world, command)])


def _reached(world: World, command: DisableAgent) -> list[str]:
    if command.reach == "one":
        return [command.agent]
    domain = world.design.domain_of(command.agent)
    return [name for name in world.design.system.agents if world.design.domain_of(name) == domain]


def _disable(world: World, command: DisableAgent, agent: str) -> bool:
    who = world.who(command.by, "admin", agent=agent)
    own = {"by": command.by, "reason": "misbehaving", "channel": "console", "reach": command.reach}
    if not deeds.done(world, command, "agent.disabled", who, own):
        return False
    program = world.programs[agent]
    world.programs[agent] = replace(program, disabled_ms=world.now_ms)
    for task in list(world.tasks.values()):
        if agent in (task.agent, world.root_of(task.agent)) and not task.done:
            world.tasks[task.id] = replace(task, ended_by=task.ended_by or "denial")
    for name in world.servers:
        if world.design.denial_known_at(name):
            for one in (agent, *_started_by(world, agent)):
                replicas.decided(world, name, "denials", "disable", "agent", one)
            if world.design.shares_client(agent) and not command.sparing:
                replicas.decided(world, name, "denials", "disable", "client", program.client)
    return True


def _started_by(world: World, agent: str) -> list[str]:
    """The registered programs that an agent has started: with K18 a denial reaches what comes of the denied one."""
    if not world.design.on("K18"):
        return []
    return [name for name, one in world.programs.items() if one.root == agent and one.disabled_ms < 0]


def enable_agent(world: World, command: EnableAgent) -> Reply:
    """Let an agent work again."""
    who = world.who(command.by, "admin", agent=command.agent)
    if not deeds.done(world, command, "agent.enabled", who, {"by": command.by, "reason": "cleared"}):
        return deeds.REFUSED
    world.programs[command.agent] = replace(world.programs[command.agent], disabled_ms=-1)
    for name in world.servers:
        for one in (command.agent, *_started_by(world, command.agent)):
            replicas.decided(world, name, "denials", "enable", "agent", one)
    return Reply(ok=True)


def revoke_grant(world: World, command: RevokeGrant) -> Reply:
    """Revoke the grant behind a task, with what was derived from it as far as K18 reaches."""
    task = world.tasks[command.task]
    subject = world.credentials[str(task.subject)]
    family = subject.facts.token_family or subject.facts.token
    who = world.who(command.by, world.design.people_types.get(command.by, "admin"), user=task.user, task=task.id)
    own = {"token": subject.facts.token, "token_family": family, "by": command.by, "reason": "revoked"}
    if not deeds.done(world, command, "token.revoked", who, own):
        return deeds.REFUSED
    for one in list(world.tasks.values()):
        if one.id == task.id or (not one.done and _same_grant(world, one, task)):
            world.tasks[one.id] = replace(one, ended_by=one.ended_by or "revocation")
    replicas.decided(world, subject.server, "revocations", "revoke_grant", family)
    return Reply(ok=True)


def _same_grant(world: World, one: Task, other: Task) -> bool:
    """Whether two tasks live on what a person granted one application in one session."""
    return one.session == other.session and world.design.app_of(one.agent) == world.design.app_of(other.agent)


def lock_user(world: World, command: LockUser) -> Reply:
    """Lock a person's account: sessions end, and nothing more is issued for them."""
    who = world.who(command.by, "admin", user=command.user)
    if not deeds.done(world, command, "user.disabled", who, {"by": command.by, "reason": "locked"}):
        return deeds.REFUSED
    world.people[command.user] = replace(world.people[command.user], locked=True)
    for task in list(world.tasks.values()):
        if task.user == command.user and not task.done:
            world.tasks[task.id] = replace(task, ended_by=task.ended_by or "lock")
    for name in world.servers:
        replicas.decided(world, name, "denials", "disable", "user", command.user)
    return Reply(ok=True)


def unlock_user(world: World, command: UnlockUser) -> Reply:
    """Open a person's account again: they can sign in anew; what ended with the lock stays ended."""
    who = world.who(command.by, "admin", user=command.user)
    if not deeds.done(world, command, "user.enabled", who, {"by": command.by, "reason": "cleared"}):
        return deeds.REFUSED
    world.people[command.user] = replace(world.people[command.user], locked=False)
    for name in world.servers:
        replicas.decided(world, name, "denials", "enable", "user", command.user)
    return Reply(ok=True)


def end_sessions(world: World, command: EndSessions) -> Reply:
    """An administrator ends every session of a person; K09 carries that like a logout."""
    for session in [one for one in world.home.store.sessions.values() if one.user == command.user]:
        who = world.who(command.by, "admin", user=command.user, session=session.id)
        if session.id not in world.sessions or not deeds.done(world, command, "session.ended", who, {"reason": "admin"}):
            continue
        del world.sessions[session.id]
        for task in list(world.tasks.values()):
            if task.session == session.id and not task.done:
                world.tasks[task.id] = replace(task, ended_by=task.ended_by or "logout")
        replicas.decided(world, world.design.home, "sessions", "end_session", session.id, "admin")
    return Reply(ok=True)


def change_tool(world: World, command: ChangeTool) -> Reply:
    """A new version of a tool is there; who approved the name has not seen it."""
    version = world.versions.get(command.tool, 1) + 1
    if not _tool_event(world, command, "tool.changed", command.tool, _mcp_server(world), version):
        return deeds.REFUSED
    world.versions[command.tool] = version
    world.approved.setdefault(command.tool, 1)
    if command.calls is not None:
        world.behind[command.tool] = command.calls
    return Reply(ok=True)


def add_tool(world: World, command: AddTool) -> Reply:
    """A tool that is listed like any other, and that nobody has looked at."""
    if not _tool_event(world, command, "tool.changed", command.tool, _mcp_server(world), 1):
        return deeds.REFUSED
    world.versions[command.tool] = 1
    world.approved[command.tool] = 0
    return Reply(ok=True)


def approve_tool(world: World, command: ApproveTool) -> Reply:
    """The present version is what was looked at and approved."""
    version = world.versions.get(command.tool, 1)
    if not _tool_event(world, command, "tool.approved", command.tool, world.who(command.by, "admin"), version):
        return deeds.REFUSED
    world.approved[command.tool] = version
    return Reply(ok=True)


def _mcp_server(world: World) -> Who:
    return world.who(world.design.mcp_service, "service")


def _tool_event(world: World, deed: Deed, kind: str, tool: str, who: Who, version: int) -> bool:
    info = world.design.endpoints[tool]
    own = {"tool": info.route.tool or tool, "api": info.api, "version": str(version)}
    return deeds.done(world, deed, kind, who, own)


def steal_client(world: World, command: StealClient) -> Reply:
    """The vault of a client is copied: its keys, and every refresh token in it."""
    world.leaked[f"client:{command.client}"] = "thief"
    for handle, credential in world.credentials.items():
        if credential.client == command.client and credential.kind == "refresh":
            world.leaked[handle] = "thief"
    return Reply(ok=True)


def leak(world: World, command: Leak) -> Reply:
    """An outsider now has a copy of this token."""
    world.leaked[command.credential] = command.to
    return Reply(ok=True, credential=command.credential)
