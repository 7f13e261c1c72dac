"""What a monitor is: a rule as closures over explicit state, stepped by the events it subscribes to and by nothing else.

State is a dict of immutable values, so that a search can fork, compare and merge it. An event that controls stopped is
no fact: of it a monitor is asked only whether it *would* have broken the rule.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from harness.requirements import Rule
from harness.trace import Attempt, Event

State = dict[Any, Any]
Rename = Callable[[Any], Any]
EventId = int | str


class Violation(NamedTuple):
    """A rule was broken at `time_ms`; `events` are the ids that show it, in order, the breaking one last."""

    time_ms: int
    events: tuple[EventId, ...]


class Fine(NamedTuple):
    """An event that the rule is about, and that kept it."""


class Answers(NamedTuple):
    """What became of events that awaited an answer.

    `fine` honest ones got theirs; of `saved` a first answer was lost or stopped and another came in time; `late` are
    those whose time is over.
    """

    fine: int
    saved: tuple[tuple[EventId, Attempt], ...]
    late: tuple[Violation, ...]


FINE: Final = Fine()
Finding = Violation | Fine | Answers | None
Step = Callable[[State, Event], Finding]
Would = Callable[[State, Event], bool]


@dataclass(frozen=True, slots=True)
class Monitor:
    """One rule, compiled. `steps` and `woulds` are by kind of event; what is not there does not concern the rule.

    `needs_honest_use` is False where no event of the rule's kind could be fine (`never` without a condition).
    """

    rule: Rule
    steps: Mapping[str, Step]
    woulds: Mapping[str, Would]
    list_deadlines: Callable[[State], Iterable[int]] = lambda state: ()
    list_canon: Callable[[State, int, Rename], Iterable[Hashable]] = lambda state, now_ms, rename: ()
    overdue: Callable[[State, int], tuple[Violation, ...]] | None = None
    omits: Mapping[str, Callable[[State, Event], None]] | None = None
    needs_honest_use: bool = True

    def new_state(self) -> State:
        """The state before the first event; fork one with `dict(state)`."""
        return {}

    def step(self, state: State, event: Event) -> Violation | None:
        """Takes an event that happened and changes the state; the violation, if it (or an answer now overdue) is one."""
        return violation_of(self.take(state, event))

    def take(self, state: State, event: Event) -> Finding:
        """The same, with everything that is found."""
        step = self.steps.get(event.kind)
        return step(state, event) if step is not None else None

    def omit(self, state: State, event: Event) -> None:
        """Takes note of an answer that was lost or stopped on purpose; another may still come in time."""
        if self.omits is not None and not is_honest(event) and event.kind in self.omits:
            self.omits[event.kind](state, event)

    def would_violate(self, state: State, event: Event) -> bool:
        """Whether an event would have broken the rule, had it happened; the state stays as it is."""
        would = self.woulds.get(event.kind)
        return would is not None and would(state, event)

    def advance(self, state: State, now_ms: int) -> tuple[Violation, ...]:
        """The violations that time alone brought up to now: answers that did not come."""
        return self.overdue(state, now_ms) if self.overdue is not None else ()

    def deadlines(self, state: State) -> list[int]:
        """Every instant at which time alone changes what the rule says: the last good one and the one after it."""
        return sorted(set(self.list_deadlines(state)))

    def canon(self, state: State, now_ms: int, rename: Rename = lambda value: value) -> tuple[Hashable, ...]:
        """The state as seen from now on: ages for times, names renamed, what no event can need any more dropped."""
        return tuple(sorted(self.list_canon(state, now_ms, rename), key=repr))


def violation_of(found: Finding) -> Violation | None:
    """The violation among what was found, if there is one."""
    if isinstance(found, Answers):
        return found.late[0] if found.late else None
    return found if isinstance(found, Violation) else None


def is_honest(event: Event) -> bool:
    """Whether nothing went wrong on purpose behind an event."""
    return event.cause is None or event.cause.twist is None
