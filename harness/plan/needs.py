"""What a misbehaviour or a scenario needs of a system, and whether a system has it.

Where something is missing the answer is a reason in words, and what was asked about *does not apply*: it is left out of
a run and said to be, since nothing that was not tried may count as passed. Names that a scenario file uses (tasks,
people, agents, endpoints) are needs as well, as is what the catalogue says of each misbehaviour in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import combinations
from typing import NamedTuple

from harness.plan.misbehaviours import Misbehaviour, misbehaviour_catalogue
from harness.plan.misfortunes import Lag
from harness.plan.scenario import Action, Job, Scenario, Twist
from harness.plan.system import Agent, Api, Endpoint, System

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
ROLES = {"main": "backend", "third_party": "third_party", "foreign": "partner"}


class Need(NamedTuple):
    """One thing that a system can have, and what to say where it has not."""

    has: Callable[[System], bool]
    missing: str


def applies(misbehaviour: Misbehaviour | str, system: System, *, outsider: bool = False) -> str | None:
    """Why a misbehaviour of the catalogue does not apply to a system; None where it does.

    `outsider`: as somebody outside does it, which can need other things. Raises KeyError for an unknown id.
    """
    entry = misbehaviour_catalogue()[misbehaviour] if isinstance(misbehaviour, str) else misbehaviour
    needs = entry.needs_outside if outsider else entry.needs
    return next((NEEDS[word].missing for word in needs if not NEEDS[word].has(system)), None)


def unfit(scenario: Scenario, system: System) -> str | None:
    """Why a scenario does not apply to a system; None where it does."""
    return next(_reasons(scenario, system), None)


def _reasons(scenario: Scenario, system: System) -> Iterator[str]:
    for visit in scenario.visits:
        yield from _person(visit.user, system)
        for job in visit.tasks:
            yield from _job(job, system)
    for action in scenario.actions:
        yield from _action(action, system)
    yield from _misfortunes(scenario, system)


def _misfortunes(scenario: Scenario, system: System) -> Iterator[str]:
    for fault in scenario.faults:
        if fault.to is not None and fault.to not in ("home", *system.apis, *system.servers):
            yield f"there is no api or server `{fault.to}`"
        yield from _agent(fault.of or "", system)
    for outage in scenario.outages:
        if outage.server not in ("home", *system.servers, *system.apis, *system.providers):
            yield f"there is no server, api or provider `{outage.server}`"
    for lag in scenario.lags:
        yield from _lag(lag, system)
    for api in scenario.clocks:
        if api not in system.apis:
            yield f"there is no api `{api}`"


def _lag(lag: Lag, system: System) -> Iterator[str]:
    if lag.at is not None and lag.at not in ("home", *system.apis, *system.servers):
        yield f"there is no api or server `{lag.at}`"
    elif lag.of == "owners" and lag.at in ("home", *system.servers):
        yield f"who may see a record is looked up by APIs, and `{lag.at}` is a server"


def _job(job: Job, system: System) -> Iterator[str]:
    if job.kind not in system.tasks:
        yield f"there is no task `{job.kind}`"
    if job.purpose is not None and job.purpose not in system.purposes:
        yield f"there is no purpose `{job.purpose}`"
    yield from _agent(job.agent, system)
    if job.twist is not None:
        yield from _twist(job.twist, system, outsider=False)


def _action(action: Action, system: System) -> Iterator[str]:
    for agent in (action.disable_agent, action.enable_agent):
        yield from _agent(agent or "", system)
    people = (action.lock_user, action.revoke_task_of, action.withdraw_consent, action.give_consent)
    access = (action.unlock_user, action.end_sessions_of, action.give_access, action.end_access, action.records_of)
    for person in (*people, *access, action.halt_task_of, action.leak_tokens_of):
        yield from _person(person, system) if person is not None else ()
    for endpoint in (action.change_tool, action.calls, action.add_tool, action.approve_tool):
        yield from _endpoint(endpoint, system) if endpoint is not None else ()
    if action.thief is not None:
        yield from _twist(action.thief, system, outsider=True)


def _twist(twist: Twist, system: System, *, outsider: bool) -> Iterator[str]:
    if twist.id in misbehaviour_catalogue():
        reason = applies(twist.id, system, outsider=outsider)
        if reason is not None:
            yield f"{twist.id}: {reason}"
    if twist.endpoint is not None:
        yield from _endpoint(twist.endpoint, system)
    if twist.target is not None:
        yield from _person(twist.target, system)


def _endpoint(name: str, system: System) -> Iterator[str]:
    if name not in dict(_endpoints(system)):
        yield f"there is no endpoint `{name}`"


def _person(name: str, system: System) -> Iterator[str]:
    people = system.people
    if len(name) == 1 and name in LETTERS and name not in people.customers:
        if LETTERS.index(name) >= len(people.customers):
            yield f"there are only {len(people.customers)} customers, and `{name}` would be another"
        return
    everybody = (*people.customers, *people.employees, *people.brokers, *people.administrators, *people.others)
    if name not in everybody:
        yield f"there is no person `{name}`"


def _agent(name: str, system: System) -> Iterator[str]:
    role = ROLES.get(name)
    if role is not None and not any(_of_kind(system, role)):
        yield f"there is no {role.replace('_', '-')} agent"
    elif role is None and name and name not in system.agents:
        yield f"there is no agent `{name}`"


# ---------------------------------------------------------------- what a system can have


def _endpoints(system: System) -> Iterator[tuple[str, Endpoint]]:
    return ((f"{api}.{name}", one) for api, group in system.apis.items() for name, one in group.endpoints.items())


def _any_endpoint(wanted: Callable[[Endpoint], bool]) -> Callable[[System], bool]:
    return lambda system: any(wanted(one) for _, one in _endpoints(system))


def _any_api(wanted: Callable[[Api], bool]) -> Callable[[System], bool]:
    return lambda system: any(wanted(one) for one in system.apis.values())


def _of_kind(system: System, kind: str) -> Iterator[Agent]:
    return (agent for agent in system.agents.values() if agent.kind == kind)


def _any_agent(kind: str) -> Callable[[System], bool]:
    return lambda system: any(_of_kind(system, kind))


def _strangers(system: System) -> bool:
    """Whether two customers have nothing in common."""
    groups = [frozenset(group) for group in system.people.joint]
    pairs = combinations(system.people.customers, 2)
    return any(not any(group.issuperset(pair) for group in groups) for pair in pairs)


def _bound(system: System) -> bool:
    agents = any(one.binding != "none" for one in system.agents.values())
    return agents or any(one.binding != "none" for one in system.services.values())


NEEDS: Mapping[str, Need] = {
    "other_customer": Need(_strangers, "there is no second customer who has nothing in common with the first"),
    "administrative": Need(_any_endpoint(lambda one: one.administrative), "there is no administrative endpoint"),
    "people_only": Need(_any_endpoint(lambda one: one.people_only), "there is no endpoint for people alone"),
    "high_privilege": Need(
        _any_endpoint(lambda one: one.privilege == "high" and one.operation is not None),
        "there is no high-privilege operation",
    ),
    "low_value": Need(
        _any_endpoint(lambda one: one.low_value is not None), "there is no amount below which no approval is needed"
    ),
    "sink": Need(_any_endpoint(lambda one: one.sink == "external"), "there is no endpoint that reaches outside"),
    "handle": Need(_any_endpoint(lambda one: one.handle), "there is no endpoint that leaves a state handle"),
    "tool": Need(_any_endpoint(lambda one: one.calls is not None), "there is no tool that calls an API"),
    "mcp_server": Need(_any_api(lambda one: one.kind == "mcp"), "there is no MCP server"),
    "second_server": Need(
        lambda system: (
            len({one.domain for one in system.apis.values()} & {s.domain for s in system.servers.values()}) > 1
        ),
        "there is no API in the domain of a second authorization server",
    ),
    "provider": Need(lambda system: bool(system.providers), "there is no model provider"),
    "second_provider": Need(lambda system: len(system.providers) > 1, "there is no second model provider"),
    "sub_agent": Need(_any_agent("sub_agent"), "there is no sub-agent"),
    "third_party_agent": Need(_any_agent("third_party"), "there is no third-party agent"),
    "partner_agent": Need(_any_agent("partner"), "there is no client of a partner"),
    "document": Need(
        lambda system: any(one.document for one in system.agents.values()),
        "no client is known by a metadata document",
    ),
    "bound_tokens": Need(_bound, "no token is bound to a key"),
    "channel": Need(lambda system: bool(system.channels), "there is no channel that names people"),
}
"""The words that a catalogue entry may use below `needs`."""
