"""The canonical fingerprint of a closed state: equal for states from which the same can happen.

Names that were drawn from counters are replaced by what the thing is and its rank among its like, so that the order in
which two people's steps were taken does not tell states apart; instants are relative to now, and what is over is just
over. Left out is what nothing later depends on: counters, refusals already credited, steps taken. A test goes through
every field of the state and says of each whether it is here, or why it need not be (`tests/search/test_canon.py`).

What is costly to tell is told once and kept along forks, by the very record that it is told of: credentials, work that
goes on, details of operations (`canon_details.once`). Names and times are put together anew for each state.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any

from harness.oauth import Signal
from harness.oauth.records import Backchannel
from harness.search.canon_details import clock, due_later, entitled_later, kept_tokens, once, spent, told
from harness.search.canon_evidence import evidence
from harness.search.node import Node
from harness.search.steps import item_shape
from harness.world.mechanics.records import Operation
from harness.world.mechanics.state import World

Names = dict[Any, Hashable]


def fingerprint(node: Node, *, of_agents: bool = True) -> int:
    """The hash of everything that later steps, answers and verdicts depend on.

    Where nothing that programs do can matter (`reach`) it is told what people and operators can do, and how that comes out.
    """
    world = node.world
    names = _names(world)
    _name_tokens(node, names)
    now = world.now_ms
    of_people = (
        _people(world),
        tuple(one.entitled for one in world.records.values()),
        tuple(world.versions.items()), tuple(world.approved.items()), tuple(world.behind.items()),
        frozenset(_tasks(world, names)),
        frozenset((key, names[one.id], one.agent, one.categories) for key, one in world.consents.items()),
        frozenset((p.id, _client(p.client), p.disabled_ms >= 0, len(p.registered), p.root) for p in world.programs.values()),
        frozenset((names.get(task), marks) for task, marks in node.taken_in.items()),
        frozenset(key for key in world.leaked if key.startswith("client:")),
        frozenset(entitled_later(world)),
        evidence(world, names),
        clock(node),
        tuple(_sessions(node, names)),
        _agenda(node, names, of_agents=of_agents),
        tuple(one.monitor.canon(state, now, lambda value: names.get(value, value))
              for one, state in zip(node.facets, node.states, strict=True)),
    )  # fmt: skip
    return hash((*of_people, *_of_programs(node, names))) if of_agents else hash(of_people)


def _of_programs(node: Node, names: Names) -> Iterable[Hashable]:
    """What programs hold, know and have under way, and what enforcement points have noted of them."""
    world = node.world
    yield _credentials(node, names)
    yield frozenset(_approvals(node, names))
    yield frozenset((shape[1:], names.get(shape[0])) for shape in node.items)
    yield frozenset((m.agent, m.subject, m.store, *item_shape(m.item)) for m in world.memories.values())
    yield frozenset(one.like for one in world.handles.values())
    yield frozenset((found, frozenset(agents)) for found, agents in world.found.items())
    yield frozenset(_waiting(world, names))
    yield frozenset(spent(world))
    yield _servers(node, names)
    yield frozenset(_cached(world, names))


def _names(world: World) -> Names:
    """A canonical name for each drawn one: what it is, whose, and the how-manieth of its like.

    Things are only added, each after what it belongs to, so that no name but that of a consent changes later: `told` rests
    on that.
    """
    names: Names = {}
    ranks: dict[Hashable, int] = {}

    def name(key: Any, *parts: Hashable) -> None:
        rank = ranks[parts] = ranks.get(parts, 0) + 1
        names[key] = (*parts, rank)

    home = world.home.store
    for session in home.sessions.values():
        name(session.id, "session", session.user, session.origin)
    for key, server in world.servers.items():
        for grant in server.store.grants.values():
            name(grant.id, "grant", key, grant.user, _client(grant.client), names.get(grant.session), grant.scopes)
        for consent in reversed(server.store.consents.values()):  # counted from the newest: older ones are over
            name(consent.id, "consent", consent.user, consent.recipient, consent.purpose)
    for person, recipient, purpose in [key for key, one in world.consents.items() if one.id not in names]:
        # given, but no replica knows of it yet
        name(world.consents[person, recipient, purpose].id, "new consent", person, recipient, purpose)
    for task in world.tasks.values():
        name(task.id, "task", task.agent, task.purpose, names.get(task.session, task.user))
    for approval in world.approvals.values():
        asked, shown = approval.operation, approval.shown
        name(approval.id, "approval", approval.user, names.get(approval.task), asked.record, asked.amount, shown.amount)
        name(asked.id, "operation", names[approval.id])
    return names


def _name_tokens(node: Node, names: Names) -> None:
    """Tokens that are denied one by one, or will be: each is what it claims, and what is left of its life.

    Two that have both in common are alike, so that it does not matter which of them is denied.
    """
    world = node.world
    denied = any(kind == "jti" for pep in world.peps.values() for kind, _ in pep.store.denied)
    if not denied and all(not isinstance(due.payload, Signal) or due.payload.jti is None for due in world.agenda.values()):
        return
    for held in world.credentials.values():
        issued = world.servers[held.server].store.issued.get(held.facts.token)
        if issued is not None and issued.jti not in names:
            names[issued.jti] = ("token", told(node, names, held).mark, max(-1, held.expires_ms - world.now_ms))


def _client(client: str) -> str:
    return client.rstrip("0123456789")


def _people(world: World) -> Hashable:
    return frozenset((one.id, one.devices, one.locked) for one in world.people.values() if one.devices or one.locked)


def _tasks(world: World, names: Names) -> Iterable[Hashable]:
    return ((names[one.id], one.done, one.subject is not None) for one in world.tasks.values())


def _credentials(node: Node, names: Names) -> Hashable:
    """By shape and what is left of their lives: expired ones are just expired.

    What nothing accepted so far does not count: where it becomes of use, it can be had again.
    """
    world, found = node.world, []
    useful = {mark: shape for shape, mark in (told(node, names, one) for one in node.used())}
    for mark, shape in useful.items():
        handle = node.best.get(shape)
        if handle is not None:
            held = world.credentials[handle]
            issued = world.servers[held.server].store.issued.get(held.facts.token)
            left, state = max(-1, held.expires_ms - world.now_ms), issued.state if issued is not None else ""
            found.append((mark, left, state))
    return frozenset(found)


def _approvals(node: Node, names: Names) -> Iterable[Hashable]:
    """Where a rule counts approvals, each one; else of those for one operation, in one state, the newest."""
    world, found = node.world, {}
    for one in world.approvals.values():
        request = world.servers[one.server].store.backchannel.get(one.id)
        since = world.now_ms - one.answered_ms if one.answered_ms >= 0 else -1
        states = one.state, request.state if request else None
        meant, shown = one.operation, one.shown
        details = _details(node, meant), _details(node, shown)
        name = names[one.id] if node.rations else (names.get(one.task), meant.type, meant.record, *states, *details)
        found[name] = (*states, *details, since, _answered(world, request))
    return found.items()


def _details(node: Node, operation: Operation) -> str:
    return once(node, operation, lambda: operation.details_hash)


def _answered(world: World, request: Backchannel | None) -> Hashable:
    """How the server has it: who said yes, how surely, and how long it is good."""
    if request is None:
        return None
    return request.by, request.acr, request.session is not None, max(-1.0, request.expires_s - world.now_s)


def _sessions(node: Node, names: Names) -> Iterable[Hashable]:
    """Who is signed in, since when and how lately, and who is shut out, at each server."""
    now_s = node.world.now_s
    for server in node.world.servers.values():
        yield frozenset(
            (names.get(one.id, one.id), one.state, max(0.0, now_s - one.last_act_s), now_s - one.auth_time_s)
            for one in server.store.sessions.values()
            if one.state == "live" and (node.rations or one.origin != "approval")
        )  # fmt: skip
        yield frozenset((kind, names.get(name, name)) for kind, name in server.store.disabled)


def _servers(node: Node, names: Names) -> Hashable:
    world = node.world
    parts: list[Hashable] = []
    for server in world.servers.values():
        store = server.store
        parts.append((
            frozenset((names.get(one.id), one.state) for one in store.grants.values() if one.state != "active"),
            frozenset((user, len(times)) for user, times in store.asked.items()) if node.rations else 0,
        ))  # fmt: skip
    for pep in world.peps.values():
        denied = frozenset((kind, names.get(name, name), lineage) for (kind, name), lineage in pep.store.denied.items())
        parts.append((denied, frozenset(names.get(one, one) for one in pep.store.consumed)))
    parts.append(frozenset(kept_tokens(node, names)))
    return tuple(parts)


def _waiting(world: World, names: Names) -> Iterable[Hashable]:
    """What comes later without another call: pushed to an address that was registered, or read off a connection."""
    for handle, steps in world.callbacks.items():
        one = world.handles[handle]
        yield one.api, one.user, frozenset((step.agent, names.get(step.task)) for step in steps)
    for key, answers in world.pools.items():
        if answers:
            yield key, tuple(tuple(map(item_shape, items)) for items in answers)


def _agenda(node: Node, names: Names, *, of_agents: bool) -> Hashable:
    """What will happen by itself: without programs no signals to APIs, nor work that goes on."""
    world, found = node.world, []
    current = {one.id for one in world.consents.values()}
    for due in world.agenda.values():
        if not of_agents and (isinstance(due.payload, Signal) or due.kind in ("job", "hop")):
            continue
        if due.kind == "consent_lapse" and due.target not in current:
            continue  # it was withdrawn before
        payload: Hashable = None
        if isinstance(due.payload, Signal):
            s = due.payload
            payload = (
                s.kind,
                *(names.get(one, one) for one in (s.session, s.grant, s.consent, s.agent, s.client, s.jti)),
            )
        elif due.kind == "replica":
            change: Any = due.payload
            payload = (change.method, *(names.get(one, one) for one in change.args))
        elif due.kind == "session_idle":
            continue
        else:
            payload = due_later(node, due, names)
        found.append((due.at_ms - world.now_ms, due.kind, names.get(due.target, due.target), payload))
    return frozenset(found)


def _cached(world: World, names: Names) -> Iterable[Hashable]:
    """What caches hand out, by key: for whom it was made, what it is, and how long it is kept."""
    for key, entries in world.answers.items():
        named = tuple(names.get(part, part) for part in key)
        for one in entries:
            if one.until_ms > world.now_ms:
                what = one.holds if one.holds and one.holds[0] in world.records else len(one.holds)
                yield named, one.user, what, one.until_ms - world.now_ms
