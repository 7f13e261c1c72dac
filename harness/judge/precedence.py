"""The pattern `needs_earlier`: this event happens only after that one, fresh, matching, unspent and not ended since.

State: by key (the earlier event's side of `same`) a tuple of entries (time, id, ended at or None, extra), oldest first;
`extra` holds what `distinct` and `compare` read of the earlier event. Entries that a later one makes superfluous go.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from typing import Any

from harness.judge.compare import comparison
from harness.judge.keys import entries, in_order, key_reader, keys_matcher, renamed, sweep, where
from harness.judge.monitor import FINE, EventId, Finding, Monitor, Rename, State, Step, Violation, Would
from harness.requirements import Rule
from harness.requirements.conditions import earlier_fields
from harness.trace import Event, Vocabulary

Entry = tuple[int, EventId, int | None, tuple[Any, ...]]
FOREVER = 1 << 62
Found = Callable[[State, Event], tuple[Any, list[Entry]]]


def precedence(rule: Rule, vocabulary: Vocabulary) -> Monitor:
    """Compiles a `needs_earlier` rule."""
    return _Precedence(rule, vocabulary).monitor()


class _Precedence:
    """The closures of one rule; constants only."""

    def __init__(self, rule: Rule, vocabulary: Vocabulary) -> None:
        assert rule.other is not None
        self.rule, self.vocabulary, self.earlier = rule, vocabulary, rule.other
        self.left = tuple(pair[0] for pair in rule.same)
        self.right = tuple(pair[1] for pair in rule.same)
        self.within = FOREVER if rule.within_ms is None else rule.within_ms
        self.grace = -1 if rule.grace_ms is None else rule.grace_ms

    def monitor(self) -> Monitor:
        rule = self.rule
        ends = rule.ends.kinds if rule.ends else ()
        finds = {kind: self.find(kind) for kind in rule.about.kinds}
        steps: dict[str, Step] = {}
        for kind in dict.fromkeys((*rule.about.kinds, *ends, *self.earlier.kinds)):
            steps[kind] = in_order(
                self.check(kind, finds[kind]) if kind in finds else None,
                self.end(kind) if kind in ends else None,
                self.add(kind) if kind in self.earlier.kinds else None,
            )
        woulds = {kind: self.would(kind, find) for kind, find in finds.items()}
        return Monitor(rule, steps, woulds, self.deadlines, self.canon)

    def find(self, kind: str) -> Found:
        """Finds the key and the entries that an event may rest on, oldest first; too few are none."""
        key_of = key_reader(self.left, kind, self.vocabulary)
        within, grace, needed, distinct = self.within, self.grace, self.rule.at_least, self.rule.distinct
        fits = comparison(self.rule.compare, kind, self.vocabulary)

        def find(state: State, event: Event) -> tuple[Any, list[Entry]]:
            key, now = key_of(event), event.time_ms
            found: list[Entry] = []
            counted: set[Any] = set()
            for entry in state.get(key, ()) if key is not None else ():
                if now - entry[0] > within or (entry[2] is not None and now - entry[2] > grace):
                    continue
                if fits is not None and not fits(event, entry[3]):
                    continue
                if distinct:
                    if entry[3][-1] is None or entry[3][-1] in counted:
                        continue
                    counted.add(entry[3][-1])
                found.append(entry)
                if len(found) == needed:
                    return key, found
            return key, []

        return find

    def check(self, kind: str, find: Found) -> Step:
        if not self.rule.use_once and self.rule.at_least == 1 and not self.rule.distinct:
            return self.check_first(kind)
        concerns = where(self.rule.about, kind, self.vocabulary)
        use_once = self.rule.use_once

        def check(state: State, event: Event) -> Finding:
            if not concerns(event):
                return None
            key, found = find(state, event)
            if not found:
                return Violation(event.time_ms, (event.id,))
            if use_once:
                _replace(state, key, tuple(entry for entry in state[key] if entry not in found))
            return FINE

        return check

    def check_first(self, kind: str) -> Step:
        """The check where nothing is counted or spent, so that one valid entry is enough."""
        concerns = where(self.rule.about, kind, self.vocabulary)
        key_of = key_reader(self.left, kind, self.vocabulary)
        within, grace = self.within, self.grace
        fits = comparison(self.rule.compare, kind, self.vocabulary)

        def check(state: State, event: Event) -> Finding:
            if not concerns(event):
                return None
            key, now = key_of(event), event.time_ms
            for time_ms, _, ended, extra in state.get(key, ()) if key is not None else ():
                fresh = now - time_ms <= within and (ended is None or now - ended <= grace)
                if fresh and (fits is None or fits(event, extra)):
                    return FINE
            return Violation(now, (event.id,))

        return check

    def would(self, kind: str, find: Found) -> Would:
        concerns = where(self.rule.about, kind, self.vocabulary)
        return lambda state, event: concerns(event) and not find(state, event)[1]

    def end(self, kind: str) -> Callable[[State, Event], None]:
        assert self.rule.ends is not None
        concerns = where(self.rule.ends, kind, self.vocabulary)
        matches = keys_matcher(self.right, kind, self.vocabulary, gaps=True)
        grace = self.grace

        def end(state: State, event: Event) -> None:
            if concerns(event):
                for key in matches(state, event):
                    _replace(state, key, _ended(state[key], event.time_ms, grace))

        return end

    def add(self, kind: str) -> Callable[[State, Event], None]:
        concerns = where(self.earlier, kind, self.vocabulary)
        key_of = key_reader(self.right, kind, self.vocabulary)
        extra_of = self.extra(kind)
        alive = self.alive

        def add(state: State, event: Event) -> None:
            if not concerns(event) or (key := key_of(event)) is None:
                return
            now, extra = event.time_ms, extra_of(event)
            kept = tuple(e for e in state.get(key, ()) if alive(e, now))
            state[key] = (*self.needed(kept, extra), (now, event.id, None, extra))
            sweep(state, lambda entries: not any(alive(entry, now) for entry in entries))

        return add

    def extra(self, kind: str) -> Callable[[Event], tuple[Any, ...]]:
        """Reads what `compare` wants of the earlier event, in its order, then the field of `distinct`."""
        names = (*earlier_fields(self.rule.compare), *((self.rule.distinct,) if self.rule.distinct else ()))
        readers = tuple(self.vocabulary.getter(kind, name) for name in names)
        return (lambda event: tuple(read(event) for read in readers)) if readers else (lambda event: ())

    def needed(self, kept: tuple[Entry, ...], extra: tuple[Any, ...]) -> tuple[Entry, ...]:
        """The entries that a new one with the same `extra` does not make superfluous: it is younger and not ended."""
        if self.rule.use_once:
            return kept
        same = [entry for entry in kept if entry[3] == extra]
        spare = 0 if self.rule.distinct else self.rule.at_least - 1
        dropped = set(same[: len(same) - spare] if spare else same)
        return tuple(entry for entry in kept if entry not in dropped) if dropped else kept

    def alive(self, entry: Entry, now_ms: int) -> bool:
        return now_ms - entry[0] <= self.within and (entry[2] is None or now_ms - entry[2] <= self.grace)

    def deadlines(self, state: State) -> Iterator[int]:
        for _, found in entries(state):
            for time_ms, _, ended, _ in found:
                last = time_ms + self.within if ended is None else min(time_ms + self.within, ended + self.grace)
                if last < FOREVER:
                    yield from (last, last + 1)

    def canon(self, state: State, now_ms: int, rename: Rename) -> Iterator[Hashable]:
        for key, found in entries(state):
            seen = tuple(self.seen(entry, now_ms, rename) for entry in found if self.alive(entry, now_ms))
            if seen:
                yield renamed(key, rename), seen

    def seen(self, entry: Entry, now_ms: int, rename: Rename) -> Hashable:
        age = 0 if self.within == FOREVER else now_ms - entry[0]
        ended = None if entry[2] is None else now_ms - entry[2]
        return age, ended, tuple(rename(part) for part in entry[3])


def _ended(found: tuple[Entry, ...], now_ms: int, grace: int) -> tuple[Entry, ...]:
    """Entries ended now (those that ended before keep their end); without grace none is left."""
    if grace < 0:
        return ()
    return tuple((t, i, now_ms if ended is None else ended, extra) for t, i, ended, extra in found)


def _replace(state: State, key: Any, found: tuple[Entry, ...]) -> None:
    if found:
        state[key] = found
    else:
        del state[key]
