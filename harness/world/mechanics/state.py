"""The state of a world: flat dicts from id to immutable record, the servers, and the log that is being written.

`fork()` copies the dicts and nothing else. Identifiers come from counters in the state, so two forks that do the same
things name them alike. Nothing here decides anything; the modules beside it do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import msgspec

from harness.oauth import AuthorizationServer, ResourceServer
from harness.plan.misfortunes import Lag
from harness.trace import Attempt, Cause, Event, Request, Who
from harness.world.mechanics import beside
from harness.world.mechanics.commands import Call
from harness.world.mechanics.design import Design
from harness.world.mechanics.occurrences import Occurrence
from harness.world.mechanics.records import (
    Approval,
    Cached,
    Consent,
    Credential,
    Due,
    Handle,
    Item,
    Memory,
    Operation,
    Person,
    Program,
    Record,
    Task,
)


class Message(NamedTuple):
    """Something on its way: what it is, to which API or server (an answer: from which), of which program, with what delay.

    `delay_ms` is what the design says, before any misfortune.
    """

    kind: str
    to: str
    of: str | None
    now_ms: int
    delay_ms: int = 0


Fate = Callable[[Message], int | None]
"""What becomes of a message: its delay in milliseconds, or None if it is lost."""


def as_designed(message: Message) -> int | None:
    """The fate of a message in a world without misfortunes."""
    return message.delay_ms


class Conditions(NamedTuple):
    """Misfortunes that are known beforehand: servers that do not answer for a while, wrong clocks, late replicas.

    A clock that is ahead is late by less than nothing. `turns` are the instants at which any of them begins or ends.
    """

    outages: tuple[tuple[str, int, int], ...] = ()
    late_ms: Mapping[str, int] = {}
    lags: tuple[Lag, ...] = ()
    turns: tuple[int, ...] = ()

    def answers(self, server: str, now_ms: int) -> bool:
        """Whether a server, an API or a provider is up."""
        return not any(name == server and since <= now_ms < until for name, since, until in self.outages)

    def seen_ms(self, fact: str, place: str, decided_ms: int) -> int:
        """When a place knows what was decided at an instant: at once, unless its replica lags."""
        return max(
            (lag.seen_ms(decided_ms) for lag in self.lags if lag.of == fact and lag.at in (None, place)),
            default=decided_ms,
        )


class Ids:
    """Canonical counters: the next id of a kind depends on nothing but how many there were."""

    __slots__ = ("counts",)

    def __init__(self, counts: dict[str, int] | None = None) -> None:
        self.counts = counts if counts is not None else {}

    def next(self, prefix: str) -> str:
        """The next id with this prefix, `task1`, `task2`, …"""
        number = self.counts.get(prefix, 0) + 1
        self.counts[prefix] = number
        return f"{prefix}{number}"


_DICTS = (
    "records",
    "people",
    "tasks",
    "credentials",
    "contexts",
    "items",
    "memories",
    "handles",
    "caches",
    "approvals",
    "operations",
    "consents",
    "programs",
    "agenda",
    "refusals",
    "reach",
    "counters",
    "leaked",
    "sessions",
    "versions",
    "approved",
    "pools",
    "found",
    "tallies",
    "callbacks",
    "behind",
    "answers",
    "formerly",
    "replies",
    "evidence",
    "assertions",
)


class World:
    """Everything that is true at one instant of a run, with the design it is true under."""

    __slots__ = (
        *_DICTS,
        "_who",
        "aims",
        "beside",
        "conditions",
        "design",
        "fate",
        "ids",
        "next_due_ms",
        "now_ms",
        "number",
        "out",
        "peps",
        "preparing",
        "servers",
        "stepping",
        "taken",
    )

    records: dict[str, Record]
    people: dict[str, Person]
    tasks: dict[str, Task]
    credentials: dict[str, Credential]
    contexts: dict[str, tuple[str, ...]]
    items: dict[str, Item]
    memories: dict[str, Memory]
    handles: dict[str, Handle]
    caches: dict[tuple[str, ...], str]
    approvals: dict[str, Approval]
    operations: dict[str, Operation]
    consents: dict[tuple[str, str, str], Consent]
    programs: dict[str, Program]
    agenda: dict[str, Due]
    refusals: dict[tuple[str, str], tuple[str, ...]]
    reach: dict[tuple[Any, ...], str]
    counters: dict[str, int]
    leaked: dict[str, str]
    sessions: dict[str, int]
    versions: dict[str, int]
    approved: dict[str, int]
    pools: dict[tuple[str, str], tuple[tuple[Item, ...], ...]]
    found: dict[str, tuple[str, ...]]
    tallies: dict[tuple[str, ...], tuple[float, ...]]
    callbacks: dict[str, tuple[Call, ...]]
    behind: dict[str, str]
    answers: dict[tuple[Any, ...], tuple[Cached, ...]]
    formerly: dict[tuple[str, str], tuple[tuple[int, tuple[str, ...]], ...]]
    replies: dict[str, Any]
    evidence: dict[str, tuple[tuple[int, Mapping[str, Any]], ...]]
    assertions: dict[str, tuple[int, int]]

    def __init__(
        self,
        design: Design,
        servers: dict[str, AuthorizationServer],
        peps: dict[str, ResourceServer],
        fate: Fate = as_designed,
        conditions: Conditions | None = None,
    ) -> None:
        for name in _DICTS:
            setattr(self, name, {})
        self.design = design
        self.servers = servers
        self.peps = peps
        self.fate = fate
        self.conditions = conditions or Conditions()
        self.ids = Ids()
        self.out: list[Event] = []
        self.number = 0
        self.now_ms = 0
        self.next_due_ms = _NEVER_MS
        self._who: dict[tuple[Any, ...], Who] = {}
        self.aims: dict[tuple[Any, ...], Any] = {}
        self.beside = design.schedule.beside
        self.stepping: tuple[str, ...] = ()
        self.taken: frozenset[str] = frozenset()
        self.preparing = False

    def fork(self) -> World:
        """A world of its own that starts from this instant; the design and the memory of good signatures are shared."""
        other = object.__new__(World)
        for name in _DICTS:
            setattr(other, name, getattr(self, name).copy())
        other.design = self.design
        other.fate = self.fate
        other.conditions = self.conditions
        other.servers = {name: server.fork() for name, server in self.servers.items()}
        other.peps = {name: pep.fork() for name, pep in self.peps.items()}
        other.ids = Ids(self.ids.counts.copy())
        other.out = []
        other.number = self.number
        other.now_ms = self.now_ms
        other.next_due_ms = self.next_due_ms
        other._who = self._who
        other.aims = self.aims
        other.beside = self.beside
        other.stepping = ()
        other.taken = frozenset()
        other.preparing = False
        return other

    @property
    def home(self) -> AuthorizationServer:
        """The authorization server at which people sign in."""
        return self.servers[self.design.home]

    @property
    def now_s(self) -> float:
        """The instant in seconds, as the protocol counts."""
        return self.now_ms / 1000

    def who(
        self,
        actor: str,
        actor_type: str,
        *,
        user: str | None = None,
        agent: str | None = None,
        session: str | None = None,
        task: str | None = None,
        domain: str = "home",
    ) -> Who:
        """The shared record of these people and programs; `root_agent` is looked up from the agent."""
        root = self.root_of(agent)
        key = (actor, actor_type, user, agent, root, session, task, domain)
        found = self._who.get(key)
        if found is None:
            tenant = self.design.tenant_of(user)
            found = self._who[key] = Who(actor, actor_type, user, agent, root, session, task, tenant, domain)
        return found

    def root_of(self, agent: str | None) -> str | None:
        """The first of the chain of agents that started this one."""
        program = self.programs.get(agent) if agent else None
        return (program.root or agent) if program else agent

    def emit(
        self,
        kind: str,
        who: Who,
        own: Mapping[str, Any] | None = None,
        *,
        request: Request | None = None,
        attempt: Attempt | None = None,
        cause: Cause | None = None,
    ) -> int:
        """Write one event at this instant, with the declared steps that stand beside it; returns its id."""
        moments = self.beside.get(kind)
        if moments is not None:
            found = Occurrence(kind, who, own or _NOTHING, request, attempt, cause)
            return beside.write(self, moments, found)
        return self.write(kind, who, own, request, attempt, cause)

    def write(
        self,
        kind: str,
        who: Who,
        own: Mapping[str, Any] | None,
        request: Request | None,
        attempt: Attempt | None,
        cause: Cause | None,
    ) -> int:
        """Write one event at this instant and nothing beside it."""
        self.number += 1
        self.out.append(Event(kind, self.now_ms, self.number, who, own or _NOTHING, request, attempt, cause))
        return self.number

    def count(self, counter: str, by: int = 1) -> None:
        """Add to one of the counters that close a trace."""
        self.counters[counter] = self.counters.get(counter, 0) + by

    def plan(self, due: Due) -> str:
        """Put something on the agenda."""
        key = self.ids.next("due")
        self.agenda[key] = msgspec.structs.replace(due, key=key)
        self.next_due_ms = min(self.next_due_ms, due.at_ms)
        return key

    def due_until(self, now_ms: int) -> Iterator[Due]:
        """Take what falls due up to `now_ms` off the agenda, in order; what is added meanwhile is included."""
        while self.next_due_ms <= now_ms:
            key = min(self.agenda, key=lambda name: (self.agenda[name].at_ms, _ordinal(name)))
            due = self.agenda.pop(key)
            self.next_due_ms = min((one.at_ms for one in self.agenda.values()), default=_NEVER_MS)
            yield due


_NEVER_MS = 1 << 62
_NOTHING: Mapping[str, Any] = {}


def _ordinal(key: str) -> int:
    return int(key[3:])
