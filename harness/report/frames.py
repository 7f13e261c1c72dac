"""Results as tidy pandas frames: a row per fact, columns documented, units in their names.

Reads results and traces; computes nothing that `measure` or the judge should. pandas is imported when a frame is made.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from harness.measure.reach import in_reach, reaches
from harness.measure.spans import end_of
from harness.report.result import RunResult
from harness.trace import Trace

if TYPE_CHECKING:
    import pandas as pd


def verdict_frame(result: RunResult) -> pd.DataFrame:
    """One row for each system and requirement.

    Columns: system, requirement, text, owner, severity, verdict (held, violated, not_challenged, error), waived,
    attacks_stopped, honest_cases, violations (counts of events).
    """
    import pandas as pd

    rows = [
        {
            "system": system.name,
            "requirement": verdict.requirement,
            "text": verdict.text,
            "owner": verdict.owner,
            "severity": verdict.severity,
            "verdict": verdict.verdict,
            "waived": verdict.waived,
            "attacks_stopped": verdict.challenged,
            "honest_cases": verdict.exercised,
            "violations": verdict.violations,
        }
        for system, verdict in result.each()
    ]
    return pd.DataFrame(rows)


def attack_frame(result: RunResult) -> pd.DataFrame:
    """One row for each run that attacked a requirement on purpose, as `measure.summary.violation_rates` reads them.

    Columns: system, scenario, seed, requirement, verdict, challenged, violations (counts of events). An attack is a run of a
    scenario that aims at the requirement, and was put to the test: what did not come about is left out.
    """
    import pandas as pd

    rows = [
        {
            "system": system.name,
            "scenario": one.scenario,
            "seed": one.seed,
            "requirement": verdict.requirement,
            "verdict": one.verdict,
            "challenged": one.challenged,
            "violations": one.violations,
        }
        for system, verdict in result.each()
        for one in verdict.scenarios
        if one.aimed and (one.challenged or one.violations or one.verdict == "error")
    ]
    return pd.DataFrame(
        rows, columns=["system", "scenario", "seed", "requirement", "verdict", "challenged", "violations"]
    )


def benign_frame(result: RunResult) -> pd.DataFrame:
    """What protection cost honest work, a row for each system: system, tasks, completed, refused_calls."""
    import pandas as pd

    rows = [
        {
            "system": system.name,
            "tasks": system.benign.tasks,
            "completed": system.benign.completed,
            "refused_calls": system.benign.refused_calls,
        }
        for system in result.systems
    ]
    return pd.DataFrame(rows)


def reach_frame(traces: Mapping[str, Trace], *, user: str | None = None) -> pd.DataFrame:
    """What lay within reach of agents over time, a row for each change: design, time_s, records, people.

    `traces` are runs by the design's name, made with reach on. With `user`, only what agents can reach in that person's
    name. Values hold from `time_s` until the design's next row; each design starts at 0 s and ends with its run.
    """
    import pandas as pd

    rows = [row for design, trace in traces.items() for row in _reach_rows(design, trace, user)]
    return pd.DataFrame(rows, columns=["design", "time_s", "records", "people"])


def _reach_rows(design: str, trace: Trace, user: str | None) -> Iterable[tuple[str, float, int, int]]:
    ways = [one for one in reaches(trace) if one.agent is not None and user in (None, one.user)]
    records, people = dict(in_reach(ways)), dict(in_reach(ways, "people"))
    end_ms = end_of(trace)
    now = (0, 0)
    for time_ms in sorted({0, end_ms, *records, *people}):
        if time_ms < end_ms:
            now = (records.get(time_ms, now[0]), people.get(time_ms, now[1]))
        yield design, time_ms / 1000, *now


def moments_frame(traces: Mapping[str, Trace], kinds: Iterable[str]) -> pd.DataFrame:
    """When some kinds of events happened, a row for each: design, time_s, kind, user, agent."""
    import pandas as pd

    wanted = set(kinds)
    rows = [
        (design, event.time_ms / 1000, event.kind, event.who.user, event.who.agent)
        for design, trace in traces.items()
        for event in trace.events
        if event.kind in wanted and event.attempt is None
    ]
    return pd.DataFrame(rows, columns=["design", "time_s", "kind", "user", "agent"])
