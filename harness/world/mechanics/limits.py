"""What enforcement points count: refusals of one caller, fetches of keys, small amounts that went through unapproved.

A caller that is refused again and again is answered 429 without another look (MCP tools: servers limit rates). Keys are
fetched again for an unknown key id only so often. Amounts below the threshold for approvals add up (K13, `cumulative`).
"""

from __future__ import annotations

from harness.oauth import Refusal
from harness.oauth.keys import BadSignature, unverified_header
from harness.trace import Request
from harness.world.mechanics.design import EndpointInfo
from harness.world.mechanics.records import Operation
from harness.world.mechanics.state import World

WINDOW_MS = 60_000
REFETCH_FLOOR_MS = 30_000


# ---------------------------------------------------------------- refusals of one caller


def exhausted(world: World, info: EndpointInfo, request: Request) -> bool:
    """Whether this caller has been refused here so often within a minute that nobody looks any more."""
    limit = world.design.system.apis[info.api].refusal_limit
    return limit is not None and len(_recent(world, _caller(info, request))) >= limit


def note_refusal(world: World, info: EndpointInfo, request: Request) -> None:
    """Count a refusal that was decided by looking."""
    if world.design.system.apis[info.api].refusal_limit is not None:
        caller = _caller(info, request)
        world.tallies[caller] = (*_recent(world, caller), world.now_ms)


def _caller(info: EndpointInfo, request: Request) -> tuple[str, ...]:
    return ("refused", info.api, request.actor_client or "")


def _recent(world: World, caller: tuple[str, ...]) -> tuple[float, ...]:
    return tuple(at_ms for at_ms in world.tallies.get(caller, ()) if world.now_ms - at_ms < WINDOW_MS)


# ---------------------------------------------------------------- keys of unknown id


def note_unknown_key(world: World, info: EndpointInfo, token: str) -> None:
    """A token names a key that this API does not know: its server's keys are fetched again, at most every 30 seconds."""
    if not _names_unknown_key(world, info, token):
        return
    world.count("unknown_keys")
    last = world.tallies.get(("keys", info.api))
    if last is None or world.now_ms - last[0] >= REFETCH_FLOOR_MS:
        world.tallies[("keys", info.api)] = (world.now_ms,)
        world.count("key_fetches")


def _names_unknown_key(world: World, info: EndpointInfo, token: str) -> bool:
    try:
        kid = unverified_header(token).get("kid")
    except BadSignature:
        return False
    known = {one["kid"] for keys in world.peps[info.api].keys.values() for one in keys.jwks()["keys"]}
    return kid is not None and kid not in known


# ---------------------------------------------------------------- small amounts


def small(info: EndpointInfo, operation: Operation | None) -> bool:
    """Whether an operation stays below the amount from which this endpoint wants an approval."""
    threshold = info.endpoint.low_value
    return operation is not None and threshold is not None and operation.amount <= threshold


def too_much(world: World, info: EndpointInfo, operation: Operation) -> Refusal | None:
    """K13, strength `cumulative`: the small amounts since the last approval add up to more than the limit."""
    setting = world.design.controls.setting("K13")
    if world.design.strength_at("K13", info.api) != "cumulative" or setting.limit is None:
        return None
    if spent(world, operation) + operation.amount <= setting.limit:
        return None
    detail = "small amounts have added up: an approval is needed"
    return Refusal("details", "insufficient_scope", 403, "P-102", detail)


def spent(world: World, operation: Operation) -> float:
    """What went through for this person and type without an approval since the last one with it."""
    return world.tallies.get(("spent", operation.owner, operation.type), (0,))[0]


def note_admitted(world: World, operation: Operation, *, approved: bool) -> None:
    """Add a small amount that went through, or begin again after an approved operation."""
    before = 0.0 if approved else spent(world, operation) + operation.amount
    world.tallies[("spent", operation.owner, operation.type)] = (before,)
