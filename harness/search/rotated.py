"""Refresh tokens that are rotated: who shows which, and what that leaves the others who hold one.

A refresh token that was used is shown by nobody who wants to go on, since that ends the grant (RFC 9700 section 4.14.2):
neither when an application renews, nor when work begins. That it is shown all the same is an event, as is a thief's use
of what was in a client's vault, which takes it from its owner. An owner who renews takes a thief's older copy away, and
closing loses nothing by that: a theft can come after it as well, of what the vault holds then.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from harness.world.mechanics import commands as c
from harness.world.mechanics.legality import THIEF
from harness.world.mechanics.rotation import ends_the_grant, shown_by

if TYPE_CHECKING:
    from harness.search.node import Node
    from harness.world.mechanics.records import Credential

_SHOWING = (c.GetToken, c.StartTask)


def takes_away(node: Node, command: c.Command) -> bool:
    """Whether a step shows a refresh token that was used before, or uses one up that is somebody else's."""
    if not isinstance(command, _SHOWING):
        return False
    shown = shown_by(node.world, command)
    if shown is None:
        return False
    if ends_the_grant(node.world, shown):
        return True
    stolen = isinstance(command, c.GetToken) and command.as_client is not None and shown.holder != command.agent
    return stolen and node.world.servers[shown.server].profile.refresh_rotation


def family(refresh: Credential) -> tuple[str, str, str | None]:
    """The grant that a refresh token stands for, and all that took its place when it was used (RFC 9700 section 4.14.2)."""
    return "family", refresh.server, refresh.facts.token_family


def newest(node: Node, held: Credential) -> Credential:
    """The refresh token that whoever holds this one can show now: the last that took its place, or itself."""
    credentials = node.world.credentials
    alike = (credentials[handle] for shape, handle in node.best.items() if shape[:2] == (held.holder, "refresh"))
    return next((one for one in alike if family(one) == family(held)), held)


def note_rotation(node: Node, command: c.Command) -> None:
    """Let go of what can be refreshed no more: refresh tokens that were used, and steps for which none took their place."""
    world = node.world
    shown = shown_by(world, command) if isinstance(command, _SHOWING) else None
    if shown is None:
        return
    of, left = family(shown), set()
    for shape, handle in list(node.best.items()):
        held = world.credentials[handle]
        if shape[1] == "refresh" and family(held) == of:
            if ends_the_grant(world, held):
                del node.best[shape]
            else:
                left.add(held.holder)
    for one, taken in list(node.accepted.items()):
        if not isinstance(taken.command, c.GetToken) or taken.command.grant not in ("refresh_token", "renew"):
            continue
        was = shown_by(world, taken.command)
        if was is not None and family(was) == of and was.holder not in left and ends_the_grant(world, was):
            node.let_go(one)


def shown_again(node: Node) -> Iterator[c.GetToken]:
    """Used refresh tokens shown all the same, for a rule that listens to that: when applications renew, and by a thief."""
    world = node.world
    renewals = (c.GetToken(agent=task.agent, task=task.id, goal="search", twist="search", grant="renew")
                for task in world.tasks.values())  # fmt: skip
    stolen = (
        c.GetToken(
            agent=THIEF, goal="search", twist="search", grant="refresh_token", subject=handle, as_client=one.client
        )
        for handle, one in world.credentials.items()
        if one.kind == "refresh" and handle in world.leaked and f"client:{one.client}" in world.leaked
    )
    for command in (*renewals, *stolen):
        shown = shown_by(world, command)
        if shown is not None and ends_the_grant(world, shown):
            yield command
