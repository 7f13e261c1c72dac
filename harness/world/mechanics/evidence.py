"""K32: where a design insists on earlier steps, their evidence is looked for before anything is done.

Looks at what was recorded and at nothing else: neither rules nor verdicts. Whoever takes such a step does so now, where
nothing keeps them from it; then it is there or it is not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from harness.plan.controls import INSISTING
from harness.plan.steps import Step, Tie
from harness.trace import STANDARD
from harness.world.mechanics import beside
from harness.world.mechanics.occurrences import Moment, Occurrence, known, takes_part
from harness.world.mechanics.schedule import Ask
from harness.world.mechanics.state import World

Recorded = tuple[int, Mapping[str, Any]]


def missing(world: World, place: str, found: Occurrence, *, api: str | None = None) -> str | None:
    """The kind of event whose evidence is missing at a place, or that forbids what is asked for; None where all is well."""
    asks = world.design.schedule.asks.get(place)
    if not asks or not world.design.on(INSISTING, api):
        return None
    world.taken = frozenset(ask.step.kind for ask in asks if not ask.ban)
    for ask in asks:
        if not ask.ban:
            _take(world, ask.step, found)
    facts = known(found)
    failed = next((ask.step.kind for ask in asks if not all(_satisfied(world, ask, tie, facts) for tie in ask.ties)), None)
    if failed is None:
        _spend(world, asks, facts)
    return failed


def _take(world: World, step: Step, found: Occurrence) -> None:
    """The step is done by those who take part, as it would be right before the event; an endpoint's is a call of its own."""
    for by in step.by:
        if by.sort != "endpoint" and takes_part(world.design, by, found):
            outer = world.stepping
            world.stepping = (*outer, found.kind, step.kind)
            beside.before(world, Moment(step, by, True), _effect(found))
            world.stepping = outer


def _effect(found: Occurrence) -> Occurrence:
    """The event as it would be written: a request knows more than the effect says."""
    own = STANDARD.kinds[found.kind].own if found.kind in STANDARD.kinds else found.own
    return found._replace(own={name: value for name, value in found.own.items() if name in own})


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
        if not ask.any_outcome and _came_out_otherwise(ask.step, one):
            continue
        if not _ended(world, tie, then_ms, one):
            yield then_ms, one


def _came_out_otherwise(step: Step, one: Mapping[str, Any]) -> bool:
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


def _spend(world: World, asks: tuple[Ask, ...], facts: Mapping[str, Any]) -> None:
    """What can be used once is used up, the oldest first."""
    for ask in asks:
        for tie in ask.ties:
            if tie.use_once and not ask.ban:
                used = list(_live(world, ask, tie, facts))[: tie.at_least]
                kept = world.evidence[ask.step.kind]
                world.evidence[ask.step.kind] = tuple(one for one in kept if not any(one is each for each in used))
