"""The larger world of the drawn adversary: everything of a system that takes part, and every argument there is to draw.

Read off a system, its controls and one requirement, once, before the first run; nothing here changes while runs are
drawn. Numbers stand at and beside the limits that rules and controls name; spans of time come from the rules, with some
that are longer than anything lasts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import ceil
from typing import Any

from harness.plan.controls import Controls
from harness.plan.system import System
from harness.requirements import Requirement, Rule
from harness.requirements.conditions import Listing, Named, Value, tests
from harness.search.interests import EMITS, TAKES, Interests
from harness.world.mechanics import commands as c
from harness.world.mechanics.bounds import MEANT, OTHER, Bounds, Job
from harness.world.mechanics.choices_of_outsiders import OTHER_SERVER, OWN_DOCUMENT
from harness.world.mechanics.design import Design, EndpointInfo
from harness.world.mechanics.state import World
from harness.world.mechanics.wiring import issuer_of

SPANS_MS = (1_000, 60_000, 600_000, 3_600_000, 86_400_000, 90 * 86_400_000, 366 * 86_400_000)
LENGTHS = (1, 1, 1, 1, 2, 3, 6, 25)
"""How often a step is repeated, where no rule counts."""
MOST_REPEATED = 400
ADDRESSES = ("203.0.113.10", "10.0.0.7")
STILL_HERE = (("user_present", "true"), ("presence_statement", "the user is still here"))
ALSO_EMITS: dict[type[c.Command], frozenset[str]] = {
    c.EndSessions: frozenset({"session.ended"}),
    c.UnlockUser: frozenset({"user.enabled"}),
    c.ChangeTool: frozenset({"tool.changed"}),
    c.AddTool: frozenset({"tool.changed"}),
    c.ApproveTool: frozenset({"tool.approved"}),
    c.DeclineConsent: frozenset(),
    c.GiveAccess: frozenset(),
    c.EndAccess: frozenset(),
}
"""What the commands of people and operators make true that no search in a small world chooses among."""


class Larger:
    """What runs are drawn from. `privileged` are the endpoints that take an approval, `handed_on` those behind tools."""

    def __init__(self, system: System, controls: Controls, requirement: Requirement, start: World) -> None:
        design = start.design
        self.rules = requirement.rules
        self.interests = tuple(Interests.of(rule) for rule in self.rules)
        people = system.people
        self.people = (*people.customers, *people.employees, *people.brokers)
        self.customers = tuple(people.customers)
        small = Bounds.of(system, people=len(self.customers), providers=len(system.providers), sub_agents=1)
        self.agents, self.outsiders, self.leaking = small.agents, small.outsiders, frozenset(small.leaking)
        self.audiences, self.scopes, self.providers = small.audiences, small.scopes, small.providers
        jobs = tuple(_jobs(system, self.agents)) or small.jobs
        self.policies = {
            name: tuple((api, tuple(scopes)) for api, scopes in one.policy.items())
            for name, one in system.agents.items() if one.policy
        }  # fmt: skip
        self.helpers = tuple(name for name, one in system.agents.items() if one.kind == "sub_agent")
        self.purposes = tuple(dict.fromkeys((*(job.purpose for job in jobs), *system.purposes)))
        self.endpoints = tuple(design.endpoints.values())
        self.of_api = {api: tuple(info for info in self.endpoints if info.api == api) for api in system.apis}
        self.scopes_of = {
            api: tuple(dict.fromkeys(i.endpoint.scope for i in infos if i.endpoint.scope)) for api, infos in self.of_api.items()
        }
        self.passes_along = system.tokens == "passed_along"
        self.privileged = tuple(i for i in self.endpoints if target_of(design, i).endpoint.operation is not None
                                and (i.endpoint.privilege == "high" or target_of(design, i).endpoint.privilege == "high"))
        self.jobs = tuple(self._weighed(design, [job for job in jobs if job.agent == name])
                          for name in dict.fromkeys(job.agent for job in jobs))  # fmt: skip
        self.handed_on = tuple(info.name for info in self.endpoints if info.endpoint.calls is None)
        self.tools = tuple(info.name for info in self.endpoints if info.api == design.mcp_api)
        self.clients = tuple(dict.fromkeys(design.client_name(name) for name in (*system.agents, *system.services)))
        self.apis = tuple(system.apis)
        self.servers = tuple(system.servers)
        self.documents = (OWN_DOCUMENT, *(one.document for one in system.agents.values() if one.document))
        self.issuers = (None, OTHER_SERVER, *(issuer_of(name) for name in system.servers))
        self.channels = tuple(system.channels)
        self.listened = frozenset(kind for one in self.interests for kind in one.listened)
        self.amounts = tuple(_amounts(system, controls, self.rules))
        self.payees = tuple(dict.fromkeys((MEANT.payee, OTHER.payee, *_texts(self.rules, "payee"))))
        self.lengths = (*LENGTHS, *_lengths(self.rules, self.amounts))
        self.spans_ms = tuple(dict.fromkeys((*_spans(self.rules), *SPANS_MS)))
        self.of_consent = not self.listened.isdisjoint(("consent.granted", "llm.received"))
        self.counts = any(rule.pattern == "at_most" or rule.at_least > 1 for rule in self.rules)
        self.needs_time = any(one.needs_time for one in self.interests)

    def _weighed(self, design: Design, jobs: list[Job]) -> tuple[Job, ...]:
        """One agent's work: half of it what the rules speak of, a quarter what takes an approval, half of it where they do."""
        system = design.system
        named = frozenset(str(value) for name, value in _operands(self.rules) if name in _NAMING)
        taking = {info.name for info in self.privileged}
        if any(one.rations for one in self.interests):
            named |= taking
        tools = {job: system.tasks[job.kind].tool for job in jobs if job.kind in system.tasks}
        spoken_of = [job for job, tool in tools.items() if not named.isdisjoint(_words(design, job, tool))]
        approved = [job for job, tool in tools.items() if tool in taking]
        return (*jobs, *_so_many(spoken_of, len(jobs)), *_so_many(approved, len(jobs) // 3))

    def minds(self, command: type[c.Command]) -> bool:
        """Whether a rule takes notice of what such a command makes true."""
        kinds = EMITS.get(command) or ALSO_EMITS.get(command, frozenset())
        return not self.listened.isdisjoint(kinds)

    def is_about(self, command: type[c.Command]) -> bool:
        """Whether such a command makes true what a rule is about: to repeat any other adds little."""
        kinds = EMITS.get(command, frozenset())
        return any(not one.about.isdisjoint(kinds) for one in self.interests)

    def minded(self, commands: Iterable[type[c.Command]]) -> tuple[type[c.Command], ...]:
        """These kinds of commands, those that a rule takes notice of far more often."""
        return tuple(one for of in commands for one in [of] * (16 if self.minds(of) else 1))


DEEDS = (*(one for one in TAKES if one is not c.EndTask), c.EnableAgent, c.UnlockUser, c.EndSessions, c.GiveAccess,
         c.EndAccess, c.DeclineConsent, c.ChangeTool, c.AddTool, c.ApproveTool)  # fmt: skip
"""What people and operators do that changes what may be done."""


_NAMING = frozenset({"type", "category", "purpose", "endpoint", "tool", "agent"})
"""Fields by whose values a rule says which work it is about."""


def _words(design: Design, job: Job, tool: str) -> set[str | None]:
    """What a rule may call some work by."""
    target = target_of(design, design.endpoints[tool])
    return {tool, target.name, target.endpoint.operation, target.endpoint.category, job.purpose, job.agent}


def _so_many(some: list[Job], number: int) -> list[Job]:
    """About so many of these, each as often as the others."""
    return some * (number // len(some)) if some else []


def target_of(design: Design, info: EndpointInfo) -> EndpointInfo:
    """The endpoint behind a tool; of any other, itself."""
    return design.endpoints[info.endpoint.calls] if info.endpoint.calls else info


def _jobs(system: System, agents: tuple[str, ...]) -> Iterator[Job]:
    """All work that the system declares, for the agent that it is meant for."""
    main = next((name for name, one in system.agents.items() if one.kind == "backend"), None)
    for kind, task in system.tasks.items():
        agent = task.agent or main
        if agent in agents:
            yield Job(str(agent), kind, task.purpose)


def _operands(rules: Iterable[Rule]) -> Iterator[tuple[str, Any]]:
    """The constants that rules compare fields with: (field, value)."""
    for rule in rules:
        for node in (*(clause.where for clause in rule.clauses), rule.compare):
            for test in tests(node):
                right = test.right
                if isinstance(right, Value):
                    yield test.field, right.value
                elif isinstance(right, Listing):
                    yield from ((test.field, one.value) for one in right.items if isinstance(one, Value))
                elif isinstance(right, Named) and isinstance(right.members, frozenset):
                    yield from ((test.field, one) for one in sorted(right.members, key=str))


def _texts(rules: Iterable[Rule], field: str) -> Iterator[str]:
    return (str(value) for name, value in _operands(rules) if name == field)


def _amounts(system: System, controls: Controls, rules: tuple[Rule, ...]) -> Iterator[float]:
    """The amount that is meant, another one, and those at and beside every limit that a rule or a control knows."""
    limits = [value for name, value in _operands(rules) if name == "amount" and _is_number(value)]
    limits += [rule.at_most for rule in rules if rule.sum_of is not None]
    limits += [one.low_value for api in system.apis.values() for one in api.endpoints.values() if one.low_value is not None]
    limits += [of for of in (controls.setting(name).limit for name in controls.active()) if of is not None]
    beside = {float(one) for limit in limits for one in (limit - 1, limit, limit + 1, limit // 2, limit // 100)}
    yield from dict.fromkeys((MEANT.amount, OTHER.amount, *sorted(one for one in beside if one > 0)))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _lengths(rules: Iterable[Rule], amounts: tuple[float, ...]) -> Iterator[int]:
    """As often as it takes to pass a limit on counts, or one on sums with the amounts there are."""
    for rule in rules:
        if rule.pattern != "at_most":
            continue
        per = [1.0] if rule.sum_of is None else list(amounts)
        found = {min(MOST_REPEATED, ceil(rule.at_most / one) + 1) for one in per}
        yield from (int(one) for one in sorted(found) for _ in range(3))


def _spans(rules: Iterable[Rule]) -> Iterator[int]:
    for rule in rules:
        for span in (rule.within_ms, rule.grace_ms, rule.delay_ms, rule.for_ms, rule.window_ms):
            if span:
                yield from (span, span + 1)
