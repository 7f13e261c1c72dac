"""Deeds: what operators and people do themselves, with the steps that belong to it and what a procedure insists on (K32).

Each deed is one event. Before it stand the steps that rules need there; where the design insists on their evidence and
it is missing, nothing is done, and the deed is written as stopped.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.plan.controls import INSISTING
from harness.plan.steps import OTHERWISE, REPEATED
from harness.trace import Attempt, Cause, Who
from harness.world.mechanics import beside
from harness.world.mechanics.commands import Deed, TakeStep
from harness.world.mechanics.filling import filled
from harness.world.mechanics.occurrences import Occurrence, known, takes_part, who_of
from harness.world.mechanics.replies import Reply
from harness.world.mechanics.state import World

GOAL = "deed"
REFUSED = Reply(ok=False, error="step_missing")
NOTHING: Mapping[str, Any] = {}


def cause(deed: Deed) -> Cause | None:
    """Why a deed is done as it is; None where nothing is wrong about it."""
    return Cause(GOAL, deed.twist) if deed.twist is not None else None


def done(world: World, deed: Deed, kind: str, who: Who, own: Mapping[str, Any] | None = None) -> bool:
    """Write a deed as its event, and say whether it was done: not where evidence is insisted on that is missing.

    Where the deed is only prepared, the steps that stand before it are done, and nothing else.
    """
    found = Occurrence(kind, who, own or NOTHING, None, None, cause(deed))
    if world.preparing:
        _prepared(world, found)
        return False
    attempt = Attempt((INSISTING,)) if beside.missing(world, kind, found) is not None else None
    world.emit(kind, who, own, attempt=attempt, cause=found.cause)
    return attempt is None


def _prepared(world: World, found: Occurrence) -> None:
    for moment in world.beside.get(found.kind, ()):
        if moment.before and takes_part(world.design, moment.by, found):
            world.stepping = (found.kind, moment.step.kind)
            beside.before(world, moment, found._replace(cause=None))
    world.stepping = ()


def take_step(world: World, command: TakeStep) -> Reply:
    """A step of the requirements file that stands beside nothing: whoever does it does it, for a person and an agent."""
    step = world.design.schedule.steps[command.step]
    behind = world.who(command.by, "admin", user=command.user, agent=command.agent)
    found = Occurrence("", behind, NOTHING, None, None, None)
    otherwise = command.twist == OTHERWISE + step.kind
    taken = [
        done(world, command, step.kind, who, filled(world, step, who, known(found), otherwise=otherwise))
        for by in step.by
        for who in (who_of(world, by, behind),)
        for _ in range(step.times if command.twist == REPEATED + step.kind else 1)
    ]
    return reply_of(taken)


def reply_of(taken: list[bool]) -> Reply:
    """What is answered where all of it was done, or not."""
    return Reply(ok=True) if all(taken) else REFUSED
