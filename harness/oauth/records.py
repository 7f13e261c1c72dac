"""What an authorization server remembers: one immutable record per thing, kept in flat dicts from id to record.

A change replaces the record, so a fork of a server is a copy of its dicts. `Store.fork` copies them
all. Times are seconds; the words of `state` are those of the tables in `lifecycles`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from harness.oauth.keys import PublicKey


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """A registered OAuth client.

    `agent` is the identity of the program behind it, independent of the client_id (such as a SPIFFE id), and `type`
    is `agent`, `person_facing` or `service`. `policy` gives the scopes it may have by audience; `may_act` the agents or
    clients that may act on tokens issued to it; `binding` how its tokens are bound to it. `auth_method` is
    `private_key_jwt`, `tls_client_auth` or `none` (a public client).
    """

    client_id: str
    type: str = "agent"
    agent: str | None = None
    domain: str = "home"
    publisher: str | None = None
    auth_method: str = "private_key_jwt"
    key: PublicKey | None = None
    certificate: str | None = None
    grants: frozenset[str] = frozenset({"authorization_code", "refresh_token", "token_exchange", "ciba"})
    policy: Mapping[str, frozenset[str]] = {}
    redirect_uris: tuple[str, ...] = ()
    may_act: tuple[str, ...] = ()
    binding: str = "none"
    audience: str | None = None

    @property
    def identity(self) -> str:
        """The name under which it appears as an actor."""
        return self.agent or self.client_id


class User(msgspec.Struct, frozen=True, kw_only=True):
    """A person whom the server knows, with the attributes that tokens carry."""

    id: str
    customer_id: str | None = None
    region: str | None = None
    user_code: str | None = None


class Session(msgspec.Struct, frozen=True, gc=False):
    """A login session. Only acts of a human move `last_act_s`."""

    id: str
    user: str
    acr: str
    amr: tuple[str, ...]
    auth_time_s: float
    last_act_s: float
    state: str = "live"
    origin: str = "login"


class Grant(msgspec.Struct, frozen=True, gc=False):
    """What a person (or a client, for itself) agreed to: the ceiling of everything derived from it.

    `origin` is the grant of another domain behind it, where an assertion of that domain was the agreement.
    """

    id: str
    user: str | None
    client: str
    scopes: frozenset[str]
    audiences: frozenset[str]
    details: tuple[Mapping[str, Any], ...]
    session: str | None
    state: str = "active"
    offline: bool = False
    txn: str | None = None
    origin: str | None = None


class Code(msgspec.Struct, frozen=True, gc=False):
    """An authorization code and everything it is bound to."""

    id: str
    client: str
    grant: str
    redirect_uri: str
    challenge: str | None
    resources: tuple[str, ...]
    expires_s: float
    dpop_jkt: str | None = None
    state: str = "issued"


class RefreshToken(msgspec.Struct, frozen=True, gc=False):
    """A refresh token; `successor` and `answer` are what its rotation gave, for a repeat within the grace."""

    id: str
    client: str
    grant: str
    scopes: frozenset[str]
    audience: str
    issued_s: float
    expires_s: float
    state: str = "active"
    rotated_s: float = 0
    answer: Mapping[str, Any] = {}
    jkt: str | None = None


class Pushed(msgspec.Struct, frozen=True, gc=False):
    """A pushed authorization request (RFC 9126)."""

    id: str
    client: str
    form: Mapping[str, str | tuple[str, ...]]
    expires_s: float
    state: str = "pushed"


class Backchannel(msgspec.Struct, frozen=True, gc=False):
    """A backchannel authentication request (CIBA), from the question to its redemption."""

    id: str
    client: str
    agent: str | None
    user: str
    scopes: frozenset[str]
    audience: str
    details: tuple[Mapping[str, Any], ...]
    shown: tuple[Mapping[str, Any], ...]
    overridden: bool
    binding_message: str | None
    asked_s: float
    expires_s: float
    acr_wanted: str | None
    state: str = "pending"
    interval_s: float = 5
    polled_s: float = -1e9
    answered_s: float = 0
    by: str | None = None
    acr: str = "low"
    session: str | None = None
    channel: str = ""
    txn: str | None = None
    delegation: str | None = None


class Consent(msgspec.Struct, frozen=True, gc=False):
    """A person's consent that this client sends these categories to this recipient for this purpose."""

    id: str
    user: str
    client: str
    recipient: str
    purpose: str
    categories: frozenset[str]
    given_s: float
    state: str = "given"


class Issued(msgspec.Struct, frozen=True, gc=False):
    """An access token that was issued: where it came from, and whether it was revoked."""

    jti: str
    client: str
    agent: str | None
    subject: str
    grant: str | None
    session: str | None
    expires_s: float
    parent: str | None
    claims: Mapping[str, Any]
    state: str = "active"


def once(used: dict[str, float], key: str, *, until_s: float, now_s: float) -> dict[str, float]:
    """The table of what may come once, with one thing more; what nobody could use again is forgotten as it doubles."""
    count = len(used)
    if count >= 1_024 and count & (count - 1) == 0:
        used = {name: until for name, until in used.items() if until >= now_s}
    used[key] = until_s
    return used


class Store:
    """All state of an authorization server: dicts from id to immutable record.

    `disabled` holds principals by kind and name; `used` what may come once (assertions, proofs) until when; `linked` who
    a foreign subject is, and which token an opaque handle stands for; `screens` which clients a person has approved;
    `asked` when a person was asked for approval.
    """

    __slots__ = (
        "asked",
        "backchannel",
        "clients",
        "codes",
        "consents",
        "disabled",
        "grants",
        "issued",
        "linked",
        "pushed",
        "refresh",
        "screens",
        "sessions",
        "used",
        "users",
    )

    def __init__(self) -> None:
        self.clients: dict[str, Client] = {}
        self.users: dict[str, User] = {}
        self.sessions: dict[str, Session] = {}
        self.grants: dict[str, Grant] = {}
        self.codes: dict[str, Code] = {}
        self.refresh: dict[str, RefreshToken] = {}
        self.pushed: dict[str, Pushed] = {}
        self.backchannel: dict[str, Backchannel] = {}
        self.consents: dict[str, Consent] = {}
        self.issued: dict[str, Issued] = {}
        self.disabled: dict[tuple[str, str], float] = {}
        self.used: dict[str, float] = {}
        self.linked: dict[tuple[str, str], str] = {}
        self.screens: dict[tuple[str, str], frozenset[str]] = {}
        self.asked: dict[str, tuple[float, ...]] = {}

    def fork(self) -> Store:
        """An independent copy: dicts are copied, records are shared. Written out, since a search forks at every step."""
        other = object.__new__(Store)
        other.clients = self.clients.copy()
        other.users = self.users.copy()
        other.sessions = self.sessions.copy()
        other.grants = self.grants.copy()
        other.codes = self.codes.copy()
        other.refresh = self.refresh.copy()
        other.pushed = self.pushed.copy()
        other.backchannel = self.backchannel.copy()
        other.consents = self.consents.copy()
        other.issued = self.issued.copy()
        other.disabled = self.disabled.copy()
        other.used = self.used.copy()
        other.linked = self.linked.copy()
        other.screens = self.screens.copy()
        other.asked = self.asked.copy()
        return other
