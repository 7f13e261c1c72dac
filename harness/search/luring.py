"""Clients of an outsider's own, people lured to their links, client documents that say something else, false servers.

An outsider who becomes a client takes nothing from anybody and uses nothing up: nobody is that client yet, and whoever
found a token can still show it. So it is closed, after everything else is, and only where some server admits unknown
clients, which is tried once: whom registration and trusted domains keep out they keep out for good. To have a person open
a link of it is closed as well, in every closed state anew: it gives a code that is used at once. So does metadata that
leads an application to another server. To serve other keys for a known client takes that client's grants away, and a
program that takes a new identity gives its old one up: these are events.

Bounds of the small world: an unknown program becomes a client of a server by registration, and by a document where that
server registers nobody; and one document is published in one run, but for that first one of the outsider's.
"""

from __future__ import annotations

from collections.abc import Iterator

from harness.search.node import Node
from harness.search.taking import Taking
from harness.world.mechanics import choices_of_agents as agents
from harness.world.mechanics import choices_of_outsiders as outsiders
from harness.world.mechanics import commands as c
from harness.world.mechanics.bounds import Bounds
from harness.world.mechanics.hostile import PublishDocument
from harness.world.mechanics.legality import THIEF

Door = c.Register | PublishDocument
"""A way to become a client of a server without being known there."""
SEEN_THROUGH = frozenset({"mix_up", "invalid_metadata"})
"""The answers of a client that believes none of it (RFC 9207 section 2.4, RFC 8414 section 3.3)."""


class Luring:
    """Whom an outsider lures in the states of one facet, and which clients there can be."""

    def __init__(self, taking: Taking) -> None:
        self.taking = taking
        self.view: Bounds = taking.view
        self.doors: tuple[Door, ...] | None = None

    def open_to(self, node: Node) -> tuple[Door, ...]:
        """How each server that does so admits unknown clients; found out aside, in the first state that is closed."""
        if self.doors is None:
            tried: dict[str, tuple[Door, ...]] = {one: _by_anybody(one) for one in node.world.servers}
            first = (next((door for door in doors if self._passes(node, door)), None) for doors in tried.values())
            self.doors = tuple(door for door in first if door is not None)
        return self.doors

    def _passes(self, node: Node, command: c.Command) -> bool:
        trial = node.fork()
        self.taking.transitions += 1
        reply, _ = trial.do(command)
        node.challenged += trial.challenged - node.challenged
        return reply.ok

    def run(self, node: Node) -> None:
        """Become a client if nobody minds, and lure whoever is there."""
        doors = self.open_to(node)
        at_home = [door for door in doors if node.world.design.server_named(door.server) == node.world.design.home]
        if at_home and not node.world.programs[THIEF].registered:
            self.taking.take(node, at_home[0])
        for lure in outsiders.lures(node.world, self.view):
            if not node.stopped and self.taking.gathers(node, lure):
                self.taking.take(node, lure)
        self._lead_astray(node)

    def _lead_astray(self, node: Node) -> None:
        """Applications to another server: where a client sees through a lie, it does so whoever is signed in."""
        for step in outsiders.false_servers(node.world, self.view):
            lie = ("believed", step.claims)
            if node.stopped or lie in node.refused or not self.taking.gathers(node, step):
                continue
            taken = self.taking.take(node, step)
            if taken is not None and taken[0].error in SEEN_THROUGH:
                node.refuse(lie)

    def events(self, node: Node) -> Iterator[c.Command]:
        """Documents that give a client up or take it over; what would be closed if it did not help to keep the rule."""
        doors = self.open_to(node)
        yield from (one for one in outsiders.documents_of_outsiders(node.world) if one.url != outsiders.OWN_DOCUMENT)
        if not node.world.programs[THIEF].registered:
            yield from (one for one in doors if self.taking.may_calm(one))
        for step in (*outsiders.lures(node.world, self.view), *outsiders.false_servers(node.world, self.view)):
            if self.taking.may_calm(step):
                yield step
        yield from self._identities(node, {one.server for one in doors if isinstance(one, PublishDocument)})

    def _identities(self, node: Node, servers: set[str]) -> Iterator[PublishDocument]:
        """New identities that a document may give an agent: once, in whichever task, where the rule does not mind which."""
        minded = "agent.registered" in self.taking.interests.listened
        found: dict[object, PublishDocument] = {}
        known = outsiders.known_documents(node.world)
        for _, task in agents.errands(node.world, self.view):
            for one in outsiders.documents_of_agents(node.world, self.view, task) if task is not None else ():
                if one.url in known or one.server in servers:
                    found.setdefault(one if minded else (one.agent, one.server, one.url), one)
        yield from found.values()


def _by_anybody(server: str) -> tuple[Door, ...]:
    """How anybody may try to become a client of a server."""
    who = {"agent": THIEF, "goal": "search", "twist": "search", "server": server}
    return c.Register(**who), PublishDocument(**who, url=outsiders.OWN_DOCUMENT)
