"""What a program has at hand: credentials, pieces of data, the requests that it has put to people, the tasks it works on.

A program has what it got itself and what was handed to it, an outsider also what leaked. Nothing here is a control: whose
the things are that a program has, and whether it may use them, is for the controls to say.
"""

from __future__ import annotations

from harness.world.mechanics import commands as c
from harness.world.mechanics.state import World


def within_reach(world: World, step: c.Step, handle: str) -> bool:
    """Whether this program holds a credential, or is an outsider's and found it leaked.

    What a program of ours got for a person it has in a task, or when that person uses it: for whom it works shows in what
    is recorded.
    """
    credential, outside = world.credentials.get(handle), world.design.is_outside(step.agent)
    if credential is None:
        return False
    if step.agent in world.found.get(handle, ()):
        return True
    if credential.holder == step.agent:
        return outside or step.task is not None or credential.user in (None, step.person)
    return outside and handle in world.leaked


def works_on(world: World, agent: str, task: str) -> bool:
    """Whether a program works on a task: the agent that was given it, and those that this agent started."""
    given = world.tasks[task].agent
    return given in (agent, world.root_of(agent))


def has_seen(world: World, step: c.Step, item: str) -> bool:
    """Whether a program has a piece of data: from an answer or a memory, in this task or in another one of its own.

    What came as the answer to a call for no task is in no context: whoever called has it.
    """
    if world.items[item].holder == step.agent:
        return True
    own = (one.id for one in world.tasks.values() if one.agent == step.agent or one.id == step.task)
    return any(item in world.contexts.get(task, ()) for task in own)


def asked(world: World, agent: str, approval: str) -> bool:
    """Whether a program knows the number of a question to a person: who asked, and who works for or with them on it."""
    by = world.approvals[approval].agent
    return by == agent or world.root_of(by) == world.root_of(agent)


def has_keys(world: World, agent: str, client: str) -> bool:
    """Whether somebody else than a client has its keys: an outsider, once they are stolen."""
    return world.design.is_outside(agent) and f"client:{client}" in world.leaked
