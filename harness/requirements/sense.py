"""Conditions that cannot have been meant: those that no event meets, and those that leave nothing out.

Told only where it is proved, for the smallest part of which it is true, in the author's own words. A part that holds for
every value of its fields is told too where a missing field would fail it: it says no more than that they are known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from harness.requirements.conditions import Node
from harness.requirements.literals import Join, Literal, Part, literals, named, parts_of, ways, written
from harness.requirements.possible import Fields, clash

MAX_TESTS = 60
Senseless = tuple[str, int, str | None]
"""Message, offset into the condition's text, suggestion."""


def senseless(node: Node, fields: Fields) -> Iterator[Senseless]:
    """What is wrong with a condition, smallest parts first; nothing where it is too long to be decided."""
    whole = parts_of(node)
    if sum(1 for _ in literals(whole)) > MAX_TESTS:
        return
    for part in _smallest(whole, lambda one: _impossible(one, fields), every=True):
        what = "this condition" if _impossible(whole, fields) else "this part"
        meant = None if _always(_turned(part), fields) else _instead(part, "or")
        yield f"{_told(part)}, so no event meets {what}", _place(part), meant
    for part in _smallest(whole, lambda one: _always(one, fields), every=False):
        meant = None if _impossible(_turned(part), fields) else _instead(part, "and")
        yield f"{_always_told(part)}, so this leaves nothing out", _place(part), meant


def _smallest(part: Part, found: Callable[[Part], bool], *, every: bool) -> Iterator[Part]:
    """The smallest parts of which something is found; a join of the other sort is so only by its parts."""
    if isinstance(part, Literal):
        if found(part):
            yield part
        return
    inner = [one for each in part.parts for one in _smallest(each, found, every=every)]
    if inner or part.every != every or not _linked(part) or not found(part):
        yield from inner
        return
    kept: Sequence[Part] = part.parts
    for one in part.parts:
        fewer = [other for other in kept if other is not one]
        if found(Join(tuple(fewer), every)):
            kept = fewer
    yield Join(tuple(kept), every)


def _linked(part: Join) -> bool:
    """Whether two tests are about one field; tests of different fields have nothing to do with each other."""
    names = [name for one in literals(part) for name in named(one)]
    return len(set(names)) < len(names)


def _impossible(part: Part, fields: Fields) -> bool:
    found = ways(part)
    return found is not None and all(clash(way, fields) for way in found)


def _always(part: Part, fields: Fields) -> bool:
    """Whether no event fails it; one that lacks a field does not count, unless the part itself asks for that."""
    present = not any(one.test.op == "known" for one in literals(part))
    found = ways(part.negated)
    return found is not None and all(clash(way, fields, present=present) for way in found)


def _turned(part: Part) -> Part:
    """The same parts, joined by the other word."""
    return Join(part.parts, not part.every) if isinstance(part, Join) else part


def _place(part: Part) -> int:
    return min(one.test.at for one in literals(part))


def _told(part: Part) -> str:
    return f"{_listed(part, 'and')} never hold together" if isinstance(part, Join) else f"`{written(part)}` never holds"


def _always_told(part: Part) -> str:
    names = dict.fromkeys(f"`{one.test.field}`" for one in literals(part))
    whatever = " and ".join(names)
    if isinstance(part, Join):
        return f"{_listed(part, 'or')} holds whatever {whatever} is"
    return f"`{written(part)}` holds whatever {whatever} is"


def _listed(part: Join, word: str) -> str:
    shown = [f"`{written(one)}`" for one in part.parts]
    return f"{', '.join(shown[:-1])} {word} {shown[-1]}"


def _instead(part: Part, word: str) -> str | None:
    """The other joining word, where the parts are tests of one field."""
    if isinstance(part, Join) and len({one.test.field for one in literals(part)}) == 1:
        return f"did you mean `{word}`?"
    return None
