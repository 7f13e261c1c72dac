"""What agents can bring about: where nothing of that matters to a rule, nothing that agents do is tried.

Many duties are about what operators and people do among themselves: a ticket before an agent is disabled, an alert after
an account is locked. Such a rule takes notice of no event that a program can make true, in whatever it does or has done.

Why leaving all of that out loses nothing. Take any attack, and drop each step of a program and each answer to one. What
breaks the rule is still there, since no dropped step made an event that it listens to. And each deed is still possible
and comes out as it did: what a deed asks for, and what forbids it, is its own state (who is disabled, which session,
consent or task there is) and the recorded evidence (K32), and no dropped step made any of that either, as far as the
kinds go that a place asks for which makes something the rule listens to. The steps that are left are those of people and
operators, in the same order, at the same instants.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from harness.search.interests import EMITS, USES_UP, Interests
from harness.world.mechanics import commands as c
from harness.world.mechanics.bounds import Bounds
from harness.world.mechanics.design import Design
from harness.world.mechanics.schedule import Schedule

OF_PROGRAMS = frozenset(
    kind for of, kinds in EMITS.items() if issubclass(of, c.Step) or of in USES_UP for kind in kinds
)  # fmt: skip
"""The kinds of events that steps of programs can make true, and people's answers to them, without declared steps."""


def agents_count(design: Design, view: Bounds, interests: Interests) -> bool:
    """Whether anything that a program does can matter to a rule in a small world."""
    if view.sub_agents or view.stolen:
        return True
    schedule = design.schedule
    asked = [ask for place, asks in schedule.asks.items() if place in design.endpoints for ask in asks]
    own = {step.kind for steps in schedule.at.values() for step in steps} | {ask.step.kind for ask in asked}
    made = _closure(OF_PROGRAMS | own, lambda kind: _beside(schedule, kind))
    looked_at = _closure(interests.listened, lambda kind: (one for ask in schedule.asks.get(kind, ()) for one in ask.kinds))
    return not made.isdisjoint(looked_at)


def _beside(schedule: Schedule, kind: str) -> Iterator[str]:
    """The declared steps that come with an event of a kind."""
    yield from (moment.step.kind for moment in schedule.beside.get(kind, ()))
    yield from (ask.step.kind for ask in schedule.asks.get(kind, ()))


def _closure(kinds: Iterable[str], follow: Callable[[str], Iterable[str]]) -> frozenset[str]:
    """These kinds, and whatever follows from one of them."""
    found, open_ = set(kinds), list(kinds)
    while open_:
        new = set(follow(open_.pop())) - found
        found |= new
        open_ += new
    return frozenset(found)
