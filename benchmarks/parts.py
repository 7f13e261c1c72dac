"""Rows of single parts: `monitor` (a rule looking at an event), `event` (writing one), `mint` (a token), `setup` (a run).

Floors: the rule of R4 written out by hand; a tuple with the same parts put into a list; PyJWT's own `encode` with the
same claims, algorithm and key. A set-up has no floor.
"""

from __future__ import annotations

import itertools
from typing import Any

import jwt

from benchmarks.office import empty_office, open_office, requirements, system
from benchmarks.timing import Case, Sample
from harness.judge import Judge
from harness.oauth.keys import SigningKey
from harness.plan import Controls, Scenario
from harness.trace import Cause, Event
from harness.world.mechanics.commands import Call
from harness.world.mechanics.engine import apply
from harness.world.sim.run import Run

EVENTS = 20_000
TOKENS = 200
ABOUT_ACCESS, MONITORS = ("R1", "R4", "R6"), 5
"""The requirements that look at accesses to data, and how many rules these are."""
_FRESH = itertools.count()
"""A key of its own for each sample, so that no signature is known from the one before."""


def cases(*, events: int = EVENTS, tokens: int = TOKENS) -> list[Case]:
    """The four rows."""
    return [
        Case("monitor", lambda: _judged(events), lambda: _judged_by_hand(events)),
        Case("event", lambda: _written(events), lambda: _tuples(events)),
        Case("mint", lambda: _minted(tokens), lambda: _encoded(tokens)),
        Case("setup", lambda: _set_up(10)),
    ]


# ---------------------------------------------------------------- monitor


def _accesses(count: int) -> list[Event]:
    """Honest accesses to data, as the world writes them."""
    world, _, desks = open_office(1)
    step = Call(agent=desks[0].agent, task=desks[0].task, endpoint="policies.read", credential=desks[0].credentials[0])
    (found,) = (event for event in apply(world, step, 1)[0] if event.kind == "data.accessed")
    return [found] * count


def _judged(count: int) -> Sample:
    events, judge = _accesses(count), Judge(requirements()[key] for key in ABOUT_ACCESS)
    arrived = Event("user.arrived", 0, "first", events[0].who)

    def sample() -> int:
        found = judge.judge_events([arrived, *events])
        assert all(run.exercised == count and not run.violations for run in found.values()), "every event was fine"
        return count * MONITORS

    return sample


class _ByHand:
    """The same five rules as code: presence, logout, entitlement, and a denial of the agent or of its root."""

    def __init__(self) -> None:
        self.arrived: dict[str, int] = {}
        self.left: dict[str, int] = {}
        self.logged_out: dict[str, int] = {}
        self.denied: dict[str, int] = {}
        self.fine = 0
        self.broken: list[Any] = []

    def note(self, event: Event, ok: bool) -> None:
        if ok:
            self.fine += 1
        else:
            self.broken.append(event.id)

    def access(self, event: Event) -> None:
        who, own, now_ms = event.who, event.own, event.time_ms
        if who.agent is not None and who.user is not None:
            left_ms = self.left.get(who.user)
            self.note(event, who.user in self.arrived and (left_ms is None or now_ms - left_ms <= 300_000))
        if who.agent is not None:
            out_ms = self.logged_out.get(who.session or "")
            self.note(event, out_ms is None or now_ms - out_ms <= 10_000)
        if own.get("owner") is not None:
            self.note(event, who.user in own["entitled"] or who.actor_type == "admin")
        for name in (who.agent, who.root_agent):
            denied_ms = self.denied.get(name or "")
            self.note(event, denied_ms is None or now_ms - denied_ms <= 60_000)


def _judged_by_hand(count: int) -> Sample:
    events = _accesses(count)

    def sample() -> int:
        by_hand = _ByHand()
        by_hand.arrived[str(events[0].who.user)] = 0
        for event in events:
            if event.attempt is None and event.kind == "data.accessed":
                by_hand.access(event)
        assert by_hand.fine == count * MONITORS, "every event was fine"
        return count * MONITORS

    return sample


# ---------------------------------------------------------------- event


def _written(count: int) -> Sample:
    world, (event,), cause = empty_office(), _accesses(1), Cause("task")

    def sample() -> int:
        for _ in range(count):
            world.emit(event.kind, event.who, event.own, request=event.request, cause=cause)
        return count

    return sample


class _Log:
    """A log of tuples with the same parts."""

    def __init__(self) -> None:
        self.out: list[tuple[Any, ...]] = []
        self.now_ms = 0

    def write(
        self, kind: str, who: Any, own: Any, *, request: Any = None, attempt: Any = None, cause: Any = None
    ) -> int:
        number = len(self.out)
        self.out.append((kind, self.now_ms, number, who, own, request, attempt, cause))
        return number


def _tuples(count: int) -> Sample:
    (event,), cause, log = _accesses(1), Cause("task"), _Log()

    def sample() -> int:
        for _ in range(count):
            log.write(event.kind, event.who, event.own, request=event.request, cause=cause)
        return count

    return sample


# ---------------------------------------------------------------- mint


def _claims() -> dict[str, Any]:
    """The claims of a token that an agent got by exchange."""
    world, _, desks = open_office(1)
    return jwt.decode(world.credentials[desks[0].credentials[0]].token, options={"verify_signature": False})


def _minted(count: int) -> Sample:
    claims = _claims()
    signer = SigningKey.derive(b"benchmark", f"server/{next(_FRESH)}")

    def sample() -> int:
        for number in range(count):
            signer.sign(claims | {"jti": str(number)}, "at+jwt")
        return count

    return sample


def _encoded(count: int) -> Sample:
    claims, signer = _claims(), SigningKey.derive(b"benchmark", "server")
    private, headers = signer._private, {"typ": "at+jwt", "kid": signer.kid}

    def sample() -> int:
        for number in range(count):
            jwt.encode(claims | {"jti": str(number)}, private, algorithm="EdDSA", headers=headers)
        return count

    return sample


# ---------------------------------------------------------------- setup


def _set_up(count: int) -> Sample:
    design, scenario = system(), Scenario(kind="scenario", id="S", title="nothing happens")
    controls = Controls.of(design)

    def sample() -> int:
        for _ in range(count):
            Run(design, controls, scenario, seed=0, reach=False)
        return count

    return sample
