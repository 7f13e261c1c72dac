"""Chains and false fronts: what is refused when a link is left out, widened, swapped or posed as; and what is right beside it."""

from __future__ import annotations

import pytest

from harness.world.mechanics import commands as c
from harness.world.mechanics.hostile import FollowMetadata, LureToConfirm, PublishDocument
from harness.world.mechanics.legality import THIEF, Impossible
from harness.world.mechanics.replies import Reply
from tests.world.worlds import Hand, at_work, token_for, world

AGENT, HELPER, STRAY = "insurance_agent", "claims_helper", "sub_agent1"
SHOP = "https://shopping.example/client.json"


# ---------------------------------------------------------------- sub-agents


def spawned(hand: Hand) -> tuple[str, str | None]:
    """A task, and the token that its agent handed to a sub-agent."""
    _, task = at_work(hand, kind="claims")
    own = token_for(hand, task, "mcp", "claims.read")
    return task, hand.do(c.Spawn(agent=AGENT, task=task, sub_agent=HELPER, credential=own)).credential


def exchange(hand: Hand, task: str, subject: str | None, scope: str, *, agent: str = HELPER) -> Reply:
    step = c.GetToken(agent=agent, task=task, twist="T11", audience="mcp", scope=(scope,), subject=subject)
    return hand.do(step)


def test_a_sub_agent_works_under_its_own_name_with_what_it_was_handed() -> None:
    hand = Hand(world(name="insurance_team"))
    task, handed = spawned(hand)
    own = exchange(hand, task, handed, "claims.read")
    assert own.ok
    read = c.Call(agent=HELPER, task=task, endpoint="mcp.list_claims", credential=own.credential)
    assert hand.do(read).ok
    who = hand.of("data.accessed")[-1].who
    assert (who.agent, who.root_agent, who.user) == (HELPER, AGENT, "ana")


@pytest.mark.parametrize("scope", ["policies.read", "policies.admin", "payments.pay"])
def test_it_gets_no_more_than_it_was_handed(scope: str) -> None:
    hand = Hand(world(name="insurance_team"))
    task, handed = spawned(hand)
    assert exchange(hand, task, handed, scope).error == "invalid_scope"
    wanted = hand.of("token.exchanged", stopped=True)[-1]
    assert wanted.own["scope"] == (scope,)
    assert wanted.own["subject_scope"] == ("claims.read",)


def test_the_handed_token_itself_is_bound_to_the_one_that_handed_it() -> None:
    hand = Hand(world(name="insurance_team"))
    task, handed = spawned(hand)
    assert (
        hand.do(c.Call(agent=HELPER, task=task, endpoint="mcp.list_claims", credential=handed)).error == "invalid_token"
    )


def started(hand: Hand, *, agent: str = AGENT) -> tuple[str, str | None]:
    """A task, and the token that its agent handed to a sub-agent that nobody has registered."""
    _, task = at_work(hand, kind="claims")
    own = token_for(hand, task, "mcp", "claims.read")
    return task, hand.do(c.Spawn(agent=agent, task=task, sub_agent=STRAY, credential=own)).credential


def test_a_sub_agent_that_nobody_registered_acts_under_no_name_but_its_own() -> None:
    """R3: an agent that is on no list gets through nowhere, whoever started it and hands it a token."""
    hand = Hand(world())
    task, handed = started(hand)
    assert hand.do(c.Call(agent=STRAY, task=task, endpoint="mcp.list_claims", credential=handed)).error == "invalid_token"
    attempt = hand.of("request.allowed", stopped=True)[-1].attempt
    assert attempt is not None
    assert attempt.stopped_by == ("K20",)
    assert exchange(hand, task, handed, "claims.read", agent=STRAY).error == "invalid_client"
    own = hand.do(c.GetToken(agent=STRAY, task=task, grant="client_credentials", audience="mcp", scope=("claims.read",)))
    assert own.error == "invalid_client"
    assert STRAY not in {one.who.agent for one in hand.of("request.allowed")}


def test_without_an_identity_of_its_own_it_is_taken_for_the_agent_that_started_it() -> None:
    hand = Hand(world(without=("K06",)))
    task, handed = started(hand)
    assert hand.do(c.Call(agent=STRAY, task=task, endpoint="mcp.list_claims", credential=handed)).ok
    assert STRAY in {one.who.agent for one in hand.of("request.allowed")}


