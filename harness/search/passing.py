"""Names that no later step can speak of: a request, and an operation that nobody was asked about.

Why what helps under such a name need not be an event. A rule that ties an earlier step to what comes later by one of
these (`same: [operation]`) goes by it for events of that name alone, and the name was drawn in the very command that
took the step: every event of it comes of that command. Take any attack that does without the command, and put the command
in front: no event of the attack has the name, so that it breaks the rule as before. (An operation that somebody was asked
about keeps its name as long as its approval is there: what helps it stays an event.)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.judge import State
from harness.world.mechanics.state import World

DRAWN = ("op", "req", "operation", "request")
"""The counters that such names are drawn from, the last two for what a step was done for instead."""
UNDER_WAY = frozenset({"job", "hop", "step"})
"""What is due later and may still speak of what a command began."""


def is_passing(value: Any, world: World) -> bool:
    """Whether a value is such a name."""
    if not isinstance(value, str) or value.rstrip("0123456789") not in DRAWN or not value[-1].isdigit():
        return False
    return all(value != one.operation.id for one in world.approvals.values())


def drawn_since(value: Any, world: World, before: Mapping[str, int]) -> bool:
    """Whether such a name was drawn since the counters stood as before."""
    if not is_passing(value, world):
        return False
    kind = value.rstrip("0123456789")
    return int(value.removeprefix(kind)) > before.get(kind, 0)


def settled(world: World) -> bool:
    """Whether nothing is under way that may still speak of such names."""
    return not any(due.kind in UNDER_WAY for due in world.agenda.values())


def forget(state: State, world: World) -> None:
    """Drop from a monitor's state what it notes under such names."""
    for key in [key for key in state if key is not None]:
        if any(is_passing(part, world) for part in (key if isinstance(key, tuple) else (key,))):
            del state[key]


def forget_evidence(world: World) -> None:
    """Drop what was recorded under such names, where every place that asks for it goes by them."""
    schedule = world.design.schedule
    asks = [ask for asks in schedule.asks.values() for ask in asks]
    ending = {kind for ask in asks for tie in ask.ties for kind in tie.ended_by}
    for kind, recorded in world.evidence.items():
        ties = [tie for ask in asks if ask.step.kind == kind for tie in ask.ties]
        if kind not in ending and ties:
            kept = tuple(
                one for one in recorded
                if not all(any(is_passing(one[1].get(right), world) for _, right in tie.same) for tie in ties)
            )  # fmt: skip
            if len(kept) < len(recorded):
                world.evidence[kind] = kept
