"""The world that the rows `call`, `call_dpop`, `monitor` and `setup` are measured in: the insurer with many agents.

Every agent works on a task of its own for one of the customers and holds one access token of the policy API for each
fifty calls that it is going to make. Nothing is measured here.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

from harness.plan import Controls, System, load_system, words
from harness.requirements import RequirementSet, compile_requirements, read_requirements
from harness.trace import Event
from harness.world.mechanics import commands as c
from harness.world.mechanics.engine import apply
from harness.world.mechanics.replies import Reply
from harness.world.mechanics.setup import build
from harness.world.mechanics.state import World
from harness.world.sim.population import records

ROOT = Path(__file__).parent.parent
AGENTS = 20
CALLS_PER_TOKEN = 50


class Desk(NamedTuple):
    """One agent with its task and its tokens."""

    agent: str
    task: str
    credentials: tuple[str, ...]


@cache
def system(binding: str = "mtls") -> System:
    """The insurer with twenty agents alike, one record of a kind for each customer."""
    insurer = load_system(ROOT / "scenarios" / "systems" / "insurance.yaml").model
    alike = insurer.agents["insurance_agent"].model_copy(update={"binding": binding})
    agents = {f"agent_{number}": alike for number in range(AGENTS)}
    return insurer.model_copy(update={"agents": agents, "records_per_customer": 1})


@cache
def requirements() -> RequirementSet:
    """The shipped six, with the insurance agent's list of endpoints given to each of the agents."""
    path = ROOT / "requirements.yaml"
    lines = path.read_text(encoding="utf-8").splitlines()
    listed = next(line.partition(":")[2] for line in lines if line.strip().startswith("insurance_agent:"))
    kept = [line for line in lines if not line.strip().startswith(("insurance_agent:", "third_party_agent:"))]
    at = next(index for index, line in enumerate(kept) if line.strip() == "agent_endpoints:") + 1
    kept[at:at] = [f"    {agent}:{listed}" for agent in system().agents]
    return compile_requirements(read_requirements(path, "\n".join(kept) + "\n"), words(system()))


def empty_office(binding: str = "mtls") -> World:
    """The world before anybody has come."""
    design = system(binding)
    return build(design, Controls.of(design), records(design))


def open_office(tokens: int, *, binding: str = "mtls") -> tuple[World, list[Event], list[Desk]]:
    """Everybody at work, all at the first instant, with so many tokens for each agent; and the events so far."""
    world = empty_office(binding)
    log: list[Event] = []

    def do(command: c.Command) -> Reply:
        events, reply = apply(world, command, 0)
        log.extend(events)
        return reply

    customers = world.design.system.people.customers
    for user in customers:
        do(c.Arrive(user))
    desks = []
    for number, agent in enumerate(world.design.system.agents):
        user = customers[number % len(customers)]
        session = str(do(c.LogIn(user)).session)
        started = do(c.StartTask(user, session, agent, "read", "advice"))
        task = str(started.task)
        subject = world.tasks[task].subject
        step = c.GetToken(agent=agent, task=task, audience="policies", scope=("policies.read",), subject=subject)
        credentials = [do(step).credential for _ in range(tokens)]
        desks.append(Desk(agent, task, tuple(one for one in credentials if one is not None)))
    forget_signatures(world)
    return world, log, desks


def forget_signatures(world: World) -> None:
    """Have each token's signature checked again, once, within what is measured."""
    for server in world.servers.values():
        for keys in server.keys.trusted.values():
            keys._good.clear()
            keys.parsed.clear()
