"""Steps that a requirements file declares: events of its own, written beside those that the mechanics write.

An endpoint's step is done when its handler runs; any other stands right before or after an event in which its emitter
takes part. What is part of a server cannot be left out by whoever calls it: the wish is written as stopped, the step is
done all the same, and where its outcome is not the one needed the server goes no further. What agents and people do
themselves they can leave out, put off, repeat, do for something else, or take no notice of; what the design insists on
(K32) is looked for where it is asked for (`evidence`), or made good.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from harness.plan.controls import INSISTING
from harness.plan.steps import (
    DESPITE,
    FOR_ANOTHER,
    LATE,
    LEFT_OUT,
    OTHERWISE,
    REPEATED,
    SERVER_SIDE,
    TOO_FEW,
    Emitter,
    Step,
)
from harness.trace import STANDARD, Attempt, Cause
from harness.world.mechanics import evidence
from harness.world.mechanics.filling import filled, for_another
from harness.world.mechanics.occurrences import Moment, Occurrence, known, takes_part, who_of
from harness.world.mechanics.records import Due

if TYPE_CHECKING:
    from harness.world.mechanics.state import World

BASE = "base"
STOPPED = Attempt((BASE,))
HONEST = Cause("task")


def write(world: World, moments: Iterable[Moment], found: Occurrence) -> int:
    """Write an event with the steps that stand beside it, each at the same instant; returns the event's id."""
    mine = [one for one in moments if one.step.kind not in world.stepping and takes_part(world.design, one.by, found)]
    outer = world.stepping
    for one in mine:
        if one.before and one.step.kind not in world.taken:
            world.stepping = (*outer, found.kind, one.step.kind)
            before(world, one, found)
    world.stepping = outer
    number = world.write(*found)
    found = found._replace(own={"id": number, **found.own})
    if found.attempt is None and found.kind in world.design.schedule.kept:
        world.evidence[found.kind] = (*world.evidence.get(found.kind, ()), (world.now_ms, known(found)))
    for one in mine:
        if not one.before:
            world.stepping = (*outer, found.kind, one.step.kind)
            _after(world, one, found)
    world.stepping = outer
    return number


def missing(world: World, place: str, found: Occurrence, *, api: str | None = None) -> str | None:
    """What is missing of the evidence that a place insists on, by kind; None where all is there.

    Whoever takes such a step does so now, where nothing keeps them from it; an endpoint's is a call of its own.
    """
    asks = world.design.schedule.asks.get(place)
    if not asks or not world.design.on(INSISTING, api):
        return None
    wanted = [ask.step for ask in asks if not ask.ban]
    world.taken |= {step.kind for step in wanted}
    for step in wanted:
        for by in step.by:
            if by.sort != "endpoint" and step.kind not in world.stepping and takes_part(world.design, by, found):
                outer = world.stepping
                world.stepping = (*outer, found.kind, step.kind)
                before(world, Moment(step, by, True), found)
                world.stepping = outer
    return evidence.first_missing(world, asks, known(found))


def _effect(found: Occurrence) -> Occurrence:
    """The event as it would be written: a request knows more than the effect says."""
    own = STANDARD.kinds[found.kind].own if found.kind in STANDARD.kinds else found.own
    return found._replace(own={name: value for name, value in found.own.items() if name in own})


def before(world: World, moment: Moment, found: Occurrence) -> None:
    """What comes of a step that is due before an event."""
    step, by = moment.step, moment.by
    twist = twist_of(world, found)
    if by.sort in SERVER_SIDE:
        if twist == LEFT_OUT + step.kind and found.attempt is None:
            world.write(*_effect(_wanted(found, twist))._replace(attempt=STOPPED))
        happen(world, step, by, found, attempt=found.attempt)
    elif twist not in (LEFT_OUT + step.kind, LATE + step.kind) and not _makes_up(world, step, twist):
        happen(world, step, by, found, times=_times(step, by, twist))


def _makes_up(world: World, step: Step, twist: str | None) -> bool:
    """Whether the step would lift what somebody goes on in spite of: it is not done, or was done before that."""
    if twist is None or not twist.startswith(DESPITE):
        return False
    forbidding = world.design.schedule.steps.get(twist.removeprefix(DESPITE))
    return forbidding is not None and any(step.kind in tie.ended_by for tie in forbidding.bans)


