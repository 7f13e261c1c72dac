"""Tests of an event against an earlier one (`compare`): a missing side breaks the rule, whatever the test."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.requirements.conditions import ORDER, All, Node, Other, Test, earlier_fields
from harness.trace import Event, Vocabulary

Against = Callable[[Event, tuple[Any, ...]], bool]


def comparison(node: Node | None, kind: str, vocabulary: Vocabulary) -> Against | None:
    """A comparison as a closure over an event and the earlier one's fields, in the order of `earlier_fields`."""
    if node is None:
        return None
    names = earlier_fields(node)
    parts = node.parts if isinstance(node, All) else (node,)
    tests = tuple(_test(part, kind, vocabulary, names) for part in parts if isinstance(part, Test))
    if len(tests) == 1:
        return tests[0]
    return lambda event, earlier: all(test(event, earlier) for test in tests)


def _test(test: Test, kind: str, vocabulary: Vocabulary, names: tuple[str, ...]) -> Against:
    read, rank = vocabulary.getter(kind, test.field), {word: i for i, word in enumerate(test.ranks)}
    decide = _decision(test.op, rank)
    collect = _right(test, kind, vocabulary, names)

    def fits(event: Event, earlier: tuple[Any, ...]) -> bool:
        left, right = read(event), collect(event, earlier)
        return left is not None and right is not None and decide(left, right)

    return fits


def _right(
    test: Test, kind: str, vocabulary: Vocabulary, names: tuple[str, ...]
) -> Callable[[Event, tuple[Any, ...]], Any]:
    """Reads the right side: one value (or list), or the members in brackets; None where one of them is missing."""
    if isinstance(test.right, Other):
        return _side(test.right, kind, vocabulary, names)
    items = getattr(test.right, "items", ())
    sides = tuple(_side(item, kind, vocabulary, names) for item in items)

    def members(event: Event, earlier: tuple[Any, ...]) -> Any:
        values = tuple(side(event, earlier) for side in sides)
        return None if None in values else values

    return members


def _side(item: Any, kind: str, vocabulary: Vocabulary, names: tuple[str, ...]) -> Callable[[Event, Any], Any]:
    if isinstance(item, Other) and item.earlier:
        index = names.index(item.name)
        return lambda event, earlier: earlier[index]
    if isinstance(item, Other):
        read = vocabulary.getter(kind, item.name)
        return lambda event, earlier: read(event)
    value = item.value
    return lambda event, earlier: value


def _decision(op: str, rank: dict[str, int]) -> Callable[[Any, Any], bool]:
    if op in ORDER:
        compare = ORDER[op]
        return (lambda left, right: compare(rank[left], rank[right])) if rank else compare
    table: dict[str, Callable[[Any, Any], bool]] = {
        "is": lambda left, right: left == right,
        "is not": lambda left, right: left != right,
        "in": lambda left, right: left in right,
        "not in": lambda left, right: left not in right,
        "contains": lambda left, right: right in left,
        "contains any of": lambda left, right: any(item in right for item in left),
        "all in": lambda left, right: all(item in right for item in left),
    }
    return table[op]
