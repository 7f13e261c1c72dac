"""Short ways to write rules and events in the judge's tests."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from harness.requirements import RequirementSet, Words, compile_requirements, read_requirements
from harness.requirements.stories import event_of
from harness.trace import STANDARD, Attempt, Cause, Event

VALUES = """\
values: {person: [ana, ben], agent: [helper], category: [health], endpoint: [records.read], type: [payout]}
"""


def requirements(*rules: str) -> RequirementSet:
    """Requirements R1, R2, ... from the lines of their rules."""
    items = [
        f"  - id: R{n}\n" + "".join(f"    {line}\n" for line in rule.split("\n")) for n, rule in enumerate(rules, 1)
    ]
    return compile_requirements(read_requirements("rules.yaml", VALUES + "requirements:\n" + "".join(items)), Words())


def happened(kind: str, at_ms: int, event_id: int | str, *, twist: str | None = None, **fields: Any) -> Event:
    """An event that happened; `twist` says that something went wrong on purpose behind it."""
    event = event_of(STANDARD.kinds[kind], fields, time_ms=at_ms, event_id=event_id)
    return replace(event, cause=Cause("goal", twist))


def stopped(kind: str, at_ms: int, event_id: int | str, *by: str, twist: str | None = "T01", **fields: Any) -> Event:
    """An event that controls stopped."""
    return replace(happened(kind, at_ms, event_id, twist=twist, **fields), attempt=Attempt(by or ("K01",), ("K02",)))
