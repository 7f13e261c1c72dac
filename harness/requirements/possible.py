"""Whether tests can hold together on one event: a proof that they cannot, or the benefit of the doubt.

Each field is missing, or has a value; what each test says narrows the values: a set of words, an interval of numbers, for
a list what it must and must not hold. Fields that are equal share their values; fields in an order push each other's
ends. What a test on a list by key or between two lists says is not looked into, so it only clashes with its own
opposite. A missing field fails every test but `is not` and `not in`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from harness.requirements.conditions import Constant, Listing, Named, Other, Value
from harness.requirements.literals import Literal, Way, named, other_name
from harness.trace import Field

Fields = Callable[[str], Field | None]
"""A field by its name; that of the earlier event as `earlier.name`."""
_NEGATED = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}


@dataclass
class Values:
    """What a field that is there can still be: one of some values (None: any), in an interval, not some values."""

    among: frozenset[Constant] | None = None
    low: float = -math.inf
    low_open: bool = False
    high: float = math.inf
    high_open: bool = False
    never: set[Constant] = field(default_factory=set)

    def keep(self, values: frozenset[Constant]) -> None:
        self.among = values if self.among is None else self.among & values

    def above(self, bound: float, *, strictly: bool) -> None:
        if (bound, strictly) > (self.low, self.low_open):
            self.low, self.low_open = bound, strictly

    def below(self, bound: float, *, strictly: bool) -> None:
        if (-bound, strictly) > (-self.high, self.high_open):
            self.high, self.high_open = bound, strictly

    def left(self) -> frozenset[Constant] | None:
        """The values that are left, where they can be counted."""
        if self.among is None:
            return None
        return frozenset(one for one in self.among if one not in self.never and self._inside(one))

    def _inside(self, value: Constant) -> bool:
        if isinstance(value, (str, bool)):
            return True
        return not (
            value < self.low
            or value > self.high
            or (value == self.low and self.low_open)
            or (value == self.high and self.high_open)
        )

    def empty(self) -> bool:
        left = self.left()
        if left is not None:
            return not left
        if self.low == self.high:
            return self.low_open or self.high_open or self.low in self.never
        return self.low > self.high


@dataclass
class Members:
    """What a list that is there must hold, must not, may hold alone, and of which sets it holds one."""

    must: set[Constant] = field(default_factory=set)
    never: set[Constant] = field(default_factory=set)
    only: frozenset[Constant] | None = None
    one_of: list[frozenset[Constant]] = field(default_factory=list)

    def keep(self, values: frozenset[Constant]) -> None:
        self.only = values if self.only is None else self.only & values

    def impossible(self, beyond: list[frozenset[Constant]]) -> bool:
        """`beyond` are sets outside of which the list has a member each."""
        if self.must & self.never or (self.only is not None and not self.must <= self.only):
            return True
        allowed = [one - self.never if self.only is None else (one & self.only) - self.never for one in self.one_of]
        if not all(allowed):
            return True
        return self.only is not None and any(not (self.only - self.never - one) for one in beyond)


def clash(way: Way, fields: Fields, *, present: bool = False) -> bool:
    """Whether no event meets all these literals; `present`: no event that has all fields that they read."""
    return _Event(way, fields, present).impossible()


class _Event:
    """The event that a way asks for, as far as it can be told."""

    def __init__(self, way: Way, fields: Fields, present: bool) -> None:
        self.way, self.fields = way, fields
        self.missing = {one.test.field for one in way if one.test.op == "known" and not one.holds}
        self.there = {name for one in way if one.holds for name in named(one)}
        if present:
            self.there |= {name for one in way for name in named(one)} - self.missing
        self.values: dict[str, Values] = {}
        self.members: dict[str, Members] = {}
        self.beyond: dict[str, list[frozenset[Constant]]] = {}
        self.same: dict[str, str] = {}

    def impossible(self) -> bool:
        held = {one.atom for one in self.way if one.holds}
        if any(one.atom in held for one in self.way if not one.holds) or self.missing & self.there:
            return True
        for one in self.way:
            if one.holds and one.test.op == "is" and isinstance(one.test.right, Other) and self._alike(one):
                self._join(one.test.field, other_name(one.test.right))
        if any(self._different(one) for one in self.way):
            return True
        for one in self.way:
            self._take(one)
        self._push()
        lists = any(found.impossible(self.beyond.get(name, [])) for name, found in self.members.items())
        return lists or any(found.empty() for found in self.values.values())

    # --- which fields are there

    def _counts(self, one: Literal) -> bool:
        """Whether a literal says something about values: it holds, or it fails on fields that are there."""
        return one.test.op != "known" and (one.holds or self.there.issuperset(named(one)))

    # --- fields that are equal

    def _root(self, name: str) -> str:
        while name in self.same:
            name = self.same[name]
        return name

    def _alike(self, one: Literal) -> bool:
        """Whether two fields have their words in one order, so that their places can be compared."""
        assert isinstance(one.test.right, Other)
        left, right = self.fields(one.test.field), self.fields(other_name(one.test.right))
        return left is not None and right is not None and (left.words == right.words or not left.ordered | right.ordered)

    def _join(self, a: str, b: str) -> None:
        one, other = self._root(a), self._root(b)
        if one != other:
            self.same[one] = other

    def _different(self, one: Literal) -> bool:
        """Whether two fields that are equal are said to be different."""
        if one.holds or one.test.op != "is" or not isinstance(one.test.right, Other) or not self._counts(one):
            return False
        return self._root(one.test.field) == self._root(other_name(one.test.right))

    # --- what the tests say of values

    def _of(self, name: str) -> Values:
        root = self._root(name)
        found = self.values.setdefault(root, Values())
        of = self.fields(name)
        if of is not None and of.type == "enum":
            found.keep(frozenset(_ranked(of, word) for word in of.words))
        elif of is not None and of.type == "flag":
            found.keep(frozenset({True, False}))
        return found

    def _take(self, one: Literal) -> None:
        of = self.fields(one.test.field)
        if of is None or not self._counts(one):
            return
        if of.many:
            self._take_of_list(one)
            return
        values, right = self._of(one.test.field), one.test.right
        if one.test.op == "is" and isinstance(right, Value):
            self._equal(values, _ranked(of, right.value), holds=one.holds)
        elif one.test.op == "in" and (constants := _constants(right)) is not None:
            ranked = frozenset(_ranked(of, value) for value in constants)
            if one.holds:
                values.keep(ranked)
            else:
                values.never |= ranked
        elif one.test.op in _NEGATED and isinstance(right, Value):
            self._bound(values, one.test.op if one.holds else _NEGATED[one.test.op], _number(_ranked(of, right.value)))

    @staticmethod
    def _equal(values: Values, value: Constant, *, holds: bool) -> None:
        if holds:
            values.keep(frozenset({value}))
        else:
            values.never.add(value)

    @staticmethod
    def _bound(values: Values, op: str, bound: float) -> None:
        if op in ("<", "<="):
            values.below(bound, strictly=op == "<")
        else:
            values.above(bound, strictly=op == ">")

    def _take_of_list(self, one: Literal) -> None:
        name = one.test.field
        found, right = self.members.setdefault(name, Members()), one.test.right
        of = self.fields(name)
        if of is not None and of.type == "enum":
            found.keep(frozenset(of.words))
        if one.test.op == "contains" and isinstance(right, Value):
            (found.must if one.holds else found.never).add(right.value)
        elif (constants := _constants(right)) is not None and one.test.op == "contains any of":
            if one.holds:
                found.one_of.append(constants)
            else:
                found.never |= constants
        elif constants is not None and one.test.op == "all in":
            if one.holds:
                found.keep(constants)
            else:
                self.beyond.setdefault(name, []).append(constants)

    # --- fields in an order

    def _push(self) -> None:
        """Ends push each other along `a < b`; after as many rounds as there are orders nothing new can come but a circle."""
        orders = [order for one in self.way if (order := self._order(one)) is not None]
        for _ in range(len(orders) + 1):
            for low, high, strictly in orders:
                self._pushed(self._of(low), self._of(high), strictly=strictly)
        if self._circle([(self._root(low), self._root(high), strictly) for low, high, strictly in orders]):
            self.values.setdefault("", Values()).keep(frozenset())

    def _order(self, one: Literal) -> tuple[str, str, bool] | None:
        """The lower field, the higher one, and whether they differ."""
        right = one.test.right
        if one.test.op not in _NEGATED or not isinstance(right, Other):
            return None
        if not self._counts(one) or not self._alike(one):
            return None
        op = one.test.op if one.holds else _NEGATED[one.test.op]
        pair = (one.test.field, other_name(right))
        low, high = pair if op in ("<", "<=") else pair[::-1]
        return low, high, op in ("<", ">")

    @staticmethod
    def _pushed(low: Values, high: Values, *, strictly: bool) -> None:
        lows, highs = low.left(), high.left()
        least = min(map(_number, lows)) if lows else low.low
        most = max(map(_number, highs)) if highs else high.high
        high.above(least, strictly=strictly or (not lows and low.low_open))
        low.below(most, strictly=strictly or (not highs and high.high_open))

    @staticmethod
    def _circle(orders: list[tuple[str, str, bool]]) -> bool:
        """Whether a field would have to be less than itself: from the upper end of a strict order back to its lower."""
        above: dict[str, set[str]] = {}
        for low, high, _ in orders:
            above.setdefault(low, set()).add(high)
        for low, high, strictly in orders:
            seen, waiting = {high}, [high] if strictly else []
            while waiting:
                for name in above.get(waiting.pop(), set()) - seen:
                    seen.add(name)
                    waiting.append(name)
            if strictly and low in seen:
                return True
        return False


def _ranked(of: Field, value: Constant) -> Constant:
    """A word's place where words are ordered, so that words and numbers are compared alike."""
    return of.words.index(str(value)) if of.ordered and value in of.words else value


def _number(value: Constant) -> float:
    assert not isinstance(value, str)
    return value


def _constants(right: object) -> frozenset[Constant] | None:
    """The values on the right, where they are the same for all events."""
    if isinstance(right, Listing) and all(isinstance(item, Value) for item in right.items):
        return frozenset(item.value for item in right.items if isinstance(item, Value))
    if isinstance(right, Named) and not isinstance(right.members, Mapping):
        return right.members
    return None
