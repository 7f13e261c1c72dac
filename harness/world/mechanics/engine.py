"""`apply(world, command, now_ms) -> (events, reply)`: the one door to the mechanics.

Before a command takes effect, everything that falls due up to its instant is done, each thing at its own time. A
command that is not possible in this state raises Impossible: a shrunk attack stays an attack only if each step is legal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from harness.trace import Event
from harness.world.mechanics import (
    access,
    approvals,
    beside,
    calls,
    commands,
    deeds,
    direct,
    discovery,
    egress,
    forgery,
    grants,
    hostile,
    jobs,
    lures,
    operators,
    people,
    reach,
    replicas,
    runtime,
    signals,
)
from harness.world.mechanics.legality import Impossible, check
from harness.world.mechanics.records import Approval, Due
from harness.world.mechanics.replies import Reply
from harness.world.mechanics.state import World

_HANDLERS: Mapping[type[commands.Command], Callable[[World, Any], Reply]] = {
    commands.Arrive: people.arrive,
    commands.Leave: people.leave,
    commands.LogIn: people.log_in,
    commands.LogOut: people.log_out,
    commands.Act: people.act,
    commands.GiveConsent: people.give_consent,
    commands.WithdrawConsent: people.withdraw_consent,
    commands.DeclineConsent: people.decline_consent,
    commands.StartTask: people.start_task,
    commands.AnswerPrompt: people.answer_prompt,
    commands.Halt: people.halt,
    commands.UseDirectly: direct.use_directly,
    commands.GetToken: grants.get_token,
    commands.Call: calls.call,
    commands.SendToModel: egress.send_to_model,
    commands.AskApproval: approvals.ask_approval,
    commands.RedeemApproval: approvals.redeem_approval,
    commands.AnswerInstead: approvals.answer_instead,
    commands.SendMessage: runtime.send_message,
    commands.StoreMemory: runtime.store_memory,
    commands.ReadMemory: runtime.read_memory,
    commands.Deliver: runtime.deliver,
    commands.EndTask: runtime.end_task,
    commands.Register: grants.register,
    commands.Spawn: runtime.spawn,
    commands.DisableAgent: operators.disable_agent,
    commands.EnableAgent: operators.enable_agent,
    commands.RevokeGrant: operators.revoke_grant,
    commands.LockUser: operators.lock_user,
    commands.UnlockUser: operators.unlock_user,
    commands.EndSessions: operators.end_sessions,
    commands.GiveAccess: access.give_access,
    commands.EndAccess: access.end_access,
    commands.Leak: operators.leak,
    commands.StealClient: operators.steal_client,
    commands.Lure: people.follow_link,
    commands.ChangeTool: operators.change_tool,
    commands.AddTool: operators.add_tool,
    commands.ApproveTool: operators.approve_tool,
    commands.TakeStep: deeds.take_step,
    hostile.Forge: forgery.forge,
    hostile.LureToConfirm: lures.confirm_for_another,
    hostile.PublishDocument: discovery.publish,
    hostile.FollowMetadata: discovery.follow,
}


def apply(world: World, command: commands.Command, now_ms: int) -> tuple[list[Event], Reply]:
    """Carry out one command at an instant; returns what it made true, and what its author gets to see.

    Raises Impossible where the command cannot be given in this state, and ValueError where time would run backwards.
    """
    advance(world, now_ms)
    check(world, command)
    world.taken = frozenset()
    world.preparing = isinstance(command, commands.Prepare)
    if isinstance(command, commands.Prepare):
        command = command.deed
    handler = _HANDLERS.get(type(command))
    reply = handler(world, command) if handler is not None else Reply(ok=True)
    reach.refresh(world)
    return _taken(world), reply


def advance(world: World, now_ms: int) -> None:
    """Let time pass: what falls due on the way happens at its own instant."""
    if now_ms < world.now_ms:
        raise ValueError(f"time runs forward: {now_ms} ms is before {world.now_ms} ms")
    if world.next_due_ms <= now_ms:
        for due in world.due_until(now_ms):
            world.now_ms = max(world.now_ms, due.at_ms)
            _happen(world, due)
            reach.refresh(world)
    world.now_ms = now_ms


def drain(world: World, now_ms: int) -> list[Event]:
    """Let time pass to the end of a run and take the events."""
    advance(world, now_ms)
    reach.refresh(world)
    return _taken(world)


def deadlines(world: World) -> list[int]:
    """All future instants of the mechanics at which an answer may change: for an expiry D both D - 1 and D, else D.

    An access token has two: its own end, which clients and the agent look at, and that end with the leeway, which
    enforcement points grant. Refresh tokens and sessions are the servers'; signals and jobs are on the agenda.
    """
    instants = {due.at_ms for due in world.agenda.values()}
    for end_ms in (*_token_ends(world), *_server_ends(world), *_cache_ends(world)):
        instants.update((end_ms - 1, end_ms))
    for approval in world.approvals.values():
        if approval.state == "approved":
            instants.update(_last_good(world, approval))
    return sorted(one for one in instants if one > world.now_ms)


def _token_ends(world: World) -> Iterator[int]:
    leeways_ms = sorted({round(pep.profile.leeway_s * 1000) for pep in world.peps.values()} | {0})
    for credential in world.credentials.values():
        if credential.kind == "access":
            yield from (credential.expires_ms + leeway_ms for leeway_ms in leeways_ms)


def _cache_ends(world: World) -> Iterator[int]:
    return (one.until_ms for entries in world.answers.values() for one in entries)


def _server_ends(world: World) -> Iterator[int]:
    for server in world.servers.values():
        yield from (round(at_s * 1000) for at_s in server.deadlines(world.now_s))
    for pep in world.peps.values():
        yield from (round(at_s * 1000) for at_s in pep.deadlines(world.now_s))


def _last_good(world: World, approval: Approval) -> Iterator[int]:
    """An approval is good up to an age, that instant included: G and G + 1."""
    for pep in world.peps.values():
        if pep.profile.approval_age_s is not None:
            good_ms = approval.answered_ms + round(pep.profile.approval_age_s * 1000)
            yield from (good_ms, good_ms + 1)


def _happen(world: World, due: Due) -> None:
    if due.kind == "signal":
        signals.deliver(world, due)
    elif due.kind == "replica":
        replicas.arrive(world, due)
    elif due.kind == "hop":
        calls.arrive(world, due)
    elif due.kind == "job":
        calls.run_job(world, _job(due))
    elif due.kind == "put_down":
        people.leave(world, commands.Leave(due.target, str(due.payload)))
    elif due.kind == "mandate_end":
        access.end_mandate(world, due)
    elif due.kind == "consent_lapse":
        people.lapse(world, due)
    elif due.kind == "session_idle":
        people.idle_end(world, due)
    elif due.kind == "step":
        beside.do_owed(world, due)
    elif due.kind != "expiry":
        raise AssertionError(f"nobody knows what to do at a due `{due.kind}`")


def _job(due: Due) -> jobs.Job:
    assert isinstance(due.payload, jobs.Job), "a job is due with its work"
    return due.payload


def _taken(world: World) -> list[Event]:
    taken, world.out = world.out, []
    return taken


__all__ = ["Impossible", "advance", "apply", "deadlines", "drain"]