@pytest.mark.parametrize("agent", ["third_party_agent", "foreign_agent", "portal", THIEF])
def test_what_runs_inside_somebody_elses_program_is_that_program(agent: str) -> None:
    hand = Hand(world(name="insurance_team"))
    _, task = at_work(hand)
    for name in (STRAY, HELPER):
        with pytest.raises(Impossible):
            hand.do(c.Spawn(agent=agent, task=task, sub_agent=name))


@pytest.mark.parametrize("name", ["portal", AGENT, "nobody"])
def test_nobody_is_started_who_is_there_already_or_whom_nobody_knows(name: str) -> None:
    hand = Hand(world(name="insurance_team"))
    _, task = at_work(hand)
    with pytest.raises(Impossible):
        hand.do(c.Spawn(agent=AGENT, task=task, sub_agent=name))


def in_its_own_name(hand: Hand, task: str) -> Reply:
    step = c.GetToken(agent=HELPER, task=task, grant="client_credentials", audience="mcp", scope=("claims.read",))
    return hand.do(step, hand.world.now_ms + 60_001)


@pytest.mark.parametrize(("without", "gets_it"), [((), False), (("K18",), True)])
def test_a_denial_reaches_the_agents_that_the_denied_one_has_started(without: tuple[str, ...], gets_it: bool) -> None:
    """R6: nothing that it causes gets through, directly or through agents that it started; and all of it again later."""
    hand = Hand(world(name="insurance_team", without=without))
    task, _ = spawned(hand)
    hand.do(c.DisableAgent(AGENT))
    assert in_its_own_name(hand, task).ok == gets_it
    hand.do(c.EnableAgent(AGENT))
    assert in_its_own_name(hand, task).ok


def test_enabling_an_agent_enables_no_other_that_was_denied_by_itself() -> None:
    hand = Hand(world(name="insurance_team"))
    task, _ = spawned(hand)
    for deed in (c.DisableAgent(HELPER), c.DisableAgent(AGENT), c.EnableAgent(AGENT)):
        hand.do(deed)
    assert not in_its_own_name(hand, task).ok


@pytest.mark.parametrize(("without", "ok"), [((), False), (("K17",), True)])
def test_a_denied_agent_and_those_it_started_send_nothing_and_start_nothing(without: tuple[str, ...], ok: bool) -> None:
    hand = Hand(world(name="insurance_team", without=without))
    task, _ = spawned(hand)
    hand.do(c.DisableAgent(AGENT))
    for agent in (AGENT, HELPER):
        assert hand.do(c.SendMessage(agent=agent, task=task, to="third_party_agent")).ok == ok
    assert hand.do(c.Spawn(agent=AGENT, task=task, sub_agent=STRAY)).ok == ok


def test_nothing_is_handed_on_that_one_does_not_hold() -> None:
    hand = Hand(world(name="insurance_team"))
    _, task = at_work(hand)
    with pytest.raises(Impossible):
        hand.do(c.Spawn(agent=HELPER, task=task, sub_agent=STRAY, credential=hand.world.tasks[task].subject))


# ---------------------------------------------------------------- assertions between domains


def asserted(hand: Hand) -> tuple[str, str]:
    _, task = at_work(hand, kind="repair")
    step = c.GetToken(
        agent=AGENT, task=task, grant="id_jag", server="partner_as", audience="repairs", scope=("repairs.read",),
        subject=hand.world.tasks[task].subject,
    )  # fmt: skip
    return task, str(hand.do(step).credential)


def redeem(
    hand: Hand, assertion: str, *, agent: str = AGENT, server: str = "partner_as", task: str | None = None
) -> Reply:
    audience, scope = ("repairs", "repairs.read") if server == "partner_as" else ("claims", "claims.read")
    step = c.GetToken(
        agent=agent, task=task, twist="T55", grant="jwt_bearer", server=server, audience=audience, scope=(scope,),
        subject=assertion,
    )  # fmt: skip
    return hand.do(step)


