"""Steps: what happens by the events that a requirements file declares, by whom, and when in the course of the work.

An emitter is a thing of the system. An *endpoint* (or a tool) makes its event whenever its handler runs. Whatever else it
is takes its step beside the events in which it takes part: right before those that need the step, right after those that
lead to it, else at the start of a task, an operation, or an operator's act. `payments.screen` is a step of the API
`payments` where that has no endpoint of this name; likewise for agents, services and people.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from harness.plan.system import System
from harness.plan.values import Closed
from harness.requirements.words import head_of

Sort = Literal["endpoint", "api", "agent", "service", "server", "provider", "person", "people", "operator"]
SERVER_SIDE = frozenset({"endpoint", "api", "service", "server", "provider"})
"""What an LLM cannot leave out: whoever calls, the step is part of what is called."""

LEFT_OUT, OTHERWISE, REPEATED = "left_out.", "otherwise.", "repeated."
LATE, FOR_ANOTHER, TOO_FEW, DESPITE = "late.", "for_another.", "too_few.", "despite."
STEP_TWISTS = {
    LEFT_OUT: "a required step is left out",
    OTHERWISE: "goes on although a required step came out otherwise",
    REPEATED: "does a step again and again",
    LATE: "a required step comes too late, or was done too long ago",
    FOR_ANOTHER: "a required step was done for something else",
    TOO_FEW: "fewer than needed do a required step",
    DESPITE: "goes on although something has happened that forbids it",
}
"""Misbehaviours about a step, each named with the kind of event."""

Act = dict[str, str]
DEEDS: dict[str, tuple[tuple[Act, ...], Act, tuple[Act, ...]]] = {
    "agent.disabled": ((), {"disable_agent": "main"}, ({"enable_agent": "main"},)),
    "agent.enabled": (({"disable_agent": "main"},), {"enable_agent": "main"}, ({"enable_agent": "main"},)),
    "user.disabled": ((), {"lock_user": "$person"}, ({"unlock_user": "$person"},)),
    "user.enabled": (({"lock_user": "$person"},), {"unlock_user": "$person"}, ({"unlock_user": "$person"},)),
    "session.ended": ((), {"end_sessions_of": "$person"}, ()),
    "token.revoked": ((), {"revoke_task_of": "$person"}, ()),
    "task.halted": ((), {"halt_task_of": "$person"}, ()),
    "consent.withdrawn": ((), {"withdraw_consent": "$person"}, ()),
    "consent.granted": ((), {"give_consent": "$person"}, ()),
    "tool.changed": ((), {"change_tool": "$tool"}, ({"approve_tool": "$tool"},)),
    "tool.approved": (({"change_tool": "$tool"},), {"approve_tool": "$tool"}, ({"approve_tool": "$tool"},)),
}
"""What operators and people do beside the work, by the event that it makes: what has to be so before, how a scenario says
it, and what makes up for it."""
PEOPLE_DO = frozenset({"session.ended", "token.revoked", "task.halted", "consent.withdrawn", "consent.granted"})
"""Deeds about a person's work, which has to be under way."""
STOPPABLE = frozenset({
    "agent.disabled", "agent.enabled", "user.disabled", "user.enabled", "session.ended", "token.revoked", "tool.changed",
    "tool.approved",
})  # fmt: skip
"""Deeds that a procedure can refuse; what a person is free to do none can."""

GROUPS = {
    "customer": ("user",), "user": ("user",), "employee": ("employee",), "broker": ("user",),
    "administrator": ("admin",), "admin": ("admin",), "operator": ("admin",), "agent": ("agent",),
}  # fmt: skip
"""Words that stand for everybody of a kind."""


class Emitter(Closed):
    """A thing of the system that makes an event happen; `name` is a group's or role's where `sort` is `people`."""

    sort: Sort
    name: str


class Filled(Closed):
    """Where a field's value comes from: what the world knows under one of `names`, else `value`, else a fresh id."""

    names: tuple[str, ...]
    type: Literal["word", "enum", "flag", "number", "duration"] = "word"
    many: bool = False
    words: tuple[str, ...] = ()
    person: bool = False
    value: str | bool | int | float | None = None
    otherwise: str | bool | int | float | None = None


Compared = Literal["is", "is not", "<", "<=", ">", ">="]


class Tie(Closed):
    """What a rule asks of a step before events of the kinds `about`: the evidence that a guard can look for.

    `same` are pairs of fields, of the event and of the step; an age up to `within_ms` counts; `ended_by` are events after
    which the step counts only `grace_ms` longer. `compares` are further tests of a field of the event against one of the
    step, `differs` fields of the step itself that are not equal.
    """

    about: tuple[str, ...] = ()
    same: tuple[tuple[str, str], ...] = ()
    within_ms: int | None = None
    at_least: int = 1
    distinct: str | None = None
    use_once: bool = False
    ended_by: tuple[str, ...] = ()
    grace_ms: int = 0
    compares: tuple[tuple[str, Compared, str], ...] = ()
    differs: tuple[tuple[str, str], ...] = ()


