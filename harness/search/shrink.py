"""From a long run that breaks a rule to the shortest attack in it: steps are left out while the rest is still one.

A step is told by what it does to things made by earlier steps, not by their numbers, so that it means the same when
others are left out; a step that is no longer possible (`Impossible`), or speaks of something that was never made, ends
the trial. Leaving out a jump lets less time pass. What remains breaks the same rule, and no step of it can go.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from msgspec.structs import fields, replace

from harness.judge import Monitor
from harness.search.misfortunes import NONE, Misfortunes
from harness.search.slicing import BY_PEOPLE, WITH_APPROVALS, Move, Name, akin, alike, kin, needed, sliced
from harness.search.steps import Broken, Link, Step, steps_of
from harness.trace import Event
from harness.world.mechanics import commands as c
from harness.world.mechanics.engine import apply
from harness.world.mechanics.legality import Impossible
from harness.world.mechanics.state import World

_DRAWN = re.compile(r"([a-z_]+?)(\d+)")
_NAMING = ("session", "task", "credential", "subject", "approval", "memory", "item", "handle", "operation", "items",
           "like")
SHRUNK = 6
"""How many runs are shrunk in search of the shortest."""


@dataclass(frozen=True, slots=True)
class Attack:
    """A run that breaks a rule: the commands with their instants, and the events they made.

    `misfortunes` befell it. `names` say for each step which of its fields name things by the steps that made them;
    `broken` are the ids of the events that show the breach, the breaking one last.
    """

    rule: int
    steps: tuple[tuple[int, c.Command], ...]
    names: tuple[dict[str, tuple[Any, ...]], ...]
    events: tuple[Event, ...]
    broken: tuple[int | str, ...]
    misfortunes: Misfortunes = NONE

    @property
    def length(self) -> int:
        """How many steps it has."""
        return len(self.steps)


def rows(attack: Attack) -> Iterator[tuple[int, int]]:
    """The steps by number, the same one in a row once: with how often it is taken. What is spoken of later stands alone."""
    spoken_of = {one[0] for names in attack.names for some in names.values() for one in some if not isinstance(one, str)}
    number = 0
    while number < attack.length:
        after = number + 1
        while after < attack.length and attack.steps[after] == attack.steps[number] and after not in spoken_of:
            after += 1
        times = after - number
        yield number, times
        number += times


Told = tuple[Broken, list[Move]]
"""A run that breaks a rule, with its moves."""


def shortest(start: World, monitors: Sequence[Monitor], broken: Iterable[Broken]) -> Attack:
    """The shortest of several runs: of those whose last steps depend on least, each shrunk, the first as short as any."""
    found = shortest_if_any(start, monitors, broken)
    assert found is not None, "a run that was found breaks the rule again from the start"
    return found


def shortest_if_any(start: World, monitors: Sequence[Monitor], broken: Iterable[Broken]) -> Attack | None:
    """The same from a start that the runs did not have; None where none of them breaks a rule from there."""
    reader = _Reader()
    told = [(one, reader.moves(one.path)) for one in broken]
    told.sort(key=lambda one: len(needed(one[1], [len(one[1]) - 1])))
    likely = _of_each_kin(told, monitors)[:SHRUNK]
    found = [attack for attack in (_shrunk(start, monitors, *one) for one in likely) if attack is not None]
    return min(found, key=lambda attack: (attack.length, len([1 for at, _ in attack.steps if at])), default=None)


def _of_each_kin(told: Sequence[Told], monitors: Sequence[Monitor]) -> list[Told]:
    """For a rule that counts values one of each kin first: what the last step rests on says little of all that counts."""
    seen: set[object] = set()
    first: list[Told] = []
    others: list[Told] = []
    for one, moves in told:
        mine = kin(one.path.step.command)
        new = monitors[one.rule].rule.distinct is not None and mine not in seen
        seen.add(mine)
        (first if new else others).append((one, moves))
    return [*first, *others]


def shrink(start: World, monitors: Sequence[Monitor], broken: Broken) -> Attack | None:
    """Leave out steps of one run, first by what its last step depends on, then one by one, while it breaks the rule."""
    return _shrunk(start, monitors, broken, _Reader().moves(broken.path))


def _shrunk(start: World, monitors: Sequence[Monitor], broken: Broken, moves: list[Move]) -> Attack | None:
    trial = _Trial(start, monitors[broken.rule], broken.rule)
    same, counted = alike(moves, trial.monitor.rule)
    kept = trial.first_that_breaks([
        *([sliced(moves, BY_PEOPLE, akin(moves), approved=False)] if trial.monitor.rule.distinct else []),
        sliced(moves, BY_PEOPLE, same), *([sliced(moves, BY_PEOPLE, counted)] if counted != same else []),
        sliced(moves, WITH_APPROVALS, counted), moves,
    ])  # fmt: skip
    kept = trial.waited_first(kept)
    done = not kept
    while not done:
        before = len(kept)
        kept = trial.without_each(kept)
        kept = trial.merged_waits(kept)
        kept = trial.redirected(kept)
        kept = trial.unnamed(kept)
        done = len(kept) == before
    return trial.run(trial.evened(kept)) if kept else None


class _Reader:
    """Reads runs one after the other; what a run has in common with the one before it is read once."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.read: list[Move] = []
        self.made: dict[str, Name] = {}

    def moves(self, path: Link | None) -> list[Move]:
        """The moves of a run."""
        steps = steps_of(path)
        common = next((at for at, (old, new) in enumerate(zip(self.steps, steps, strict=False)) if old is not new),
                      min(len(self.steps), len(steps)))  # fmt: skip
        for step in self.steps[common:]:
            for name in _made_by(step):
                del self.made[name]
        del self.read[common:]
        self.steps = steps
        for number in range(common, len(steps)):
            self._move(number, steps[number])
        return self.read.copy()

    def _move(self, number: int, step: Step) -> None:
        made = self.made
        names = {
            field: tuple(made.get(str(one), str(one)) for one in (value if isinstance(value, tuple) else (value,)))
            for field in _NAMING
            if (value := getattr(step.command, field, None))
        }
        waited = step.at_ms - (self.steps[number - 1].at_ms if number else 0)
        self.read.append(Move(step.command, waited, names, number))
        made.update((name, (number, sort, ordinal)) for name, (sort, ordinal) in _made_by(step).items())


