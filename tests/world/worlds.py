"""The shipped project, read once for all tests of the world: systems, scenarios, requirements, runs and their verdicts.

Runs are remembered by what they depend on, since a simulation gives the same trace every time (which is tested by
itself). Helpers that drive the mechanics by hand, without SimPy, are below.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache

from harness.judge import Judge, RunVerdict
from harness.plan import Controls, Scenario, System, load_scenarios, load_system, words
from harness.requirements import RequirementSet, load_requirements
from harness.trace import Event, Trace
from harness.world import simulate
from harness.world.mechanics import commands as c
from harness.world.mechanics.engine import apply
from harness.world.mechanics.replies import Reply
from harness.world.mechanics.setup import build
from harness.world.mechanics.state import World
from harness.world.sim.population import records

SYSTEMS = ("insurance", "login_only", "allow_all", "deny_all")


@cache
def system(name: str = "insurance") -> System:
    """A shipped system."""
    return load_system(f"scenarios/systems/{name}.yaml").model


@cache
def scenarios() -> Mapping[str, Scenario]:
    """The shipped scenarios that name no system of their own, by id."""
    return {one.id: one for one in load_scenarios("scenarios")}


@cache
def requirements(name: str = "insurance") -> RequirementSet:
    """The shipped six, in the words of a system."""
    return load_requirements("requirements.yaml", words(system(name)))


@cache
def _judge(name: str) -> Judge:
    return Judge(requirements(name))


@cache
def run(name: str, scenario: str, without: tuple[str, ...] = (), seed: int = 0) -> Trace:
    """The trace of a shipped scenario on a shipped system."""
    design = system(name)
    return simulate(design, Controls.of(design, without=without), scenarios()[scenario], seed=seed)


@cache
def verdicts(name: str, scenario: str, without: tuple[str, ...] = (), seed: int = 0) -> Mapping[str, RunVerdict]:
    """What each of the six says to that run."""
    return _judge(name).judge(run(name, scenario, without, seed))


def judged(trace: Trace, name: str = "insurance") -> Mapping[str, RunVerdict]:
    """What each of the six says to any trace."""
    return _judge(name).judge(trace)


def broken(found: Mapping[str, RunVerdict]) -> set[str]:
    """The requirements that were violated."""
    return {key for key, run in found.items() if run.violations}


# ---------------------------------------------------------------- by hand


def world(*, without: Iterable[str] = (), adding: Iterable[str] = (), name: str = "insurance", seed: int = 0) -> World:
    """A world in which nothing has happened yet."""
    design = system(name)
    return build(design, Controls.of(design, without=without, adding=adding), records(design), seed=seed)


class Hand:
    """Somebody who drives the mechanics: what was done is in `log`, the clock is moved by hand."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.log: list[Event] = []

    def fork(self) -> Hand:
        """The same from here on, independently."""
        other = Hand(self.world.fork())
        other.log = list(self.log)
        return other

    def do(self, command: c.Command, at_ms: int | None = None) -> Reply:
        """Carry out one command, now or at an instant."""
        events, reply = apply(self.world, command, self.world.now_ms if at_ms is None else at_ms)
        self.log += events
        return reply

    def wait(self, duration_ms: int) -> list[Event]:
        """Let time pass; returns what fell due."""
        before = len(self.log)
        self.do(c.Jump(), self.world.now_ms + duration_ms)
        return self.log[before:]

    def kinds(self) -> list[str]:
        """The kinds of what happened, in order; a stopped one has a `!` before it."""
        return [("!" if one.attempt else "") + one.kind for one in self.log]

    def of(self, kind: str, *, stopped: bool = False) -> list[Event]:
        """What happened of a kind, or was stopped."""
        return [one for one in self.log if one.kind == kind and (one.attempt is not None) == stopped]


def at_work(hand: Hand, user: str = "ana", kind: str = "read", *, twist: str | None = None) -> tuple[str, str]:
    """A person who has arrived, signed in and given the insurance agent a task; returns the session and the task."""
    hand.do(c.Arrive(user))
    session = str(hand.do(c.LogIn(user)).session)
    purpose = hand.world.design.system.tasks[kind].purpose
    task = hand.do(c.StartTask(user, session, "insurance_agent", kind, purpose, twist)).task
    return session, str(task)


def token_for(hand: Hand, task: str, audience: str, scope: str) -> str | None:
    """The agent exchanges its message token for one at this API."""
    step = c.GetToken(
        agent="insurance_agent", task=task, audience=audience, scope=(scope,), subject=hand.world.tasks[task].subject
    )
    return hand.do(step).credential
