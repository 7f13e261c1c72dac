"""The laws of exposure on runs of the world: nothing once all is dead, and what sampling at random instants comes to."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

import pytest

from harness.measure.exposure import SLICES, exposure, exposures
from harness.measure.reach import reaches
from harness.plan import Controls
from harness.trace import Trace
from harness.world import simulate
from tests.measure.test_reach_of_world import design
from tests.oracles.chance import close, told
from tests.world.worlds import scenarios

LONGEST_S = 3_600
"""Tokens live so long where nothing shortens their lives; nobody renews them after the person has gone for good."""
SAMPLES = 4_000


def run(scenario: str, settings: Mapping[str, Any], *, longer_ms: int = 0) -> Trace:
    system, played = design(settings), scenarios()[scenario]
    played = played.model_copy(update={"until": (played.until or 0) + longer_ms})
    return simulate(system, Controls.of(system), played, seed=3, reach=True)


@pytest.mark.parametrize("scenario", ["S02", "S33", "H01"])
@pytest.mark.parametrize("lifetime", ["30s", "15m"])
def test_once_every_credential_is_dead_nothing_is_exposed_however_long_the_run_goes_on(
    scenario: str, lifetime: str
) -> None:
    settings = {"controls.K07.lifetime": lifetime}
    short = run(scenario, settings, longer_ms=1000 * LONGEST_S)
    long = run(scenario, settings, longer_ms=5000 * LONGEST_S)
    assert short.counters["end_s"] < long.counters["end_s"]
    last_ms = max(one.closed_ms for one in reaches(long))
    issued_ms = max(event.time_ms for event in long.events if event.kind == "token.issued" and event.attempt is None)
    assert last_ms <= issued_ms + (900_000 if lifetime == "15m" else 30_000) + 5_000
    end_ms = 1000 * int(long.counters["end_s"])
    after = [
        part for one in reaches(long) if (part := one.within((last_ms, end_ms))) is not None and part.opened_ms < end_ms
    ]
    assert exposure([one for one in after if one.opened_ms < one.closed_ms]).record_s == 0
    assert [one.record_s for one in exposures(short)] == [one.record_s for one in exposures(long)]


@pytest.mark.parametrize("scenario", ["S01", "S02", "S33"])
def test_random_instants_of_a_run_come_to_its_exposure(scenario: str) -> None:
    trace = run(scenario, {"controls.K17": "off", "controls.K04": "off"})
    end_s = float(trace.counters["end_s"])
    chance = random.Random(12)
    seen = [chance.uniform(0, 1000 * end_s) for _ in range(SAMPLES)]
    for name, pick in SLICES.items():
        parts = list(pick(trace, reaches(trace)))
        exact = exposure(parts).record_s
        found = []
        for at_ms in seen:
            groups: dict[tuple[object, ...], int] = {}
            for one in parts:
                if one.opened_ms <= at_ms < one.closed_ms:
                    key = (one.owner, one.category, one.entitled)
                    groups[key] = max(groups.get(key, 0), one.records)
            found.append(end_s * sum(groups.values()))
        if exact == 0:
            assert not any(found), name
        else:
            assert close(found, exact) if len(set(found)) > 1 else found[0] == pytest.approx(exact), (
                f"{name}: {told(found, exact)}"
            )
