"""Roadmaps: what closes most comes first, honest work is never the price, efforts turn the order, pairs are found."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

from harness.plan import Controls
from harness.suite import Project, UsageError, control_names, load_project
from harness.suite.roadmap import SYSTEM, Roadmap, find_roadmap, follow
from harness.suite.tables import roadmap_frame

SYSTEMS = ["scenarios/systems/login_only.yaml", "scenarios/systems/insurance.yaml"]


@cache
def project(*scenarios: str) -> Project:
    """From logins only to the insurer, with a few scenarios."""
    whole = load_project("requirements.yaml", systems=SYSTEMS, only=["R4"])
    return replace(whole, scenarios=tuple(one for one in whole.scenarios if one.id in scenarios))


def additions(found: Roadmap) -> list[tuple[str, ...]]:
    return [one.added for one in found.steps]


OTHERS = project("H01", "S17", "S18", "S20", "S21", "S22")


def test_what_closes_most_comes_first_until_all_is_kept() -> None:
    found = find_roadmap(OTHERS)
    assert additions(found) == [(), (SYSTEM,), ("K05",), ("K04",), ("K20",)]
    assert [one.closed for one in found.steps[2:]] == [3, 1, 1]
    assert found.reached
    assert {"K01", "K02", "K07"} <= set(found.left_out)


def test_efforts_turn_the_order() -> None:
    found = find_roadmap(OTHERS, effort={"K05": 10})
    assert additions(found)[-1] == ("K05",)
    assert found.steps[-1].effort == 10


def test_every_break_is_counted_once_and_followed_to_the_same_numbers() -> None:
    found = find_roadmap(OTHERS)
    again = follow(OTHERS, [one for one in additions(found)[1:] if one != (SYSTEM,)])
    assert again == found
    for before, after in zip(found.steps, found.steps[1:], strict=False):
        assert before.left - after.left == after.closed


def test_closing_by_refusing_honest_work_is_no_help() -> None:
    passed_along = replace(OTHERS.designs[1], system=OTHERS.designs[0].system)
    found = find_roadmap(replace(OTHERS, designs=(OTHERS.designs[0], passed_along)))
    assert (SYSTEM,) not in additions(found)
    assert all(one.benign.refused_calls == 0 for one in found.steps)
    shut = follow(replace(OTHERS, designs=(OTHERS.designs[0], passed_along)), [["K02"]])
    assert shut.steps[-1].benign.refused_calls > 0, "with tokens passed along, K02 refuses honest work: nothing to test"


def test_two_that_help_only_together_are_found() -> None:
    whole = load_project("requirements.yaml", systems=[SYSTEMS[1]], only=["R2"])
    (target,) = whole.designs
    start = replace(target, controls=Controls.of(target.system, without=["K10", "K11"]))
    attacks = tuple(one for one in whole.scenarios if one.id in ("S06", "S07", "S08"))
    found = find_roadmap(replace(whole, designs=(start, target), scenarios=attacks))
    assert additions(found) == [(), ("K10", "K11")]
    assert (found.steps[-1].effort, found.steps[-1].closed, found.reached) == (2, 3, True)


@pytest.mark.parametrize(("added", "words"), [("K99", "`K99`"), ("K21", "`K21`")])
def test_an_addition_that_leads_nowhere_is_refused(added: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        follow(OTHERS, [[added]])


def test_two_designs_and_efforts_above_zero_are_asked_for() -> None:
    with pytest.raises(UsageError, match="name two"):
        find_roadmap(replace(OTHERS, designs=OTHERS.designs[:1]))
    with pytest.raises(UsageError, match="above zero"):
        find_roadmap(OTHERS, effort={"K04": 0})


def test_the_frame_has_a_row_for_each_step() -> None:
    frame = roadmap_frame(follow(OTHERS, [["K04", "K05"]]), control_names())
    assert list(frame["added"]) == ["", SYSTEM, "K04 K05"]
    assert list(frame["effort"]) == [0, 1, 2]
    assert frame["name"].iloc[-1] == "object-level authorization from token claims + subject-bound task context"
    assert (frame["left"].diff().dropna() == -frame["closed"].iloc[1:]).all()
