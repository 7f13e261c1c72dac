"""The SimPy shell: people, agents and operators as processes that wait, draw and call the mechanics; nothing more.

`simulate` runs one scenario on one design under one seed and returns its trace. Latency lies before and after a
command, never inside: a decision and its effect carry the same instant.
"""

from __future__ import annotations

from harness.plan.controls import Controls
from harness.plan.scenario import Scenario
from harness.plan.system import System
from harness.trace import Trace
from harness.world.mechanics.engine import drain
from harness.world.sim import closing, operators, people, script
from harness.world.sim.run import Run

AFTER_MS = 1_000


def simulate(system: System, controls: Controls, scenario: Scenario, *, seed: int = 0, reach: bool = False) -> Trace:
    """Run a scenario on a design; the same arguments give the same trace, byte for byte.

    `reach` adds the events that say what lies within reach. A run ends at the scenario's `until`, or when everybody has
    finished.
    """
    run = run_of(system, controls, scenario, seed=seed, reach=reach)
    return Trace(closing.header(run), run.log, closing.counters(run.world))


def run_of(system: System, controls: Controls, scenario: Scenario, *, seed: int = 0, reach: bool = False) -> Run:
    """The run itself, at its end: for those who ask which command brought about which event."""
    run = Run(system, controls, scenario, seed=seed, reach=reach)
    busy = [run.env.process(people.visit(run, number, visit)) for number, visit in enumerate(scenario.visits)]
    busy += [run.env.process(operators.action(run, action)) for action in scenario.actions]
    if scenario.script:
        busy.append(run.env.process(script.process(run, scenario.script)))
    if scenario.until is not None:
        run.env.run(until=scenario.until)
    elif busy:
        run.env.run(until=run.env.all_of(busy))
        while run.under_way:
            late, run.under_way = run.under_way, []
            run.env.run(until=run.env.all_of(late))
        run.env.run(until=run.now_ms + AFTER_MS)
    run.log += drain(run.world, max(run.now_ms, run.world.now_ms))
    return run
