"""What enforcement points count, and what a header says: each limit from both sides, and the honest call beside it."""

from __future__ import annotations

import pytest

from harness.plan import Controls
from harness.plan.system import Setting, System
from harness.world.mechanics import commands as c
from harness.world.mechanics.hostile import Forge
from harness.world.mechanics.limits import REFETCH_FLOOR_MS, WINDOW_MS
from harness.world.mechanics.replies import Reply
from harness.world.mechanics.setup import build
from harness.world.mechanics.state import World
from harness.world.sim.population import records
from tests.world.worlds import Hand, at_work, system, token_for, world

AGENT = "insurance_agent"
LIMIT = 20


def read(hand: Hand, task: str, credential: str | None, *, endpoint: str = "claims.read", **more: object) -> Reply:
    step = c.Call(agent=AGENT, task=task, twist="T42", goal="T42", endpoint=endpoint, credential=credential)
    return hand.do(type(step)(**{name: getattr(step, name) for name in step.__struct_fields__} | more))


def with_controls(name: str, **controls: Setting) -> System:
    """A shipped system with some controls set otherwise."""
    found = system(name)
    return found.model_copy(update={"controls": found.controls | controls})


def built(design: System) -> World:
    """A world of a system that is in no file."""
    return build(design, Controls.of(design), records(design))


# ---------------------------------------------------------------- refusals of one caller


def refused(hand: Hand, times: int) -> tuple[str, str]:
    """A task whose foreign calls were refused so often, and a good token for it."""
    _, task = at_work(hand, kind="claims")
    token = token_for(hand, task, "claims", "claims.read")
    for _ in range(times):
        assert read(hand, task, token, owner="ben").error == "not_found"
    return task, str(token)


def test_up_to_the_limit_every_call_is_looked_at() -> None:
    hand = Hand(world())
    task, token = refused(hand, LIMIT - 1)
    assert read(hand, task, token).ok


def test_beyond_the_limit_nobody_looks_any_more() -> None:
    hand = Hand(world())
    task, token = refused(hand, LIMIT)
    before = len(hand.log)
    assert read(hand, task, token, owner="ben").error == "rate_limited"
    events = hand.log[before:]
    assert [one.own["reason"] for one in events if one.kind == "request.denied"] == ["rate", "not_owner"]
    spared = [one for one in events if one.kind == "request.denied" and one.attempt]
    assert [one.attempt.stopped_by[-1] for one in spared if one.attempt] == ["base"]


def test_a_good_call_of_the_same_caller_has_to_wait_as_well_and_is_answered_after_a_minute() -> None:
    hand = Hand(world())
    task, token = refused(hand, LIMIT)
    assert read(hand, task, token).error == "rate_limited"
    hand.wait(WINDOW_MS)
    assert read(hand, task, token).ok


def test_other_callers_and_other_apis_are_not_concerned() -> None:
    hand = Hand(world())
    task, _ = refused(hand, LIMIT)
    policies = token_for(hand, task, "policies", "policies.read")
    assert read(hand, task, policies, endpoint="policies.read").ok
    tool = token_for(hand, task, "mcp", "claims.read")
    assert read(hand, task, tool, endpoint="mcp.list_claims").ok  # the MCP server is another caller of the same API


def test_without_a_limit_every_call_is_looked_at() -> None:
    apis = system().apis
    unlimited = apis["claims"].model_copy(update={"refusal_limit": None})
    hand = Hand(built(system().model_copy(update={"apis": apis | {"claims": unlimited}})))
    task, token = refused(hand, LIMIT * 2)
    assert read(hand, task, token).ok


# ---------------------------------------------------------------- keys


def flood(hand: Hand, task: str, times: int, *, every_ms: int) -> None:
    for _ in range(times):
        like = str(hand.world.tasks[task].subject)
        forged = hand.do(Forge(agent=AGENT, task=task, twist="T43", kind="unknown_kid", like=like, audience="claims"))
        assert not read(hand, task, forged.credential).ok
        hand.wait(every_ms)


