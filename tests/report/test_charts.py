"""Frames and charts: right rows, findings in titles, nothing untested that looks kept, readable without colour."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.report.charts import CELLS, first_moments, reach_chart, stays_s, verdict_chart
from harness.report.frames import benign_frame, moments_frame, reach_frame, verdict_frame
from harness.report.result import RunResult
from harness.trace import Event, Trace, Who
from tests.small_project import HELPER


def way(time_ms: int, name: str, *, opens: bool, owner: str = "ana") -> Event:
    own = {"reach": name, "owner": owner, "category": "file", "records": 2} if opens else {"reach": name}
    return Event("reach.opened" if opens else "reach.closed", time_ms, f"{name}{opens}", HELPER, own)


def person(kind: str, time_ms: int) -> Event:
    return Event(kind, time_ms, f"{kind}{time_ms}", Who("ana", "user", user="ana"))


CLOSES = Trace(
    {},
    [
        way(1_000, "a", opens=True),
        person("user.left", 5_000),
        way(65_000, "a", opens=False),
        person("user.arrived", 90_000),
    ],
    {},
)
STAYS = Trace(
    {}, [way(0, "b", opens=True, owner="ben"), person("user.left", 5_000), person("user.arrived", 80_000)], {}
)


def texts(figure: object) -> str:
    from matplotlib.text import Text

    found = figure.findobj(Text)
    return "\n".join(text.get_text() for text in found)


def test_a_row_for_each_system_and_requirement(sample: RunResult) -> None:
    frame = verdict_frame(sample)
    assert list(frame["requirement"]) == ["R1", "R4", "R5", "R6", "R7"]
    assert list(frame["verdict"]) == ["held", "violated", "violated", "not_challenged", "error"]
    assert list(frame["waived"]) == [False, False, True, False, False]
    assert frame["attacks_stopped"].sum() == 12


def test_benign_use_is_a_row_for_each_system(sample: RunResult) -> None:
    assert benign_frame(sample).to_dict("records") == [
        {"system": "login_only", "tasks": 14, "completed": 14, "refused_calls": 0}
    ]


def test_reach_rows_hold_until_the_next_and_end_with_the_run() -> None:
    frame = reach_frame({"good": CLOSES, "bad": STAYS})
    good = frame[frame["design"] == "good"][["time_s", "records", "people"]].values.tolist()
    assert good == [[0, 0, 0], [1, 2, 1], [65, 0, 0], [90, 0, 0]]
    bad = frame[frame["design"] == "bad"][["time_s", "records", "people"]].values.tolist()
    assert bad == [[0, 2, 1], [80, 2, 1]]


def test_only_reach_in_a_persons_name_is_kept_when_asked() -> None:
    assert reach_frame({"good": CLOSES}, user="ben")["records"].max() == 0
    assert reach_frame({"good": CLOSES}, user="ana")["records"].max() == 2


def test_how_long_something_stays_within_reach() -> None:
    frame = reach_frame({"good": CLOSES, "bad": STAYS})
    assert stays_s(frame, "good", 5.0) == (60.0, False)
    assert stays_s(frame, "bad", 5.0) == (75.0, True)
    assert stays_s(frame, "good", 70.0) == (0.0, False)


def test_the_reach_chart_says_its_finding_and_its_units() -> None:
    traces = {"good": CLOSES, "bad": STAYS}
    said = texts(reach_chart(reach_frame(traces), moments_frame(traces, ["user.left"])))
    assert "After the user leaves, records stay within reach for\n1 m 00 s in good, more than 1 m 15 s in bad" in said
    assert "time since the start of the run [s]" in said
    assert "records within reach of agents" in said


def test_lines_differ_without_colour() -> None:
    traces = {"good": CLOSES, "bad": STAYS}
    (axes,) = reach_chart(reach_frame(traces), moments_frame(traces, ["user.left"])).axes
    styles = [line.get_linestyle() for line in axes.get_lines()[:2]]
    assert len(set(styles)) == 2


def test_a_logout_that_is_also_a_departure_is_marked_once() -> None:
    trace = Trace({}, [person("user.logged_out", 1_000), person("user.left", 1_000)], {})
    assert first_moments(moments_frame({"x": trace}, ["user.logged_out", "user.left"])) == {"user.logged_out": 1.0}


def test_the_verdict_chart_says_each_verdict_in_words(sample: RunResult) -> None:
    said = texts(verdict_chart(verdict_frame(sample)))
    assert all(CELLS[name].words in said for name in ("held", "violated", "not_challenged", "error", "waived"))
    assert "Of 5 requirements login_only breaks 2" in said
    assert "12 attacks stopped" in said
    assert "3 times" in said
    assert "1 time" in said


def luminance(colour: str) -> float:
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("name", CELLS)
def test_words_stand_out_from_their_cell_in_greyscale(name: str) -> None:
    assert abs(luminance(CELLS[name].face) - luminance(CELLS[name].ink)) > 0.4


def test_kept_and_broken_differ_in_greyscale_and_untested_is_hatched() -> None:
    assert abs(luminance(CELLS["held"].face) - luminance(CELLS["violated"].face)) > 0.4
    assert CELLS["not_challenged"].hatch
    assert not CELLS["held"].hatch


def test_a_chart_can_be_saved_without_a_display(sample: RunResult, tmp_path: Path) -> None:
    verdict_chart(verdict_frame(sample)).savefig(tmp_path / "chart.png")
    assert (tmp_path / "chart.png").stat().st_size > 5_000
