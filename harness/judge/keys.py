"""How monitors find what belongs together: keys from fields, matches with gaps, and keys dropped in time.

A key of one field is the field's value, of several a tuple. An event that lacks one of them has no key: `same` never
matches on a missing value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from harness.judge.monitor import Finding, State, Step
from harness.requirements import Clause
from harness.requirements.closures import predicate
from harness.requirements.conditions import Test
from harness.trace import Event, Vocabulary

Reader = Callable[[Event], Any]
Act = Callable[[State, Event], None]
SWEEP: Final = None
"""No event has this key: under it stands the number of keys at which the state is next searched for dead ones."""
SWEEP_FIRST = 256


def always(event: Event) -> bool:
    return True


def where(clause: Clause, kind: str, vocabulary: Vocabulary) -> Callable[[Event], bool]:
    """The clause's condition for one kind; true where it has none."""
    return predicate(clause.where, kind, vocabulary) or always


def known_field(clause: Clause, kind: str, vocabulary: Vocabulary) -> Reader | None:
    """Reads the field where all that a clause asks is that it is known: the commonest condition, worth no call of its own."""
    where = clause.where
    return vocabulary.getter(kind, where.field) if isinstance(where, Test) and where.op == "known" else None


def key_reader(names: tuple[str, ...], kind: str, vocabulary: Vocabulary) -> Reader:
    """Reads the key of an event; None where a field is missing, `()` where there are no fields."""
    getters = tuple(vocabulary.getter(kind, name) for name in names)
    if not getters:
        return lambda event: ()
    if len(getters) == 1:
        return getters[0]
    if len(getters) == 2:
        return _pair(*getters)
    if len(getters) == 3:
        return _triple(*getters)

    def key(event: Event) -> Any:
        values = tuple(read(event) for read in getters)
        return None if None in values else values

    return key


def _pair(first: Reader, second: Reader) -> Reader:
    def key(event: Event) -> Any:
        a, b = first(event), second(event)
        return None if a is None or b is None else (a, b)

    return key


def _triple(first: Reader, second: Reader, third: Reader) -> Reader:
    def key(event: Event) -> Any:
        a, b, c = first(event), second(event), third(event)
        return None if a is None or b is None or c is None else (a, b, c)

    return key


def keys_matcher(
    names: tuple[str, ...], kind: str, vocabulary: Vocabulary, *, gaps: bool
) -> Callable[[State, Event], list[Any]]:
    """Finds the keys in a state that an ending event matches, by the fields that its kind has.

    With `gaps` a value that the event lacks matches all (a withdrawal that names no purpose ends them all); without, an
    event that lacks one matches nothing.
    """
    if all(vocabulary.field(kind, name) is not None for name in names):
        whole = key_reader(names, kind, vocabulary)
        loose = _loose(names, kind, vocabulary)

        def match(state: State, event: Event) -> list[Any]:
            key = whole(event)
            if key is not None:
                return [key] if key in state else []
            return list(_fitting(state, loose(event))) if gaps else []

        return match
    return _partial(names, kind, vocabulary, gaps=gaps)


def _partial(
    names: tuple[str, ...], kind: str, vocabulary: Vocabulary, *, gaps: bool
) -> Callable[[State, Event], list[Any]]:
    loose = _loose(names, kind, vocabulary)
    has = tuple(vocabulary.field(kind, name) is not None for name in names)

    def match(state: State, event: Event) -> list[Any]:
        values = loose(event)
        if not gaps and any(value is None and there for value, there in zip(values, has, strict=True)):
            return []
        return list(_fitting(state, values))

    return match


def _loose(names: tuple[str, ...], kind: str, vocabulary: Vocabulary) -> Callable[[Event], tuple[Any, ...]]:
    readers = [vocabulary.getter(kind, n) if vocabulary.field(kind, n) is not None else _nothing for n in names]
    return lambda event: tuple(read(event) for read in readers)


def _nothing(event: Event) -> None:
    return None


def _fitting(state: State, values: tuple[Any, ...]) -> Iterator[Any]:
    for key in state:
        if key is SWEEP:
            continue
        parts = key if len(values) != 1 else (key,)
        if all(value is None or value == part for value, part in zip(values, parts, strict=True)):
            yield key


def in_order(check: Step | None, *acts: Act | None) -> Step:
    """The parts that one kind of event plays in a rule, one after the other; what it is checked for comes first."""
    rest = tuple(act for act in acts if act is not None)
    if not rest:
        assert check is not None
        return check
    if check is None and len(rest) == 1:
        return rest[0]

    def step(state: State, event: Event) -> Finding:
        found = check(state, event) if check is not None else None
        for act in rest:
            act(state, event)
        return found

    return step


def sweep(state: State, is_dead: Callable[[Any], bool]) -> None:
    """Drops dead keys once the state has doubled, so that it grows with what is alive."""
    if len(state) < state.get(SWEEP, SWEEP_FIRST):
        return
    for key in [key for key, value in state.items() if key is not SWEEP and is_dead(value)]:
        del state[key]
    state[SWEEP] = max(SWEEP_FIRST, 2 * len(state))


def entries(state: State) -> Iterator[tuple[Any, Any]]:
    """The keys of events and their values."""
    return ((key, value) for key, value in state.items() if key is not SWEEP)


def renamed(key: Any, rename: Callable[[Any], Any]) -> Any:
    """A key with its names replaced."""
    return tuple(rename(part) for part in key) if isinstance(key, tuple) else rename(key)
