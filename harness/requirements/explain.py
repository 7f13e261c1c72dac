"""`explain`: what a requirement really says, rule by rule: the sentence, two stories, and every field that it reads.

Knows neither controls nor scenarios; what guards and challenges a requirement is added by whoever ran it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from harness.requirements.english import sentence
from harness.requirements.examples import Breaks, Examples, examples
from harness.requirements.rules import Requirement, Rule, reads_in
from harness.requirements.values import duration_text
from harness.requirements.words import Words
from harness.trace import Event, Field, Vocabulary


@dataclass(frozen=True, slots=True)
class RuleExplained:
    """One rule: its sentence, the two stories, and the fields that it reads, by kind of event."""

    rule: Rule
    sentence: str
    examples: Examples
    fields: Mapping[str, tuple[Field, ...]]


def explain(
    requirement: Requirement, vocabulary: Vocabulary, breaks: Breaks, words: Words | None = None
) -> list[RuleExplained]:
    """Explains each rule of a requirement; `breaks` says whether a story breaks a rule (the monitor's word)."""
    return [
        RuleExplained(rule, sentence(rule), examples(rule, vocabulary, words, breaks), fields_of(rule, vocabulary))
        for rule in requirement.rules
    ]


def fields_of(rule: Rule, vocabulary: Vocabulary) -> dict[str, tuple[Field, ...]]:
    """The fields that a rule reads, by kind of event."""
    found: dict[str, tuple[Field, ...]] = {kind: () for clause in rule.clauses for kind in clause.kinds}
    for kind, name in reads_in(rule, vocabulary):
        field = vocabulary.field(kind, name)
        found[kind] = (*found[kind], *((field,) if field else ()))
    return found


def story_lines(story: Iterable[Event], vocabulary: Vocabulary) -> list[str]:
    """A story as lines: when, what, and the fields that matter; like events in a row are told once, with their number."""
    told = [(event.kind, _values(event, vocabulary), event.time_ms) for event in story]
    lines = []
    for (kind, values), group in groupby(told, key=lambda item: (item[0], item[1])):
        times = [time_ms for _, _, time_ms in group]
        lines.append(f"{_when(times)}  {kind}{f' ({values})' if values else ''}")
    return lines


def _when(times: list[int]) -> str:
    first, last = _instant(times[0]), _instant(times[-1])
    return first if len(times) == 1 else f"{first} to {last}  {len(times)} times"


def _instant(time_ms: int) -> str:
    """`90d`, `10s`, and where an instant more decides `10.001s`."""
    return duration_text(time_ms) if time_ms < 1_000 or time_ms % 1_000 == 0 else f"{time_ms / 1_000:.3f}".rstrip("0") + "s"


def _values(event: Event, vocabulary: Vocabulary) -> str:
    told = []
    for name, value in story_fields(event, vocabulary).items():
        field = vocabulary.kinds[event.kind].fields[name]
        told.append(f"{name} {_shown(value, field)}")
    return ", ".join(told)


def _shown(value: Any, field: Field) -> str:
    if field.many:
        return f"[{', '.join(str(item) for item in value)}]"
    if field.type == "duration":
        return duration_text(value)
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def story_fields(event: Event, vocabulary: Vocabulary) -> dict[str, Any]:
    """The fields of a story's event that differ from what is filled in by itself, in the vocabulary's order."""
    bare = Event(event.kind, 0, event.id, event.who, request=None)
    found = {}
    for name, field in vocabulary.kinds[event.kind].fields.items():
        if field.place in ("event",) or name in ("actor",) or (field.place not in ("who", "own") and not event.request):
            continue
        value = vocabulary.getter(event.kind, name)(event)
        if value is not None and value not in ("", ()) and not _is_filled_in(name, value, bare):
            found[name] = value
    return found


def _is_filled_in(name: str, value: Any, event: Event) -> bool:
    if name == "actor_type":
        return bool(value == ("agent" if event.who.agent else "user"))
    defaults = {"protocol": "rest", "required_acr": "low", "token_proof": "none", "depth": 0, "hour": 0, "latency": 0}
    defaults |= {"user_present": False, "acr": "low", "token_remaining": 0, "request": str(event.id)}
    return name in defaults and bool(value == defaults[name])
