"""The search's own work per transition (fork, fingerprint, queue) against a step of Hypothesis' stateful machine.

The floor is a trivial model under Hypothesis; the rest of a transition is the world's own work and is not counted.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

from harness.plan import Controls, load_system, words
from harness.requirements import load_requirements
from harness.search import explore, node, search

STEPS, RUNS = 50, 40
KEYS, DEPTH = ("R1", "R2", "R3", "R4", "R5", "R6"), 4


def row() -> dict[str, Any]:
    """Microseconds of both, and the ratio; the real model's transitions a second are in `per_second`."""
    floor = hypothesis_step_us()
    own, per_second = own_work_us()
    return {"name": "explore", "floor_us": floor, "ours_us": own, "ratio": own / floor, "per_second": per_second}


def hypothesis_step_us() -> float:
    """One step of a state machine that only counts."""
    from hypothesis import settings, stateful

    class Counting(stateful.RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.count = 0

        @stateful.rule()
        def step(self) -> None:
            self.count += 1

    started = time.perf_counter()
    stateful.run_state_machine_as_test(
        Counting, settings=settings(max_examples=RUNS, stateful_step_count=STEPS, database=None, deadline=None)
    )
    return (time.perf_counter() - started) / (RUNS * STEPS) * 1e6


def own_work_us(keys: Iterable[str] = KEYS, depth: int = DEPTH) -> tuple[float, float]:
    """Forks, fingerprints and the table of what was seen, for each transition of searches on the reference system.

    Over several requirements and some events deep, since that work is done for states, and how many steps are tried in one
    differs: from some thousands in the first to a few where nothing new can be had.
    """
    system = load_system("scenarios/systems/insurance.yaml").model
    requirements = load_requirements("requirements.yaml", words(system))
    spent, transitions = [0.0], 0
    forking, printing = node.Node.fork, explore.fingerprint
    node.Node.fork = _timed(forking, spent)  # type: ignore[method-assign]  # measured in place
    explore.fingerprint = _timed(printing, spent)
    started = time.perf_counter()
    try:
        for one in requirements:
            if one.id in keys:
                found = search(system, Controls.of(system), one, vocabulary=requirements.vocabulary, depth=depth)
                transitions += found.transitions
    finally:
        node.Node.fork = forking  # type: ignore[method-assign]  # put back
        explore.fingerprint = printing
    seconds = time.perf_counter() - started
    return spent[0] / transitions * 1e6, transitions / seconds


def _timed(function: Callable[..., Any], spent: list[float]) -> Callable[..., Any]:
    def timed(*arguments: Any, **named: Any) -> Any:
        started = time.perf_counter()
        result = function(*arguments, **named)
        spent[0] += time.perf_counter() - started
        return result

    return timed
