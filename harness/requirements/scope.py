"""What the words of one condition can mean: the kinds it is about, their fields, lists, variables, declared words.

Holds the mistakes that are found while the words are looked up. Decides whether a field exists, and for kinds in a list
whether all of them have it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from harness.load import did_you_mean
from harness.requirements.conditions import Constant
from harness.requirements.grammar import Token
from harness.requirements.words import Words
from harness.trace import Field, Vocabulary

Lists = Mapping[str, frozenset[Constant] | Mapping[str, frozenset[Constant]]]


@dataclass(frozen=True, slots=True)
class Mistake:
    """A mistake `at` a place in a condition's text; or in what the text names: a list's member, a variable's value."""

    message: str
    at: int
    suggestion: str | None = None
    notes: tuple[str, ...] = ()
    member: tuple[str, Constant] | None = None
    variable: str | None = None


@dataclass
class Scope:
    """What the words of one condition can mean, and the mistakes found in it."""

    vocabulary: Vocabulary
    kinds: tuple[str, ...]
    words: Words | None
    lists: Lists
    variables: Mapping[str, Constant]
    earlier: tuple[str, ...] = ()
    mistakes: list[Mistake] = field(default_factory=list)
    used: set[str] = field(default_factory=set)

    def say(
        self,
        message: str,
        at: int,
        suggestion: str | None = None,
        notes: tuple[str, ...] = (),
        member: tuple[str, Constant] | None = None,
    ) -> None:
        self.mistakes.append(Mistake(message, at, suggestion, notes, member))


def common_field(name: str, kinds: Iterable[str], vocabulary: Vocabulary) -> Field | None:
    """The field that all of some kinds have under a name, their words joined; None if one of them lacks it."""
    found = [vocabulary.field(kind, name) for kind in kinds]
    if not found or any(f is None for f in found):
        return None
    fields = [f for f in found if f is not None]
    first = fields[0]
    if len(fields) == 1:
        return first
    if any(f.type != first.type or f.many != first.many or f.ordered != first.ordered for f in fields):
        return None
    words = tuple(dict.fromkeys(word for f in fields for word in f.words))
    classes = tuple(dict.fromkeys(each for f in fields for each in f.classes))
    return replace(first, words=words, classes=classes, optional=any(f.optional for f in fields))


def common_fields(kinds: Iterable[str], vocabulary: Vocabulary) -> dict[str, Field]:
    """All fields that some kinds have in common."""
    names = list(kinds)
    known = vocabulary.kinds[names[0]].fields if names and names[0] in vocabulary.kinds else {}
    return {name: f for name in known if (f := common_field(name, names, vocabulary)) is not None}


def look_up_field(token: Token, kinds: tuple[str, ...], scope: Scope) -> Field | None:
    """The field that a word names; where there is none, says so with what is near and what there is."""
    found = common_field(token.text, kinds, scope.vocabulary)
    if found is not None:
        return found
    known = common_fields(kinds, scope.vocabulary)
    lacking = [kind for kind in kinds if scope.vocabulary.field(kind, token.text) is None]
    if not known:
        return None
    if len(lacking) < len(kinds):
        where = (
            f"`{lacking[0]}` has no field `{token.text}`" if lacking else f"`{token.text}` differs between the kinds"
        )
        scope.say(where, token.at, "write a rule for each kind")
        return None
    notes = tuple(f"{f.name}: {f.about} ({f.type_text}; {f.mark})" for f in known.values())
    scope.say(f"unknown field `{token.text}`", token.at, _field_meant(token.text, known), notes)
    return None


def _field_meant(asked: str, known: Mapping[str, Field]) -> str | None:
    """The field that was probably meant: by its letters, else those that have this word in their name."""
    near = did_you_mean(asked, known, all_up_to=0)
    of = [f"`{name}`" for name in known if asked in name.split("_")]
    return near or (f"there is {' and '.join(of)}" if 0 < len(of) < 5 else None)
