"""What misbehaving brains share: how a twist marks its commands, and how it goes on after a refusal.

A twist marks the commands that deviate with its id and a goal of its own. After a refused token, consent or approval it
goes on to its effect with a fresh credential, else with the last one it holds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from msgspec.structs import replace

from harness.plan.scenario import Twist
from harness.world.brains import honest as h
from harness.world.brains.honest import Answer, Plan, Step
from harness.world.brains.view import View
from harness.world.mechanics import commands as c
from harness.world.mechanics.design import EndpointInfo

Bent = TypeVar("Bent", bound=c.Step)
Misbehaviour = Callable[[View], Plan]


def bent(view: View, command: Bent, goal: str | None = None) -> Bent:
    """A command that a misbehaviour chose."""
    chosen = twist(view).id
    return replace(command, twist=chosen, goal=goal or chosen)


def twist(view: View) -> Twist:
    assert view.job.twist is not None, "a misbehaving brain runs only where a job names its twist"
    return view.job.twist


def wait_ms(view: View, default_ms: int) -> int:
    return default_ms if twist(view).wait is None else int(twist(view).wait or 0)


def times(view: View, default: int) -> int:
    return twist(view).times or default


def any_token(view: View, audience: str | None = None) -> str | None:
    found = view.last(audience) or view.last()
    return found.handle if found else view.subject


def token(view: View, info: EndpointInfo, *, goal: str | None = None, **more: object) -> Step:
    """Ask for a token for this endpoint; where that is refused, the last one that is held."""
    scope = (info.endpoint.scope,) if info.endpoint.scope else ()
    request = c.GetToken(agent=view.agent, task=view.task, audience=info.api, scope=scope, subject=view.subject)
    reply = yield bent(view, replace(request, **more), goal)
    return reply.credential if reply.ok else any_token(view, info.api)


def end(view: View) -> Plan:
    yield c.EndTask(agent=view.agent, task=view.task, completed=False)
    return False


def reach_for(view: View, endpoint: str, credential: str | None, **more: object) -> Answer:
    """The call that the misbehaviour is about."""
    return (yield bent(view, replace(h.call(view, endpoint, credential), **more)))
