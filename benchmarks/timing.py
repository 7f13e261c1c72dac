"""Measuring two things against each other on a machine that is also doing something else.

Floor and ours alternate within one run, so that whatever slows the machine slows both; medians leave out the outliers.
What is read is the CPU time of this process, or the wall clock where other processes do the work. Garbage is collected
before each sample and not during it.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from statistics import median
from typing import Any, NamedTuple

Sample = Callable[[], int]
"""Does the work once and returns how many units (calls, events, tokens) that were."""
Clock = Callable[[], float]


class Row(NamedTuple):
    """One line of the table: microseconds for one unit, and how many times the floor that is."""

    name: str
    floor_us: float | None
    ours_us: float
    ratio: float | None


class Case(NamedTuple):
    """What is measured. `ours` and `floor` make a fresh sample, outside the measured time; `repeats` of each are taken."""

    name: str
    ours: Callable[[], Sample]
    floor: Callable[[], Sample] | None = None
    repeats: int = 15
    clock: Clock = time.process_time


def measure(case: Case, *, repeats: int | None = None) -> Row:
    """Take samples in turn and compare the medians; the first of each is thrown away."""
    ours: list[float] = []
    floors: list[float] = []
    for _ in range((repeats or case.repeats) + 1):
        if case.floor is not None:
            floors.append(_sampled_us(case.floor(), case.clock))
        ours.append(_sampled_us(case.ours(), case.clock))
    floor_us = median(floors[1:]) if floors else None
    return row_of(case.name, floor_us, median(ours[1:]))


def row_of(name: str, floor_us: float | None, ours_us: float) -> Row:
    """A line of the table, rounded as it is shown."""
    ratio = None if floor_us is None else round(ours_us / floor_us, 2)
    return Row(name, None if floor_us is None else round(floor_us, 3), round(ours_us, 3), ratio)


def as_row(found: Any) -> Row:
    """A line that a module has measured in its own way."""
    return found if isinstance(found, Row) else Row(found["name"], found["floor_us"], found["ours_us"], found["ratio"])


def _sampled_us(sample: Sample, clock: Clock) -> float:
    gc.collect()
    was_on = gc.isenabled()
    gc.disable()
    try:
        start = clock()
        units = sample()
        return (clock() - start) * 1e6 / units
    finally:
        if was_on:
            gc.enable()
