"""Caches of answers and of tokens: what is handed out again to a request with the same key, without asking whose it is.

A hit at the gateway comes before every check of the token, one in the API before the records are looked at, one at the
client before anything is sent: what it gives away is written with the records' true owners, like any other effect.
Where K05 holds (agent runtime, MCP server) the person is in every key, whatever the design says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from msgspec.structs import replace

from harness.oauth import Signal
from harness.plan.caches import Cache
from harness.trace import Cause
from harness.world.mechanics.commands import Call, Step
from harness.world.mechanics.design import EndpointInfo
from harness.world.mechanics.effects import Effect, Hop, Stop, settle, touched
from harness.world.mechanics.records import Cached, Credential, Due, Record, Task
from harness.world.mechanics.state import World

ANSWERS = "fault:response_cache"
TOKENS = "fault:token_cache"


class Served(NamedTuple):
    """An answer out of a cache: the entry, where it stands, and the records in it as the ledger has them now."""

    entry: Cached
    stands: str
    records: tuple[Record, ...]


class _Asking(NamedTuple):
    """What the parts of a key are read from."""

    world: World
    step: Step
    info: EndpointInfo
    credential: Credential | None
    client: str | None
    task: Task | None

    @property
    def user(self) -> str | None:
        return self.credential.user if self.credential else None


_PARTS: Mapping[str, Callable[[_Asking], Any]] = {
    "endpoint": lambda one: one.info.name,
    "path": lambda one: (one.info.name, getattr(one.step, "record", None), getattr(one.step, "owner", None)),
    "scope": lambda one: one.credential.facts.token_scope if one.credential else (),
    "subject": lambda one: one.user,
    "tenant": lambda one: one.world.design.tenant_of(one.user),
    "token": lambda one: one.credential.facts.token if one.credential else None,
    "session": lambda one: one.credential.session if one.credential else None,
    "client": lambda one: one.client,
    "agent": lambda one: one.step.agent,
    "task": lambda one: one.step.task,
    "purpose": lambda one: one.task.purpose if one.task else None,
}


# ---------------------------------------------------------------- answers


def served(
    world: World, step: Call, hop: Hop, target: EndpointInfo, task: Task | None, places: Iterable[str]
) -> Served | None:
    """The answer that a cache at one of these places has for a request, if any."""
    if not world.design.system.caches or not _keeps(step, target):
        return None
    for stands in places:
        for name, cache in world.design.caches_of(hop.info, stands):
            asking = _Asking(world, step, hop.info, hop.credential, hop.request.actor_client, task)
            entry, foreign = _look(world, _key(name, cache, asking), asking.user, _apart(world, cache, hop))
            if entry is not None:
                return Served(entry, stands, _records(world, entry))
            if foreign is not None:
                found = Served(foreign, stands, _records(world, foreign))
                stop = Stop(("K05",), error="not_in_context")
                settle(world, step, effects(world, hop, found, task), stop, cause=cause(step, hop, found))
    return None


def fill(
    world: World, step: Call, hop: Hop, target: EndpointInfo, records: Iterable[Record], task: Task | None
) -> None:
    """Every cache on the way of an answer keeps it, for the first request of a key until its time is over."""
    if not world.design.system.caches or not _keeps(step, target):
        return
    for stands in ("api", "gateway", "client"):
        for name, cache in world.design.caches_of(hop.info, stands):
            asking = _Asking(world, step, hop.info, hop.credential, hop.request.actor_client, task)
            holds = tuple(one.id for one in records)
            _keep(world, name, cache, asking, hop.info.api, holds, apart=_apart(world, cache, hop))


def open_to(world: World, credential: Credential, info: EndpointInfo) -> Iterable[Served]:
    """What caches on the way to an endpoint have for a credential that asks without a parameter; nothing is written."""
    step = Call(agent=credential.holder, task=credential.task, endpoint=info.name, credential=credential.handle)
    task = world.tasks.get(credential.task) if credential.task else None
    for stands in ("gateway", "api"):
        for name, cache in world.design.caches_of(info, stands):
            asking = _Asking(world, step, info, credential, credential.client, task)
            apart = info.api == world.design.mcp_api and world.design.on("K05", info.api)
            entry, _ = _look(world, _key(name, cache, asking), asking.user, apart)
            if entry is not None:
                yield Served(entry, stands, _records(world, entry))


def effects(world: World, hop: Hop, found: Served, task: Task | None) -> list[Effect]:
    """What a hit gives away, with the facts of the ledger."""
    purpose = task.purpose if task else None
    if found.stands != "client":
        return [
            Effect("data.accessed", hop.who, world.design.disclosure(one, action="read", purpose=purpose), hop.request)
            for one in found.records
        ]
    return [
        Effect(
            "memory.read",
            hop.who,
            {"owner": one.owner, "entitled": one.entitled, "category": one.category, "store": "cache"},
        )
        for one in found.records
    ]


def at_gateway(hop: Hop) -> Hop:
    """The request as the gateway answers it: no enforcement point of the API's was asked."""
    return hop._replace(request=replace(hop.request, route=replace(hop.request.route, pep="gateway")))


