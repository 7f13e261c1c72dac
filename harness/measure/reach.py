"""What lies within reach of whom and for how long: integrates a trace's `reach` events, exactly, between events.

A reach is one credential that one enforcement point would let in to one person's records of one category, from the
instant it opened to the instant it closed. Several ways to the same records count once: within reach is the union over
agents. Times are milliseconds, integrals record-seconds and people-seconds. Which reaches matter is for `exposure`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from harness.measure.spans import Span, end_of
from harness.trace import Event, Trace

Unit = Literal["records", "people"]
Steps = list[tuple[int, int]]
"""A step function: (from this instant in ms, so many), times strictly increasing, values changing."""
Group = tuple[str | None, str | None, tuple[str, ...]]
"""Records that only come together: of one owner and one category, with the same people entitled to them."""


@dataclass(frozen=True, slots=True)
class Reach:
    """One way to data while it was open; `cause` says why it closed, None where the run ended first.

    `user` is the person in whose name the credential was issued, `owner` the one the records are about, `entitled` who
    else may see them. With a `provider` the way leads on to that LLM provider, for this `purpose`.
    """

    id: str
    opened_ms: int
    closed_ms: int
    owner: str | None
    category: str | None
    records: int
    user: str | None = None
    agent: str | None = None
    root_agent: str | None = None
    session: str | None = None
    task: str | None = None
    pep: str | None = None
    endpoint: str | None = None
    credential: str | None = None
    provider: str | None = None
    purpose: str | None = None
    entitled: tuple[str, ...] = ()
    cause: str | None = None

    @property
    def group(self) -> Group:
        return self.owner, self.category, self.entitled

    def within(self, span: Span) -> Reach | None:
        """The part of it that lies inside a span of time; None where there is none."""
        opened, closed = max(self.opened_ms, span[0]), min(self.closed_ms, span[1])
        return replace(self, opened_ms=opened, closed_ms=closed) if opened < closed else None

    def inside(self, spans: Iterable[Span]) -> list[Reach]:
        """The parts of it that lie inside some spans that do not overlap."""
        return [part for span in spans if (part := self.within(span)) is not None]


def reaches(trace: Trace) -> list[Reach]:
    """Every reach of a run, by the instant it opened; one that never closed ends with the run."""
    end_ms = end_of(trace)
    opened: dict[str, Event] = {}
    found: list[Reach] = []
    for event in trace.events:
        if event.kind == "reach.opened":
            opened[event.own["reach"]] = event
        elif event.kind == "reach.closed" and (start := opened.pop(event.own["reach"], None)) is not None:
            found.append(_reach(start, event.time_ms, event.own.get("cause", "unknown")))
    found += [_reach(start, end_ms, None) for start in opened.values()]
    return sorted(found, key=lambda one: (one.opened_ms, one.id))


def in_reach(found: Iterable[Reach], unit: Unit = "records") -> Steps:
    """How many distinct records, or people, lie within reach, over time; starts with what holds at the first change."""
    changes: dict[int, list[tuple[Reach, int]]] = defaultdict(list)
    for one in found:
        if one.opened_ms < one.closed_ms:
            changes[one.opened_ms].append((one, 1))
            changes[one.closed_ms].append((one, -1))
    union = _Union()
    steps: Steps = []
    for time_ms in sorted(changes):
        for one, sign in changes[time_ms]:
            union.change(one, sign)
        value = union.records if unit == "records" else union.people
        if not steps or steps[-1][1] != value:
            steps.append((time_ms, value))
    return steps


def integral(steps: Sequence[tuple[int, int]], span: Span | None = None) -> float:
    """The area under a step function in value-seconds, inside a span of time (ms) or over all of it; exact."""
    total = 0
    for (time_ms, value), (next_ms, _) in zip(steps, [*steps[1:], _end(steps, span)], strict=False):
        start, end = (time_ms, next_ms) if span is None else (max(time_ms, span[0]), min(next_ms, span[1]))
        total += value * max(0, end - start)
    return total / 1000


def value_at(steps: Sequence[tuple[int, int]], time_ms: int) -> int:
    """The value of a step function at an instant; a change counts from its own instant on."""
    return next((value for start, value in reversed(steps) if start <= time_ms), 0)


def most(steps: Sequence[tuple[int, int]]) -> int:
    """The largest value of a step function."""
    return max((value for _, value in steps), default=0)


def distinct(found: Iterable[Reach]) -> int:
    """How many different records lay within reach at some time; the widest of several ways to the same ones counts."""
    widest: dict[Group, int] = {}
    for one in found:
        widest[one.group] = max(widest.get(one.group, 0), one.records)
    return sum(widest.values())


def open_spans(steps: Sequence[tuple[int, int]]) -> list[Span]:
    """When a step function that ends at zero is above it."""
    return [(start, end) for (start, value), (end, _) in pairwise(steps) if value > 0]


def _reach(start: Event, closed_ms: int, cause: str | None) -> Reach:
    own, who = start.own, start.who
    return Reach(
        id=own["reach"],
        opened_ms=start.time_ms,
        closed_ms=closed_ms,
        owner=own.get("owner"),
        category=own.get("category"),
        records=int(own.get("records", 1)),
        user=who.user,
        agent=who.agent,
        root_agent=who.root_agent,
        session=who.session,
        task=who.task,
        pep=own.get("pep"),
        endpoint=own.get("endpoint"),
        credential=own.get("credential"),
        provider=own.get("provider") or None,
        purpose=own.get("purpose"),
        entitled=tuple(own.get("entitled", ())),
        cause=cause,
    )


def _end(steps: Sequence[tuple[int, int]], span: Span | None) -> tuple[int, int]:
    """Where the last step ends: with the span; without one it ends where it starts (it is zero, or unbounded)."""
    last = steps[-1][0] if steps else 0
    return (max(last, span[1]) if span is not None else last), 0


class _Union:
    """Counts records and people behind open reaches; the widest of several ways to the same records counts."""

    def __init__(self) -> None:
        self.ways: dict[Group, list[int]] = defaultdict(list)
        self.owners: dict[str, int] = defaultdict(int)
        self.records = 0
        self.people = 0

    def change(self, one: Reach, sign: int) -> None:
        """Opens (1) or closes (-1) a way."""
        ways = self.ways[one.group]
        before = max(ways, default=0)
        ways.append(one.records) if sign > 0 else ways.remove(one.records)
        self.records += max(ways, default=0) - before
        if one.owner is not None and one.records:
            before = self.owners[one.owner]
            self.owners[one.owner] += sign
            self.people += (self.owners[one.owner] > 0) - (before > 0)
