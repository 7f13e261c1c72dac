"""The pattern `after … never`: from so long after A on, E never happens, until U, or until the ban's own end.

State: by key (A's side of `same`) a tuple of bans (first banned instant, first free instant or None, id of A), in
order; overlapping ones are one.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator

from harness.judge.keys import always, entries, in_order, key_reader, keys_matcher, known_field, renamed, sweep, where
from harness.judge.monitor import FINE, EventId, Finding, Monitor, Rename, State, Step, Violation, Would
from harness.requirements import Rule
from harness.trace import Event, Vocabulary

Ban = tuple[int, int | None, EventId]


def after_never(rule: Rule, vocabulary: Vocabulary) -> Monitor:
    """Compiles an `after … never` rule; without `delay` the ban holds from the next event of the log on."""
    assert rule.other is not None
    until = rule.ends.kinds if rule.ends else ()
    steps: dict[str, Step] = {}
    for kind in dict.fromkeys((*rule.about.kinds, *until, *rule.other.kinds)):
        steps[kind] = in_order(
            _check(rule, kind, vocabulary) if kind in rule.about.kinds else None,
            _lift(rule, kind, vocabulary) if kind in until else None,
            _ban(rule, kind, vocabulary) if kind in rule.other.kinds else None,
        )
    woulds = {kind: _would(rule, kind, vocabulary) for kind in rule.about.kinds}
    return Monitor(rule, steps, woulds, _deadlines, _canon)


def _banned(bans: tuple[Ban, ...], now_ms: int) -> Ban | None:
    for ban in bans:
        if ban[0] <= now_ms and (ban[1] is None or now_ms < ban[1]):
            return ban
    return None


def _check(rule: Rule, kind: str, vocabulary: Vocabulary) -> Step:
    concerns = where(rule.about, kind, vocabulary)
    only = known_field(rule.about, kind, vocabulary)
    known = only or always
    key_of = key_reader(tuple(pair[0] for pair in rule.same), kind, vocabulary)

    def check(state: State, event: Event) -> Finding:
        key = key_of(event)
        if key is None or not concerns(event):
            return None
        if key in state and (ban := _banned(state[key], event.time_ms)) is not None:
            return Violation(event.time_ms, (ban[2], event.id))
        return FINE

    def check_all(state: State, event: Event) -> Finding:
        key = key_of(event)
        if key is None:
            return None
        if key in state and (ban := _banned(state[key], event.time_ms)) is not None:
            return Violation(event.time_ms, (ban[2], event.id))
        return FINE

    def check_known(state: State, event: Event) -> Finding:
        key = key_of(event)
        if key is None or known(event) is None:
            return None
        if key in state and (ban := _banned(state[key], event.time_ms)) is not None:
            return Violation(event.time_ms, (ban[2], event.id))
        return FINE

    if only is not None:
        return check_known
    return check_all if rule.about.where is None else check


def _would(rule: Rule, kind: str, vocabulary: Vocabulary) -> Would:
    check = _check(rule, kind, vocabulary)
    return lambda state, event: isinstance(check(state, event), Violation)


def _lift(rule: Rule, kind: str, vocabulary: Vocabulary) -> Callable[[State, Event], None]:
    assert rule.ends is not None
    concerns = where(rule.ends, kind, vocabulary)
    matches = keys_matcher(tuple(pair[1] for pair in rule.same), kind, vocabulary, gaps=True)

    def lift(state: State, event: Event) -> None:
        if concerns(event):
            for key in matches(state, event):
                del state[key]

    return lift


def _ban(rule: Rule, kind: str, vocabulary: Vocabulary) -> Callable[[State, Event], None]:
    assert rule.other is not None
    concerns = where(rule.other, kind, vocabulary)
    key_of = key_reader(tuple(pair[1] for pair in rule.same), kind, vocabulary)
    delay = -1 if rule.delay_ms is None else rule.delay_ms
    length = rule.for_ms

    def ban(state: State, event: Event) -> None:
        if not concerns(event) or (key := key_of(event)) is None:
            return
        now = event.time_ms
        new = (now + delay + 1, None if length is None else now + length, event.id)
        state[key] = _joined(state.get(key, ()), new, now)
        sweep(state, lambda bans: bans[-1][1] is not None and bans[-1][1] <= now)

    return ban


def _joined(bans: tuple[Ban, ...], new: Ban, now_ms: int) -> tuple[Ban, ...]:
    """Bans with one more, without those that are over; one that overlaps the last prolongs it."""
    alive = tuple(ban for ban in bans if ban[1] is None or now_ms < ban[1])
    if not alive:
        return (new,)
    first, free, event_id = alive[-1]
    if free is None:
        return alive
    if new[1] is not None and new[0] <= free:
        return (*alive[:-1], (first, new[1], event_id))
    return (*alive, new)


def _deadlines(state: State) -> Iterator[int]:
    for _, bans in entries(state):
        for first, free, _ in bans:
            yield from (first - 1, first)
            if free is not None:
                yield from (free - 1, free)


def _canon(state: State, now_ms: int, rename: Rename) -> Iterator[Hashable]:
    for key, bans in entries(state):
        seen = tuple(
            (max(0, first - now_ms), None if free is None else free - now_ms)
            for first, free, _ in bans
            if free is None or now_ms < free
        )
        if seen:
            yield renamed(key, rename), seen
