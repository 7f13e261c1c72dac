"""How long doors stay open after a decision: time to deny an agent, and what is left after a person's departure or logout.

Counts from the administrator's decision, or the person's going, to the last instant at which an enforcement point would
still have let a credential in (`reach` events), and beside it to the last request that one did let in. How long it took
to detect and to decide before that are inputs, since no simulation knows them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from harness.measure.reach import Reach, reaches
from harness.measure.resampling import quantile
from harness.measure.spans import Span, absences, denials, facts, logouts
from harness.trace import Event, Trace

Decision = Literal["denial", "departure", "logout"]
ALL_POINTS = "all"


@dataclass(frozen=True, slots=True)
class Window:
    """One door after one decision. Times in seconds from the decision.

    `subject` is the agent, person or session it is about, `pep` the enforcement point (`all`: the slowest of them),
    `open_s` when the last way through it closed, 0 where none was open any more, `used_s` when it last let a request in
    (None: it did not). `ended` is False where the run, or a decision to the contrary, came before the last way closed: the
    true window is at least so long.
    """

    decision: Decision
    subject: str
    at_ms: int
    pep: str
    open_s: float
    used_s: float | None
    ended: bool = True


@dataclass(frozen=True, slots=True)
class Summary:
    """Many windows in short, in seconds: None where there was none. `cut_off` of them are at least so long."""

    count: int
    median_s: float | None
    p95_s: float | None
    max_s: float | None
    cut_off: int


def windows(trace: Trace, *, found: Sequence[Reach] | None = None) -> list[Window]:
    """A window per decision and enforcement point that has let the subject in at any time, and one for all together."""
    ways = reaches(trace) if found is None else found
    return [window for rule in _RULES for window in _windows(trace, ways, rule)]


def summary(some: Iterable[Window]) -> Summary:
    """Median, 95th percentile and largest of some windows."""
    listed = list(some)
    open_s = [one.open_s for one in listed]
    return Summary(
        count=len(listed),
        median_s=quantile(open_s, 0.5),
        p95_s=quantile(open_s, 0.95),
        max_s=max(open_s, default=None),
        cut_off=sum(not one.ended for one in listed),
    )


def worst_time_to_deny(
    *,
    lifetime_s: float,
    leeway_s: float = 0.0,
    cache_s: float | None = None,
    signal_delay_s: float | None = None,
    event_latency_s: float = 0.0,
    decide_s: float = 0.0,
    hops: int = 1,
) -> float:
    """The analytic worst case, in seconds, to set beside the largest that was seen.

    A self-contained token is good until it expires (`lifetime_s` and the leeway; `hops` times the lifetime where each
    exchange starts a new one). Introspection bounds that by the time an answer is cached (`cache_s`), a signal by its delay
    (`signal_delay_s`, None where a signal may be lost). Before any of that passes what the server needs to learn of it
    (`event_latency_s`; for a silent departure the session's idle time), and before that the time to detect and to decide
    (`decide_s`). RFC 7662 section 4 on caching; RFC 8693 on exchanged lifetimes.
    """
    bounds = [hops * lifetime_s + leeway_s]
    if cache_s is not None:
        bounds.append(cache_s)
    if signal_delay_s is not None:
        bounds.append(signal_delay_s)
    return decide_s + event_latency_s + min(bounds)


def cut_off_sessions(trace: Trace) -> frozenset[str]:
    """Innocent sessions that a denial of some agent hit: their work was refused as disabled, though none of it was his.

    A session counts where a request (or a way to data) of an agent that nobody had denied was refused because of a denial,
    while some other agent was denied.
    """
    denied = denials(trace)

    def hit(event: Event) -> bool:
        own = [*denied.get(event.who.agent or "", ()), *denied.get(event.who.root_agent or "", ())]
        return _at(event.time_ms, own) is None and any(_at(event.time_ms, spans) for spans in denied.values())

    refused = (e for e in facts(trace, "request.denied") if e.own.get("reason") == "disabled")
    closed = (e for e in facts(trace, "reach.closed") if e.own.get("cause") == "denied")
    return frozenset(e.who.session for e in (*refused, *closed) if e.who.session is not None and hit(e))


@dataclass(frozen=True, slots=True)
class _Rule:
    """Whose doors a decision should close: the spans in which it is in force, and which reaches and requests it means."""

    decision: Decision
    in_force: Callable[[Trace], dict[str, list[Span]]]
    of_reach: Callable[[Reach, str], bool]
    of_request: Callable[[Event, str], bool]


_RULES = (
    _Rule(
        "denial",
        denials,
        lambda one, agent: agent in (one.agent, one.root_agent),
        lambda event, agent: agent in (event.who.agent, event.who.root_agent),
    ),
    _Rule(
        "departure",
        absences,
        lambda one, user: one.user == user,
        lambda event, user: event.who.user == user and event.who.agent is not None,
    ),
    _Rule(
        "logout",
        logouts,
        lambda one, session: one.session == session,
        lambda event, session: event.who.session == session and event.who.agent is not None,
    ),
)


def _windows(trace: Trace, ways: Sequence[Reach], rule: _Rule) -> Iterator[Window]:
    requests = [event for event in facts(trace, "request.allowed") if event.request is not None]
    for subject, spans in rule.in_force(trace).items():
        meant = [one for one in ways if rule.of_reach(one, subject)]
        made = [event for event in requests if rule.of_request(event, subject)]
        for span in spans:
            points = {one.pep or "unknown" for one in meant if one.opened_ms < span[1]}
            each = [_window(rule.decision, subject, span, pep, meant, made) for pep in sorted(points)]
            yield from each
            if each:
                yield _slowest(each)


def _window(
    decision: Decision, subject: str, span: Span, pep: str, ways: Iterable[Reach], made: Iterable[Event]
) -> Window:
    parts = [(part, one) for one in ways if (one.pep or "unknown") == pep and (part := one.within(span)) is not None]
    last_ms = max((part.closed_ms for part, _ in parts), default=span[0])
    used = [e.time_ms for e in made if e.request and e.request.route.pep == pep and span[0] < e.time_ms < span[1]]
    cut = any(part.closed_ms == last_ms and (one.cause is None or one.closed_ms > span[1]) for part, one in parts)
    used_s = (max(used) - span[0]) / 1000 if used else None
    return Window(decision, subject, span[0], pep, (last_ms - span[0]) / 1000, used_s, ended=not cut)


def _slowest(each: Sequence[Window]) -> Window:
    slowest = max(each, key=lambda one: (one.open_s, not one.ended))
    used = [one.used_s for one in each if one.used_s is not None]
    return Window(
        slowest.decision,
        slowest.subject,
        slowest.at_ms,
        ALL_POINTS,
        slowest.open_s,
        max(used, default=None),
        slowest.ended,
    )


def _at(time_ms: int, spans: Iterable[Span]) -> Span | None:
    return next((span for span in spans if span[0] <= time_ms <= span[1]), None)
