"""Misfortunes as rules on messages: each matches, or passes to the next; shares are drawn from a stream of their own."""

from __future__ import annotations

from collections.abc import Sequence

from harness.plan.scenario import Fault, Scenario
from harness.world.mechanics.state import Conditions, Fate, as_designed
from harness.world.sim.streams import Streams


def fate_of(faults: Sequence[Fault], streams: Streams) -> Fate:
    """What becomes of each message under these rules; without rules, what the design says."""
    if not faults:
        return as_designed

    def fate(kind: str, destination: str, delay_ms: int) -> int | None:
        for number, fault in enumerate(faults):
            if fault.message not in ("any", kind) or fault.to not in (None, destination):
                continue
            if fault.share < 1.0 and streams[f"fault/{number}"].random() >= fault.share:
                continue
            return None if fault.lose else delay_ms + fault.delay
        return delay_ms

    return fate


def conditions_of(scenario: Scenario) -> Conditions:
    """Outages and late clocks, as the scenario sets them."""
    outages = tuple((one.server, one.since, one.until) for one in scenario.outages)
    return Conditions(outages, dict(scenario.clocks))
