"""What crosses the wire, and what is told about it: requests, responses, refusals, signals. All immutable values.

Nothing here decides. A refusal is a value that carries which check refused (`check`), the protocol's error and status,
the rule it comes from, and the challenge header as a server would send it. Sources: RFC 6749 section 5.2, RFC 6750
section 3, RFC 8417 (security event tokens).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

NOTHING: Mapping[str, Any] = {}


class Request(msgspec.Struct, frozen=True, gc=False):
    """One HTTP request, as a server sees it.

    `form` holds the parameters of a form or query string (a tuple where a parameter is repeated), `body` a JSON
    object. `certificate` is the SHA-256 thumbprint (base64url) of the client certificate of the TLS connection, and
    `session` the id of the browser's login session, if the request comes from a browser that has one.
    """

    method: str
    path: str
    headers: Mapping[str, str] = NOTHING
    form: Mapping[str, str | tuple[str, ...]] = NOTHING
    body: Mapping[str, Any] = NOTHING
    certificate: str | None = None
    session: str | None = None


class Refusal(msgspec.Struct, frozen=True, gc=False):
    """Why a server refuses: `check` names which check did, in words that stay the same.

    `error` and `status` are the protocol's; `rule` is the id in `harness list protocol-rules`; `challenge` the value of
    `WWW-Authenticate`, None where there is none; `headers` further headers, as pairs.
    """

    check: str
    error: str
    status: int
    rule: str
    detail: str = ""
    challenge: str | None = None
    headers: tuple[tuple[str, str], ...] = ()


class Signal(msgspec.Struct, frozen=True, gc=False):
    """What an authorization server tells enforcement points and other servers (CAEP 1.0, OpenID back-channel logout).

    `kind` is one of `session_revoked`, `grant_revoked`, `agent_denied`, `agent_enabled`, `consent_withdrawn`,
    `token_revoked`, `user_disabled`, `user_enabled`. The subject is the one id that fits the kind; `lineage` says that
    the token named by `jti` was derived from what was denied. `at_s` is when it happened, not when it was sent;
    `initiator` is `admin`, `user`, `policy` or `system`.
    """

    kind: str
    at_s: float
    session: str | None = None
    grant: str | None = None
    client: str | None = None
    agent: str | None = None
    jti: str | None = None
    user: str | None = None
    consent: str | None = None
    lineage: bool = False
    initiator: str = "system"


class Response(msgspec.Struct, frozen=True, gc=False):
    """One HTTP response: `refusal` where the request was refused, `signals` where it changed what others need."""

    status: int
    headers: Mapping[str, str] = NOTHING
    body: Mapping[str, Any] = NOTHING
    refusal: Refusal | None = None
    signals: tuple[Signal, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether the request was carried out."""
        return self.refusal is None


class Prompt(msgspec.Struct, frozen=True, gc=False):
    """An open question on a person's device. `shown` is what the person reads; `client_text` what the client wrote.

    `overridden` says that the client's own text differed and was not shown (trusted display).
    """

    auth_req_id: str
    user: str
    client: str
    agent: str | None
    binding_message: str | None
    shown: tuple[Mapping[str, Any], ...]
    asked_s: float
    expires_s: float
    overridden: bool = False


class Answer(msgspec.Struct, frozen=True, gc=False):
    """What came of answering a prompt: the session that the approval started, or why the answer does not count."""

    session: str | None = None
    refusal: Refusal | None = None


class Details(msgspec.Struct, frozen=True, gc=False):
    """The operation that a request would carry out, for comparison with `authorization_details` (RFC 9396).

    `fields` holds what must be equal, such as `resource`, `amount`, `currency`, `payee`; `subject` is whose it is.
    """

    type: str
    subject: str
    fields: tuple[tuple[str, Any], ...] = ()


class Disclosure(msgspec.Struct, frozen=True, gc=False):
    """What a request would send to a model provider: to whom, what for, which kinds of data, about whom."""

    provider: str
    purpose: str
    categories: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()


class Presented(msgspec.Struct, frozen=True, gc=False):
    """A request at an enforcement point: the credential, how it was sent, and what it is compared with.

    `token` is None where none was sent. `proof` is a DPoP proof; `certificate` the thumbprint of the client's TLS
    certificate. `entitled` holds, for each record that would be touched, everyone the API knows to be entitled to it.
    `operation` is what would be carried out; `disclosure` what would reach a model provider; `region` that of the
    records; `hour` the hour of the day, 0 to 23; `approval` an approval that the call
    names itself.
    """

    token: str | None
    scheme: str = "Bearer"
    proof: str | None = None
    certificate: str | None = None
    entitled: tuple[tuple[str, ...], ...] = ()
    operation: Details | None = None
    disclosure: Disclosure | None = None
    region: str | None = None
    hour: int | None = None
    approval: str | None = None
    method: str = "POST"
    url: str = ""
    in_query: bool = False
    credentials: int = 1


class RouteRule(msgspec.Struct, frozen=True, gc=False):
    """What an API asks of the credential at one endpoint.

    `scope` opens it; without one the endpoint stays shut unless it is `open`. `elevated` marks a high-privilege
    endpoint: its scope must come with `acr` (proved no longer than `max_age_s` ago) and with details that match the
    operation. `actor` is `any`, `agent` (an actor or a client registered as an agent is needed) or `people`.
    `regions`, `hours`, `client_types` and `min_acr` are rules over claims; empty means that all are fine.
    """

    endpoint: str
    scope: str | None = None
    open: bool = False
    elevated: bool = False
    acr: str | None = None
    max_age_s: float | None = None
    actor: str = "any"
    regions: frozenset[str] = frozenset()
    hours: frozenset[int] = frozenset()
    client_types: frozenset[str] = frozenset()
    min_acr: str | None = None