def _made_by(step: Step) -> dict[str, tuple[str, int]]:
    """The names of the things that a step made: of which sort each is, and the how-manieth of those."""
    return {
        f"{sort}{ordinal + 1}": (sort, ordinal - first)
        for sort, after in step.after.items()
        for first in (step.before.get(sort, 0),)
        for ordinal in range(first, after)
    }


class _Trial:
    """Trying whether some of the moves break the rule."""

    def __init__(self, start: World, monitor: Monitor, rule: int) -> None:
        self.start = start
        self.monitor = monitor
        self.rule = rule
        self.made: dict[Name, str] = {}

    def first_that_breaks(self, candidates: Iterable[list[Move]]) -> list[Move]:
        """The first candidate that breaks the rule, without those of its steps that are not possible in it."""
        for moves in candidates:
            possible: list[Move] = []
            if self.run(moves, possible) is not None:
                return possible
        return []

    def without_each(self, moves: list[Move]) -> list[Move]:
        """Leave out what can be left out: halves first, then single steps, from the end."""
        size = max(1, len(moves) // 2)
        while size:
            end = len(moves)
            while end > 0:
                start = max(0, end - size)
                shorter = _spliced(moves, start, end)
                if self.run(shorter) is not None:
                    moves = shorter
                elif size == 1:
                    start = _row_start(moves, start)
                end = start
            size //= 2
        return moves

    def merged_waits(self, moves: list[Move]) -> list[Move]:
        """One jump in place of two: leave one out and wait so much longer before the next."""
        for index in range(len(moves) - 2, -1, -1):
            if isinstance(moves[index].command, c.Jump):
                wait = moves[index].wait_ms
                later = moves[index + 1]
                longer = [*moves[:index], _after(later, wait), *moves[index + 2 :]]
                if self.run(longer) is not None:
                    moves = longer
        return moves

    def waited_first(self, moves: list[Move]) -> list[Move]:
        """All the time passes before anything is done: then nobody has to keep a session alive on the way."""
        waits = sum(one.wait_ms for one in moves)
        done = [one for one in moves if not isinstance(one.command, c.Jump | c.Act)]
        if not waits or not done or len(done) == len(moves):
            return moves
        at_once = [_after(one, -one.wait_ms) for one in done]
        later = [_after(at_once[0], waits), *at_once[1:]]
        return later if self.run(later) is not None else moves

    def redirected(self, moves: list[Move]) -> list[Move]:
        """Do without a step that made a credential, by using another one that is there already in its place."""
        self.run(moves)
        there = set(self.made)
        for maker in [one for one in moves if isinstance(one.command, c.GetToken | c.RedeemApproval)]:
            used = {n for m in moves for names in m.names.values() for n in names if n[0] == maker.number}
            for other in self._others(moves, maker, there) if len(used) == 1 and maker.wait_ms == 0 else ():
                rest = [_renamed(one, used.copy().pop(), other) for one in moves if one is not maker]
                if self.run(rest) is not None:
                    return rest
        return moves

    def unnamed(self, moves: list[Move]) -> list[Move]:
        """Do without a step, where those that speak of what it made need not."""
        for maker in reversed(moves):
            rest = [one if one is maker else _silent(one, maker.number) for one in moves]
            if maker.wait_ms or all(old is new for old, new in zip(moves, rest, strict=True)) or None in rest:
                continue
            shorter = [one for one in rest if one is not None and one is not maker]
            if self.run(shorter) is not None:
                return shorter
        return moves

    def evened(self, moves: list[Move]) -> list[Move]:
        """For a rule that counts: the last step in place of those that count as it does, so that a row of them is one line."""
        last = moves[-1]
        if self.monitor.rule.pattern != "at_most" or self.monitor.rule.distinct:
            return moves
        for index, one in enumerate(moves):
            if kin(one.command) == kin(last.command) and (one.command, one.names) != (last.command, last.names):
                even = [*moves[:index], Move(last.command, one.wait_ms, last.names, one.number), *moves[index + 1 :]]
                moves = even if self.run(even) is not None else moves
        return moves

    @staticmethod
    def _others(moves: list[Move], maker: Move, there: set[Name]) -> list[Name]:
        """Credentials that steps before a step made."""
        earlier = [one.number for one in moves if one.number < maker.number]
        return sorted(name for name in there if name[1] == "cred" and name[0] in earlier)

    def run(self, moves: Sequence[Move], possible: list[Move] | None = None) -> Attack | None:
        """Carry the moves out from the start; the attack up to where the rule breaks, None if it does not.

        A step that is not possible ends the trial, unless `possible` is there to take up those that are.
        """
        world = self.start.fork()
        state = self.monitor.new_state()
        made = self.made = {}
        steps: list[tuple[int, c.Command]] = []
        log: list[Event] = []
        for move in moves:
            command = _given(move, made)
            before = world.ids.counts.copy()
            at_ms = world.now_ms + move.wait_ms
            try:
                if command is None:
                    raise Impossible("it speaks of something that was never made")
                events, _ = apply(world, command, at_ms)
            except (Impossible, KeyError):
                if possible is None:
                    return None
                continue
            if possible is not None:
                possible.append(move)
            steps.append((at_ms, command))
            log += events
            for sort, after in world.ids.counts.items():
                for ordinal in range(before.get(sort, 0), after):
                    made[(move.number, sort, ordinal - before.get(sort, 0))] = f"{sort}{ordinal + 1}"
            broken = self._broken(state, events, at_ms)
            if broken is not None:
                return Attack(
                    self.rule, tuple(steps), _renumbered((possible or moves)[: len(steps)]), tuple(log), broken
                )
        return None

    def _broken(self, state: dict[Any, Any], events: Iterable[Event], now_ms: int) -> tuple[int | str, ...] | None:
        for event in events:
            if event.attempt is None:
                found = self.monitor.step(state, event)
                if found is not None:
                    return found.events
        late = self.monitor.advance(state, now_ms)
        return late[0].events if late else None


def _given(move: Move, made: dict[Name, str]) -> c.Command | None:
    """The command with the names that its things have in this run; None where one was never made."""
    changes: dict[str, Any] = {}
    for field, names in move.names.items():
        values = tuple(one if isinstance(one, str) else made.get(one) for one in names)
        if None in values:
            return None
        changes[field] = values if field == "items" else values[0]
    return replace(move.command, **changes) if changes else move.command


def _renumbered(moves: Sequence[Move]) -> tuple[dict[str, tuple[Any, ...]], ...]:
    """Where names come from, by the place that the making step has among these."""
    place = {move.number: index for index, move in enumerate(moves)}
    return tuple(
        {
            field: tuple(one if isinstance(one, str) else (place[one[0]], *one[1:]) for one in names)
            for field, names in move.names.items()
            if any(not isinstance(one, str) for one in names)
        }
        for move in moves
    )


def _row_start(moves: Sequence[Move], index: int) -> int:
    """Where a row of the same step begins: if one of them cannot be left out, no other can."""
    one = moves[index]
    while index > 0 and (moves[index - 1].command, moves[index - 1].names) == (one.command, one.names):
        index -= 1
    return index


def _spliced(moves: list[Move], start: int, end: int) -> list[Move]:
    """Without some; waiting goes with the jumps that are left out, and only with them."""
    waited = sum(one.wait_ms for one in moves[start:end] if not isinstance(one.command, c.Jump))
    rest = moves[end:]
    if rest and waited:
        rest = [_after(rest[0], waited), *rest[1:]]
    return [*moves[:start], *rest]


def _renamed(move: Move, name: Name | str, other: Name) -> Move:
    names = {field: tuple(other if one == name else one for one in old) for field, old in move.names.items()}
    return Move(move.command, move.wait_ms, names, move.number)


def _silent(move: Move, maker: int) -> Move | None:
    """A move that speaks of nothing that a step made; None where it has to."""
    said = [field for field, names in move.names.items() if any(name[0] == maker for name in names)]
    if not said:
        return move
    optional = {one.name: one.default for one in fields(move.command) if not one.required}
    if any(field not in optional for field in said):
        return None
    names = {field: some for field, some in move.names.items() if field not in said}
    command = replace(move.command, **{field: optional[field] for field in said})
    return Move(command, move.wait_ms, names, move.number)


def _after(move: Move, wait_ms: int) -> Move:
    return Move(move.command, move.wait_ms + wait_ms, move.names, move.number)


__all__ = ["Attack", "shortest", "shortest_if_any", "shrink"]
