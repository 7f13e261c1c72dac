"""The records a run is written in: one immutable event per fact, with what many events share kept in one place.

An event is its kind, its time, an id, and pointers: to the people and programs behind it (`Who`), to the request that
carried it (`Request`, with its `Token` and `Route`), and to the facts of its own kind. Pointers keep an event small:
thousands of events of one task share one `Who`. Nothing here knows how an event came about or what it means.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec


class Who(msgspec.Struct, frozen=True, gc=False):
    """The people and programs behind an event, all facts of the ledger; an absent one is None.

    `actor` is the immediate caller; `agent` the running program whose decision caused the event, on every hop and
    whatever its tokens say; `root_agent` the first of a chain of agents; `user` the person who started the task;
    `session` the one in which the authority that was used was granted.
    """

    actor: str
    actor_type: str
    user: str | None = None
    agent: str | None = None
    root_agent: str | None = None
    session: str | None = None
    task: str | None = None
    tenant: str | None = None
    domain: str | None = None


class Route(msgspec.Struct, frozen=True, gc=False):
    """Where a request went: the part that every request to one endpoint shares."""

    api: str
    pep: str
    endpoint: str
    protocol: str = "rest"
    tool: str | None = None
    permission: str | None = None
    required_acr: str = "low"


class Token(msgspec.Struct, frozen=True, gc=False):
    """What the presented token claimed. Claims, never facts: a judge that trusts them repeats the guard's mistakes."""

    token: str
    token_family: str | None = None
    token_client: str | None = None
    token_user: str | None = None
    token_task: str | None = None
    token_audience: tuple[str, ...] = ()
    token_scope: tuple[str, ...] = ()
    token_proof: str = "none"


class Request(msgspec.Struct, frozen=True, gc=False):
    """One request as an enforcement point saw it. Durations in milliseconds."""

    request: str
    route: Route
    token: Token | None = None
    token_remaining_ms: int | None = None
    depth: int = 0
    actor_client: str | None = None
    agent_scope: tuple[str, ...] = ()
    user_scope: tuple[str, ...] = ()
    user_region: str | None = None
    record_region: str | None = None
    acr: str = "low"
    user_present: bool = False
    hour: int = 0
    latency_ms: int = 0


class Cause(msgspec.Struct, frozen=True, gc=False):
    """Why an event was tried: the goal it served and, where something went wrong on purpose, which twist did it.

    `twist` is the id of a misbehaviour (`T01`), `fault:<rule>` for a fault, or `search` for the adversary's choice;
    None for honest work.
    """

    goal: str
    twist: str | None = None


class Attempt(msgspec.Struct, frozen=True, gc=False):
    """An effect that was tried and stopped: by which controls, in order, and which others would have stopped it."""

    stopped_by: tuple[str, ...]
    would_also_stop: tuple[str, ...] = ()


NO_FIELDS: Mapping[str, Any] = {}


class Event(msgspec.Struct, frozen=True, gc=False):
    """One fact of a run, or (with `attempt`) one effect that was tried and stopped.

    `time_ms` counts from the start of the run; `id` is unique in the trace; `own` holds the fields of this kind alone
    (`trace.vocabulary`), absent ones left out, durations in milliseconds. `own` may be shared between events: it is
    never changed once an event points to it.
    """

    kind: str
    time_ms: int
    id: int | str
    who: Who
    own: Mapping[str, Any] = NO_FIELDS
    request: Request | None = None
    attempt: Attempt | None = None
    cause: Cause | None = None


class Trace(msgspec.Struct):
    """The ordered log of one run.

    `header` holds the seed and the resolved options that change the run (never a path, a date or a version of the
    machine); `counters` close it: authorization-server requests by endpoint, introspections, token bytes, prompts.
    """

    header: dict[str, Any]
    events: list[Event]
    counters: dict[str, Any]
