"""Frames hold what the single measures say, with the same columns whether there is a row or not."""

from __future__ import annotations

from harness.measure.frames import blast_frame, cost_frame, exposure_frame, standing_frame, window_frame
from harness.trace import Trace
from tests.measure.runs import admin, closed, opened, person, trace


def run(close_ms: int) -> Trace:
    return trace(
        person("user.arrived", 0),
        opened(1_000, "a"),
        admin("agent.disabled", 2_000),
        closed(close_ms, "a"),
        end_s=30,
        as_token=3,
        prompts=1,
        benign={"tasks": 1, "completed": 1, "refused_calls": 0, "challenge_round_trips": 0},
    )


def test_each_design_has_its_rows() -> None:
    designs = {"slow": run(22_000), "fast": run(3_000)}
    exposed = exposure_frame(designs).query("slice == 'after_denial' and category == 'all'").set_index("design")
    assert exposed["record_s"].to_dict() == {"slow": 40.0, "fast": 2.0}
    doors = window_frame(designs).query("pep == 'all'").set_index("design")
    assert doors["open_s"].to_dict() == {"slow": 20.0, "fast": 1.0}
    assert blast_frame(designs)["record_s"].tolist() == [42.0, 4.0]
    costs = cost_frame(designs).set_index("design")
    assert costs.loc["slow", ["as_requests", "tasks", "completed", "duration_s"]].tolist() == [3, 1, 1, 30.0]


def test_usable_credentials_start_at_nothing_and_end_there() -> None:
    frame = standing_frame({"one": run(3_000)})
    assert frame.values.tolist() == [["one", 0.0, 0], ["one", 1.0, 1], ["one", 3.0, 0]]


def test_a_rate_limit_bounds_what_can_be_taken() -> None:
    frame = exposure_frame({"one": run(22_000)}, calls_per_s=0.05)
    assert frame.query("slice == 'total' and category == 'all'")["takeable"].tolist() == [1]


def test_without_a_row_there_are_still_the_columns() -> None:
    for make in (exposure_frame, window_frame, standing_frame, blast_frame, cost_frame):
        assert list(make({}).columns) == list(make({"one": run(5_000)}).columns)
        assert len(make({})) == 0
