"""What is possible at all, whatever the controls say: nobody uses what does not exist or is out of reach.

This is the physics of the world, not its security: a credential that was never obtained cannot be presented, and a
person who is not there cannot click. Everything else can be tried.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from harness.world.mechanics import commands as c
from harness.world.mechanics import hostile
from harness.world.mechanics.forgery import KINDS, forged_as
from harness.world.mechanics.legality_of_people import (
    BY_PEOPLE,
    Impossible,
    agent,
    endpoint,
    need,
    person,
    present,
    task_exists,
)
from harness.world.mechanics.possession import asked, has_keys, has_seen, within_reach, works_on
from harness.world.mechanics.state import World

THIEF = "thief"
GRANTS = frozenset(
    {"token_exchange", "refresh_token", "client_credentials", "renew", "id_jag", "jwt_bearer", "claimed_subject"}
)
"""How a program asks for a token by itself; a code comes through a person's browser, and CIBA is redeemed as an approval."""


def check(world: World, command: c.Command) -> None:
    """Raise Impossible with the reason, or return."""
    if isinstance(command, c.Prepare):
        command = command.deed
    if isinstance(command, c.Step):
        _step(world, command)
    rule = _RULES.get(type(command))
    if rule is not None:
        rule(world, command)


def _step(world: World, step: c.Step) -> None:
    if step.agent not in world.programs and step.agent != THIEF:
        raise Impossible(f"`{step.agent}` is not running")
    if step.task is not None and step.task not in world.tasks:
        raise Impossible(f"there is no task `{step.task}`")
    if step.task is not None and not works_on(world, step.agent, step.task):
        raise Impossible(f"`{step.agent}` does not work on `{step.task}`")
    if step.person is not None and getattr(step, "grant", None) != "claimed_subject":
        raise Impossible("people use applications themselves")


def _open_prompt(world: World, command: c.AnswerInstead | hostile.LureToConfirm) -> None:
    _asked(world, command)
    need(world.approvals[command.approval].state == "pending", "there is no open prompt")


def _asked(world: World, command: c.RedeemApproval | c.AnswerInstead | hostile.LureToConfirm) -> None:
    need(command.approval in world.approvals, f"there is no approval `{command.approval}`")
    need(asked(world, command.agent, command.approval), "somebody else asked that")


def _call(world: World, command: c.Call) -> None:
    if command.endpoint not in world.design.endpoints:
        raise Impossible(f"there is no endpoint `{command.endpoint}`")
    if command.credential is not None and not within_reach(world, command, command.credential):
        raise Impossible("that credential is out of reach")
    if command.handle is not None:
        need(command.handle in world.handles, f"there is no handle `{command.handle}`")
    for tool in (command.header_tool, command.passthrough):
        if tool is not None:
            need(tool in world.design.endpoints, f"there is no endpoint `{tool}`")
    _items(world, command, command.items)


def _items(world: World, step: c.Step, items: tuple[str, ...]) -> None:
    for item in items:
        need(item in world.items, f"there is no data `{item}`")
        need(has_seen(world, step, item), f"`{step.agent}` has not seen `{item}`")


def _send(world: World, command: c.SendToModel) -> None:
    need(command.provider in world.design.system.providers, f"there is no provider `{command.provider}`")
    _items(world, command, command.items)
    if command.credential is not None:
        need(within_reach(world, command, command.credential), "that credential is out of reach")


def _token(world: World, command: c.GetToken) -> None:
    _server(world, command)
    need(command.grant in GRANTS, f"no program asks for a token by `{command.grant}`")
    if command.as_client is not None:
        need(has_keys(world, command.agent, command.as_client), f"the keys of `{command.as_client}` are its own")
    if command.subject is not None:
        need(within_reach(world, command, command.subject), "that credential is out of reach")
    if command.grant == "renew":
        _in_task(world, command)
    elif command.grant == "claimed_subject":
        need(bool(world.design.system.channels), "there is no channel that says who somebody is")


def _in_task(world: World, command: c.Step) -> None:
    need(command.task is not None, "that is done in a task")


def _store(world: World, command: c.StoreMemory) -> None:
    _in_task(world, command)
    _items(world, command, (command.item,))


