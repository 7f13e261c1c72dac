"""Values as stakeholders write them: durations with a unit, names, and text in a sentence.

A duration is `250ms`, `30s`, `5m`, `24h` or `90d` and held in milliseconds. A bare number is refused: `5` says neither
seconds nor minutes.
"""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints

UNIT_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
MAX_DURATION_MS = 100 * 366 * UNIT_MS["d"]
DURATION = re.compile(r"(\d{1,12})(ms|s|m|h|d)")


def duration_ms(value: Any) -> int:
    """Milliseconds of a written duration; ValueError where the unit is missing or unknown, or it exceeds a century."""
    match = DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f"`{str(value)[:40]}` is not a duration; write a unit, as in `5m`")
    found = int(match[1]) * UNIT_MS[match[2]]
    if found > MAX_DURATION_MS:
        raise ValueError(f"`{value}` is longer than a hundred years")
    return found


def duration_text(value_ms: int) -> str:
    """The shortest way to write a duration: `120000` is `2m`."""
    for unit in ("d", "h", "m", "s"):
        if value_ms and value_ms % UNIT_MS[unit] == 0:
            return f"{value_ms // UNIT_MS[unit]}{unit}"
    return f"{value_ms}ms" if value_ms else "0s"


_SPOKEN = {"d": "day", "h": "hour", "m": "minute", "s": "second", "ms": "millisecond"}


def duration_spoken(value_ms: int) -> str:
    """A duration in words: `120000` is `2 minutes`."""
    match = DURATION.fullmatch(duration_text(value_ms))
    if match is None:
        return f"{value_ms} milliseconds"
    number, unit = int(match[1]), _SPOKEN[match[2]]
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"


DurationMs = Annotated[int, BeforeValidator(duration_ms)]
Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9._-]*$", max_length=120)]
Word = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=4000)]


class Closed(BaseModel):
    """A part of a YAML file: unknown keys are mistakes, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, defer_build=True)
