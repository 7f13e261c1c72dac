"""Breadth first over states of any kind: level by level, equal states merged, every state of a level before the next.

Knows neither worlds nor rules: a state is whatever `children` gives, `enter` says whether to go on from one, `mark` when
two are the same. So what it finds first is found in the fewest events, and a level that was finished is complete.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

S = TypeVar("S")


@dataclass(slots=True)
class Frontier(Generic[S]):
    """The states that were reached last. `depth` is the number of events to which all was seen; -1: not even the start.

    `enter` may change a state before it is marked, and returns False where the search has nothing more to do there.
    """

    children: Callable[[S], Iterable[S]]
    enter: Callable[[S], bool]
    mark: Callable[[S], Hashable]
    level: list[S] = field(default_factory=list)
    seen: set[Hashable] = field(default_factory=set)
    depth: int = -1

    def start(self, root: S) -> None:
        """Begin with one state, no event deep."""
        self.level = [root] if self._is_new(root) else []
        self.depth = 0

    def deepen(self, enough: Callable[[], bool] = lambda: False) -> bool:
        """See all states that are one event deeper; False where `enough` (asked after each state) cut that short."""
        following: list[S] = []
        for state in self.level:
            for child in self.children(state):
                if self._is_new(child):
                    following.append(child)
            if enough():
                return False
        self.level = following
        self.depth += 1
        return True

    def _is_new(self, state: S) -> bool:
        if not self.enter(state):
            return False
        mark = self.mark(state)
        if mark in self.seen:
            return False
        self.seen.add(mark)
        return True
