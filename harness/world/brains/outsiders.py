"""Outsiders with what leaked to them: a thief who replays tokens, and a foreign client that exchanges them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from harness.plan.scenario import Twist
from harness.world.brains.honest import Plan
from harness.world.mechanics import commands as c
from harness.world.mechanics.records import Credential
from harness.world.mechanics.state import World
from harness.world.sim.cast import Cast

THIEF = "thief"


def thief_for(world: World, twist: Twist, cast: Cast) -> Plan:
    """The plan of an outsider."""
    return OUTSIDERS[twist.id](world, twist, cast)


def replays(world: World, twist: Twist, cast: Cast) -> Plan:
    """T24: presents each token that leaked at the endpoints that its scopes open."""
    for handle, credential in _leaked(world):
        for info in world.design.endpoints.values():
            if info.endpoint.scope in credential.facts.token_scope and info.api in credential.facts.token_audience:
                yield c.Call(
                    agent=THIEF,
                    goal=f"replay {info.name}",
                    twist=twist.id,
                    endpoint=info.name,
                    credential=handle,
                    owner=credential.user,
                )
    return False


def exchanges(world: World, twist: Twist, cast: Cast) -> Plan:
    """T10: a registered foreign client exchanges a captured token for one of its own, and uses that."""
    client = cast.agent("foreign")
    policy = world.design.system.agents[client].policy
    for handle, credential in _leaked(world):
        for audience, scopes in policy.items():
            goal = f"exchange for {audience}"
            reply = yield c.GetToken(
                agent=client, goal=goal, twist=twist.id, audience=audience, scope=tuple(scopes), subject=handle
            )
            for info in world.design.endpoints.values():
                if info.api == audience and info.endpoint.scope in scopes:
                    yield c.Call(
                        agent=client,
                        goal=goal,
                        twist=twist.id,
                        endpoint=info.name,
                        credential=reply.credential,
                        owner=credential.user,
                    )
    return False


def _leaked(world: World) -> list[tuple[str, Credential]]:
    return [(handle, world.credentials[handle]) for handle in world.leaked]


OUTSIDERS: Mapping[str, Callable[[World, Twist, Cast], Plan]] = {"T10": exchanges, "T23": replays, "T24": replays}
