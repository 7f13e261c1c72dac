"""What reaches a model provider: through the LLM gateway, or as an answer of the MCP server to a third-party agent.

K11 is enforced here with the consent that the token carries: provider, purpose, kinds of data and owner. A reduced
effect is written twice, the wanted one as stopped and the reduced one as happened. With K11 off everything passes that
comes with a valid token; the gateway keeps the provider's key either way.
"""

from __future__ import annotations

from harness.trace import Request, Who
from harness.world.mechanics import guard
from harness.world.mechanics.commands import SendToModel, Step
from harness.world.mechanics.effects import Effect, Stop, remember_refusal, settle
from harness.world.mechanics.records import Credential, Item, Record, Task
from harness.world.mechanics.replies import Reply, refused
from harness.world.mechanics.state import World

TOKENS_PER_ITEM = 400


def send_to_model(world: World, step: SendToModel) -> Reply:
    """Send the conversation and some data to a provider."""
    task = world.tasks.get(step.task) if step.task else None
    credential = world.credentials.get(step.credential) if step.credential else None
    info = world.design.llm_endpoint
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
    if stop is not None:
        return _refuse(world, step, who, request, [Effect("request.allowed", who, {}, request), *wanted], stop)
    settle(world, step, [Effect("request.allowed", who, {}, request)], None)
    kept, dropped = _minimised(world, info.api, step.provider, step.purpose or purpose, credential, items, task)
    if dropped:
        stop = Stop(("K11",), error="consent_does_not_cover", reason="policy")
        settle(world, step, _received(world, who, request, step.provider, purpose, dropped), stop)
        remember_refusal(world, step, stop)
    if dropped and not kept:
        return refused(Stop(("K11",), error="consent_does_not_cover"))
    if task is not None:
        typed = Item(record=f"{task.id}.text", owner=task.user, entitled=(task.user,), categories=(), origin="typed")
        settle(world, step, _received(world, who, request, step.provider, purpose, [typed]), None)
    settle(world, step, _received(world, who, request, step.provider, purpose, kept), None)
    world.count("llm_calls")
    return Reply(ok=True)


def answer_third_party(
    world: World, step: Step, credential: Credential | None, asked: guard.Asked, who: Who, request: Request
) -> tuple[Record, ...]:
    """What the MCP server answers to a third-party agent, whose provider has it then; returns what it may have."""
    task = world.tasks.get(step.task) if step.task else None
    provider = world.design.provider_of(step.agent)
    purpose = (task.purpose if task else None) or "none"
    extra = asked.info.endpoint.extra
    items = [Item(one.id, one.owner, one.entitled, (one.category, *extra), one.trusted) for one in asked.records]
    api = world.design.mcp_api
    kept, dropped = _minimised(world, api, provider, purpose, credential, items, task)
    if dropped:
        stop = Stop(("K11",), error="consent_does_not_cover", reason="policy")
        settle(world, step, _received(world, who, request, provider, purpose, dropped), stop)
        remember_refusal(world, step, stop)
    settle(world, step, _received(world, who, request, provider, purpose, kept), None)
    return tuple(one for one in asked.records if any(item.record == one.id for item in kept))


def _minimised(
    world: World,
    place: str,
    provider: str,
    purpose: str,
    credential: Credential | None,
    items: list[Item],
    task: Task | None,
) -> tuple[list[Item], list[Item]]:
    """The items as they may pass, reduced where necessary, and those that were wanted but may not."""
    if not world.design.on("K11", place):
        return items, []
    needed = world.design.needed(purpose)
    covered = _covered(world, credential, provider, purpose)
    kept: list[Item] = []
    dropped: list[Item] = []
    for item in items:
        allowed = tuple(one for one in item.categories if one in covered and one in needed)
        user = credential.user if credential else None
        if item.owner != user or not allowed:
            dropped.append(item)
            continue
        if allowed != item.categories:
            dropped.append(item)
        kept.append(Item(item.record, item.owner, item.entitled, allowed, item.trusted, item.origin))
    return kept, dropped


def _covered(world: World, credential: Credential | None, provider: str, purpose: str) -> tuple[str, ...]:
    """The categories for which the token carries a consent for this provider and purpose; blanket with K10 off."""
    if credential is None:
        return ()
    if not world.design.on("K10"):
        return world.design.needed(purpose)
    if credential.provider != provider or credential.purpose != purpose:
        return ()
    return credential.categories


def _foreign_items(world: World, step: SendToModel, items: list[Item], task: Task | None) -> Stop | None:
    """K05: the runtime puts nothing of another person's into this task's prompt, unless the person is entitled to it."""
    if task is None or not world.design.on("K05", step.agent):
        return None
    if any(task.user not in item.entitled for item in items):
        return Stop(("K05",), error="not_in_context")
    return None


def _received(world: World, who: Who, request: Request, provider: str, purpose: str, items: list[Item]) -> list[Effect]:
    """One `llm.received` for each person and origin among the items."""
    found = world.design.system.providers.get(provider)
    grouped: dict[tuple[str, str], list[Item]] = {}
    for item in items:
        grouped.setdefault((item.owner, item.origin), []).append(item)
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
    world.emit("request.denied", who, {"reason": stop.reason}, request=request)
    settle(world, step, wanted, stop)
    remember_refusal(world, step, stop)
    return refused(stop)
