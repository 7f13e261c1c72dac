"""What an agent's runtime itself refuses before anything is sent: the controls that stand between the LLM and the wire.

K05 keeps the contexts of people apart, K23 watches where data may flow after untrusted input, K24 presents only what was
issued to this agent for this task, K25 calls only tools that were approved as they are.
"""

from __future__ import annotations

from harness.world.mechanics.commands import Call
from harness.world.mechanics.design import EndpointInfo
from harness.world.mechanics.effects import Stop
from harness.world.mechanics.records import Credential, Task
from harness.world.mechanics.state import World


def refusal(
    world: World, step: Call, info: EndpointInfo, credential: Credential | None, task: Task | None
) -> Stop | None:
    """The runtime's own no to a call: the first rule that refuses, with the others that would."""
    on, agent = world.design.on, step.agent
    found = []
    if credential is not None and _foreign(credential, task) and on("K05", agent):
        found.append("K05")
    if credential is not None and _not_issued_here(step, credential) and on("K24", agent):
        found.append("K24")
    if world.versions and _unseen(world, step) and on("K25", agent):
        found.append("K25")
    if task is not None and on("K23", agent) and _flows(world, info, task):
        found.append("K23")
    if not found:
        return None
    return Stop((found[0],), tuple(found[1:]), error="refused_by_runtime", reason="policy")


def _foreign(credential: Credential, task: Task | None) -> bool:
    """A credential of another person in this person's task."""
    return task is not None and credential.user not in (None, task.user)


def _not_issued_here(step: Call, credential: Credential) -> bool:
    """A credential that was issued to somebody else, and was found."""
    return credential.agent not in (None, step.agent)


def _unseen(world: World, step: Call) -> bool:
    """A tool in a version that nobody approved; pinned `by_name`, names that were never seen pass."""
    version, approved = world.versions.get(step.endpoint, 1), world.approved.get(step.endpoint, 1)
    if version == approved:
        return False
    return approved > 0 or world.design.controls.setting("K25").strength != "by_name"


def tainted(world: World, task: Task) -> bool:
    """Whether the task has read what outsiders wrote."""
    return any(not world.items[one].trusted for one in world.contexts.get(task.id, ()))


def watches_flows(world: World, agent: str) -> bool:
    """Whether an agent can do less after it has read what outsiders wrote."""
    return world.design.on("K23", agent)


def _flows(world: World, info: EndpointInfo, task: Task) -> bool:
    """K23: after untrusted input the task loses external sends, or (strength `no_private`) the reading of private data."""
    if not tainted(world, task):
        return False
    target = world.design.endpoints[info.endpoint.calls] if info.endpoint.calls else info
    if world.design.controls.setting("K23").strength == "no_private":
        return target.endpoint.action == "read" and target.endpoint.trusted
    return target.endpoint.sink == "external"
