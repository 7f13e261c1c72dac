"""Who may see whose records: rights that are given and end, and what an API knows of that by a copy which may be late."""

from __future__ import annotations

from msgspec.structs import replace

from harness.world.mechanics.commands import EndAccess, GiveAccess
from harness.world.mechanics.design import EndpointInfo
from harness.world.mechanics.records import Due, Record
from harness.world.mechanics.replies import Reply
from harness.world.mechanics.state import World

OWNERS = "owners"


def end_mandate(world: World, due: Due) -> None:
    """A right to somebody else's records ends: for the ledger, and for the APIs, which know it from there."""
    end_access(world, EndAccess(due.target, str(due.payload)))


def end_access(world: World, command: EndAccess) -> Reply:
    """A person may see another's records no more, whatever let them: a mandate, an assignment, a joint policy."""
    for record in list(world.records.values()):
        if record.owner == command.owner != command.user:
            left = tuple(name for name in record.entitled if name != command.user)
            entitle(world, record, left)
    return Reply(ok=True)


def give_access(world: World, command: GiveAccess) -> Reply:
    """A person may see another's records from now on."""
    for record in list(world.records.values()):
        if record.owner == command.owner and command.user not in record.entitled:
            entitle(world, record, (*record.entitled, command.user))
    return Reply(ok=True)


def entitle(world: World, record: Record, entitled: tuple[str, ...]) -> None:
    """Who may see a record changes: for the ledger now, for each API when its replica knows."""
    if entitled == record.entitled:
        return
    world.records[record.id] = replace(record, entitled=entitled)
    for api in world.peps:
        seen_ms = world.conditions.seen_ms(OWNERS, api, world.now_ms)
        if seen_ms > world.now_ms:
            world.formerly[api, record.id] = (*world.formerly.get((api, record.id), ()), (seen_ms, record.entitled))


def entitled_at(world: World, info: EndpointInfo, record: Record) -> tuple[str, ...]:
    """Who may see a record, as the API of an endpoint knows it; with K04 as strong as `fresh` it asks where it is decided."""
    if not world.formerly or world.design.strength_at("K04", info.api) == "fresh":
        return record.entitled
    for seen_ms, entitled in world.formerly.get((info.api, record.id), ()):
        if world.now_ms < seen_ms:
            return entitled
    return record.entitled
