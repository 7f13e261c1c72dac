"""The one place where effects become facts, or attempts.

A handler is a pure function from a request and records to effects; it is asked also when the request is refused, so
that what was stopped is written with the same facts as what happened. `settle` writes either, never both.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from harness.trace import Attempt, Cause, Request, Who
from harness.world.mechanics.commands import Step
from harness.world.mechanics.design import EndpointInfo
from harness.world.mechanics.records import Credential, Operation, Record
from harness.world.mechanics.state import World


class Effect(NamedTuple):
    """One event that will happen, or that a control will stop."""

    kind: str
    who: Who
    own: Mapping[str, Any]
    request: Request | None = None


class Hop(NamedTuple):
    """One request on its way: who sends what with which credential to which endpoint."""

    info: EndpointInfo
    who: Who
    credential: Credential | None
    request: Request


class Stop(NamedTuple):
    """Why something was refused: the controls that did it (or `base`), those that would have, and what was answered.

    `spared` is the reason that a look would have given, where nobody looked any more (429).
    """

    by: tuple[str, ...]
    also: tuple[str, ...] = ()
    error: str = ""
    reason: str = "policy"
    challenge: str = ""
    status: int = 403
    spared: str = ""


def cause_of(step: Step) -> Cause:
    """The goal that a step serves and the twist that chose it."""
    return Cause(step.goal, step.twist)


def remember_refusal(world: World, step: Step, stop: Stop) -> None:
    """Keep for the goal who refused a step of it: an effect that fails later was stopped by these too."""
    key = (step.task or step.agent, step.goal)
    world.refusals[key] = _united(world.refusals.get(key, ()), stop.by)


def settle(
    world: World, step: Step, effects: Iterable[Effect], stop: Stop | None, *, cause: Cause | None = None
) -> None:
    """Write the effects of a step: as facts, or as attempts that carry every refusal on the way to the goal."""
    cause = cause or (cause_of(step) if stop is None else Cause(step.goal, step.twist or step.fault))
    attempt = None
    if stop is not None:
        earlier = world.refusals.get((step.task or step.agent, step.goal), ())
        by = _united(earlier, stop.by)
        attempt = Attempt(by, tuple(one for one in stop.also if one not in by))
    for effect in effects:
        world.emit(effect.kind, effect.who, effect.own, request=effect.request, attempt=attempt, cause=cause)


def allowed(world: World, step: Step, hop: Hop) -> None:
    """Write that a request got through to the handler."""
    world.emit("request.allowed", hop.who, request=hop.request, cause=cause_of(step))


def denied(world: World, who: Who, request: Request, reason: str, info: EndpointInfo) -> None:
    """Write that a request was refused, and that the enforcement point put it on record."""
    number = world.emit("request.denied", who, {"reason": reason}, request=request)
    world.emit(
        "audit.recorded",
        world.who(info.api, "service", domain=info.domain),
        {"about": number, "about_kind": "request.denied", "outcome": "denied", "record": f"audit{number}"},
    )


def _united(first: Sequence[str], second: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*first, *second)))


def touched(world: World, info: EndpointInfo, *, record: str | None, owner: str | None) -> tuple[Record, ...]:
    """The records that a request selects: one by its id, or all of this category of an owner."""
    category = info.endpoint.category
    if category is None:
        return ()
    if record is not None:
        found = world.records.get(record)
        return (found,) if found is not None and found.category == category else ()
    if owner is None:
        return ()
    return tuple(world.records[one] for one in world.design.records_of(owner, category) if one in world.records)


def indexed(world: World, info: EndpointInfo) -> tuple[Record, ...]:
    """What an index over everybody's records finds."""
    return tuple(one for one in world.records.values() if one.category == info.endpoint.category)


def disclosures(
    world: World, info: EndpointInfo, records: Iterable[Record], *, purpose: str | None
) -> Iterator[Mapping[str, Any]]:
    """What leaves (or changes in) the API: the facts of one `data.accessed` for each record."""
    for one in records:
        yield world.design.disclosure(one, action=info.endpoint.action, purpose=purpose)


def operation_fields(operation: Operation) -> dict[str, Any]:
    """The operation fields of the vocabulary."""
    own: dict[str, Any] = {
        "operation": operation.id,
        "type": operation.type,
        "record": operation.record,
        "owner": operation.owner,
        "entitled": operation.entitled,
        "category": operation.category,
        "privilege": operation.privilege,
        "amount": operation.amount,
        "details_hash": operation.details_hash,
        "reversible": operation.reversible,
        "mode": operation.mode,
        "currency": operation.currency,
    }
    if operation.payee is not None:
        own["payee"] = operation.payee
    return own
