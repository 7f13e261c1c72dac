"""From drawn numbers to decisions: one number says of what sort the next one is, the others read off its arguments.

Sorts have weights: mostly honest work, so that runs get somewhere; work with one thing bent; what got through before,
once more; anything that a runtime can be talked into; deeds of people and operators, outsiders, time. Each run has
weights of its own (swarm testing: Groce et al., ISSTA 2012), since what is rare in one mixture is common in another.
After a deed that a rule takes notice of, waiting is likely; after that, whatever got through before.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

from msgspec.structs import replace

from harness.search.bending import bent
from harness.search.deeds import done_by, instant, used_directly
from harness.search.larger import DEEDS, Larger
from harness.search.running import Digits, Run
from harness.search.skeleton import honest, kept_at
from harness.search.straying import outside, strayed_call, strayed_token, talked
from harness.search.taking import Taking
from harness.world.mechanics import commands as c

HUNDRED = 100
SWARM = (1.0, 1.0, 0.25, 3.0)
"""By how much a run likes one sort of decision more or less than others do."""
GIVE_UP = 3
_RENEWED = (c.Call, c.GetToken, c.SendToModel, c.SendMessage, c.Spawn)
"""Steps that name a credential, which is the newest of its shape when they are taken again."""
NORMAL, DONE, WAITED = range(3)
"""What a run expects next: nothing in particular; that time passes after a deed; that what got through gets through again."""
Decision = tuple[int, int, int]


def _work(run: Run, digits: Digits) -> None:
    run.take(honest(run, digits))


def _keep(run: Run, digits: Digits) -> None:
    run.take(kept_at(run, digits))


def _bend(run: Run, digits: Digits) -> None:
    """The next step of somebody's work with one thing changed; after a deed, of an agent's that goes on with its own."""
    step = kept_at(run, digits) if run.expecting else honest(run, digits)
    run.take(bent(run, digits, step))


def _again(run: Run, digits: Digits) -> None:
    """What got through, with the newest credentials: as it was or bent, once or many times, for one person or for all."""
    step = run.newest(run.got, digits)
    if step is None:
        run.take(honest(run, digits))
        return
    command = Taking.current(run.node, step) if isinstance(step, _RENEWED) else step
    if not digits.below(2):
        command = bent(run, digits, command)
    times = digits.of(run.larger.lengths) if run.larger.is_about(type(command)) else 1
    owners = run.larger.people if isinstance(command, c.Call) and times > 1 and not digits.below(3) else ()
    refused = 0
    for number in range(times):
        if owners:
            command = replace(command, owner=owners[number % len(owners)])
        reply = run.take(command)
        refused += reply is None or not reply.ok
        if run.node.broken or refused >= GIVE_UP:
            break


def _or_work(find: Callable[[Run, Digits], c.Command | None]) -> Take:
    def taken(run: Run, digits: Digits) -> None:
        run.take(find(run, digits) or honest(run, digits))

    return taken


def _deed(run: Run, digits: Digits) -> None:
    kind = digits.of(_minded(run.larger))
    command = done_by(run, digits, kind)
    run.take(command or honest(run, digits))
    if command is not None and run.larger.minds(kind):
        run.expecting = DONE


@cache
def _minded(larger: Larger) -> tuple[type[c.Command], ...]:
    return larger.minded(DEEDS)


def _wait(run: Run, digits: Digits) -> None:
    """Time passes, with everybody who is there at work now and then in a third of all cases."""
    if digits.below(3):
        noted = run.expecting == DONE and (run.node.armed or not digits.below(2))
        run.take(c.Jump(), instant(run, digits))
        run.expecting = WAITED if noted else run.expecting
        return
    world = run.node.world
    idle_ms = round(world.home.profile.session_idle_s * 1000)
    there = [(user, one) for user in run.cast if world.people[user].present for one in run.sessions(user)]
    soonest = min((world.sessions[one] for _, one in there), default=world.now_ms) + idle_ms - 1
    run.take(c.Jump(), max(world.now_ms, soonest))
    for user, session in there:
        if world.people[user].present:
            run.take(c.Act(user, session))


Take = Callable[[Run, Digits], None]


class Sort(NamedTuple):
    """One sort of decision, with its weight when nothing, a wait, or a repetition is expected."""

    take: Take
    weights: tuple[float, float, float]


SORTS: tuple[Sort, ...] = (
    Sort(_work, (34, 12, 8)),
    Sort(_keep, (4, 6, 24)),
    Sort(_bend, (14, 6, 18)),
    Sort(_again, (12, 6, 24)),
    Sort(_or_work(strayed_call), (8, 4, 14)),
    Sort(_or_work(strayed_token), (8, 3, 12)),
    Sort(_or_work(talked), (7, 2, 6)),
    Sort(_deed, (6, 3, 2)),
    Sort(_wait, (5, 40, 4)),
    Sort(_or_work(outside), (7, 3, 6)),
    Sort(_or_work(used_directly), (1, 0.5, 0.5)),
)
Table = tuple[Take, ...]


@cache
def tables(swarm: int) -> tuple[Table, ...]:
    """For each expectation: of the numbers below a hundred, which sort each one means in this mixture."""
    liking = Digits(swarm)
    liked = [liking.of(SWARM) for _ in SORTS]
    return tuple(_table([one.weights[expected] * like for one, like in zip(SORTS, liked, strict=True)])
                 for expected in (NORMAL, DONE, WAITED))  # fmt: skip


def _table(weights: list[float]) -> Table:
    total, reached = sum(weights), 0.0
    found: list[Take] = []
    for sort, weight in zip(SORTS, weights, strict=True):
        reached += weight
        found += [sort.take] * (round(HUNDRED * reached / total) - len(found))
    return tuple(found)


def decide(run: Run, mixture: tuple[Table, ...], number: int, decision: Decision) -> None:
    """Take the decision that was drawn as the so-manieth of a run."""
    sort, first, second = decision
    mixture[run.expecting][sort](run, Digits((number * HUNDRED + first) * HUNDRED + second))
