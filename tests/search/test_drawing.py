"""What Hypothesis draws and what the exploration finds agree where both come to an end."""

from __future__ import annotations

import pytest

from harness.plan import Controls
from harness.search.drawing import draw_attacks
from tests.search.worlds import found, insurance, requirement, requirements


@pytest.mark.parametrize(("key", "control"), [("R3", "K01"), ("R4", "K04")])
def test_what_is_drawn_is_no_shorter_than_what_exploration_finds(key: str, control: str) -> None:
    controls = Controls.of(insurance(), without=[control])
    drawn = draw_attacks(
        insurance(), controls, requirement(key), vocabulary=requirements().vocabulary, runs=400, steps=25
    )
    explored = found(key, control).attack
    assert drawn is not None
    assert explored is not None
    assert drawn.length >= explored.length


def test_with_all_controls_nothing_is_drawn_either() -> None:
    drawn = draw_attacks(
        insurance(),
        Controls.of(insurance()),
        requirement("R4"),
        vocabulary=requirements().vocabulary,
        runs=40,
        steps=15,
    )
    assert drawn is None
