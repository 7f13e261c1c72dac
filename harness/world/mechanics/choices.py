"""What can be done next, in a fixed order: by people, operators, outsiders, and by agents that an adversary steers.

Everything here is possible, whatever the controls say to it; `legality` says the same of a single command. The groups
are functions of their own, for those who choose among them. Time is the caller's: `Jump` goes to an instant.
"""

from __future__ import annotations

from collections.abc import Iterator

from harness.world.mechanics import commands as c
from harness.world.mechanics.bounds import Bounds
from harness.world.mechanics.choices_of_agents import by_agents
from harness.world.mechanics.choices_of_outsiders import by_outsiders, documents_of_agents
from harness.world.mechanics.choices_of_steps import steps_to_take
from harness.world.mechanics.legality import THIEF
from harness.world.mechanics.state import World


def choices(world: World, view: Bounds) -> tuple[c.Command, ...]:
    """Every command that can be given now in the small world, in a fixed order; the jump in time comes last."""
    outside = (*leaks(world, view), *thefts(world, view), *stolen_refreshes(world, view))
    more = (*by_outsiders(world, view), *(one for task in world.tasks.values() for one in documents_of_agents(world, view, task)))
    return (*by_people(world, view), *by_operators(world, view), *outside, *by_agents(world, view), *more, c.Jump())


def by_people(world: World, view: Bounds) -> Iterator[c.Command]:
    """What people can do: come and go, sign in and out, consent, give work, answer."""
    for user in view.people:
        if not world.people[user].present:
            yield c.Arrive(user)
            continue
        yield from _present(world, view, user)


def _present(world: World, view: Bounds, user: str) -> Iterator[c.Command]:
    sessions = sessions_of(world, user)
    shut = world.people[user].locked or not _live(world, sessions)
    if shut and _signed_in(world, user) < view.sessions:
        yield c.LogIn(user)
    for session in sessions:
        yield c.Act(user, session)
        yield from tasks_to_give(world, view, user, session)
    yield from consents_to_give(world, view, user)
    yield from answers(world, user)
    yield from (c.LogOut(user, session) for session in sessions)
    yield from (c.WithdrawConsent(*key) for key in world.consents if key[0] == user)
    yield from (c.Halt(user, task.id) for task in world.tasks.values() if task.user == user and _going(task.ended_by))
    yield from (c.Leave(user, device) for device in sorted(world.people[user].devices))


def sessions_of(world: World, user: str) -> list[str]:
    """The sessions that a person signed in to and that have not ended, oldest first."""
    known = world.home.store.sessions
    return [session for session in world.sessions if session in known and known[session].user == user]


def _live(world: World, sessions: list[str]) -> bool:
    """Whether the authorization server still takes one of these for good."""
    return any(world.home.session_live(one, now_s=world.now_s) for one in sessions)


def _signed_in(world: World, user: str) -> int:
    """How often a person has signed in so far."""
    return sum(one.user == user and one.origin == "login" for one in world.home.store.sessions.values())


def tasks_to_give(world: World, view: Bounds, user: str, session: str) -> Iterator[c.StartTask]:
    """One open task for each kind of work, person and session."""
    given = {(t.agent, t.purpose) for t in world.tasks.values() if t.session == session and not t.done}
    for job in view.jobs:
        if (job.agent, job.purpose) not in given:
            yield c.StartTask(user, session, job.agent, job.kind, job.purpose, twist="search")


def consents_to_give(world: World, view: Bounds, user: str) -> Iterator[c.GiveConsent]:
    """Consent to a provider for a purpose, to what that needs."""
    for job in view.jobs:
        for provider in view.providers:
            if (user, provider, job.purpose) not in world.consents:
                yield c.GiveConsent(user, job.agent, provider, job.purpose, world.design.needed(job.purpose))


def answers(world: World, user: str) -> Iterator[c.AnswerPrompt]:
    """Yes or no to each open prompt."""
    for approval in world.approvals.values():
        if approval.user == user and approval.state == "pending":
            yield c.AnswerPrompt(user, approval.id, approve=True)
            yield c.AnswerPrompt(user, approval.id, approve=False)


def by_operators(world: World, view: Bounds) -> Iterator[c.Command]:
    """What administrators can do: deny and permit agents, revoke grants, lock people out."""
    for agent in view.agents:
        if world.programs[agent].disabled_ms >= 0:
            yield c.EnableAgent(agent)
            continue
        yield c.DisableAgent(agent)
        if world.design.shares_client(agent):
            yield c.DisableAgent(agent, sparing=True)
    for task in world.tasks.values():
        if task.subject is not None and _going(task.ended_by):
            yield c.RevokeGrant(task.id)
    yield from (c.LockUser(user) for user in view.people)
    yield from (c.UnlockUser(user) for user in view.people if world.people[user].locked)
    yield from (c.EndSessions(user) for user in view.people if sessions_of(world, user))
    if view.changing:
        yield from access_to_end(world, view)
    yield from tools_to_change(world, view)
    yield from steps_to_take(world, view)


def access_to_end(world: World, view: Bounds) -> Iterator[c.EndAccess]:
    """Rights to another's records that can end."""
    shared = {(user, one.owner) for one in world.records.values() for user in one.entitled if user != one.owner}
    for user in view.people:
        yield from (c.EndAccess(user, owner) for owner in view.people if (user, owner) in shared)


def tools_to_change(world: World, view: Bounds) -> Iterator[c.ChangeTool | c.ApproveTool]:
    """Tools whose definition can change under its name, as it is or to call something else; and be approved again."""
    changed = sum(number - 1 for number in world.versions.values())
    tools = [info for info in world.design.endpoints.values() if info.api == world.design.mcp_api and info.endpoint.calls]
    for info in tools if changed < view.tools else ():
        yield c.ChangeTool(info.name)
        called = {one.endpoint.calls for one in tools}
        behind = [one for one in world.design.endpoints.values()
                  if one.endpoint.calls is None and one.name not in called and one.endpoint.scope
                  and one.api != world.design.mcp_api]  # fmt: skip
        yield from (c.ChangeTool(info.name, calls=other.name) for other in behind)
    yield from (c.ApproveTool(name) for name, number in world.versions.items() if world.approved.get(name, 1) != number)


def thefts(world: World, view: Bounds) -> Iterator[c.StealClient]:
    """Clients whose keys an outsider may get hold of, once."""
    if view.stolen and not any(name.startswith("client:") for name in world.leaked):
        programs = (world.programs[name] for name in (*view.leaking, *view.agents) if name in world.programs)
        yield from (c.StealClient(client) for client in dict.fromkeys(one.client for one in programs))


def stolen_refreshes(world: World, view: Bounds) -> Iterator[c.GetToken]:
    """What the keys of a client and a refresh token from its vault give to whoever stole both, for each API."""
    for handle, credential in world.credentials.items():
        if credential.kind != "refresh" or handle not in world.leaked or f"client:{credential.client}" not in world.leaked:
            continue
        for audience in view.audiences:
            yield c.GetToken(
                agent=THIEF, goal="search", twist="search", grant="refresh_token", subject=handle, audience=audience,
                as_client=credential.client,
            )  # fmt: skip


def leaks(world: World, view: Bounds) -> Iterator[c.Leak]:
    """Every access token that a leaking program holds can end up where an outsider finds it."""
    for handle, credential in world.credentials.items():
        if credential.kind == "access" and handle not in world.leaked and credential.holder in view.leaking:
            yield c.Leak(handle)


def _going(ended_by: str | None) -> bool:
    return ended_by is None
