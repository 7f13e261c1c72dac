"""Parts of the fingerprint that few systems have, or that tell when more than what: see `canon`.

What is due, kept tokens, amounts that add up, late copies, and the time of day.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from functools import partial
from typing import Any, NamedTuple, TypeVar, cast

from harness.plan.steps import Step
from harness.search.node import Node
from harness.search.steps import Shape
from harness.world.mechanics.jobs import Job
from harness.world.mechanics.occurrences import Occurrence, known
from harness.world.mechanics.records import Credential, Due
from harness.world.mechanics.state import World

Names = Mapping[Any, Hashable]
DAY_MS = 86_400_000
OF_ONE_EVENT = frozenset({"id", "request"})
"""Facts of what was recorded that no other event has: no two pieces of evidence are told apart by them."""


T = TypeVar("T")


class Told(NamedTuple):
    """How a credential is told: its shape, and the hash of that with canonical names."""

    shape: Shape
    mark: int


def once(node: Node, record: object, tell: Callable[[], T], under: Hashable = None) -> T:
    """What is told of an immutable record, worked out once however many states hold it; of each there is one `tell`.

    What is told of it as something that is kept `under` a key is another matter.

    All states that hold the very same record come from the one in which a step made it, and what it speaks of had its
    name by then (`canon` says which names last): so the memory is shared by all forks. It keeps the records alive, or two
    might have one identity. Not for what steps were given, as commands: the same may be given in two states.
    """
    key = id(record) if under is None else (id(record), under)
    known = node.told.get(key)
    if known is None:
        known = node.told[key] = record, tell()
    told: T = known[1]
    return told


def told(node: Node, names: Names, held: Credential) -> Told:
    """How a credential is told, which is the same as long as it is held."""

    def tell() -> Told:
        shape = node.shape(held)
        return Told(shape, hash(hashable(shape, names)))

    return once(node, held, tell)


def facts_of(recorded: Mapping[str, Any], names: Names) -> Hashable:
    """What was recorded, without what no other event has."""
    return frozenset((key, hashable(value, names)) for key, value in recorded.items() if key not in OF_ONE_EVENT)


def hashable(value: Any, names: Names) -> Hashable:
    """A value with names replaced, and lists as tuples."""
    if isinstance(value, list | tuple):
        return tuple(hashable(one, names) for one in value)
    single: Hashable = value
    return names.get(single, single)


def due_later(node: Node, due: Due, names: Names) -> Hashable:
    """What will happen by itself, but for signals and replicas: a job or a call on its way, an end, a step that is owed."""
    world, payload = node.world, cast(Any, due.payload)
    if isinstance(payload, Job):
        asked = once(node, payload, lambda: hash((_step(payload.step, names), payload.endpoint)))
        return asked, _left_ms(world, payload.credential)
    if due.kind == "hop":
        return once(node, payload, lambda: hash(_step(payload.step, names))), _left_ms(world, payload.derived)
    if due.kind == "step":
        return _owed(node, payload.moment.step, payload.found, names)
    return hashable(payload, names)


def _owed(node: Node, step: Step, found: Occurrence, names: Names) -> Hashable:
    """A step that comes later: what fills it, and of those behind it what a rule reads, where nothing else listens to it."""
    schedule = node.world.design.schedule
    facts = known(found)
    wanted = {name for field in step.fields.values() for name in field.names}
    if step.kind in schedule.kept or schedule.beside.get(step.kind):
        wanted.update(found.who.__struct_fields__)
    else:
        wanted.update(name for one in node.facets for name in one.reads(step.kind))
    if step.fields or "actor" in wanted:
        wanted |= {"actor", "user"}
    return step.kind, found.kind, facts_of({name: facts[name] for name in wanted if name in facts}, names)


def _step(step: Any, names: Names) -> Hashable:
    """A call without the names that counters gave to its credential and its request."""
    told = (step.agent, step.task, step.endpoint, step.owner, step.record, step.amount, step.payee, step.approval, step.handle)
    return hashable(told, names)


def _left_ms(world: World, handle: str) -> int:
    return max(-1, world.credentials[handle].expires_ms - world.now_ms)


def kept_tokens(node: Node, names: Names) -> Iterable[Hashable]:
    """What servers keep and use again: tokens that they derived, and what they were told of one, while it is good."""
    world = node.world

    def named(part: Any) -> Hashable:
        held = next((one for one in world.credentials.values() if part in (one.facts.token, one.token)), None)
        return names.get(part, part) if held is None else told(node, names, held).mark

    for key, handle in world.caches.items():
        kept = world.credentials.get(handle)
        if kept is not None and kept.expires_ms > world.now_ms:
            yield once(node, kept, partial(_all_named, named, key), key), kept.expires_ms - world.now_ms
    for api, pep in world.peps.items():
        for token, answer in pep.store.cache.items():
            if answer.until_s >= world.now_s:
                whose = once(node, answer, partial(named, token), token)
                yield api, whose, answer.active, answer.until_s - world.now_s


def _all_named(named: Callable[[Any], Hashable], key: tuple[Any, ...]) -> Hashable:
    return tuple(map(named, key))


def spent(world: World) -> Iterable[Hashable]:
    """Small amounts that have added up. Refusals are left out: one more takes away, and is left out of attacks."""
    return ((key, values) for key, values in world.tallies.items() if key[0] == "spent")


def entitled_later(world: World) -> Iterable[Hashable]:
    """What an API still believes of who may see a record, and until when."""
    for key, changes in world.formerly.items():
        for seen_ms, entitled in changes:
            if seen_ms > world.now_ms:
                yield key, seen_ms - world.now_ms, entitled


def clock(node: Node) -> Hashable:
    """The time of day where that decides anything, and how far off the misfortunes are that begin or end."""
    world = node.world
    ahead = tuple(at_ms - world.now_ms for at_ms in world.conditions.turns if at_ms > world.now_ms)
    kept = world.design.on("K31") and any(info.endpoint.hours for info in world.design.endpoints.values())
    hours = kept or any(one.interests.hours for one in node.facets)
    return ahead, world.now_ms % DAY_MS if hours else None
