"""All doors at one instant: what each credential in an agent's hands would open, asked of every enforcement point.

Asking has no effect: the protocol's own check decides without changing anything, and where an enforcement point would
introspect first, that happens in a fork of the world. What is in an agent's hands and would be let on to an LLM provider
is a way too. `reach` writes what changes from one look to the next.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import NamedTuple

from msgspec.structs import replace

from harness.oauth import Presented, ResourceServer
from harness.world.mechanics import caching, egress, guard
from harness.world.mechanics.design import EndpointInfo
from harness.world.mechanics.records import Credential, Item
from harness.world.mechanics.state import World


class Group(NamedTuple):
    """Records of one person and one kind, with the same people entitled to all of them."""

    owner: str
    category: str
    entitled: tuple[str, ...]


class Path(NamedTuple):
    """One way to a group of records, or with a provider the way on to it."""

    credential: str
    endpoint: str
    group: Group
    provider: str | None = None
    purpose: str | None = None


class Opened(NamedTuple):
    """What one credential opens: ways to data with the number of records, and whether the egress gateway lets it in."""

    data: dict[Path, int]
    egress: bool


class Look:
    """One look at all doors at one instant.

    What a credential opens depends on nothing but what the enforcement points have been told is denied, until it expires;
    so it is asked once for each such state and remembered by the design. Where clocks run late or answers come from
    introspection, it is asked every time.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.introspects = any(pep.profile.mode != "local" for pep in world.peps.values())
        self.steady = not world.conditions.late_ms and not self.introspects
        self.denied = {api: tuple(pep.store.denied.items()) for api, pep in world.peps.items()}
        self.all_denied = tuple(self.denied.values())

    def ways(self) -> dict[Path, int]:
        """Every way that is open, and to how many records."""
        held = list(_held(self.world))
        each = [(credential, self._opened(credential)) for credential in held]
        found: dict[Path, int] = {}
        for _, opened in each:
            found.update(opened.data)
        if self.world.answers:
            for credential in held:
                found.update(self._cached(credential))
        hands = _in_hands(self.world, found) if any(opened.egress for _, opened in each) else {}
        for credential, opened in each:
            if opened.egress:
                found.update(self._onward(credential, hands.get(credential.holder, {})))
        return found

    def answer(self, credential: Credential, info: EndpointInfo) -> str:
        """The first check that refuses, or nothing where the token is admitted."""
        world, now_s = self.world, guard.local_s(self.world, info.api)
        presented = Presented(token=credential.token, certificate=world.design.certificate(credential.client))
        route, pep = world.design.rules[info.name], self._unasking[info.api]
        refusals = world.design.applied(pep.check(presented, route, now_s=now_s), info)
        if not refusals and world.peps[info.api].profile.mode != "local":
            pep = world.peps[info.api]
            if pep.wants_introspection(credential.token, now_s=now_s):
                pep = self._aside.peps[info.api]
                pep.introspected(credential.token, guard.introspection(self._aside, info.api, credential), now_s=now_s)
            refusals = world.design.applied(pep.check(presented, route, now_s=now_s), info)
        return refusals[0].check if refusals else ""

    @cached_property
    def _unasking(self) -> dict[str, ResourceServer]:
        """The enforcement points as they would be without introspection: what they refuse need not be asked about."""
        return {api: _local(pep) for api, pep in self.world.peps.items()}

    @cached_property
    def _aside(self) -> World:
        """A fork to ask in, so that asking leaves no trace."""
        return self.world.fork()

    def _opened(self, credential: Credential) -> Opened:
        """What a credential opens, remembered as a whole and, since a denial arrives at one place, place by place."""
        if not self.steady or self.world.now_ms >= credential.expires_ms:
            return _together(self._ask(credential, api) for api in self.denied)
        remembered = self.world.design.remembered
        key = (credential.token, credential.handle, credential.task)
        found: Opened | None = remembered.get((key, self.all_denied))
        if found is None:
            found = remembered[key, self.all_denied] = _together(self._at(credential, key, api) for api in self.denied)
        return found

    def _at(self, credential: Credential, key: tuple[str, str, str | None], api: str) -> Opened:
        remembered = self.world.design.remembered
        found: Opened | None = remembered.get((key, api, self.denied[api]))
        if found is None:
            found = remembered[key, api, self.denied[api]] = self._ask(credential, api)
        return found

    def _ask(self, credential: Credential, api: str) -> Opened:
        """Every endpoint with data, and the egress gateway: what a token opens is for them to say, not for its claims."""
        data: dict[Path, int] = {}
        for info in _with_data(self.world, api):
            if not self.answer(credential, info):
                data.update(self._data(credential, info))
        gateway = self.world.design.llm_endpoint
        onward = gateway.api == api and self.world.design.is_egress(api) and not self.answer(credential, gateway)
        return Opened(data, onward)

    def _data(self, credential: Credential, info: EndpointInfo) -> Iterator[tuple[Path, int]]:
        """The records behind an endpoint; what a third-party agent is answered, its provider has."""
        design = self.world.design
        target = design.endpoints[info.endpoint.calls or info.name]
        third_party = info.endpoint.calls is not None and design.is_third_party(credential.holder)
        provider = design.provider_of(credential.holder) if third_party else None
        everybody = not design.at("K04", target)
        owners = design.system.people.customers if everybody else [credential.user] if credential.user else []
        for owner in owners:
            for group, records in _groups(self.world, owner, str(target.endpoint.category)).items():
                if provider is None:
                    yield Path(credential.handle, info.name, group), records
                elif self._covered(credential, info.api, provider, group):
                    purpose = _purpose(self.world, credential)
                    yield Path(credential.handle, info.name, group, provider, purpose), records

    def _cached(self, credential: Credential) -> Iterator[tuple[Path, int]]:
        """What caches would hand out to a credential: at the gateway to any, in an API to one that it admits."""
        for info in self.world.design.endpoints.values():
            for found in caching.open_to(self.world, credential, info):
                if found.stands == "gateway" or not self.answer(credential, info):
                    groups: dict[Group, int] = {}
                    for one in found.records:
                        group = Group(one.owner, one.category, one.entitled)
                        groups[group] = groups.get(group, 0) + 1
                    yield from ((Path(credential.handle, info.name, group), many) for group, many in groups.items())

    def _onward(self, credential: Credential, hands: dict[Group, int]) -> Iterator[tuple[Path, int]]:
        """What of the data in an agent's hands the egress gateway would let on to which provider."""
        info = self.world.design.llm_endpoint
        purpose = _purpose(self.world, credential)
        for provider in self.world.design.system.providers:
            for group, records in hands.items():
                if self._covered(credential, info.api, provider, group):
                    yield Path(credential.handle, info.name, group, provider, purpose), records

    def _covered(self, credential: Credential, place: str, provider: str, group: Group) -> bool:
        """Whether data minimisation would let this kind of data of this person on to the provider."""
        remembered = self.world.design.remembered
        key = (credential.token, credential.handle, credential.task, place, provider, group)
        if key not in remembered:
            item = Item(f"{group.category}.{group.owner}", group.owner, group.entitled, (group.category,))
            purpose = _purpose(self.world, credential) or "none"
            kept, _ = egress.filtered(self.world, place, [item], egress.Disclosure(provider, purpose, credential))
            remembered[key] = bool(kept)
        return bool(remembered[key])


