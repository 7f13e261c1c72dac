"""Values for one event of a story: fields filled in until a condition holds.

Tried in a fixed order: the constants that the condition names and their neighbours, declared words, plain values, none.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from harness.requirements.closures import predicate
from harness.requirements.conditions import (
    Constant,
    Listing,
    Named,
    Node,
    Operand,
    Test,
    Value,
    fields_read,
    tests,
)
from harness.requirements.rules import Clause
from harness.requirements.stories import event_of
from harness.requirements.words import Words
from harness.trace import Event, Field, Vocabulary

Values = dict[str, Any]
MAX_TRIES = 20_000
_PEOPLE = ("ana", "ben", "cleo")


class Candidates:
    """Values worth trying, for the fields of one vocabulary with some declared words."""

    def __init__(self, vocabulary: Vocabulary, words: Words) -> None:
        self.vocabulary, self.words = vocabulary, words

    def event(self, clause: Clause, values: Values, time_ms: int, event_id: int | str) -> Event:
        kind = self.vocabulary.kinds[clause.kinds[0]]
        given = {name: value for name, value in values.items() if name not in ("time", "id")}
        return event_of(kind, given, time_ms=time_ms, event_id=event_id)

    def solve(self, clause: Clause, needed: set[str], fixed: Mapping[str, Any] | None = None) -> Iterator[Values]:
        """Assignments of the needed fields, and of those that the condition reads, under which it holds."""
        kind, fixed = clause.kinds[0], dict(fixed or {})
        holds = predicate(clause.where, kind, self.vocabulary)
        names = [n for n in dict.fromkeys((*sorted(needed), *sorted(fields_read(clause.where)))) if n not in fixed]
        fields = {n: f for n in names if (f := self.vocabulary.field(kind, n)) is not None}
        choices = [self.choices(field, clause.where, name in needed) for name, field in fields.items()]
        for picked in itertools.islice(itertools.product(*choices), MAX_TRIES):
            values = fixed | {n: v for n, v in zip(fields, picked, strict=True) if v is not None}
            if holds is None or holds(self.event(clause, values, 0, values.get("id", 1))):
                yield values

    def choices(self, field: Field, where: Node | None, needed: bool) -> list[Any]:
        if field.name == "id":
            return [1]
        found = list(self.candidates(field, where))
        return [value for value in found if value is not None] if needed else found

    def candidates(self, field: Field, where: Node | None) -> Iterator[Any]:
        """Values worth trying for a field: plain ones, those that the condition names and their neighbours, none."""
        named = [value for test in tests(where) if field.name in touches(test) for value in _named(test.right)]
        one = replace(field, many=False)
        singles = list(dict.fromkeys([*_neighbours(named, one), *self.plain(one)]))
        singles = [value for value in singles if _fits(value, one)]
        if field.many:
            yield from [(single,) for single in singles[:4]]
            yield ()
        else:
            yield from singles[:8]
        if field.optional:
            yield None

    def plain(self, field: Field) -> Iterator[Any]:
        if field.type == "enum":
            yield from field.words
        elif field.type == "flag":
            yield from (True, False)
        elif field.type in ("number", "duration"):
            yield from (1, 0) if field.type == "number" else (60_000, 0)
        else:
            yield from self.names(field)

    def names(self, field: Field) -> Iterator[str]:
        declared = sorted(self.words.of(field.classes))
        if "person" in field.classes:
            yield from _PEOPLE if not declared or set(_PEOPLE) <= set(declared) else declared[:3]
        else:
            yield from declared[:3]
            yield from (f"{field.classes[0] if field.classes else field.name}-{n}" for n in (1, 2))


def touches(test: Test) -> set[str]:
    return fields_read(test) - {test.right.by if isinstance(test.right, Named) and test.right.by else ""}


def _named(right: Operand) -> Iterator[Constant]:
    if isinstance(right, Value):
        yield right.value
    elif isinstance(right, Listing):
        yield from (item.value for item in right.items if isinstance(item, Value))
    elif isinstance(right, Named):
        members: Iterable[Constant]
        lists = right.members
        members = lists if isinstance(lists, frozenset) else itertools.chain.from_iterable(lists.values())
        yield from sorted(set(members), key=str)[:3]


def _neighbours(values: list[Constant], field: Field) -> Iterator[Constant]:
    step = 1_000 if field.type == "duration" else 1
    for value in values:
        yield value
        if field.type in ("number", "duration") and isinstance(value, (int, float)):
            yield from (value + step, max(value - step, 0))


def _fits(value: Any, field: Field) -> bool:
    if field.type == "enum":
        return value in field.words
    if field.type == "flag":
        return isinstance(value, bool)
    if field.type in ("number", "duration"):
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return isinstance(value, str)
