"""Charts of sweeps: cost against exposure, standing privilege, shares of misbehaving tasks, tornadoes.

Frames of `measure.summary` and `measure.tornado` in, figures out. Bounds are drawn where there are any.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from harness.report.charts_designs import MARKS
from harness.report.charts_regions import value_text
from harness.report.page.exposure import lasting

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

STEPS = (("#0072b2", "-"), ("#d55e00", "--"), ("#009e73", "-."), ("#555555", ":"))


def frontier_chart(designs: pd.DataFrame, lifetimes: pd.DataFrame, *, knob: str) -> Figure:
    """Cost against exposure: published and shipped designs as marks, one design's token lifetimes as a line.

    `designs` has the columns system, cost, cost_low, cost_high (requests an hour), exposure, exposure_low, exposure_high
    (record-seconds for a run); `lifetimes` the same with `knob` (seconds) in place of system.
    """
    figure, axes = _figure(8.8, 5)
    line = lifetimes.sort_values(knob)
    axes.plot(line["cost"], line["exposure"], color="#888888", linewidth=1.4, zorder=1, marker=".")
    for number, (_, one) in enumerate(line.iterrows()):
        axes.annotate(
            lasting(float(one[knob])),
            (one["cost"], one["exposure"]),
            xytext=(6, 6) if number % 2 else (-8, -14),
            textcoords="offset points",
            fontsize=8,
            color="#555555",
        )
    for (marker, colour), (_, one) in zip(MARKS, designs.iterrows(), strict=False):
        axes.errorbar(
            one["cost"],
            one["exposure"],
            xerr=_bounds(one, "cost"),
            yerr=_bounds(one, "exposure"),
            fmt=marker,
            color=colour,
            markersize=9,
            capsize=3,
            label=str(one["system"]),
        )
    axes.set_yscale("log")
    axes.set_xlim(left=0)
    axes.set_xlabel("requests to authorization servers [per hour of one customer's session]")
    axes.set_ylabel("within reach without right [record-seconds a run]")
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside lower center", ncols=3, frameon=False, fontsize=9)
    axes.set_title(_frontier_finding(designs), loc="left", pad=10)
    return figure


def standing_chart(frame: pd.DataFrame, tasks: pd.DataFrame, *, end_s: float) -> Figure:
    """Usable credentials in the hands of agents over time, a line for each design; shaded while a task was under way.

    `frame` is a `measure.frames.standing_frame`, `tasks` a `task_frame` of one design; `end_s` is where the runs end, so that
    what only the end of a run took away does not look as if it had been given up.
    """
    from matplotlib.ticker import MaxNLocator

    figure, axes = _figure(8.2, 3.6)
    unit_s, unit = (60, "min") if end_s > 300 else (1, "s")
    for number, (begin_s, stop_s) in enumerate(zip(tasks["from_s"], tasks["to_s"], strict=True)):
        label = "a task is under way" if number == 0 else None
        axes.axvspan(begin_s / unit_s, min(stop_s, end_s) / unit_s, color="#dddddd", label=label)
    told = []
    for (colour, style), design in zip(STEPS, dict.fromkeys(frame["design"]), strict=False):
        own = frame[(frame["design"] == design) & (frame["time_s"] < end_s)]
        times = [*(own["time_s"] / unit_s), end_s / unit_s]
        values = [*own["credentials"], own["credentials"].iloc[-1]]
        axes.step(times, values, where="post", color=colour, linestyle=style, linewidth=2, label=design)
        zero = lasting(round(float(own["time_s"].iloc[-1])))
        told.append(f"{design} has {values[-1]} at the end" if values[-1] else f"{design} is down to zero after {zero}")
    axes.set_xlabel(f"time since the start of the run [{unit}]")
    axes.set_ylabel("usable credentials of agents")
    axes.set_ylim(bottom=0, top=frame["credentials"].max() * 1.2)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside lower center", ncols=4, frameon=False, fontsize=9)
    axes.set_title("Credentials that stand ready:\n" + ",\n".join(told), loc="left", pad=10, fontsize=10.5)
    return figure


def share_chart(rates: pd.DataFrame, *, share: str, of: str, names: Mapping[Any, str]) -> Figure:
    """The share of runs that break a requirement against the share of tasks that misbehave, with exact bounds.

    `rates` is a frame of `violation_rates` by `share` and `of`; `names` are the words for the values of `of`.
    """
    from matplotlib.ticker import FuncFormatter

    figure, axes = _figure(8, 4.4)
    told = []
    floor = 1 / (4 * max(int(rates["runs"].max()), 1))
    for number, (value, name) in enumerate(names.items()):
        marker, colour = MARKS[number]
        own = rates[rates[of] == value].sort_values(share)
        seen = own["share"].clip(lower=floor)
        places = own[share] * (0.94 if number == 0 else 1.06)
        low = (seen - own["low"].clip(lower=floor)).clip(lower=0)
        axes.errorbar(
            places, seen, yerr=[low, own["high"] - seen], fmt=marker, color=colour, capsize=4, label=name, markersize=7
        )
        told.append(f"{name} {int(own['violated'].sum())} of {int(own['runs'].sum())} runs")
    ends = [float(rates[share].min()), float(rates[share].max())]
    axes.plot(ends, ends, color="#999999", linewidth=1, linestyle=":", label="every misbehaving task breaks it")
    axes.set_xscale("log")
    axes.set_yscale("log")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:g} %"))
    axes.set_xlabel("share of tasks that misbehave")
    axes.set_ylabel("share of runs that break it,\nexact 95 % bounds")
    axes.annotate(
        "none seen", (ends[0], floor), xytext=(-4, -13), textcoords="offset points", fontsize=8, color="#555555"
    )
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside lower center", ncols=3, frameon=False, fontsize=9)
    axes.set_title("Broken: " + ", ".join(told), loc="left", pad=10)
    return figure


def tornado_chart(frame: pd.DataFrame, names: Mapping[str, str], *, unit: str, what: str) -> Figure:
    """Which inputs move an answer: for each knob a bar from its mean at the least to that at the greatest value.

    `frame` is one of `measure.tornado.one_at_a_time`; `names` the knobs' words, `what` and `unit` those of the answer.
    """
    figure, axes = _figure(9, 1.9 + 0.6 * len(frame))
    base = float(frame["at_base"].iloc[0])
    room = max(float(frame[["at_low", "at_high"]].max().max()), base, 1e-9)
    for place, row in enumerate(frame.to_dict("records")):
        for end, face, hatch in (("low", "#9ecae1", ""), ("high", "#d55e00", "///")):
            axes.barh(
                place, row[f"at_{end}"] - base, left=base, color=face, hatch=hatch, edgecolor="#333333", height=0.55
            )
        if row["moved_low"] is not None and row["moved_low"] == row["moved_low"]:
            at = row["at_low"]
            axes.plot(
                [at + row["moved_low"], at + row["moved_high"]],
                [place, place],
                color="#000000",
                linewidth=1.6,
                marker="|",
            )
        knob = str(row["knob"])
        axes.annotate(
            f"{value_text(row['low'], knob)} to {value_text(row['high'], knob)}: {row['at_low']:.3g} to {row['at_high']:.3g}",
            (
                max(
                    row["at_low"],
                    row["at_high"],
                    at if row["moved_high"] is None else row["at_low"] + row["moved_high"],
                ),
                place,
            ),
            xytext=(8, 0),
            textcoords="offset points",
            va="center",
            fontsize=8.5,
        )
    axes.axvline(base, color="#000000", linewidth=1)
    axes.set_yticks(range(len(frame)), [names.get(str(one), str(one)) for one in frame["knob"]])
    axes.invert_yaxis()
    axes.set_xlim(left=min(0.0, float(frame[["at_low", "at_high"]].min().min())), right=room * 1.5)
    axes.set_xlabel(f"{what} [{unit}]; line: at the base; plain: at the least value, hatched: at the greatest")
    axes.spines[["top", "right"]].set_visible(False)
    first = names.get(str(frame["knob"].iloc[0]), str(frame["knob"].iloc[0]))
    axes.set_title(f"What moves {what} most: {first}", loc="left", pad=10)
    return figure


def _bounds(one: pd.Series[Any], name: str) -> list[list[float]] | None:
    low, high = one[f"{name}_low"], one[f"{name}_high"]
    if low != low or low is None:
        return None
    return [[max(0.0, one[name] - low)], [max(0.0, high - one[name])]]


def _frontier_finding(designs: pd.DataFrame) -> str:
    ordered = designs.sort_values("exposure")
    best, worst = ordered.iloc[0], ordered.iloc[-1]
    times = worst["exposure"] / max(best["exposure"], 1e-9)
    more = best["cost"] / max(worst["cost"], 1e-9)
    return (
        f"{worst['system']} leaves {times:,.0f} times as much within reach as {best['system']},\n"
        f"which asks its authorization servers {more:,.1f} times as often"
    )


def _figure(width: float, height: float) -> tuple[Figure, Axes]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.add_subplot()
