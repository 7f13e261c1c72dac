"""The SimPy shell: people, agents and operators as processes that wait, draw and call the mechanics; nothing more.

`simulate` runs one scenario on one design under one seed and returns its trace. Latency lies before and after a
command, never inside: a decision and its effect carry the same instant.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import simpy

from harness.plan.controls import Controls
from harness.plan.scenario import Scenario
from harness.plan.system import System
from harness.trace import Event, Trace
from harness.world.mechanics.commands import Command
from harness.world.mechanics.engine import apply, drain
from harness.world.mechanics.replies import Reply
from harness.world.mechanics.setup import build
from harness.world.sim import closing
from harness.world.sim.cast import Cast
from harness.world.sim.faults import fate_of
from harness.world.sim.population import records
from harness.world.sim.streams import Streams

Process = Generator[simpy.Event, Any, None]

HOP_LATENCY_MS = (5, 40)
THINKING_MS = (200, 1_200)
AFTER_MS = 1_000
LONGEST_MS = 400 * 24 * 3_600_000


class Run:
    """What the processes of one run share."""

    def __init__(self, system: System, controls: Controls, scenario: Scenario, *, seed: int, reach: bool) -> None:
        self.streams = Streams(seed)
        self.env = simpy.Environment()
        self.scenario = scenario
        self.cast = Cast(system, scenario)
        fate = fate_of(scenario.faults, self.streams)
        self.world = build(system, controls, records(system), seed=seed, fate=fate, reach=reach)
        self.log: list[Event] = []

    @property
    def now_ms(self) -> int:
        """The instant, in milliseconds from the start."""
        return int(self.env.now)

    def do(self, command: Command) -> Reply:
        """Give a command to the mechanics at this instant."""
        events, reply = apply(self.world, command, self.now_ms)
        self.log += events
        return reply

    def sleep(self, duration_ms: int) -> simpy.Event:
        """Wait so long."""
        return self.env.timeout(max(0, duration_ms))

    def latency(self, stream: str) -> simpy.Event:
        """The time that a message takes on its way."""
        return self.sleep(self.streams[stream].randint(*HOP_LATENCY_MS))


def simulate(system: System, controls: Controls, scenario: Scenario, *, seed: int = 0, reach: bool = False) -> Trace:
    """Run a scenario on a design; the same arguments give the same trace, byte for byte."""
    from harness.world.sim import operators, people

    run = Run(system, controls, scenario, seed=seed, reach=reach)
    busy = [run.env.process(people.visit(run, number, visit)) for number, visit in enumerate(scenario.visits)]
    busy += [run.env.process(operators.action(run, action)) for action in scenario.actions]
    if scenario.until is not None:
        run.env.run(until=scenario.until)
    elif busy:
        run.env.run(until=run.env.all_of(busy))
        run.env.run(until=run.now_ms + AFTER_MS)
    run.log += drain(run.world, max(run.now_ms, run.world.now_ms))
    return Trace(closing.header(run, seed=seed), run.log, closing.counters(run.world))
