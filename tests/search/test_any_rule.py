"""Requirements that nobody had in mind when the search was written: limits, duties, hours, ages, steps of one's own.

Each is searched on the reference system (`rules/`), and what comes of it is known beforehand: what no control guards is
broken, what one does is not, and what nobody can break says so.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from harness.plan import Controls, load_scenario
from harness.report.diagram import diagram, messages
from harness.search import Found, search
from harness.search.explore import first_world
from harness.search.repeating import MOST
from harness.search.saving import scenario_text
from harness.search.small_world import bounds_for
from harness.search.stops import breaks, replayed
from harness.search.telling import bound_text, steps_text
from harness.suite import Design, load_project
from harness.world import simulate
from harness.world.mechanics.choices import thefts
from tests.search.worlds import reference

LIMITS = {
    "calls": (25, "21 times"),
    "records": (55, "51 times"),
    "sign-ins": (6, "4 times"),
    "owners": (16, ""),
    "endpoints": (9, ""),
    "payees": (19, ""),
    "sum": (7, "5001 EUR"),
    "payouts": (15, ""),
    "tokens": (51, "51 times"),
    "small-sums": (15, ""),
    "open-sessions": (4, "3 times"),
    "prompts": (12, "5 times"),
    "messages": (46, "41 times"),
}
"""The most steps that the shortest attack may have, and what stands in its last sentence."""
GUARDED = {"questions", "questions-12"}
BROKEN = {
    "answer-in-time": 4, "prompt-answered": 5, "at-night": 5, "old-consent": 5, "present": 6, "two-rules": 10, "tools": 5,
    "stores": 5, "two-people": 5, "big-payout": 5, "fresh-task": 5, "locked": 8, "unlocked": 7, "memory": 7, "two-kinds": 9,
}  # fmt: skip
KEPT = {"screened", "nobody-else", "shown"}
BEYOND_ANYBODY = {"erased", "new-client"}
MOST_LINES = 30


@cache
def design(file: str, *without: str) -> Design:
    system = "scenarios/systems/insurance.yaml"
    return load_project(f"tests/search/rules/{file}.yaml", systems=[system], scenarios=(), without=without).designs[0]


@cache
def found(file: str, key: str, *without: str, depth: int = 3) -> Found:
    of = design(file, *without)
    requirement = next(one for one in of.requirements if one.id == key)
    asked = itertools.count()
    return search(
        of.system, of.controls, requirement, vocabulary=of.requirements.vocabulary, depth=depth,
        go_on=lambda _: next(asked) < 20_000,
    )  # fmt: skip


def replays(file: str, key: str, *without: str, depth: int = 3) -> bool:
    of, attack = design(file, *without), found(file, key, *without, depth=depth).attack
    assert attack is not None
    requirement = next(one for one in of.requirements if one.id == key)
    return breaks(replayed(of.system, of.controls, attack, requirement), requirement, of.requirements.vocabulary)


LONG = {"owners", "fresh-task", "unlocked"}


def _quick_first(keys: Iterable[str]) -> list[Any]:
    return [pytest.param(one, marks=pytest.mark.slow) if one in LONG else one for one in keys]


@pytest.mark.parametrize("key", _quick_first(LIMITS))
def test_a_limit_that_no_control_guards_is_broken_and_told_in_few_lines(key: str) -> None:
    attack = found("limits", key).attack
    assert attack is not None
    steps, said = LIMITS[key]
    told = list(steps_text(attack))
    assert attack.length <= steps, told
    assert said in told[-1]
    assert len(told) < MOST_LINES
    assert replays("limits", key)


@pytest.mark.parametrize("key", sorted(GUARDED))
def test_a_limit_that_a_control_guards_is_challenged_and_not_broken(key: str) -> None:
    result = found("limits", key, depth=1)
    assert result.attack is None
    if key == "questions":
        assert result.challenged > 0


def test_a_limit_that_no_row_reaches_is_no_statement_about_the_system() -> None:
    """What was not tried is not said to be safe: neither complete nor exhausted, and how far it got."""
    result = found("limits", "far", depth=0)
    assert result.attack is None
    assert (result.complete, result.exhausted, result.repeated) == (False, False, MOST)
    assert f"each repeated {MOST} times at most, which is fewer than a limit" in bound_text(result)
    assert found("limits", "questions", depth=1).repeated == 0


def test_without_the_control_that_guards_a_limit_it_is_broken() -> None:
    attack = found("limits", "questions", "K15").attack
    assert attack is not None
    assert list(steps_text(attack))[-1].endswith("11 times")
    assert replays("limits", "questions", "K15")


@pytest.mark.parametrize("key", _quick_first(BROKEN))
def test_a_requirement_written_tomorrow_is_broken_where_nothing_guards_it(key: str) -> None:
    attack = found("own", key).attack
    assert attack is not None, bound_text(found("own", key))
    assert attack.length <= BROKEN[key], list(steps_text(attack))
    assert replays("own", key)


@pytest.mark.parametrize("key", sorted(KEPT))
def test_one_that_is_guarded_is_challenged_and_not_broken(key: str) -> None:
    result = found("own", key)
    assert result.attack is None
    assert result.challenged > 0


@pytest.mark.parametrize("key", sorted(BEYOND_ANYBODY))
def test_one_that_nobody_can_challenge_says_so(key: str) -> None:
    result = found("own", key)
    assert result.attack is None
    assert "nothing that was tried would have broken it: no verdict" in bound_text(result)


@pytest.mark.parametrize(("key", "control", "said"), [("nobody-else", "K12", "answers approval1 itself"),
                                                      ("new-client", "K19", "4 times")])  # fmt: skip
def test_without_its_control_it_is_broken(key: str, control: str, said: str) -> None:
    attack = found("own", key, control).attack
    assert attack is not None
    assert said in list(steps_text(attack))[-1]
    assert replays("own", key, control)


def test_a_long_row_is_saved_once_and_breaks_the_requirement_again(tmp_path: Path) -> None:
    of, attack = design("limits"), found("limits", "records").attack
    assert attack is not None
    path = tmp_path / "found.yaml"
    told = list(steps_text(attack))
    path.write_text(scenario_text(attack, id="FOUND", requirement="records", sentences=told, without=()))
    assert "times: 51" in path.read_text()
    scenario = load_scenario(str(path)).model
    assert len(scenario.script) == len(told)
    requirement = next(one for one in of.requirements if one.id == "records")
    assert breaks(simulate(of.system, of.controls, scenario), requirement, of.requirements.vocabulary)


def test_a_long_row_is_drawn_once() -> None:
    attack = found("limits", "records").attack
    assert attack is not None
    assert len(messages(attack.events, broken=attack.broken[-1:])) < 4 * MOST_LINES
    assert len(diagram(attack.events, broken=attack.broken[-1:]).splitlines()) < 6 * MOST_LINES


def test_stolen_client_keys_are_of_use_only_where_they_are_asked_for() -> None:
    of = reference()
    rule = of.requirement("R4").rules[0]
    controls = Controls.of(of.system)
    view = replace(bounds_for(of.system, rule), stolen=True)
    with_keys = search(of.system, controls, of.requirement("R4"), vocabulary=of.requirements.vocabulary, depth=2, view=view)
    assert with_keys.attack is None
    without = first_world(of.system, controls)
    assert not list(thefts(without, bounds_for(of.system, rule)))
    assert [one.client for one in thefts(without, view)]
