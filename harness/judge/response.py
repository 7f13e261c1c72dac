"""The pattern `leads_to`: every E is followed by an F in time.

State: by key (E's side of `same`) the events that await an answer, oldest first, each (time, id, honest, omissions); an
omission is an answer that was lost or stopped on purpose. One answer serves all that await it. What is unanswered when
the run ends, with time left, is open: neither kept nor broken.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import Any, Final

from harness.judge.keys import key_reader, renamed, where
from harness.judge.monitor import Answers, EventId, Finding, Monitor, Rename, State, Violation, is_honest
from harness.requirements import Rule
from harness.trace import Attempt, Event, Vocabulary

Awaiting = tuple[int, EventId, bool, tuple[tuple[EventId, Attempt], ...]]
NEXT: Final = None
"""No event has this key: under it stands the last good instant of what is overdue first."""


def response(rule: Rule, vocabulary: Vocabulary) -> Monitor:
    """Compiles a `leads_to` rule. Attempts of E are no facts; a stopped or lost F is an omission."""
    assert rule.other is not None
    follower = rule.other
    overdue = _overdue(rule)
    asks = {kind: _ask(rule, kind, vocabulary) for kind in rule.about.kinds}
    answers = {kind: _answer(rule, kind, vocabulary) for kind in follower.kinds}
    steps = {kind: _step(rule, overdue, answers.get(kind), asks.get(kind)) for kind in (*asks, *answers)}
    omits = {kind: _omit(rule, kind, vocabulary) for kind in follower.kinds}
    return Monitor(rule, steps, {}, _deadlines(rule), _canon(rule), overdue, omits)


def _step(
    rule: Rule,
    overdue: Callable[[State, int], tuple[Violation, ...]],
    answer: Callable[[State, Event], tuple[Awaiting, ...]] | None,
    ask: Callable[[State, Event], None] | None,
) -> Callable[[State, Event], Finding]:
    """An event first answers what awaits it, then awaits an answer itself."""

    def step(state: State, event: Event) -> Finding:
        late = overdue(state, event.time_ms)
        answered = answer(state, event) if answer is not None else ()
        if ask is not None:
            ask(state, event)
        if not late and not answered:
            return None
        fine = sum(waiting[2] for waiting in answered) if is_honest(event) else 0
        return Answers(fine, tuple(o for waiting in answered for o in waiting[3]), late)

    return step


def _ask(rule: Rule, kind: str, vocabulary: Vocabulary) -> Callable[[State, Event], None]:
    concerns = where(rule.about, kind, vocabulary)
    key_of = key_reader(tuple(pair[0] for pair in rule.same), kind, vocabulary)
    within = rule.within_ms

    def ask(state: State, event: Event) -> None:
        if not concerns(event):
            return
        key = key_of(event)
        key = (None, event.id) if key is None else key
        state[key] = (*state.get(key, ()), (event.time_ms, event.id, is_honest(event), ()))
        if within is not None:
            state.setdefault(NEXT, event.time_ms + within)

    return ask


def _answer(rule: Rule, kind: str, vocabulary: Vocabulary) -> Callable[[State, Event], tuple[Awaiting, ...]]:
    assert rule.other is not None
    concerns = where(rule.other, kind, vocabulary)
    key_of = key_reader(tuple(pair[1] for pair in rule.same), kind, vocabulary)

    def answer(state: State, event: Event) -> tuple[Awaiting, ...]:
        if not concerns(event) or (key := key_of(event)) is None:
            return ()
        found: tuple[Awaiting, ...] = state.pop(key, ())
        if len(state) == 1:
            state.pop(NEXT, None)
        return found

    return answer


def _omit(rule: Rule, kind: str, vocabulary: Vocabulary) -> Callable[[State, Event], None]:
    assert rule.other is not None
    concerns = where(rule.other, kind, vocabulary)
    key_of = key_reader(tuple(pair[1] for pair in rule.same), kind, vocabulary)

    def omit(state: State, event: Event) -> None:
        if event.attempt is None or not concerns(event):
            return
        key = key_of(event)
        if key is None or key not in state:
            return
        lost = (event.id, event.attempt)
        state[key] = tuple((t, i, honest, (*lost_before, lost)) for t, i, honest, lost_before in state[key])

    return omit


def _overdue(rule: Rule) -> Callable[[State, int], tuple[Violation, ...]]:
    within = rule.within_ms

    def overdue(state: State, now_ms: int) -> tuple[Violation, ...]:
        if within is None or now_ms <= state.get(NEXT, now_ms):
            return ()
        late: list[Violation] = []
        for key, found in list(_waiting(state)):
            late += (Violation(t + within + 1, (i,)) for t, i, _, _ in found if now_ms - t > within)
            left = tuple(waiting for waiting in found if now_ms - waiting[0] <= within)
            state[key] = left
            if not left:
                del state[key]
        state.pop(NEXT)
        times = [found[0][0] for _, found in _waiting(state)]
        if times:
            state[NEXT] = min(times) + within
        return tuple(sorted(late))

    return overdue


def _waiting(state: State) -> Iterator[tuple[Any, tuple[Awaiting, ...]]]:
    return ((key, found) for key, found in state.items() if key is not NEXT)


def _deadlines(rule: Rule) -> Callable[[State], Iterable[int]]:
    within = rule.within_ms
    if within is None:
        return lambda state: ()

    def deadlines(state: State) -> Iterator[int]:
        for _, found in _waiting(state):
            for time_ms, _, _, _ in found:
                yield from (time_ms + within, time_ms + within + 1)

    return deadlines


def _canon(rule: Rule) -> Callable[[State, int, Rename], Iterator[Hashable]]:
    """Of those that await one answer the oldest: it is overdue first, and what answers it answers them all."""
    within = rule.within_ms

    def canon(state: State, now_ms: int, rename: Rename) -> Iterator[Hashable]:
        for key, found in _waiting(state):
            name = (None,) if isinstance(key, tuple) and key[:1] == (None,) else renamed(key, rename)
            yield name, 0 if within is None else now_ms - found[0][0]

    return canon
