"""Misspelt keys of a file's head: told once, and then read as what was meant, or one slip would be told as ten mistakes.

A head whose `lists` or `system` is not there makes every rule that speaks of them look wrong.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator

from pydantic import BaseModel

from harness.load import Document, Key, Mark, Problem, did_you_mean, nearest
from harness.requirements import model


def as_meant(document: Document) -> tuple[Document, list[Problem]]:
    """The document with each such key under its right name, and the mistakes; the same document where there are none."""
    found: list[tuple[tuple[Key, ...], str, str]] = [((), *slip) for slip in _slips(document.value, model.File)]
    named = next((key for _, key, meant in found if meant == "events"), "events")
    events = document.value.get(named)
    for name, event in events.items() if isinstance(events, dict) else ():
        if isinstance(event, dict):
            found += [((named, name), *slip) for slip in _slips(event, model.DeclaredEvent)]
    if not found:
        return document, []
    problems = [
        document.problem(f"unknown key `{key}`", *path, key, on_key=True, suggestion=did_you_mean(key, [meant]))
        for path, key, meant in found
    ]
    read = copy.copy(document)
    read.value, read.root = copy.deepcopy(document.value), copy.deepcopy(document.root)
    for path, key, meant in reversed(found):
        _rename(read, path, key, meant)
    return read, problems


def looks_like_requirements(value: dict[str, object]) -> bool:
    """Whether a file that does not say its kind holds requirements, however it spells that."""
    return any(key == "requirements" or nearest(key, ("requirements",)) for key in value)


def _slips(value: dict[str, object], of: type[BaseModel]) -> Iterator[tuple[str, str]]:
    """Keys that a model does not have, each with the one that is near and not there."""
    absent = [name for name in of.model_fields if name not in value]
    for key in value:
        if key not in of.model_fields and (meant := nearest(key, absent)) is not None:
            absent.remove(meant)
            yield key, meant


def _rename(document: Document, path: tuple[Key, ...], key: str, meant: str) -> None:
    value, mark = document.value, document.root
    for part in path:
        value, mark = value[part], mark.parts[part]
    renamed = {meant if name == key else name: one for name, one in value.items()}
    marks: dict[Key, Mark] = {meant if name == key else name: one for name, one in mark.parts.items()}
    value.clear()
    value.update(renamed)
    mark.parts = marks
