"""What the scenarios written by hand find for one cell of the table: which breaks the requirement in the fewest steps.

A step is a command given to the mechanics, by anybody, up to the one that brings the breach about: the same count as the
search's. What only the clock does is not a step.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from typing import NamedTuple

from harness.judge import monitor
from harness.plan import Scenario, unfit
from harness.plan.controls import Controls
from harness.plan.system import System
from harness.requirements import Requirement
from harness.trace import Event, Vocabulary


class ByHand(NamedTuple):
    """A scenario that breaks a requirement, and in how many steps."""

    scenario: str
    steps: int


def by_hand(
    system: System,
    controls: Controls,
    requirement: Requirement,
    scenarios: Iterable[Scenario],
    vocabulary: Vocabulary,
    *,
    seed: int = 0,
) -> ByHand | None:
    """The scenario that breaks a requirement in the fewest steps, the first of several; None where none does."""
    from harness.world.sim.shell import run_of

    found = []
    for scenario in scenarios:
        if unfit(scenario, system) is None:
            run = run_of(system, controls, scenario, seed=seed)
            breach = _first_breach(requirement, run.log, vocabulary)
            if breach is not None:
                found.append(ByHand(scenario.id, bisect_left(run.marks, breach) + 1))
    return min(found, key=lambda one: (one.steps, one.scenario), default=None)


def _first_breach(requirement: Requirement, log: Iterable[Event], vocabulary: Vocabulary) -> int | None:
    """The number of the first event that breaks a rule, or of the one by which time had broken it."""
    watched = [(one, one.new_state()) for one in (monitor(rule, vocabulary) for rule in requirement.rules)]
    for event in log:
        for one, state in watched:
            if event.attempt is None and (one.step(state, event) or one.advance(state, event.time_ms)):
                return int(event.id)
    return None
