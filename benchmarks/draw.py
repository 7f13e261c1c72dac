"""The harness' own work for each drawn run against what Hypothesis itself costs for drawing it.

The floor is the same strategy with an empty body. Ours is choosing decisions, bookkeeping and aims: what a run takes but
for the world's own transitions and the monitors, which are measured in place and given beside it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from harness.plan import Controls, load_system, words
from harness.requirements import load_requirements
from harness.search import node
from harness.search.drawing import STEPS, Drawn, Example, aims, drive

RUNS = 200
KEYS = ("R4", "R6")


def row() -> dict[str, Any]:
    """Microseconds for each run of both, and the ratio; the world's and the monitors' in `world_us` and `monitors_us`."""
    floor = _alone_us()
    found = [_ours_us(key) for key in KEYS]
    own, world, monitors = (sum(one) / len(KEYS) for one in zip(*found, strict=True))
    return {
        "name": "draw", "floor_us": floor, "ours_us": own, "ratio": own / floor, "world_us": world,
        "monitors_us": monitors,
    }  # fmt: skip


def _alone_us() -> float:
    """What Hypothesis takes for drawing the same examples."""
    started = time.process_time()
    drive(lambda example: None, runs=RUNS, steps=STEPS, seed=0)
    return (time.process_time() - started) / RUNS * 1e6


def _ours_us(key: str) -> tuple[float, float, float]:
    """Own work, the world's, the monitors', for each run on the reference system; no run stops at a breach."""
    system = load_system("scenarios/systems/insurance.yaml").model
    requirements = load_requirements("requirements.yaml", words(system))
    requirement = next(one for one in requirements if one.id == key)
    drawn = Drawn(system, Controls.of(system), requirement, vocabulary=requirements.vocabulary)
    total, world, monitors = [0.0], [0.0], [0.0]
    applying, judging = node.apply, node.Node._judge

    def one(example: Example) -> None:
        started = time.perf_counter()
        aims(drawn.run(example))
        total[0] += time.perf_counter() - started

    node.apply = _timed(applying, world)
    node.Node._judge = _timed(judging, monitors)  # type: ignore[method-assign]  # measured in place
    try:
        drive(one, runs=RUNS, steps=STEPS, seed=0)
    finally:
        node.apply = applying
        node.Node._judge = judging  # type: ignore[method-assign]  # put back
    own = total[0] - world[0] - monitors[0]
    return own / RUNS * 1e6, world[0] / RUNS * 1e6, monitors[0] / RUNS * 1e6


def _timed(function: Callable[..., Any], spent: list[float]) -> Callable[..., Any]:
    def timed(*arguments: Any, **named: Any) -> Any:
        started = time.perf_counter()
        try:
            return function(*arguments, **named)
        finally:
            spent[0] += time.perf_counter() - started

    return timed
