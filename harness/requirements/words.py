"""The names that rules may use without quotes: what a system declares, and what a requirements file adds.

A class of names (`person`, `category`, `endpoint`) holds the words declared for it. The language knows classes from the
event vocabulary; which words there are it learns from the caller.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from harness.load import did_you_mean, nearest
from harness.trace import STANDARD, Vocabulary


@dataclass(frozen=True)
class Words:
    """Declared words by class, and the kinds of events that something in the system can emit (None: not known).

    `emitters` are the things of the system that can do a step of their own, `reached` the endpoints and tools that its
    work comes to: what makes an event happen that a file declares. `lacking` are, by kind of event, the fields that no such
    event has a value for.

    Classes: person, agent, service, outsider, provider, endpoint, api, pep, tool, category, type (of an operation),
    purpose, scope, role, store, region, tenant, domain, model, and every other class of the event vocabulary.
    """

    by_class: Mapping[str, frozenset[str]] = field(default_factory=dict)
    emitted: frozenset[str] | None = None
    emitters: frozenset[str] = frozenset()
    reached: frozenset[str] = frozenset()
    lacking: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def of(self, classes: Iterable[str]) -> frozenset[str]:
        """All words declared for any of some classes."""
        return frozenset().union(*(self.by_class.get(name, frozenset()) for name in classes))

    def with_words(self, more: Mapping[str, Iterable[str]]) -> Words:
        """These words and more, by class."""
        merged = dict(self.by_class)
        for name, words in more.items():
            merged[name] = merged.get(name, frozenset()) | frozenset(words)
        return replace(self, by_class=merged)

    def emits(self, name: str) -> bool:
        """Whether what a declared event says it is `emitted_by` is in the system, and has work to do there."""
        if name in self.reached:
            return True
        endpoints = self.of(("endpoint", "tool"))
        return name not in endpoints and head_of(name, self.emitters, endpoints) is not None

    def hint_of(self, name: str) -> str:
        """What is wrong with such a name."""
        endpoints = self.of(("endpoint", "tool"))
        if name in endpoints:
            return f"no task of the system comes to `{name}`"
        return did_you_mean(name, [*endpoints, *self.emitters]) or f"there is no `{name}` in the system"


def head_of(name: str, doers: Iterable[str], endpoints: Iterable[str]) -> str | None:
    """Who does a step: `payments` of `payments.screen`. A name that is nearly an endpoint's is a slip, not a step."""
    known = frozenset(doers)
    if name in known:
        return name
    head, _, step = name.partition(".")
    beside = [one.removeprefix(f"{head}.") for one in endpoints if one.startswith(f"{head}.")]
    return head if head in known and nearest(step, beside) is None else None


def class_names(vocabulary: Vocabulary = STANDARD) -> dict[str, tuple[str, ...]]:
    """What a file may declare words for: a class by its own name, or the classes of a field by the field's name."""
    names: dict[str, tuple[str, ...]] = {}
    for kind in vocabulary.kinds.values():
        for name, of in kind.fields.items():
            if of.type == "word":
                names.setdefault(name, of.classes)
                names.update({each: (each,) for each in of.classes if each not in names or names[each] != (each,)})
    return names
