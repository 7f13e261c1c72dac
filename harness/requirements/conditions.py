"""Conditions as trees: what the parser reads, the checker types, the explanation says and the monitors compile.

Data only. What a test means on an event is `closures`'.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from operator import ge, gt, le, lt
from typing import Any, Literal

Op = Literal[
    "is", "is not", "missing", "known", "in", "not in", "contains", "contains any of", "all in", "<", "<=", ">", ">="
]
ORDER: Mapping[str, Callable[[Any, Any], bool]] = {"<": lt, "<=": le, ">": gt, ">=": ge}
Constant = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Value:
    """A constant on the right: a word, a number, a duration in milliseconds, or true or false."""

    value: Constant
    written: str = ""
    at: int = 0


@dataclass(frozen=True, slots=True)
class Other:
    """Another field of the same event, or (`earlier`) a field of the earlier one."""

    name: str
    earlier: bool = False
    at: int = 0


@dataclass(frozen=True, slots=True)
class Listing:
    """Values in brackets."""

    items: tuple[Value | Other, ...]
    at: int = 0


@dataclass(frozen=True, slots=True)
class Named:
    """A list of the file, by name; with `by` the list under the key that the event's own field gives."""

    name: str
    members: frozenset[Constant] | Mapping[str, frozenset[Constant]] = frozenset()
    by: str | None = None
    at: int = 0
    by_at: int = 0


Operand = Value | Other | Listing | Named | None


@dataclass(frozen=True, slots=True)
class Test:
    """One test of one field; `at` is its place in the text, `ranks` the order of words where words are ordered."""

    field: str
    op: Op
    right: Operand = None
    at: int = 0
    ranks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Not:
    part: Node


@dataclass(frozen=True, slots=True)
class All:
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Any_:
    parts: tuple[Node, ...]


Node = Test | Not | All | Any_


def tests(node: Node | None) -> Iterator[Test]:
    """Every test in a condition, left to right."""
    if isinstance(node, Test):
        yield node
    elif isinstance(node, Not):
        yield from tests(node.part)
    elif node is not None:
        for part in node.parts:
            yield from tests(part)


def fields_read(node: Node | None) -> set[str]:
    """The fields of the event itself that a condition reads."""
    found: set[str] = set()
    for test in tests(node):
        found.add(test.field)
        found |= {part.name for part in _others(test.right) if not part.earlier}
        if isinstance(test.right, Named) and test.right.by:
            found.add(test.right.by)
    return found


def earlier_fields(node: Node | None) -> tuple[str, ...]:
    """The fields of the earlier event that a comparison reads, in order of first use."""
    names = [part.name for test in tests(node) for part in _others(test.right) if part.earlier]
    return tuple(dict.fromkeys(names))


def _others(right: Operand) -> Iterator[Other]:
    if isinstance(right, Other):
        yield right
    elif isinstance(right, Listing):
        yield from (item for item in right.items if isinstance(item, Other))
