"""A refresh token that somebody else has used: what that leaves its owner."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.world.mechanics import commands as c

if TYPE_CHECKING:
    from harness.search.node import Node


def note_rotation(node: Node, command: c.Command) -> None:
    """After a thief's refresh the owner shows the old token no more, which would only end the grant (RFC 9700 section 4.14)."""
    if not isinstance(command, c.GetToken) or command.as_client is None or command.grant != "refresh_token":
        return
    shape = node.shape(node.world.credentials[str(command.subject)])
    if node.best.get(shape) != command.subject:
        return
    del node.best[shape]
    for one, taken in list(node.accepted.items()):
        if getattr(taken.command, "grant", "") == "refresh_token" and shape in one:
            node.let_go(one)
