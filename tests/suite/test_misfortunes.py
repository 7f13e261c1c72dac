"""The stories of what goes wrong by itself: each design of each file gives the verdict it should, for its reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.plan import load_scenario
from harness.suite.cases import check_cases

STORIES = sorted(Path("scenarios/misfortunes").glob("n*.yaml"))


def test_there_are_nine_stories() -> None:
    assert len(STORIES) == 9


@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
@pytest.mark.parametrize("seed", [0, 7])
def test_every_design_of_a_story_gets_its_verdict_for_its_reason(path: Path, seed: int) -> None:
    checked = check_cases(path, seed=seed)
    assert [str(one) for one in checked if not one.met or not one.applies] == []


@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
def test_a_story_breaks_with_decoys_and_a_control_or_a_key_ends_it(path: Path) -> None:
    scenario = load_scenario(path).model
    verdicts = {(one.design, one.verdict) for one in scenario.expect}
    assert {("none", "violated"), ("decoys", "violated")} <= verdicts
    assert any(one.verdict == "held" and one.stopped_by for one in scenario.expect)
    assert scenario.text
    assert all(one.because for one in scenario.expect if one.design == "decoys" and one.verdict == "violated")