def _after(world: World, moment: Moment, found: Occurrence) -> None:
    step, by = moment.step, moment.by
    twist = twist_of(world, found)
    if moment.only:
        if twist == DESPITE + step.kind:
            _in_spite(world, moment, found)
        return
    if _makes_up(world, step, twist):
        return
    if by.sort in SERVER_SIDE:
        if twist in (LEFT_OUT + step.kind, OTHERWISE + step.kind) and found.attempt is None:
            happen(world, step, by, _wanted(found, twist), attempt=STOPPED)
            found = found._replace(cause=HONEST) if twist == OTHERWISE + step.kind else found
        happen(world, step, by, found, attempt=found.attempt)
    elif found.attempt is None:
        _in_time(world, moment, found, twist)


def _in_time(world: World, moment: Moment, found: Occurrence, twist: str | None) -> None:
    """A step that people or agents owe: done at once, too late, or not; where the design ensures it, it is made good."""
    step, by = moment.step, moment.by
    if twist not in (LEFT_OUT + step.kind, LATE + step.kind):
        happen(world, step, by, found, times=_times(step, by, twist))
        return
    ensured_ms = ensured(world, step, found)
    if ensured_ms is not None:
        happen(world, step, by, _wanted(found, twist), attempt=Attempt((INSISTING,)))
        world.plan(Due(world.now_ms + ensured_ms, "step", step.kind, Owed(moment, found._replace(cause=HONEST))))
    if twist == LATE + step.kind:
        world.plan(Due(world.now_ms + step.late_ms + 1, "step", step.kind, Owed(moment, found)))


def _wanted(found: Occurrence, twist: str | None) -> Occurrence:
    """The event with what its author wanted, also where that is known from the task alone."""
    return found if found.cause is not None else found._replace(cause=Cause("task", twist))


def _in_spite(world: World, moment: Moment, found: Occurrence) -> None:
    """What forbids something happens while nobody takes notice; what it ends was done before it."""
    for step in world.design.schedule.steps.values():
        if step.needs and any(step.kind in tie.ended_by for tie in moment.step.bans):
            for by in step.by:
                if takes_part(world.design, by, found):
                    happen(world, step, by, found, times=step.count)
    happen(world, moment.step, moment.by, found)


class Owed(NamedTuple):
    """A step that will be done later, and the event that it belongs to."""

    moment: Moment
    found: Occurrence


def do_owed(world: World, due: Due) -> None:
    """A step is done long after its event."""
    assert isinstance(due.payload, Owed), "what is owed is a step"
    moment, found = due.payload
    happen(world, moment.step, moment.by, found)


def ensured(world: World, step: Step, found: Occurrence) -> int | None:
    """After how long the design does a step by itself; None where it does not."""
    places = (found.request.route.endpoint if found.request is not None else "", found.kind)
    api = found.request.route.api if found.request is not None else None
    if not world.design.on(INSISTING, api):
        return None
    return next((ms for one in places if (ms := world.design.schedule.ensured.get((one, step.kind))) is not None), None)


def twist_of(world: World, found: Occurrence) -> str | None:
    """What goes wrong behind an event: what its author chose, or what is wrong with the task that it belongs to."""
    if found.cause is not None:
        return found.cause.twist
    task = world.tasks.get(found.who.task or "")
    return task.twist if task is not None else None


def _times(step: Step, by: Emitter, twist: str | None) -> int:
    if twist == TOO_FEW + step.kind and step.distinct is None and step.count > 1:
        return step.count - 1
    return step.times if by.sort not in SERVER_SIDE and twist == REPEATED + step.kind else step.count


def happen(
    world: World, step: Step, by: Emitter, found: Occurrence, *, attempt: Attempt | None = None, times: int = 1
) -> None:
    """A step is done, as often as it takes, each time by the next of those who do it."""
    twist = twist_of(world, found)
    insisted = attempt is None and step.kind in world.design.schedule.asks
    for number in range(times):
        alone = twist == TOO_FEW + step.kind
        turn = 0 if alone else number
        who = who_of(world, by, found.who, turn=turn, apart=step.apart and not alone)
        facts, otherwise = known(found), twist == OTHERWISE + step.kind
        if twist == FOR_ANOTHER + step.kind:
            who, facts = for_another(world, step, who, facts)
        own = filled(world, step, who, facts, otherwise=otherwise, turn=turn)
        if insisted:
            due = Occurrence(step.kind, who, own, None, None, found.cause)
            attempt = Attempt((INSISTING,)) if missing(world, step.kind, due) is not None else None
        world.emit(step.kind, who, own, attempt=attempt, cause=found.cause)
