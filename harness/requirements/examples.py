"""For a rule, the smallest story that it forbids and the nearest that it permits, generated from the rule.

Values are tried in a fixed order, the rule's own constants and declared words first, until the conditions hold. Whether
a story really breaks the rule is not decided here: a `Breaks` is handed in (the monitor's), and has the last word.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.requirements.candidates import Candidates, Values, touches
from harness.requirements.conditions import Named, Node, Other, Test, earlier_fields, fields_read, tests
from harness.requirements.rules import Clause, Rule
from harness.requirements.stories import STEP_MS
from harness.requirements.words import Words
from harness.trace import Event, Vocabulary

Breaks = Callable[[Rule, list[Event]], bool]
MAX_EVENTS = 2_000


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
        self.rule, self.vocabulary, self.values = rule, vocabulary, Candidates(vocabulary, words)
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
                yield [self.values.event(self.rule.about, values, 0, 1)]

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
        yield from self.values.solve(rule.about, {n for n in needed if n})

    def other_values(self, about: Values) -> Iterator[Values]:
        rule = self.rule
        assert rule.other is not None
        fixed = {b: about[a] for a, b in rule.same if a in about}
        needed = {*self.right, *earlier_fields(rule.compare)} | ({rule.distinct} if rule.distinct else set())
        for values in self.values.solve(rule.other, {n for n in needed if n}, fixed):
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
                story = [self.values.event(rule.other, trigger, 0, 1)]
                if lifted and rule.ends is not None:
                    yield from self.lifted(story, trigger, about, delay_ms)
                else:
                    yield [*story, self.values.event(rule.about, about, delay_ms, 2)]

    def lifted(self, story: list[Event], trigger: Values, about: Values, delay_ms: int) -> Iterator[list[Event]]:
        ends = self.rule.ends
        assert ends is not None
        for end in self.values.solve(ends, set(), self.shared(trigger, ends)):
            yield [
                *story,
                self.values.event(ends, end, STEP_MS, 2),
                self.values.event(self.rule.about, about, max(delay_ms, 2 * STEP_MS), 3),
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
                    self.values.event(
                        rule.other, self.varied(rule.other, earlier, rule.distinct, n), n * STEP_MS, n + 1
                    )
                    for n in range(rule.at_least)
                ]
                yield [*story, self.values.event(rule.about, about, rule.at_least * STEP_MS, rule.at_least + 1)]

    def with_answer(self) -> Iterator[list[Event]]:
        rule = self.rule
        assert rule.other is not None
        for about in self.about_values():
            about = {"id": 1, **about}
            for answer in self.other_values(about):
                yield [
                    self.values.event(rule.about, about, 0, 1),
                    self.values.event(rule.other, answer, rule.within_ms or STEP_MS, 2),
                ]

    def counted(self, *, extra: int) -> Iterator[list[Event]]:
        rule = self.rule
        for values in self.about_values():
            if rule.sum_of:
                amounts = [rule.at_most, 1] if extra else [rule.at_most]
                yield [
                    self.values.event(rule.about, {**values, rule.sum_of: amount}, n * STEP_MS, n + 1)
                    for n, amount in enumerate(amounts)
                ]
                yield self.many(values, math.floor(rule.at_most / max(float(values[rule.sum_of]), 1e-6)) + extra)
            else:
                yield self.many(values, math.floor(rule.at_most) + extra)

    def many(self, values: Values, count: int) -> list[Event]:
        rule, count = self.rule, min(count, MAX_EVENTS)
        gap = STEP_MS if rule.window_ms is None else min(STEP_MS, (rule.window_ms - 1) // max(count, 1))
        return [
            self.values.event(rule.about, self.varied(rule.about, values, rule.distinct, n), n * gap, n + 1)
            for n in range(count)
        ]

    def varied(self, clause: Clause, values: Values, name: str | None, index: int) -> Values:
        """Values with another one for the field that is counted by its differences."""
        field = self.vocabulary.field(clause.kinds[0], name) if name else None
        if field is None or name is None:
            return values
        choices = list(self.values.plain(field))
        return {**values, name: choices[index] if index < len(choices) else f"{name}-{index + 1}"}

    def changed(self, story: list[Event]) -> Iterator[list[Event]]:
        """The story with the last event changed in one field, then in two."""
        values = dict(next(iter(self.about_values()), {}))
        where, kind = self.rule.about.where, self.rule.about.kinds[0]
        names = dict.fromkeys((*_by_weight(where), *self.left))
        fields = {name: f for name in names if (f := self.vocabulary.field(kind, name))}
        choices = {name: list(self.values.candidates(field, where)) for name, field in fields.items()}
        last = story[-1]
        for new in _changes(values, choices):
            yield [*story[:-1], self.values.event(self.rule.about, new, last.time_ms, last.id)]


def _by_weight(where: Node | None) -> list[str]:
    """The fields of a condition: those held against other fields first, those only asked to be known last."""
    asked = {test.field for test in tests(where) if test.op in ("known", "missing")}
    real = [test for test in tests(where) if test.op not in ("known", "missing")]
    weighed = [name for test in sorted(real, key=_is_constant) for name in sorted(touches(test))]
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
