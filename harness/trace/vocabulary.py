"""The language of events: which kinds there are, which fields each has, and how to read a field off an event.

A field has a type, the words it may hold, and two marks: *fact* (from the ledger) or *claimed* (what a token, a message
or a log said), always there or optional. The table itself is in `kinds`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from operator import attrgetter
from typing import Any, Literal

from harness.trace.events import Event
from harness.trace.everyday import EVERYDAY

Type = Literal["word", "enum", "flag", "number", "duration"]
"""`word`: a name or id of some class; `enum`: one of `words`; `flag`: true or false; `duration`: milliseconds."""
Place = Literal["event", "who", "request", "route", "token", "own"]
Getter = Callable[[Event], Any]


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an event. Lists (`many`) are tuples in memory; durations are milliseconds, in files seconds.

    `classes` says of which classes of names a word may be (`person`, `category`): two word fields can be compared when
    they share one. `ordered` enums have their words from low to high.
    """

    name: str
    about: str
    type: Type = "word"
    classes: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    ordered: bool = False
    many: bool = False
    claimed: bool = False
    optional: bool = False
    place: Place = "own"

    @property
    def sortable(self) -> bool:
        """Whether `<` and `>` mean something."""
        return not self.many and (self.ordered or self.type in ("number", "duration"))

    @property
    def mark(self) -> str:
        """`fact` or `claimed`, and `optional` where it may be absent."""
        return ("claimed" if self.claimed else "fact") + (", optional" if self.optional else "")

    @property
    def type_text(self) -> str:
        """The type as the generated table shows it."""
        base = "/".join(self.words) if self.type == "enum" else {"flag": "yes/no"}.get(self.type, self.type)
        base = "/".join(self.classes) if self.type == "word" and self.classes else base
        return ("ordered: " if self.ordered else "") + base + (" (list)" if self.many else "")

    def comparable(self, other: Field) -> bool:
        """Whether a value of the one can equal a value of the other (lists are compared by their members)."""
        if self.type != other.type:
            return False
        if self.type == "enum":
            return bool(set(self.words) & set(other.words))
        return self.type != "word" or bool(set(self.classes) & set(other.classes))


@dataclass(frozen=True)
class Kind:
    """One kind of event: what it says in a sentence, its fields in order, and who emits it if a file declared it."""

    name: str
    about: str
    fields: Mapping[str, Field]
    emitted_by: tuple[str, ...] = ()

    @cached_property
    def own(self) -> Mapping[str, Field]:
        """The fields that this kind alone has."""
        return {name: f for name, f in self.fields.items() if f.place == "own"}

    @cached_property
    def has_request(self) -> bool:
        return any(f.place == "request" for f in self.fields.values())


@dataclass(frozen=True)
class Vocabulary:
    """All kinds of events that rules may speak of."""

    kinds: Mapping[str, Kind]
    _getters: dict[tuple[str, str], Getter] = field(default_factory=dict, repr=False, compare=False)

    def extended(self, kinds: Iterable[Kind]) -> Vocabulary:
        """A vocabulary with further kinds, as a file's `events:` declares them."""
        return Vocabulary({**self.kinds, **{kind.name: kind for kind in kinds}})

    def field(self, kind: str, name: str) -> Field | None:
        """The field of a kind, or None where the kind has no such field."""
        found = self.kinds.get(kind)
        return found.fields.get(name) if found else None

    def getter(self, kind: str, name: str) -> Getter:
        """A function that reads a field off an event of a kind; None where the event lacks it. KeyError if unknown."""
        key = (kind, name)
        if key not in self._getters:
            self._getters[key] = make_getter(self.kinds[kind].fields[name])
        return self._getters[key]

    def about(self, word: str) -> list[Kind]:
        """The kinds that an everyday word is about, best first: in the name, in the sentence, by another word, in a field."""
        plain = "".join(letter for letter in word.lower() if letter.isalnum() or letter in "._")
        stem = _stem(plain)
        others = {kind: place for place, kind in enumerate(EVERYDAY.get(plain) or EVERYDAY.get(stem, ()))}
        ranked = [(_rank(kind, stem, others), kind) for kind in self.kinds.values()]
        return [kind for rank, kind in sorted(ranked, key=lambda r: r[0]) if rank < _NOT_ABOUT]


def _stem(word: str) -> str:
    for ending in ("ing", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word


_NOT_ABOUT = 100.0


def _rank(kind: Kind, stem: str, others: Mapping[str, int]) -> float:
    if stem in kind.name:
        return 0
    if stem in kind.about.lower():
        return 1
    if kind.name in others:
        return 2 + others[kind.name] / 100
    return 3 if any(stem in f.name or stem in f.about.lower() for f in kind.own.values()) else _NOT_ABOUT


def make_getter(of: Field) -> Getter:
    """Compiles the reading of a field: one attribute chain or one dictionary look-up."""
    name = of.name
    if of.place == "own":
        return _own_getter(name)
    if of.place == "token":
        return _token_getter(name)
    if name in ("token_remaining", "latency"):
        return _milliseconds_getter(f"{name}_ms")
    path = {"event": name, "who": f"who.{name}", "request": f"request.{name}", "route": f"request.route.{name}"}
    return attrgetter("time_ms" if name == "time" else path[of.place])


def _own_getter(name: str) -> Getter:
    def own(event: Event) -> Any:
        return event.own.get(name)

    return own


_WITHOUT_TOKEN: Mapping[str, Any] = {"token_audience": (), "token_scope": (), "token_proof": "none"}


def _token_getter(name: str) -> Getter:
    read = attrgetter(f"request.token.{name}")
    absent = _WITHOUT_TOKEN.get(name)

    def claimed(event: Event) -> Any:
        request = event.request
        return read(event) if request is not None and request.token is not None else absent

    return claimed


def _milliseconds_getter(name: str) -> Getter:
    read = attrgetter(f"request.{name}")

    def milliseconds(event: Event) -> int:
        return read(event) or 0

    return milliseconds
