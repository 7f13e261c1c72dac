"""The words that a system gives to the requirement language: names of everything in it, and what it can emit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from harness.plan.steps import emitters, reached
from harness.plan.system import System
from harness.requirements import Words

ALWAYS = frozenset(
    {
        "user.arrived", "user.left", "user.active", "user.logged_out", "user.authenticated",
        "user.authentication_failed", "user.disabled", "user.enabled", "session.started", "session.ended", "consent.granted",
        "consent.withdrawn", "consent.withdrawal_notified", "access.decided", "request.allowed", "request.denied",
        "answer.delivered", "memory.read", "message.sent", "agent.registered", "agent.disabled", "agent.enabled",
        "code.issued", "token.issued", "token.exchanged", "token.revoked", "tool.changed", "tool.approved",
        "task.started", "task.ended", "task.halted", "audit.recorded", "reach.opened", "reach.closed",
    }
)  # fmt: skip

_WORK = frozenset({"agent", "root_agent", "task"})
_NOBODYS = frozenset({"user", "agent", "root_agent", "session", "task"})
LACKING: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(("user.arrived", "user.left", "user.disabled", "user.enabled"), _WORK | {"session"}),
    **dict.fromkeys(("user.active", "user.logged_out", "user.authenticated", "session.started", "session.ended"), _WORK),
    "code.issued": _WORK,
    **dict.fromkeys(("consent.granted", "consent.withdrawn", "consent.withdrawal_notified"), frozenset({"session", "task"})),
    **dict.fromkeys(("agent.registered", "agent.disabled", "agent.enabled"), frozenset({"user", "session"})),
    **dict.fromkeys(("tool.changed", "tool.approved", "audit.recorded"), _NOBODYS),
}
"""Fields of every event that some kinds never have a value for: what people do by themselves belongs to no agent's task,
what operators do to nobody's session."""


def words(system: System) -> Words:
    """Every name that a rule may use without quotes on this system."""
    people = system.people
    endpoints = [(api, name, one) for api, group in system.apis.items() for name, one in group.endpoints.items()]
    declared: dict[str, Iterable[str]] = {
        "person": (*people.customers, *people.employees, *people.brokers, *people.administrators, *people.others),
        "agent": system.agents,
        "service": (*system.services, *system.apis),
        "outsider": ("thief",),
        "provider": system.providers,
        "api": system.apis,
        "pep": (*system.apis, "gateway", "none"),
        "endpoint": (f"{api}.{name}" for api, name, _ in endpoints),
        "tool": (name for api, name, _ in endpoints if system.apis[api].kind == "mcp"),
        "scope": (one.scope for _, _, one in endpoints if one.scope),
        "category": _categories(system),
        "type": (one.operation for _, _, one in endpoints if one.operation),
        "purpose": system.purposes,
        "domain": _domains(system),
        "region": {"EU", "US", *people.regions.values(), *(one.region for one in system.providers.values())},
        "model": (one.model for one in system.providers.values()),
        "tenant": ("insurer", *people.tenants.values()),
        "store": ("memory", "records", "cache"),
        "channel": ("console",),
        "role": (one.role for one in people.employees.values()),
    }
    found = {name: frozenset(values) for name, values in declared.items()}
    for name, more in system.declares.items():
        found[name] = found.get(name, frozenset()) | frozenset(more)
    return Words(found, emitted(system), emitters(system), reached(system), LACKING)


def emitted(system: System) -> frozenset[str]:
    """The kinds of events that something in this system can emit."""
    endpoints = [one for api in system.apis.values() for one in api.endpoints.values()]
    found = set(ALWAYS)
    if any(one.action != "none" for one in endpoints):
        found.add("data.accessed")
    if any(one.operation for one in endpoints):
        found |= {"operation.requested", "operation.completed"}
        found |= {"approval.requested", "approval.granted", "approval.refused"}
    if any(one.creates_document for one in endpoints):
        found.add("document.created")
    if system.providers:
        found.add("llm.received")
    return frozenset(found)


def _categories(system: System) -> frozenset[str]:
    endpoints = [one for api in system.apis.values() for one in api.endpoints.values()]
    named = {one.category for one in endpoints if one.category} | {name for one in endpoints for name in one.extra}
    return frozenset(named | set(system.categories) | {name for p in system.purposes.values() for name in p.categories})


def _domains(system: System) -> Iterable[str]:
    groups: tuple[Mapping[str, object], ...] = (system.servers, system.apis, system.agents, system.services)
    return {str(getattr(one, "domain", "home")) for group in groups for one in group.values()}