def test_an_assertion_gives_a_token_to_its_client_at_its_server_once() -> None:
    hand = Hand(world())
    task, assertion = asserted(hand)
    assert redeem(hand, assertion, task=task).ok
    assert redeem(hand, assertion, task=task).error == "invalid_grant"


def test_an_assertion_is_nothing_at_the_server_that_made_it() -> None:
    hand = Hand(world())
    task, assertion = asserted(hand)
    assert redeem(hand, assertion, server="home", task=task).error == "invalid_grant"


def test_an_assertion_is_nothing_in_the_hands_of_another_client() -> None:
    hand = Hand(world())
    _, assertion = asserted(hand)
    hand.do(c.Leak(assertion))
    assert redeem(hand, assertion, agent="foreign_agent").error == "invalid_grant"


def test_an_assertion_that_was_not_lost_is_out_of_reach() -> None:
    hand = Hand(world())
    _, assertion = asserted(hand)
    with pytest.raises(Impossible):
        redeem(hand, assertion, agent="foreign_agent")


# ---------------------------------------------------------------- client documents


def publish(hand: Hand, url: str, *, address: str = "203.0.113.10") -> Reply:
    return hand.do(PublishDocument(agent=THIEF, twist="T54", url=url, address=address))


def test_documents_count_from_trusted_hosts_alone() -> None:
    hand = Hand(world(name="insurance_documents"))
    assert publish(hand, SHOP).ok
    assert not publish(hand, "https://elsewhere.example/client.json").ok
    assert [one.attempt.stopped_by for one in hand.of("agent.registered", stopped=True) if one.attempt] == [("K19",)]


@pytest.mark.parametrize("address", ["10.0.0.7", "127.0.0.1", "169.254.169.254", "::1"])
def test_nothing_is_fetched_from_the_inner_network_whatever_is_off(address: str) -> None:
    hand = Hand(world(without=("K19",)))
    assert not publish(hand, SHOP, address=address).ok


def test_without_registration_control_any_host_will_do() -> None:
    assert publish(Hand(world(without=("K19",))), "https://elsewhere.example/client.json").ok


def lured(hand: Hand) -> Reply:
    """A customer who has agreed to the shopping agent is sent a link once its document has changed hands."""
    hand.do(c.Arrive("ana"))
    session = str(hand.do(c.LogIn("ana")).session)
    hand.do(c.GiveConsent("ana", "third_party_agent", "other_llm", "shopping", ("policy",)))
    hand.do(c.StartTask("ana", session, "third_party_agent", "shop", "shopping"))
    assert publish(hand, SHOP).ok
    return hand.do(c.Lure(agent=THIEF, twist="T54", user="ana"))


def test_other_keys_in_a_document_are_another_client_that_nobody_agreed_to() -> None:
    assert not lured(Hand(world(name="insurance_documents"))).ok


def test_without_a_screen_for_each_client_the_code_goes_to_the_other_keys() -> None:
    assert lured(Hand(world(name="insurance_documents", without=("K10",)))).ok


def test_a_client_with_a_document_does_honest_work() -> None:
    hand = Hand(world(name="insurance_documents"))
    hand.do(c.Arrive("ana"))
    session = str(hand.do(c.LogIn("ana")).session)
    hand.do(c.GiveConsent("ana", "third_party_agent", "other_llm", "shopping", ("policy",)))
    started = hand.do(c.StartTask("ana", session, "third_party_agent", "shop", "shopping"))
    assert started.ok
    call = c.Call(
        agent="third_party_agent", task=started.task, endpoint="mcp.list_policies", credential=started.credential
    )
    assert hand.do(call).ok
    request = hand.of("request.allowed")[0].request
    assert request is not None
    assert request.actor_client == SHOP


# ---------------------------------------------------------------- metadata


def follow(hand: Hand, **lie: str) -> Reply:
    session, _ = at_work(hand)
    return hand.do(FollowMetadata(agent=AGENT, user="ana", session=session, api="mcp", twist="T57", **lie))


def test_true_metadata_leads_to_a_token() -> None:
    assert follow(Hand(world())).ok


