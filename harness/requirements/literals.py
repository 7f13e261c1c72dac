"""A condition as tests that hold or fail: negations pushed down to the tests, and the ways in which the whole can hold.

Nothing is decided here. Each way is a set of literals that hold together; a condition with too many ways has none told.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace

from harness.requirements.conditions import All, Listing, Named, Node, Not, Op, Operand, Other, Test, Value

MAX_WAYS = 256
_OPPOSITE: dict[Op, Op] = {"is": "is not", "in": "not in", "known": "missing"}
_POSITIVE = {negative: positive for positive, negative in _OPPOSITE.items()}


@dataclass(frozen=True, slots=True)
class Literal:
    """A test that is to hold, or (not `holds`) to fail; its operator is never a negated one."""

    test: Test
    holds: bool

    @property
    def negated(self) -> Literal:
        return Literal(self.test, not self.holds)

    @property
    def atom(self) -> tuple[object, ...]:
        """What the test says, wherever it stands."""
        return (self.test.field, self.test.op, _plain(self.test.right))


@dataclass(frozen=True, slots=True)
class Join:
    """Parts that hold together (`every`), or of which one does."""

    parts: tuple[Part, ...]
    every: bool

    @property
    def negated(self) -> Join:
        return Join(tuple(part.negated for part in self.parts), not self.every)


Part = Literal | Join
Way = tuple[Literal, ...]


def parts_of(node: Node, *, holds: bool = True) -> Part:
    """The condition, or its opposite, with negations at the tests alone."""
    if isinstance(node, Test):
        if node.op in _POSITIVE:
            return Literal(replace(node, op=_POSITIVE[node.op]), not holds)
        return Literal(node, holds)
    if isinstance(node, Not):
        return parts_of(node.part, holds=not holds)
    return Join(tuple(parts_of(part, holds=holds) for part in node.parts), isinstance(node, All) == holds)


def ways(part: Part) -> list[Way] | None:
    """Every way in which a part can hold; None where there are more than `MAX_WAYS`."""
    if isinstance(part, Literal):
        return [(part,)]
    found = [ways(one) for one in part.parts]
    known = [one for one in found if one is not None]
    if len(known) < len(found):
        return None
    if not part.every:
        every = list(itertools.chain.from_iterable(known))
        return every if len(every) <= MAX_WAYS else None
    joined: list[Way] = [()]
    for one in known:
        if len(joined) * len(one) > MAX_WAYS:
            return None
        joined = [(*before, *after) for before in joined for after in one]
    return joined


def literals(part: Part) -> Iterator[Literal]:
    """Every literal of a part, left to right."""
    if isinstance(part, Literal):
        yield part
    else:
        for one in part.parts:
            yield from literals(one)


def named(one: Literal) -> tuple[str, ...]:
    """The fields that a test compares: one, or one with another; that of the earlier event as `earlier.name`."""
    right = one.test.right
    return (one.test.field, other_name(right)) if isinstance(right, Other) else (one.test.field,)


def other_name(right: Other) -> str:
    """The name of a field on the right."""
    return f"earlier.{right.name}" if right.earlier else right.name


def _plain(right: Operand) -> object:
    if isinstance(right, Value):
        return (type(right.value).__name__, right.value)
    if isinstance(right, Other):
        return (right.earlier, right.name)
    if isinstance(right, Listing):
        return frozenset(map(_plain, right.items))
    return (right.name, right.by) if isinstance(right, Named) else None


def written(part: Part) -> str:
    """A part as an author would write it."""
    if isinstance(part, Join):
        word = " and " if part.every else " or "
        return word.join(f"({written(one)})" if isinstance(one, Join) else written(one) for one in part.parts)
    test = part.test
    op: str | None = test.op if part.holds else _OPPOSITE.get(test.op)
    if test.op == "known":
        return f"{test.field} is {op}"
    right = _operand(test.right)
    return f"{test.field} {op} {right}" if op else f"not {test.field} {test.op} {right}"


def _operand(right: Operand) -> str:
    if isinstance(right, Value):
        return right.written or str(right.value)
    if isinstance(right, Other):
        return other_name(right)
    if isinstance(right, Listing):
        return f"[{', '.join(_operand(item) for item in right.items)}]"
    assert isinstance(right, Named)
    return f"${right.name} by {right.by}" if right.by else f"${right.name}"
