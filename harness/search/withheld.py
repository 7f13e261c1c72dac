"""Data that is not read at once, where it matters later what a task has seen.

To read is closed as a rule, since whoever knows more can do no less. There are two exceptions. A document carries the
owners and the kinds of all that its task has seen: where the rule listens to that, whoever has seen less writes another one.
And where a runtime watches what a task has read (K23), the task loses what it sends outside, or what is private, by reading
what outsiders wrote. There such data is withheld from a task while a state is closed, so that everything is tried that
can be done without it, and to take it in is an event. What was withheld once and is taken in is closed from then on, since
more of the same takes no more away.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator

from harness.requirements.conditions import Node as Condition
from harness.requirements.conditions import Not, Test, fields_read
from harness.search.facets import Facet
from harness.search.interests import EMITS
from harness.search.node import Node
from harness.search.steps import Marks
from harness.world.mechanics import commands as c
from harness.world.mechanics.custody import watches_flows
from harness.world.mechanics.records import Item
from harness.world.mechanics.state import World

_DOCUMENTS = "document.created"
_READ_OFF = frozenset({"owners", "categories"})
_BRINGS = (c.Call, c.ReadMemory)
_MET_BY_MORE = {"contains": True, "contains any of": True, "known": True, "all in": False, "missing": False}
_LOST = EMITS[c.Call] | EMITS[c.SendMessage]


class Withholding:
    """What one facet wants withheld."""

    def __init__(self, facet: Facet) -> None:
        rule = facet.monitor.rule
        self.by_content = any(kind == _DOCUMENTS and name in _READ_OFF for kind, name in rule.reads())
        self.one_way = rule.pattern == "never" and set(_ways(rule.about.where)) in ({True}, {False})
        self.by_trust = not _LOST.isdisjoint(facet.interests.listened)

    def may(self, node: Node, command: c.Command) -> bool:
        """Whether a step may bring a task what is withheld here."""
        if not isinstance(command, _BRINGS) or command.task is None:
            return False
        return self.by_content or (self.by_trust and watches_flows(node.world, command.agent))

    def brought(self, node: Node, trial: Node) -> dict[str, Marks]:
        """What a step brought to tasks that had not taken in anything like it: by task, what tells it apart."""
        found = {}
        for task, context in trial.world.contexts.items():
            new = context[len(node.world.contexts.get(task, ())) :]
            marks = frozenset(mark for key in new for mark in self._marks(trial.world, task, trial.world.items[key]))
            if not marks <= node.taken_in.get(task, frozenset()):
                found[task] = marks
        return found

    def _marks(self, world: World, task: str, item: Item) -> Iterator[Hashable]:
        if self.by_content:
            yield "anything" if self.one_way else (item.owner, item.categories)
        elif not item.trusted and watches_flows(world, world.tasks[task].agent):
            yield "untrusted"


def _ways(condition: Condition | None, turned: bool = False) -> Iterator[bool | None]:
    """For each test of what a document carries, whether it is met by having more of it; None where neither more nor less is.

    Where all of a rule's tests go one way, a task is of most use when it has taken in nothing, or when it has taken in all.
    """
    if isinstance(condition, Not):
        yield from _ways(condition.part, not turned)
    elif isinstance(condition, Test):
        if condition.field in _READ_OFF:
            yield None if condition.op not in _MET_BY_MORE else _MET_BY_MORE[condition.op] != turned
        elif condition.right is not None and not _READ_OFF.isdisjoint(fields_read(condition)):
            yield None
    elif condition is not None:
        for part in condition.parts:
            yield from _ways(part, turned)


def taking_in(node: Node) -> Iterator[Node]:
    """The states in which one task has taken in something more of what was withheld from it."""
    for task, marks in sorted(node.withheld, key=repr):
        known = node.taken_in.get(task, frozenset())
        if marks <= known:
            continue
        child = node.fork()
        child.taken_in = {**node.taken_in, task: known | marks}
        child.withheld = node.withheld - {(task, marks)}
        child.news = True
        child.taken_back += 1
        yield child
