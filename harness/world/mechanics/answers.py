"""What becomes of an answer: documents, state handles, the connection it comes back on, and what the runtime makes of it.

A runtime files an answer under the person of its task, since it knows no better; K26 compares that person with the one
whom the answer itself names. On a shared connection an answer that nobody read is read by whoever comes next.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from harness.trace import Cause
from harness.world.mechanics import guard
from harness.world.mechanics.commands import Call
from harness.world.mechanics.design import EndpointInfo
from harness.world.mechanics.effects import Effect, Hop, Stop, remember_refusal, settle
from harness.world.mechanics.records import Cached, Handle, Item, Record, Task
from harness.world.mechanics.replies import Reply, refused
from harness.world.mechanics.state import World


def receive(
    world: World,
    step: Call,
    hop: Hop,
    *,
    outer: Hop,
    records: Iterable[Record],
    task: Task | None,
    cached: Cached | None = None,
) -> Reply:
    """The answer comes back to whoever called at `outer`; returns what the LLM gets to see of it.

    One out of a cache names the person whom it was made for.
    """
    person = cached.user if cached is not None else hop.credential.user if hop.credential else None
    fresh = _items(hop.info, records, person)
    fresh = _without_labelled(world, step, hop, fresh, task)
    delivered = _through_pool(world, step, hop, fresh)
    if delivered is None:
        if task is not None:
            world.tasks[task.id] = replace(world.tasks[task.id], ended_by=task.ended_by or "cancelled")
        return Reply(ok=False, error="cancelled")
    fault = "fault:pooled_connection" if delivered != fresh else None
    foreign = [one for one in delivered if task is not None and one.label not in (None, task.user)]
    if foreign and world.design.on("K26", step.agent):
        world.pools.pop((hop.who.actor, hop.info.api), None)
        return _drop(world, step, outer, foreign, task, fault)
    keys = _file(world, delivered, step, task)
    return Reply(ok=True, items=keys, handle=_handle_for(world, outer.info, task, keys))


def _without_labelled(
    world: World, step: Call, hop: Hop, items: tuple[Item, ...], task: Task | None
) -> tuple[Item, ...]:
    """K11 where it is placed at a connector: what the purpose does not need is not handed to the agent at all."""
    if hop.info.api not in world.design.controls.setting("K11").at or not world.design.on("K11", hop.info.api):
        return items
    needed = world.design.needed(task.purpose if task else None)
    kept = tuple(item for item in items if all(name in needed for name in item.categories))
    if kept != items:
        remember_refusal(world, step, Stop(("K11",)))
    return kept


def _items(info: EndpointInfo, records: Iterable[Record], person: str | None) -> tuple[Item, ...]:
    """What leaves with the answer; it is labelled with the person it was authorized for, else with its owner."""
    return tuple(
        Item(
            record=one.id,
            owner=one.owner,
            entitled=one.entitled,
            categories=(one.category, *info.endpoint.extra),
            label=person if person in one.entitled else one.owner,
            subjects=one.subjects,
            trusted=one.trusted and info.endpoint.trusted,
        )
        for one in records
    )


def _through_pool(world: World, step: Call, hop: Hop, fresh: tuple[Item, ...]) -> tuple[Item, ...] | None:
    """The answer that is read: this one, or on a shared connection the oldest that nobody has read. None: not read."""
    if not world.design.system.apis[hop.info.api].pooled:
        return None if step.cancelled else fresh
    key = (hop.who.actor, hop.info.api)
    waiting = (*world.pools.get(key, ()), fresh)
    if step.cancelled:
        world.pools[key] = waiting
        return None
    world.pools[key] = waiting[1:]
    return waiting[0]


def _drop(world: World, step: Call, hop: Hop, foreign: list[Item], task: Task | None, fault: str | None) -> Reply:
    """K26: the answer is about somebody else; it is thrown away and the connection closed."""
    stop = Stop(("K26",), error="response_mismatch")
    cause = Cause(step.goal, step.twist or fault)
    effects = [Effect("answer.delivered", hop.who, _delivered(one, task.user if task else "nobody")) for one in foreign]
    settle(world, step, effects, stop, cause=cause)
    remember_refusal(world, step, stop)
    return refused(stop)


def _delivered(item: Item, to: str) -> dict[str, object]:
    return {"to": to, "owner": item.owner, "entitled": item.entitled, "category": item.categories[0]}


def _file(world: World, items: Iterable[Item], step: Call, task: Task | None) -> tuple[str, ...]:
    """Put items into the task's context: what the LLM sees from now on, credentials that lie among it included."""
    new = []
    for item in items:
        key = world.ids.next("item")
        world.items[key] = replace(item, filed_under=task.user if task else None, holder=None if task else step.agent)
        new.append(key)
        for name, secret in world.design.system.secrets.items():
            if secret.found_in in item.categories and task is not None:
                world.found[f"secret.{name}"] = (*world.found.get(f"secret.{name}", ()), task.agent)
    if task is not None:
        world.contexts[task.id] = (*world.contexts.get(task.id, ()), *new)
    return tuple(new)


