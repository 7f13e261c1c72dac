"""Holds events against the vocabulary: kinds, fields, types, words, and what must always be there.

`misfits(event, vocabulary, words)` lists what is wrong with an event in a line each. `words` are a system's names: a
field that holds a person must hold one that exists.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from harness.trace import Event, Field, Kind, Vocabulary

OPEN = frozenset({"session", "task", "event", "token"})
"""Classes of names that a run makes up as it goes."""
MADE_UP = ("sub_agent", "client", "https://")
"""How names start that come into being during a run: of a spawned agent, a registered client, a client that is a URL."""
ANY = "*"
"""What a way to data is open for, where nobody limited the purpose."""


def misfits(event: Event, vocabulary: Vocabulary, words: Mapping[str, frozenset[str]]) -> list[str]:
    """What about this event the vocabulary does not allow."""
    kind = vocabulary.kinds.get(event.kind)
    if kind is None:
        return [f"there is no kind {event.kind}"]
    return [f"{event.kind} ({event.id}): {problem}" for problem in _problems(event, kind, vocabulary, words)]


def _problems(event: Event, kind: Kind, vocabulary: Vocabulary, words: Mapping[str, frozenset[str]]) -> Iterator[str]:
    yield from (f"`{name}` is no field of it" for name in event.own if name not in kind.own)
    yield from (f"`{name}` is None instead of left out" for name, value in event.own.items() if value is None)
    if kind.has_request != (event.request is not None) and not _may_carry(event, kind):
        yield "it has no request" if kind.has_request else "it carries a request"
        return
    for name, field in kind.fields.items():
        value = vocabulary.getter(event.kind, name)(event)
        if value is None:
            if not field.optional:
                yield f"`{name}` must always be there"
            continue
        yield from (f"`{name}` is {value!r}: {why}" for why in _wrong(field, value, words))


def _may_carry(event: Event, kind: Kind) -> bool:
    """A kind without request fields may point to the request that it came with; no rule can read it."""
    return event.request is not None and not kind.has_request


def _wrong(field: Field, value: Any, words: Mapping[str, frozenset[str]]) -> Iterator[str]:
    if field.many:
        if not isinstance(value, tuple):
            yield "lists are tuples"
            return
        if len(set(value)) != len(value):
            yield "a member twice"
    for one in value if field.many else (value,):
        yield from _wrong_one(field, one, words)


def _wrong_one(field: Field, value: Any, words: Mapping[str, frozenset[str]]) -> Iterator[str]:
    is_flag, is_number = isinstance(value, bool), isinstance(value, (int, float)) and not isinstance(value, bool)
    if field.type == "flag":
        if not is_flag:
            yield "not a flag"
    elif field.type == "number":
        if not is_number:
            yield "not a number"
    elif field.type == "duration":
        if not isinstance(value, int) or is_flag:
            yield "not whole milliseconds"
    elif field.name in ("id", "about"):
        if not isinstance(value, (int, str)) or is_flag:
            yield "not an id"
    elif not isinstance(value, str) or not value:
        yield "not a word"
    elif field.type == "enum":
        if value not in field.words:
            yield f"not one of {', '.join(field.words)}"
    else:
        yield from _unknown(field, value, words)


def _unknown(field: Field, value: str, words: Mapping[str, frozenset[str]]) -> Iterator[str]:
    """A name that nobody has, where all names of these classes are known beforehand."""
    if value == ANY and field.name == "purpose":
        return
    if OPEN & set(field.classes) or not all(name in words for name in field.classes):
        return
    if not any(value in words[name] for name in field.classes) and not value.startswith(MADE_UP):
        yield f"no {' or '.join(field.classes)} is called that"
