"""Steps that a requirements file declares, as choices: to take one by itself, and to do a deed or a call without its steps.

Which steps count is a bound of the small world (`Bounds.steps`). A command whose effects such steps stand beside can be
given in each way in which they can go wrong: left out, too late, with another outcome, for something else, by too few.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from harness.plan.steps import DESPITE, OTHERWISE
from harness.world.mechanics import commands as c
from harness.world.mechanics.bounds import Bounds
from harness.world.mechanics.hostile import FollowMetadata, PublishDocument
from harness.world.mechanics.schedule import effects_of
from harness.world.mechanics.state import World

BY_PEOPLE = frozenset({"operator", "person", "people"})
"""The emitters who take a step by themselves; a server's is part of what is called, an agent's of its work."""
MAKES: Mapping[type[c.Command], tuple[str, ...]] = {
    c.Arrive: ("user.arrived",),
    c.Leave: ("user.left",),
    c.LogOut: ("user.logged_out", "session.ended"),
    c.GiveConsent: ("consent.granted",),
    c.StartTask: ("task.started", "user.active", "request.allowed"),
    c.WithdrawConsent: ("consent.withdrawn",),
    c.Halt: ("task.halted",),
    c.DisableAgent: ("agent.disabled",),
    c.EnableAgent: ("agent.enabled",),
    c.RevokeGrant: ("token.revoked",),
    c.LockUser: ("user.disabled",),
    c.UnlockUser: ("user.enabled",),
    c.EndSessions: ("session.ended",),
    c.ChangeTool: ("tool.changed",),
    c.ApproveTool: ("tool.approved",),
    c.GetToken: ("token.issued", "token.exchanged"),
    c.SendToModel: ("request.allowed", "llm.received"),
    c.SendMessage: ("message.sent",),
    c.ReadMemory: ("memory.read",),
    c.Deliver: ("answer.delivered",),
    c.EndTask: ("task.ended",),
    c.Register: ("agent.registered",),
    PublishDocument: ("agent.registered",),
    c.Lure: ("token.issued", "code.issued"),
    FollowMetadata: ("token.issued", "code.issued"),
    c.Spawn: ("agent.registered",),
    c.AskApproval: ("operation.requested", "approval.requested"),
}
"""The events of a command beside which steps can stand; of a call they are those of its endpoint."""


def steps_to_take(world: World, view: Bounds) -> Iterator[c.TakeStep]:
    """Each step that counts, by itself, about each person and each agent that rules tie it to."""
    for kind in view.steps:
        step = world.design.schedule.steps[kind]
        if not any(by.sort in BY_PEOPLE for by in step.by):
            continue
        agents = view.agents if "agent" in step.tied else (None,)
        for user in view.people:
            yield from (c.TakeStep(kind, user=user, agent=agent) for agent in agents)


def twisted(world: World, view: Bounds, command: c.Command) -> Iterator[c.Command]:
    """The same command in each way in which a step that belongs to it can go wrong."""
    if view.steps and isinstance(command, c.Deed | c.Step | c.StartTask):
        yield from (replace(command, twist=twist) for twist in dict.fromkeys(_twists(world, view, command)))


def _twists(world: World, view: Bounds, command: c.Command) -> Iterator[str]:
    schedule = world.design.schedule
    if isinstance(command, c.TakeStep) and OTHERWISE in schedule.steps[command.step].twists:
        yield OTHERWISE + command.step
    for step in schedule.at.get(command.endpoint, ()) if isinstance(command, c.Call) else ():
        if step.kind in view.steps:
            yield from (twist + step.kind for twist in step.twists if twist != DESPITE)
    for kind in _made(world, command):
        for moment in schedule.beside.get(kind, ()):
            if moment.step.kind in view.steps and not moment.only:
                yield from (twist + moment.step.kind for twist in moment.step.twists if twist != DESPITE)


def _made(world: World, command: c.Command) -> Iterator[str]:
    if isinstance(command, c.TakeStep):
        yield command.step
    elif isinstance(command, c.Call):
        info = world.design.endpoints[command.endpoint]
        yield from effects_of(info)
        if info.endpoint.calls:
            yield from effects_of(world.design.endpoints[info.endpoint.calls])
    else:
        yield from MAKES.get(type(command), ())