@pytest.mark.parametrize(("times", "every_ms"), [(15, 100), (15, 4_000), (15, 31_000)])
def test_unknown_key_ids_make_an_api_fetch_keys_at_most_once_in_thirty_seconds(times: int, every_ms: int) -> None:
    hand = Hand(world())
    _, task = at_work(hand, kind="claims")
    flood(hand, task, times, every_ms=every_ms)
    fetched, lasted_ms = hand.world.counters["key_fetches"], (times - 1) * every_ms
    assert hand.world.counters["unknown_keys"] == times
    assert fetched == min(times, 1 + lasted_ms // -(-REFETCH_FLOOR_MS // every_ms * every_ms))


def test_a_bad_signature_under_a_known_key_id_fetches_nothing() -> None:
    hand = Hand(world())
    _, task = at_work(hand, kind="claims")
    like = str(hand.world.tasks[task].subject)
    forged = hand.do(Forge(agent=AGENT, task=task, twist="T51", kind="borrowed_issuer", like=like, audience="claims"))
    assert not read(hand, task, forged.credential).ok
    assert "key_fetches" not in hand.world.counters


# ---------------------------------------------------------------- small amounts


def pay(hand: Hand, task: str, amount: float, **more: object) -> Reply:
    token = more.pop("credential", None) or token_for(hand, task, "payments", "payments.pay")
    return read(hand, task, str(token), endpoint="payments.pay", amount=amount, payee="garage", **more)


def approved(hand: Hand, task: str, amount: float) -> Reply:
    """A payment that its person has approved on the phone."""
    asked = hand.do(
        c.AskApproval(agent=AGENT, task=task, endpoint="mcp.pay_claim", amount=amount, payee="garage")
    )  # fmt: skip
    hand.do(c.AnswerPrompt("ana", str(asked.approval), approve=True))
    redeemed = hand.do(c.RedeemApproval(agent=AGENT, task=task, approval=str(asked.approval)))
    return read(
        hand, task, redeemed.credential, endpoint="mcp.pay_claim", amount=amount, payee="garage",
        approval=asked.approval,
    )  # fmt: skip


def small_world(**controls: Setting) -> Hand:
    return Hand(built(with_controls("insurance_low_value", **controls)))


def test_small_amounts_need_no_approval_until_they_add_up() -> None:
    hand = small_world()
    _, task = at_work(hand, kind="pay")
    assert [pay(hand, task, 30).ok for _ in range(4)] == [True, True, True, False]
    assert {one.own["privilege"] for one in hand.of("operation.completed")} == {"medium"}
    stopped = hand.of("operation.completed", stopped=True)
    assert [one.attempt.stopped_by for one in stopped if one.attempt] == [("K13",)]


def test_exactly_the_limit_is_allowed() -> None:
    hand = small_world()
    _, task = at_work(hand, kind="pay")
    assert [pay(hand, task, 25).ok for _ in range(5)] == [True, True, True, True, False]


def test_one_amount_above_the_threshold_needs_an_approval_as_ever() -> None:
    hand = small_world()
    _, task = at_work(hand, kind="pay")
    assert not pay(hand, task, 31).ok
    assert {one.own["privilege"] for one in hand.of("operation.completed", stopped=True)} == {"high"}


def test_after_an_approved_one_the_count_begins_again() -> None:
    hand = small_world()
    _, task = at_work(hand, kind="pay")
    for _ in range(3):
        pay(hand, task, 30)
    assert not pay(hand, task, 20).ok
    assert approved(hand, task, 500).ok
    assert pay(hand, task, 30).ok


def test_a_small_one_beyond_the_limit_goes_through_with_an_approval_of_its_own() -> None:
    hand = small_world()
    _, task = at_work(hand, kind="pay")
    for _ in range(3):
        pay(hand, task, 30)
    assert approved(hand, task, 20).ok


def test_another_customer_s_small_amounts_are_counted_apart() -> None:
    hand = small_world()
    _, task = at_work(hand, kind="pay")
    for _ in range(3):
        pay(hand, task, 30)
    _, other = at_work(hand, "ben", kind="pay")
    assert pay(hand, other, 30).ok


def test_without_the_cumulative_strength_they_never_add_up() -> None:
    hand = small_world(K13=Setting())
    _, task = at_work(hand, kind="pay")
    assert all(pay(hand, task, 30).ok for _ in range(12))


# ---------------------------------------------------------------- headers and bodies


def said(name: str, header: str, strength: str | None = None) -> Reply:
    hand = Hand(built(with_controls(name, K03=Setting(strength=strength))))
    _, task = at_work(hand)
    token = token_for(hand, task, "mcp", "policies.read")
    return read(hand, task, token, endpoint="mcp.admin_report", header_tool=header)


@pytest.mark.parametrize("name", ["insurance", "insurance_older_mcp"])
def test_a_header_that_says_what_the_body_says_changes_nothing(name: str) -> None:
    hand = Hand(world(name=name))
    _, task = at_work(hand)
    token = token_for(hand, task, "mcp", "policies.read")
    assert read(hand, task, token, endpoint="mcp.list_policies", header_tool="mcp.list_policies").ok


def test_headers_unlike_the_body_are_refused_by_the_transport() -> None:
    assert said("insurance", "mcp.list_policies").error == "-32020"


def test_an_older_server_decides_on_the_body() -> None:
    assert said("insurance_older_mcp", "mcp.list_policies").error == "insufficient_scope"


def test_an_older_server_behind_a_gateway_that_goes_by_the_header_lets_it_pass() -> None:
    assert said("insurance_older_mcp", "mcp.list_policies", "gateway").ok


def test_a_newer_server_behind_such_a_gateway_does_not() -> None:
    assert not said("insurance", "mcp.list_policies", "gateway").ok
