"""Who and what takes part in a small world because a rule tells it apart: people, providers, purposes.

A rule that names somebody is about nobody else; one that compares regions or tenants is kept by everybody who is of one.
Whatever word of a rule is the name of something in the system names that thing, in whichever field it stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.plan.system import System
from harness.requirements import Rule
from harness.requirements.conditions import Constant, Listing, Named, Test, Value, tests
from harness.world.mechanics.bounds import Bounds, Job, strangers

MOST_PEOPLE = 8
_REGIONS = frozenset({"user_region", "record_region"})
_TENANTS = frozenset({"tenant", "record_tenant"})


def people_for(system: System, rule: Rule, least: int) -> tuple[str, ...]:
    """So many people at least: those that the rule names, one of each region or tenant where it compares these, and others.

    Whoever signs in can be among them: customers, brokers, employees.
    """
    people, others = system.people, strangers(system)
    known = (*others, *people.brokers, *people.employees)
    named, reads = people_named(rule), {name for _, name in rule.reads()}
    chosen = [name for name in known if name in named]
    for fields, of in ((_REGIONS, people.regions), (_TENANTS, people.tenants)):
        if reads & fields:
            first = {of.get(name, ""): name for name in reversed(others)}
            chosen += [name for name in others if name in first.values()]
    found = list(dict.fromkeys(chosen))
    found += [name for name in others if name not in found][: max(0, least - len(found))]
    return tuple(found[:MOST_PEOPLE])


def people_named(rule: Rule) -> set[str]:
    """What could name somebody in a rule: each word of it, and each part of one, which could be a record's."""
    return {part for value in words(rule) if isinstance(value, str) for part in (value, *value.split("."))}


def providers_for(system: System, rule: Rule, found: Bounds) -> tuple[str, ...]:
    """Those of a small world and those that the rule names; all where it goes by what distinguishes them."""
    if any(name in ("model", "region") for _, name in rule.reads()):
        return tuple(system.providers)
    named = {value for value in words(rule) if isinstance(value, str)}
    return tuple(name for name in system.providers if name in found.providers or name in named)


def jobs_for(system: System, rule: Rule, found: Bounds) -> tuple[Job, ...]:
    """One job of each agent, and those with a purpose that the rule names, or that needs least where it goes by needs."""
    named = {value for value in words(rule) if isinstance(value, str)}
    every = Bounds.of(system, purposes=len(system.purposes)).jobs
    least = _least(system, every) if any(name == "needed_categories" for _, name in rule.reads()) else ()
    return tuple(one for one in every if one in found.jobs or one.purpose in named or one in least)


def _least(system: System, jobs: Sequence[Job]) -> list[Job]:
    """Of each agent the job whose purpose needs the fewest kinds of data."""
    found: dict[str, Job] = {}
    for job in sorted(jobs, key=lambda one: len(system.purposes[one.purpose].categories)):
        found.setdefault(job.agent, job)
    return list(found.values())


def words(rule: Rule) -> Iterator[Constant]:
    """Every constant in the conditions of a rule, the members of its lists and their keys included."""
    for condition in (*(clause.where for clause in rule.clauses), rule.compare):
        for test in tests(condition):
            yield from constants(test)


def constants(test: Test) -> Iterator[Constant]:
    """What one test compares with, as far as the rule says it outright."""
    right = test.right
    if isinstance(right, Value):
        yield right.value
    elif isinstance(right, Listing):
        yield from (one.value for one in right.items if isinstance(one, Value))
    elif isinstance(right, Named):
        if isinstance(right.members, frozenset):
            yield from sorted(right.members, key=str)
        else:
            for key, members in right.members.items():
                yield from (key, *sorted(members, key=str))


__all__ = ["MOST_PEOPLE", "constants", "jobs_for", "people_for", "people_named", "providers_for", "words"]
