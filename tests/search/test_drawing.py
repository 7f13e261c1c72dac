"""What Hypothesis draws and what the exploration finds agree where both come to an end, with misfortunes too."""

from __future__ import annotations

import pytest

from harness.plan import Controls, Scenario
from harness.search import search
from harness.search.drawing import draw_attacks
from harness.search.misfortunes import ADVERSE, Misfortunes
from harness.search.saving import as_scenario
from harness.search.shrink import Attack
from harness.search.stops import breaks, replayed
from harness.search.telling import bound_text
from tests.search.worlds import Files, found, insurance, reference, requirement, requirements, tiny


def drawn(of: Files, key: str, *without: str, runs: int = 20, steps: int = 8) -> Attack | None:
    controls = Controls.of(of.system, without=without)
    return draw_attacks(
        of.system, controls, of.requirement(key), vocabulary=of.requirements.vocabulary, runs=runs, steps=steps
    )


@pytest.mark.parametrize(("key", "control"), [("R3", "K01"), ("R4", "K04")])
def test_what_is_drawn_shrinks_to_what_exploration_finds(key: str, control: str) -> None:
    attack, explored = drawn(reference(), key, control), found(key, control).attack
    assert attack is not None
    assert explored is not None
    assert attack.length == explored.length
    assert not attack.misfortunes.text, "an attack that needs no misfortune is told without one"


@pytest.mark.parametrize("key", ["OTHERS", "LOGOUT"])
def test_where_exploration_ran_dry_nothing_is_drawn_either(key: str) -> None:
    """Lost signals aside, on which the one rule rests: those are the misfortunes' doing."""
    attack = drawn(tiny(), key, runs=40)
    assert attack is None or attack.misfortunes.text


def test_a_misfortune_of_a_scenario_befalls_the_search_and_the_replay() -> None:
    """Without the signal of a denial, an agent goes on with the token that it has."""
    lost = Misfortunes.of(
        Scenario.model_validate(
            {"kind": "scenario", "id": "X", "title": "x", "faults": [{"message": "agent_denied", "lose": True}]}
        )
    )
    assert lost in ADVERSE
    controls = Controls.of(insurance())
    result = search(
        insurance(), controls, requirement("R6"), vocabulary=requirements().vocabulary, depth=3, misfortunes=lost
    )
    assert result.attack is not None
    assert result.attack.misfortunes == lost
    assert "with `agent_denied` messages lost" in bound_text(result)
    assert as_scenario(result.attack, id="X", requirement="R6").faults == list(lost.faults)
    vocabulary = requirements().vocabulary
    assert breaks(replayed(insurance(), controls, result.attack, requirement("R6")), requirement("R6"), vocabulary)
    assert found("R6", depth=3).attack is None


def test_chance_has_no_part_in_a_search() -> None:
    scenario = Scenario.model_validate(
        {"kind": "scenario", "id": "X", "title": "x", "faults": [{"lose": True, "share": 0.5}]}
    )
    with pytest.raises(ValueError, match="without `share`"):
        Misfortunes.of(scenario)