@pytest.mark.parametrize(
    ("lie", "error"),
    [
        ({"issuer": "https://evil.example"}, "mix_up"),
        ({"issuer": "https://evil.example", "claims": "https://home.example"}, "invalid_metadata"),
        ({"resource": "https://evil.example"}, "invalid_metadata"),
    ],
)
def test_a_careful_client_stops_at_each_lie(lie: dict[str, str], error: str) -> None:
    hand = Hand(world())
    assert follow(hand, **lie).error == error
    stopped = hand.of("token.issued", stopped=True)[-1]
    assert stopped.who.actor == THIEF
    assert stopped.attempt is not None
    assert stopped.attempt.stopped_by == ("base",)


# ---------------------------------------------------------------- somebody else's yes


def asked(hand: Hand) -> tuple[str, str]:
    _, task = at_work(hand, kind="pay")
    reply = hand.do(c.AskApproval(agent=AGENT, task=task, endpoint="mcp.pay_claim", amount=120, payee="garage"))
    return task, str(reply.approval)


def confirm(hand: Hand, task: str, approval: str, user: str) -> Reply:
    return hand.do(LureToConfirm(agent=AGENT, task=task, twist="T34", user=user, approval=approval))


def test_somebody_else_s_yes_is_not_heard() -> None:
    hand = Hand(world())
    task, approval = asked(hand)
    assert confirm(hand, task, approval, "ben").error == "access_denied"
    assert hand.of("approval.granted") == []
    assert hand.of("user.arrived")[-1].who.user == "ben"  # opening the page is arriving


def test_the_person_asked_is_still_heard_afterwards() -> None:
    hand = Hand(world())
    task, approval = asked(hand)
    confirm(hand, task, approval, "ben")
    assert hand.do(c.AnswerPrompt("ana", approval, approve=True)).ok


def test_without_a_channel_of_the_user_anybody_s_yes_counts() -> None:
    hand = Hand(world(without=("K12",)))
    task, approval = asked(hand)
    assert confirm(hand, task, approval, "ben").ok
    assert hand.of("approval.granted")[-1].own["approver"] == "ben"


def test_the_person_asked_cannot_be_lured_to_their_own_page() -> None:
    hand = Hand(world())
    task, approval = asked(hand)
    with pytest.raises(Impossible):
        confirm(hand, task, approval, "ana")


# ---------------------------------------------------------------- proofs of possession


def dpop_read(hand: Hand, *, agent: str = AGENT, bare: bool = False) -> Reply:
    _, task = at_work(hand, kind="claims")
    token = token_for(hand, task, "claims", "claims.read")
    if agent != AGENT:
        hand.do(c.Leak(str(token)))
    call = c.Call(
        agent=agent, task=task if agent == AGENT else None, endpoint="claims.read", credential=token, owner="ana",
        bare=bare,
    )  # fmt: skip
    return hand.do(call)


def test_a_bound_token_with_its_proof_gets_through() -> None:
    hand = Hand(world(name="insurance_dpop"))
    assert dpop_read(hand).ok
    assert hand.of("token.issued")[-1].own["proof"] == "dpop"


@pytest.mark.parametrize("agent", [AGENT, THIEF, "foreign_agent"])
def test_without_its_proof_nobody_gets_through(agent: str) -> None:
    hand = Hand(world(name="insurance_dpop"))
    assert not dpop_read(hand, agent=agent, bare=True).ok
    stopped = hand.of("data.accessed", stopped=True)[-1]
    assert stopped.attempt is not None
    assert stopped.attempt.stopped_by == ("K20",)


def test_somebody_else_s_proof_does_not_help() -> None:
    assert not dpop_read(Hand(world(name="insurance_dpop")), agent="foreign_agent").ok


def test_where_nothing_is_bound_a_bearer_token_is_enough() -> None:
    assert dpop_read(Hand(world(name="insurance_dpop", without=("K20",))), agent=THIEF, bare=True).ok


# ---------------------------------------------------------------- what an agent says of a person's presence


@pytest.mark.parametrize("says", [(), (("user_present", "true"),)])
def test_what_a_request_says_of_presence_changes_nothing(says: tuple[tuple[str, str], ...]) -> None:
    hand = Hand(world())
    _, task = at_work(hand)
    step = c.GetToken(agent=AGENT, task=task, grant="renew", twist="T17", says=says)
    assert hand.do(step).ok
    hand.wait(6 * 60_000)
    assert hand.do(step).error == "invalid_grant"
