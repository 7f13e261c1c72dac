"""The part of the requirements files' schema that knows events and their fields: kinds, field names, stories, conditions.

An editor completes the kinds and, in stories, the fields of each with what they mean; it finds a word that a field never
holds. A declared event's fields it cannot know: those pass.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

from harness.requirements.dialect import DURATION_SCHEMA, known_or_declared, snippet, words_schema
from harness.requirements.stories import MAX_TIMES
from harness.trace import Field, Vocabulary

KIND = r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$"
NO_EVENT = "this is no event, as data.accessed is one; `harness list events` shows them"
NO_FIELD = "this is no field of an event; `harness list events` shows them"
NAME = "[a-z][a-z0-9_]*"
_SCALARS: Mapping[str, Any] = {
    "number": {"type": "number"},
    "flag": {"enum": [True, False, "yes", "no"]},
    "duration": DURATION_SCHEMA,
}
EXAMPLES = (
    "agent is known and user not in entitled",
    "privilege is high and amount > 10000",
    "category in [health, finance]",
    "endpoint not in $agent_endpoints by agent",
    "categories contains any of [credential, token]",
    "owner is known and not (owner is user)",
)
COMPARISONS = ("amount <= earlier.amount", "categories all in earlier.categories", "payee is earlier.payee")


def event_definitions(vocabulary: Vocabulary) -> dict[str, Any]:
    """Definitions by name: kinds, fields, conditions and the entries of stories."""
    meanings = _field_meanings(vocabulary)
    found = {
        "KnownEvent": words_schema({kind.name: kind.about for kind in vocabulary.kinds.values()}, errorMessage=NO_EVENT),
        "Event": known_or_declared("KnownEvent", KIND, "An event that `events` declares."),
        "Events": {
            "anyOf": [
                {"$ref": "#/definitions/Event"},
                {"type": "array", "minItems": 1, "items": {"$ref": "#/definitions/Event"}},
            ]
        },
        "KnownField": words_schema(meanings, errorMessage=NO_FIELD),
        "Field": known_or_declared("KnownField", f"^{NAME}$", "A field of an event that `events` declares."),
        "Pair": known_or_declared("KnownField", f"^{NAME}(={NAME})?$", "A field of the one, and of the other event."),
        "Condition": _condition(EXAMPLES, meanings),
        "Comparison": _condition(COMPARISONS, {}),
        "Story": {"type": "array", "items": {"$ref": "#/definitions/StoryEvent"}},
        "StoryEvent": _story_event(vocabulary),
    }
    fields = _Fields()
    for kind in vocabulary.kinds.values():
        found[f"fields.{kind.name}"] = _fields_of(kind.fields, fields)
    return found | fields.definitions


def _field_meanings(vocabulary: Vocabulary) -> dict[str, str]:
    """Every field's meaning; where kinds differ, that of the first."""
    found: dict[str, str] = {}
    for kind in vocabulary.kinds.values():
        for of in kind.fields.values():
            found.setdefault(of.name, f"{of.about} ({of.type_text}; {of.mark})")
    return dict(sorted(found.items()))


def _condition(examples: tuple[str, ...], meanings: Mapping[str, str]) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string", "minLength": 1, "examples": list(examples)}
    snippets = [snippet(name, about, f"{name} is ${{1:known}}") for name, about in meanings.items()]
    return schema | ({"defaultSnippets": snippets} if snippets else {})


def _story_event(vocabulary: Vocabulary) -> dict[str, Any]:
    known = {name: {"$ref": f"#/definitions/fields.{name}"} for name in vocabulary.kinds}
    for name, kind in vocabulary.kinds.items():
        known[name] = {"description": kind.about, **known[name]}
    return {
        "type": "object",
        "minProperties": 1,
        "maxProperties": 1,
        "properties": known,
        "patternProperties": {KIND: {"type": ["object", "null"]}},
        "additionalProperties": False,
        "description": "One event: its kind, and its fields.",
    }


class _Fields:
    """Definitions of fields; those of one name but another meaning are numbered."""

    def __init__(self) -> None:
        self.definitions: dict[str, dict[str, Any]] = {}

    def reference(self, of: Field) -> dict[str, Any]:
        schema = _field(of)
        names = itertools.chain([f"field.{of.name}"], (f"field.{of.name}.{number}" for number in itertools.count(2)))
        name = next(name for name in names if self.definitions.setdefault(name, schema) == schema)
        return {"$ref": f"#/definitions/{name}"}


def _fields_of(of_kind: Mapping[str, Field], fields: _Fields) -> dict[str, Any]:
    properties = {of.name: fields.reference(of) for of in of_kind.values()}
    properties["time"] = {**DURATION_SCHEMA, "description": "When; by default a second after the event before."}
    properties["times"] = {
        "type": "integer", "minimum": 1, "maximum": MAX_TIMES, "description": "So many of it at one instant.",
    }  # fmt: skip
    return {"type": ["object", "null"], "properties": properties, "additionalProperties": False}


def _field(of: Field) -> dict[str, Any]:
    one = dict(_SCALARS.get(of.type, {"type": ["string", "number"]}))
    if of.type == "enum":
        one = {"enum": list(of.words)}
    described = {"description": f"{of.about} ({of.type_text}; {of.mark})"}
    return {"type": "array", "items": one, **described} if of.many else {**one, **described}
