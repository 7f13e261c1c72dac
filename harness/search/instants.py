"""Where to jump: the instants that change a rule, ends that it listens to, openings, and steps on the way to the next.

Time only takes away, but for what opens at its hour: nobody waits before there is something to wait for, such as a rule that
has noted what time changes, or a session or visit whose end it listens to.
"""

from __future__ import annotations

from collections.abc import Iterator

from harness.search.facets import Facet
from harness.search.interests import BY_TIME, Interests
from harness.search.node import Node
from harness.search.opening import HOUR_MS, openings
from harness.world.mechanics.design import START_HOUR
from harness.world.mechanics.records import Due

DAY_MS = 24 * HOUR_MS


def instants(node: Node, facet: Facet, left: int) -> list[int]:
    """The future instants that matter to a facet in a state, in order; `left` is how many events the search still goes."""
    world, interests, opening = node.world, facet.interests, openings(node.world)
    if not interests.needs_time:
        return opening
    ending = [
        due.at_ms for due in world.agenda.values()
        if BY_TIME.get(due.kind) in interests.listened and facet.involves(_person(due))
    ]  # fmt: skip
    found = {*node.instants(), *_hours(interests, world.now_ms), *opening}
    if interests.reads_clock or (interests.outlives and node.armed):
        found.update(_on_the_way(node, interests, min(found, default=None), left))
    found.update(sorted(ending)[:1])
    return sorted(one for one in found if one > world.now_ms)


def _hours(interests: Interests, now_ms: int) -> Iterator[int]:
    """The next beginning of each hour of the day at which the rule speaks differently."""
    for hour in interests.hours:
        first_ms = (hour - START_HOUR) % 24 * HOUR_MS
        yield first_ms + (now_ms - first_ms) // DAY_MS * DAY_MS + DAY_MS if now_ms >= first_ms else first_ms


def _on_the_way(node: Node, interests: Interests, next_ms: int | None, left: int) -> Iterator[int]:
    """The last instant before something is lost, so that it can be renewed, and the last queued job.

    They are on the way to the next instant that changes the rule, or after the last; not where the way is so long
    that renewing does not get there within the depth of the search, and what is renewed only while there is more to
    wait for: once nothing keeps the rule any more, what is possible is possible at once.
    """
    now, world = node.world.now_ms, node.world
    ends = [one - 1 for one in _ends(node) if one - 1 > now] if node.waits or interests.reads_clock else []
    if ends and next_ms is not None and next_ms - now > (left - 1) * (max(ends) - now):
        return
    jobs = [due.at_ms for due in world.agenda.values() if due.kind == "job"]
    for at_ms in (*sorted(ends)[:1], *sorted(jobs)[-1:]):
        if next_ms is None or at_ms < next_ms:
            yield at_ms


def _ends(node: Node) -> Iterator[int]:
    """When what is within reach ends: credentials, sessions, answers that can be redeemed."""
    for handle in node.best.values():
        credential = node.world.credentials[handle]
        if credential.kind == "access":
            yield credential.expires_ms
    for server in node.world.servers.values():
        profile = server.profile
        for session in server.store.sessions.values():
            if session.state == "live":
                yield round((session.last_act_s + profile.session_idle_s) * 1000)


def _person(due: Due) -> str:
    """Whose visit or session ends."""
    return due.target if due.kind == "put_down" else str(due.payload)
