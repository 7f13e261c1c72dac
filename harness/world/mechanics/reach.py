"""What lies within reach: `reach.opened` and `reach.closed` at each instant at which an answer changes.

For each access token that an agent holds, and each endpoint and person whose data it would open, the enforcement point
is asked with the protocol's own check, without effect. On by a setting, since it costs; the rest of the run is the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from harness.oauth import Presented
from harness.trace import Who
from harness.world.mechanics.design import EndpointInfo
from harness.world.mechanics.records import Credential, Due
from harness.world.mechanics.state import World

_CAUSES = {"session_denied": "revoked", "denied": "denied", "lineage": "denied", "expired": "expired"}


class Path(NamedTuple):
    """One way to one person's data of one kind."""

    credential: str
    endpoint: str
    owner: str
    category: str


def refresh(world: World) -> None:
    """Write what has come within reach, and what has left it, since the last time."""
    if not world.design.reach:
        return
    admitted: dict[tuple[str, str], str] = {}
    open_now: dict[Path, Credential] = {}
    for credential in _held(world):
        for info in _opened_by(world, credential):
            answer = _answer(world, credential, info)
            admitted[(credential.handle, info.name)] = answer
            if not answer:
                open_now.update((path, credential) for path in _paths(world, credential, info))
    for path in [one for one in world.reach if one not in open_now]:
        _close(world, Path(*path), admitted)
    for path, credential in open_now.items():
        if path not in world.reach:
            _open(world, path, credential)


def _held(world: World) -> Iterator[Credential]:
    """Tokens in the hands of agents that could still be admitted anywhere."""
    slack_ms = max(server.leeway for server in world.design.system.servers.values())
    for credential in world.credentials.values():
        alive = world.now_ms < credential.expires_ms + slack_ms
        if credential.kind == "access" and alive and world.design.is_agent(credential.holder):
            yield credential


def _opened_by(world: World, credential: Credential) -> Iterator[EndpointInfo]:
    for api in credential.facts.token_audience:
        for info in world.design.endpoints.values():
            if info.api == api and _category(world, info) and info.endpoint.scope in credential.facts.token_scope:
                yield info


def _category(world: World, info: EndpointInfo) -> str | None:
    target = world.design.endpoints[info.endpoint.calls] if info.endpoint.calls else info
    return target.endpoint.category if target.endpoint.privilege != "high" else None


def _answer(world: World, credential: Credential, info: EndpointInfo) -> str:
    """The first check that refuses, or nothing where the token is admitted."""
    presented = Presented(token=credential.token, certificate=world.design.certificate(credential.client))
    refusals = world.peps[info.api].check(presented, world.design.rules[info.name], now_s=world.now_ms / 1000)
    return refusals[0].check if refusals else ""


def _paths(world: World, credential: Credential, info: EndpointInfo) -> Iterator[Path]:
    category = _category(world, info)
    assert category is not None, "only endpoints with data are asked"
    target = info.endpoint.calls or info.name
    everybody = not world.design.on("K04", world.design.endpoints[target].api)
    owners = world.design.system.people.customers if everybody else [credential.user] if credential.user else []
    for owner in owners:
        if world.design.records_of(owner, category):
            yield Path(credential.handle, info.name, owner, category)


def _open(world: World, path: Path, credential: Credential) -> None:
    key = world.ids.next("reach")
    world.reach[path] = key
    info = world.design.endpoints[path.endpoint]
    own: dict[str, Any] = {
        "reach": key,
        "credential": credential.facts.token,
        "pep": info.api,
        "endpoint": info.name,
        "owner": path.owner,
        "category": path.category,
        "records": len(world.design.records_of(path.owner, path.category)),
    }
    if credential.provider is not None:
        own["provider"] = credential.provider
    world.emit("reach.opened", _who(world, credential), own)
    slack_ms = max(server.leeway for server in world.design.system.servers.values())
    world.plan(Due(credential.expires_ms + slack_ms, "expiry", credential.handle))


def _close(world: World, path: Path, answers: dict[tuple[str, str], str]) -> None:
    credential = world.credentials[path.credential]
    check = answers.get((path.credential, path.endpoint), "expired")
    own = {"reach": world.reach.pop(path), "cause": _CAUSES.get(check, "revoked")}
    world.emit("reach.closed", _who(world, credential), own)


def _who(world: World, credential: Credential) -> Who:
    return world.who(
        credential.holder,
        world.design.actor_type(credential.holder),
        user=credential.user,
        agent=credential.holder,
        session=credential.session,
        task=credential.task,
    )
