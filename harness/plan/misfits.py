"""What a scenario speaks of that a system does not have: people, tasks, agents, endpoints, servers, what its twists need.

A scenario that is told for any system *does not apply* to one that lacks something; in a file that names its own system
the same is a mistake, and has its place there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from harness.load import Document, Problem, ProblemList, did_you_mean
from harness.plan.misbehaviours import misbehaviour_catalogue
from harness.plan.needs import applies
from harness.plan.scenario import Action, Job, Scenario, Twist
from harness.plan.steps import step_twists, steps_of
from harness.plan.system import System

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
ROLES = {"main": "backend", "third_party": "third_party", "foreign": "partner"}
HOME = "home"

Path = tuple[str | int, ...]


class Misfit(NamedTuple):
    """One thing that a system lacks: where the scenario speaks of it, what to say, what was probably meant."""

    path: Path
    missing: str
    near: str | None = None


def unfit(scenario: Scenario, system: System) -> str | None:
    """Why a scenario does not apply to a system; None where it does."""
    found = next(misfits(scenario, system), None)
    return found.missing if found is not None else None


def refuse_misfits(scenario: Scenario, system: System, document: Document) -> None:
    """Raise ProblemList with everything that a file's own system does not have."""
    found: list[Problem] = [
        document.problem(one.missing, *one.path, suggestion=one.near) for one in misfits(scenario, system)
    ]
    if found:
        raise ProblemList(found)


def misfits(scenario: Scenario, system: System) -> Iterator[Misfit]:
    """Everything that a scenario speaks of and a system does not have."""
    for number, visit in enumerate(scenario.visits):
        yield from _person(visit.user, system, "visits", number, "user")
        if visit.twist is not None:
            yield from _twist(visit.twist, system, False, "visits", number, "twist")
        for order, job in enumerate(visit.tasks):
            yield from _job(job, system, "visits", number, "tasks", order)
    for number, action in enumerate(scenario.actions):
        yield from _action(action, system, "actions", number)
    yield from _misfortunes(scenario, system)


def _misfortunes(scenario: Scenario, system: System) -> Iterator[Misfit]:
    places = (HOME, *system.servers, *system.apis)
    for number, fault in enumerate(scenario.faults):
        if fault.to is not None:
            yield from _among("api or server", fault.to, places, "faults", number, "to")
        yield from _agent(fault.of or "", system, "faults", number, "of")
    for number, outage in enumerate(scenario.outages):
        known = (*places, *system.providers)
        yield from _among("server, api or provider", outage.server, known, "outages", number, "server")
    for number, lag in enumerate(scenario.lags):
        if lag.of == "owners" and lag.at is not None and lag.at not in system.apis and lag.at in places:
            missing = f"who may see a record is looked up by APIs, and `{lag.at}` is a server"
            yield Misfit(("lags", number, "at"), missing, did_you_mean(lag.at, list(system.apis)))
        elif lag.at is not None:
            yield from _among("api or server", lag.at, places, "lags", number, "at")
    for field in ("clocks", "fast_clocks"):
        for api in getattr(scenario, field):
            yield from _among("api", api, system.apis, field, api)


def _job(job: Job, system: System, *path: str | int) -> Iterator[Misfit]:
    yield from _among("task", job.kind, system.tasks, *path, "kind")
    if job.purpose is not None:
        yield from _among("purpose", job.purpose, system.purposes, *path, "purpose")
    yield from _agent(job.agent, system, *path, "agent")
    if job.about is not None:
        yield from _person(job.about, system, *path, "about")
    if job.twist is not None:
        yield from _twist(job.twist, system, False, *path, "twist")


_PEOPLE = (
    "lock_user", "unlock_user", "end_sessions_of", "revoke_task_of", "withdraw_consent", "give_consent",
    "halt_task_of", "leak_tokens_of", "give_access", "end_access", "records_of", "person",
)  # fmt: skip


def _action(action: Action, system: System, *path: str | int) -> Iterator[Misfit]:
    for field in ("disable_agent", "enable_agent"):
        yield from _agent(getattr(action, field) or "", system, *path, field)
    for field in _PEOPLE:
        if (person := getattr(action, field)) is not None:
            yield from _person(person, system, *path, field)
    for field in ("change_tool", "calls", "add_tool", "approve_tool"):
        if (endpoint := getattr(action, field)) is not None:
            yield from _endpoint(endpoint, system, *path, field)
    if action.thief is not None:
        yield from _twist(action.thief, system, True, *path, "thief")
    if action.twist is not None:
        yield from _twist(action.twist, system, False, *path, "twist")
    if action.take_step is not None and all(step.kind != action.take_step for step in steps_of(system)):
        yield Misfit((*path, "take_step"), f"nobody takes the step `{action.take_step}`")


def _twist(twist: Twist, system: System, outsider: bool, *path: str | int) -> Iterator[Misfit]:
    if twist.id in misbehaviour_catalogue():
        reason = applies(twist.id, system, outsider=outsider)
        if reason is not None:
            yield Misfit(path, f"{twist.id}: {reason}")
    elif twist.id not in step_twists(system):
        yield Misfit(path, "no step of this kind is done here")
    if twist.endpoint is not None:
        yield from _endpoint(twist.endpoint, system, *path, "endpoint")
    if twist.target is not None:
        yield from _person(twist.target, system, *path, "target")


def _endpoint(name: str, system: System, *path: str | int) -> Iterator[Misfit]:
    known = [f"{api}.{one}" for api, group in system.apis.items() for one in group.endpoints]
    yield from _among("endpoint", name, known, *path)


def _person(name: str, system: System, *path: str | int) -> Iterator[Misfit]:
    people = system.people
    if len(name) == 1 and name in LETTERS and name not in people.customers:
        if LETTERS.index(name) >= len(people.customers):
            yield Misfit(path, f"there are only {len(people.customers)} customers, and `{name}` would be another")
        return
    everybody = (*people.customers, *people.employees, *people.brokers, *people.administrators, *people.others)
    yield from _among("person", name, everybody, *path)


def _agent(name: str, system: System, *path: str | int) -> Iterator[Misfit]:
    role = ROLES.get(name)
    if role is not None and not any(one.kind == role for one in system.agents.values()):
        yield Misfit(path, f"there is no {role.replace('_', '-')} agent")
    elif role is None and name:
        yield from _among("agent", name, system.agents, *path)


def _among(what: str, name: str, known: Iterable[str], *path: str | int) -> Iterator[Misfit]:
    names = list(known)
    if name not in names:
        yield Misfit(path, f"there is no {what} `{name}`", did_you_mean(name, names))
