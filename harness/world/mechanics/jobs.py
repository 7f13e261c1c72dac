"""Work that a server goes on with by itself after it was asked once, with the token that it derived then."""

from __future__ import annotations

from typing import NamedTuple

from harness.world.mechanics.commands import Call
from harness.world.mechanics.records import Due
from harness.world.mechanics.state import World


class Job(NamedTuple):
    """Work that a server goes on with by itself: the request it was asked for, and the token that it derived."""

    step: Call
    endpoint: str
    credential: str


JOB_PERIOD_MS = 15_000
JOB_ROUNDS = 8


def queue(world: World, job: Job) -> None:
    """The MCP server keeps polling the API for the caller, with the token it derived: nobody asks the agent again."""
    for round_ in range(1, JOB_ROUNDS + 1):
        world.plan(Due(world.now_ms + round_ * JOB_PERIOD_MS, "job", job.endpoint, job))
