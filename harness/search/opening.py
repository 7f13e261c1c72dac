"""Endpoints that are shut at this hour and open later (K31): the one case in which time gives something.

Whoever waits until then is let in, so that the search jumps to the next opening of what is shut now, and what was refused
there before is tried again.
"""

from __future__ import annotations

from collections.abc import Iterator

from harness.search.node import Node
from harness.world.mechanics.design import START_HOUR, EndpointInfo
from harness.world.mechanics.state import World

HOUR_MS = 3_600_000
DAY_HOURS = 24


def openings(world: World) -> list[int]:
    """When the endpoints that are shut now are open next, each once, in order."""
    hour_now = world.now_ms // HOUR_MS
    found = set()
    for info in _shut(world, hour_now):
        waits = next(one for one in range(1, DAY_HOURS + 1) if _is_open(info, hour_now + one))
        found.add((hour_now + waits) * HOUR_MS)
    return sorted(found)


def try_again(node: Node) -> None:
    """Forget what was refused at endpoints that have opened since the state was closed last."""
    world = node.world
    before, now = node.renewed_ms // HOUR_MS, world.now_ms // HOUR_MS
    opened = {info.name for info in _shut(world, before) if _is_open(info, now)}
    if not opened:
        return
    tools = {name for name, info in world.design.endpoints.items() if info.endpoint.calls in opened}
    named = opened | tools
    node.refused = {mark for mark in node.refused if named.isdisjoint(part for part in mark if isinstance(part, str))}
    node.news = True
    node.taken_back += 1


def _shut(world: World, hour: int) -> Iterator[EndpointInfo]:
    if world.design.on("K31"):
        yield from (one for one in world.design.endpoints.values() if one.endpoint.hours and not _is_open(one, hour))


def _is_open(info: EndpointInfo, hour: int) -> bool:
    """Whether an endpoint answers agents so many hours after the start."""
    return (START_HOUR + hour) % DAY_HOURS in info.endpoint.hours
