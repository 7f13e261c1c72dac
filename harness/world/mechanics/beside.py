"""Steps that a requirements file declares: events of its own, written beside those that the mechanics write.

An endpoint's step is done when its handler runs; any other stands right before or after an event in which its emitter
takes part. What is part of a server cannot be left out by whoever calls it: the wish is written as stopped, the step is
done all the same, and where its outcome is not the one needed the server goes no further. What agents and people do
themselves an agent can leave out, repeat, or take no notice of.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.plan.steps import GROUPS, LEFT_OUT, OTHERWISE, REPEATED, SERVER_SIDE, Emitter, Filled, Step, steps_of
from harness.plan.system import System
from harness.trace import Attempt, Cause, Request, Who

if TYPE_CHECKING:
    from harness.world.mechanics.design import Design, EndpointInfo
    from harness.world.mechanics.state import World

BASE = "base"
STOPPED = Attempt((BASE,))


class Moment(NamedTuple):
    """A step of one emitter, and on which side of an event it stands."""

    step: Step
    by: Emitter
    before: bool


class Occurrence(NamedTuple):
    """One event as it is about to be written."""

    kind: str
    who: Who
    own: Mapping[str, Any]
    request: Request | None
    attempt: Attempt | None
    cause: Cause | None


_OF_SORT: Mapping[str, tuple[str, ...]] = {"llm_gateway": ("llm.received",), "a2a": ()}
"""What comes of a request to an endpoint of these sorts besides what endpoints of all sorts do."""


class Schedule:
    """The steps of a system: `beside` by kind of event, `at` by endpoint whose handler does them."""

    def __init__(self, system: System, endpoints: Mapping[str, EndpointInfo]) -> None:
        self.beside: dict[str, tuple[Moment, ...]] = {}
        self.at: dict[str, tuple[Step, ...]] = {}
        for step in steps_of(system):
            for by in step.by:
                self._place(step, by, endpoints, system)

    def _place(self, step: Step, by: Emitter, endpoints: Mapping[str, EndpointInfo], system: System) -> None:
        if by.sort == "endpoint":
            info = endpoints[by.name]
            runs = endpoints.get(info.endpoint.calls or "", info)
            sort = system.apis[runs.api].kind
            by = Emitter(sort="endpoint", name=runs.name)
            if not {*effects_of(runs), *_OF_SORT.get(sort, ())} & {*step.before, *step.after}:
                if sort in _OF_SORT:  # no call of an API: the message to an agent, the prompt to a model
                    self.beside["request.allowed"] = (*self.beside.get("request.allowed", ()), Moment(step, by, False))
                else:
                    self.at[info.name] = (*self.at.get(info.name, ()), step)
                return
        for kinds, before in ((step.before, True), (step.after, False)):
            for kind in kinds:
                self.beside[kind] = (*self.beside.get(kind, ()), Moment(step, by, before))

    def places(self, kind: str) -> frozenset[str]:
        """The endpoints whose handlers do a step, each by itself and not as a part of something else."""
        return frozenset(name for name, steps in self.at.items() if any(step.kind == kind for step in steps))


def effects_of(info: EndpointInfo) -> Iterator[str]:
    """The kinds of events that the handler of an endpoint makes."""
    yield "request.allowed"
    if info.endpoint.action != "none":
        yield "data.accessed"
    if info.endpoint.operation is not None:
        yield "operation.completed"
    if info.endpoint.creates_document:
        yield "document.created"


# ---------------------------------------------------------------- beside an event


def write(world: World, moments: Iterable[Moment], found: Occurrence) -> int:
    """Write an event with the steps that stand beside it, each at the same instant; returns the event's id."""
    mine = [one for one in moments if one.step.kind not in world.stepping and takes_part(world.design, one.by, found)]
    outer = world.stepping
    for one in mine:
        if one.before:
            world.stepping = (*outer, found.kind, one.step.kind)
            _before(world, one, found)
    world.stepping = outer
    number = world.write(*found)
    found = found._replace(own={"id": number, **found.own})
    for one in mine:
        if not one.before:
            world.stepping = (*outer, found.kind, one.step.kind)
            _after(world, one, found)
    world.stepping = outer
    return number


def _before(world: World, moment: Moment, found: Occurrence) -> None:
    step, by = moment.step, moment.by
    twist = _twist(world, found)
    if by.sort in SERVER_SIDE:
        if twist == LEFT_OUT + step.kind and found.attempt is None:
            world.write(*found._replace(attempt=STOPPED))
        happen(world, step, by, found, attempt=found.attempt)
    elif twist != LEFT_OUT + step.kind:
        happen(world, step, by, found, times=_times(step, by, twist))


def _after(world: World, moment: Moment, found: Occurrence) -> None:
    step, by = moment.step, moment.by
    twist = _twist(world, found)
    if by.sort in SERVER_SIDE:
        if twist == LEFT_OUT + step.kind and found.attempt is None:
            happen(world, step, by, found, attempt=STOPPED)
        happen(world, step, by, found, attempt=found.attempt)
    elif twist != LEFT_OUT + step.kind and found.attempt is None:
        happen(world, step, by, found, times=_times(step, by, twist))


