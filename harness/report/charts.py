"""Charts of results: what was found stands in the title, units on the axes, and no meaning in colour alone.

Each takes a frame of `frames` (or of the same columns) and gives a matplotlib figure; matplotlib is imported when one is
drawn, and drawn without a display. Colours are those of Okabe and Ito, told apart in greyscale by lightness and hatch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.report.story import clock
from harness.report.words import count

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


class Cell(NamedTuple):
    """How a verdict looks in a grid: its words, and a face that is told apart without colour."""

    words: str
    face: str
    ink: str
    hatch: str = ""


CELLS: Mapping[str, Cell] = {
    "held": Cell("kept", "#d9f0e3", "#10402b"),
    "violated": Cell("broken", "#8c2d04", "#ffffff"),
    "not_challenged": Cell("not tested", "#e6e6e6", "#404040", "///"),
    "error": Cell("run failed", "#f2d7ee", "#5b0f50", "xxx"),
    "waived": Cell("broken, accepted", "#e8a33d", "#1a1a1a"),
}
_LINES = (("#0072b2", "-"), ("#d55e00", "--"), ("#009e73", "-."), ("#555555", ":"))


def verdict_chart(frame: pd.DataFrame) -> Figure:
    """A grid of requirements by systems: the verdict in words, attacks stopped and violations beneath.

    `frame` is a `verdict_frame`; systems and requirements keep their order of appearance.
    """
    systems, requirements = list(dict.fromkeys(frame["system"])), list(dict.fromkeys(frame["requirement"]))
    figure, axes = _figure(2.2 + 1.9 * len(systems), 1.3 + 0.62 * len(requirements))
    for _, row in frame.iterrows():
        _cell(axes, systems.index(row["system"]), requirements.index(row["requirement"]), row)
    axes.set_xlim(0, len(systems))
    axes.set_ylim(len(requirements), 0)
    axes.set_xticks([column + 0.5 for column in range(len(systems))], systems)
    axes.set_yticks([row + 0.5 for row in range(len(requirements))], requirements)
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.set_title(_verdict_finding(frame, systems), loc="left", pad=14, wrap=True)
    return figure


def reach_chart(frame: pd.DataFrame, moments: pd.DataFrame, *, what: str = "records") -> Figure:
    """What lies within reach over time, a line for each design, with upright lines at the moments that matter.

    `frame` is a `reach_frame`, `moments` a `moments_frame`: the first moment of each kind is marked. The title says how
    long after the last of them something stayed within reach.
    """
    from matplotlib.ticker import MaxNLocator

    figure, axes = _figure(8.2, 3.6)
    unit_s, unit = (60, "min") if frame["time_s"].max() > 300 else (1, "s")
    designs = list(dict.fromkeys(frame["design"]))
    for (colour, style), design in zip(_LINES, designs, strict=False):
        own = frame[frame["design"] == design]
        axes.step(
            own["time_s"] / unit_s, own[what], where="post", color=colour, linestyle=style, linewidth=2, label=design
        )
    for number, (kind, time_s) in enumerate(first_moments(moments).items()):
        axes.axvline(time_s / unit_s, color="#777777", linewidth=1)
        axes.annotate(
            _MOMENTS.get(kind, kind),
            (time_s / unit_s, 1),
            xycoords=("data", "axes fraction"),
            xytext=(4, -12 - 13 * number),
            textcoords="offset points",
            fontsize=9,
        )
    axes.set_xlabel(f"time since the start of the run [{unit}]")
    axes.set_ylabel(f"{what} within reach of agents")
    axes.set_ylim(bottom=0, top=max(1, frame[what].max()) * 1.25)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, loc="center right")
    axes.set_title(_reach_finding(frame, moments, designs, what), loc="left", pad=10, wrap=True)
    return figure


_MOMENTS = {
    "user.left": "the user leaves",
    "user.logged_out": "the user logs out",
    "agent.disabled": "the agent is disabled",
}


def first_moments(moments: pd.DataFrame) -> dict[str, float]:
    """The first instant of each kind, in seconds; where two kinds share an instant, the more telling one stands."""
    found = {str(kind): float(time_s) for kind, time_s in moments.groupby("kind", sort=False)["time_s"].min().items()}
    if found.get("user.left") == found.get("user.logged_out"):
        found.pop("user.left", None)
    return found


def stays_s(frame: pd.DataFrame, design: str, after_s: float, what: str = "records") -> tuple[float, bool]:
    """How long after an instant something lies within reach, and whether the run ended before it closed."""
    own = frame[frame["design"] == design]
    times, values = list(own["time_s"]), list(own[what])
    last = max((time for time, value in zip(times[1:], values, strict=False) if value > 0), default=after_s)
    return max(0.0, last - after_s), bool(values and values[-1] > 0)


def _verdict_finding(frame: pd.DataFrame, systems: Sequence[str]) -> str:
    parts = []
    for system in systems:
        own = frame[frame["system"] == system]["verdict"]
        kept, broken = int((own == "held").sum()), int((own == "violated").sum())
        parts.append(f"{system} breaks {broken}" if broken else f"{system} keeps {kept}")
    return f"Of {frame['requirement'].nunique()} requirements " + ", ".join(parts)


def _reach_finding(frame: pd.DataFrame, moments: pd.DataFrame, designs: Sequence[str], what: str) -> str:
    told = first_moments(moments)
    if not told:
        return f"{what.capitalize()} within reach of agents"
    kind, after_s = max(told.items(), key=lambda item: item[1])
    parts = []
    for design in designs:
        length_s, ended = stays_s(frame, design, after_s, what)
        bound = "more than " if ended and length_s else ""
        parts.append(f"{bound}{clock(round(length_s) * 1000)} in {design}")
    return f"After {_MOMENTS.get(kind, kind)}, {what} stay within reach for\n" + ", ".join(parts)


def _cell(axes: Axes, column: int, row: int, verdict: pd.Series[Any]) -> None:
    from matplotlib.patches import Rectangle

    look = CELLS["waived" if verdict["waived"] else str(verdict["verdict"])]
    face = Rectangle(
        (column + 0.03, row + 0.06), 0.94, 0.88, facecolor=look.face, edgecolor="#9a9a9a", hatch=look.hatch
    )
    axes.add_patch(face)
    box = {"facecolor": look.face, "edgecolor": "none", "pad": 1.5}
    axes.text(column + 0.5, row + 0.38, look.words, ha="center", va="center", color=look.ink, weight="bold", bbox=box)
    broken, stopped = int(verdict["violations"]), int(verdict["attacks_stopped"])
    beneath = count(broken, "time") if broken else f"{count(stopped, 'attack')} stopped"
    axes.text(column + 0.5, row + 0.7, beneath, ha="center", va="center", color=look.ink, fontsize=8, bbox=box)


def _figure(width: float, height: float) -> tuple[Figure, Axes]:
    """A figure of its own, never shown by itself: a notebook or a file shows what is returned."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.add_subplot()
