"""What a call is about at one of its hops: whose request it is, which records it selects, what it presents.

A program that makes the same call again asks the same thing again, so this is worked out once. Remembered is only what
follows from the call, the credential and the programs behind it; an aim is used as long as these are the same objects.
Nothing that is decided is remembered: presence, time, expiry and every check are looked at on every call.
"""

from __future__ import annotations

from typing import NamedTuple

from harness.oauth import Presented
from harness.trace import Request, Who
from harness.world.mechanics import access, guard
from harness.world.mechanics.commands import Call
from harness.world.mechanics.design import EndpointInfo, privilege_of
from harness.world.mechanics.effects import Hop, disclosures, indexed, touched
from harness.world.mechanics.records import Credential, Operation, Program, Record, Task
from harness.world.mechanics.state import World

MAX_AIMS = 4_096
Origin = tuple[Credential | None, Program | None, Program | None]


class Aim(NamedTuple):
    """One hop of a call, but for what is different each time; `origin` is what it was worked out from.

    `presented` is None where a proof has to be made each time.
    """

    asked: guard.Asked
    who: Who
    request: Request
    presented: Presented | None
    origin: Origin


def aimed(
    world: World,
    step: Call,
    info: EndpointInfo,
    credential: Credential | None,
    task: Task | None,
    *,
    actor: str,
    asked: guard.Asked | None = None,
) -> Aim:
    """What the hop is about; `asked` where an earlier hop has settled that. Calls of operations are new each time."""
    behind = behind_tool(world, step, info)
    key = (step, info.name, actor, behind, task and (task.user, task.session, task.purpose))
    origin = (credential, world.programs.get(actor), world.programs.get(step.agent))
    known: Aim | None = world.aims.get(key)
    if known is not None and _same(known.origin, origin) and _still(world, known, asked):
        return known
    aim = _aim(world, step, info, task, actor, asked or selected(world, step, info, task, credential), origin)
    if aim.asked.operation is None and not aim.asked.withheld:
        if len(world.aims) >= MAX_AIMS:
            world.aims.clear()
        world.aims[key] = aim
    return aim


def _same(before: Origin, now: Origin) -> bool:
    return before[0] is now[0] and before[1] is now[1] and before[2] is now[2]


def _still(world: World, aim: Aim, asked: guard.Asked | None) -> bool:
    """Whether the records are those that the ledger has now, or that an earlier hop has selected."""
    if asked is not None:
        return aim.asked is asked
    for record in aim.asked.records:  # noqa: SIM110  # on the path of every call: a generator costs more than the loop
        if world.records.get(record.id) is not record:
            return False
    return True


def hop_of(world: World, info: EndpointInfo, credential: Credential | None, aim: Aim) -> Hop:
    """The request on its way now."""
    return Hop(info, aim.who, credential, guard.request_now(world, aim.request, credential, aim.who))


def _aim(
    world: World, step: Call, info: EndpointInfo, task: Task | None, actor: str, asked: guard.Asked, origin: Origin
) -> Aim:
    credential = origin[0]
    who = world.who(
        actor,
        world.design.actor_type(actor),
        user=task.user if task else step.person,
        agent=step.agent if world.design.is_agent(step.agent) else None,
        session=credential.session if credential else (task.session if task else None),
        task=step.task,
        domain=info.domain,
    )
    request = guard.request_template(world, info, credential, actor=actor, who=who, asked=asked)
    proves = credential is not None and credential.facts.token_proof == "dpop"
    late = bool(world.conditions.lags)  # what a replica knows of owners changes without a new record
    presented = None if proves or late else guard.presented_at(world, info, credential, request, asked)
    return Aim(asked, who, request, presented, origin)


# ---------------------------------------------------------------- what is asked for


def behind_tool(world: World, step: Call, info: EndpointInfo) -> str | None:
    """What a tool calls: as it is defined now, or as a misbehaving server has it."""
    return step.passthrough or world.behind.get(info.name) or info.endpoint.calls


def selected(
    world: World,
    step: Call,
    info: EndpointInfo,
    task: Task | None,
    credential: Credential | None,
    *,
    by: str = "caller",
) -> guard.Asked:
    """What the request is about: the records it selects, and the operation it would complete.

    Without a parameter an API answers about the caller, which a server that presents another person's token (`by` the
    token) takes for that person.
    """
    behind = behind_tool(world, step, info)
    target = world.design.endpoints[behind] if behind else info
    person = task.user if task else step.person
    if by == "token" and credential is not None and credential.user is not None:
        person = credential.user
    owner = step.owner or (person if step.record is None else None)
    everybody = target.endpoint.covers == "everybody" and step.record is None and step.owner is None
    records = indexed(world, target) if everybody else touched(world, target, record=step.record, owner=owner)
    records, withheld = _trimmed(world, target, records, credential) if everybody else (records, ())
    operation = None
    if target.endpoint.operation is not None and records:
        records = records[:1]
        operation = _operation(world, step, target, records[0])
    purpose = task.purpose if task else None
    disclosed = tuple(disclosures(world, target, records, purpose=purpose))
    kept = tuple(disclosures(world, target, withheld, purpose=purpose))
    about = None
    if not records and not everybody and target.endpoint.category is not None:
        about = (owner,) if owner is not None else ()
    return guard.Asked(target, records, operation, step.approval, step.bare, disclosed, kept, about)


def _trimmed(
    world: World, target: EndpointInfo, records: tuple[Record, ...], credential: Credential | None
) -> tuple[tuple[Record, ...], tuple[Record, ...]]:
    """K04 at an index: what the person in the token may see, as the index knows it, and the rest."""
    if not world.design.at("K04", target):
        return records, ()
    person = credential.user if credential else None
    seen = tuple(one for one in records if person in access.entitled_at(world, target, one))
    return seen, tuple(one for one in records if one not in seen)


def _operation(world: World, step: Call, info: EndpointInfo, record: Record) -> Operation:
    """The operation that a call asks for; it keeps the id chosen when its approval was asked for."""
    approval = world.approvals.get(step.approval) if step.approval else None
    key = step.operation or (approval.operation.id if approval else None) or world.ids.next("op")
    return Operation(
        id=key,
        type=str(info.endpoint.operation),
        record=record.id,
        owner=record.owner,
        entitled=record.entitled,
        category=record.category,
        privilege=privilege_of(info, step.amount),
        amount=step.amount,
        currency=step.currency,
        payee=step.payee,
        reversible=info.endpoint.privilege != "high",
    )
