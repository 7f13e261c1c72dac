"""The search finds the attack that a missing control lets through, without knowing any catalogue of attacks."""

from __future__ import annotations

import pytest

from harness.judge import monitor
from harness.plan import Controls
from harness.search.explore import first_world
from harness.search.stops import breaks, replayed, stopped_by_adding
from harness.world.mechanics.engine import apply
from harness.world.mechanics.legality import Impossible
from tests.search.worlds import found, insurance, requirement, requirements

QUICK = [("R3", "K01"), ("R3", "K02"), ("R3", "K03"), ("R5", "K03"), ("R4", "K04"), ("R4", "K05"), ("R3", "K06"),
         ("R4", "K06"), ("R4", "K20")]  # fmt: skip
LONGEST = 8


@pytest.mark.parametrize(("key", "control"), QUICK)
def test_an_attack_is_found_where_a_control_is_missing(key: str, control: str) -> None:
    attack = found(key, control).attack
    assert attack is not None
    assert attack.length <= LONGEST


@pytest.mark.parametrize(("key", "control"), QUICK)
def test_every_attack_replays_in_the_full_world_with_the_same_verdict(key: str, control: str) -> None:
    attack = found(key, control).attack
    assert attack is not None
    without, with_it = Controls.of(insurance(), without=[control]), Controls.of(insurance())
    vocabulary = requirements().vocabulary
    assert breaks(replayed(insurance(), without, attack, requirement(key)), requirement(key), vocabulary)
    assert not breaks(replayed(insurance(), with_it, attack, requirement(key)), requirement(key), vocabulary)


@pytest.mark.parametrize(("key", "control"), QUICK)
def test_trying_finds_the_control_that_would_stop_it(key: str, control: str) -> None:
    attack = found(key, control).attack
    assert attack is not None
    stops = stopped_by_adding(
        insurance(), attack, requirement(key), without=(control,), vocabulary=requirements().vocabulary
    )
    assert [control] in stops


def test_with_all_controls_there_is_none_however_many_events() -> None:
    result = found("R4")
    assert result.attack is None
    assert result.complete
    assert result.exhausted
    assert result.challenged > 0


@pytest.mark.parametrize(("key", "control"), QUICK)
def test_no_step_of_an_attack_can_be_left_out(key: str, control: str) -> None:
    attack = found(key, control).attack
    assert attack is not None
    for index in range(attack.length - 1):
        assert not _broken(key, control, [one for i, one in enumerate(attack.steps) if i != index]), index


def _broken(key: str, control: str, steps: list) -> bool:  # type: ignore[type-arg]  # steps of an attack
    world = first_world(insurance(), Controls.of(insurance(), without=[control]))
    monitors = [monitor(rule, requirements().vocabulary) for rule in requirement(key).rules]
    states = [one.new_state() for one in monitors]
    for at_ms, command in steps:
        try:
            events, _ = apply(world, command, at_ms)
        except (Impossible, KeyError):
            return False
        for one, state in zip(monitors, states, strict=True):
            if any(event.attempt is None and one.step(state, event) for event in events):
                return True
    return False


def test_the_same_question_has_the_same_answer() -> None:
    first = found("R4", "K04")
    found.cache_clear()
    again = found("R4", "K04")
    assert (first.attack, first.states, first.transitions) == (again.attack, again.states, again.transitions)


@pytest.mark.parametrize("depth", [-1, 0])
def test_a_search_that_was_cut_short_says_so(depth: int) -> None:
    from harness.search import search

    result = search(
        insurance(), Controls.of(insurance()), requirement("R6"), vocabulary=requirements().vocabulary, depth=3,
        go_on=lambda found: found.depth < depth,
    )  # fmt: skip
    assert not result.complete
    assert result.depth == depth
