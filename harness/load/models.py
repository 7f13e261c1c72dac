"""YAML files as closed pydantic models: what does not fit is one sentence at its place, not a validator's dump.

Knows pydantic and positions, no particular file. A model decides what is allowed; this module says it to a person.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Generic, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from harness.load.document import Document, Key, read_document
from harness.load.problems import Problem, ProblemList, did_you_mean

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Loaded(Generic[M]):
    """A file that fits its model; later checks report at `document.problem(message, *key_path)`."""

    model: M
    document: Document


def load_model(path: str | Path, model: type[M], *, text: str | None = None) -> Loaded[M]:
    """Reads a YAML file (or `text`, under that name) as a model; raises ProblemList with all its mistakes."""
    document = read_document(path, text)
    return Loaded(validate(document, model), document)


def validate(document: Document, model: type[M], *keys: Key) -> M:
    """The part of a document at a key path as a model; raises ProblemList with all its mistakes."""
    value = document.value
    for key in keys:
        value = value[key]
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise ProblemList(model_problems(document, model, error, *keys)) from None


def model_problems(document: Document, model: type[BaseModel], error: ValidationError, *keys: Key) -> list[Problem]:
    """A validation error as mistakes with places; of several about one value the one that reaches deepest is told."""
    told: dict[tuple[Key, ...], Problem] = {}
    for detail in error.errors(include_url=False):
        found = list(_path(document, keys, detail["loc"]))
        problem = _problem(document, model, dict(detail), tuple(found))
        told.setdefault(_place(detail["type"], detail["loc"], found), problem)
    meant = {(*place[:-1], told[place].suggestion) for place in told}
    return [
        problem
        for place, problem in told.items()
        if (*place[:-1], f"did you mean `{place[-1]}`?") not in meant
        and not any(_inside(other, place) for other in told)
    ]


def _place(kind: str, loc: tuple[Key, ...], found: list[Key]) -> tuple[Key, ...]:
    """A value's path ends with an empty word; a missing or unknown key's with that key."""
    if kind == "extra_forbidden":
        return tuple(found)
    return (*found, loc[-1] if kind == "missing" else "")


def _inside(other: tuple[Key, ...], place: tuple[Key, ...]) -> bool:
    """Whether another mistake lies below the value that this one calls wrong as a whole (a union tried both)."""
    return place[-1] == "" and len(other) > len(place) and other[: len(place) - 1] == place[:-1]


def _path(document: Document, keys: tuple[Key, ...], loc: tuple[Key, ...]) -> Iterator[Key]:
    """The keys of a validator's location that the document has; names of validators and union branches are left out."""
    mark = document.mark(*keys)
    yield from keys
    for key in loc:
        part = mark.parts.get(key)
        if part is not None:
            yield key
            mark = part


def _problem(document: Document, model: type[BaseModel], detail: dict[str, Any], found: tuple[Key, ...]) -> Problem:
    kind: str = detail["type"]
    loc: tuple[Key, ...] = detail["loc"]
    if kind == "extra_forbidden":
        allowed = _keys_allowed(model, loc[:-1])
        hint = did_you_mean(str(loc[-1]), allowed, all_up_to=30, what="keys here")
        return document.problem(f"unknown key `{loc[-1]}`", *found, on_key=True, suggestion=hint)
    if kind == "missing":
        return document.problem(f"the key `{loc[-1]}` is missing", *found, on_key=not loc[:-1])
    if loc and loc[-1] == "[key]":
        return document.problem(_say(detail, document)[0], *found, on_key=True)
    message, suggestion = _say(detail, document)
    return document.problem(message, *found, suggestion=suggestion)


def shown(value: Any) -> str:
    """A value as a person wrote it, short, in backticks."""
    if isinstance(value, (dict, BaseModel)):
        return "a group of keys"
    if isinstance(value, (list, tuple)):
        return "a list"
    if value is None:
        return "nothing"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"`{text if len(text) <= 60 else text[:57] + '...'}`"