def _twist(world: World, found: Occurrence) -> str | None:
    """What goes wrong behind an event: what its author chose, or what is wrong with the task that it belongs to."""
    if found.cause is not None:
        return found.cause.twist
    task = world.tasks.get(found.who.task or "")
    return task.twist if task is not None else None


def _times(step: Step, by: Emitter, twist: str | None) -> int:
    own = by.sort == "agent" or (by.sort == "people" and by.name == "agent")
    return step.times if own and twist == REPEATED + step.kind else 1


def happen(
    world: World, step: Step, by: Emitter, found: Occurrence, *, attempt: Attempt | None = None, times: int = 1
) -> None:
    who = who_of(world, by, found.who)
    for _ in range(times):
        own = filled(world, step, who, known(found), otherwise=_twist(world, found) == OTHERWISE + step.kind)
        world.emit(step.kind, who, own, attempt=attempt, cause=found.cause)


def known(found: Occurrence) -> dict[str, Any]:
    """Everything that an event says, by field."""
    facts: dict[str, Any] = {name: getattr(found.who, name) for name in Who.__struct_fields__}
    if found.request is not None:
        route = found.request.route
        facts |= {"request": found.request.request, "acr": found.request.acr, "permission": route.permission}
        facts |= {"api": route.api, "pep": route.pep, "endpoint": route.endpoint, "tool": route.tool}
    return facts | dict(found.own)


# ---------------------------------------------------------------- who


def takes_part(design: Design, by: Emitter, found: Occurrence) -> bool:
    """Whether an emitter has a part in an event."""
    who, request, name = found.who, found.request, by.name
    match by.sort:
        case "endpoint":
            if request is None:
                return found.kind == "llm.received" and name == design.llm_endpoint.name
            return request.route.endpoint == name
        case "api":
            return who.actor == name or (request is not None and request.route.api == name)
        case "agent":
            return name in (who.agent, who.actor)
        case "service":
            return who.actor == name or (name == design.portal and who.task is not None)
        case "server":
            return design.system.servers[name].domain == (who.domain or "home")
        case "provider":
            return found.own.get("provider") == name or design.provider_of(who.agent or "") == name
        case "operator":
            return who.actor_type == "admin" or who.task is not None
        case "person":
            return who.user == name or (who.user is not None and design.people_types.get(name) == "employee")
        case _:
            return who.agent is not None if name == "agent" else _somebody(design, name, who.user) is not None


def _somebody(design: Design, group: str, user: str | None) -> str | None:
    """The person of a group or role who does a step in somebody's work: that person, who is assigned, or the first."""
    types = GROUPS.get(group)
    people = design.system.people
    if user is None:
        return None
    if types is not None and design.people_types.get(user) in types:
        return user
    staff = [name for name, one in people.employees.items() if group in ("employee", one.role)]
    return next((name for name in staff if user in people.employees[name].assigned), next(iter(staff), None))


def who_of(world: World, by: Emitter, behind: Who) -> Who:
    """The people and programs behind a step: who does it, in the same work."""
    design = world.design
    if by.sort == "endpoint":
        actor, kind = by.name.partition(".")[0], "service"
    elif by.sort in SERVER_SIDE:
        actor, kind = by.name, "service"
    elif by.sort == "agent":
        actor, kind = by.name, design.actor_type(by.name)
    elif by.sort == "operator":
        admins = design.system.people.administrators
        actor = by.name if by.name in admins else behind.actor if behind.actor in admins else next(iter(admins), by.name)
        kind = "admin"
    elif by.name == "agent":
        actor, kind = str(behind.agent), design.actor_type(str(behind.agent))
    else:
        actor = by.name if by.sort == "person" else str(_somebody(design, by.name, behind.user))
        kind = design.people_types.get(actor, "user")
    return world.who(
        actor, kind, user=behind.user, agent=behind.agent, session=behind.session, task=behind.task,
        domain=behind.domain or "home",
    )  # fmt: skip


# ---------------------------------------------------------------- with what


def filled(world: World, step: Step, who: Who, facts: Mapping[str, Any], *, otherwise: bool = False) -> dict[str, Any]:
    """The step's own fields; what nobody can know is left out."""
    own: dict[str, Any] = {}
    for name, field in step.fields.items():
        value = _value(field, facts)
        if value is None or (otherwise and field.otherwise != field.value):
            value = field.otherwise if otherwise else field.value
        if value is None and field.type == "word" and not field.many:
            value = who.actor if field.person else world.ids.next(name)
        if value is not None:
            own[name] = value
    return own


def _value(field: Filled, facts: Mapping[str, Any]) -> Any:
    """What the world knows under one of a field's names, where it is of the field's sort."""
    for name in field.names:
        value = facts.get(name)
        if value is None or (field.words and value not in field.words):
            continue
        if field.many:
            return value if isinstance(value, tuple) else (value,)
        if isinstance(value, _SORTS[field.type]) and (field.type == "flag") == isinstance(value, bool):
            return value
    return None


_SORTS: Mapping[str, tuple[type, ...]] = {
    "word": (str, int), "enum": (str,), "flag": (bool,), "number": (int, float), "duration": (int,),
}  # fmt: skip
