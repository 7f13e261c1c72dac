"""What reaches a model provider: through the LLM gateway, or as an answer of the MCP server to a third-party agent.

K11 is enforced here with the consent that the token carries: provider, purpose, kinds of data and owner. A reduced
effect is written twice, the wanted one as stopped and the reduced one as happened. With K11 off everything passes that
comes with a valid token; the gateway keeps the provider's key either way.
"""

from __future__ import annotations

from typing import NamedTuple

from msgspec.structs import replace

from harness.plan.controls import INSISTING
from harness.trace import Cause, Request, Who
from harness.world.mechanics import beside, guard
from harness.world.mechanics.commands import SendToModel, Step
from harness.world.mechanics.effects import Effect, Hop, Stop, denied, remember_refusal, settle
from harness.world.mechanics.occurrences import Occurrence
from harness.world.mechanics.records import Credential, Item, Record, Task
from harness.world.mechanics.replies import Reply, refused
from harness.world.mechanics.state import World

TOKENS_PER_ITEM = 400
FALLBACK = "fault:provider_fallback"


def send_to_model(world: World, step: SendToModel) -> Reply:
    """Send the conversation and some data to a provider."""
    if not world.conditions.answers(step.provider, world.now_ms):
        return _fall_back(world, step)
    task = world.tasks.get(step.task) if step.task else None
    credential = world.credentials.get(step.credential) if step.credential else None
    info = world.design.llm_endpoint
    if not world.conditions.answers(info.api, world.now_ms):
        world.count("unanswered")
        return Reply(ok=False, error="temporarily_unavailable")
    who = world.who(
        step.agent,
        world.design.actor_type(step.agent),
        user=task.user if task else None,
        agent=step.agent,
        session=credential.session if credential else (task.session if task else None),
        task=step.task,
        domain=info.domain,
    )
    asked = guard.Asked(info, (), None, None)
    request = guard.request_facts(world, info, credential, actor=step.agent, who=who, asked=asked)
    purpose = (task.purpose if task else step.purpose) or "none"
    items = [world.items[one] for one in step.items]
    wanted = _received(world, who, request, step.provider, purpose, items)
    stop = guard.decide(world, info, request, credential, asked) or _foreign_items(world, step, items, task)
    if stop is None and info.name in world.design.schedule.asks:
        stop = _insisted(world, step, request, wanted[0] if wanted else Effect("llm.received", who, {}, request))
    if stop is not None:
        return _refuse(world, step, who, request, [Effect("request.allowed", who, {}, request), *wanted], stop)
    settle(world, step, [Effect("request.allowed", who, {}, request)], None)
    kept = _reduce(world, step, info.api, who, request, Disclosure(step.provider, purpose, credential), items)
    if items and not kept:
        return Reply(ok=False, error="consent_does_not_cover")
    if task is not None:
        typed = Item(record=f"{task.id}.text", owner=task.user, entitled=(task.user,), categories=(), origin="typed")
        settle(world, step, _received(world, who, request, step.provider, purpose, [typed]), None)
    settle(world, step, _received(world, who, request, step.provider, purpose, kept), None)
    world.count("llm_calls")
    return Reply(ok=True)


def answer_third_party(
    world: World, step: Step, outer: Hop, asked: guard.Asked, *, checked: bool = True
) -> tuple[Record, ...]:
    """What the MCP server answers to a third-party agent, whose provider has it then; returns what it may have.

    What a cache before the server hands out, nobody has `checked` here.
    """
    task = world.tasks.get(step.task) if step.task else None
    provider = world.design.provider_of(step.agent)
    purpose = (task.purpose if task else None) or "none"
    extra = asked.info.endpoint.extra
    kept = [
        Item(one.id, one.owner, one.entitled, (one.category, *extra), subjects=one.subjects, trusted=one.trusted)
        for one in asked.records
    ]
    if checked:
        disclosure = Disclosure(provider, purpose, outer.credential)
        kept = _reduce(world, step, world.design.mcp_api, outer.who, outer.request, disclosure, kept)
    settle(world, step, _received(world, outer.who, outer.request, provider, purpose, kept), None)
    return tuple(one for one in asked.records if any(item.record == one.id for item in kept))


def _fall_back(world: World, step: SendToModel) -> Reply:
    """The provider is down: the request goes where the design sends it then, with the token that it came with."""
    down = world.design.system.providers[step.provider]
    tried = {step.provider}
    other = down.fallback
    while other is not None and other not in tried and not world.conditions.answers(other, world.now_ms):
        tried.add(other)
        other = world.design.system.providers[other].fallback
    if other is None or other in tried:
        world.count("unanswered")
        return Reply(ok=False, error="temporarily_unavailable")
    return send_to_model(world, replace(step, provider=other, twist=step.twist or FALLBACK))


class Disclosure(NamedTuple):
    """To whom data would go, what for, and with which token."""

    provider: str
    purpose: str
    credential: Credential | None


def _reduce(
    world: World, step: Step, place: str, who: Who, request: Request, disclosure: Disclosure, items: list[Item]
) -> list[Item]:
    """What may pass of the items; what may not is written as stopped, by the control that held it back."""
    kept, held = filtered(world, place, items, disclosure)
    for control, dropped in held:
        stop = Stop((control,), error="consent_does_not_cover", reason="policy")
        settle(world, step, _received(world, who, request, disclosure.provider, disclosure.purpose, dropped), stop)
        remember_refusal(world, step, stop)
    return kept