_EXPECTED: Mapping[str, str] = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "set_type": "a list",
    "frozen_set_type": "a list",
    "dict_type": "a group of keys",
    "mapping_type": "a group of keys",
    "model_type": "a group of keys",
    "model_attributes_type": "a group of keys",
    "date_type": "a date as in `2026-11-01`",
    "date_parsing": "a date as in `2026-11-01`",
    "date_from_datetime_parsing": "a date as in `2026-11-01`",
    "date_from_datetime_inexact": "a date as in `2026-11-01`",
}
_UNITS: Mapping[str, str] = {
    "too_short": "entry",
    "string_too_short": "character",
    "too_long": "entries",
    "string_too_long": "characters",
}
_BOUNDS: Mapping[str, tuple[str, str]] = {
    "greater_than": ("more than", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("less than", "lt"),
    "less_than_equal": ("at most", "le"),
}


def _say(detail: dict[str, Any], document: Document) -> tuple[str, str | None]:
    kind: str = detail["type"]
    value, context = detail.get("input"), detail.get("ctx", {})
    if kind in _EXPECTED:
        hint = "quote it" if kind == "string_type" and isinstance(value, (int, float)) else None
        if kind == "bool_parsing":
            hint = did_you_mean(str(value), ("true", "false"), all_up_to=0)
        if kind in ("list_type", "tuple_type") and isinstance(value, str):
            hint = f"write brackets, as in `[{value[:40]}]`"
        return f"expected {_EXPECTED[kind]}, not {shown(value)}", hint
    if kind in ("literal_error", "enum"):
        words = [w.strip().strip("'") for w in str(context.get("expected", "")).replace(" or ", ", ").split(", ")]
        return f"{shown(value)} is not allowed here", did_you_mean(str(value), words, all_up_to=20, what="one of")
    if kind in _BOUNDS:
        word, name = _BOUNDS[kind]
        return f"expected {word} {context.get(name)}, not {shown(value)}", None
    if kind == "string_pattern_mismatch":
        return f"{shown(value)} is not a name", "start with a letter; letters, digits, `.`, `_` and `-` may follow"
    if kind in ("too_short", "string_too_short"):
        return f"at least {context.get('min_length', 1)} {_UNITS[kind]} needed here", None
    if kind in ("too_long", "string_too_long"):
        return f"at most {context.get('max_length')} {_UNITS[kind]} allowed here", None
    if kind in ("value_error", "assertion_error") and "error" in context:
        return str(context["error"]), None
    return f"{_lower_first(str(detail['msg']))}, not {shown(value)}", None


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]


def _keys_allowed(model: type[BaseModel], loc: tuple[Key, ...]) -> set[str]:
    return {name for part in _models_at(model, loc) for name in _field_names(part)}


def _field_names(model: type[BaseModel]) -> list[str]:
    return [f.validation_alias if isinstance(f.validation_alias, str) else n for n, f in model.model_fields.items()]


def _models_at(annotation: Any, loc: tuple[Key, ...]) -> Iterator[type[BaseModel]]:
    """The models that a location may lead to; the part of it that names a branch of a union is passed over."""
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        yield from _models_at(args[0], loc)
    elif origin in (Union, types.UnionType):
        for branch in args:
            yield from _models_at(branch, loc)
            if loc:
                yield from _models_at(branch, loc[1:])
    elif origin in (dict, Mapping) and loc:
        yield from _models_at(args[1], loc[1:])
    elif origin in (list, tuple) and loc:
        yield from _models_at(args[0], loc[1:])
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield from _models_in(annotation, loc)


def _models_in(model: type[BaseModel], loc: tuple[Key, ...]) -> Iterator[type[BaseModel]]:
    if not loc:
        yield model
        return
    fields = dict(zip(_field_names(model), model.model_fields.values(), strict=True))
    if (info := fields.get(str(loc[0]))) is not None:
        yield from _models_at(info.annotation, loc[1:])


Check = Callable[[Loaded[M]], list[Problem]]
"""A later check of a loaded file: its mistakes, none if it is right."""
