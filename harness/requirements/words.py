"""The names that rules may use without quotes: what a system declares, and what a requirements file adds.

A class of names (`person`, `category`, `endpoint`) holds the words declared for it. The language knows classes from the
event vocabulary; which words there are it learns from the caller.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from harness.trace import STANDARD, Vocabulary


@dataclass(frozen=True)
class Words:
    """Declared words by class, and the kinds of events that something in the system can emit (None: not known).

    Classes: person, agent, service, outsider, provider, endpoint, api, pep, tool, category, type (of an operation),
    purpose, scope, role, store, region, tenant, domain, model, and every other class of the event vocabulary.
    """

    by_class: Mapping[str, frozenset[str]] = field(default_factory=dict)
    emitted: frozenset[str] | None = None

    def of(self, classes: Iterable[str]) -> frozenset[str]:
        """All words declared for any of some classes."""
        return frozenset().union(*(self.by_class.get(name, frozenset()) for name in classes))

    def with_words(self, more: Mapping[str, Iterable[str]]) -> Words:
        """These words and more, by class."""
        merged = dict(self.by_class)
        for name, words in more.items():
            merged[name] = merged.get(name, frozenset()) | frozenset(words)
        return Words(merged, self.emitted)


def class_names(vocabulary: Vocabulary = STANDARD) -> dict[str, tuple[str, ...]]:
    """What a file may declare words for: a class by its own name, or the classes of a field by the field's name."""
    names: dict[str, tuple[str, ...]] = {}
    for kind in vocabulary.kinds.values():
        for name, of in kind.fields.items():
            if of.type == "word":
                names.setdefault(name, of.classes)
                names.update({each: (each,) for each in of.classes if each not in names or names[each] != (each,)})
    return names
