"""What the state of a world is made of: immutable records, each held in a flat dict from id to record.

Changing the state means putting a new record under the same id, so that a fork is a copy of a few dicts. Times are
milliseconds from the start of the run.
"""

from __future__ import annotations

import hashlib

import msgspec

from harness.trace import Token


class Record(msgspec.Struct, frozen=True, gc=False):
    """A record of the ledger: whose it is, and everyone who is entitled to it."""

    id: str
    owner: str
    category: str
    entitled: tuple[str, ...]
    fields: tuple[str, ...]
    subjects: tuple[str, ...] = ()
    trusted: bool = True
    region: str = "EU"
    tenant: str = "insurer"


class Person(msgspec.Struct, frozen=True, gc=False):
    """Who is there: the devices in use now. `since_ms` is the last arrival, `left_ms` the last departure."""

    id: str
    type: str = "user"
    devices: frozenset[str] = frozenset()
    since_ms: int = -1
    left_ms: int = -1
    locked: bool = False

    @property
    def present(self) -> bool:
        return bool(self.devices)


class Task(msgspec.Struct, frozen=True, gc=False):
    """Work that a person gave to an agent in one session. `ended_by` names what ended its authority, if anything.

    `refused` are the endpoints of the honest calls that were refused and have not got through since.
    """

    id: str
    user: str
    agent: str
    session: str
    kind: str
    purpose: str
    started_ms: int
    subject: str | None = None
    done: bool = False
    completed: bool = False
    ended_by: str | None = None
    parent: str | None = None
    twist: str | None = None
    refused_calls: int = 0
    refused: tuple[str, ...] = ()
    round_trips: int = 0


class Credential(msgspec.Struct, frozen=True, gc=False):
    """A token and who can reach it. Expired ones stay: trying them is an attack worth stopping."""

    handle: str
    token: str
    holder: str
    server: str
    kind: str
    client: str
    facts: Token
    user: str | None
    agent: str | None
    session: str | None
    task: str | None
    issued_ms: int
    expires_ms: int
    acr: str = "low"
    approval: str | None = None
    provider: str | None = None
    purpose: str | None = None
    categories: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    depth: int = 0


class Item(msgspec.Struct, frozen=True, gc=False):
    """A piece of data outside the API that it left: whose, of what kind, and where it came from.

    `filed_under` is the person whom the runtime takes it to be about, which is all that a runtime can go by; `label`
    the person whom the answer itself names. `subjects` are the others that the data is about. `holder` is the program that
    got it for no task; what it got in one is in the context of that.
    """

    record: str
    owner: str
    entitled: tuple[str, ...]
    categories: tuple[str, ...]
    filed_under: str | None = None
    label: str | None = None
    subjects: tuple[str, ...] = ()
    trusted: bool = True
    origin: str = "tool"
    holder: str | None = None


class Operation(msgspec.Struct, frozen=True, gc=False):
    """What somebody wants done, exactly. `details_hash` covers type, resource, amount, currency and payee."""

    id: str
    type: str
    record: str
    owner: str
    entitled: tuple[str, ...]
    category: str
    privilege: str
    amount: float = 0
    currency: str = "EUR"
    payee: str | None = None
    reversible: bool = True
    mode: str = "real"

    @property
    def details_hash(self) -> str:
        return details_hash(self.type, self.record, self.amount, self.currency, self.payee)


def details_hash(kind: str, resource: str, amount: float, currency: str, payee: str | None) -> str:
    """A short name for exactly these details: equal details, equal name."""
    text = "\x1f".join((kind, resource, format(amount, ".2f"), currency, payee or ""))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class Approval(msgspec.Struct, frozen=True, gc=False):
    """A question put to a person: what is meant to be done, what the person is shown, and the answer."""

    id: str
    user: str
    agent: str
    task: str
    operation: Operation
    shown: Operation
    asked_ms: int
    server: str
    state: str = "pending"
    answered_ms: int = -1
    session: str | None = None


class Consent(msgspec.Struct, frozen=True, gc=False):
    """What a person agreed to. At most one for each person, recipient and purpose."""

    id: str
    user: str
    agent: str
    recipient: str
    purpose: str
    categories: tuple[str, ...]
    given_ms: int


class Memory(msgspec.Struct, frozen=True, gc=False):
    """What an agent keeps beyond a task, and under whose name it was kept."""

    id: str
    agent: str
    subject: str
    store: str
    item: Item


class Cached(msgspec.Struct, frozen=True, gc=False):
    """An answer, or a token, that a cache keeps: what it is (records, or one credential) and for whom it was made."""

    cache: str
    api: str
    holds: tuple[str, ...]
    user: str | None
    session: str | None
    client: str | None
    agent: str | None
    family: str | None
    until_ms: int


class Handle(msgspec.Struct, frozen=True, gc=False):
    """A reference to a result that a server holds: possession is not authentication (MCP security practices)."""

    id: str
    api: str
    user: str
    items: tuple[Item, ...]

    @property
    def like(self) -> tuple[object, ...]:
        """What it has in common with others that give the same."""
        told = ((i.owner, i.entitled, i.categories, i.subjects, i.trusted, i.origin) for i in self.items)
        return self.api, self.user, *told


class Program(msgspec.Struct, frozen=True, gc=False):
    """An agent as it runs: the client it uses now, and whether an administrator has disabled it."""

    id: str
    client: str
    disabled_ms: int = -1
    registered: tuple[str, ...] = ()
    root: str | None = None
    parent_task: str | None = None


class Due(msgspec.Struct, frozen=True, gc=False):
    """Something that will happen by itself at an instant: a signal arrives, a queued job goes on, a person turns."""

    at_ms: int
    kind: str
    target: str
    payload: object = None
    key: str = ""