def _local(pep: ResourceServer) -> ResourceServer:
    if pep.profile.mode == "local":
        return pep
    return ResourceServer(replace(pep.profile, mode="local"), pep.keys, pep.store)


def _held(world: World) -> Iterator[Credential]:
    """Tokens in the hands of agents that could still be admitted anywhere."""
    waits_ms = slack_ms(world)
    for credential in world.credentials.values():
        alive = world.now_ms < credential.expires_ms + waits_ms
        if credential.kind == "access" and alive and world.design.is_agent(credential.holder):
            yield credential


def slack_ms(world: World) -> int:
    """How long after its end a token may still be accepted: leeway, and clocks that run late."""
    leeway_ms = max(server.leeway for server in world.design.system.servers.values())
    return leeway_ms + max((0, *world.conditions.late_ms.values()))


def _together(each: Iterable[Opened]) -> Opened:
    data: dict[Path, int] = {}
    egress = False
    for opened in each:
        data.update(opened.data)
        egress = egress or opened.egress
    return Opened(data, egress)


def _with_data(world: World, api: str) -> Iterator[EndpointInfo]:
    """Every endpoint of an API that gives data away."""
    return (info for info in world.design.endpoints.values() if info.api == api and _category(world, info))


def _category(world: World, info: EndpointInfo) -> str | None:
    target = world.design.endpoints[info.endpoint.calls] if info.endpoint.calls else info
    return target.endpoint.category if target.endpoint.privilege != "high" else None


def _groups(world: World, owner: str, category: str) -> dict[Group, int]:
    """The records of a person and kind, counted apart by who is entitled to them."""
    found: dict[Group, int] = {}
    for key in world.design.records_of(owner, category):
        group = Group(owner, category, world.design.all_records[key].entitled)
        found[group] = found.get(group, 0) + 1
    return found


def _in_hands(world: World, open_now: dict[Path, int]) -> dict[str, dict[Group, int]]:
    """By agent: what it could fetch now, with the kinds of data that come along, and what it has in its contexts."""
    hands: dict[str, dict[Group, int]] = {}
    for path, records in open_now.items():
        mine = hands.setdefault(world.credentials[path.credential].holder, {})
        target = world.design.endpoints[path.endpoint].endpoint.calls or path.endpoint
        for category in (path.group.category, *world.design.endpoints[target].endpoint.extra):
            group = path.group._replace(category=category)
            mine[group] = max(mine.get(group, 0), records)
    for task in world.tasks.values():
        mine = hands.setdefault(task.agent, {})
        seen: dict[Group, set[str]] = {}
        for item in (world.items[key] for key in world.contexts.get(task.id, ())):
            for category in item.categories:
                seen.setdefault(Group(item.owner, category, item.entitled), set()).add(item.record)
        for group, names in seen.items():
            mine[group] = max(mine.get(group, 0), len(names))
    return hands


def _purpose(world: World, credential: Credential) -> str | None:
    """What the work that a credential was issued for is for: the ledger's word, not the token's."""
    task = world.tasks.get(credential.task) if credential.task else None
    return task.purpose if task else credential.purpose
