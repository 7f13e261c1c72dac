"""Steps that were taken: in what order, what they gave, and which of them broke a rule.

What a state shares with all that goes on from it; none of it is changed once it is there.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, NamedTuple

from harness.judge import Violation
from harness.trace import Event
from harness.world.mechanics import commands as c
from harness.world.mechanics.records import Item

Shape = tuple[Any, ...]
Marks = frozenset[Hashable]
"""What tells apart data that a task takes in, where that matters (`withheld`)."""
_OF_SORT = ("agent", "user", "task", "endpoint", "owner", "audience", "provider", "grant", "amount", "payee", "passthrough")


class Step(NamedTuple):
    """A command that was given, when, and how many things of each sort there were before and after."""

    command: c.Command
    at_ms: int
    before: dict[str, int]
    after: dict[str, int]


class Link(NamedTuple):
    """The steps up to here, the last first: shared by all that goes on from them."""

    step: Step
    earlier: Link | None


class Accepted(NamedTuple):
    """A step that was taken and got through: the facts that a rule takes notice of, and the credentials it gave."""

    command: c.Command
    facts: tuple[Event, ...]
    made: tuple[Shape, ...]


class Broken(NamedTuple):
    """A rule was broken: which, by which event, and the steps up to it."""

    rule: int
    event: Event | None
    violation: Violation
    path: Link

    @property
    def sort(self) -> tuple[object, ...]:
        """What tells breaches apart that may shrink to different attacks."""
        command, event = self.path.step.command, self.event
        told = (getattr(command, name, None) for name in ("agent", "task", "endpoint", "owner", "audience"))
        return self.rule, type(command), event.kind if event else None, *told


def sort_of(command: c.Command) -> Shape:
    """What tells steps apart that a rule may count differently; not which credential or approval they come with."""
    return type(command), *(getattr(command, name, None) for name in _OF_SORT)


def item_shape(item: Item) -> Shape:
    """What can be told of a piece of data by those who judge where it goes."""
    return (item.owner, item.entitled, item.categories, item.subjects, item.trusted, item.origin)


def steps_of(link: Link | None) -> list[Step]:
    """The steps up to a link, in order."""
    found = []
    while link is not None:
        found.append(link.step)
        link = link.earlier
    found.reverse()
    return found
