"""Charts of designs and sweeps: the title says the finding, cells say their words, bounds and units are drawn."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from harness.measure.summary import violation_rates
from harness.report.charts_designs import incident_chart, matrix_chart, rates_chart, waterfall_chart
from harness.report.charts_sweeps import frontier_chart, share_chart, standing_chart, tornado_chart


def words(figure: Figure) -> str:
    figure.draw_without_rendering()
    axes = figure.axes[0]
    parts = [axes.get_title(loc="left"), axes.get_xlabel(), axes.get_ylabel(), *(one.get_text() for one in axes.texts)]
    return "\n".join([*parts, *(one.get_text() for one in (*axes.get_xticklabels(), *axes.get_yticklabels()))])


def runs(broken: dict[tuple[float, float], int], *, of: int = 4) -> pd.DataFrame:
    """So many broken runs for each cell of x and y; the time is x."""
    rows = [
        {
            "x_s": x,
            "y_s": y,
            "requirement": "R6",
            "violations": int(n < hits),
            "challenged": int(hits >= 0),
            "time_s": x,
        }
        for (x, y), hits in broken.items()
        for n in range(of)
    ]
    return pd.DataFrame(rows).assign(verdict="held")


def test_rates_show_hits_and_their_bounds() -> None:
    frame = runs({(1, 1): 0, (2, 1): 3}).rename(columns={"x_s": "system"})
    figure = rates_chart(violation_rates(frame, ["system"], varied=["which attack"]))
    assert "Attacks that break a requirement: 1 0 of 4, 2 3 of 4" in words(figure)
    assert "exact 95 % bounds" in words(figure)
    assert len(figure.axes[0].collections) == 2, "a bar with bounds for each system"


def test_the_matrix_says_how_many_scenarios_need_a_control() -> None:
    rows = [("x", "K01", "audience", "R1", 2, "violated"), ("x", "K02", "scope", "R1", 0, "held")]
    frame = pd.DataFrame(rows, columns=["system", "control", "name", "requirement", "scenarios", "verdict"])
    shown = words(matrix_chart(frame))
    assert "1 control can go without a trace, 1 of 1 requirements are guarded" in shown
    assert "K01 audience" in shown


def test_an_incident_is_broken_stopped_or_did_not_come_about_and_variants_stand_in_for_missing_designs() -> None:
    rows = [
        ("I1", "none", "", "R4", "violated", ""),
        ("I1", "decoys", "", "R4", "held", "K05"),
        ("I1", "right", "", "R4", "not_challenged", ""),
        ("I1", "other", "late", "R4", "held", "K04 K20"),
        ("I1", "none", "late", "R5", "violated", ""),
    ]
    frame = pd.DataFrame(rows, columns=["incident", "design", "variant", "requirement", "verdict", "stopped_by"])
    shown = words(incident_chart(frame, {"I1": "A leak"}))
    for expected in ("I1 A leak", "R4 broken", "stopped by K05", "no attack came about", "stopped by K04, K20"):
        assert expected in shown
    assert "R5" not in shown
    assert "1 of 1 incidents happen again without controls" in shown
    assert "beside the point stop 1, the designs that they call for 1" in shown


def test_the_waterfall_says_what_is_left_and_what_became_worse() -> None:
    rows = [
        (0, "", "old", 0, 4),
        (1, "system", "exchange", -1, 5),
        (2, "K04", "owners", 3, 2),
        (3, "K05", "apart", 2, 0),
    ]
    frame = pd.DataFrame(rows, columns=["step", "added", "name", "closed", "left"])
    shown = words(waterfall_chart(frame))
    assert "Half of 4 breaks are closed after 2 steps; after 3 all is kept" in shown
    for expected in ("5 left, 1 more than before", "2 left, 3 closed", "+ exchange", "+ K04 owners", "start: old"):
        assert expected in shown
    assert "after 3 1 break left" in words(waterfall_chart(frame.assign(left=[4, 5, 2, 1])))


def test_the_frontier_compares_the_least_and_the_most_exposed() -> None:
    spread = {"cost_low": None, "cost_high": None, "exposure_low": 5.0, "exposure_high": 2000.0}
    designs = pd.DataFrame(
        [
            {"system": "a", "cost": 40.0, "exposure": 10.0, **spread},
            {"system": "b", "cost": 5.0, "exposure": 1000.0, **spread},
        ]
    )
    lifetimes = pd.DataFrame([{"life_s": 60.0, "cost": 30.0, "exposure": 20.0}])
    shown = words(frontier_chart(designs, lifetimes, knob="life_s"))
    assert "b leaves 100 times as much within reach as a" in shown
    assert "8.0 times as often" in shown
    assert "[record-seconds a run]" in shown


def test_credentials_that_only_the_end_of_the_run_took_away_still_stand() -> None:
    steps = [("a", 0, 0), ("a", 10, 2), ("a", 50, 0), ("b", 0, 0), ("b", 10, 1), ("b", 100, 0)]
    frame = pd.DataFrame(steps, columns=["design", "time_s", "credentials"])
    tasks = pd.DataFrame([("a", 10, 20)], columns=["design", "from_s", "to_s"])
    shown = words(standing_chart(frame, tasks, end_s=100))
    assert "a is down to zero after 50 s" in shown
    assert "b has 1 at the end" in shown


def test_shares_are_drawn_with_bounds_and_counted_in_the_title() -> None:
    frame = runs({(0.01, 0): 0, (0.1, 0): 1, (0.01, 1): 0, (0.1, 1): 0}).rename(
        columns={"x_s": "share.twist", "y_s": "on"}
    )
    rates = violation_rates(frame, ["share.twist", "on"], varied=["misbehaviour"])
    shown = words(share_chart(rates, share="share.twist", of="on", names={1: "with", 0: "without"}))
    assert "Broken: with 0 of 8 runs, without 1 of 8 runs" in shown
    assert "exact 95 % bounds" in shown
    assert "none seen" in shown


def test_the_tornado_names_what_moves_most() -> None:
    columns = ["knob", "low", "high", "at_low", "at_base", "at_high", "moved", "moved_low", "moved_high"]
    rows = [("life_s", 30, 900, 10, 20, 90, 80, 70, 95), ("loss_share", 0, 0.5, 20, 20, 25, 5, None, None)]
    shown = words(
        tornado_chart(pd.DataFrame(rows, columns=columns), {"life_s": "lifetime"}, unit="s", what="the delay")
    )
    assert "What moves the delay most: lifetime" in shown
    assert "30 s to 15 m: 10 to 90" in shown
    assert "0 % to 50 %: 20 to 25" in shown
    assert "[s]" in shown