def cause(step: Call, hop: Hop, found: Served) -> Cause:
    """A hit on what another person may not see is the cache's fault, where nobody meant it."""
    foreign = any(hop.who.user not in one.entitled for one in found.records)
    return Cause(step.goal, step.twist or (ANSWERS if foreign else None))


# ---------------------------------------------------------------- forgetting


def told(world: World, api: str, signal: Signal) -> None:
    """A signal has reached an API: caches there that react to it drop what was made for its subject."""
    if world.answers:
        _drop(world, signal.kind, lambda one: one.api == api and _about(one, signal))


def written(world: World, target: EndpointInfo, records: Iterable[Record]) -> None:
    """Records have changed: caches that react to writes drop the answers of the same kind about the same people."""
    if world.answers and target.endpoint.action in ("write", "delete"):
        changed = {(one.owner, one.category) for one in records}
        _drop(world, "write", lambda one: any((r.owner, r.category) in changed for r in _records(world, one)))


def purge(world: World, entry: Cached) -> None:
    """A receiver has noticed that an answer is not its own: it is not handed out again."""
    _keep_only(world, lambda one: one is not entry)


def _drop(world: World, why: str, hit: Callable[[Cached], bool]) -> None:
    caches = world.design.system.caches
    _keep_only(world, lambda one: why not in caches[one.cache].forgets or not hit(one))


def _keep_only(world: World, good: Callable[[Cached], bool]) -> None:
    for key, entries in list(world.answers.items()):
        left = tuple(one for one in entries if good(one))
        if left != entries:
            world.answers[key] = left


def _about(one: Cached, signal: Signal) -> bool:
    named = (
        (signal.session, one.session),
        (signal.grant, one.family),
        (signal.agent, one.agent),
        (signal.client, one.client),
        (signal.user if signal.session is None else None, one.user),
    )
    return any(said is not None and said == known for said, known in named)


# ---------------------------------------------------------------- tokens


def kept_token(world: World, step: Step, credential: Credential, info: EndpointInfo) -> Credential | None:
    """The token for the API behind a tool that the MCP server's cache has for this request, whoever it was made for."""
    for name, cache in world.design.token_caches:
        key, asking = _token_key(world, name, cache, step, credential, info)
        entry, foreign = _look(world, key, credential.user, world.design.on("K05", world.design.mcp_api))
        if entry is not None:
            return world.credentials[entry.holds[0]]
        if foreign is not None and isinstance(step, Call):
            _kept_apart(world, step, asking, foreign)
    return None


