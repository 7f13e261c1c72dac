"""What really happened: violations of each requirement in a run, how many people and records they touched, and when.

Joins the judge's verdicts with the events that show them. Potential exposure, which also counts what nobody took, is in
`exposure`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.judge import RunVerdict
from harness.trace import Event, Trace


@dataclass(frozen=True, slots=True)
class Realised:
    """The violations of one requirement in one run: events, different people and records, first to last in seconds.

    `people` are the owners of the data or, where the event has none, the users. Times are None where nothing was violated.
    """

    requirement: str
    violations: int
    people: int
    records: int
    first_s: float | None
    last_s: float | None


def realised(trace: Trace, verdicts: Mapping[str, RunVerdict]) -> list[Realised]:
    """The realised violations of one run, for each requirement."""
    events = {event.id: event for event in trace.events}
    return [_realised(key, run, events) for key, run in verdicts.items()]


def _realised(requirement: str, run: RunVerdict, events: Mapping[int | str, Event]) -> Realised:
    breaking = {one.events[-1]: one.time_ms for one in run.violations}
    shown = [events[key] for key in breaking if key in events]
    people = {event.own.get("owner") or event.who.user for event in shown} - {None}
    records = {event.own.get("record") for event in shown} - {None}
    times = sorted(breaking.values())
    return Realised(
        requirement=requirement,
        violations=len(breaking),
        people=len(people),
        records=len(records),
        first_s=times[0] / 1000 if times else None,
        last_s=times[-1] / 1000 if times else None,
    )
