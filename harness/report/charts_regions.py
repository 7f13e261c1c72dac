"""Maps of two or three settings: the time in each cell, and the region in which a requirement holds.

A cell is inside the region when no run broke the requirement, something attacked it, and there were runs enough: its bound,
holding for all cells at once, is no higher than the threshold. A thick line runs around the region; a cell that some run
broke is hatched and says how many, one with too few runs is dotted (a single run has no bounds at all), one that nothing
attacked is crossed. A third setting makes a panel for each of its values.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.report.page.exposure import lasting
from harness.report.words import count

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

THRESHOLD = 0.05
"""A cell belongs to the region when at most this share of its runs can break the requirement, by its bound."""
NARROWEST = 8.0
"""Inches that the title takes."""
_BOX = {"facecolor": "#ffffff", "edgecolor": "none", "pad": 1.2, "alpha": 0.9}
_HATCHES = {"holds": "", "broken": "///", "too few runs": "..", "kept once": "..", "not attacked": "xx"}
Mark = tuple[Any, ...]


class Map(NamedTuple):
    """What is drawn: the knobs of both axes and of the panels, their words, and what the numbers in the cells are."""

    x: str
    y: str
    panel: str | None
    names: Mapping[str, str]
    what: str
    holds: str


def region_chart(
    rates: pd.DataFrame,
    *,
    x: str,
    y: str,
    panel: str | None = None,
    names: Mapping[str, str],
    holds: str,
    means: pd.DataFrame | None = None,
    what: str = "",
    marks: Mapping[Mark, str] | None = None,
) -> Figure:
    """A heat map for each value of `panel` (one without), with the region in which the requirement `holds`.

    `rates` is a frame of `measure.summary.violation_rates` for one requirement and `means` one of `means` (seconds), both by
    x, y and panel; without means a cell's shade is the share of broken runs. `names` gives the words of the knobs, `what`
    those of the number. `marks` names cells by (x, y) or (x, y, panel), as those of published deployments; a letter stands
    in the cell and its words below the map.
    """
    from matplotlib.figure import Figure

    told = Map(x, y, panel, names, what, holds)
    panels = list(rates[panel].drop_duplicates().sort_values()) if panel else [None]
    columns, rows = _axis(rates, x), _axis(rates, y)[::-1]
    across = len(panels) if len(columns) * len(panels) <= 12 else min(2, len(panels))
    down = -(-len(panels) // across)
    size = (max(NARROWEST, across * (0.9 + 0.78 * len(columns))), down * (1.1 + 0.58 * len(rows)) + 1.2)
    figure = Figure(figsize=size, layout="constrained")
    grid = figure.subplots(down, across, squeeze=False)
    kinds = {_key(told, one): kind(one) for one in rates.to_dict("records")}
    shades = _shades(rates, means, told)
    for axes, value in zip(grid.flat, [*panels, *[None] * (down * across - len(panels))], strict=True):
        if panel and value is None:
            axes.set_axis_off()
            continue
        own = rates if panel is None else rates[rates[panel] == value]
        for one in own.to_dict("records"):
            place = (columns.index(one[x]), rows.index(one[y]))
            _cell(axes, place, kinds[_key(told, one)], one, *shades[_key(told, one)])
        inside = {
            (columns.index(one[x]), rows.index(one[y]))
            for one in own.to_dict("records")
            if kinds[_key(told, one)] == "holds"
        }
        for line in _border(inside):
            axes.plot(*line, color="#000000", linewidth=3.2, solid_capstyle="round", clip_on=False, zorder=4)
        _finish(axes, told, columns, rows)
        if panel:
            kept = f"holds in {len(inside)} of {len(own)}"
            axes.set_title(f"{names[panel]}: {value_text(value, panel)} ({kept})", loc="left", fontsize=10)
    _marks(figure, grid, told, marks or {}, panels, columns, rows)
    _title(figure, told, rates, list(kinds.values()))
    return figure


def kind(one: Mapping[Any, Any]) -> str:
    """What a cell shows: `broken`, `not attacked`, `kept once` (one case, no bounds), `too few runs`, or `holds`."""
    if one["violated"]:
        return "broken"
    if not one["challenged"]:
        return "not attacked"
    bound = one["high_all"]
    if bound is None or bound != bound:
        return "kept once"
    return "holds" if bound <= THRESHOLD else "too few runs"


def value_text(value: Any, column: str) -> str:
    """The value of a knob as it is read: a length of time, a share, or as it is."""
    if column.endswith("_s"):
        return lasting(float(value))
    if column.endswith("share"):
        return f"{100 * float(value):g} %"
    return str(value)


def _axis(rates: pd.DataFrame, knob: str) -> list[Any]:
    return list(rates[knob].drop_duplicates().sort_values())


def _key(told: Map, one: Mapping[Any, Any]) -> Mark:
    return (one[told.x], one[told.y], one[told.panel] if told.panel else None)


def _shades(rates: pd.DataFrame, means: pd.DataFrame | None, told: Map) -> dict[Mark, tuple[float, str]]:
    """For each cell how dark it is, from 0 to 1, and the words of its number."""
    if means is None:
        return {_key(told, one): (float(one["share"] or 0), "") for one in rates.to_dict("records")}
    most = max(float(means["value"].max()), 1e-9)
    found: dict[Mark, tuple[float, str]] = {_key(told, one): (0.0, "") for one in rates.to_dict("records")}
    for one in means.to_dict("records"):
        value = float(one["value"])
        found[_key(told, one)] = value / most, lasting(round(value) if value >= 10 else round(value, 1))
    return found


def _cell(axes: Axes, place: tuple[int, int], of: str, one: Mapping[Any, Any], share: float, words: str) -> None:
    from matplotlib.patches import Rectangle

    level = [round(245 - (245 - low) * share**0.5) for low in (60, 110, 170)]
    face = "#" + "".join(f"{part:02x}" for part in level)
    edge = "#ffffff" if of == "holds" else "#444444"
    axes.add_patch(Rectangle(place, 1, 1, facecolor=face, edgecolor=edge, hatch=_HATCHES[of], linewidth=0.8))
    hits = f"{one['violated']}/{one['runs']}"
    more = {"holds": "" if words else hits, "broken": hits}.get(of, of)
    said = "\n".join(part for part in (words, more) if part)
    axes.text(place[0] + 0.5, place[1] + 0.5, said, ha="center", va="center", fontsize=8, bbox=_BOX, zorder=5)


def _border(inside: set[tuple[int, int]]) -> Iterator[tuple[Sequence[int], Sequence[int]]]:
    """The edges between cells inside the region and all others, as lines to plot."""
    for column, row in sorted(inside):
        if (column, row - 1) not in inside:
            yield (column, column + 1), (row, row)
        if (column, row + 1) not in inside:
            yield (column, column + 1), (row + 1, row + 1)
        if (column - 1, row) not in inside:
            yield (column, column), (row, row + 1)
        if (column + 1, row) not in inside:
            yield (column + 1, column + 1), (row, row + 1)


def _finish(axes: Axes, told: Map, columns: Sequence[Any], rows: Sequence[Any]) -> None:
    axes.set_xlim(0, len(columns))
    axes.set_ylim(len(rows), 0)
    axes.set_xticks([one + 0.5 for one in range(len(columns))], [value_text(one, told.x) for one in columns])
    axes.set_yticks([one + 0.5 for one in range(len(rows))], [value_text(one, told.y) for one in rows])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_xlabel(told.names[told.x])
    axes.set_ylabel(told.names[told.y])


def _marks(
    figure: Figure, grid: Any, told: Map, marks: Mapping[Mark, str], panels: Sequence[Any], columns: Any, rows: Any
) -> None:
    """A letter in each marked cell, and below the map what each is."""
    said = []
    for letter, (at, words) in zip("ABCDEFGH", marks.items(), strict=False):
        axes = grid.flat[panels.index(at[2]) if told.panel else 0]
        place = (columns.index(at[0]), rows.index(at[1]))
        axes.text(
            *(place[0] + 0.1, place[1] + 0.2), letter, ha="center", va="center", fontsize=8, weight="bold", zorder=6,
            color="#ffffff", bbox={"facecolor": "#000000", "edgecolor": "none", "boxstyle": "circle,pad=0.15"},
        )  # fmt: skip
        said.append(f"{letter}: {words}")
    if said:
        figure.supxlabel("\n".join(said), fontsize=9, x=0.01, ha="left")


def _title(figure: Figure, told: Map, rates: pd.DataFrame, kinds: Sequence[str]) -> None:
    runs = int(rates["runs"].min())
    held, broken = kinds.count("holds"), kinds.count("broken")
    lines = [
        f"{told.holds} holds in {held} of {len(kinds)} settings (inside the line), "
        f"and is broken in {broken} (hatched; k/n: in k of n runs)"
    ]
    bounds = [one for one in rates["high_all"] if one is not None and one == one and one < 1]
    if held:
        lines.append(
            f"inside: none of {runs:,} runs broke it, so at most {THRESHOLD:.0%} of such runs do, in all cells at once"
        )
    elif bounds and "too few runs" in kinds:
        lines.append(
            f"{count(runs, 'run')} for each setting are too few for a region: none broken is at most {min(bounds):.0%}"
        )
    if told.what:
        lines.append(f"in the cells: {told.what}, mean over runs")
    figure.suptitle("\n".join(lines), fontsize=10.5, x=0.01, ha="left")
