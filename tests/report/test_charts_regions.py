"""Maps of settings: inside the line only what was attacked, never broken, and bounded; everything else says what it is."""

from __future__ import annotations

import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from harness.measure.stats import runs_for_bound
from harness.measure.summary import means, violation_rates
from harness.report.charts_regions import kind, region_chart

NAMES = {"x_s": "lifetime", "y_s": "cache", "lost.share": "lost signals"}
AXES = {"x": "x_s", "y": "y_s"}
BROKEN = {(30, 1): 0, (60, 1): 2, (30, 5): -1, (60, 5): 4}


def words(figure: Figure) -> str:
    figure.draw_without_rendering()
    return "\n".join(one.get_text() for one in figure.findobj(Text))


def runs(broken: dict[tuple[float, float], int], *, of: int, lost: float = 0.0) -> pd.DataFrame:
    """So many broken runs for each cell of x and y (-1: nothing attacked it); the time is x."""
    rows = [
        {"x_s": x, "y_s": y, "lost.share": lost, "requirement": "R6", "verdict": "held", "time_s": x,
         "violations": int(n < hits), "challenged": int(hits >= 0)}
        for (x, y), hits in broken.items()
        for n in range(of)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def rates(frame: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    return violation_rates(frame, by, varied=["departures"])


def lines(figure: Figure, panel: int = 0) -> int:
    return len(figure.axes[panel].get_lines())


def test_the_region_has_a_line_around_it_and_the_others_say_what_they_are() -> None:
    frame = runs(BROKEN, of=runs_for_bound(0.05, cells=4))
    figure = region_chart(
        rates(frame, ["x_s", "y_s"]),
        means=means(frame, "time_s", ["x_s", "y_s"]),
        **AXES,
        names=NAMES,
        what="time to deny",
        holds="R6",
        marks={(60, 5): "a sample"},
    )
    shown = words(figure)
    assert "R6 holds in 1 of 4 settings (inside the line), and is broken in 2 (hatched; k/n: in k of n runs)" in shown
    assert "at most 5% of such runs do, in all cells at once" in shown
    for expected in ("2/86", "4/86", "not attacked", "lifetime", "cache", "30 s", "1 m", "A: a sample", "time to deny"):
        assert expected in shown
    assert lines(figure) == 4, "the four edges of the one cell"
    assert sum(bool(patch.get_hatch()) for patch in figure.axes[0].patches) == 3


def test_too_few_runs_make_no_region() -> None:
    figure = region_chart(rates(runs(BROKEN, of=10), ["x_s", "y_s"]), **AXES, names=NAMES, holds="R6")
    shown = words(figure)
    assert "R6 holds in 0 of 4" in shown
    assert "10 runs for each setting are too few for a region" in shown
    assert "too few runs" in shown
    assert lines(figure) == 0


def test_a_third_setting_makes_panels_and_marks_stand_in_theirs() -> None:
    of = runs_for_bound(0.05, cells=8)
    frame = pd.concat(
        [runs(dict.fromkeys(BROKEN, 0), of=of), runs(dict.fromkeys(BROKEN, 1), of=of, lost=0.1)], ignore_index=True
    )
    found = rates(frame, ["x_s", "y_s", "lost.share"])
    figure = region_chart(found, **AXES, panel="lost.share", names=NAMES, holds="R6", marks={(30, 1, 0.1): "a sample"})
    assert [axes.get_title(loc="left") for axes in figure.axes] == [
        "lost signals: 0 % (holds in 4 of 4)",
        "lost signals: 10 % (holds in 0 of 4)",
    ]
    assert [lines(figure, 0), lines(figure, 1)] == [8, 0], "the outline of two by two cells"
    assert [text.get_text() for text in figure.axes[1].texts].count("A") == 1


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"violated": 1, "challenged": 0, "high_all": 0.01}, "broken"),
        ({"violated": 0, "challenged": 0, "high_all": 0.01}, "not attacked"),
        ({"violated": 0, "challenged": 1, "high_all": None}, "kept once"),
        ({"violated": 0, "challenged": 1, "high_all": 0.06}, "too few runs"),
        ({"violated": 0, "challenged": 1, "high_all": 0.05}, "holds"),
    ],
)
def test_only_what_was_attacked_and_is_bounded_holds(row: dict[str, float], told: str) -> None:
    assert kind(row) == told
