"""The small world: how much of a system takes part when every choice is tried, so that trying them all comes to an end.

Which people, agents, purposes and scopes there are, and how many open questions there may be. Read off any system; a
statement that nothing was found is a statement about this world.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from harness.plan.system import System
from harness.world.mechanics.legality import THIEF


class Variant(msgspec.Struct, frozen=True, gc=False):
    """How a person, or whoever steers the LLM, would have an operation done."""

    amount: float
    payee: str


class Job(msgspec.Struct, frozen=True, gc=False):
    """Work that a person may give to an agent."""

    agent: str
    kind: str
    purpose: str


MEANT = Variant(120, "garage")
OTHER = Variant(1_080, "stranger")


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """What takes part.

    `approvals` is how many questions may be put to people in one run, `sessions` how often a person signs in,
    `leaking` the programs from which tokens leak (the organization's own, unless told otherwise), `exchanges` how often
    a program exchanges again what it exchanged itself. `variants` are the ways to have an operation done that wants an
    approval, `ordinary` those in which any other is tried (none: without an amount). `changing`: whether it changes who
    may see whose records; `tools`: how often the definition of a tool changes; `stolen`: whether the keys of a client
    are stolen; `alone`: whether agents also act without a task. `steps` are the declared steps that are taken by themselves
    or go wrong, `beside` the kinds of events that bring such a step with them which may help to keep the rule.
    """

    people: tuple[str, ...]
    agents: tuple[str, ...]
    outsiders: tuple[str, ...]
    jobs: tuple[Job, ...]
    audiences: tuple[str, ...]
    scopes: tuple[str, ...]
    providers: tuple[str, ...]
    leaking: tuple[str, ...]
    variants: tuple[Variant, ...] = (MEANT, OTHER)
    ordinary: tuple[Variant, ...] = ()
    approvals: int = 2
    sessions: int = 1
    registrations: int = 1
    sub_agents: int = 0
    exchanges: int = 1
    changing: bool = False
    tools: int = 0
    stolen: bool = False
    alone: bool = True
    steps: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        system: System,
        *,
        people: int = 2,
        purposes: int = 1,
        providers: int = 2,
        approvals: int = 2,
        sub_agents: int = 0,
        sessions: int = 1,
        leaking: str = "own",
    ) -> Bounds:
        """The small world of a system: its first people who share nothing, all its agents, a thief."""
        agents = {name: one for name, one in system.agents.items() if one.kind != "partner"}
        partners = tuple(name for name, one in system.agents.items() if one.kind == "partner")
        return cls(
            people=strangers(system)[:people],
            agents=tuple(agents),
            outsiders=(*partners, THIEF),
            jobs=tuple(_jobs(system, agents, purposes)),
            audiences=tuple(system.apis),
            scopes=_scopes(system),
            providers=tuple(system.providers)[:providers],
            leaking=tuple(name for name, one in agents.items() if leaking == "all" or one.kind != "third_party")
            + tuple(system.services),
            approvals=approvals,
            sub_agents=sub_agents,
            sessions=sessions,
        )

    def with_approvals(self, most: int) -> Bounds:
        """The same small world with another bound on questions."""
        return msgspec.structs.replace(self, approvals=most)


def strangers(system: System) -> tuple[str, ...]:
    """Customers in order, those first who share no record with the first one."""
    people = system.people
    first = people.customers[0]
    near = {name for group in people.joint if first in group for name in group}
    others = [name for name in people.customers[1:] if name not in near]
    return (first, *others, *(name for name in people.customers[1:] if name in near))


def _jobs(system: System, agents: Mapping[str, object], purposes: int) -> Iterable[Job]:
    main = next((name for name, one in system.agents.items() if one.kind == "backend"), None)
    for agent in agents:
        found: dict[str, Job] = {}
        for kind, task in system.tasks.items():
            if (task.agent or main) == agent:
                found.setdefault(task.purpose, Job(agent, kind, task.purpose))
        yield from list(found.values())[:purposes]


def _scopes(system: System) -> tuple[str, ...]:
    named = [e.scope for api in system.apis.values() for e in api.endpoints.values() if e.scope]
    policies = [one.policy for one in system.agents.values()] + [one.policy for one in system.services.values()]
    given = [scope for policy in policies for scopes in policy.values() for scope in scopes]
    return tuple(dict.fromkeys((*named, *given)))
