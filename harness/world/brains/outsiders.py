"""Outsiders with what leaked to them: a thief who replays tokens, and a foreign client that exchanges them."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping

from msgspec.structs import replace

from harness.plan.scenario import Twist
from harness.world.brains import delegation, false_fronts, forged
from harness.world.brains.honest import AskConsent, Plan, Wait
from harness.world.mechanics import commands as c
from harness.world.mechanics.records import Credential
from harness.world.mechanics.replies import Reply
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


def asks_without_a_token(world: World, twist: Twist, cast: Cast) -> Plan:
    """T03 by an outsider: the path of an endpoint as anybody can type it, and with a customer's number in it."""
    named = world.design.endpoints.get(twist.endpoint or "")
    data = (one for one in world.design.endpoints.values() if one.endpoint.action == "read")
    owners = (None,) if twist.target is None else (None, cast.person(twist.target))
    for info in [named] if named is not None else list(data):
        for owner in owners:
            yield c.Call(agent=THIEF, goal=f"ask {info.name}", twist=twist.id, endpoint=info.name, owner=owner)
    return False


def sends_bare(world: World, twist: Twist, cast: Cast) -> Plan:
    """T56: a bound token as a bearer token, without the proof or certificate that it is bound to."""
    for command in replays(world, twist, cast):
        assert isinstance(command, c.Call), "a replay is nothing but calls"
        yield replace(command, bare=True)
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


def refreshes(world: World, twist: Twist, cast: Cast) -> Plan:
    """T15 by a thief: refreshes what was in the vault of a client, and reads everything that this opens."""
    for handle, refresh in _newest_refresh_tokens(world).items():
        goal = f"refresh {handle}"
        reply = yield c.GetToken(
            agent=THIEF, goal=goal, twist=twist.id, grant="refresh_token", subject=handle, as_client=refresh.client
        )
        for info in world.design.endpoints.values():
            if info.endpoint.scope in refresh.facts.token_scope and info.api in refresh.facts.token_audience:
                yield c.Call(
                    agent=THIEF,
                    goal=goal,
                    twist=twist.id,
                    endpoint=info.name,
                    credential=reply.credential or _last_of(world, THIEF),
                    owner=refresh.user,
                )
    return False


def _last_of(world: World, holder: str) -> str | None:
    """The newest access token that an outsider got."""
    held = [handle for handle, one in world.credentials.items() if one.holder == holder and one.kind == "access"]
    return held[-1] if held else None


def _newest_refresh_tokens(world: World) -> dict[str, Credential]:
    """What the thief would refresh with: for each person the newest refresh token that it took or got since."""
    mine = [
        (handle, one)
        for handle, one in world.credentials.items()
        if one.kind == "refresh" and (handle in world.leaked or one.holder == THIEF)
    ]
    newest = {one.user: handle for handle, one in mine}
    return {handle: world.credentials[handle] for handle in newest.values()}


def lures(world: World, twist: Twist, cast: Cast) -> Plan:
    """T08: registers a client, has a signed-in person open its link, and reads what the code gives."""
    target = cast.person(twist.target or "A")
    yield c.Register(agent=THIEF, goal="lure", twist=twist.id)
    if not world.programs[THIEF].registered:
        # there is no client to lure anybody with: what it was for fails with the registration
        yield from _read_all(world, twist, THIEF, None, target, goal="lure")
        return False
    reply = yield c.Lure(agent=THIEF, goal="lure", twist=twist.id, user=target)
    yield from _read_all(world, twist, THIEF, reply.credential, target, goal="lure")
    return False


def claims_to_be(world: World, twist: Twist, cast: Cast) -> Plan:
    """T52: an integration speaks to the platform in the name of whoever it likes."""
    target, client = cast.person(twist.target or "A"), cast.agent("foreign")
    for audience, scopes in world.design.system.agents[client].policy.items():
        reply = yield c.GetToken(
            agent=client,
            goal="claim",
            twist=twist.id,
            grant="claimed_subject",
            person=target,
            audience=audience,
            scope=tuple(scopes),
        )
        for info in world.design.endpoints.values():
            if info.api == audience and info.endpoint.scope in scopes:
                yield c.Call(
                    agent=client,
                    goal="claim",
                    twist=twist.id,
                    endpoint=info.name,
                    credential=reply.credential,
                    owner=target,
                )
    return False


def _read_all(
    world: World, twist: Twist, agent: str, credential: str | None, owner: str, *, goal: str
) -> Generator[c.Command | Wait | AskConsent, Reply, None]:
    for info in world.design.endpoints.values():
        if info.api == world.design.mcp_api and not info.endpoint.administrative:
            yield c.Call(agent=agent, goal=goal, twist=twist.id, endpoint=info.name, credential=credential, owner=owner)


def _leaked(world: World) -> list[tuple[str, Credential]]:
    return [(handle, world.credentials[handle]) for handle in world.leaked if handle in world.credentials]


OUTSIDERS: Mapping[str, Callable[[World, Twist, Cast], Plan]] = {
    "T03": asks_without_a_token,
    "T08": lures,
    "T10": exchanges,
    "T15": refreshes,
    "T23": replays,
    "T24": replays,
    "T43": forged.unknown_keys,
    "T52": claims_to_be,
    "T54": false_fronts.swapped_document,
    "T55": delegation.assertion_by_another,
    "T56": sends_bare,
}
