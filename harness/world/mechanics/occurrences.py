"""Events as they are about to be written, with who has a part in them, and who does a declared step beside them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.plan.steps import GROUPS, SERVER_SIDE, Emitter, Step
from harness.trace import Attempt, Cause, Request, Who

if TYPE_CHECKING:
    from harness.world.mechanics.design import Design
    from harness.world.mechanics.state import World


class Moment(NamedTuple):
    """A step of one emitter, and on which side of an event it stands; `only` where somebody goes on in spite of it."""

    step: Step
    by: Emitter
    before: bool
    only: bool = False


class Occurrence(NamedTuple):
    """One event as it is about to be written."""

    kind: str
    who: Who
    own: Mapping[str, Any]
    request: Request | None
    attempt: Attempt | None
    cause: Cause | None


def known(found: Occurrence) -> dict[str, Any]:
    """Everything that an event says, by field."""
    facts: dict[str, Any] = {name: getattr(found.who, name) for name in Who.__struct_fields__}
    if found.request is not None:
        route = found.request.route
        facts |= {"request": found.request.request, "acr": found.request.acr, "permission": route.permission}
        facts |= {"api": route.api, "pep": route.pep, "endpoint": route.endpoint, "tool": route.tool}
    return facts | dict(found.own)


def takes_part(design: Design, by: Emitter, found: Occurrence) -> bool:
    """Whether an emitter has a part in an event. What operators and people do by themselves concerns every server."""
    who, request, name = found.who, found.request, by.name
    own_act = by.sort in SERVER_SIDE and by.sort != "endpoint" and request is None and who.task is None
    if own_act and who.actor_type in ("admin", "user", "employee"):
        return True
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
            return True
        case "person":
            return who.user == name or design.people_types.get(name) == "employee"
        case _:
            return who.agent is not None if name == "agent" else bool(_people(design, name, who.user))


def _people(design: Design, group: str, user: str | None) -> tuple[str, ...]:
    """The people of a group or role who can do a step in somebody's work: that person, who is assigned, the others."""
    types = GROUPS.get(group)
    employees = design.system.people.employees
    if types is not None and design.people_types.get(user or "") in types:
        return (str(user),)
    staff = [name for name, one in employees.items() if group in ("employee", one.role)]
    return tuple(sorted(staff, key=lambda name: user not in employees[name].assigned))


def who_of(world: World, by: Emitter, behind: Who, *, turn: int = 0, apart: bool = False) -> Who:
    """The people and programs behind a step: who does it, in the same work.

    `turn` counts those who do it for one event; `apart`: somebody else than who did that. Where there are not enough
    people the last one does it again.
    """
    design = world.design
    if by.sort == "endpoint":
        actor, kind = by.name.partition(".")[0], "service"
    elif by.sort in SERVER_SIDE:
        actor, kind = by.name, "service"
    elif by.sort == "agent":
        actor, kind = by.name, design.actor_type(by.name)
    elif by.name == "agent":
        actor, kind = str(behind.agent), design.actor_type(str(behind.agent))
    else:
        able = _able(design, by, behind)
        others = [one for one in able if one not in (behind.actor, behind.user)] if apart else able
        able = others or able
        actor = able[min(turn, len(able) - 1)]
        kind = "admin" if by.sort == "operator" else design.people_types.get(actor, "user")
    return world.who(
        actor, kind, user=behind.user, agent=behind.agent, session=behind.session, task=behind.task,
        domain=behind.domain or "home",
    )  # fmt: skip


def _able(design: Design, by: Emitter, behind: Who) -> list[str]:
    """The people who can do a step, whoever is at it already first."""
    admins = design.system.people.administrators
    if by.sort == "person" or by.name in admins:
        return [by.name]
    if by.sort == "operator":
        return sorted(admins, key=lambda name: name != behind.actor) or [by.name]
    return list(_people(design, by.name, behind.user)) or [by.name]
