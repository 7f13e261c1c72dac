"""Recorded evidence in the fingerprint of a state (K32): what those who ask for it will make of it, and nothing else.

Two states in which every place finds the same of each step go on alike, whatever else was recorded. So of what was
recorded there count the fields that a tie compares, an age where a tie has one, and what is not over; a later piece of
evidence makes an equal earlier one superfluous, as far as a place asks for fewer, since whatever accepts or ends the
earlier one accepts the later one as long, and ends it no sooner. Where evidence is used up all of it counts, in order.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from typing import Any

from harness.plan.controls import INSISTING
from harness.plan.steps import Tie
from harness.search.canon_details import Names, facts_of, hashable
from harness.world.mechanics.evidence import came_out_otherwise
from harness.world.mechanics.schedule import Ask
from harness.world.mechanics.state import World

Piece = tuple[int | None, int | None, Hashable]
"""An age where that matters, for how long something that ends it is tolerated yet, and the fields that are compared."""


def evidence(world: World, names: Names) -> Hashable:
    """What each place that insists on something finds of what was recorded."""
    return tuple(found for found in _places(world, names) if found) if world.evidence else ()


def _places(world: World, names: Names) -> Iterator[Hashable]:
    design = world.design
    for place, asks in design.schedule.asks.items():
        if design.on(INSISTING, design.endpoints[place].api if place in design.endpoints else None):
            for ask in asks:
                if ask.step.kind in design.schedule.spent:
                    yield _all(world, ask, names)
                else:
                    yield from (_found(world, ask, tie, names) for tie in ask.ties)


def _all(world: World, ask: Ask, names: Names) -> Hashable:
    """Every piece in order, and how long ago as far as an age can matter."""
    spans_ms = [span for tie in ask.ties for span in (tie.within_ms, tie.grace_ms) if span is not None]
    recorded = sorted(
        (then_ms, kind, number, one)
        for kind in dict.fromkeys(ask.kinds)
        for number, (then_ms, one) in enumerate(world.evidence.get(kind, ()))
    )
    oldest_ms = max(spans_ms, default=0) + 1
    return tuple(
        (kind, min(world.now_ms - then_ms, oldest_ms), facts_of(one, names)) for then_ms, kind, _, one in recorded
    )


def _found(world: World, ask: Ask, tie: Tie, names: Names) -> Hashable:
    most = 1 if tie.distinct or ask.ban else tie.at_least
    pieces = sorted(_youngest(list(_pieces(world, ask, tie, names)), most), key=repr)
    ending = tuple(_ending_now(world, tie, names))
    return (tuple(pieces), ending) if pieces or ending else ()


def _pieces(world: World, ask: Ask, tie: Tie, names: Names) -> Iterator[Piece]:
    """What was recorded and may still count, the oldest first."""
    read = tuple(dict.fromkeys(_read(tie)))
    for then_ms, one in world.evidence.get(ask.step.kind, ()):
        age_ms = world.now_ms - then_ms
        if tie.within_ms is not None and age_ms > tie.within_ms:
            continue
        if not ask.any_outcome and came_out_otherwise(ask.step, one):
            continue
        ended_ms = _ended_ms(world, tie, then_ms, one)
        left_ms = None if ended_ms is None else ended_ms + tie.grace_ms - world.now_ms
        if left_ms is None or (tie.grace_ms and left_ms >= 0):
            yield (
                age_ms if tie.within_ms is not None else None,
                left_ms,
                tuple(hashable(one.get(name), names) for name in read),
            )


def _read(tie: Tie) -> Iterator[str]:
    """The fields of a step that a tie looks at."""
    yield from (right for _, right in tie.same)
    yield from (right for _, _, right in tie.compares)
    for pair in tie.differs:
        yield from pair
    if tie.distinct is not None:
        yield tie.distinct


def _youngest(pieces: list[Piece], most: int) -> Iterator[Piece]:
    """Of those that are told apart by age alone, as many of the youngest as are asked for."""
    kept: dict[Hashable, int] = {}
    for age_ms, left_ms, fields in reversed(pieces):
        like = (left_ms, fields)
        kept[like] = kept.get(like, 0) + 1
        if kept[like] <= most:
            yield age_ms, left_ms, fields


def _ended_ms(world: World, tie: Tie, then_ms: int, one: Mapping[str, Any]) -> int | None:
    """When it was ended first, since it was recorded."""
    same = [right for _, right in tie.same]
    ends = (
        at_ms for kind in tie.ended_by for at_ms, end in world.evidence.get(kind, ())
        if at_ms >= then_ms and all(end.get(name) in (None, one.get(name)) for name in same)
    )  # fmt: skip
    return min(ends, default=None)


def _ending_now(world: World, tie: Tie, names: Names) -> Iterator[Hashable]:
    """What ends also what is recorded later at this instant."""
    same = [right for _, right in tie.same]
    found = {
        tuple(hashable(end.get(name), names) for name in same): None
        for kind in tie.ended_by for at_ms, end in world.evidence.get(kind, ()) if at_ms == world.now_ms
    }  # fmt: skip
    yield from sorted(found, key=repr)
