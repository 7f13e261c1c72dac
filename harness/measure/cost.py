"""What protection costs: load on authorization servers, token bytes, prompts to people, honest work refused or delayed.

Rates are per second of simulated time, prompts per hour in which somebody was there. Read off the counters that close a
trace, and off honest tasks; what a trace does not count is None, never 0.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from harness.judge import Benign, benign
from harness.judge.monitor import is_honest
from harness.measure.resampling import quantile
from harness.measure.spans import end_of, facts, length_s, presences
from harness.trace import Event, Trace

MS_PER_HOUR = 3_600_000


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of one run. Durations in seconds, `token_bytes` on average for each token issued.

    `as_requests` are all requests to authorization servers, `introspections` those to the introspection endpoint;
    `prompts_per_person_h` is for an hour of one person's presence. Delays are those of completed honest tasks, from asking
    to the end.
    """

    duration_s: float
    as_requests: int | None
    as_requests_per_s: float | None
    introspections: int | None
    introspections_per_s: float | None
    tokens: int
    token_bytes: float | None
    prompts: int | None
    prompts_per_person_h: float | None
    benign: Benign
    completion: float | None
    refused_share: float | None
    delay_median_s: float | None
    delay_mean_s: float | None


def cost(trace: Trace) -> Cost:
    """The cost of one run."""
    duration_s = end_of(trace) / 1000
    used = benign(trace)
    asked, introspected = _as_requests(trace), _introspections(trace)
    prompts = trace.counters.get("prompts", 0 if trace.counters else None)
    tokens = sum(1 for _ in facts(trace, "token.issued"))
    size = trace.counters.get("token_bytes")
    hours = sum(length_s(spans) for spans in presences(trace).values()) * 1000 / MS_PER_HOUR
    delays = list(task_delays(trace))
    honest_calls = sum(1 for e in facts(trace, "request.allowed") if e.who.agent is not None and is_honest(e))
    return Cost(
        duration_s=duration_s,
        as_requests=asked,
        as_requests_per_s=_per(asked, duration_s),
        introspections=introspected,
        introspections_per_s=_per(introspected, duration_s),
        tokens=tokens,
        token_bytes=_per(size, tokens),
        prompts=prompts,
        prompts_per_person_h=_per(prompts, hours),
        benign=used,
        completion=_per(used.completed, used.tasks),
        refused_share=_per(used.refused_calls, used.refused_calls + honest_calls),
        delay_median_s=quantile(delays, 0.5),
        delay_mean_s=_per(sum(delays), len(delays)),
    )


def task_delays(trace: Trace) -> Iterable[float]:
    """How long each honest task took that came to its end, in seconds."""
    twisted = {event.who.task for event in trace.events if not is_honest(event)}
    started: dict[str | None, Event] = {}
    for event in facts(trace, "task.started", "task.ended"):
        if event.kind == "task.started":
            started[event.who.task] = event
        elif (start := started.pop(event.who.task, None)) is not None and event.who.task not in twisted:
            yield (event.time_ms - start.time_ms) / 1000


def _as_requests(trace: Trace) -> int | None:
    """Counters of authorization servers begin with `as_`, one for each endpoint."""
    found = [value for name, value in trace.counters.items() if name.startswith("as_")]
    return sum(found) if found else 0 if trace.counters else None


def _introspections(trace: Trace) -> int | None:
    if not trace.counters:
        return None
    return int(trace.counters.get("as_introspect", 0)) + int(trace.counters.get("introspections", 0))


def _per(amount: float | None, whole: float) -> float | None:
    return amount / whole if amount is not None and whole else None
