"""The chart of exposure: its title is the finding, unknown is not drawn as a mark, too long is told by hatching too."""

from __future__ import annotations

from harness.report.charts_exposure import exposure_chart, exposure_frame
from harness.report.result import Exposed
from tests.report.conftest import requirement, result_of

KEPT = Exposed(of="departure", allowed_s=300, open_s=223, runs=3, bound_s=245, bound="idle", baseline_open_s=3600)
LONG = Exposed(of="denial", allowed_s=60, open_s=820, ended=False, runs=3)
UNSEEN = Exposed(of="logout", allowed_s=10, bound_s=1, bound="signal")


def test_the_frame_has_a_row_for_each_exposure_and_none_for_what_was_not_looked_at() -> None:
    frame = exposure_frame(result_of(requirement("R1", "held", exposure=(KEPT, LONG)), requirement("R2", "held")))
    assert list(frame["of"]) == ["departure", "denial"]
    assert list(frame["too_long"]) == [False, True]
    assert list(frame["login_only_s"].notna()) == [True, False]


def test_the_chart_says_its_finding_and_how_long_each_lasts() -> None:
    frame = exposure_frame(result_of(requirement("R1", "held", exposure=(KEPT, LONG, UNSEEN))))
    axes = exposure_chart(frame).axes[0]
    assert axes.get_title(loc="left") == "1 of 3 exposures can last longer than the rule allows"
    rows = [one.get_text() for one in axes.get_yticklabels()]
    assert rows == ["R1 departure: 3 m 43 s", "R1 denial: at least 13 m 40 s", "R1 logout: not measured"]
    assert [bool(bar.get_hatch()) for bar in axes.patches] == [False, True], "what nobody measured has no bar"
    marks = {one.get_label(): len(one.get_offsets()) for one in axes.collections}
    assert marks == {"the rule allows": 3, "worst case by the settings": 2, "with OAuth for logins only": 1}
    assert "1 min" in [one.get_text() for one in axes.get_xticklabels()]


def test_nothing_too_long_is_said_as_that() -> None:
    frame = exposure_frame(result_of(requirement("R1", "held", exposure=(KEPT,))))
    assert (
        exposure_chart(frame).axes[0].get_title(loc="left") == "None of 1 exposures lasts longer than its rule allows"
    )
