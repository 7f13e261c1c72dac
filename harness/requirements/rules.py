"""Rules as the judge takes them: one pattern over clauses of events, every word looked up, every unit milliseconds.

A rule is data. What it means over time is the judge's; how a file says it is `build`'s.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from harness.requirements.conditions import Constant, Node, earlier_fields, fields_read
from harness.trace import Event, Vocabulary

Pattern = Literal["never", "precedence", "after_never", "at_most", "response"]
_PRECEDENCE = {"every", "where", "needs_earlier", "earlier_where", "same", "within", "use_once", "unless_since"}
_PRECEDENCE |= {"unless_where", "grace", "at_least", "distinct", "compare"}
_AFTER = {"after", "after_where", "delay", "never", "where", "same", "until", "until_where", "for"}
_AT_MOST = {"at_most", "of", "where", "distinct", "sum", "per", "window", "since", "since_where", "still_open"}
PATTERN_KEYS: Mapping[Pattern, frozenset[str]] = {
    "never": frozenset({"never", "where"}),
    "precedence": frozenset(_PRECEDENCE),
    "after_never": frozenset(
        {"after", "after_where", "delay", "never", "where", "same", "until", "until_where", "for"}
    ),
    "at_most": frozenset(_AT_MOST | {"open_where"}),
    "response": frozenset({"every", "where", "leads_to", "leads_to_where", "same", "within"}),
}
"""Which keys belong to which pattern."""


WHERE_KEYS: Mapping[str, str] = {
    "never": "where",
    "every": "where",
    "of": "where",
    "needs_earlier": "earlier_where",
    "unless_since": "unless_where",
    "after": "after_where",
    "until": "until_where",
    "since": "since_where",
    "still_open": "open_where",
    "leads_to": "leads_to_where",
}
"""The condition that belongs to each key that names an event."""


@dataclass(frozen=True, slots=True)
class Clause:
    """Events of some kinds, where a condition holds; `key` is how the file names their part in the rule."""

    key: str
    kinds: tuple[str, ...]
    where: Node | None = None

    @property
    def where_key(self) -> str:
        """How the file names the clause's condition."""
        return WHERE_KEYS[self.key]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    `about`: the event that the rule is about (`never`, `every`, `of`). `other`: the one that it is tied to
    (`needs_earlier`, `after`, `leads_to`). `ends`: what ends the tie (`unless_since`, `until`, `since`). `closes`: the
    event of `still_open`. `same`: pairs of fields, of `about` and of `other`. Durations are milliseconds, None where
    the file has none; `line` is the rule's line in its file.
    """

    pattern: Pattern
    line: int
    about: Clause
    other: Clause | None = None
    ends: Clause | None = None
    closes: Clause | None = None
    same: tuple[tuple[str, str], ...] = ()
    within_ms: int | None = None
    grace_ms: int | None = None
    delay_ms: int | None = None
    for_ms: int | None = None
    window_ms: int | None = None
    use_once: bool = False
    at_least: int = 1
    at_most: float = 0
    distinct: str | None = None
    sum_of: str | None = None
    compare: Node | None = None
    per: tuple[str, ...] = ()
    variables: tuple[tuple[str, Constant], ...] = ()

    @property
    def clauses(self) -> tuple[Clause, ...]:
        """The clauses that the rule has, the one that it is about first."""
        return tuple(c for c in (self.about, self.other, self.ends, self.closes) if c is not None)

    def reads(self) -> Iterator[tuple[str, str]]:
        """Every (kind, field) that the rule reads."""
        for clause, names in self._names():
            for kind in clause.kinds:
                for name in sorted(names):
                    yield kind, name

    def _names(self) -> Iterator[tuple[Clause, set[str]]]:
        counted = {name for name in (self.distinct, self.sum_of) if name}
        left = {pair[0] for pair in self.same} | set(self.per) | fields_read(self.compare)
        if self.pattern == "at_most":
            left |= counted
        yield self.about, left | fields_read(self.about.where)
        if self.other is not None:
            right = {pair[1] for pair in self.same} | set(earlier_fields(self.compare))
            right |= counted if self.pattern == "precedence" else set()
            yield self.other, right | fields_read(self.other.where)
        for clause in (self.ends, self.closes):
            if clause is not None:
                yield clause, fields_read(clause.where)


def reads_in(rule: Rule, vocabulary: Vocabulary) -> list[tuple[str, str]]:
    """The (kind, field) pairs that a rule reads and the vocabulary has, each once, in order."""
    return [pair for pair in dict.fromkeys(rule.reads()) if vocabulary.field(*pair) is not None]


@dataclass(frozen=True, slots=True)
class Waiver:
    """A violation accepted by `owner` for `reason`, up to and including the day `expires`."""

    reason: str
    owner: str
    expires: date
    line: int = 0
    column: int = 1

    def in_force(self, today: date) -> bool:
        return today <= self.expires


@dataclass(frozen=True, slots=True)
class Story:
    """Events in order that an author pinned as a test: they break the requirement, or they keep it."""

    breaks: bool
    events: tuple[Event, ...]
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Requirement:
    """A stakeholder's sentence and its rules; held only if each rule is."""

    id: str
    text: str
    rules: tuple[Rule, ...]
    line: int
    owner: str | None = None
    severity: str | None = None
    source: str | None = None
    agreed: Mapping[str, date] = field(default_factory=dict)
    waiver: Waiver | None = None
    stories: tuple[Story, ...] = ()

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of events that its rules subscribe to."""
        return frozenset(kind for rule in self.rules for clause in rule.clauses for kind in clause.kinds)
