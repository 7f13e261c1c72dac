"""The pattern `at_most`: a limit on events, on different values, on a sum, or on how many are open at once.

State: by key (`per`) what is counted, oldest first and no more of it than the limit can need. `since` starts a count
again. In a window an event counts while it is younger than the window. Sums are exact to a millionth.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from harness.judge.keys import Reader, entries, in_order, key_reader, keys_matcher, renamed, sweep, where
from harness.judge.monitor import FINE, EventId, Finding, Monitor, Rename, State, Step, Violation, Would
from harness.requirements import Clause, Rule
from harness.trace import Event, Vocabulary

MICRO = 1_000_000
WITNESSES = 12
NAMED_UP_TO = 64
"""Largest limit, without a window, for which each counted event is kept by name."""
Counted = tuple[int, EventId, Any]
"""One counted event: time, id, and its value (of `distinct`, or the sum's in millionths)."""


@dataclass(frozen=True, slots=True)
class _Tally:
    """How a rule counts: `add` gives what is kept with one more, `over` whether that is too much."""

    add: Callable[[tuple[Counted, ...], Counted], tuple[Counted, ...]]
    over: Callable[[tuple[Counted, ...]], bool]


def at_most(rule: Rule, vocabulary: Vocabulary) -> Monitor:
    """Compiles an `at_most` rule."""
    since = rule.ends.kinds if rule.ends else ()
    closing = rule.closes.kinds if rule.closes else ()
    tally = _tally(rule)
    steps: dict[str, Step] = {}
    for kind in dict.fromkeys((*rule.about.kinds, *since, *closing)):
        steps[kind] = in_order(
            _count(rule, kind, vocabulary, tally) if kind in rule.about.kinds else None,
            _reset(rule, kind, vocabulary) if kind in since else None,
            _close(rule, kind, vocabulary) if kind in closing else None,
        )
    woulds = {kind: _would(rule, kind, vocabulary, tally) for kind in rule.about.kinds}
    return Monitor(rule, steps, woulds, _deadlines(rule), _canon(rule))


def _tally(rule: Rule) -> _Tally:
    if rule.sum_of:
        limit = round(rule.at_most * MICRO)
        return _Tally(_add_sum if rule.window_ms is None else _append, lambda kept: sum(c[2] for c in kept) > limit)
    room = math.floor(rule.at_most) + 1
    if rule.distinct:
        return _Tally(
            lambda kept, new: (*(c for c in kept if c[2] != new[2]), new)[-room:], lambda kept: len(kept) >= room
        )
    if rule.closes is not None:
        return _Tally(_append, lambda kept: len(kept) >= room)
    if rule.window_ms is None and room > NAMED_UP_TO:
        return _Tally(_add_sum, lambda kept: kept[0][2] >= room)
    return _Tally(lambda kept, new: (*kept, new)[-room:], lambda kept: len(kept) >= room)


def _append(kept: tuple[Counted, ...], new: Counted) -> tuple[Counted, ...]:
    return (*kept, new)


def _add_sum(kept: tuple[Counted, ...], new: Counted) -> tuple[Counted, ...]:
    """Without a window one entry can hold the whole sum, or the count."""
    return ((new[0], new[1], new[2] + sum(c[2] for c in kept)),)


def _value_reader(rule: Rule, kind: str, vocabulary: Vocabulary) -> Reader:
    if rule.sum_of:
        number = vocabulary.getter(kind, rule.sum_of)
        return lambda event: None if (value := number(event)) is None else round(value * MICRO)
    if rule.distinct:
        return vocabulary.getter(kind, rule.distinct)
    return lambda event: 1


def _key_reader(rule: Rule, kind: str, vocabulary: Vocabulary) -> Reader:
    """The key of `per`; a sum counts each currency apart, so that its key has the currency in front."""
    key_of = key_reader(rule.per, kind, vocabulary)
    if not rule.sum_of or vocabulary.field(kind, "currency") is None:
        return (lambda event: (None, key_of(event))) if rule.sum_of else key_of
    currency = vocabulary.getter(kind, "currency")
    return lambda event: None if (key := key_of(event)) is None else (currency(event), key)


def _next(rule: Rule, kind: str, vocabulary: Vocabulary, tally: _Tally) -> Callable[[State, Event], Any]:
    """What is kept with an event counted, and its key; None where the event does not count."""
    concerns = where(rule.about, kind, vocabulary)
    key_of, value_of = _key_reader(rule, kind, vocabulary), _value_reader(rule, kind, vocabulary)
    window, add, summing = rule.window_ms, tally.add, bool(rule.sum_of)

    def following(state: State, event: Event) -> Any:
        if not concerns(event):
            return None
        key, value = key_of(event), value_of(event)
        if key is None or value is None or (summing and key[1] is None):
            return None
        kept, now = state.get(key, ()), event.time_ms
        if window is not None and kept and now - kept[0][0] >= window:
            kept = _young(kept, now - window)
        return key, add(kept, (now, event.id, value))

    return following


def _young(kept: tuple[Counted, ...], oldest_ms: int) -> tuple[Counted, ...]:
    """What was counted after an instant; times do not fall."""
    for index, counted in enumerate(kept):
        if counted[0] > oldest_ms:
            return kept[index:]
    return ()


def _count(rule: Rule, kind: str, vocabulary: Vocabulary, tally: _Tally) -> Step:
    following, over, window = _next(rule, kind, vocabulary, tally), tally.over, rule.window_ms

    def count(state: State, event: Event) -> Finding:
        found = following(state, event)
        if found is None:
            return None
        key, kept = found
        state[key] = kept
        if window is not None:
            now = event.time_ms
            sweep(state, lambda counted: now - counted[-1][0] >= window)
        if over(kept):
            return Violation(event.time_ms, tuple(c[1] for c in kept[-WITNESSES:]))
        return FINE

    return count


def _would(rule: Rule, kind: str, vocabulary: Vocabulary, tally: _Tally) -> Would:
    following, over = _next(rule, kind, vocabulary, tally), tally.over

    def would(state: State, event: Event) -> bool:
        found = following(state, event)
        return found is not None and over(found[1])

    return would


def _matcher(rule: Rule, kind: str, vocabulary: Vocabulary) -> Callable[[State, Event], list[Any]]:
    matches = keys_matcher(rule.per, kind, vocabulary, gaps=False)
    if not rule.sum_of:
        return matches

    def match(state: State, event: Event) -> list[Any]:
        by_key: dict[Any, list[Any]] = {}
        for key, _ in entries(state):
            by_key.setdefault(key[1], []).append(key)
        return [key for found in matches(by_key, event) for key in by_key[found]]

    return match


def _reset(rule: Rule, kind: str, vocabulary: Vocabulary) -> Callable[[State, Event], None]:
    assert rule.ends is not None
    return _for_matches(rule, rule.ends, kind, vocabulary, lambda kept: ())


def _close(rule: Rule, kind: str, vocabulary: Vocabulary) -> Callable[[State, Event], None]:
    """Closes the oldest that is open."""
    assert rule.closes is not None
    return _for_matches(rule, rule.closes, kind, vocabulary, lambda kept: kept[1:])


def _for_matches(
    rule: Rule,
    clause: Clause,
    kind: str,
    vocabulary: Vocabulary,
    change: Callable[[tuple[Counted, ...]], tuple[Counted, ...]],
) -> Callable[[State, Event], None]:
    concerns, matches = where(clause, kind, vocabulary), _matcher(rule, kind, vocabulary)

    def act(state: State, event: Event) -> None:
        if not concerns(event):
            return
        for key in matches(state, event):
            left = change(state[key])
            if left:
                state[key] = left
            else:
                del state[key]

    return act


def _deadlines(rule: Rule) -> Callable[[State], Iterable[int]]:
    window = rule.window_ms
    if window is None:
        return lambda state: ()

    def deadlines(state: State) -> Iterator[int]:
        for _, kept in entries(state):
            for time_ms, _, _ in kept:
                yield from (time_ms + window - 1, time_ms + window)

    return deadlines


def _canon(rule: Rule) -> Callable[[State, int, Rename], Iterator[Hashable]]:
    window, summing = rule.window_ms, bool(rule.sum_of)

    def canon(state: State, now_ms: int, rename: Rename) -> Iterator[Hashable]:
        for key, kept in entries(state):
            seen = tuple(
                (0 if window is None else now_ms - time_ms, rename(value) if rule.distinct else value)
                for time_ms, _, value in kept
                if window is None or now_ms - time_ms < window
            )
            if seen:
                yield (key[0], renamed(key[1], rename)) if summing else renamed(key, rename), seen

    return canon
