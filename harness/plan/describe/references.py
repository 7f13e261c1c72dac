"""References in a description, within its file and to files beside it; what cannot be followed is noted, never silent.

Nothing is fetched, and no file is read that does not lie below the folder of the description. Source: OpenAPI
Specification 3.1, Reference Object; RFC 6901.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from harness.load import ProblemList, read_foreign

MAX_JUMPS = 16


@dataclass(frozen=True, slots=True)
class Placed:
    """A value and the file that it stands in, from which its references are meant."""

    value: Any
    file: Path

    def at(self, key: str) -> Placed:
        """A part of it; nothing where there is none."""
        return Placed(group(self.value).get(key), self.file)

    def items(self) -> list[Placed]:
        """The members of a list; none where it is no list."""
        return [Placed(one, self.file) for one in self.value] if isinstance(self.value, list) else []

    @property
    def group(self) -> dict[str, Any]:
        """Its keys and values; none where it has none."""
        return group(self.value)


@dataclass
class References:
    """Follows references from one description; `lost` collects those that lead nowhere, in order."""

    root: Placed
    lost: list[str] = field(default_factory=list)
    _files: dict[Path, Any] = field(default_factory=dict)

    def followed(self, placed: Placed) -> Placed:
        """What a reference leads to, with what stands beside it laid over; nothing where it leads nowhere or in circles."""
        beside: list[Mapping[str, Any]] = []
        for _ in range(MAX_JUMPS):
            reference = placed.group.get("$ref")
            if not isinstance(reference, str):
                return _laid_over(placed, beside)
            beside.append({key: part for key, part in placed.group.items() if key != "$ref"})
            placed = self._at(reference, placed.file)
            if placed.value is None:
                break
        else:
            self._lose(str(reference))
        return Placed(None, placed.file)

    def _at(self, reference: str, file: Path) -> Placed:
        name, _, pointer = reference.partition("#")
        place = self._file(name, file) if name else file
        value = None if place is None else self._value(place)
        for part in pointer.strip("/").split("/") if pointer.strip("/") else ():
            key = unquote(part).replace("~1", "/").replace("~0", "~")
            if isinstance(value, list) and key.isdigit():
                value = value[int(key)] if int(key) < len(value) else None
            else:
                value = group(value).get(key)
        if value is None:
            self._lose(reference)
        return Placed(value, place or file)

    def _file(self, name: str, file: Path) -> Path | None:
        """The file that a reference names; None for another address, or one outside of the description's folder."""
        if "://" in name:
            return None
        found = (file.parent / unquote(name)).resolve()
        return found if found.is_relative_to(self.root.file.parent) else None

    def _value(self, file: Path) -> Any:
        if file == self.root.file:
            return self.root.value
        if file not in self._files:
            try:
                self._files[file] = read_foreign(file)
            except ProblemList:
                self._files[file] = None
        return self._files[file]

    def _lose(self, reference: str) -> None:
        if reference not in self.lost:
            self.lost.append(reference)


def group(value: Any) -> dict[str, Any]:
    """A value's keys and values; none where it has none."""
    return value if isinstance(value, dict) else {}


def _laid_over(placed: Placed, beside: list[Mapping[str, Any]]) -> Placed:
    if not any(beside) or not isinstance(placed.value, dict):
        return placed
    value = dict(placed.value)
    for one in reversed(beside):
        value |= one
    return Placed(value, placed.file)
