"""Attacks that only one sort of step makes possible: with it there is one, without it there is none."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from harness.plan import Controls
from harness.plan.misfortunes import Lag
from harness.search import search
from harness.search.misfortunes import NONE, Misfortunes
from harness.search.small_world import worlds_for
from harness.search.stops import breaks, replayed
from harness.world.mechanics import commands as c
from tests.search.worlds import reference

LATE = Misfortunes(lags=(Lag.model_validate({"of": "owners", "by": "10m"}),))


@pytest.mark.parametrize(("misfortunes", "found"), [(LATE, True), (NONE, False)])
def test_a_right_that_has_ended_is_used_where_an_api_learns_of_it_late(misfortunes: Misfortunes, found: bool) -> None:
    """R4: whoever might see the records yesterday still gets them; strangers never could, so that no other step leads there."""
    of, requirement = reference(), reference().requirement("R4")
    controls = Controls.of(of.system)
    result = search(
        of.system, controls, requirement, vocabulary=of.requirements.vocabulary, depth=2, misfortunes=misfortunes
    )
    assert (result.attack is not None) == found
    if result.attack is not None:
        assert any(isinstance(command, c.EndAccess) for _, command in result.attack.steps)
        trace = replayed(of.system, controls, result.attack, requirement)
        assert breaks(trace, requirement, of.requirements.vocabulary)
        still = [replace(view, changing=False) for view in worlds_for(of.system, requirement.rules[0])]
        for view in still:
            without = search(of.system, controls, requirement, vocabulary=of.requirements.vocabulary, depth=2,
                             misfortunes=misfortunes, view=view)  # fmt: skip
            assert without.attack is None
