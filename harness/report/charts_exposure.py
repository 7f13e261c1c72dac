"""The chart of exposure: how long data stays within reach after each cause, beside what the rule allows and the worst case.

`exposure_frame` says what is drawn; `exposure_chart` draws it. Seconds on a logarithmic axis, since a second and an hour
stand side by side; shapes tell measured, allowed and worst case apart without colour.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.report.page.exposure import lasting, too_long
from harness.report.result import RunResult

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LEAST_S = 0.1
"""What is drawn for no time at all, on an axis that has no zero."""


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

    figure = Figure(figsize=(9, 1.9 + 0.42 * len(frame)), layout="constrained")
    axes = figure.add_subplot()
    many = frame["system"].nunique() > 1
    for place, row in enumerate(frame.to_dict("records")):
        length_s = max(row["open_s"] or 0, LEAST_S)
        hatch = "///" if row["too_long"] else ""
        face = "#d55e00" if row["too_long"] else "#9ecae1"
        axes.barh(place, length_s - LEAST_S / 2, left=LEAST_S / 2, height=0.55, color=face, edgecolor="#333333", hatch=hatch)
        said = lasting(row["open_s"]) if row["open_s"] == row["open_s"] and row["open_s"] is not None else "not measured"
        axes.annotate(f" {'' if row['ended'] else 'at least '}{said}", (length_s, place), va="center", fontsize=8)
    for column, marker, name in (("allowed_s", "|", "the rule allows"), ("bound_s", "D", "worst case by the settings"),
                                 ("login_only_s", "X", "with OAuth for logins only")):  # fmt: skip
        _marks(axes, frame, column, marker, name)
    axes.set_yticks(
        range(len(frame)),
        [f"{row.requirement} {row.of}" + (f", {row.system}" if many else "") for row in frame.itertuples()],
    )
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.set_xlim(left=LEAST_S / 2)
    axes.set_xlabel("longest time within reach [s], logarithmic")
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_title(_finding(frame), loc="left", wrap=True)
    figure.legend(loc="outside lower center", ncols=3, frameon=False, fontsize=8)
    return figure


def _marks(axes: Axes, frame: pd.DataFrame, column: str, marker: str, name: str) -> None:
    """One mark for each row that has a value, in one series with one entry in the legend."""
    values = ((place, value) for place, value in enumerate(frame[column]) if value == value and value is not None)
    known = [(max(float(value), LEAST_S), place) for place, value in values]
    if known:
        seconds, places = zip(*known, strict=True)
        face = {"|": "#000000", "D": "#ffffff", "X": "#555555"}[marker]
        size = 260 if marker == "|" else 42
        axes.scatter(seconds, places, marker=marker, s=size, facecolor=face, edgecolor="#000000", zorder=3, label=name)


def _finding(frame: pd.DataFrame) -> str:
    over = int(frame["too_long"].sum())
    if over == 0:
        return f"None of {len(frame)} exposures lasts longer than its rule allows"
    return f"{over} of {len(frame)} exposures can last longer than the rule allows"
