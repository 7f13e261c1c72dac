"""Asking the enforcement points: what a request presents, what the protocol's check answers, who is credited for a no.

The protocol names which check refused; which control of the design stands behind that check is decided here, with the
one exception that an expiry is credited to short lifetimes only where the token would still live without them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from harness.oauth import Details, Presented, Refusal
from harness.plan.controls import credit
from harness.trace import Request, Who
from harness.world.mechanics import access, limits, proofs
from harness.world.mechanics.design import START_HOUR, EndpointInfo
from harness.world.mechanics.effects import Stop, denied, operation_fields
from harness.world.mechanics.legality import THIEF
from harness.world.mechanics.records import Credential, Operation, Record, Task
from harness.world.mechanics.state import World
from harness.world.mechanics.wire import api_client, post

BASE = "base"

_REASONS = {
    "scope": "insufficient_scope",
    "acr": "insufficient_user_authentication",
    "details": "insufficient_scope",
    "owner": "not_owner",
    "denied": "disabled",
    "lineage": "disabled",
    "session_denied": "invalid_token",
    "prompt_rate": "rate",
}
_INVALID_TOKEN = frozenset({"expired", "signature", "type", "issuer", "malformed", "audience", "sender", "inactive"})


class Asked(NamedTuple):
    """What a request is about: the endpoint whose handler runs, the records it selects, the operation it completes.

    `disclosed` are the facts of `data.accessed`, one for each record; `withheld` those of what an index would have found
    as well, had K04 not left it out. Where a request for records selects none, `about` are the people who may be told
    that there are none: the owner that it names.
    """

    info: EndpointInfo
    records: tuple[Record, ...]
    operation: Operation | None
    approval: str | None
    bare: bool = False
    disclosed: tuple[Mapping[str, Any], ...] = ()
    withheld: tuple[Mapping[str, Any], ...] = ()
    about: tuple[str, ...] | None = None


def decide(
    world: World,
    info: EndpointInfo,
    request: Request,
    credential: Credential | None,
    asked: Asked,
    *,
    by: EndpointInfo | None = None,
    presented: Presented | None = None,
) -> Stop | None:
    """The enforcement point's answer: None admits; the first refusal is the answer, the others would also stop.

    `by` is the endpoint that a gateway takes the request for, where that is another one; `presented` what the request
    shows, where that has been worked out before.
    """
    if presented is None or presented.hour != request.hour:
        presented = presented_at(world, info, credential, request, asked)
    found = _against(world, info, presented, credential, asked, by=by)
    if limits.exhausted(world, info, request):
        spared = stop_of(world, found, credential, place=info.api).reason if found else ""
        return Stop((BASE,), error="rate_limited", reason="rate", status=429, spared=spared)
    world.count("decisions")
    if not found:
        _note_admitted(world, info, presented, asked)
        return None
    limits.note_refusal(world, info, request)
    if found[0].check == "signature" and credential is not None:
        limits.note_unknown_key(world, info, credential.token)
    return stop_of(world, found, credential, place=info.api)


def refusals(
    world: World, info: EndpointInfo, request: Request, credential: Credential | None, asked: Asked
) -> tuple[Refusal, ...]:
    """Everything that the enforcement point has against a request, without effect but for what introspection told."""
    return _against(world, info, presented_at(world, info, credential, request, asked), credential, asked)


def _against(
    world: World,
    info: EndpointInfo,
    presented: Presented,
    credential: Credential | None,
    asked: Asked,
    *,
    by: EndpointInfo | None = None,
) -> tuple[Refusal, ...]:
    pep = world.peps[info.api]
    now_s = local_s(world, info.api) if world.conditions.late_ms else world.now_ms / 1000
    if credential is not None and pep.wants_introspection(credential.token, now_s=now_s):
        pep.introspected(credential.token, introspection(world, info.api, credential), now_s=now_s)
    if info.name != asked.info.name or not limits.small(info, asked.operation):
        rule = world.design.rules[(by or info).name]
        return world.design.applied(pep.check(presented, rule, now_s=now_s), by or info)
    assert asked.operation is not None, "only an operation is small"
    more = limits.too_much(world, info, asked.operation)
    if more is None:
        return world.design.applied(pep.check(presented, world.design.small_rules[info.name], now_s=now_s), info)
    found = world.design.applied(pep.check(presented, world.design.rules[info.name], now_s=now_s), info)
    return (more, *found) if found else ()


def _note_admitted(world: World, info: EndpointInfo, presented: Presented, asked: Asked) -> None:
    """What an enforcement point remembers of a request that it let in: proof and approval used up, a small amount."""
    pep = world.peps[info.api]
    if presented.proof is not None:
        pep.admitted(presented, now_s=local_s(world, info.api))
    if presented.approval is not None:
        pep.consume(presented.approval, now_s=world.now_s)
    if info.name == asked.info.name and info.endpoint.low_value is not None and asked.operation is not None:
        small = limits.small(info, asked.operation) and limits.too_much(world, info, asked.operation) is None
        limits.note_admitted(world, asked.operation, approved=not small)


def local_s(world: World, api: str) -> float:
    """The time by the clock of an API, which may run late."""
    return (world.now_ms - world.conditions.late_ms.get(api, 0)) / 1000


def introspection(world: World, api: str, credential: Credential) -> Mapping[str, Any] | None:
    """What the token's server says about it; None where the server does not answer."""
    response = post(world, credential.server, "/introspect", api_client(api), {"token": credential.token})
    return response.body if response.status == 200 else None


