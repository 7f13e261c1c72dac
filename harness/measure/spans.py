"""When what was so in a run: who was away, which sessions were over, which agents denied, which consents in force.

Read off the ledger's events alone; an attempt is no fact. A span is (from, to) in ms, its end excluded; what never ended
ends with the run.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from harness.trace import Event, Trace

Span = tuple[int, int]


def end_of(trace: Trace) -> int:
    """When a run ended: with its last event, or at `end_s` of its counters if that is later."""
    last_ms = max((event.time_ms for event in trace.events), default=0)
    return max(last_ms, round(float(trace.counters.get("end_s", 0)) * 1000))


def facts(trace: Trace, *kinds: str) -> Iterator[Event]:
    """The events of some kinds that happened, in order."""
    return (event for event in trace.events if event.kind in kinds and event.attempt is None)


def absences(trace: Trace) -> dict[str, list[Span]]:
    """When each person was not there any more: from putting down the last device to arriving again."""
    return _between(trace, "user.left", "user.arrived")


def presences(trace: Trace) -> dict[str, list[Span]]:
    """When each person was there."""
    return _between(trace, "user.arrived", "user.left")


def logouts(trace: Trace) -> dict[str, list[Span]]:
    """The time after its explicit logout, by session."""
    return _since(facts(trace, "user.logged_out"), end_of(trace), "session")


def denials(trace: Trace) -> dict[str, list[Span]]:
    """When each agent was disabled, from an administrator's decision to the next one that enables it."""
    return _between(trace, "agent.disabled", "agent.enabled", field="agent")


def tasks(trace: Trace) -> dict[str, list[Span]]:
    """When each task was under way."""
    return _between(trace, "task.started", "task.ended", field="task")


@dataclass(frozen=True, slots=True)
class Consented:
    """A consent while it was in force: whose, for which provider or other recipient, what for, which categories."""

    owner: str | None
    recipient: str | None
    purpose: str | None
    categories: tuple[str, ...]
    span: Span


def consents(trace: Trace) -> list[Consented]:
    """Every consent of a run; a withdrawal ends those of its recipient and purpose, as far as it names them."""
    end_ms = end_of(trace)
    held: list[tuple[Event, int]] = []
    found: list[Consented] = []
    for event in facts(trace, "consent.granted", "consent.withdrawn"):
        if event.kind == "consent.granted":
            held.append((event, event.time_ms))
            continue
        ended = [one for one in held if _ends(event, one[0])]
        held = [one for one in held if one not in ended]
        found += [_consented(given, (since_ms, event.time_ms)) for given, since_ms in ended]
    return found + [_consented(given, (since_ms, end_ms)) for given, since_ms in held]


def without(spans: Iterable[Span], whole: Span) -> list[Span]:
    """What is left of a span of time outside some others."""
    left: list[Span] = []
    at_ms = whole[0]
    for start, end in merged(spans):
        if start > at_ms:
            left.append((at_ms, min(start, whole[1])))
        at_ms = max(at_ms, end)
    if at_ms < whole[1]:
        left.append((at_ms, whole[1]))
    return [span for span in left if span[0] < span[1]]


def merged(spans: Iterable[Span]) -> list[Span]:
    """The same time in spans that do not touch, in order."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], end)
        elif start < end:
            found.append((start, end))
    return found


def length_s(spans: Iterable[Span]) -> float:
    """How long some spans are together, in seconds; what they share counts once."""
    return sum(end - start for start, end in merged(spans)) / 1000


def _between(trace: Trace, starts: str, ends: str, field: str = "user") -> dict[str, list[Span]]:
    open_since: dict[str, int] = {}
    found: dict[str, list[Span]] = defaultdict(list)
    for event in facts(trace, starts, ends):
        name = getattr(event.who, field)
        if name is not None and event.kind == starts:
            open_since.setdefault(name, event.time_ms)
        elif name in open_since:
            found[name].append((open_since.pop(name), event.time_ms))
    for name, since_ms in open_since.items():
        found[name].append((since_ms, end_of(trace)))
    return dict(found)


def _since(events: Iterable[Event], end_ms: int, field: str) -> dict[str, list[Span]]:
    found: dict[str, list[Span]] = {}
    for event in events:
        name = getattr(event.who, field)
        if name is not None:
            found.setdefault(name, [(event.time_ms, end_ms)])
    return found


def _ends(withdrawn: Event, given: Event) -> bool:
    return withdrawn.who.user == given.who.user and _named_alike(withdrawn.own, given.own)


def _named_alike(withdrawn: Mapping[str, object], given: Mapping[str, object]) -> bool:
    return all(withdrawn.get(name) in (None, given.get(name)) for name in ("recipient", "purpose"))


def _consented(given: Event, span: Span) -> Consented:
    own = given.own
    return Consented(given.who.user, own.get("recipient"), own.get("purpose"), tuple(own.get("categories", ())), span)
