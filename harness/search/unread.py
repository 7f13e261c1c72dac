"""Answers that nobody reads: on a shared connection the next caller gets them (`pooled` APIs, K26).

A call that is cancelled takes the next answer away from whoever asks for it, so that it is an event of the search and never
closed; after it, what was called there is called again, since another answer comes. One unread answer at a time is a bound
of the small world.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from harness.search.node import Node
from harness.search.taking import Taking
from harness.world.mechanics import commands as c
from harness.world.mechanics.state import World


def is_pooled(world: World, endpoint: str) -> bool:
    """Whether the answer of an endpoint, or of the one behind a tool, comes on a shared connection."""
    info = world.design.endpoints[endpoint]
    target = world.design.endpoints[info.endpoint.calls] if info.endpoint.calls else info
    return world.design.system.apis[target.api].pooled


def cancelled(node: Node) -> Iterator[c.Call]:
    """Calls that get through and whose answer is not read: one for each task and owner."""
    if any(node.world.pools.values()):
        return
    seen: set[object] = set()
    for one in list(node.accepted.values()):
        call = one.command
        if not isinstance(call, c.Call) or call.job or call.passthrough or call.approval:
            continue
        if (call.task, call.owner) not in seen and is_pooled(node.world, call.endpoint):
            seen.add((call.task, call.owner))
            current = Taking.current(node, call)
            assert isinstance(current, c.Call), "the same call with a newer credential"
            yield replace(current, cancelled=True)


def asked_again(node: Node) -> None:
    """What was called on shared connections may be called again: another answer comes."""
    node.news = True
    calls = [shape for shape in node.accepted if shape[0] == "call" and is_pooled(node.world, str(shape[3]))]
    for shape in calls:
        node.let_go(shape)
