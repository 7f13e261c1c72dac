"""No shipped scenario does what its actors could not do: whatever is commanded in a run is possible.

A command that comes too late (what it speaks of is over by then) is answered as such in a run, so that one that cheats would
pass unseen. Where all controls are off attacks get furthest.
"""

from __future__ import annotations

import pytest

from harness.plan import Controls
from harness.plan.misfits import unfit
from harness.world import simulate
from harness.world.mechanics import commands as c
from harness.world.mechanics import engine
from harness.world.mechanics.legality import Impossible, check
from harness.world.mechanics.state import World
from tests.world.worlds import scenarios, system


@pytest.mark.parametrize("name", ["insurance", "insurance_hardened", "allow_all"])
def test_whatever_a_scenario_commands_is_possible(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    impossible: list[str] = []
    asked = 0

    def noted(world: World, command: c.Command) -> None:
        nonlocal asked
        asked += 1
        try:
            check(world, command)
        except Impossible as error:
            impossible.append(f"{error}: {command}")
            raise

    monkeypatch.setattr(engine, "check", noted)
    design = system(name)
    for running, scenario in scenarios().items():
        if unfit(scenario, design) is None:
            simulate(design, Controls.of(design), scenario)
            assert impossible == [], running
    assert asked > 1_000, "nothing was commanded"
