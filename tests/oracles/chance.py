"""Bounds for comparing a simulation with a formula: so many standard errors, so that a right simulation all but never fails."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

ERRORS = 4.0
"""Standard errors: a right simulation fails once in sixteen thousand seeds, and the seeds are fixed."""


def close(observed: Sequence[float], expected: float) -> bool:
    """Whether the mean of independent observations is as expected, within its statistical bound."""
    error = statistics.stdev(observed) / math.sqrt(len(observed))
    return abs(statistics.fmean(observed) - expected) <= ERRORS * error


def told(observed: Sequence[float], expected: float) -> str:
    """Both numbers, for a message."""
    return f"observed {statistics.fmean(observed):.4f} over {len(observed)}, expected {expected:.4f}"
