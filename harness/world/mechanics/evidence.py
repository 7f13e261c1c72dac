"""K32: where a design insists on earlier steps, their evidence is there or it is not.

Looks at what was recorded and at nothing else: neither rules nor verdicts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from operator import eq, ge, gt, le, lt, ne
from typing import TYPE_CHECKING, Any

from harness.plan.steps import Compared, Step, Tie
from harness.world.mechanics.schedule import Ask

if TYPE_CHECKING:
    from harness.world.mechanics.state import World

Recorded = tuple[int, Mapping[str, Any]]


def first_missing(world: World, asks: Iterable[Ask], facts: Mapping[str, Any]) -> str | None:
    """The kind of event whose evidence is missing, or that forbids what is asked for; where all is well it is used up."""
    for ask in asks:
        if not all(_satisfied(world, ask, tie, facts) for tie in ask.ties):
            return ask.step.kind
    _spend(world, asks, facts)
    return None


def _satisfied(world: World, ask: Ask, tie: Tie, facts: Mapping[str, Any]) -> bool:
    live = list(_live(world, ask, tie, facts))
    if ask.ban:
        return not live
    if tie.distinct is None:
        return len(live) >= tie.at_least
    return len({one.get(tie.distinct) for _, one in live} - {None}) >= tie.at_least


def _live(world: World, ask: Ask, tie: Tie, facts: Mapping[str, Any]) -> Iterator[Recorded]:
    """What was recorded of a step for the same thing, is young enough, and has not ended."""
    for then_ms, one in world.evidence.get(ask.step.kind, ()):
        if tie.within_ms is not None and world.now_ms - then_ms > tie.within_ms:
            continue
        if not all(facts.get(left) is not None and facts[left] == one.get(right) for left, right in tie.same):
            continue
        if not all(_holds(facts.get(left), op, one.get(right)) for left, op, right in tie.compares):
            continue
        if any(one.get(left) == one.get(right) for left, right in tie.differs):
            continue
        if not ask.any_outcome and came_out_otherwise(ask.step, one):
            continue
        if not _ended(world, tie, then_ms, one):
            yield then_ms, one


_TESTS: Mapping[Compared, Callable[[Any, Any], bool]] = {"is": eq, "is not": ne, "<": lt, "<=": le, ">": gt, ">=": ge}


def _holds(left: Any, op: Compared, right: Any) -> bool:
    """A test of what is asked for against what was recorded; what is missing, or of another sort, fails it."""
    if left is None or right is None:
        return False
    numbers = isinstance(left, (int, float)) and isinstance(right, (int, float))
    return (numbers or type(left) is type(right)) and _TESTS[op](left, right)


def came_out_otherwise(step: Step, one: Mapping[str, Any]) -> bool:
    """Whether a field of what was recorded says that the step had another outcome than it needs."""
    return any(field.otherwise != field.value and one.get(name) == field.otherwise for name, field in step.fields.items())


def _ended(world: World, tie: Tie, then_ms: int, one: Mapping[str, Any]) -> bool:
    """Whether something has followed that ends it, for the same thing as far as it says what for."""
    names = [right for _, right in tie.same]
    for kind in tie.ended_by:
        for at_ms, end in world.evidence.get(kind, ()):
            same = all(end.get(name) in (None, one.get(name)) for name in names)
            if same and at_ms >= then_ms and (not tie.grace_ms or world.now_ms - at_ms > tie.grace_ms):
                return True
    return False


def _spend(world: World, asks: Iterable[Ask], facts: Mapping[str, Any]) -> None:
    """What can be used once is used up, the oldest first."""
    for ask in asks:
        for tie in ask.ties:
            if tie.use_once and not ask.ban:
                used = list(_live(world, ask, tie, facts))[: tie.at_least]
                kept = world.evidence[ask.step.kind]
                world.evidence[ask.step.kind] = tuple(one for one in kept if not any(one[1] is each[1] for each in used))
