"""The authorization server: one object that dispatches messages and people's acts to the modules that decide."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from harness.oauth.keys import Keys
from harness.oauth.messages import Answer, Prompt, Refusal, Request, Response, Signal
from harness.oauth.profile import AsProfile
from harness.oauth.records import Client, Store, User


class Ids(Protocol):
    """Where identifiers come from: the caller's counters."""

    def next(self, prefix: str) -> str:
        """A fresh identifier that starts with this prefix."""
        ...


class AuthorizationServer:
    """An authorization server: `receive` for HTTP, the other methods for people, operators and other servers.

    Endpoints: `/authorize`, `/par`, `/token` (grants `authorization_code`, `refresh_token`, `client_credentials`,
    token exchange, CIBA, JWT bearer), `/introspect`, `/revoke`, `/bc-authorize`, `/register`, `/end_session`,
    `/global_token_revocation`, `/.well-known/oauth-authorization-server`, `/jwks`. All state is in `store`.
    """

    __slots__ = ("keys", "profile", "store")

    def __init__(self, profile: AsProfile, keys: Keys, store: Store | None = None) -> None:
        self.profile = profile
        self.keys = keys
        self.store = store or Store()

    def fork(self) -> AuthorizationServer:
        """An independent copy: its dicts are its own, records and keys are shared."""
        return AuthorizationServer(self.profile, self.keys, self.store.fork())

    def receive(self, request: Request, *, now_s: float, ids: Ids) -> Response:
        """Answer one HTTP request; a refusal is a response with `refusal` set, never an exception."""
        raise NotImplementedError

    # ------------------------------------------------------------- set-up

    def add_client(self, client: Client) -> None:
        """Register a client out of band."""
        raise NotImplementedError

    def add_user(self, user: User) -> None:
        """Make a person known."""
        raise NotImplementedError

    # ------------------------------------------------------------- people

    def login(
        self, user: str, *, acr: str = "low", amr: tuple[str, ...] = ("pwd",), now_s: float, ids: Ids
    ) -> str | Refusal:
        """Authenticate a person; returns the id of the new session (`sid`)."""
        raise NotImplementedError

    def human_act(self, session: str, *, now_s: float) -> bool:
        """A human acted in a session, which keeps it alive; False where it is live no more."""
        raise NotImplementedError

    def end_session(
        self, session: str, reason: str = "logout", *, now_s: float, initiator: str = "user"
    ) -> tuple[Signal, ...]:
        """End a session: refresh tokens without offline access die with it (OIDC back-channel logout 2.7)."""
        raise NotImplementedError

    def session_live(self, session: str, *, now_s: float) -> bool:
        """Whether a session is live and recently used by a human."""
        raise NotImplementedError

    def grant_consent(
        self, user: str, client: str, recipient: str, purpose: str, categories: Iterable[str], *, now_s: float, ids: Ids
    ) -> str:
        """Record a purpose-specific consent and return its id."""
        raise NotImplementedError

    def withdraw_consent(self, consent: str, *, now_s: float) -> tuple[Signal, ...]:
        """Take a consent back."""
        raise NotImplementedError

    def prompts(self, user: str, *, now_s: float) -> tuple[Prompt, ...]:
        """The open approval prompts on a person's devices."""
        raise NotImplementedError

    def answer_prompt(
        self, auth_req_id: str, *, approve: bool, by: str, acr: str, channel: str, now_s: float, ids: Ids
    ) -> Answer:
        """Answer a prompt, as `by`, over `channel` (`user_device` or `in_band`), authenticated with `acr`.

        With the user-controlled channel on, only the person asked, on a device of their own, with the acr that the
        profile wants, is heard. An approval starts a session of its own.
        """
        raise NotImplementedError

    # ------------------------------------------------------------- operators

    def disable(self, kind: str, id: str, *, now_s: float, initiator: str = "admin") -> tuple[Signal, ...]:
        """Disable a `user`, `client`, `agent`, `audience` or `idp`."""
        raise NotImplementedError

    def enable(self, kind: str, id: str, *, now_s: float, initiator: str = "admin") -> tuple[Signal, ...]:
        """Take a disablement back."""
        raise NotImplementedError

    def revoke_grant(self, grant: str, *, now_s: float, initiator: str = "admin") -> tuple[Signal, ...]:
        """Revoke a grant and its refresh tokens; with lineage, everything derived from it."""
        raise NotImplementedError

    def receive_signal(self, signal: Signal | str, *, now_s: float) -> None:
        """Take a signal (or a security event token) of another domain's server into account."""
        raise NotImplementedError

    def deadlines(self, now_s: float) -> Iterable[float]:
        """The future instants at which an answer of this server may change by itself."""
        raise NotImplementedError
