"""The measures of some runs as tidy pandas frames: a row per fact, units in the names of columns, documented here.

Every function takes traces by the name of the design they ran on; those of reach need runs that wrote it. pandas is
imported when a frame is made; nothing is computed here that `exposure`, `windows`, `privilege` or `cost` do not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

from harness.judge import Benign
from harness.measure.cost import Cost, cost
from harness.measure.exposure import Exposure, exposures
from harness.measure.privilege import Blast, blast_radius, standing
from harness.measure.spans import merged, tasks
from harness.measure.windows import Window, windows
from harness.trace import Trace

if TYPE_CHECKING:
    import pandas

Traces = Mapping[str, Trace]


def exposure_frame(traces: Traces, *, calls_per_s: float | None = None) -> pandas.DataFrame:
    """Potential exposure, a row for each design, slice and category (`all` is over all of them).

    Columns: design, and the fields of `Exposure`: slice, category, record_s, people_s, per_agent_record_s, most_records,
    most_people, records, open_s, takeable (by a caller at `calls_per_s`, else all records).
    """
    rows = [
        (design, asdict(one)) for design, trace in traces.items() for one in exposures(trace, calls_per_s=calls_per_s)
    ]
    return _frame(rows, Exposure)


def window_frame(traces: Traces) -> pandas.DataFrame:
    """How long doors stayed open, a row for each design, decision and enforcement point (`all` is the slowest).

    Columns: design, and the fields of `Window`: decision (denial, departure, logout), subject, at_ms, pep, open_s, used_s,
    ended (no: the window is at least so long).
    """
    return _frame([(design, asdict(one)) for design, trace in traces.items() for one in windows(trace)], Window)


def standing_frame(traces: Traces) -> pandas.DataFrame:
    """Usable credentials over time, a row for each change: design, time_s, credentials (from `time_s` on)."""
    import pandas

    rows = [
        (design, time_ms / 1000, count)
        for design, trace in traces.items()
        for time_ms, count in [(0, 0), *standing(trace).steps]
    ]
    return pandas.DataFrame(rows, columns=["design", "time_s", "credentials"])


def task_frame(traces: Traces) -> pandas.DataFrame:
    """When a task was under way, a row for each span: design, from_s, to_s; spans of tasks at the same time are one."""
    import pandas

    rows = [
        (design, begin / 1000, end / 1000)
        for design, trace in traces.items()
        for begin, end in merged(span for spans in tasks(trace).values() for span in spans)
    ]
    return pandas.DataFrame(rows, columns=["design", "from_s", "to_s"])


def blast_frame(traces: Traces) -> pandas.DataFrame:
    """The blast radius of each agent: design, agent, records, people, endpoints, most_records, most_people, record_s."""
    return _frame([(design, asdict(one)) for design, trace in traces.items() for one in blast_radius(trace)], Blast)


def cost_frame(traces: Traces) -> pandas.DataFrame:
    """What protection costs, a row for each design: the fields of `Cost`, those of benign use side by side with them."""
    import pandas

    names = [one.name for one in fields(Cost) if one.name != "benign"] + [one.name for one in fields(Benign)]
    rows = [{"design": design, **_cost_row(trace)} for design, trace in traces.items()]
    return pandas.DataFrame(rows, columns=["design", *names])


def _cost_row(trace: Trace) -> dict[str, Any]:
    found = asdict(cost(trace))
    benign: dict[str, Any] = found.pop("benign")
    return found | benign


def _frame(rows: list[tuple[str, dict[str, Any]]], of: type[Exposure | Window | Blast]) -> pandas.DataFrame:
    import pandas

    columns = ["design", *(one.name for one in fields(of))]
    return pandas.DataFrame([{"design": design, **row} for design, row in rows], columns=columns)
