"""What Hypothesis draws and what the exploration finds agree where both come to an end."""

from __future__ import annotations

from harness.plan import Controls
from harness.search.drawing import draw_attacks
from tests.search.worlds import found, insurance, requirement, requirements


def test_what_is_drawn_shrinks_to_what_exploration_finds() -> None:
    controls = Controls.of(insurance(), without=["K01"])
    words = requirements().vocabulary
    drawn = draw_attacks(insurance(), controls, requirement("R3"), vocabulary=words, steps=30, runs=600)
    explored = found("R3", "K01").attack
    assert drawn is not None
    assert explored is not None
    assert drawn.length == explored.length


def test_with_all_controls_nothing_is_drawn_either() -> None:
    drawn = draw_attacks(
        insurance(),
        Controls.of(insurance()),
        requirement("R4"),
        vocabulary=requirements().vocabulary,
        runs=20,
        steps=15,
    )
    assert drawn is None