class Step(Closed):
    """One kind of event, as the world plays it; a kind that the file does not declare has no emitter.

    `before` and `after` are the kinds of events that it stands beside; `fields` say how each of its own is filled;
    `twists` are the misbehaviours that something in the requirements gives a meaning to; `times` how often too often is,
    `late_ms` how long after its event the step may come, `old_ms` how long before, `delay_ms` from when on it forbids,
    `window_ms` in what time it is counted; `aims` the requirements that speak of it. It is done `count` times, by different
    ones in the field `distinct`; `tied` are the fields by which rules know for what it was done. An `occasional` step
    belongs to no ordinary work; one that is done `apart` is not done by whoever it is for. `needs` and `bans` are what
    rules ask before other events, and forbid after it.
    """

    kind: str
    by: tuple[Emitter, ...]
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    fields: dict[str, Filled] = {}
    twists: tuple[str, ...] = ()
    times: int = 1
    late_ms: int = 0
    old_ms: int = 0
    delay_ms: int = 0
    window_ms: int = 0
    aims: tuple[str, ...] = ()
    count: int = 1
    distinct: str | None = None
    tied: tuple[str, ...] = ()
    apart: bool = False
    occasional: bool = False
    needs: tuple[Tie, ...] = ()
    bans: tuple[Tie, ...] = ()


class Stepped(System):
    """A system together with the steps that a requirements file declares; no file says this."""

    steps: tuple[Step, ...] = Field(default=())


def with_steps(system: System, steps: tuple[Step, ...]) -> System:
    """The same system, in which these steps are done."""
    return Stepped.model_construct(**{**system.__dict__, "steps": steps}) if steps else system


def steps_of(system: System) -> tuple[Step, ...]:
    """The steps that are done in a system."""
    return system.steps if isinstance(system, Stepped) else ()


def step_twists(system: System) -> tuple[str, ...]:
    """The misbehaviours that a system's steps give rise to, by id."""
    return tuple(twist + step.kind for step in steps_of(system) for twist in step.twists)


def step_twist_name(twist: str) -> str | None:
    """What such a misbehaviour is called; None for one of the catalogue."""
    return next((f"{name} ({twist.removeprefix(key)})" for key, name in STEP_TWISTS.items() if twist.startswith(key)), None)


def emitter(name: str, system: System) -> Emitter | None:
    """What an `emitted_by` names in a system; None where there is no such thing."""
    endpoints = {f"{api}.{one}": api for api, group in system.apis.items() for one in group.endpoints}
    if name in endpoints:
        return Emitter(sort="endpoint", name=name)
    servers = (api for api, group in system.apis.items() if group.kind == "mcp" and name in group.endpoints)
    tool = next((f"{api}.{name}" for api in servers), None)
    if tool is not None:
        return Emitter(sort="endpoint", name=tool)
    head = head_of(name, dict(_doers(system)), endpoints)
    return dict(_doers(system))[head] if head is not None else None


def emitters(system: System) -> frozenset[str]:
    """Everything that can do steps of its own, by name."""
    return frozenset(name for name, _ in _doers(system))


def reached(system: System) -> frozenset[str]:
    """The endpoints and tools that honest work comes to, by the names that `emitted_by` can use."""
    named = {tool for task in system.tasks.values() for tool in (task.tool, *task.reads, task.then) if tool}
    found = set(named)
    for api, group in system.apis.items():
        for name, endpoint in group.endpoints.items():
            if f"{api}.{name}" in named and endpoint.calls:
                found.add(endpoint.calls)
            if group.kind in ("a2a", "llm_gateway"):
                found.add(f"{api}.{name}")
    tools = {
        name for api, group in system.apis.items() if group.kind == "mcp" for name in group.endpoints if f"{api}.{name}" in found
    }
    return frozenset(found | tools)


def _doers(system: System) -> Iterator[tuple[str, Emitter]]:
    """Who can do steps, by name; the first of a name counts last, as the narrowest."""
    people = system.people
    for name in GROUPS:
        yield name, Emitter(sort="operator" if GROUPS[name] == ("admin",) else "people", name=name)
    for one in people.employees.values():
        yield one.role, Emitter(sort="people", name=one.role)
    for name in people.administrators:
        yield name, Emitter(sort="operator", name=name)
    for name in (*people.customers, *people.employees, *people.brokers, *people.others):
        yield name, Emitter(sort="person", name=name)
    groups: tuple[tuple[Sort, dict[str, object]], ...] = (
        ("provider", dict(system.providers)), ("server", dict(system.servers)), ("service", dict(system.services)),
        ("agent", dict(system.agents)), ("api", dict(system.apis)),
    )  # fmt: skip
    for sort, names in groups:
        yield from ((name, Emitter(sort=sort, name=name)) for name in names)
