"""Every misbehaviour of the catalogue is something that a brain, an outsider or an operator can do, and nothing else is."""

from __future__ import annotations

import pytest

from harness.plan import Controls, misbehaviour_catalogue, unfit
from harness.world import simulate
from harness.world.brains.misbehaviours import BRAINS
from harness.world.brains.outsiders import OUTSIDERS
from tests.world import worlds


def names(keys: object) -> set[str]:
    """The misbehaviours behind some keys, without their variants."""
    return {str(key).partition("/")[0] for key in keys}  # type: ignore[attr-defined]  # a mapping's keys


@pytest.mark.parametrize(("doer", "table"), [("agent", BRAINS), ("outsider", OUTSIDERS)])
def test_who_can_do_it_has_a_way_to(doer: str, table: dict[str, object]) -> None:
    assert names(table) == {key for key, entry in misbehaviour_catalogue().items() if doer in entry.by}


def test_every_variant_that_is_named_exists() -> None:
    stated = {f"{key}/{variant}" for key, entry in misbehaviour_catalogue().items() for variant in entry.variants}
    assert {key for key in (*BRAINS, *OUTSIDERS) if "/" in key} == stated


def test_every_scenario_that_applies_attacks_what_it_aims_at() -> None:
    """On the insurer, where everything is stopped: an attack on each requirement that the scenario was written for."""
    design, idle = worlds.system(), []
    for scenario in worlds.scenarios().values():
        if unfit(scenario, design) is not None:
            continue
        found = worlds.judged(simulate(design, Controls.of(design), scenario))
        idle += [(scenario.id, key) for key in scenario.aims if key in found and not found[key].challenged]
    assert idle == KNOWN_IDLE


KNOWN_IDLE: list[tuple[str, str]] = []
"""Scenarios that do not challenge what they aim at on the reference system."""


def test_what_a_twist_brings_about_says_so_and_honest_work_beside_it_does_not() -> None:
    """Every attempt that a control stopped in an attack carries the twist of the scenario, or belongs to honest work."""
    for scenario in worlds.scenarios().values():
        known = {*scenario.twists(), None, "T37"}
        causes = {event.cause.twist for event in worlds.run("insurance", scenario.id).events if event.cause}
        strange = {one for one in causes - known if not str(one).startswith("fault:")}
        assert strange == set(), scenario.id
