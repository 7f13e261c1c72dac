"""Which times of a rule no run was long enough to reach: a limit of a year says nothing in runs of minutes.

A note, not a verdict: the rule was judged, but what it says about its longest time nothing here put to the test.
"""

from __future__ import annotations

from collections.abc import Iterator

from harness.report.story import clock
from harness.requirements import Requirement, Rule, duration_text

_TIMES = ("within", "grace", "delay", "for", "window")


def too_short(requirement: Requirement, longest_ms: int) -> tuple[str, ...]:
    """A sentence for each time of a rule that is longer than the longest run (both in milliseconds)."""
    return tuple(
        f"`{key}: {duration_text(time_ms)}` (line {rule.line}) is longer than every run "
        f"({clock(longest_ms // 1000 * 1000)}): nothing here tests it"
        for rule in requirement.rules
        for key, time_ms in _times(rule)
        if time_ms > longest_ms
    )


def _times(rule: Rule) -> Iterator[tuple[str, int]]:
    for key in _TIMES:
        time_ms = getattr(rule, f"{key}_ms")
        if time_ms is not None:
            yield key, time_ms
