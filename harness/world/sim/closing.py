"""The head and the foot of a trace: the seed and every resolved option before, counters and benign use after."""

from __future__ import annotations

from typing import Any

from harness.world.mechanics.state import World
from harness.world.mechanics.wiring import decisions
from harness.world.sim.population import full_names
from harness.world.sim.run import Run

SCHEMA = "harness/trace/1"


def header(run: Run) -> dict[str, Any]:
    """What a reader needs to run it again; never a path, a date or a version of the machine."""
    design = run.world.design
    names = tuple(design.people_types)
    return {
        "schema": SCHEMA,
        "seed": run.seed,
        "system": design.system.name,
        "scenario": run.scenario.id,
        "controls": list(design.controls.active()),
        "options": design.options(),
        "decisions": decisions(design),
        "people": dict(full_names(names, run.seed)),
    }


def counters(world: World) -> dict[str, Any]:
    """What was asked of servers and people, and how honest work went."""
    return dict(sorted(world.counters.items())) | {"benign": benign(world), "end_s": world.now_ms / 1000}


def benign(world: World) -> dict[str, int]:
    """Honest tasks whose authority nothing ended: how many there were, how many were done, what was refused."""
    honest = [task for task in world.tasks.values() if task.twist is None and task.ended_by is None]
    return {
        "tasks": len(honest),
        "completed": sum(task.completed for task in honest),
        "refused_calls": sum(task.refused_calls + len(task.refused) for task in honest),
        "challenge_round_trips": sum(task.round_trips for task in honest),
    }