def filtered(
    world: World, place: str, items: list[Item], disclosure: Disclosure
) -> tuple[list[Item], list[tuple[str, list[Item]]]]:
    """What passes of some items at a place, and what each control holds back.

    K11 with the strength `audience` looks at the token only, so it holds nothing back here.
    """
    kept, held = items, []
    for control, rule in (("K11", minimised), ("K30", agreed)):
        if world.design.strength_at(control, place) != "audience" and world.design.on(control, place):
            kept, dropped = rule(world, kept, disclosure)
            held += [(control, dropped)] if dropped else []
    return kept, held


def minimised(world: World, items: list[Item], disclosure: Disclosure) -> tuple[list[Item], list[Item]]:
    """K11: the items as they may pass, and those that were wanted but may not.

    The owner label is compared with the person in the token; with the strength `subjects` the parts about others are
    masked as well.
    """
    needed = world.design.needed(disclosure.purpose)
    covered = _covered(world, disclosure)
    masks = world.design.controls.setting("K11").strength == "subjects"
    credential = disclosure.credential
    whose = {credential.user, *credential.owners} if credential else set()
    kept: list[Item] = []
    dropped: list[Item] = []
    for item in items:
        allowed = tuple(one for one in item.categories if one in covered and one in needed)
        if item.owner not in whose or not allowed:
            dropped.append(item)
            continue
        if allowed != item.categories:
            dropped.append(replace(item, subjects=()))
        if masks:
            dropped += [replace(item, owner=subject, subjects=()) for subject in item.subjects]
        kept.append(replace(item, categories=allowed, subjects=() if masks else item.subjects))
    return kept, dropped


def agreed(world: World, items: list[Item], disclosure: Disclosure) -> tuple[list[Item], list[Item]]:
    """K30: the parts about people who have not agreed to this provider and purpose are masked."""
    consents = world.home.store.consents.values()
    agreed = {
        one.user
        for one in consents
        if one.state == "given" and (one.recipient, one.purpose) == (disclosure.provider, disclosure.purpose)
    }
    kept, dropped = [], []
    for item in items:
        silent = tuple(one for one in item.subjects if one not in agreed)
        dropped += [replace(item, owner=one, subjects=()) for one in silent]
        kept.append(replace(item, subjects=tuple(one for one in item.subjects if one in agreed)))
    return kept, dropped


def _covered(world: World, disclosure: Disclosure) -> tuple[str, ...]:
    """The categories for which the token carries a consent for this provider and purpose; blanket with K10 off."""
    credential = disclosure.credential
    if credential is None:
        return ()
    if not world.design.on("K10"):
        return world.design.needed(disclosure.purpose)
    if (credential.provider, credential.purpose) != (disclosure.provider, disclosure.purpose):
        return ()
    return credential.categories


def _foreign_items(world: World, step: SendToModel, items: list[Item], task: Task | None) -> Stop | None:
    """K05: the runtime puts nothing of another person's into this task's prompt, unless the person is entitled to it."""
    if task is None or not world.design.on("K05", step.agent):
        return None
    if any(item.filed_under not in (None, task.user) for item in items):
        return Stop(("K05",), error="not_in_context")
    return None


def _insisted(world: World, step: SendToModel, request: Request, wanted: Effect) -> Stop | None:
    """K32: evidence that the gateway insists on before anything goes to a provider."""
    route = request.route
    own = {"provider": step.provider, **wanted.own}
    found = Occurrence(wanted.kind, wanted.who, own, request, None, Cause(step.goal, step.twist))
    if beside.missing(world, route.endpoint, found, api=route.api) is None:
        return None
    return Stop((INSISTING,), error="step_missing", status=428)


def _received(world: World, who: Who, request: Request, provider: str, purpose: str, items: list[Item]) -> list[Effect]:
    """One `llm.received` for each person and origin among the items."""
    found = world.design.system.providers.get(provider)
    grouped: dict[tuple[str, str], list[Item]] = {}
    for item in items:
        for person in (item.owner, *item.subjects):
            grouped.setdefault((person, item.origin), []).append(item)
    effects = []
    for (owner, origin), group in grouped.items():
        tokens = TOKENS_PER_ITEM * len(group)
        own = {
            "provider": provider,
            "origin": origin,
            "entitled": group[0].entitled,
            "model": found.model if found else "unknown",
            "region": found.region if found else "unknown",
            "owner": owner,
            "categories": tuple(dict.fromkeys(name for item in group for name in item.categories)),
            "purpose": purpose,
            "tokens": tokens,
            "cost": round(tokens * (found.cost_per_1000_tokens if found else 0.0) / 1000, 6),
        }
        effects.append(Effect("llm.received", who, own, request))
    return effects


def _refuse(world: World, step: SendToModel, who: Who, request: Request, wanted: list[Effect], stop: Stop) -> Reply:
    denied(world, who, request, stop.reason, world.design.llm_endpoint)
    settle(world, step, wanted, stop)
    remember_refusal(world, step, stop)
    return refused(stop)
