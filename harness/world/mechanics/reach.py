"""What lies within reach: `reach.opened` and `reach.closed` at each instant at which an answer changes.

`doors` says what every credential in an agent's hands would open now; here is written what has changed since the last
look, and when to look again. On by a setting, since it costs; the rest of the run is the same.
"""

from __future__ import annotations

from typing import Any

from harness.trace import Who
from harness.world.mechanics.doors import Look, Path, slack_ms
from harness.world.mechanics.records import Credential, Due
from harness.world.mechanics.state import World

_CAUSES = {"session_denied": "revoked", "denied": "denied", "lineage": "denied", "expired": "expired"}


def refresh(world: World) -> None:
    """Write what has come within reach, and what has left it, since the last time."""
    if not world.design.reach:
        return
    look = Look(world)
    open_now = look.ways()
    for path in [one for one in world.reach if one not in open_now]:
        _close(world, Path(*path), look)
    for path, records in open_now.items():
        if path not in world.reach:
            _open(world, path, records)
    if look.introspects:
        _plan_end_of_answers(world)


def _open(world: World, path: Path, records: int) -> None:
    key = world.ids.next("reach")
    world.reach[path] = key
    credential, info = world.credentials[path.credential], world.design.endpoints[path.endpoint]
    own: dict[str, Any] = {
        "reach": key,
        "credential": credential.facts.token,
        "pep": info.api,
        "endpoint": info.name,
        "owner": path.group.owner,
        "category": path.group.category,
        "entitled": path.group.entitled,
        "records": records,
    }
    own |= {name: value for name in ("provider", "purpose") if (value := getattr(path, name)) is not None}
    world.emit("reach.opened", _who(world, credential), own)
    world.plan(Due(credential.expires_ms + slack_ms(world), "expiry", credential.handle))


def _close(world: World, path: Path, look: Look) -> None:
    """Write that a way is shut, and why: the check that refuses now, or the data that may not pass any more."""
    credential = world.credentials[path.credential]
    alive = world.now_ms < credential.expires_ms + slack_ms(world)
    check = look.answer(credential, world.design.endpoints[path.endpoint]) if alive else "expired"
    cause = _CAUSES.get(check, "revoked") if check else "consent"
    if world.design.system.caches and credential.user not in path.group.entitled and not check:
        cause = "cache"
    world.emit("reach.closed", _who(world, credential), {"reach": world.reach.pop(path), "cause": cause})


def _plan_end_of_answers(world: World) -> None:
    """Answers of introspection end by themselves: what is remembered, and what the servers themselves would say."""
    planned = {(due.at_ms, due.target) for due in world.agenda.values() if due.kind == "expiry"}
    for api, pep in world.peps.items():
        late_ms = world.conditions.late_ms.get(api, 0)
        for answered in pep.store.cache.values():
            _plan_look(world, round(answered.until_s * 1000) + late_ms + 1, api, planned)
    for name, server in world.servers.items():
        for at_s in server.deadlines(world.now_s):
            for at_ms in (round(at_s * 1000), round(at_s * 1000) + 1):
                _plan_look(world, at_ms, name, planned)


def _plan_look(world: World, at_ms: int, place: str, planned: set[tuple[int, str]]) -> None:
    """Put another look on the agenda, once."""
    if at_ms > world.now_ms and (at_ms, place) not in planned:
        planned.add((at_ms, place))
        world.plan(Due(at_ms, "expiry", place))


def _who(world: World, credential: Credential) -> Who:
    return world.who(
        credential.holder,
        world.design.actor_type(credential.holder),
        user=credential.user,
        agent=credential.holder,
        session=credential.session,
        task=credential.task,
    )
