"""The chart of exposure: how long data stays within reach after each cause, beside what the rule allows and the worst case.

`exposure_frame` says what is drawn; `exposure_chart` draws it. Seconds on a logarithmic axis, since a second and an hour
stand side by side; shapes tell measured, allowed and worst case apart without colour.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.report.page.exposure import lasting, too_long
from harness.report.result import RunResult

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LEAST_S = 0.1
"""The shortest that is drawn, on an axis that has no zero; no time at all has no bar."""
TICKS = ((1, "1 s"), (10, "10 s"), (60, "1 min"), (600, "10 min"), (3600, "1 h"), (36_000, "10 h"), (864_000, "10 d"))


def exposure_frame(result: RunResult) -> pd.DataFrame:
    """One row for each system, requirement and sort of exposure.

    Columns: system, requirement, of (departure, logout, denial, consent, entitlement), open_s (longest measured), ended (False:
    at least so long), allowed_s, bound_s (worst case by the settings), login_only_s (the same with OAuth for logins only),
    too_long (longer than the rule allows). Seconds; None where there is none.
    """
    import pandas as pd

    rows = [
        {
            "system": system.name,
            "requirement": verdict.requirement,
            "of": one.of,
            "open_s": one.open_s,
            "ended": one.ended,
            "allowed_s": one.allowed_s,
            "bound_s": one.bound_s,
            "login_only_s": one.baseline_open_s,
            "too_long": too_long(one),
        }
        for system, verdict in result.each()
        for one in verdict.exposure or ()
    ]
    return pd.DataFrame(rows)


def exposure_chart(frame: pd.DataFrame) -> Figure:
    """A row for each exposure: a bar as long as it was measured, a line where the rule ends, marks for the others."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 1.9 + 0.46 * len(frame)), layout="constrained")
    axes = figure.add_subplot()
    rows = frame.to_dict("records")
    for place, row in enumerate(rows):
        face, hatch = ("#d55e00", "///") if row["too_long"] else ("#9ecae1", "")
        if not _known(row["open_s"]) or not row["open_s"]:
            continue  # nothing lay open, or nobody measured it: the name of the row says which, and no bar belongs there
        length_s = max(float(row["open_s"]), LEAST_S)
        axes.barh(
            place, length_s - LEAST_S / 2, left=LEAST_S / 2, height=0.5, color=face, edgecolor="#333333", hatch=hatch
        )
    _marks(axes, frame, "allowed_s", _Look("|", "#000000", 260, "the rule allows"))
    _marks(axes, frame, "bound_s", _Look("D", "#ffffff", 42, "worst case by the settings"))
    _marks(axes, frame, "login_only_s", _Look("X", "#555555", 60, "with OAuth for logins only"))
    many = frame["system"].nunique() > 1
    axes.set_yticks(range(len(rows)), [_row_name(row, many=many) for row in rows])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xscale("log")
    axes.set_xlim(left=LEAST_S / 2)
    ends = [one for one in TICKS if one[0] <= axes.get_xlim()[1]]
    axes.set_xticks([seconds for seconds, _ in ends], [name for _, name in ends])
    axes.set_xlabel("longest time within reach (logarithmic)")
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_title(_finding(frame), loc="left", wrap=True)
    if axes.get_legend_handles_labels()[0]:
        figure.legend(loc="outside lower center", ncols=3, frameon=False, fontsize=8)
    return figure


def _row_name(row: Mapping[Hashable, Any], *, many: bool) -> str:
    least = "" if row["ended"] else "at least "
    measured = f"{least}{lasting(row['open_s'])}" if _known(row["open_s"]) else "not measured"
    return f"{row['requirement']} {row['of']}{', ' + row['system'] if many else ''}: {measured}"


def _known(value: float | None) -> bool:
    """Whether a number is there: pandas writes NaN where it is not."""
    return value is not None and value == value


class _Look(NamedTuple):
    marker: str
    face: str
    size: int
    name: str


def _marks(axes: Axes, frame: pd.DataFrame, column: str, look: _Look) -> None:
    """One mark for each row that has a value, in one series with one entry in the legend."""
    known = [(max(float(value), LEAST_S), place) for place, value in enumerate(frame[column]) if _known(value)]
    if known:
        seconds, places = zip(*known, strict=True)
        edge = None if look.marker == "|" else "#000000"  # a line has no edge of its own
        axes.scatter(
            seconds, places, marker=look.marker, s=look.size, c=look.face, edgecolors=edge, zorder=3, label=look.name
        )


def _finding(frame: pd.DataFrame) -> str:
    over = int(frame["too_long"].sum())
    if over == 0:
        return f"None of {len(frame)} exposures lasts longer than its rule allows"
    return f"{over} of {len(frame)} exposures can last longer than the rule allows"
