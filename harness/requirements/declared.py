"""What a requirements file adds to the language: words that the system does not declare, and further kinds of event."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from harness.load import Document, Problem, did_you_mean, nearest
from harness.requirements.conditions import Constant
from harness.requirements.model import DeclaredEvent
from harness.requirements.scope import Lists
from harness.requirements.words import class_names
from harness.trace import STANDARD, Field, Kind, Vocabulary, declared_kind

KIND = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")
LONGEST_NAME = 60
_TYPES: Mapping[str, str] = {"id": "word", "text": "word", "number": "number", "duration": "duration", "yes/no": "flag"}


def declared_words(
    values: Mapping[str, list[str]], vocabulary: Vocabulary, document: Document, problems: list[Problem]
) -> dict[str, frozenset[str]]:
    """The words of `values:` by class; a field's name stands for its classes."""
    known = class_names(vocabulary)
    found: dict[str, frozenset[str]] = {}
    for name, words in values.items():
        if name not in known:
            hint = did_you_mean(name, known, all_up_to=0)
            problem = document.problem(f"no field is called `{name}`", "values", name, on_key=True, suggestion=hint)
            problems.append(problem)
            if (meant := nearest(name, known)) is None:
                continue
            name = meant
        for each in known[name]:
            found[each] = found.get(each, frozenset()) | frozenset(words)
    return found


def declared_lists(given: Mapping[str, list[Constant] | dict[str, list[Constant]]]) -> Lists:
    """The lists of `lists:` by name, plain ones and those by key."""
    return {
        name: frozenset(one) if isinstance(one, list) else {key: frozenset(each) for key, each in one.items()}
        for name, one in given.items()
    }


def declared_kinds(events: Mapping[str, DeclaredEvent], document: Document, problems: list[Problem]) -> Iterator[Kind]:
    """The kinds of `events:`."""
    for name, event in events.items():
        if name in STANDARD.kinds:
            yield from _emitter_of_known(STANDARD.kinds[name], event, document, problems)
        elif not KIND.fullmatch(name):
            message = f"`{name}` does not read as an event"
            hint = "write a noun, a dot and what happened, as in `sanctions.screened`"
            problems.append(document.problem(message, "events", name, on_key=True, suggestion=hint))
        elif len(name) > LONGEST_NAME:
            message = f"the name of this event has {len(name)} letters"
            problems.append(document.problem(message, "events", name, on_key=True, suggestion=f"at most {LONGEST_NAME}"))
        else:
            fields = _fields(name, event, document, problems)
            yield declared_kind(name, fields, about=event.text or "", emitted_by=_names(event))


def _names(event: DeclaredEvent) -> tuple[str, ...]:
    emitted = event.emitted_by or ()
    return (emitted,) if isinstance(emitted, str) else tuple(emitted)


def _emitter_of_known(
    kind: Kind, event: DeclaredEvent, document: Document, problems: list[Problem]
) -> Iterator[Kind]:
    """An event of the language itself that nothing emits by itself: a file can say who does, and nothing else of it."""
    if event.emitted_by and not event.fields and event.text is None and not kind.has_request:
        yield replace(kind, emitted_by=_names(event))
        return
    hint = "who emits it is all that a file can add, as in `emitted_by: operator`" if not kind.has_request else None
    message = f"`{kind.name}` is known already"
    problems.append(document.problem(message, "events", kind.name, on_key=True, suggestion=hint))


def emitted_anyway(
    events: Mapping[str, DeclaredEvent], emitted: frozenset[str], document: Document
) -> Iterator[Problem]:
    """Events that happen in a system whatever the file says: with another emitter there would be two of each."""
    for name, event in events.items():
        if name in STANDARD.kinds and name in emitted and event.emitted_by:
            hint = "leave this out; a rule can speak of it as it is"
            yield document.problem(f"`{name}` happens in this system by itself", "events", name, on_key=True, suggestion=hint)


def _fields(kind: str, event: DeclaredEvent, document: Document, problems: list[Problem]) -> dict[str, Field]:
    found = {}
    common = STANDARD.kinds["task.started"].fields
    for name, spec in event.fields.items():
        made = _field(name, spec)
        path = ("events", kind, "fields", name)
        if name in common:
            problems.append(document.problem(f"every event has `{name}` already", *path, on_key=True))
        elif made is None:
            hint = did_you_mean(str(spec), [*_TYPES, *_standard_fields()], all_up_to=0)
            what = "a type is id, text, number, duration, yes/no, a field's name, or words in brackets"
            problems.append(document.problem(f"unknown type `{spec}`", *path, suggestion=hint or what))
            read = _field(name, nearest(str(spec), [*_TYPES]) or "id")
            found.update({name: read} if read is not None else {})
        else:
            found[name] = made
    return found


def _standard_fields() -> dict[str, Field]:
    return {name: f for kind in STANDARD.kinds.values() for name, f in kind.fields.items()}


def _field(name: str, spec: str | list[str]) -> Field | None:
    """A declared field: words in brackets, a basic type, or whatever another field is."""
    about = f"declared by the file: `{name}`"
    if isinstance(spec, list):
        return Field(name, about, "enum", words=tuple(dict.fromkeys(spec))) if spec else None
    standard = _standard_fields()
    base = _TYPES.get(spec)
    if base == "word":
        known = standard.get(name)
        return Field(name, about, classes=known.classes if known and known.type == "word" else (name,))
    if base is not None:
        return Field(name, about, base)  # type: ignore[arg-type]  # the table holds types only
    return standard.get(spec) or _of_class(name, spec, about)


def _of_class(name: str, spec: str, about: str) -> Field | None:
    return Field(name, about, classes=(spec,)) if spec in class_names() else None
