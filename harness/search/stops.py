"""Which controls would stop a found attack: found by trying it on the design with controls added, smallest sets first."""

from __future__ import annotations

from itertools import combinations

from harness.judge import monitor
from harness.plan.controls import Controls, control_catalogue
from harness.plan.system import System
from harness.requirements import Requirement
from harness.search.saving import as_scenario
from harness.search.shrink import Attack
from harness.trace import STANDARD, Trace, Vocabulary
from harness.world import simulate

MOST_TOGETHER = 2


def replayed(system: System, controls: Controls, attack: Attack, requirement: Requirement, *, seed: int = 0) -> Trace:
    """The attack as a run of the full world."""
    scenario = as_scenario(attack, id="FOUND", requirement=requirement.id)
    return simulate(system, controls, scenario, seed=seed)


def breaks(trace: Trace, requirement: Requirement, vocabulary: Vocabulary = STANDARD) -> bool:
    """Whether a run breaks a requirement, by the same judge as every other run."""
    for rule in requirement.rules:
        one = monitor(rule, vocabulary)
        state = one.new_state()
        if any(event.attempt is None and one.step(state, event) for event in trace.events):
            return True
        last_ms = max((event.time_ms for event in trace.events[-1:]), default=0)
        end_ms = max(last_ms, round(float(trace.counters.get("end_s", 0)) * 1000))
        if one.advance(state, end_ms):
            return True
    return False


def stopped_by_adding(
    system: System,
    attack: Attack,
    requirement: Requirement,
    *,
    without: tuple[str, ...] = (),
    vocabulary: Vocabulary = STANDARD,
    seed: int = 0,
) -> list[list[str]]:
    """The smallest sets of controls that are not on and, added, keep this very attack from breaking the requirement."""
    active = Controls.of(system, without=without).active()
    absent = [key for key in control_catalogue() if key not in active]
    for size in range(1, MOST_TOGETHER + 1):
        found = []
        for chosen in combinations(absent, size):
            left = [key for key in without if key not in chosen]
            controls = Controls.of(system, without=left, adding=chosen)
            if not breaks(replayed(system, controls, attack, requirement, seed=seed), requirement, vocabulary):
                found.append(list(chosen))
        if found:
            return found
    return []
