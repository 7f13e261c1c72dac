"""What an outsider can do to be a client, or a server, and to have people come to it; and new identities for agents.

A client is known by registration (RFC 7591) or by its metadata document (draft-ietf-oauth-client-id-metadata-document);
whoever serves the document of a known client says which keys it has. A person with a session who opens a link of a client
gives it a code, unless the server asks them first. Each command is possible; what is refused is not known here.
"""

from __future__ import annotations

from collections.abc import Iterator

from harness.world.mechanics import commands as c
from harness.world.mechanics.bounds import Bounds
from harness.world.mechanics.hostile import FollowMetadata, PublishDocument
from harness.world.mechanics.legality import THIEF
from harness.world.mechanics.records import Task
from harness.world.mechanics.state import World
from harness.world.mechanics.wiring import issuer_of, server_of_domain

SEARCH = "search"
OWN_DOCUMENT = "https://assistant.example/client.json"
"""Where an outsider serves a document of its own: at a host that no organization knows."""
OTHER_SERVER = "https://login-helper.example"
"""The issuer that an outsider's authorization server has."""


def by_outsiders(world: World, view: Bounds) -> Iterator[c.Command]:
    """Every way to be a client, and every person to lure to it."""
    if not world.programs[THIEF].registered:
        yield c.Register(agent=THIEF, goal=SEARCH, twist=SEARCH)
    yield from documents_of_outsiders(world)
    yield from lures(world, view)
    yield from false_servers(world, view)


def documents_of_outsiders(world: World) -> Iterator[PublishDocument]:
    """A document of one's own, and that of each known client with other keys in it."""
    served = world.programs[THIEF].registered
    for url in (OWN_DOCUMENT, *(() if _published(world) else known_documents(world))):
        if url not in served:
            yield PublishDocument(agent=THIEF, goal=SEARCH, twist=SEARCH, url=url)


def _published(world: World) -> bool:
    """Whether there is a new document already, beside the outsider's own: one is a bound of the small world."""
    served = (one for program in world.programs.values() for one in program.registered)
    return any(one.startswith("https://") and one != OWN_DOCUMENT for one in served)


def known_documents(world: World) -> tuple[str, ...]:
    """Where the known clients that have metadata documents publish them."""
    return tuple(dict.fromkeys(one.document for one in world.design.system.agents.values() if one.document))


def lures(world: World, view: Bounds) -> Iterator[c.Lure]:
    """Each person who is there, to a link of the outsider's client."""
    if world.programs[THIEF].registered:
        for user in view.people:
            if world.people[user].present:
                yield c.Lure(agent=THIEF, goal=SEARCH, twist=SEARCH, user=user)


def false_servers(world: World, view: Bounds) -> Iterator[FollowMetadata]:
    """Metadata that leads an application to another server, which says who it is or that it is the right one.

    The one for the API that people sign in for: what a client reads of a server does not depend on the API.
    """
    system, design = world.design.system, world.design
    apps = {design.app_of(agent): agent for agent in reversed(view.agents)}
    for claimed in (False, True):
        for app, agent in apps.items():
            api = design.login_audience(app)
            right = issuer_of(server_of_domain(system, system.apis[api].domain))
            for session in world.sessions:
                known = world.home.store.sessions.get(session)
                if known is not None and known.user in view.people and world.people[known.user].present:
                    yield FollowMetadata(
                        agent=agent, goal=SEARCH, twist=SEARCH, user=known.user, session=session, api=api, issuer=OTHER_SERVER,
                        claims=right if claimed else None,
                    )  # fmt: skip


def documents_of_agents(world: World, view: Bounds, task: Task) -> Iterator[PublishDocument]:
    """Another identity for an agent: a document of its own at a new address, or its known one with other keys."""
    if len(world.programs[task.agent].registered) < view.registrations and not _published(world):
        own = world.design.system.agents[task.agent].document if task.agent in world.design.system.agents else None
        for url in (f"https://{task.agent.replace('_', '-')}.assistant.example/client.json", *((own,) if own else ())):
            for server in world.servers:
                yield PublishDocument(agent=task.agent, task=task.id, goal=SEARCH, twist=SEARCH, url=url, server=server)
