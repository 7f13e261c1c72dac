"""How long a design lets agents go on after a departure, a logout, a denial or a withdrawal, by its settings alone.

The worst case in closed form: idle time, token lifetime, leeway, signal delay, cache time. What a requirement allows is
compared with it before anything is run. Sources: RFC 7662 section 4 (caches), OAuth 2.1 section 7.1.3 (lifetimes).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from harness.plan.controls import Controls
from harness.plan.system import Server, System
from harness.plan.values import duration_text
from harness.requirements import Rule

FOREVER_MS = 1 << 60


class Slack(NamedTuple):
    """The longest time in which something still gets through, and how it comes about."""

    longest_ms: int
    parts: str

    def __str__(self) -> str:
        if self.longest_ms >= FOREVER_MS:
            return f"without end ({self.parts})"
        return f"up to {duration_text(self.longest_ms)} ({self.parts})"


def after_departure(system: System, controls: Controls) -> Slack:
    """A silent departure: until the session idles out, and then as long as the last token lives."""
    server = _home(system)
    if not controls.on("K08"):
        return Slack(FOREVER_MS, "grants are not bound to a session")
    idle_ms = controls.setting("K08").lifetime or server.session_idle
    tail = _token(server, controls)
    return Slack(idle_ms + tail.longest_ms, f"idle time {duration_text(idle_ms)} + {tail.parts}")


def after_logout(system: System, controls: Controls) -> Slack:
    """An explicit end of a session: until the last enforcement point has heard of it, or asks."""
    return _slowest(system, controls, "K09")


def after_denial(system: System, controls: Controls) -> Slack:
    """A denial of an agent: until the last enforcement point has heard of it, or asks, and the server itself issues no more."""
    reached = after_withdrawal(system, controls)
    known_ms = controls.setting("K16").delay or 0 if controls.on("K16") else 0
    if known_ms <= reached.longest_ms:
        return reached
    return Slack(known_ms, f"denial known to the server after {duration_text(known_ms)}")


def after_withdrawal(system: System, controls: Controls) -> Slack:
    """A withdrawal of consent: until the last enforcement point has heard of it, or asks."""
    return _slowest(system, controls, "K17")


def _slowest(system: System, controls: Controls, carrier: str) -> Slack:
    """The enforcement point that takes longest; with none the life of a token."""
    each = [_learns(system, controls, carrier, place) for place in system.apis]
    return max(each, key=lambda slack: slack.longest_ms, default=_token(_home(system), controls))


def _learns(system: System, controls: Controls, carrier: str, place: str) -> Slack:
    """One enforcement point: it asks the server itself, or a signal reaches it, or its tokens run out."""
    token = _token(_home(system), controls)
    asked = controls.setting("K17")
    strength = asked.places.get(place, asked.strength) if controls.on("K17", place) else None
    if strength == "introspection":
        return Slack(0, "asked on every call")
    if strength == "fail_open":
        return token  # a server may be silent for as long as a token lives
    if strength == "cached":
        cache_ms = asked.lifetime or 300_000
        return min(Slack(cache_ms, f"cache {duration_text(cache_ms)}"), token, key=lambda slack: slack.longest_ms)
    if not controls.on(carrier, place):
        return token
    delay_ms = controls.setting(carrier).delay or 0
    return Slack(delay_ms, f"signal {duration_text(delay_ms)}")


def _token(server: Server, controls: Controls) -> Slack:
    life_ms = controls.setting("K07").lifetime or server.access_token_lifetime if controls.on("K07") else 3_600_000
    text = f"token lifetime {duration_text(life_ms)} + leeway {duration_text(server.leeway)}"
    return Slack(life_ms + server.leeway, text)


def _home(system: System) -> Server:
    return system.servers[system.home_server]


CAUSES: Mapping[str, tuple[str, Callable[[System, Controls], Slack]]] = {
    "user.left": ("a silent departure", after_departure),
    "user.logged_out": ("a logout", after_logout),
    "agent.disabled": ("a denial", after_denial),
    "consent.withdrawn": ("a withdrawal", after_withdrawal),
}
"""What a rule can allow time after, and how long the design takes."""

_EFFECTS = frozenset({"data.accessed", "request.allowed", "llm.received", "operation.completed", "message.sent"})


class Allowance(NamedTuple):
    """What a rule allows after one cause, and how long the design takes: `cause` is the event, `name` its word."""

    cause: str
    name: str
    allowed_ms: int
    slack: Slack


def allowances(rule: Rule, system: System, controls: Controls) -> Iterator[Allowance]:
    """Each cause after which the rule ends what agents may do, with the time it allows and the design needs."""
    if not _EFFECTS & set(rule.about.kinds):
        return
    for clause, allowed_ms in ((rule.ends, rule.grace_ms), (rule.other, rule.delay_ms)):
        if clause is None or (allowed_ms is None and clause is not rule.ends) or rule.pattern == "at_most":
            continue
        for kind in clause.kinds:
            if kind in CAUSES:
                name, slack = CAUSES[kind]
                yield Allowance(kind, name, allowed_ms or 0, slack(system, controls))


def too_slow(rule: Rule, system: System, controls: Controls) -> Iterator[str]:
    """A sentence for each cause after which the design lets through more than the rule allows."""
    for one in allowances(rule, system, controls):
        if one.slack.longest_ms > one.allowed_ms:
            allowed = duration_text(one.allowed_ms)
            yield f"after {one.name} this design lets agents go on {one.slack}, and the rule allows {allowed}"
