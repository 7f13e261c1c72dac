"""What an agent does without asking any server: remember, look up what it remembers, answer, hand on, finish.

K05 keeps memories apart by the person they belong to, when they are written and when they are read. Leaks are judged on
answers and memories as well as on calls.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from harness.trace import Who
from harness.world.mechanics.commands import (
    Deliver,
    EndTask,
    ReadMemory,
    SendMessage,
    Spawn,
    Step,
    StoreMemory,
)
from harness.world.mechanics.custody import tainted
from harness.world.mechanics.effects import Effect, Stop, remember_refusal, settle
from harness.world.mechanics.records import Memory, Program, Task
from harness.world.mechanics.replies import Reply, refused
from harness.world.mechanics.state import World

NOT_HERE = Stop(("K05",), error="not_in_context")


def store_memory(world: World, step: StoreMemory) -> Reply:
    """Keep an item under the name of the task's person; with K05 nothing is filed there that is another person's.

    Else a memory would say that it belongs to whoever it was filed under, and nobody could tell when it is read.
    """
    task = _task(world, step)
    if _foreign(world, (step.item,), task) and world.design.on("K05", step.agent):
        return _refuse(world, step, [], NOT_HERE)
    key = world.ids.next("memory")
    world.memories[key] = Memory(key, step.agent, task.user, step.store, world.items[step.item])
    return Reply(ok=True, memory=key)


def read_memory(world: World, step: ReadMemory) -> Reply:
    """Take an item out of the memory into the task's context."""
    task = _task(world, step)
    memory = world.memories[step.memory]
    item = memory.item
    own = {"owner": item.owner, "entitled": item.entitled, "category": item.categories[0], "store": memory.store}
    effect = Effect("memory.read", _who(world, step, task), own)
    if memory.subject != task.user and world.design.on("K05", step.agent):
        return _refuse(world, step, [effect], Stop(("K05",), error="not_found"))
    settle(world, step, [effect], None)
    key = world.ids.next("item")
    world.items[key] = replace(item, origin="memory", filed_under=memory.subject)
    world.contexts[task.id] = (*world.contexts.get(task.id, ()), key)
    return Reply(ok=True, items=(key,))


def deliver(world: World, step: Deliver) -> Reply:
    """Give the person an answer; one event for each person that it is about."""
    task = _task(world, step)
    who = _who(world, step, task)
    effects = []
    for owner, item in {world.items[one].owner: world.items[one] for one in step.items}.items():
        own = {"to": task.user, "owner": owner, "entitled": item.entitled, "category": item.categories[0]}
        effects.append(Effect("answer.delivered", who, own))
    if _foreign(world, step.items, task) and world.design.on("K05", step.agent):
        return _refuse(world, step, effects, NOT_HERE)
    settle(world, step, effects, None)
    return Reply(ok=True)


def _foreign(world: World, items: Iterable[str], task: Task) -> bool:
    """Whether any of this was obtained for another person, as far as the runtime can tell."""
    return any(world.items[one].filed_under not in (None, task.user) for one in items)


def send_message(world: World, step: SendMessage) -> Reply:
    """Send data to another agent, or outside."""
    task = _task(world, step)
    who = _who(world, step, task)
    items = [world.items[one] for one in step.items]
    effects = []
    for category in dict.fromkeys(name for item in items for name in item.categories) or [None]:
        own = {"to_agent": step.to, "destination": step.to, "external": step.external}
        effects.append(Effect("message.sent", who, own | ({"category": category} if category else {})))
    if step.external and world.design.on("K23", step.agent) and tainted(world, task):
        return _refuse(world, step, effects, Stop(("K23",), error="flow_refused"))
    if _denied(world, step.agent) and world.design.on("K17", step.agent):
        return _refuse(world, step, effects, Stop(("K17",), error="disabled"))
    settle(world, step, effects, None)
    return Reply(ok=True)


def _denied(world: World, agent: str) -> bool:
    """Whether an administrator has denied a program, or the agent that started it."""
    programs = [world.programs.get(name) for name in {agent, world.root_of(agent)} if name is not None]
    return any(one is not None and one.disabled_ms >= 0 for one in programs)


def end_task(world: World, step: EndTask) -> Reply:
    """The agent says that it is done."""
    task = _task(world, step)
    world.emit("task.ended", _who(world, step, task))
    ended_by = task.ended_by or (None if step.completed else _unanswered(world, task))
    world.tasks[task.id] = replace(task, done=True, completed=step.completed, ended_by=ended_by)
    return Reply(ok=True)


def _unanswered(world: World, task: Task) -> str | None:
    """A prompt that nobody answered gave no authority either."""
    open_prompt = any(one.task == task.id and one.state == "pending" for one in world.approvals.values())
    return "refusal" if open_prompt else None


def spawn(world: World, step: Spawn) -> Reply:
    """Start a sub-agent on the same task; it is a program of its own with this one at its root.

    One that is registered authenticates as itself. With K06 nobody else lends it a name: one that nobody has registered
    has no client, no key and no certificate, and comes no further than a token that is bound to nobody (RFC 8693 section
    1.1: the actor is the one who acts). Without K06 it authenticates as the agent that started it.
    """
    parent = world.programs[step.agent]
    key = step.sub_agent
    own = {"by": step.agent, "by_type": "agent"}
    registered = Effect("agent.registered", world.who(step.agent, world.design.actor_type(step.agent), agent=key), own)
    if _denied(world, step.agent) and world.design.on("K17", step.agent):
        return _refuse(world, step, [registered], Stop(("K17",), error="disabled"))
    shared = key if world.design.on("K06") else parent.client
    before = world.programs.get(key) or Program(key, shared)
    world.programs[key] = replace(before, root=parent.root or step.agent)
    world.emit(registered.kind, registered.who, registered.own)
    if step.credential is None:
        return Reply(ok=True)
    handle = world.ids.next("cred")
    world.credentials[handle] = replace(world.credentials[step.credential], handle=handle, holder=key, agent=key)
    return Reply(ok=True, credential=handle)


def _task(world: World, step: Step) -> Task:
    return world.tasks[str(step.task)]


def _who(world: World, step: Step, task: Task) -> Who:
    return world.who(
        step.agent,
        world.design.actor_type(step.agent),
        user=task.user,
        agent=step.agent,
        session=task.session,
        task=task.id,
    )


def _refuse(world: World, step: Step, effects: list[Effect], stop: Stop) -> Reply:
    settle(world, step, effects, stop)
    remember_refusal(world, step, stop)
    return refused(stop)
