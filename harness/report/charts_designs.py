"""Charts of designs held against attacks: rates with exact bounds, the matrix of controls, incidents, and the roadmap.

Frames in, figures out, nothing computed but what a title says. Greyscale tells everything apart: by words, numbers and
hatches in cells, by markers of series.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from harness.report.charts import CELLS, Cell
from harness.report.words import count

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MARKS = (("o", "#0072b2"), ("X", "#d55e00"), ("s", "#009e73"), ("^", "#555555"), ("D", "#cc79a7"), ("v", "#000000"))


def rates_chart(rates: pd.DataFrame, *, of: str = "system") -> Figure:
    """Shares of runs that break each requirement, a mark with its exact bounds for each value of the column `of`.

    `rates` is a frame of `measure.summary.violation_rates`. Marks without bounds are deterministic cases.
    """
    from matplotlib.ticker import PercentFormatter

    series, requirements = list(dict.fromkeys(rates[of])), list(dict.fromkeys(rates["requirement"]))
    figure, axes = _figure(8.6, 1.5 + (0.25 + 0.2 * len(series)) * len(requirements))
    for number, ((marker, colour), name) in enumerate(zip(MARKS, series, strict=False)):
        own = rates[rates[of] == name]
        places = [requirements.index(one) + _offset(number, len(series)) for one in own["requirement"]]
        bounds = [own["share"] - own["low"].fillna(own["share"]), own["high"].fillna(own["share"]) - own["share"]]
        axes.errorbar(own["share"], places, xerr=bounds, fmt=marker, color=colour, capsize=3, linewidth=1.3, label=name)
        for share, high, place, text in zip(own["share"], own["high"], places, _seen(own), strict=True):
            right = high if high == high else share
            axes.annotate(
                text,
                (right, place),
                xytext=(6, 0),
                textcoords="offset points",
                va="center",
                fontsize=8,
                color="#333333",
            )
    axes.set_yticks(range(len(requirements)), requirements)
    axes.set_ylim(len(requirements) - 0.5, -0.5)
    axes.set_xlim(-0.02, 1.16)
    axes.xaxis.set_major_formatter(PercentFormatter(1))
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1])
    axes.set_xlabel("share of attacks that break the requirement, with exact 95 % bounds")
    axes.spines[["top", "right"]].set_visible(False)
    for line in range(1, len(requirements)):
        axes.axhline(line - 0.5, color="#dddddd", linewidth=0.8)
    figure.legend(loc="outside lower center", ncols=4, frameon=False, fontsize=9)
    axes.set_title(_rates_finding(rates, series, of), loc="left", pad=10)
    return figure


def matrix_chart(frame: pd.DataFrame) -> Figure:
    """Controls by requirements: in how many scenarios a requirement breaks when the control is taken away.

    `frame` is a `removal_frame`. Darker is more; empty cells break nothing.
    """
    controls, requirements = list(dict.fromkeys(frame["control"])), list(dict.fromkeys(frame["requirement"]))
    figure, axes = _figure(3.9 + 0.75 * len(requirements), 1.4 + 0.27 * len(controls))
    most = max(1, int(frame["scenarios"].max()))
    for row in frame.to_dict("records"):
        many = int(row["scenarios"])
        look = Cell(str(many) if many else "", _shade(many / most), "#ffffff" if many / most > 0.55 else "#000000")
        _box(axes, requirements.index(row["requirement"]), controls.index(row["control"]), look)
    names = dict(zip(frame["control"], frame["name"], strict=True))
    _grid(axes, requirements, [f"{one} {names[one]}" for one in controls])
    needed = frame[frame["scenarios"] > 0]
    idle = len(controls) - needed["control"].nunique()
    words = "every control has work of its own" if not idle else f"{count(idle, 'control')} can go without a trace"
    axes.set_title(
        f"Scenarios that break a requirement without the control:\n{words}, "
        f"{needed['requirement'].nunique()} of {len(requirements)} requirements are guarded",
        loc="left",
        pad=12,
    )
    return figure


def incident_chart(frame: pd.DataFrame, titles: Mapping[str, str]) -> Figure:
    """Incidents by designs: what was broken, or which controls stopped it; the name of each design stands above.

    `frame` is an `incident_frame`, `titles` the incidents' titles by id. Cells are read off the file's own scenario, or off
    its variants for a design that only these have.
    """
    plain = set(frame.loc[frame["variant"] == "", ["incident", "design"]].itertuples(index=False, name=None))
    cells = zip(frame["incident"], frame["design"], frame["variant"], strict=True)
    own = frame[[not variant or (incident, design) not in plain for incident, design, variant in cells]]
    incidents = list(dict.fromkeys(own["incident"]))
    figure, axes = _figure(13.4, 1.3 + 0.47 * len(incidents))
    columns = 1
    for row, incident in enumerate(incidents):
        some = own[own["incident"] == incident]
        for column, design in enumerate(dict.fromkeys(some["design"])):
            columns = max(columns, column + 1)
            cell = some[some["design"] == design]
            _box(axes, column, row, _incident_cell(cell), above=str(design))
    _grid(axes, ["no control", "controls beside the point", *[""] * (columns - 2)][:columns], [])
    axes.set_yticks([row + 0.5 for row in range(len(incidents))], [f"{one} {titles[one]}" for one in incidents])
    axes.set_ylim(len(incidents), 0)
    broken = own[(own["design"] == "none") & (own["verdict"] == "violated")]["incident"].nunique()
    stopped = own[~own["design"].isin(["none", "decoys"]) & (own["verdict"] == "held")]["incident"].nunique()
    axes.set_title(
        f"{broken} of {len(incidents)} incidents happen again without controls;\n"
        f"controls beside the point stop {_decoys(own)}, the designs that they call for {stopped}",
        loc="left",
        pad=12,
    )
    return figure


def waterfall_chart(frame: pd.DataFrame) -> Figure:
    """A roadmap as a waterfall: what is still broken after each step, and what the step closed.

    `frame` is a `roadmap_frame`.
    """
    figure, axes = _figure(10, 1.7 + 0.34 * len(frame))
    rows = frame.to_dict("records")
    for place, row in enumerate(rows):
        left, closed = int(row["left"]), int(row["closed"])
        axes.barh(place, left, color="#bdbdbd", edgecolor="#555555", height=0.62)
        if closed > 0:
            axes.barh(place, closed, left=left, color="#0072b2", edgecolor="#333333", hatch="///", height=0.62)
        change = f", {closed} closed" if closed >= 0 else f", {-closed} more than before"
        words = f"{left} left" + (change if place else "")
        axes.annotate(
            words, (left + max(closed, 0), place), xytext=(5, 0), textcoords="offset points", va="center", fontsize=8.5
        )
    axes.set_yticks(range(len(rows)), [_step_name(row) for row in rows])
    axes.invert_yaxis()
    axes.set_xlim(0, max(1, frame["left"].max()) * 1.22)
    axes.set_xlabel("breaks: scenarios with a requirement that they break [count]")
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_title(_roadmap_finding(frame), loc="left", pad=10)
    return figure


def _seen(own: pd.DataFrame) -> list[str]:
    return [f"{hits} of {runs}" for hits, runs in zip(own["violated"], own["runs"], strict=True)]


def _rates_finding(rates: pd.DataFrame, series: Sequence[Any], of: str) -> str:
    parts = []
    for name in series:
        own = rates[rates[of] == name]
        parts.append(f"{name} {int(own['violated'].sum())} of {int(own['runs'].sum())}")
    lines = [", ".join(parts[at : at + 3]) for at in range(0, len(parts), 3)]
    return "Attacks that break a requirement: " + ",\n".join(lines)


def _decoys(own: pd.DataFrame) -> int:
    decoys = own[own["design"] == "decoys"].groupby("incident")["verdict"]
    return int(decoys.apply(lambda some: not bool((some == "violated").any())).sum())


def _incident_cell(cell: pd.DataFrame) -> Cell:
    broken = list(dict.fromkeys(cell.loc[cell["verdict"] == "violated", "requirement"]))
    if broken:
        return CELLS["violated"]._replace(words=f"{' '.join(broken)} broken")
    if (cell["verdict"] == "held").any():
        stopped = dict.fromkeys(one for text in cell["stopped_by"] for one in str(text).split())
        return CELLS["held"]._replace(words=f"stopped by {', '.join(stopped)}")
    return CELLS["not_challenged"]._replace(words="no attack came about")


def _step_name(row: Mapping[Hashable, Any]) -> str:
    if not row["step"]:
        return f"start: {row['name']}"
    return f"+ {row['added']} {row['name']}" if str(row["added"]).startswith("K") else f"+ {row['name']}"


def _roadmap_finding(frame: pd.DataFrame) -> str:
    first, last = frame.iloc[0], frame.iloc[-1]
    half = frame[frame["left"] <= first["left"] / 2]
    end = "all is kept" if not last["left"] else f"{count(int(last['left']), 'break')} left"
    if half.empty:
        return f"After {len(frame) - 1} steps {end}"
    steps = count(int(half.iloc[0]["step"]), "step")
    return f"Half of {first['left']} breaks are closed after {steps}; after {last['step']} {end}"


def _offset(number: int, of: int) -> float:
    return (number - (of - 1) / 2) * 0.8 / max(of, 1)


def _shade(share: float) -> str:
    """White for nothing, then from light to dark."""
    if share <= 0:
        return "#ffffff"
    level = [round(215 - (215 - low) * share) for low in (20, 55, 110)]
    return "#" + "".join(f"{one:02x}" for one in level)


def _box(axes: Axes, column: int, row: int, look: Cell, *, above: str = "") -> None:
    from matplotlib.patches import Rectangle

    axes.add_patch(
        Rectangle(
            (column + 0.02, row + 0.04),
            0.96,
            0.92,
            facecolor=look.face,
            edgecolor="#9a9a9a",
            hatch=look.hatch,
            linewidth=0.6,
        )
    )
    box = {"facecolor": look.face, "edgecolor": "none", "pad": 1}
    if look.words:
        place = row + (0.68 if above else 0.52)
        axes.text(
            column + 0.5,
            place,
            look.words,
            ha="center",
            va="center",
            color=look.ink,
            fontsize=8,
            weight="bold",
            bbox=box,
        )
    if above:
        axes.text(
            column + 0.5,
            row + 0.3,
            above.replace("_", " "),
            ha="center",
            va="center",
            color=look.ink,
            fontsize=7.5,
            bbox=box,
        )


def _grid(axes: Axes, columns: Sequence[str], rows: Sequence[str]) -> None:
    axes.set_xlim(0, len(columns))
    axes.set_xticks([one + 0.5 for one in range(len(columns))], columns)
    axes.xaxis.tick_top()
    if rows:
        axes.set_ylim(len(rows), 0)
        axes.set_yticks([one + 0.5 for one in range(len(rows))], rows)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def _figure(width: float, height: float) -> tuple[Figure, Axes]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.add_subplot()
