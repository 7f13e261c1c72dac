"""What people can do at all: come and go, and with what is their own (sessions, tasks, prompts, consents).

Nobody clicks who is not there, and nobody in somebody else's session.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from harness.world.mechanics import commands as c
from harness.world.mechanics.state import World


class Impossible(Exception):
    """A command that nobody could give in this state."""


def need(condition: bool, reason: str) -> None:
    """Raise Impossible with the reason, unless the condition holds."""
    if not condition:
        raise Impossible(reason)


def _arrive(world: World, command: c.Arrive) -> None:
    person(world, command)
    need(command.device not in world.people[command.user].devices, "that device is in use already")


def _leave(world: World, command: c.Leave) -> None:
    need(command.user in world.people, f"there is no person `{command.user}`")


def present(world: World, command: Any) -> None:
    need(command.user in world.people, f"there is no person `{command.user}`")
    need(world.people[command.user].present, f"`{command.user}` is not there")


def _log_in(world: World, command: c.LogIn) -> None:
    present(world, command)
    service = world.design.system.services.get(command.app or world.design.portal)
    shown = service is not None and service.user_facing
    need(
        command.app in (None, world.design.portal) or shown or world.design.is_third_party(str(command.app)),
        f"nobody signs in at `{command.app}`",
    )


def _signed_in(world: World, command: Any) -> None:
    present(world, command)
    session = world.home.store.sessions.get(command.session)
    need(session is not None and session.user == command.user, f"`{command.user}` has no session `{command.session}`")


def _consent(world: World, command: c.GiveConsent) -> None:
    present(world, command)
    agent(world, command)


def _consented(world: World, command: c.WithdrawConsent) -> None:
    need((command.user, command.recipient, command.purpose) in world.consents, "there is no such consent")


def _answerable(world: World, command: c.AnswerPrompt) -> None:
    approval = world.approvals.get(command.approval)
    need(approval is not None and approval.state == "pending", "there is no open prompt")
    need(approval is not None and approval.user == command.user, "the prompt is on somebody else's device")


def _use(world: World, command: c.UseDirectly) -> None:
    _signed_in(world, command)
    endpoint(world, command)


def _own_task(world: World, command: c.Halt | c.DeclineConsent) -> None:
    task_exists(world, command)
    need(world.tasks[command.task].user == command.user, f"`{command.task}` is somebody else's")


def _start(world: World, command: c.StartTask) -> None:
    _signed_in(world, command)
    need(command.agent in world.programs, f"`{command.agent}` is not running")


def person(world: World, command: Any) -> None:
    need(command.user in world.people, f"there is no person `{command.user}`")


def _access(world: World, command: Any) -> None:
    person(world, command)
    need(command.owner in world.people, f"there is no person `{command.owner}`")


def task_exists(world: World, command: Any) -> None:
    need(command.task in world.tasks, f"there is no task `{command.task}`")


def endpoint(world: World, command: Any) -> None:
    need(command.endpoint in world.design.endpoints, f"there is no endpoint `{command.endpoint}`")


def agent(world: World, command: Any) -> None:
    need(command.agent in world.programs, f"`{command.agent}` is not running")


BY_PEOPLE: Mapping[type[c.Command], Callable[[World, Any], None]] = {
    c.Arrive: _arrive,
    c.Leave: _leave,
    c.LogIn: _log_in,
    c.LogOut: _signed_in,
    c.Act: _signed_in,
    c.GiveConsent: _consent,
    c.WithdrawConsent: _consented,
    c.DeclineConsent: _own_task,
    c.StartTask: _start,
    c.UseDirectly: _use,
    c.AnswerPrompt: _answerable,
    c.LockUser: person,
    c.UnlockUser: person,
    c.EndSessions: person,
    c.GiveAccess: _access,
    c.EndAccess: _access,
    c.Halt: _own_task,
}
"""By command: the rule for it."""
