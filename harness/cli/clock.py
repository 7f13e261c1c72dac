"""The day of the run: the only look at a calendar, for waivers; `--today` replaces it."""

from __future__ import annotations

from datetime import date

from harness.cli.output import Mistake


def day(given: str | None) -> date:
    """The date that waivers are held against: as given (ISO 8601), else the day of the run."""
    if given is None:
        return date.today()
    try:
        return date.fromisoformat(given)
    except ValueError:
        raise Mistake(f"`{given}` is not a date; write it as in `2026-11-30`") from None
