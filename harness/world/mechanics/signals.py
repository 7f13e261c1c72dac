"""How far and how fast a denial reaches: from an authorization server to enforcement points and other domains.

K09 carries ends of sessions, K17 denials of agents, grants, consents and people; each has places, causes and a delay.
A lost signal is lost: the enforcement point goes on until the token expires.
"""

from __future__ import annotations

from collections.abc import Iterable

from harness.oauth import Signal
from harness.world.mechanics import caching
from harness.world.mechanics.design import ASKING
from harness.world.mechanics.records import Due
from harness.world.mechanics.state import Message, World

_CARRIER = {"session_revoked": "K09"}
FACTS = {
    "session_revoked": "sessions",
    "grant_revoked": "revocations",
    "token_revoked": "revocations",
    "agent_denied": "denials",
    "agent_enabled": "denials",
    "user_disabled": "denials",
    "user_enabled": "denials",
    "consent_withdrawn": "consents",
}
"""What each signal makes known: a place whose replica of that lags knows it later."""


def spread(world: World, origin: str, signals: Iterable[Signal]) -> None:
    """Send each signal to every enforcement point and every other server that the design tells."""
    for signal in signals:
        carrier = _CARRIER.get(signal.kind, "K17")
        setting = world.design.controls.setting(carrier)
        if setting.causes and signal.kind not in setting.causes:
            continue
        for target in (*world.peps, *(name for name in world.servers if name != origin)):
            if world.design.on(carrier, target) and _minded(world, signal, target):
                _send(world, signal, target, delay_ms=setting.delay or 0)


def _minded(world: World, signal: Signal, target: str) -> bool:
    """Whether a signal means anything here: consent means nothing to an egress that compares nothing with it."""
    if world.design.strength_at("K17", target) in ASKING:
        return False  # it asks the server itself
    return signal.kind != "consent_withdrawn" or not world.design.is_egress(target) or world.design.on("K11", target)


def _send(world: World, signal: Signal, target: str, *, delay_ms: int) -> None:
    late_ms = world.conditions.seen_ms(FACTS[signal.kind], target, world.now_ms) - world.now_ms
    delay = world.fate(Message(signal.kind, target, None, world.now_ms, delay_ms + late_ms))
    if delay is None:
        world.count("signals_lost")
        return
    world.count("signals_sent")
    world.plan(Due(world.now_ms + delay, "signal", target, signal))


def deliver(world: World, due: Due) -> None:
    """A signal arrives."""
    signal: Signal = due.payload  # type: ignore[assignment]  # what `_send` put there
    if due.target in world.peps:
        world.peps[due.target].receive_signal(signal, now_s=world.now_s)
        caching.told(world, due.target, signal)
    else:
        world.servers[due.target].receive_signal(signal, now_s=world.now_s)
