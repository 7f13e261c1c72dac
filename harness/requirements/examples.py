"""For a rule, the smallest story that it forbids and the nearest that it permits, generated from the rule.

Values are tried in a fixed order, the rule's own constants and declared words first, until the conditions hold. Whether
a story really breaks the rule is not decided here: a `Breaks` is handed in (the monitor's), and has the last word.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from harness.requirements.conditions import (
    Constant,
    Listing,
    Named,
    Node,
    Operand,
    Other,
    Test,
    Value,
    earlier_fields,
    fields_read,
    predicate,
    tests,
)
from harness.requirements.rules import Clause, Rule
from harness.requirements.stories import STEP_MS, event_of
from harness.requirements.words import Words
from harness.trace import Event, Field, Vocabulary

Breaks = Callable[[Rule, list[Event]], bool]
Values = dict[str, Any]
MAX_TRIES = 20_000
MAX_EVENTS = 2_000
_PEOPLE = ("ana", "ben", "cleo")


@dataclass(frozen=True, slots=True)
class Examples:
    """The two stories of a rule; None where none was found within bounds."""

    forbidden: tuple[Event, ...] | None
    permitted: tuple[Event, ...] | None


def examples(rule: Rule, vocabulary: Vocabulary, words: Words | None, breaks: Breaks) -> Examples:
    """Generates both stories and keeps those that the monitor agrees with."""
    maker = _Maker(rule, vocabulary, words or Words())
    forbidden = next((s for s in maker.forbidden() if breaks(rule, s)), None)
    permitted = None
    if forbidden is not None:
        permitted = next((s for s in maker.permitted(forbidden) if not breaks(rule, s)), None)
    return Examples(_frozen(forbidden), _frozen(permitted))


def _frozen(story: list[Event] | None) -> tuple[Event, ...] | None:
    return None if story is None else tuple(story)


class _Maker:
    """Candidate stories for one rule, the most telling first."""

    def __init__(self, rule: Rule, vocabulary: Vocabulary, words: Words) -> None:
        self.rule, self.vocabulary, self.words = rule, vocabulary, words
        self.left = tuple(a for a, _ in rule.same)
        self.right = tuple(b for _, b in rule.same)

    def forbidden(self) -> Iterator[list[Event]]:
        pattern = self.rule.pattern
        if pattern == "after_never":
            yield from self.after(self.first_banned())
        elif pattern == "at_most":
            yield from self.counted(extra=1)
        else:
            for values in self.about_values():
                yield [self.event(self.rule.about, values, 0, 1)]

    def permitted(self, forbidden: list[Event]) -> Iterator[list[Event]]:
        pattern = self.rule.pattern
        if pattern == "precedence":
            yield from self.with_earlier()
        elif pattern == "response":
            yield from self.with_answer()
        elif pattern == "after_never":
            yield from self.allowed_after()
        elif pattern == "at_most":
            yield from self.counted(extra=0)
        yield from self.changed(forbidden)
        yield forbidden[:-1]

    # --- what each pattern needs

    def about_values(self) -> Iterator[Values]:
        rule = self.rule
        counted = {rule.sum_of, rule.distinct} - {None} if rule.pattern == "at_most" else set()
        needed = {*self.left, *fields_read(rule.compare), *rule.per, *counted}
        yield from self.solve(rule.about, {n for n in needed if n})

    def other_values(self, about: Values) -> Iterator[Values]:
        rule = self.rule
        assert rule.other is not None
        fixed = {b: about[a] for a, b in rule.same if a in about}
        needed = {*self.right, *earlier_fields(rule.compare)} | ({rule.distinct} if rule.distinct else set())
        for values in self.solve(rule.other, {n for n in needed if n}, fixed):
            yield from self.satisfying(about, values)

    def satisfying(self, about: Values, earlier: Values) -> Iterator[Values]:
        """The earlier event's values, those that `compare` reads set to what the later event has."""
        copied = dict(earlier)
        for test in tests(self.rule.compare):
            if isinstance(test.right, Other) and test.right.earlier and test.field in about:
                copied[test.right.name] = about[test.field]
        yield copied
        yield earlier

    def first_banned(self) -> int:
        if self.rule.delay_ms is not None:
            return self.rule.delay_ms + 1
        return STEP_MS if self.rule.for_ms is None else min(STEP_MS, self.rule.for_ms // 2)

    def after(self, delay_ms: int, *, lifted: bool = False) -> Iterator[list[Event]]:
        rule = self.rule
        assert rule.other is not None
        for about in self.about_values():
            for trigger in self.other_values(about):
                story = [self.event(rule.other, trigger, 0, 1)]
                if lifted and rule.ends is not None:
                    yield from self.lifted(story, trigger, about, delay_ms)
                else:
                    yield [*story, self.event(rule.about, about, delay_ms, 2)]

    def lifted(self, story: list[Event], trigger: Values, about: Values, delay_ms: int) -> Iterator[list[Event]]:
        ends = self.rule.ends
        assert ends is not None
        for end in self.solve(ends, set(), self.shared(trigger, ends)):
            yield [
                *story,
                self.event(ends, end, STEP_MS, 2),
                self.event(self.rule.about, about, max(delay_ms, 2 * STEP_MS), 3),
            ]

    def shared(self, trigger: Values, clause: Clause) -> Values:
        return {n: v for n, v in trigger.items() if n in self.right and self.vocabulary.field(clause.kinds[0], n)}

    def allowed_after(self) -> Iterator[list[Event]]:
        if self.rule.delay_ms is not None:
            yield from itertools.islice(self.after(self.rule.delay_ms), 20)
        if self.rule.ends is not None:
            yield from itertools.islice(self.after(self.first_banned(), lifted=True), 20)
        if self.rule.for_ms is not None:
            yield from itertools.islice(self.after(self.rule.for_ms), 20)

    def with_earlier(self) -> Iterator[list[Event]]:
        rule = self.rule
        assert rule.other is not None
        for about in self.about_values():
            for earlier in self.other_values(about):
                story = [
                    self.event(rule.other, self.varied(rule.other, earlier, rule.distinct, n), n * STEP_MS, n + 1)
                    for n in range(rule.at_least)
                ]
                yield [*story, self.event(rule.about, about, rule.at_least * STEP_MS, rule.at_least + 1)]

    def with_answer(self) -> Iterator[list[Event]]:
        rule = self.rule
        assert rule.other is not None
        for about in self.about_values():
            about = {"id": 1, **about}
            for answer in self.other_values(about):
                yield [
                    self.event(rule.about, about, 0, 1),
                    self.event(rule.other, answer, rule.within_ms or STEP_MS, 2),
                ]

    def counted(self, *, extra: int) -> Iterator[list[Event]]:
        rule = self.rule
        for values in self.about_values():
            if rule.sum_of:
                amounts = [rule.at_most, 1] if extra else [rule.at_most]
                yield [
                    self.event(rule.about, {**values, rule.sum_of: amount}, n * STEP_MS, n + 1)
                    for n, amount in enumerate(amounts)
                ]
                yield self.many(values, math.floor(rule.at_most / max(float(values[rule.sum_of]), 1e-6)) + extra)
            else:
                yield self.many(values, math.floor(rule.at_most) + extra)

    def many(self, values: Values, count: int) -> list[Event]:
        rule, count = self.rule, min(count, MAX_EVENTS)
        gap = STEP_MS if rule.window_ms is None else min(STEP_MS, (rule.window_ms - 1) // max(count, 1))
        return [
            self.event(rule.about, self.varied(rule.about, values, rule.distinct, n), n * gap, n + 1)
            for n in range(count)
        ]

    def varied(self, clause: Clause, values: Values, name: str | None, index: int) -> Values:
        """Values with another one for the field that is counted by its differences."""
        field = self.vocabulary.field(clause.kinds[0], name) if name else None
        if field is None or name is None:
            return values
        choices = list(self.plain(field))
        return {**values, name: choices[index] if index < len(choices) else f"{name}-{index + 1}"}

    def changed(self, story: list[Event]) -> Iterator[list[Event]]:
        """The story with the last event changed in one field, then in two."""
        values = dict(next(iter(self.about_values()), {}))
        where, kind = self.rule.about.where, self.rule.about.kinds[0]
        names = dict.fromkeys((*_by_weight(where), *self.left))
        fields = {name: f for name in names if (f := self.vocabulary.field(kind, name))}
        choices = {name: list(self.candidates(field, where)) for name, field in fields.items()}
        last = story[-1]
        for new in _changes(values, choices):
            yield [*story[:-1], self.event(self.rule.about, new, last.time_ms, last.id)]

    # --- values for one event

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
        named = [value for test in tests(where) if field.name in _touches(test) for value in _named(test.right)]
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


def _touches(test: Test) -> set[str]:
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


def _by_weight(where: Node | None) -> list[str]:
    """The fields of a condition: those held against other fields first, those only asked to be known last."""
    asked = {test.field for test in tests(where) if test.op in ("known", "missing")}
    real = [test for test in tests(where) if test.op not in ("known", "missing")]
    weighed = [name for test in sorted(real, key=_is_constant) for name in sorted(_touches(test))]
    return list(
        dict.fromkeys((*(name for name in weighed if name not in asked), *weighed, *sorted(fields_read(where))))
    )


def _is_constant(test: Test) -> bool:
    return not isinstance(test.right, (Other, Named))


def _changes(values: Values, choices: Mapping[str, list[Any]]) -> Iterator[Values]:
    """Values with one field changed, then two; a field is left out only after all else was tried."""
    for size, gaps in ((1, False), (2, False), (1, True), (2, True)):
        for names in itertools.combinations(choices, size):
            for picked in itertools.product(*(choices[name] for name in names)):
                if (None in picked) == gaps:
                    new = {**values, **dict(zip(names, picked, strict=True))}
                    yield {name: value for name, value in new.items() if value is not None}