def _tell(world: World, command: c.Deliver | c.SendMessage) -> None:
    _in_task(world, command)
    _items(world, command, command.items)
    credential = command.credential if isinstance(command, c.SendMessage) else None
    need(credential is None or within_reach(world, command, credential), "that credential is out of reach")


def _memory(world: World, command: c.ReadMemory) -> None:
    _in_task(world, command)
    found = world.memories.get(command.memory)
    need(found is not None and found.agent == command.agent, "there is no such memory")


def _granted(world: World, command: c.RevokeGrant) -> None:
    task_exists(world, command)
    need(world.tasks[command.task].subject is not None, "the task never had a grant")


def _tool(world: World, command: c.ChangeTool | c.AddTool | c.ApproveTool) -> None:
    calls = command.calls if isinstance(command, c.ChangeTool) else None
    for name in (command.tool, calls):
        need(name is None or name in world.design.endpoints, f"there is no tool `{name}`")


def _declared(world: World, command: c.TakeStep) -> None:
    need(command.step in world.design.schedule.steps, f"nobody does `{command.step}` here")


def _client(world: World, command: c.StealClient) -> None:
    need(any(one.client == command.client for one in world.programs.values()), f"there is no client `{command.client}`")


def _lure(world: World, command: c.Lure) -> None:
    present(world, command)
    need(bool(world.programs[command.agent].registered), "no client of the attacker's is registered")


def _spawn(world: World, command: c.Spawn) -> None:
    registered = world.design.system.agents.get(command.sub_agent)
    if registered is not None:
        need(registered.kind == "sub_agent" and command.sub_agent != command.agent, "that is no sub-agent of anybody")
    else:
        need(command.sub_agent.startswith("sub_agent"), f"there is no sub-agent `{command.sub_agent}`")
    need(world.design.starts_programs(command.agent), "what runs inside this program is this program")
    if command.credential is not None:
        need(within_reach(world, command, command.credential), "that credential is out of reach")


def _forge(world: World, command: hostile.Forge) -> None:
    need(command.kind in KINDS, f"nobody can forge a token as `{command.kind}`")
    need(within_reach(world, command, command.like), "that credential is out of reach")
    like = world.credentials[command.like]
    need(like.kind == "access" and forged_as(like) is None, "that is no access token that a server issued")


def _register(world: World, command: c.Register) -> None:
    agent(world, command)
    _server(world, command)


def _lured(world: World, command: hostile.LureToConfirm) -> None:
    person(world, command)
    _open_prompt(world, command)
    need(world.approvals[command.approval].user != command.user, "that is the person who was asked")


def _server(world: World, command: c.GetToken | c.Register | hostile.PublishDocument) -> None:
    need(
        world.design.server_named(command.server) in world.servers,
        f"there is no authorization server `{command.server}`",
    )


def _fetched(world: World, command: hostile.PublishDocument) -> None:
    agent(world, command)
    _server(world, command)


def _followed(world: World, command: hostile.FollowMetadata) -> None:
    present(world, command)
    need(command.api in world.design.system.apis, f"there is no API `{command.api}`")


def _leak(world: World, command: c.Leak) -> None:
    need(command.credential in world.credentials, f"there is no credential `{command.credential}`")


_RULES: Mapping[type[c.Command], Callable[[World, Any], None]] = {
    **BY_PEOPLE,
    c.AskApproval: endpoint,
    c.AnswerInstead: _open_prompt,
    c.RedeemApproval: _asked,
    c.Call: _call,
    c.SendToModel: _send,
    c.GetToken: _token,
    c.StoreMemory: _store,
    c.ReadMemory: _memory,
    c.Deliver: _tell,
    c.SendMessage: _tell,
    c.EndTask: _in_task,
    c.Register: _register,
    c.DisableAgent: agent,
    c.EnableAgent: agent,
    c.RevokeGrant: _granted,
    c.Leak: _leak,
    c.TakeStep: _declared,
    c.StealClient: _client,
    c.Lure: _lure,
    c.ChangeTool: _tool,
    c.AddTool: _tool,
    c.ApproveTool: _tool,
    c.Spawn: _spawn,
    hostile.Forge: _forge,
    hostile.LureToConfirm: _lured,
    hostile.PublishDocument: _fetched,
    hostile.FollowMetadata: _followed,
}


__all__ = ["THIEF", "Impossible", "check"]
