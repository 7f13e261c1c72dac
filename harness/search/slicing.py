"""Which steps of a run an attack may need: what the last one rests on, and what may count with it.

Where shrinking begins: a guess that is tried, never a claim. Whatever breaks the rule of what is left out is tried after.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.requirements import Rule
from harness.search.steps import sort_of
from harness.world.mechanics import commands as c
from harness.world.mechanics.hostile import LureToConfirm, PublishDocument

Name = tuple[int, str, int]
"""A thing by who made it: the step, the sort of thing, and which of those that the step made."""


@dataclass(frozen=True, slots=True)
class Move:
    """One step of an attack: the command as last given, the wait before it, and where its names come from."""

    command: c.Command
    wait_ms: int
    names: dict[str, tuple[Name | str, ...]]
    number: int


def needed(moves: Sequence[Move], numbers: Iterable[int]) -> set[int]:
    """These steps, those that made what they speak of, or who takes them, and theirs."""
    started: dict[str, list[int]] = {}
    for one in moves:
        if isinstance(one.command, c.Spawn):
            started.setdefault(one.command.sub_agent, []).append(one.number)
    found = set(numbers)
    open_ = list(found)
    while open_:
        move = moves[open_.pop()]
        makers = {name[0] for names in move.names.values() for name in names if not isinstance(name, str)}
        makers.update(started.get(taker(move) or "", ()))
        open_ += makers - found
        found |= makers
    return found


def taker(move: Move) -> str | None:
    """The program that takes a step."""
    return move.command.agent if isinstance(move.command, c.Step) else None


def alike(moves: Sequence[Move], rule: Rule) -> tuple[frozenset[int], frozenset[int]]:
    """For a rule that counts: the steps that are the last one again, and those of its sort, which count as it does."""
    if rule.pattern != "at_most":
        return frozenset(), frozenset()
    last = moves[-1]
    counted = [move for move in moves if sort_of(move.command) == sort_of(last.command)]
    same = [move.number for move in counted if move.names == last.names]
    return frozenset(same), frozenset(move.number for move in counted)


def akin(moves: Sequence[Move]) -> frozenset[int]:
    """For a rule that counts values: the steps that are like the last one but for what they are about."""
    last = kin(moves[-1].command)
    return frozenset(move.number for move in moves if kin(move.command) == last)


def kin(command: c.Command) -> tuple[object, ...]:
    return type(command), *(getattr(command, name, None) for name in ("agent", "endpoint", "provider", "audience"))


def sliced(
    moves: Sequence[Move], others: tuple[type[c.Command], ...], counted: frozenset[int], *, approved: bool = True
) -> list[Move]:
    """What the last step depends on, and the steps of other sorts, and those that are counted, with what those depend on.

    Steps that an approval belongs to are among them, unless not `approved`: they may break another rule, or this one sooner.
    """
    wanted = [
        move.number for move in moves
        if isinstance(move.command, others) or (approved and approved_step(move.command)) or move.number in counted
    ]  # fmt: skip
    kept = needed(moves, [*wanted, len(moves) - 1])
    spoken_of = {name for number in kept for names in moves[number].names.values() for name in names}
    for move in moves:
        if isinstance(move.command, c.Leak) and not spoken_of.isdisjoint(move.names["credential"]):
            kept.add(move.number)
    return [one for one in moves if one.number in kept]


def approved_step(command: c.Command) -> bool:
    return isinstance(command, c.Call) and (command.approval is not None or command.job)


BY_PEOPLE = (c.Arrive, c.Leave, c.LogIn, c.LogOut, c.GiveConsent, c.WithdrawConsent, c.Halt, c.DisableAgent,
              c.EnableAgent, c.RevokeGrant, c.LockUser, c.Jump, c.Register, c.UnlockUser, c.EndSessions, c.GiveAccess,
              c.EndAccess, c.ChangeTool, c.AddTool, c.ApproveTool, c.StealClient, PublishDocument)  # fmt: skip
WITH_APPROVALS = (*BY_PEOPLE, c.AskApproval, c.AnswerPrompt, c.AnswerInstead, c.RedeemApproval,
                   LureToConfirm, c.Act, c.StartTask)
