"""Refresh tokens that are shown twice: which one a step would show, and what is written when a server takes it for theft.

A rotated refresh token that turns up again means that two parties hold the grant; the server cannot tell which of them is
the thief, and revokes all of it (RFC 9700 section 4.14.2). Within the grace of an atomic rotation the repeat is a repeat.
"""

from __future__ import annotations

from harness.world.mechanics import sign_in
from harness.world.mechanics.commands import Command, GetToken, StartTask
from harness.world.mechanics.records import Credential
from harness.world.mechanics.state import World


def shown_by(world: World, command: Command) -> Credential | None:
    """The refresh token that a step would show: its subject, or the one with which an application renews its own."""
    if isinstance(command, StartTask):
        app = world.design.app_of(command.agent)
        held = sign_in.app_access_token(world, app, command.session)
        fresh = held is not None and held.expires_ms > world.now_ms
        return None if fresh else sign_in.app_refresh_token(world, app, command.session)
    if not isinstance(command, GetToken):
        return None
    if command.grant == "renew":
        task = world.tasks[str(command.task)]
        return sign_in.app_refresh_token(world, world.design.app_of(command.agent), task.session)
    subject = world.credentials.get(command.subject or "")
    return subject if command.grant == "refresh_token" and subject is not None else None


def ends_the_grant(world: World, refresh: Credential) -> bool:
    """Whether its server would take this refresh token for a stolen one now: it was rotated, and the grace is over."""
    server = world.servers[refresh.server]
    known, profile = server.store.refresh.get(refresh.token), server.profile
    if known is None or known.state != "rotated":
        return False
    lenient = profile.refresh_grace_s > 0 or not profile.rotation_atomic
    return not lenient or world.now_s > known.rotated_s + profile.refresh_grace_s
