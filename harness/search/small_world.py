"""The small worlds in which a rule is searched: more of what it speaks of, less of what it does not.

Read off the rule and the system. The first world is the one that every statement is about; where a rule compares owners
with users or with who is entitled, a second one holds people who may see each other's records. Amounts and payees are
those that a condition tells apart, and those that a system does.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from msgspec.structs import replace

from harness.plan.steps import Step, steps_of
from harness.plan.system import System
from harness.requirements import Rule
from harness.requirements.conditions import ORDER, All, Node, Test, Value, fields_read, tests
from harness.search.cast import MOST_PEOPLE, constants, jobs_for, people_for, providers_for
from harness.search.interests import Interests
from harness.world.mechanics.bounds import MEANT, Bounds, Variant

OF_PRIVILEGED = frozenset({"request.allowed", "token.issued", "token.exchanged", "data.accessed", "access.decided",
                           "operation.requested", "operation.completed", "user.active", "user.arrived"})  # fmt: skip
"""What an approval and the token that it gave can bring about, which other tokens can not."""
OF_RECORDS = frozenset({"data.accessed", "answer.delivered", "memory.read"})
"""Where it is told whose a record is, and who may see it."""
OF_TOOLS = frozenset({"tool.changed", "tool.approved"})


def bounds_for(system: System, rule: Rule) -> Bounds:
    """The small world for one rule.

    People sign in again only where the rule waits for longer than a session lasts, for an hour of the day, or for
    sign-ins that fail.
    """
    interests = Interests.of(rule)
    reads = {name for _, name in rule.reads()}
    longest_ms = max(interests.longest_ms, 24 * 3_600_000 if interests.hours else 0)
    fails = "user.authentication_failed" in interests.listened
    found = Bounds.of(
        system,
        approvals=2 if interests.rations else 1 if interests.about & OF_PRIVILEGED else 0,
        sub_agents=1 if "root_agent" in reads else 0,
        sessions=2 if fails or longest_ms > system.servers[system.home_server].session_lifetime else 1,
    )
    more = tuple(dict.fromkeys(one for one in _variants(system, rule) if one not in found.variants))
    ordinary = (*found.variants, *more) if reads & {"amount", "payee", "details_hash"} else ()
    tools = int(not OF_TOOLS.isdisjoint(interests.listened))
    steps = [one for one in steps_of(system) if one.kind in interests.listened]
    beside = dict.fromkeys(kind for one in steps if one.kind in interests.calming for kind in _beside(one))
    return replace(
        found,
        people=people_for(system, rule, _people(rule)),
        providers=providers_for(system, rule, found),
        jobs=jobs_for(system, rule, found),
        variants=(*found.variants, *more),
        ordinary=ordinary,
        tools=tools,
        steps=tuple(one.kind for one in steps),
        beside=tuple(beside),
    )


def _beside(step: Step) -> Iterator[str]:
    """The kinds of events that a declared step is done with."""
    yield from (*step.before, *step.after)
    if any(by.sort not in ("operator", "person", "people") for by in step.by):
        yield "request.allowed"  # the handler of an endpoint takes it


def worlds_for(system: System, rule: Rule, *, stolen: bool = False) -> tuple[Bounds, ...]:
    """The small world of strangers, and where it matters that of people who share; `stolen`: with the keys of a client."""
    first = replace(bounds_for(system, rule), stolen=stolen)
    sharing = _sharing(system) if _compares_owners(rule) else ()
    return first, *(replace(first, people=people, changing=True) for people in sharing)


def _people(rule: Rule) -> int:
    """Two, or one more than a rule lets in where it counts people."""
    if rule.pattern == "at_most" and rule.distinct in ("owner", "user", "record"):
        return min(MOST_PEOPLE, max(2, math.floor(rule.at_most) + 1))
    return 2


def _variants(system: System, rule: Rule) -> Iterator[Variant]:
    """Amounts on both sides of each limit and each number that a condition names, and the payees that it names."""
    for api in system.apis.values():
        for endpoint in api.endpoints.values():
            if endpoint.low_value is not None:
                yield Variant(endpoint.low_value, MEANT.payee)
    named = [float(amount) + one for amount in _constants(rule, "amount") for one in (1, 0, -1)]
    for amount in (*named, *((rule.at_most + 1,) if rule.sum_of == "amount" else ())):
        if amount > 0 and _concerns(rule.about.where, amount):
            yield Variant(amount, MEANT.payee)
    for payee in _constants(rule, "payee"):
        yield Variant(MEANT.amount, str(payee))


def _concerns(where: Node | None, amount: float) -> bool:
    """Whether a condition can hold for an amount, as far as it says so outright."""
    parts = where.parts if isinstance(where, All) else (where,)
    return all(
        ORDER[part.op](amount, part.right.value)
        for part in parts
        if isinstance(part, Test) and part.field == "amount" and part.op in ORDER and isinstance(part.right, Value)
    )


def _constants(rule: Rule, field: str) -> Iterator[str | int | float | bool]:
    for clause in rule.clauses:
        for test in tests(clause.where):
            if test.field == field:
                yield from constants(test)


def _compares_owners(rule: Rule) -> bool:
    """Whether a rule asks of records who may see them."""
    if not OF_RECORDS & set(rule.about.kinds):
        return False
    read = fields_read(rule.about.where)
    return "entitled" in read or {"owner", "user"} <= read


def _sharing(system: System) -> Iterator[tuple[str, ...]]:
    """One who may see another's records, and that other: a mandate, an assignment; two who own a record together."""
    people = system.people
    if people.mandates:
        yield people.mandates[0].holder, people.mandates[0].owner
    elif people.joint:
        yield tuple(people.joint[0][:2])


__all__ = ["bounds_for", "worlds_for"]
