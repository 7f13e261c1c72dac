"""How strong a verdict is: what was tried of what applies, which controls it rests on, and how far the search went.

A kept requirement that little attacked, or that no control carries, must not look like one that much was tried against.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import msgspec

from harness.report.result import RequirementVerdict, SystemResult
from harness.report.words import control_text, count

SEARCH_SCHEMA = "harness/search/1"


class Search(msgspec.Struct, frozen=True, kw_only=True):
    """What a stored search (harness/search/1) says of one requirement.

    `depth` events are looked at whole, all there can be where it is `exhausted`; `challenged` how often controls stopped what
    would have broken it. `system` None: it does not say on which design.
    """

    requirement: str
    attack: list[Any] | None
    depth: int
    complete: bool
    states: int
    exhausted: bool = False
    challenged: int = 1
    system: str | None = None


class Tried(NamedTuple):
    """What was tried against a requirement: kinds of misbehaviour, and the scenarios they were tried in."""

    misbehaviours: tuple[str, ...]
    scenarios: tuple[str, ...]


def tried(verdict: RequirementVerdict, names: Mapping[str, str]) -> Tried:
    """What put a requirement to the test."""
    tested = [one for one in verdict.scenarios if one.challenged or one.violations]
    misbehaviours = distinct(key for one in tested for key in one.misbehaviours)
    return Tried(
        tuple(f"{names.get(key, key)} ({key})" for key in misbehaviours),
        tuple(distinct(f"{one.title} ({one.scenario})" for one in tested)),
    )


def strength(
    system: SystemResult, verdict: RequirementVerdict, controls: Mapping[str, str], searches: Iterable[Search] = ()
) -> list[str]:
    """A sentence each: misbehaviours tried of those that apply, controls it rests on, the search."""
    return [*_misbehaviours(system, verdict), *_guards(verdict, controls), *_searched(system, verdict, searches)]


def _misbehaviours(system: SystemResult, verdict: RequirementVerdict) -> Iterator[str]:
    attacked = {key for one in verdict.scenarios if one.challenged or one.violations for key in one.misbehaviours}
    scenarios = {one.scenario for one in verdict.scenarios if one.challenged or one.violations}
    of = f" of the {len(system.applicable):,} that apply to this system" if system.applicable else ""
    kinds = len(attacked & set(system.applicable)) if system.applicable else len(attacked)
    if attacked:
        yield f"Attacked by {count(kinds, 'kind')} of misbehaviour{of}, in {count(len(scenarios), 'scenario')}"


def _guards(verdict: RequirementVerdict, controls: Mapping[str, str]) -> Iterator[str]:
    if verdict.verdict != "held":
        return
    if verdict.guarded_by is None:
        yield "Which controls it rests on was not looked at"
    elif not verdict.guarded_by:
        yield "No single control carries it: with any one taken away, others still stopped every attack"
    else:
        named = ", ".join(control_text(one, controls) for one in verdict.guarded_by)
        yield (
            f"Rests on {named}: without it the requirement breaks"
            if len(verdict.guarded_by) == 1
            else f"Rests on each of {named}: without any one of them the requirement breaks"
        )


def _searched(system: SystemResult, verdict: RequirementVerdict, searches: Iterable[Search]) -> Iterator[str]:
    own = [one for one in searches if one.requirement == verdict.requirement and one.system in (None, system.system)]
    yield from (f"A search over all decisions {_found(one)}" for one in own)
    if not own and verdict.verdict == "held":
        yield f"No search looked for attacks beyond these scenarios: `harness search {verdict.requirement}`"


def _found(one: Search) -> str:
    if one.attack is not None:
        return f"found an attack of {count(len(one.attack), 'step')}: do not rely on a kept verdict"
    if one.depth < 0:
        return "was cut short before it had looked at anything whole"
    if one.challenged == 0:
        return f"met nothing that attacks it within {count(one.depth, 'event')}: that says nothing"
    length = "of any length in" if one.exhausted else f"within {count(one.depth, 'event')} of"
    cut = "" if one.complete else "; it was cut short after that"
    return f"found no attack {length} a small world ({count(one.states, 'state')}){cut}"


def distinct(values: Iterable[str]) -> list[str]:
    """The values that say something, each once, in their order."""
    return list(dict.fromkeys(value for value in values if value))
