"""Rules P-110 to P-122: step-up, backchannel approvals, logout, shared signals."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from harness.oauth import Answer, Details, Presented, Signal
from harness.oauth.client import Challenge, Held, StepUp, from_response, pick, read_challenge
from harness.oauth.messages import Refusal
from harness.oauth.sets import BadSignal, decode_signal, encode_signal, logout_token, push_response
from tests.oauth.rulebook import rule
from tests.oauth.test_rules_core import refused
from tests.oauth.test_rules_sender import FIELDS
from tests.oauth.wire import ISSUER, PAY, PAYMENT, TRUSTED, Wire, api, good, key, refusals

APPROVED = Details("payment", "ana", FIELDS)


def test_an_approval_is_a_session_of_its_own() -> None:
    wire = Wire()
    claims = wire.claims(wire.approved(10))
    assert claims["sid"] == "session1"
    assert wire.server.store.sessions["session1"].origin == "approval"
    assert (claims["approval_id"], claims["approval_time"], claims["acr"]) == ("approval1", 10, "high")
    assert claims["act"] == {"sub": "insurance_agent"}


@rule("P-110")
def test_an_api_asks_for_stronger_or_fresher_authentication() -> None:
    wire = Wire()
    weak = good(wire.exchange("agent", wire.chain()["a2a"], audience="payments", scope="payments.pay")).body[
        "access_token"
    ]
    server = api("payments", details=False)
    fresh = replace(PAY, max_age_s=60)
    (found,) = server.check(Presented(weak), fresh, now_s=0)
    assert (found.check, found.rule, found.status) == ("acr", "P-110", 401)
    challenge = read_challenge(str(found.challenge))
    assert challenge.error == "insufficient_user_authentication"
    assert (challenge.parameters["acr_values"], challenge.parameters["max_age"]) == ("high", "60")
    strong = wire.approved()
    assert refusals(server, strong, fresh, now_s=60) == []
    assert refusals(server, strong, fresh, now_s=61) == ["acr"]
    assert refusals(api("payments", details=False, acr=False), weak, fresh) == []
    assert refusals(api("payments", scope=False), weak, replace(PAY, scope="payments.refund")) == []


@rule("P-110")
def test_an_approval_ages_at_the_api() -> None:
    token = Wire(access_token_ttl_s=900).approved()
    server = api("payments", approval_age_s=120)
    assert refusals(server, token, PAY, now_s=120, operation=APPROVED) == []
    (found,) = server.check(Presented(token, operation=APPROVED), PAY, now_s=121)
    assert (found.check, found.rule, found.error) == ("approval_age", "P-110", "insufficient_user_authentication")
    assert refusals(api("payments", approval_age_s=None), token, PAY, now_s=500, operation=APPROVED) == []


@rule("P-073")
def test_an_approval_is_used_once_at_the_api() -> None:
    token = Wire().approved()
    server = api("payments")
    assert refusals(server, token, PAY, operation=APPROVED) == []
    assert server.consume("approval1", now_s=0)
    (found,) = server.check(Presented(token, operation=APPROVED), PAY, now_s=0)
    assert (found.check, found.rule, found.status) == ("consumed", "P-073", 403)
    assert not server.consume("approval1", now_s=1)
    server.consume("approval9", now_s=1)
    other = api("payments")
    assert refusals(other, token, PAY, operation=APPROVED, approval="approval9") == []
    assert refusals(server, token, PAY, operation=APPROVED, approval="approval9") == ["consumed"]
    assert refusals(api("payments", consumed=False), token, PAY, operation=APPROVED) == []


@rule("P-111")
def test_an_unmet_acr_ends_the_request() -> None:
    wire = Wire()
    session = wire.login(acr="low")
    refused(wire.authorize(session, acr_values="high"), "P-111", "unmet_authentication_requirements", check="acr")
    refused(wire.authorize(session, acr_values="unheard_of"), "P-111", "unmet_authentication_requirements")
    assert wire.server.human_act(session, now_s=10)
    refused(wire.authorize(session, 11, max_age="10"), "P-111", "unmet_authentication_requirements")
    good(wire.authorize(session, 10, max_age="10"))
    assert wire.server.step_up(session, acr="high", now_s=20)
    good(wire.authorize(session, 20, acr_values="high"))
    refused(wire.authorize(None), "P-111", "login_required", check="session")
    refused(wire.authorize(session, 141), "P-111", "login_required")
    assert not wire.server.step_up(session, acr="high", now_s=200)
    said = wire.server.login("nobody", now_s=0, ids=wire.ids)
    assert isinstance(said, Refusal)
    assert (said.rule, said.error) == ("P-111", "access_denied")


@rule("P-112")
def test_a_person_is_asked_only_so_often() -> None:
    wire = Wire(prompt_limit=2, prompt_window_s=3600)
    good(wire.ask(0))
    good(wire.ask(1))
    refused(wire.ask(2), "P-112", "slow_down", 429, check="prompt_rate")
    good(wire.ask(3, login_hint="ben"))
    good(wire.ask(3600))


@rule("P-113")
def test_a_client_keeps_elevated_tokens_for_the_calls_that_need_them() -> None:
    base = from_response(
        {"access_token": "t1", "scope": "claims.read", "expires_in": 100}, issuer=ISSUER, audience="claims", now_s=0
    )
    wide = Held("t2", ISSUER, "claims", frozenset({"claims.read", "claims.write"}), 100, "high")

    def choose(*scopes: str, now_s: float = 0, issuer: str = ISSUER) -> str | None:
        found = pick((base, wide), issuer=issuer, audience="claims", scopes=frozenset(scopes), now_s=now_s)
        return found.token if found else None

    assert choose("claims.read") == "t1"
    assert choose("claims.write") == "t2"
    assert choose("claims.admin") is None
    assert choose("claims.read", now_s=100) is None
    assert choose("claims.read", issuer="https://other.example") is None


@rule("P-114")
def test_errors_of_a_backchannel_request() -> None:
    wire = Wire()
    good(wire.ask())
    refused(wire.as_client("claims_api", "/bc-authorize", login_hint="ana", scope="x"), "P-114", "unauthorized_client")
    refused(wire.ask(login_hint="nobody"), "P-114", "unknown_user_id")
    refused(wire.ask(login_hint=None), "P-114", "invalid_request")
    refused(wire.ask(login_hint_token="x"), "P-114", "invalid_request")
    refused(wire.ask(scope=None), "P-114", "invalid_scope")
    refused(wire.ask(requested_expiry="soon"), "P-114", "invalid_request")
    refused(wire.ask(scope="policies.admin"), "P-053", "invalid_scope", check="scope_policy")
    refused(wire.send("/bc-authorize", {"client_id": "agent"}), "P-001", "invalid_client")
    hint = key("home").sign({"sub": "ana", "exp": 60}, "JWT")
    good(wire.ask(10, login_hint=None, login_hint_token=hint))
    refused(wire.ask(60, login_hint=None, login_hint_token=hint), "P-114", "expired_login_hint_token")
    refused(wire.ask(login_hint=None, id_token_hint="x.y.z"), "P-114", "unknown_user_id")
    assert good(wire.ask(requested_expiry="30")).body["expires_in"] == 30
    assert good(wire.ask(requested_expiry="99999")).body["expires_in"] == 300


@rule("P-115")
def test_polling_waits_slows_down_and_ends() -> None:
    wire = Wire(poll_interval_s=5)
    request = good(wire.ask()).body["auth_req_id"]
    refused(wire.poll(request, 0), "P-115", "authorization_pending", check="pending")
    refused(wire.poll(request, 4), "P-115", "slow_down")
    refused(wire.poll(request, 12), "P-115", "slow_down")
    refused(wire.poll(request, 27), "P-115", "authorization_pending")
    refused(wire.poll("none"), "P-115", "invalid_grant")
    refused(wire.poll(request, client="outsider"), "P-115", "invalid_grant")
    refused(wire.poll(request, 300), "P-115", "expired_token", check="approval_expired")


@rule("P-115")
def test_an_approval_gives_one_token_in_time() -> None:
    wire = Wire(redeem_within_s=120)
    request = good(wire.ask()).body["auth_req_id"]
    assert wire.answer(request, 10).session == "session1"
    assert good(wire.poll(request, 130)).body["authorization_details"] == [PAYMENT]
    refused(wire.poll(request, 130), "P-115", "invalid_grant", check="approval")
    second = good(wire.ask(200)).body["auth_req_id"]
    wire.answer(second, 200)
    refused(wire.poll(second, 320.5), "P-115", "expired_token", check="approval_age")
    unbounded = Wire(redeem_within_s=None)
    request = good(unbounded.ask()).body["auth_req_id"]
    unbounded.answer(request, 1)
    good(unbounded.poll(request, 100_000))


@rule("P-115")
def test_a_question_is_answered_once_and_in_time() -> None:
    wire = Wire()
    request = good(wire.ask()).body["auth_req_id"]
    assert [one.auth_req_id for one in wire.server.prompts("ana", now_s=0)] == [request]
    assert wire.server.prompts("ben", now_s=0) == ()

    def error(name: str, now_s: float = 0, **how: Any) -> str:
        said = wire.answer(name, now_s, **how).refusal
        assert said is not None
        assert said.rule == "P-115"
        return str(said.error)

    assert error("none") == "invalid_grant"
    assert error(request, 300) == "expired_token"
    assert wire.answer(request, 299, approve=False) == Answer()
    assert error(request, 299) == "invalid_grant"
    refused(wire.poll(request, 299), "P-115", "access_denied")
    assert wire.server.prompts("ana", now_s=299) == ()


@rule("P-116")
def test_a_binding_message_is_short_and_plain() -> None:
    wire = Wire()
    good(wire.ask(binding_message=None))
    for bad in ("x" * 65, "two\nlines", '{"amount": 100}'):
        refused(wire.ask(binding_message=bad), "P-116", "invalid_binding_message")


@rule("P-117")
def test_a_user_code_stops_prompts_that_nobody_asked_for() -> None:
    wire = Wire(user_code_required=True)
    refused(wire.ask(), "P-117", "missing_user_code")
    refused(wire.ask(user_code="0000"), "P-117", "invalid_user_code")
    good(wire.ask(user_code="1234"))


@rule("P-078", "P-110")
def test_only_the_persons_own_strong_answer_counts() -> None:
    wire = Wire()
    request = good(wire.ask()).body["auth_req_id"]
    for how in ({"by": "agent"}, {"by": "ben"}, {"channel": "in_band"}):
        said = wire.answer(request, **how).refusal
        assert (said.check, said.rule, said.error) == ("channel", "P-078", "access_denied")
    said = wire.answer(request, acr="low").refusal
    assert (said.check, said.rule) == ("channel", "P-110")
    assert wire.answer(request).refusal is None
    loose = Wire(user_channel=False)
    request = good(loose.ask()).body["auth_req_id"]
    assert loose.answer(request, by="agent", channel="in_band", acr="low").refusal is None
    good(loose.poll(request))


def test_the_person_reads_the_operation_itself() -> None:
    lie = {**PAYMENT, "amount": 1}
    for display, shown, overridden in (("server", PAYMENT, True), ("client", lie, False)):
        wire = Wire(display=display)
        good(wire.ask(display_details=[lie]))
        (prompt,) = wire.server.prompts("ana", now_s=0)
        assert prompt.shown == (shown,)
        assert prompt.overridden is overridden


def signed(typ: str = "secevent+jwt", signer: str = "home", drop: str = "", **changed: Any) -> str:
    event = {"event_timestamp": 5, "initiating_entity": "admin"}
    claims: dict[str, Any] = {
        "iss": ISSUER, "aud": "claims", "iat": 10, "jti": "s1",
        "sub_id": {"format": "complex", "session": {"format": "opaque", "id": "session1"}},
        "events": {"https://schemas.openid.net/secevent/caep/event-type/session-revoked": event}, **changed,
    }  # fmt: skip
    claims.pop(drop, None)
    return key(signer).sign(claims, typ)


def bad(token: str, now_s: float = 10) -> tuple[str, str]:
    try:
        decode_signal(token, TRUSTED, audience="claims", now_s=now_s)
    except BadSignal as problem:
        return problem.rule, problem.err
    return "", ""


@rule("P-118")
def test_a_logout_token_is_one() -> None:
    made = logout_token(
        key("home"), issuer=ISSUER, audience="claims", session="session1", user="ana", now_s=10, jti="l1"
    )
    assert decode_signal(made, TRUSTED, audience="claims", now_s=10).session == "session1"
    event = {"http://schemas.openid.net/event/backchannel-logout": {}}
    base = {"sid": "session1", "exp": 130, "events": event}
    assert bad(signed("logout+jwt", **base)) == ("", "")
    assert bad(signed("logout+jwt", **base, nonce="n")) == ("P-118", "invalid_request")
    assert bad(signed("logout+jwt", **{**base, "events": {}})) == ("P-118", "invalid_request")
    assert bad(signed("logout+jwt", **{**base, "sid": None})) == ("P-118", "invalid_request")
    assert bad(signed("logout+jwt", **{**base, "exp": 10})) == ("P-118", "invalid_request")


@rule("P-118")
def test_the_end_of_a_session_spares_offline_access() -> None:
    wire = Wire(session_bound=False)
    session = wire.login()
    online = wire.portal_token(session).body["refresh_token"]
    offline = wire.portal_token(session, scope="claims.read offline_access").body["refresh_token"]
    wire.server.end_session(session, now_s=1)
    refused(wire.token("portal", 2, grant_type="refresh_token", refresh_token=online), "P-008", "invalid_grant")
    good(wire.token("portal", 2, grant_type="refresh_token", refresh_token=offline))


@rule("P-119")
def test_a_security_event_token_is_typed_and_addressed() -> None:
    assert bad(signed()) == ("", "")
    assert bad(signed(aud=["x", "claims"])) == ("", "")
    assert bad(signed("JWT")) == ("P-119", "invalid_request")
    assert bad(signed(aud="other")) == ("P-119", "invalid_audience")
    assert bad(signed(exp=100)) == ("P-119", "invalid_request")
    assert bad(signed(sub="ana")) == ("P-119", "invalid_request")
    assert bad(signed(drop="jti")) == ("P-119", "invalid_request")
    assert bad(signed(drop="sub_id")) == ("P-119", "invalid_request")
    assert bad(signed(signer="thief")) == ("P-119", "invalid_key")
    assert bad(signed(signer="impostor")) == ("P-119", "invalid_key")
    assert bad("nonsense") == ("P-119", "invalid_key")


URI = "https://schemas.openid.net/secevent/caep/event-type/session-revoked"


@rule("P-120")
def test_the_end_of_a_session_is_enforced() -> None:
    wire = Wire()
    token = wire.chain()["claims"]
    server = api()
    assert server.receive_signal(signed(), now_s=10)
    (found,) = server.check(Presented(token), PAY, now_s=10)[:1]
    assert (found.check, found.rule, found.error, found.status) == ("session_denied", "P-120", "invalid_token", 401)
    signal = decode_signal(signed(), TRUSTED, audience="claims", now_s=10)
    assert (signal.kind, signal.at_s, signal.initiator) == ("session_revoked", 5, "admin")
    assert bad(signed(events={})) == ("P-120", "invalid_request")
    sound = {"event_timestamp": 5}
    both = {URI: sound, URI.replace("revoked", "presented"): sound}
    assert bad(signed(events=both)) == ("P-120", "invalid_request")
    assert bad(signed(events={URI: {"event_timestamp": 5, "initiating_entity": "llm"}})) == ("P-120", "invalid_request")
    assert bad(signed(events={URI: {}})) == ("P-120", "invalid_request")
    assert bad(signed(sub_id={"format": "complex"})) == ("P-120", "invalid_request")
    assert not server.receive_signal("nonsense", now_s=10)
    assert not wire.server.receive_signal("nonsense", now_s=10)


def test_signals_survive_their_signed_form() -> None:
    for signal in (
        Signal("session_revoked", 5, session="s", user="ana", initiator="user"), Signal("agent_denied", 5, agent="a"),
        Signal("token_revoked", 5, jti="j", lineage=True), Signal("consent_withdrawn", 5, consent="c", user="ana"),
        Signal("grant_revoked", 5, grant="g"), Signal("user_enabled", 5, user="ana"), Signal("agent_enabled", 5, client="c"),
    ):  # fmt: skip
        made = encode_signal(signal, key("home"), issuer=ISSUER, audience="claims", now_s=6, jti="s1")
        assert decode_signal(made, TRUSTED, audience="claims", now_s=6) == signal
    wire = Wire()
    made = encode_signal(
        Signal("agent_denied", 5, agent="a"),
        key("partner"),
        issuer="https://as.partner.example",
        audience=ISSUER,
        now_s=6,
        jti="s2",
    )
    assert wire.server.receive_signal(made, now_s=6)
    assert ("agent", "a") in wire.server.store.disabled


@rule("P-121")
def test_presence_signals_are_read_and_deny_nothing() -> None:
    uri = URI.replace("session-revoked", "session-presented")
    token = signed(events={uri: {"event_timestamp": 9}})
    assert decode_signal(token, TRUSTED, audience="claims", now_s=10).kind == "session_presented"
    server = api()
    server.receive_signal(token, now_s=10)
    assert server.store.denied == {}


@rule("P-122")
def test_a_pushed_signal_is_answered() -> None:
    answer, signal = push_response(signed(), TRUSTED, audience="claims", now_s=10)
    assert (answer.status, dict(answer.body)) == (202, {})
    assert signal is not None
    answer, signal = push_response(signed(aud="other"), TRUSTED, audience="claims", now_s=10)
    assert (answer.status, answer.body["err"], signal) == (400, "invalid_audience", None)
    assert answer.refusal is not None
    assert answer.refusal.rule == "P-122"


@rule("P-135")
def test_scopes_add_up_and_retries_end() -> None:
    state: StepUp | Refusal = StepUp(frozenset({"init"}))
    for scope in ("read", "write", "init"):
        assert isinstance(state, StepUp)
        state = state.challenged(read_challenge(f'Bearer error="insufficient_scope", scope="{scope}"'))
    assert isinstance(state, StepUp)
    assert state.scopes == {"init", "read", "write"}
    last = state.challenged(Challenge("Bearer", {"error": "insufficient_scope"}))
    assert isinstance(last, Refusal)
    assert (last.rule, last.error) == ("P-135", "insufficient_scope")


def test_challenges_are_read_as_they_are_written() -> None:
    read = read_challenge(r'DPoP error="use_dpop_nonce", x="a\"b, c=d", algs=EdDSA, max_age=60')
    assert read.scheme == "DPoP"
    assert dict(read.parameters) == {"error": "use_dpop_nonce", "x": 'a"b, c=d', "algs": "EdDSA", "max_age": "60"}
    assert read_challenge("Bearer").error is None
    assert read_challenge('Bearer scope="a b').scopes == {"a", "b"}
