"""What a command's author gets back: handles to new things, or a refusal as a client would see it, never a control."""

from __future__ import annotations

import msgspec

from harness.world.mechanics.effects import Stop


class Reply(msgspec.Struct, frozen=True, gc=False):
    """The answer to a command. `error` and `challenge` are what an OAuth client or an LLM gets to read.

    `waits` names the answer that is still on its way, where a server behind has not answered yet.
    """

    ok: bool
    error: str = ""
    challenge: str = ""
    items: tuple[str, ...] = ()
    credential: str | None = None
    handle: str | None = None
    approval: str | None = None
    operation: str | None = None
    session: str | None = None
    task: str | None = None
    memory: str | None = None
    pending: bool = False
    waits: str | None = None


def refused(stop: Stop) -> Reply:
    """A refusal, without a word about which control it came from."""
    return Reply(ok=False, error=stop.error, challenge=stop.challenge)
