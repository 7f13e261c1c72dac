"""Forks of a world: one goes one way, one the other, both right, and neither notices. Canonical ids. Cheap."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from typing import Any

import pytest

from harness.trace import Event
from harness.world.mechanics import commands as c
from harness.world.mechanics.bounds import Bounds
from harness.world.mechanics.choices import choices
from harness.world.mechanics.engine import apply
from harness.world.mechanics.state import World
from tests.world.worlds import Hand, at_work, system, token_for, world

AGENT = "insurance_agent"


def started() -> tuple[Hand, str, str, str]:
    """Ana at work, her agent with a token for the policy API: the hand, the session, the task and the credential."""
    hand = Hand(world())
    session, task = at_work(hand, "ana")
    return hand, session, task, str(token_for(hand, task, "policies", "policies.read"))


def read(task: str, credential: str) -> c.Call:
    return c.Call(agent=AGENT, task=task, endpoint="policies.read", credential=credential)


def everything(world: World) -> dict[str, Any]:
    """All state there is: every dict of the world, of its servers and of its enforcement points."""
    found: dict[str, Any] = {"number": world.number, "now": world.now_ms, "due": world.next_due_ms}
    for name in World.__slots__:
        value = getattr(world, name)
        if isinstance(value, dict) and name not in ("_who", "aims", "servers", "peps"):
            found[name] = dict(value)
    found["ids"] = dict(world.ids.counts)
    for kind, machines in (("server", world.servers), ("pep", world.peps)):
        for name, machine in machines.items():
            slots = type(machine.store).__slots__
            found[f"{kind}/{name}"] = {slot: _copied(getattr(machine.store, slot)) for slot in slots}
    return found


def _copied(value: Any) -> Any:
    return dict(value) if isinstance(value, dict) else value


def told(events: list[Event]) -> list[tuple[Any, ...]]:
    return [(e.kind, e.time_ms, e.id, e.who, dict(e.own), e.request, e.attempt, e.cause) for e in events]


def test_two_ways_from_one_instant_both_come_out_right() -> None:
    hand, session, task, credential = started()
    stays, leaves = hand, hand.fork()
    assert stays.do(read(task, credential), 15_000).ok
    leaves.do(c.LogOut("ana", session), 10_000)
    refused = leaves.do(read(task, credential), 15_000)
    assert (refused.ok, refused.error) == (False, "invalid_token")
    assert stays.of("data.accessed")
    assert not stays.of("data.accessed", stopped=True)
    assert not leaves.of("data.accessed")
    (first, *_) = leaves.of("data.accessed", stopped=True)
    assert first.attempt is not None
    assert first.attempt.stopped_by == ("K09",)


def _log_out(hand: Hand, session: str, task: str, credential: str) -> None:
    hand.do(c.LogOut("ana", session), 5_000)


def _disable(hand: Hand, session: str, task: str, credential: str) -> None:
    hand.do(c.DisableAgent(AGENT), 5_000)


def _new_token(hand: Hand, session: str, task: str, credential: str) -> None:
    token_for(hand, task, "claims", "claims.read")


def _approve(hand: Hand, session: str, task: str, credential: str) -> None:
    _, paying = at_work(hand, "ben", "pay")
    step = c.AskApproval(agent=AGENT, task=paying, endpoint="payments.pay", amount=120, payee="garage")
    approval = str(hand.do(step).approval)
    hand.do(c.AnswerPrompt("ben", approval, approve=True), 9_000)
    hand.do(c.RedeemApproval(agent=AGENT, task=paying, approval=approval))


def _consent(hand: Hand, session: str, task: str, credential: str) -> None:
    hand.do(c.GiveConsent("ana", AGENT, "acme_llm", "advice", ("policy", "claim")))
    hand.do(c.WithdrawConsent("ana", "acme_llm", "advice"), 8_000)


def _register(hand: Hand, session: str, task: str, credential: str) -> None:
    hand.do(c.Register(agent=AGENT, task=task))
    hand.do(c.Leak(credential))
    hand.do(c.StealClient("mcp_server"))


def _wait(hand: Hand, session: str, task: str, credential: str) -> None:
    hand.wait(3_600_000)


@pytest.mark.parametrize("act", [_log_out, _disable, _new_token, _approve, _consent, _register, _wait])
def test_what_one_fork_does_the_other_does_not_notice(act: Callable[[Hand, str, str, str], None]) -> None:
    hand, session, task, credential = started()
    other = hand.fork()
    before = everything(other.world)
    act(hand, session, task, credential)
    assert everything(other.world) == before
    mine = everything(hand.world)
    assert other.do(read(task, credential), 20_000).ok, "the other fork goes on as if nothing had happened"
    assert everything(hand.world) == mine


def test_two_forks_that_do_the_same_say_the_same() -> None:
    hand, session, task, credential = started()
    one, two = hand.fork(), hand.fork()
    for each in (one, two):
        _approve(each, session, task, credential)
        each.do(c.LogOut("ana", session), 10_000)
        each.do(read(task, credential), 40_000)
    assert told(one.log) == told(two.log)
    assert everything(one.world) == everything(two.world)


def test_a_fork_has_nothing_left_to_say_of_what_was_before() -> None:
    hand, *_ = started()
    assert hand.fork().world.out == []


@pytest.mark.parametrize("seed", range(4))
def test_a_walk_of_forks_is_as_good_as_a_walk(seed: int) -> None:
    """Whatever is possible is done in a fork of a fork of a fork and in one world: the same events, the same state."""
    draw, bounds = random.Random(seed), Bounds.of(system())
    plain, forked = Hand(world(seed=seed)), Hand(world(seed=seed))
    for hand in (plain, forked):
        at_work(hand, "ana")
    for _ in range(12):
        possible = choices(plain.world, bounds)
        command = possible[draw.randrange(len(possible))]
        at_ms = plain.world.now_ms + draw.choice((0, 1_000, 40_000))
        stale = forked
        forked = forked.fork()
        before = everything(stale.world)
        first, _ = apply(plain.world, command, at_ms)
        second, _ = apply(forked.world, command, at_ms)
        assert told(first) == told(second), command
        assert everything(stale.world) == before, command
    assert everything(plain.world) == everything(forked.world)


def test_an_event_is_small_without_what_it_shares() -> None:
    hand, _, task, credential = started()
    hand.do(read(task, credential), 1_000)
    event = hand.log[-1]
    assert sys.getsizeof(event) <= 160
    twice = [one for one in hand.log if one.kind == "data.accessed"]
    hand.do(read(task, credential), 2_000)
    again = [one for one in hand.log if one.kind == "data.accessed"][len(twice) :]
    assert [one.own for one in twice] == [one.own for one in again]
    assert all(first.own is second.own and first.who is second.who for first, second in zip(twice, again, strict=True))