def _handle_for(world: World, info: EndpointInfo, task: Task | None, keys: tuple[str, ...]) -> str | None:
    if not info.endpoint.handle or not keys:
        return None
    handle = world.ids.next("handle")
    held = tuple(world.items[one] for one in keys)
    world.handles[handle] = Handle(handle, info.api, task.user if task else "", held)
    return handle


def document(world: World, step: Call, hop: Hop, records: Iterable[Record]) -> Effect:
    """A document is generated from records and carries their owners and categories."""
    context = [world.items[one] for one in world.contexts.get(step.task or "", ())]
    found = list(records)
    owners = dict.fromkeys([record.owner for record in found] + [item.owner for item in context])
    categories = dict.fromkeys(
        [record.category for record in found] + [name for item in context for name in item.categories]
    )
    own = {"document": world.ids.next("document"), "owners": tuple(owners), "categories": tuple(categories)}
    return Effect("document.created", hop.who, own, hop.request)


# ---------------------------------------------------------------- state handles


def resume(world: World, step: Call, hop: Hop, task: Task | None) -> Reply:
    """Use a stored result by its handle: read it, act in its owner's name, or have what follows pushed somewhere."""
    found = world.handles.get(step.handle or "")
    if found is None or found.api != hop.info.api:
        return Reply(ok=False, error="not_found")
    effects = _handle_effects(world, hop, found, task)
    stop = _handle_stop(world, hop, found)
    settle(world, step, effects, stop)
    if stop is not None:
        remember_refusal(world, step, stop)
        return refused(stop)
    if hop.info.endpoint.handle_use == "callback":
        world.callbacks[found.id] = (*world.callbacks.get(found.id, ()), step)
        return Reply(ok=True)
    if hop.info.endpoint.handle_use == "message":
        return Reply(ok=True)
    _push(world, found, reader=task.user if task else None)
    return Reply(ok=True, items=_file(world, found.items, step, task))


def _handle_stop(world: World, hop: Hop, handle: Handle) -> Stop | None:
    """Whose handle is it? K05 at MCP servers, K04 for the tasks of A2A servers, K27 for where results are pushed."""
    if handle.user == (hop.credential.user if hop.credential else None):
        return None
    owner_check = "K04" if world.design.system.apis[hop.info.api].kind == "a2a" else "K05"
    wanted = [owner_check] + (["K27"] if hop.info.endpoint.handle_use == "callback" else [])
    found = [control for control in wanted if world.design.at(control, hop.info)]
    if not found:
        return None
    return Stop((found[0],), tuple(found[1:]), error="not_found", reason="not_owner", status=404)


def _handle_effects(world: World, hop: Hop, handle: Handle, task: Task | None) -> list[Effect]:
    purpose = task.purpose if task else None
    use = hop.info.endpoint.handle_use
    if use == "read":
        return [
            Effect("data.accessed", hop.who, world.design.held(item, purpose), hop.request) for item in handle.items
        ]
    if use == "callback":
        # what will be pushed is what the handle's owner gets; it leaves when it is there, without another call
        return [Effect("answer.delivered", hop.who, _delivered(one, hop.who.user or "nobody")) for one in handle.items]
    return [_instructed(world, hop, item) for item in handle.items[:1]]


def _instructed(world: World, hop: Hop, item: Item) -> Effect:
    """A message into a task makes its agent act with the authority of the task's owner."""
    record = world.design.all_records[item.record]
    own = guard.instructed(world, hop.info, record)
    return Effect("operation.completed", hop.who, own, hop.request)


def _push(world: World, handle: Handle, *, reader: str | None) -> None:
    """New results of a handle go to every address that was registered for it; no authorization is asked then."""
    if reader != handle.user:
        return
    for step in world.callbacks.get(handle.id, ()):
        task = world.tasks[step.task] if step.task is not None else None
        user = task.user if task else None
        who = world.who(step.agent, world.design.actor_type(step.agent), user=user, agent=step.agent, task=step.task)
        effects = [Effect("answer.delivered", who, _delivered(one, user or step.agent)) for one in handle.items]
        settle(world, step, effects, None)
