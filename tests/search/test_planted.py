"""A planted bug that takes ten steps, in the real world: found by exploration, and named shortest.

Without K05 an approved operation of one person's can be done in the task of another, whom nobody asked (R5). Each person has
to arrive, to sign in and to give a task; a question, its answer, its redemption and the operation follow: ten steps, none
of which can be done without. Plain breadth-first search over everything that such a flow is made of finds none in nine.
"""

from __future__ import annotations

from typing import Any

from harness.judge import Monitor, monitor
from harness.plan import Controls
from harness.search.explore import first_world
from harness.search.small_world import bounds_for
from harness.world.mechanics import choices as people
from harness.world.mechanics import choices_of_agents as agents
from harness.world.mechanics import commands as c
from harness.world.mechanics.bounds import MEANT
from harness.world.mechanics.engine import apply
from harness.world.mechanics.state import World
from tests.search.worlds import found, insurance, requirement, requirements

TEN = 10
BY_PEOPLE = (c.Arrive, c.LogIn, c.StartTask, c.AnswerPrompt)
AGENT = "insurance_agent"


def test_a_planted_bug_of_ten_steps_is_found_and_named_shortest() -> None:
    attack = found("R5", "K05", depth=6).attack
    assert attack is not None
    assert attack.length == TEN
    assert isinstance(attack.steps[-1][1], c.Call)
    assert found("R5", depth=3).attack is None


def test_plain_search_finds_it_in_ten_steps_and_in_none_less() -> None:
    controls = Controls.of(insurance(), without=["K05"])
    judge = monitor(requirement("R5").rules[0], requirements().vocabulary)
    start = first_world(insurance(), controls)
    level: dict[Any, tuple[World, dict[Any, Any]]] = {(): (start, judge.new_state())}
    for length in range(1, TEN + 1):
        following: dict[Any, tuple[World, dict[Any, Any]]] = {}
        for taken, (world, state) in level.items():
            for command in _of_such_a_flow(world):
                broken, child = _after(world, state, command, judge)
                if broken:
                    assert length == TEN
                    return
                if child is not None:
                    following.setdefault(tuple(sorted((*taken, _said(command)))), child)
        level = following
    raise AssertionError("plain search did not find it at all")


def _said(command: c.Command) -> str:
    return repr(command)


def _after(
    world: World, state: dict[Any, Any], command: c.Command, judge: Monitor
) -> tuple[bool, tuple[World, dict[Any, Any]] | None]:
    child, noted = world.fork(), dict(state)
    events, reply = apply(child, command, child.now_ms)
    broken = any(event.attempt is None and judge.step(noted, event) for event in events)
    return broken, (child, noted) if reply.ok else None


def _of_such_a_flow(world: World) -> list[c.Command]:
    """What people do on the way to an approved operation, and an agent that has it approved and done."""
    view = bounds_for(insurance(), requirement("R5").rules[0])
    found: list[c.Command] = [
        one for one in people.by_people(world, view)
        if isinstance(one, BY_PEOPLE) and getattr(one, "agent", AGENT) == AGENT and getattr(one, "approve", True)
    ]  # fmt: skip
    for task in world.tasks.values():
        found += [one for one in agents.questions(world, view.with_approvals(1), task) if one.shown_amount is None]
        found += [one for one in agents.redemptions(world, view, task) if isinstance(one, c.RedeemApproval)]
        for credential in agents.within(world, view, AGENT, task):
            if credential.kind == "access":
                info = world.design.endpoints["mcp.pay_claim"]
                calls = agents.calls_of(world, view, AGENT, task, credential, info)
                found += [one for one in calls if one.amount == MEANT.amount and not one.job]
    return found
