"""Value types shared by system and scenario files: durations with a unit, names, and closed models.

A duration is written `30s`, `5m`, `24h`, `90d` or `250ms` and held in milliseconds; a bare number is refused, since
`5` says neither seconds nor minutes.
"""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints

UNIT_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_DURATION = re.compile(r"(\d+)(ms|s|m|h|d)")


def duration_ms(value: Any) -> int:
    """Milliseconds of a written duration; raises ValueError where the unit is missing or unknown."""
    if isinstance(value, str) and (match := _DURATION.fullmatch(value)):
        return int(match[1]) * UNIT_MS[match[2]]
    raise ValueError(f"write a duration with a unit, as in `5m`, not `{value}`")


def duration_text(value_ms: int) -> str:
    """The shortest way to write a duration: `120000` is `2m`."""
    for unit in ("d", "h", "m", "s"):
        if value_ms and value_ms % UNIT_MS[unit] == 0:
            return f"{value_ms // UNIT_MS[unit]}{unit}"
    return f"{value_ms}ms" if value_ms else "0s"


DurationMs = Annotated[int, BeforeValidator(duration_ms)]
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_.-]*$", max_length=80)]


class Closed(BaseModel):
    """A part of a YAML file: unknown keys are mistakes, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)
