"""Caches of a design: where one stands, what its key is made of, how long an entry lives, what makes it forget.

A cache hands out what it holds to whoever's request has the same key. Nobody asks there whose data it is: that is what
its key is for.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from harness.plan.values import Closed, DurationMs, Name

KeyPart = Literal[
    "endpoint", "path", "scope", "subject", "tenant", "token", "session", "client", "agent", "task", "purpose"
]
Forgets = Literal[
    "write",
    "session_revoked",
    "grant_revoked",
    "agent_denied",
    "consent_withdrawn",
    "user_disabled",
]


class Cache(Closed):
    """A cache of answers, or of the tokens that a server derives for the APIs behind it."""

    at: list[Name] = Field(
        description="The APIs whose answers it holds, or the server that keeps tokens.", min_length=1
    )
    stands: Literal["gateway", "api", "client"] = Field(
        default="gateway",
        description="Where it answers: at the `gateway`, before anything of the token is checked; in the `api`, after "
        "the token and before the records are looked at; at the `client`, before anything is sent.",
    )
    holds: Literal["answers", "tokens"] = Field(
        default="answers", description="What it holds: answers to reads, or tokens for the APIs behind a server."
    )
    endpoints: list[Name] = Field(default=[], description="Endpoints of these APIs that it covers; empty means all.")
    key: list[KeyPart] = Field(
        description="What its key is made of: the `endpoint`, or the `path` with its parameters; of the token the "
        "`scope`, the `subject` with the `tenant`, the `client`, the `session`, or the whole `token`; the `agent`, the "
        "`task` and its `purpose` as the caller names them.",
        min_length=1,
    )
    lifetime: DurationMs = Field(default=300_000, description="How long an entry lives.")
    forgets: list[Forgets] = Field(
        default=[],
        description="What makes it forget: a `write` to what it holds, or a signal that reaches the API it stands at.",
    )

    @model_validator(mode="after")
    def _tells_requests_apart(self) -> Cache:
        if self.holds == "answers" and not {"endpoint", "path"} & set(self.key):
            raise ValueError(
                "a key of answers has the `endpoint` or the `path` in it, or every answer would be the same"
            )
        return self
