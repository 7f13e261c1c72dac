"""One document laid over another: groups of keys are merged, anything else is replaced.

A mistake in what comes out is the overlay's, since what it lies on was read and found right by itself: it is told where
the overlay stands, and at its first line where it names a part that the overlay does not write.
"""

from __future__ import annotations

from copy import copy
from typing import Any

from harness.load import Document, Key, Mark


def laid_over(base: Any, over: Any) -> Any:
    """Groups of keys are merged, anything else is replaced; an empty group replaces too."""
    if isinstance(base, dict) and isinstance(over, dict) and over:
        merged = dict(base)
        for key, value in over.items():
            merged[key] = laid_over(base[key], value) if key in base else value
        return merged
    return over


def overlaid(base: Document, document: Document, *keys: Key) -> Document:
    """What stands at a key path of a document, laid over another; places are those of the document it stands in."""
    value: Any = document.value
    for key in keys:
        value = value[key]
    found = copy(document)
    found.value = laid_over(base.value, value)
    found.root = _merged(base.root, document.mark(*keys), base.value, value)
    return found


def _merged(base: Mark, over: Mark, under: Any, value: Any) -> Mark:
    if not (isinstance(under, dict) and isinstance(value, dict) and value):
        return over
    parts = {key: _moved(part, over) for key, part in base.parts.items() if key not in over.parts}
    for key, part in over.parts.items():
        parts[key] = _merged(base.parts[key], part, under.get(key), value.get(key)) if key in base.parts else part
    return Mark(over.start, over.key, over.style, parts)


def _moved(mark: Mark, where: Mark) -> Mark:
    """A part of the base, as a place in the overlay's file."""
    return Mark(where.start, where.key, None, {key: _moved(part, where) for key, part in mark.parts.items()})
