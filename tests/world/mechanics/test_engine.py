"""The one door to the mechanics, without SimPy: time, what falls due, deadlines, and what is impossible."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.oauth import Presented
from harness.world.mechanics import commands as c
from harness.world.mechanics.engine import Impossible, advance, apply, deadlines
from harness.world.mechanics.state import World
from tests.world.worlds import Hand, at_work, token_for, world

AGENT = "insurance_agent"
IDLE_MS, TOKEN_MS, LEEWAY_MS, SIGNAL_MS = 120_000, 120_000, 5_000, 1_000
"""The reference settings of the shipped insurer."""


def read(task: str, credential: str | None, **more: str) -> c.Call:
    return c.Call(agent=AGENT, task=task, endpoint="policies.read", credential=credential, **more)  # type: ignore[arg-type]


@pytest.fixture
def hand() -> Hand:
    return Hand(world())


# ---------------------------------------------------------------- time


def test_time_never_runs_back(hand: Hand) -> None:
    hand.do(c.Arrive("ana"), 5_000)
    with pytest.raises(ValueError, match="4999 ms is before 5000 ms"):
        apply(hand.world, c.Jump(), 4_999)


def test_an_event_happens_at_the_instant_of_its_command(hand: Hand) -> None:
    hand.do(c.Arrive("ana"), 7)
    hand.do(c.LogIn("ana"), 1_234)
    assert {(event.kind, event.time_ms) for event in hand.log} >= {("user.arrived", 7), ("session.started", 1_234)}


def test_what_falls_due_happens_at_its_own_instant_on_the_way(hand: Hand) -> None:
    hand.do(c.Arrive("ana"), 0)
    session = hand.do(c.LogIn("ana"), 2_000).session
    (ended,) = [event for event in hand.wait(3_600_000) if event.kind == "session.ended"]
    assert (ended.time_ms, ended.who.session, ended.own["reason"]) == (2_000 + IDLE_MS, session, "idle")
    assert hand.world.now_ms == 3_602_000


def test_several_things_fall_due_in_order_those_included_that_others_bring_about(hand: Hand) -> None:
    _, task = at_work(hand, "ana")
    credential = token_for(hand, task, "mcp", "policies.read")
    step = c.Call(agent=AGENT, task=task, endpoint="mcp.list_policies", credential=credential, job=True)
    hand.do(step, 1_000)  # a job that goes on every fifteen seconds
    due = hand.wait(50_000)
    rounds = [event.time_ms for event in due if event.kind == "request.allowed"]
    assert rounds == [16_000, 31_000, 46_000]


def test_a_human_act_puts_the_end_of_the_session_off(hand: Hand) -> None:
    hand.do(c.Arrive("ana"), 0)
    session = str(hand.do(c.LogIn("ana"), 0).session)
    hand.do(c.Act("ana", session), 100_000)
    assert not [event for event in hand.wait(IDLE_MS - 1) if event.kind == "session.ended"]
    assert [event.time_ms for event in hand.wait(1) if event.kind == "session.ended"] == [220_000]


@given(cuts=st.lists(st.integers(1, 400_000), max_size=6, unique=True))
@settings(max_examples=25, deadline=None)
def test_one_long_wait_is_as_good_as_many_short_ones(cuts: list[int]) -> None:
    hand = Hand(world())
    session, task = at_work(hand, "ana")
    credential = token_for(hand, task, "mcp", "policies.read")
    hand.do(c.Call(agent=AGENT, task=task, endpoint="mcp.list_policies", credential=credential, job=True), 500)
    hand.do(c.LogOut("ana", session), 20_000)
    short = hand.fork()
    hand.do(c.Jump(), 420_001)
    for cut in sorted(cuts):
        if cut > short.world.now_ms:
            short.do(c.Jump(), cut)
    short.do(c.Jump(), 420_001)
    assert [(e.kind, e.time_ms, e.id, dict(e.own)) for e in short.log] == [
        (e.kind, e.time_ms, e.id, dict(e.own)) for e in hand.log
    ]


# ---------------------------------------------------------------- what is impossible


def impossible(hand: Hand) -> list[tuple[str, c.Command]]:
    session, task = at_work(hand, "ana")
    _, other = at_work(hand, "ben")
    mine = token_for(hand, task, "policies", "policies.read")
    return [
        ("is not there", c.LogIn("cleo")),
        ("is not there", c.Act("cleo", session)),
        ("there is no person", c.LogOut("zoe", session)),
        ("that device is in use already", c.Arrive("ana")),
        ("there is no person", c.Leave("zoe")),
        ("is not there", c.StartTask("cleo", session, AGENT, "read", "advice")),
        ("is not running", c.StartTask("ana", session, "nobody", "read", "advice")),
        ("there is no such consent", c.WithdrawConsent("ana", "acme_llm", "advice")),
        ("there is no open prompt", c.AnswerPrompt("ana", "none", approve=True)),
        ("there is no approval", c.AnswerInstead(agent=AGENT, task=task, approval="none")),
        ("there is no approval", c.RedeemApproval(agent=AGENT, task=task, approval="none")),
        ("there is no endpoint", c.Call(agent=AGENT, task=task, endpoint="policies.reed")),
        ("is not running", c.Call(agent="nobody", endpoint="policies.read")),
        ("there is no task", read("task99", mine)),
        ("out of reach", read(other, "cred999")),
        ("out of reach", c.Call(agent="foreign_agent", endpoint="policies.read", credential=mine)),
        ("out of reach", c.Call(agent="thief", endpoint="policies.read", credential=mine)),
        ("there is no handle", read(task, mine, handle="handle9")),
        ("there is no provider", c.SendToModel(agent=AGENT, task=task, provider="nobody")),
        ("there is no data", c.SendToModel(agent=AGENT, task=task, provider="acme_llm", items=("item99",))),
        ("there is no such memory", c.ReadMemory(agent=AGENT, task=task, memory="memory9")),
        ("there is no authorization server", c.GetToken(agent=AGENT, task=task, server="nowhere")),
        ("is not running", c.DisableAgent("nobody")),
        ("there is no task", c.RevokeGrant("task99")),
        ("there is no task", c.Halt("ana", "task99")),
        ("there is no credential", c.Leak("cred999")),
    ]


def test_what_cannot_be_done_is_refused_and_changes_nothing(hand: Hand) -> None:
    for reason, command in impossible(hand):
        before = facts(hand.world)
        with pytest.raises(Impossible, match=reason):
            apply(hand.world, command, hand.world.now_ms)
        assert facts(hand.world) == before, command
        assert hand.world.out == [], command


def facts(world: World) -> dict[str, object]:
    """Everything in the flat dicts of a world and its servers, to be compared."""
    found: dict[str, object] = {
        name: dict(getattr(world, name)) for name in ("tasks", "credentials", "people", "items")
    }
    found |= {name: dict(getattr(world, name)) for name in ("approvals", "agenda", "caches", "refusals", "counters")}
    found["ids"] = dict(world.ids.counts)
    found["number"] = world.number
    for name, server in world.servers.items():
        found[name] = {slot: dict(getattr(server.store, slot)) for slot in ("sessions", "issued", "grants", "codes")}
    for name, pep in world.peps.items():
        found[f"pep/{name}"] = {slot: dict(getattr(pep.store, slot)) for slot in ("denied", "consumed", "cache")}
    return found


def test_a_leaked_token_is_within_reach_of_outsiders_only(hand: Hand) -> None:
    _, task = at_work(hand, "ana")
    credential = str(token_for(hand, task, "policies", "policies.read"))
    hand.do(c.Leak(credential))
    assert not hand.do(c.Call(agent="thief", endpoint="policies.read", credential=credential)).ok
    with pytest.raises(Impossible, match="out of reach"):
        hand.do(c.Call(agent="third_party_agent", endpoint="policies.read", credential=credential))


# ---------------------------------------------------------------- deadlines


def test_an_expiry_matters_at_its_end_and_at_the_end_of_the_leeway(hand: Hand) -> None:
    _, task = at_work(hand, "ana")
    credential = hand.world.credentials[str(token_for(hand, task, "policies", "policies.read"))]
    end_ms = credential.expires_ms
    assert end_ms == TOKEN_MS
    expected = {end_ms - 1, end_ms, end_ms + LEEWAY_MS - 1, end_ms + LEEWAY_MS}
    assert expected <= set(deadlines(hand.world))
    assert all(one > hand.world.now_ms for one in deadlines(hand.world))
    assert deadlines(hand.world) == sorted(set(deadlines(hand.world)))


def test_a_token_is_good_to_the_last_instant_of_the_leeway_and_no_longer(hand: Hand) -> None:
    _, task = at_work(hand, "ana")
    credential = token_for(hand, task, "policies", "policies.read")
    late = hand.fork()
    assert hand.do(read(task, credential), TOKEN_MS + LEEWAY_MS - 1).ok
    refused = late.do(read(task, credential), TOKEN_MS + LEEWAY_MS)
    assert (refused.ok, refused.error) == (False, "invalid_token")
    assert {event.attempt.stopped_by for event in late.of("data.accessed", stopped=True) if event.attempt} == {("K07",)}


def test_a_deadline_of_the_far_future_is_no_deadline(hand: Hand) -> None:
    at_work(hand, "ana")
    assert max(deadlines(hand.world)) < 366 * 86_400_000


def answers(world: World) -> dict[tuple[str, str], str]:
    """What each enforcement point would say to each token now, and what each server would say to each session."""
    found = {}
    for handle, credential in world.credentials.items():
        if credential.kind != "access":
            continue
        for name, rule in world.design.rules.items():
            pep = world.peps.get(world.design.endpoints[name].api)
            if pep is not None:
                shown = Presented(token=credential.token, certificate=world.design.certificate(credential.client))
                refusals = pep.check(shown, rule, now_s=world.now_ms / 1000)
                found[handle, name] = ",".join(one.check for one in refusals)
    return found


def at_the_instants(world: World, instants: list[int]) -> list[dict[tuple[str, str], str]]:
    seen = []
    for instant in instants:
        later = world.fork()
        advance(later, instant)
        seen.append(answers(later))
    return seen


def test_no_answer_changes_between_two_deadlines() -> None:
    """What is looked at just after one deadline and just before the next must be the same, whatever happened before."""
    hand = Hand(world())
    session, task = at_work(hand, "ana")
    token_for(hand, task, "policies", "policies.read")
    hand.do(c.Jump(), 10_000)
    token_for(hand, task, "claims", "claims.read")
    hand.do(c.LogOut("ana", session), 20_000)
    hand.do(c.DisableAgent(AGENT), 30_500)
    instants = [hand.world.now_ms, *deadlines(hand.world)]
    for before, after in itertools.pairwise(instants):
        if after - before > 1:
            first, last = at_the_instants(hand.world, [before, after - 1])
            assert first == last, f"something changes between {before} and {after} ms"


def test_answers_do_change_at_deadlines() -> None:
    """The law above is not empty: a signal arriving and a token expiring are among the deadlines."""
    hand = Hand(world())
    session, task = at_work(hand, "ana")
    token_for(hand, task, "policies", "policies.read")
    hand.do(c.LogOut("ana", session), 20_000)
    at_once, told, expired = at_the_instants(hand.world, [20_000, 20_000 + SIGNAL_MS, TOKEN_MS + LEEWAY_MS])
    key = next(key for key in at_once if key[1] == "policies.read" and not at_once[key])
    assert (at_once[key], told[key], expired[key]) == ("", "session_denied", "expired,session_denied")
    assert {20_000 + SIGNAL_MS, TOKEN_MS + LEEWAY_MS} <= set(deadlines(hand.world))


def test_the_age_of_an_approval_matters_at_its_last_good_instant_and_after(hand: Hand) -> None:
    _, task = at_work(hand, "ana", "pay")
    step = c.AskApproval(agent=AGENT, task=task, endpoint="payments.pay", amount=120, payee="garage")
    approval = str(hand.do(step, 1_000).approval)
    hand.do(c.AnswerPrompt("ana", approval, approve=True), 9_000)
    good_ms = 9_000 + 120_000
    assert {good_ms, good_ms + 1} <= set(deadlines(hand.world))