def keep_token(world: World, step: Step, credential: Credential, info: EndpointInfo, derived: Credential) -> None:
    """Keep a derived token under the keys of the design's token caches."""
    for name, cache in world.design.token_caches:
        _, asking = _token_key(world, name, cache, step, credential, info)
        apart = world.design.on("K05", world.design.mcp_api)
        until_ms = min(world.now_ms + cache.lifetime, derived.expires_ms)
        _keep(world, name, cache, asking, world.design.mcp_api, (derived.handle,), apart=apart, until_ms=until_ms)


def _token_key(
    world: World, name: str, cache: Cache, step: Step, credential: Credential, info: EndpointInfo
) -> tuple[tuple[Any, ...], _Asking]:
    task = world.tasks.get(step.task) if step.task else None
    asking = _Asking(world, step, info, credential, credential.client, task)
    return _key(name, cache, asking), asking


def _kept_apart(world: World, step: Call, asking: _Asking, foreign: Cached) -> None:
    """K05: with the other person's token the API would have answered about that person."""
    other = world.credentials[foreign.holds[0]].user
    records = touched(world, asking.info, record=step.record, owner=step.owner or other)
    task, server = asking.task, world.design.mcp_service
    user = task.user if task else step.person
    agent = step.agent if world.design.is_agent(step.agent) else None
    who = world.who(server, "service", user=user, agent=agent, task=step.task)
    purpose = task.purpose if task else None
    action = asking.info.endpoint.action
    wanted = [
        Effect("data.accessed", who, world.design.disclosure(one, action=action, purpose=purpose)) for one in records
    ]
    settle(world, step, wanted, Stop(("K05",)), cause=Cause(step.goal, step.twist or TOKENS))


# ---------------------------------------------------------------- entries


def _keeps(step: Call, target: EndpointInfo) -> bool:
    """Answers to reads are kept; what continues a result, goes around the gateway or does something is not."""
    return target.endpoint.action == "read" and target.endpoint.operation is None and not (step.handle or step.around)


def _apart(world: World, cache: Cache, hop: Hop) -> bool:
    """K05 keeps people apart in the agent runtime and in the MCP server; a gateway or an API knows nothing of it."""
    if cache.stands == "client":
        place = world.design.mcp_api if hop.who.actor == world.design.mcp_service else hop.who.actor
        return world.design.on("K05", place)
    return hop.info.api == world.design.mcp_api and world.design.on("K05", hop.info.api)


def _key(name: str, cache: Cache, asking: _Asking) -> tuple[Any, ...]:
    scope = (asking.info.api, asking.info.endpoint.scope) if cache.holds == "tokens" else ()
    return (name, *scope, *(_PARTS[part](asking) for part in cache.key))


def _look(world: World, key: tuple[Any, ...], user: str | None, apart: bool) -> tuple[Cached | None, Cached | None]:
    """The entry that is handed out, and where people are kept apart the one that would have been."""
    live = [one for one in world.answers.get(key, ()) if one.until_ms > world.now_ms]
    entry = next((one for one in live if not apart or one.user == user), None)
    return entry, (live[0] if live and entry is None else None)


def _keep(
    world: World,
    name: str,
    cache: Cache,
    asking: _Asking,
    api: str,
    holds: tuple[str, ...],
    *,
    apart: bool,
    until_ms: int | None = None,
) -> None:
    key = _key(name, cache, asking)
    live = tuple(one for one in world.answers.get(key, ()) if one.until_ms > world.now_ms)
    if any(not apart or one.user == asking.user for one in live):
        return
    credential = asking.credential
    entry = Cached(
        cache=name,
        api=api,
        holds=holds,
        user=asking.user,
        session=credential.session if credential else None,
        client=asking.client,
        agent=credential.agent if credential else None,
        family=credential.facts.token_family if credential else None,
        until_ms=world.now_ms + cache.lifetime if until_ms is None else until_ms,
    )
    world.answers[key] = (*live, entry)
    if world.design.reach:
        world.plan(Due(entry.until_ms, "expiry", api))


def _records(world: World, entry: Cached) -> tuple[Record, ...]:
    return tuple(world.records[one] for one in entry.holds if one in world.records)
