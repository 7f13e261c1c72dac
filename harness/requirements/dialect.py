"""JSON Schemas in the one dialect that all editors read, draft 7, without what would get in an author's way.

A model's own schema says too much for a person at a keyboard: titles that repeat the key, null where a key is left out,
defaults in milliseconds that would be completed as they stand. Annotations that only some editors know (what each word
means, what to say of a mistake, what to insert) are ignored by the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from harness.requirements.values import DURATION, duration_text

DIALECT = "http://json-schema.org/draft-07/schema#"
DURATION_SCHEMA: Mapping[str, Any] = {
    "type": "string",
    "pattern": f"^{DURATION.pattern}$",
    "examples": ["30s", "5m", "24h", "90d"],
    "errorMessage": "write a number with a unit, as in 30s, 5m, 24h or 90d",
}
YES_OR_NO = [True, False, "yes", "no", "on", "off"]
"""How a file says yes or no: YAML 1.2 takes the words for text, the loader for what they say."""
SCHEMA_MAPS = ("properties", "patternProperties", "definitions", "dependencies")
"""Keywords below which the keys are the author's and the values are schemas."""
ANNOTATIONS = frozenset({"enumDescriptions", "x-intellij-enum-metadata", "errorMessage", "defaultSnippets"})
"""Keywords outside of draft 7: the first and the last two are those of VS Code's JSON and YAML services, the other is
IntelliJ's."""
_REFERENCE = "#/$defs/"


def in_dialect(schema: Mapping[str, Any], title: str) -> dict[str, Any]:
    """A model's JSON Schema as a draft 7 schema for editors."""
    plain = _plain(schema)
    return {"$schema": DIALECT, "title": title, **plain}


def _plain(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_plain(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    found: dict[str, Any] = {}
    for key, part in schema.items():
        if key == "$defs":
            found["definitions"] = {name: _plain(one) for name, one in part.items()}
        elif key in SCHEMA_MAPS:
            found[key] = {name: _plain(one) for name, one in part.items()}
        elif key == "$ref":
            found[key] = part.replace(_REFERENCE, "#/definitions/")
        elif key in ("default", "const", "enum", "examples"):
            found[key] = part
        elif key != "title":
            found[key] = _plain(part)
    if found.get("type") == "boolean":
        found = {"enum": YES_OR_NO, **{key: part for key, part in found.items() if key != "type"}}
    return _default(_without_null(found))


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A key that may be left out is not written as null."""
    if "anyOf" not in schema:
        return schema
    branches = [branch for branch in schema["anyOf"] if branch != {"type": "null"}]
    rest = {key: part for key, part in schema.items() if key != "anyOf"}
    return {**branches[0], **rest} if len(branches) == 1 else {"anyOf": branches, **rest}


def _default(schema: dict[str, Any]) -> dict[str, Any]:
    """Only defaults that may stand in a file as they are."""
    if "default" not in schema:
        return schema
    rest, default = {key: part for key, part in schema.items() if key != "default"}, schema["default"]
    if schema.get("pattern") == DURATION_SCHEMA["pattern"] and isinstance(default, int):
        return {**rest, "default": duration_text(default)}
    return schema if isinstance(default, (str, int, float)) and default != "" else rest


def words_schema(meanings: Mapping[str, str], **more: Any) -> dict[str, Any]:
    """One of these words, with what each means for editors that show it."""
    return {
        "type": "string",
        "enum": list(meanings),
        "enumDescriptions": list(meanings.values()),
        "x-intellij-enum-metadata": {word: {"description": meaning} for word, meaning in meanings.items()},
        **more,
    }


def known_or_declared(known: str, pattern: str, declared: str) -> dict[str, Any]:
    """A known word (the definition called `known`), or one of this shape that the file declares."""
    reference = {"$ref": f"#/definitions/{known}"}
    own = {"type": "string", "pattern": pattern, "not": reference, "description": declared}
    return {"anyOf": [reference, own]}


def snippet(label: str, description: str, body: Any) -> dict[str, Any]:
    """Something to insert, in the form of VS Code's JSON and YAML services."""
    return {"label": label, "description": description, "body": body}


def keyword_names(schema: Any) -> Iterable[str]:
    """Every keyword that a schema uses, the author's keys and values left out."""
    if isinstance(schema, list):
        for part in schema:
            yield from keyword_names(part)
    elif isinstance(schema, dict):
        for key, part in schema.items():
            yield key
            if key in SCHEMA_MAPS:
                yield from keyword_names(list(part.values()))
            elif key not in ("default", "const", "enum", "examples", *ANNOTATIONS):
                yield from keyword_names(part)