def stop_of(world: World, refusals: Iterable[Refusal], credential: Credential | None, *, place: str) -> Stop:
    """Refusals of the protocol as the controls they are credited to."""
    found = tuple(refusals)
    names = [_credited(world, one, credential, place) for one in found]
    first = found[0]
    also = tuple(dict.fromkeys(name for name in names[1:] if name != names[0]))
    reason = _REASONS.get(first.check, "invalid_token" if first.check in _INVALID_TOKEN else "policy")
    return Stop((names[0],), also, first.error, reason, first.challenge or "", first.status)


def _credited(world: World, refusal: Refusal, credential: Credential | None, place: str) -> str:
    if refusal.rule == "P-040" and world.design.on("K17", place):
        return "K17"  # an enforcement point that asks, and stays shut where nobody answers
    control = credit().get(refusal.check)
    if control is None or not world.design.on(control):
        return BASE
    if control == "K01" and world.design.is_egress(place):
        return "K11"
    if control == "K07" and credential is not None:
        lives_ms = credential.issued_ms + world.design.lifetime_without_k07_ms
        return "K07" if world.now_ms < lives_ms else BASE
    return control


def presented_at(
    world: World, info: EndpointInfo, credential: Credential | None, request: Request, asked: Asked
) -> Presented:
    """What a request shows an enforcement point, and what it is held against."""
    operation = asked.operation
    details = None
    if operation is not None and info.name == asked.info.name:
        details = details_of(operation, subject=operation.owner)
    shown = proofs.BEARER if asked.bare else proofs.at_api(world, request.actor_client, info, credential)
    return Presented(
        token=credential.token if credential else None,
        scheme=shown.scheme,
        proof=shown.proof,
        url=shown.url,
        certificate=None if asked.bare else world.design.certificate(request.actor_client),
        entitled=_entitled(world, info, asked) if info.name == asked.info.name else (),
        operation=details,
        region=asked.records[0].region if asked.records else None,
        hour=request.hour,
        approval=_presented_approval(world, info, credential, asked),
    )


def _entitled(world: World, info: EndpointInfo, asked: Asked) -> tuple[tuple[str, ...], ...]:
    """Who may see each of the records that a request selects, as this API knows it; of none, whom it is about."""
    if asked.about is not None:
        return (asked.about,)
    return tuple(access.entitled_at(world, info, record) for record in asked.records)


def details_of(operation: Operation, *, subject: str) -> Details:
    """An operation in the words of `authorization_details`."""
    fields = (
        ("operation", operation.id),
        ("resource", operation.record),
        ("amount", operation.amount),
        ("currency", operation.currency),
        ("payee", operation.payee or ""),
    )
    return Details(operation.type, subject, fields)


def instructed(world: World, info: EndpointInfo, record: Record) -> dict[str, Any]:
    """The operation that a message into somebody's task leads to."""
    operation = Operation(
        id=world.ids.next("op"),
        type=info.endpoint.operation or "instructed",
        record=record.id,
        owner=record.owner,
        entitled=record.entitled,
        category=record.category,
        privilege=info.endpoint.privilege,
    )
    return operation_fields(operation)


def _presented_approval(world: World, info: EndpointInfo, credential: Credential | None, asked: Asked) -> str | None:
    """The approval that the API consumes: the one in the details it has compared, else one that is named in the call."""
    if info.name != asked.info.name or info.endpoint.privilege != "high":
        return None
    if world.design.on("K13", info.api) and credential is not None and credential.approval is not None:
        return credential.approval
    return asked.approval


def request_facts(
    world: World, info: EndpointInfo, credential: Credential | None, *, actor: str, who: Who, asked: Asked
) -> Request:
    """The request as the trace tells it."""
    template = request_template(world, info, credential, actor=actor, who=who, asked=asked)
    return request_now(world, template, credential, who)


def request_template(
    world: World, info: EndpointInfo, credential: Credential | None, *, actor: str, who: Who, asked: Asked
) -> Request:
    """The part of a request that is the same each time it is made."""
    return Request(
        request="",
        route=info.route,
        token=credential.facts if credential else None,
        depth=credential.depth if credential else 0,
        actor_client=client_of(world, actor),
        agent_scope=world.design.agent_scope(who.agent, info.api),
        user_region=world.design.region_of(who.user),
        record_region=asked.records[0].region if asked.records else None,
        acr=credential.acr if credential else "low",
        hour=_hour(world),
    )


def request_now(world: World, same: Request, credential: Credential | None, who: Who) -> Request:
    """A request made at this instant: its own id, what is left of the token, whether the person is there."""
    user = world.people.get(who.user) if who.user is not None else None
    return Request(
        world.ids.next("req"),
        same.route,
        same.token,
        credential.expires_ms - world.now_ms if credential is not None else None,
        same.depth,
        same.actor_client,
        same.agent_scope,
        same.user_scope,
        same.user_region,
        same.record_region,
        same.acr,
        user is not None and user.present,
        _hour(world),
    )


def _hour(world: World) -> int:
    return (START_HOUR + world.now_ms // 3_600_000) % 24


def client_of(world: World, program: str) -> str | None:
    """The client_id that a program uses now; an outsider has none."""
    found = world.programs.get(program)
    if found is not None:
        return found.client if found.client != THIEF else None
    return program if program in world.design.system.services else None


def deliver_message(world: World, task: Task, subject: str) -> Stop | None:
    """The application's message to the agent (A2A `message/send`), checked at the agent's own enforcement point."""
    info = world.design.message_endpoint(task.agent)
    if info is None:
        return None
    credential = world.credentials[subject]
    app = world.design.portal
    who = world.who(app, "service", user=task.user, session=task.session, task=task.id)
    asked = Asked(info, (), None, None)
    request = request_facts(world, info, credential, actor=app, who=who, asked=asked)
    stop = decide(world, info, request, credential, asked)
    if stop is None:
        world.emit("request.allowed", who, {}, request=request)
    else:
        denied(world, who, request, stop.reason, info)
    return stop
