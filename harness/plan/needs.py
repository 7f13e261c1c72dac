"""What a misbehaviour needs of a system, and whether a system has it.

Where something is missing the answer is a reason in words, and what was asked about *does not apply*: it is left out of
a run and said to be, since nothing that was not tried may count as passed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import combinations
from typing import NamedTuple

from harness.plan.misbehaviours import Misbehaviour, misbehaviour_catalogue
from harness.plan.system import Agent, Api, Endpoint, System


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
