"""What lies within reach of whom and for how long: integrates a trace's `reach` events, exactly, between events.

A reach is one credential that one enforcement point would let in to one person's records of one category, from the
instant it opened to the instant it closed. Several ways to the same records count once: within reach is the union over
agents. Times are milliseconds, integrals record-seconds and people-seconds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from harness.trace import Event, Trace

Unit = Literal["records", "people"]
Steps = list[tuple[int, int]]
"""A step function: (from this instant in ms, so many), times strictly increasing, values changing."""
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Reach:
    """One way to data while it was open; `cause` says why it closed, None where the run ended first."""

    id: str
    opened_ms: int
    closed_ms: int
    owner: str | None
    category: str | None
    records: int
    user: str | None = None
    agent: str | None = None
    pep: str | None = None
    endpoint: str | None = None
    credential: str | None = None
    cause: str | None = None

    def within(self, span: Span) -> Reach | None:
        """The part of it that lies inside a span of time; None where there is none."""
        opened, closed = max(self.opened_ms, span[0]), min(self.closed_ms, span[1])
        return replace(self, opened_ms=opened, closed_ms=closed) if opened < closed else None


def reaches(trace: Trace) -> list[Reach]:
    """Every reach of a run, by the instant it opened; one that never closed ends with the run."""
    end_ms = end_of(trace)
    opened: dict[str, Event] = {}
    found: list[Reach] = []
    for event in trace.events:
        if event.kind == "reach.opened":
            opened[event.own["reach"]] = event
        elif event.kind == "reach.closed" and (start := opened.pop(event.own["reach"], None)) is not None:
            found.append(_reach(start, event.time_ms, event.own.get("cause")))
    found += [_reach(start, end_ms, None) for start in opened.values()]
    return sorted(found, key=lambda one: (one.opened_ms, one.id))


def end_of(trace: Trace) -> int:
    """When a run ended: the instant of its last event."""
    return max((event.time_ms for event in trace.events), default=0)


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


def absences(trace: Trace) -> dict[str, list[Span]]:
    """When each person was not there: from leaving, silently or after a logout, to arriving again or the run's end."""
    end_ms = end_of(trace)
    away: dict[str, int] = {}
    found: dict[str, list[Span]] = defaultdict(list)
    for event in trace.events:
        user = event.who.user
        if user is None or event.attempt is not None:
            continue
        if event.kind in ("user.left", "user.logged_out"):
            away.setdefault(user, event.time_ms)
        elif event.kind == "user.arrived" and user in away:
            found[user].append((away.pop(user), event.time_ms))
    for user, since_ms in away.items():
        found[user].append((since_ms, end_ms))
    return dict(found)


def after_departure(trace: Trace) -> list[Reach]:
    """The reaches of agents for people who were not there, cut to the time in which they were away."""
    away = absences(trace)
    return [part for one in reaches(trace) for part in _inside(one, away)]


def _inside(one: Reach, away: Mapping[str, Sequence[Span]]) -> Iterator[Reach]:
    spans = away.get(one.user, ()) if one.user is not None else ()
    return (part for span in spans if (part := one.within(span)) is not None)


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
        pep=own.get("pep"),
        endpoint=own.get("endpoint"),
        credential=own.get("credential"),
        cause=cause,
    )


def _end(steps: Sequence[tuple[int, int]], span: Span | None) -> tuple[int, int]:
    """Where the last step ends: with the span; without one it ends where it starts (it is zero, or unbounded)."""
    last = steps[-1][0] if steps else 0
    return (max(last, span[1]) if span is not None else last), 0


class _Union:
    """Counts records and people behind open reaches; the widest of several ways to the same records counts."""

    def __init__(self) -> None:
        self.ways: dict[tuple[str | None, str | None], list[int]] = defaultdict(list)
        self.owners: dict[str | None, int] = defaultdict(int)
        self.records = 0

    @property
    def people(self) -> int:
        return sum(1 for owner, ways in self.owners.items() if ways and owner is not None)

    def change(self, one: Reach, sign: int) -> None:
        """Opens (1) or closes (-1) a way."""
        ways = self.ways[one.owner, one.category]
        before = max(ways, default=0)
        ways.append(one.records) if sign > 0 else ways.remove(one.records)
        self.records += max(ways, default=0) - before
        self.owners[one.owner] += sign
