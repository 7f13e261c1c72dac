"""The world: `simulate` runs a scenario on a design and writes its trace; `mechanics` is all that decides, without a clock.

trace = simulate(system, Controls.of(system, without=["K04"]), scenario, seed=7)
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.world.mechanics.setup import decided
    from harness.world.sim.shell import simulate

__all__ = ["decided", "simulate"]


def __getattr__(name: str) -> object:
    # SimPy and the protocol are imported when the first run starts, not when a file is checked
    if name == "simulate":
        from harness.world.sim.shell import simulate

        return simulate
    if name == "decided":
        from harness.world.mechanics.setup import decided

        return decided
    raise AttributeError(name)
