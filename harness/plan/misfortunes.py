"""What goes wrong by itself: rules on messages, servers that are down, replicas that lag behind.

Nobody decides any of it, and no control is asked: a message that is lost was neither stopped nor done, and a decision
that rests on a late copy is as right as the copy. Shares and spans are drawn from the seed.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from harness.plan.values import Closed, DurationMs, Name

Signalled = Literal[
    "session_revoked",
    "grant_revoked",
    "token_revoked",
    "agent_denied",
    "agent_enabled",
    "consent_withdrawn",
    "user_disabled",
    "user_enabled",
]
"""What authorization servers tell enforcement points and each other."""

Ordinary = Literal["call", "answer", "hop", "token_request", "token_answer"]
"""What agents and servers say to each other in the course of their work."""

ORDINARY = frozenset({"call", "answer", "hop", "token_request", "token_answer"})

Fact = Literal["owners", "consents", "denials", "revocations", "sessions"]
"""What an API or a server knows by a copy of what was decided elsewhere."""


class Window(Closed):
    """Something that is so for a while."""

    since: DurationMs = Field(default=0, description="From when, counted from the start of the run.")
    until: DurationMs | None = Field(default=None, description="Until when; by default to the end.")

    @model_validator(mode="after")
    def _forward(self) -> Window:
        if self.until is not None and self.until <= self.since:
            raise ValueError("`until` comes after `since`")
        return self

    def open_at(self, now_ms: int) -> bool:
        """Whether it is so at an instant."""
        return self.since <= now_ms and (self.until is None or now_ms < self.until)


class Fault(Window):
    """A rule on messages: what it matches, and what becomes of them. The first rule that matches decides."""

    message: Literal["any", Signalled, Ordinary] = Field(
        default="any",
        description="Which messages it matches: `any` signal, one kind of signal, a `call` of an agent and its `answer`, "
        "the `hop` from an MCP server to the API behind a tool, or a `token_request` and its `token_answer`.",
    )
    to: Name | None = Field(
        default=None,
        description="The API or server that the message is for, or that answers; without it anybody.",
    )
    of: Name | None = Field(default=None, description="The agent whose message it is; without it anybody's.")
    lose: bool = Field(default=False, description="The message never arrives.")
    delay: DurationMs = Field(default=0, description="How much later it arrives.")
    up_to: DurationMs | None = Field(
        default=None, description="How much later at most: drawn between `delay` and this for each message."
    )
    share: float = Field(default=1.0, ge=0, le=1, description="The share of matching messages, drawn from the seed.")

    @model_validator(mode="after")
    def _complete(self) -> Fault:
        if self.up_to is not None and self.up_to < self.delay:
            raise ValueError("`up_to` is at least `delay`")
        if self.lose and (self.delay or self.up_to):
            raise ValueError("a message that is lost has no delay: leave out `lose` or `delay`")
        if self.of is not None and self.message not in ORDINARY:
            raise ValueError("`of` names an agent, and a signal is no agent's: say which message, as in `call`")
        return self


class Outage(Closed):
    """An authorization server, an API or a model provider that does not answer for a while."""

    server: Name = Field(default="home", description="Which server: an authorization server, an API or a provider.")
    since: DurationMs = Field(description="From when, counted from the start of the run.")
    until: DurationMs = Field(description="Until when.")


class Lag(Window):
    """A replica that is late: what a place knows is what was so a while ago. `until` is when it has caught up."""

    of: Fact = Field(
        description="What it knows late: who may see a record (`owners`), `consents`, `denials` of agents, clients and "
        "people, `revocations` of grants, ends of `sessions`."
    )
    at: Name | None = Field(
        default=None,
        description="Where: an API for what its enforcement point knows, a server for what it issues tokens by; "
        "without it everywhere.",
    )
    by: DurationMs = Field(description="How late.")

    def seen_ms(self, decided_ms: int) -> int:
        """When a decision of an instant is known."""
        if not self.open_at(decided_ms):
            return decided_ms
        late_ms = decided_ms + self.by
        return late_ms if self.until is None else min(late_ms, self.until)
