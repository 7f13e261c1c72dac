"""The row `sweep`: how many times faster two workers make short runs than one, through the engine that a sweep uses.

Floor is a run with one worker, ours with two, in wall-clock time, since other processes do the work; ratio is floor by
ours, so 2 is ideal. Pools are warm and every sample makes new runs, so nothing is remembered from the one before.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from harness.sweep import Sweep, load_sweep, local
from harness.sweep.engine import AHEAD, _made

FILE = Path(__file__).parent / "small.sweep.yaml"
BATCHES, REPEATS = 48, 7
"""Batches of a sample: enough that the last of them, which one worker makes alone, does not count."""


def row(*, batches: int = BATCHES, repeats: int = REPEATS) -> dict[str, Any]:
    """The row: microseconds for a run with one worker and with two, and how many times faster that is."""
    sweep = load_sweep(FILE)
    fresh = itertools.count()
    with _warm(sweep, 1, fresh) as one, _warm(sweep, 2, fresh) as two:
        pairs = [
            (_run_us(sweep, one, 1, fresh, batches), _run_us(sweep, two, 2, fresh, batches)) for _ in range(repeats)
        ]
    floor_us, ours_us = median(pair[0] for pair in pairs), median(pair[1] for pair in pairs)
    ratio = median(alone / together for alone, together in pairs)
    return {"name": "sweep", "floor_us": round(floor_us, 1), "ours_us": round(ours_us, 1), "ratio": round(ratio, 2)}


@contextmanager
def _warm(sweep: Sweep, workers: int, fresh: Iterator[int]) -> Iterator[Executor]:
    """A pool whose workers have read the plan and made their first runs."""
    with local(workers).open() as pool:
        _run_us(sweep, pool, workers, fresh, 2 * workers)
        yield pool


def _run_us(sweep: Sweep, pool: Executor, workers: int, fresh: Iterator[int], batches: int) -> float:
    numbers = list(itertools.islice(fresh, batches))
    start = time.perf_counter()
    made = sum(len(part) > 0 for _, part in _made(pool, sweep, numbers, AHEAD * workers))
    assert made == batches, "every batch came back"
    return (time.perf_counter() - start) * 1e6 / (batches * sweep.plan.batch)
