"""Conditions as closures over one event: `predicate(tree, kind, vocabulary)` compiles once, nothing evaluates text.

Closures hold constants and getters only. Missing values: `is not` and `not in` are true on a missing field; `is`, `in`,
`contains`, `all in` and order tests are false.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.requirements.conditions import (
    ORDER,
    All,
    Constant,
    Listing,
    Named,
    Node,
    Not,
    Op,
    Operand,
    Other,
    Test,
    Value,
)
from harness.trace import Event, Vocabulary

Getter = Callable[[Event], Any]
Predicate = Callable[[Event], bool]


def predicate(node: Node | None, kind: str, vocabulary: Vocabulary) -> Predicate | None:
    """A condition as a closure over an event of one kind; None for no condition."""
    return None if node is None else _compile(node, lambda name: vocabulary.getter(kind, name))


def _compile(node: Node, getter: Callable[[str], Getter]) -> Predicate:
    if isinstance(node, Test):
        return _test(node, getter)
    if isinstance(node, Not):
        inner = _compile(node.part, getter)
        return lambda event: not inner(event)
    if (
        isinstance(node, All)
        and len(node.parts) > 1
        and isinstance(first := node.parts[0], Test)
        and first.op == "known"
    ):
        rest = node.parts[1:]
        return _known_and(getter(first.field), rest[0] if len(rest) == 1 else All(rest), getter)
    parts = [_compile(part, getter) for part in node.parts]
    return _joined(parts, every=isinstance(node, All))


def _known_and(read: Getter, rest: Node, getter: Callable[[str], Getter]) -> Predicate:
    """`field is known and …` in one closure: the commonest start of a condition is not worth a call of its own."""
    if isinstance(rest, Test) and rest.op == "known":
        also = getter(rest.field)
        return lambda event: read(event) is not None and also(event) is not None
    then = _compile(rest, getter)
    return lambda event: read(event) is not None and then(event)


def _joined(parts: list[Predicate], *, every: bool) -> Predicate:
    if len(parts) == 2:
        a, b = parts
        return (lambda event: a(event) and b(event)) if every else (lambda event: a(event) or b(event))
    if len(parts) == 3:
        a, b, c = parts
        if every:
            return lambda event: a(event) and b(event) and c(event)
        return lambda event: a(event) or b(event) or c(event)
    many = tuple(parts)
    if every:
        return lambda event: all(part(event) for part in many)
    return lambda event: any(part(event) for part in many)


def _test(test: Test, getter: Callable[[str], Getter]) -> Predicate:
    read, op, right = getter(test.field), test.op, test.right
    if op == "missing":
        return lambda event: read(event) is None
    if op == "known":
        return lambda event: read(event) is not None
    if op in ORDER:
        return _order(ORDER[op], read, right, getter, test.ranks)
    if op in ("is", "is not"):
        return _equal(read, right, getter, wanted=op == "is")
    if op in ("in", "not in"):
        return _member(read, right, getter, wanted=op == "in")
    return _of_list(op, read, right, getter)


def _equal(read: Getter, right: Operand, getter: Callable[[str], Getter], *, wanted: bool) -> Predicate:
    if isinstance(right, Value):
        value = right.value
        return (lambda event: read(event) == value) if wanted else (lambda event: read(event) != value)
    assert isinstance(right, Other)
    other = getter(right.name)

    def equal(event: Event) -> bool:
        left = read(event)
        return left is not None and left == other(event)

    return equal if wanted else lambda event: not equal(event)


def _members(right: Operand, getter: Callable[[str], Getter]) -> Getter:
    """Reads the collection on the right of an event: by key, a list field, or values some of which are fields."""
    if isinstance(right, Other):
        return getter(right.name)
    if (same := _constants(right)) is not None:
        return lambda event: same
    if isinstance(right, Named):
        return _named(right, getter)
    assert isinstance(right, Listing)
    constants = frozenset(item.value for item in right.items if isinstance(item, Value))
    others = tuple(getter(item.name) for item in right.items if isinstance(item, Other))
    return lambda event: constants | {v for other in others if (v := other(event)) is not None}


def _constants(right: Operand) -> frozenset[Constant] | None:
    """The collection on the right where it is the same for all events."""
    if isinstance(right, Named):
        return right.members if isinstance(right.members, frozenset) else None
    if isinstance(right, Listing) and all(isinstance(item, Value) for item in right.items):
        return frozenset(item.value for item in right.items if isinstance(item, Value))
    return None


def _named(right: Named, getter: Callable[[str], Getter]) -> Getter:
    nothing: frozenset[Constant] = frozenset()
    key, lists = getter(right.by or ""), right.members
    assert not isinstance(lists, frozenset)
    return lambda event: lists.get(key(event), nothing)


def _keyed(read: Getter, right: Named, getter: Callable[[str], Getter], *, wanted: bool) -> Predicate:
    """Membership in the list under a key, in one closure."""
    nothing: frozenset[Constant] = frozenset()
    key, lists = getter(right.by or ""), right.members
    assert not isinstance(lists, frozenset)
    if wanted:
        return lambda event: read(event) in lists.get(key(event), nothing)
    return lambda event: read(event) not in lists.get(key(event), nothing)


def _member(read: Getter, right: Operand, getter: Callable[[str], Getter], *, wanted: bool) -> Predicate:
    constants = _constants(right)
    if constants is not None:
        return (lambda event: read(event) in constants) if wanted else (lambda event: read(event) not in constants)
    if isinstance(right, Named):
        return _keyed(read, right, getter, wanted=wanted)
    members = _members(right, getter)

    def member(event: Event) -> bool:
        left, among = read(event), members(event)
        return left is not None and among is not None and left in among

    def outside(event: Event) -> bool:
        among = members(event)
        return among is None or (left := read(event)) is None or left not in among

    return member if wanted else outside


def _of_list(op: Op, read: Getter, right: Operand, getter: Callable[[str], Getter]) -> Predicate:
    if op == "contains":
        return _contains(read, right, getter)
    members = _members(right, getter)

    def overlaps(event: Event) -> bool:
        left, among = read(event), members(event)
        return left is not None and among is not None and any(item in among for item in left)

    def covered(event: Event) -> bool:
        left, among = read(event), members(event)
        return left is not None and among is not None and all(item in among for item in left)

    return overlaps if op == "contains any of" else covered


def _contains(read: Getter, right: Operand, getter: Callable[[str], Getter]) -> Predicate:
    if isinstance(right, Value):
        value = right.value
        return lambda event: value in (read(event) or ())
    assert isinstance(right, Other)
    other = getter(right.name)

    def contains(event: Event) -> bool:
        item = other(event)
        return item is not None and item in (read(event) or ())

    return contains


def _order(
    compare: Callable[[Any, Any], bool],
    read: Getter,
    right: Operand,
    getter: Callable[[str], Getter],
    ranks: tuple[str, ...],
) -> Predicate:
    rank = {word: index for index, word in enumerate(ranks)}
    if isinstance(right, Value):
        bound: Any = rank[str(right.value)] if rank else right.value
        if rank:
            return lambda event: (v := rank.get(read(event))) is not None and compare(v, bound)
        return lambda event: (v := read(event)) is not None and compare(v, bound)
    assert isinstance(right, Other)
    other = getter(right.name)

    def ordered(event: Event) -> bool:
        left, against = read(event), other(event)
        if rank:
            left, against = rank.get(left), rank.get(against)
        return left is not None and against is not None and compare(left, against)

    return ordered
