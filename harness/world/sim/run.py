"""What the processes of one run share: the clock, the world, the streams of chance and the log."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, TypeAlias

import simpy

from harness.plan.controls import Controls
from harness.plan.misfortunes import ORDINARY
from harness.plan.scenario import Scenario
from harness.plan.system import System
from harness.trace import Event
from harness.world.mechanics.commands import Command
from harness.world.mechanics.engine import apply, drain
from harness.world.mechanics.replies import Reply
from harness.world.mechanics.setup import build
from harness.world.sim.cast import Cast
from harness.world.sim.faults import conditions_of, fate_of
from harness.world.sim.population import records
from harness.world.sim.streams import Streams

Process: TypeAlias = Generator[simpy.Event, Any, None]

HOP_LATENCY_MS = (5, 40)
THINKING_MS = (200, 1_200)


class Run:
    """One run of a scenario on a design under a seed. `marks` has the number of the last event after each command."""

    def __init__(self, system: System, controls: Controls, scenario: Scenario, *, seed: int, reach: bool) -> None:
        self.seed = seed
        self.streams = Streams(seed)
        self.env = simpy.Environment()
        self.scenario = scenario
        self.cast = Cast(system, scenario)
        fate = fate_of(scenario.faults, self.streams, self.cast)
        conditions = conditions_of(scenario, self.cast)
        self.world = build(system, controls, records(system), seed=seed, fate=fate, conditions=conditions, reach=reach)
        self.disturbed = any(one.message in ORDINARY for one in scenario.faults)
        self.under_way: list[simpy.Process] = []
        self.log: list[Event] = []
        self.marks: list[int] = []

    @property
    def now_ms(self) -> int:
        """The instant, in milliseconds from the start."""
        return int(self.env.now)

    def do(self, command: Command) -> Reply:
        """Give a command to the mechanics at this instant."""
        events, reply = apply(self.world, command, self.now_ms)
        self.log += events
        self.marks.append(self.world.number)
        return reply

    def answered(self, waits: str) -> Reply:
        """The answer of a server behind, at the instant at which it is there."""
        self.log += drain(self.world, self.now_ms)
        reply: Reply = self.world.replies.pop(waits)
        return reply

    def present(self, user: str) -> bool:
        """Whether a person is there at this instant; what falls due until now is done first."""
        self.log += drain(self.world, self.now_ms)
        return self.world.people[user].present

    def sleep(self, duration_ms: int) -> simpy.Event:
        """Wait so long."""
        return self.env.timeout(max(0, duration_ms))

    def latency(self, stream: str) -> simpy.Event:
        """The time that a message takes on its way."""
        return self.sleep(self.streams[stream].randint(*HOP_LATENCY_MS))

    def thought(self, stream: str) -> simpy.Event:
        """The time that a model takes to decide."""
        return self.sleep(self.streams[stream].randint(*THINKING_MS))
