"""One drawn run: the state it has come to, what is within whose reach, and what got through on the way.

A run never forks: a decision is taken and stays taken. What it adds to a node of the search is bookkeeping for those who
decide: credentials by holder, the newest of each shape last, and the steps that were accepted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from harness.search.larger import Larger
from harness.search.node import Node
from harness.search.steps import Shape
from harness.world.mechanics import commands as c
from harness.world.mechanics.legality import Impossible
from harness.world.mechanics.records import Credential, Task
from harness.world.mechanics.replies import Reply

T = TypeVar("T")
SPREAD, BITS = 0x9E3779B97F4A7C15, (1 << 64) - 1
"""Multiplying by this (2^64 over the golden ratio) spreads near numbers over all 64 bits."""
SPREAD_ONE_IN = 5
"""One run in so many is about everybody alike."""


class Digits:
    """One drawn number, from which the arguments of a decision are read off one after the other."""

    __slots__ = ("left",)

    def __init__(self, number: int) -> None:
        self.left = (number + 1) * SPREAD & BITS
        self.left ^= self.left >> 29

    def below(self, number: int) -> int:
        """One of so many."""
        self.left, found = divmod(self.left, number)
        return found

    def of(self, some: Sequence[T]) -> T:
        """One of these."""
        self.left, found = divmod(self.left, len(some))
        return some[found]


class Run:
    """What has become of a run so far. `cast` are the people, those that it is mostly about first."""

    __slots__ = ("cast", "decisions", "done", "expecting", "got", "held", "larger", "node", "spread", "stuck")

    def __init__(self, node: Node, larger: Larger, number: int) -> None:
        self.node = node
        self.larger = larger
        people, turn = larger.people, number % len(larger.customers)
        self.spread = number % SPREAD_ONE_IN == 0
        self.cast = (*people[turn:], *people[:turn])  # customers come first
        self.held: dict[str, dict[Shape, str]] = {}
        for one in node.world.credentials.values():
            self.held.setdefault(one.holder, {})[node.shape(one)] = one.handle
        self.got: list[c.Step] = []
        self.done: dict[str, int] = {}
        self.stuck: dict[tuple[str, str], int] = {}
        self.expecting = 0
        self.decisions = 0

    def take(self, command: c.Command, at_ms: int | None = None) -> Reply | None:
        """Carry out what was decided; None where nobody could do that here."""
        node = self.node
        try:
            reply, _ = node.do(command, at_ms)
        except Impossible:
            return None
        self.decisions += 1
        if reply.ok:
            for shape in node.made:
                mine = self.held.setdefault(shape[0], {})
                mine.pop(shape, None)
                mine[shape] = node.best[shape]
            if isinstance(command, c.Step):
                self.got.append(command)
        return reply

    def within(self, agent: str) -> list[str]:
        """The credentials within a program's reach: what leaked to it or lay around, then its own, the newest last."""
        world = self.node.world
        mine = list(self.held.get(agent, {}).values())
        if world.found:
            mine = [*(handle for handle, agents in world.found.items() if agent in agents), *mine]
        if agent in self.larger.outsiders:
            mine = [*(handle for handle in world.leaked if handle in world.credentials), *mine]
        return mine

    def access(self, agent: str, digits: Digits) -> Credential | None:
        """An access token within a program's reach, of the newest as a rule."""
        credentials = self.node.world.credentials
        found = [one for one in map(credentials.__getitem__, self.within(agent)) if one.kind == "access"]
        return self.newest(found, digits)

    @staticmethod
    def newest(found: Sequence[T], digits: Digits) -> T | None:
        """One of these, of the last few as a rule."""
        if not found:
            return None
        return digits.of(found[-4:]) if digits.below(3) else digits.of(found)

    def task(self, digits: Digits, fits: Callable[[Task], bool] | None = None) -> Task | None:
        """A task, of the newest as a rule."""
        tasks = list(self.node.world.tasks.values())
        return self.newest([one for one in tasks if fits(one)] if fits else tasks, digits)

    def sessions(self, user: str) -> list[str]:
        """The sessions of a person that have not ended, oldest first."""
        world = self.node.world
        known = world.home.store.sessions
        return [one for one in world.sessions if one in known and known[one].user == user]

    def person(self, digits: Digits) -> str:
        """Somebody: mostly the one that the run is about, in a quarter of all cases the next, in an eighth anybody.

        Some runs are about everybody.
        """
        if self.spread:
            return digits.of(self.cast)
        place = digits.below(8)
        return self.cast[0] if place < 5 else self.cast[1 % len(self.cast)] if place < 7 else digits.of(self.cast)
