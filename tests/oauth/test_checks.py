"""An enforcement point against an obvious evaluator of its own rules, over random tokens, requests and settings."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from harness.oauth import Details, Disclosure, Presented, ResourceServer, RouteRule, RsProfile, Signal
from tests.oauth.wire import ISSUER, TRUSTED, key

RANK = {None: 0, "low": 1, "high": 3}
DETAIL = {"type": "payment", "subject": "ana", "amount": 5}
CONSENTED = {
    "type": "llm_disclosure", "provider": "acme", "purpose": "advice", "categories": ["claim"], "owners": ["ana"],
    "consents": ["c1"],
}  # fmt: skip

CLAIMS = st.fixed_dictionaries(
    {
        "iss": st.just(ISSUER),
        "sub": st.sampled_from(["ana", "ben", "agent"]),
        "aud": st.sampled_from(["claims", "payments", ["claims", "payments"]]),
        "exp": st.sampled_from([50, 100, 120]),
        "iat": st.sampled_from([0, 98, 110]),
        "jti": st.sampled_from(["j1", "j2"]),
        "client_id": st.sampled_from(["agent", "portal"]),
        "scope": st.sampled_from(["", "claims.read", "claims.pay claims.read"]),
        "delegation_id": st.just("g1"),
    },
    optional={
        "sid": st.sampled_from(["s1", "s2"]),
        "act": st.sampled_from([{"sub": "a1"}, {"sub": "mcp", "act": {"sub": "a1"}}]),
        "parent_jti": st.just("j0"),
        "acr": st.sampled_from(["low", "high"]),
        "auth_time": st.sampled_from([0, 90]),
        "authorization_details": st.sampled_from([[DETAIL], [CONSENTED], [DETAIL, CONSENTED]]),
        "cnf": st.sampled_from([{"x5t#S256": "cert"}]),
        "region": st.sampled_from(["EU", "US"]),
        "client_type": st.sampled_from(["ai-agent", "person_facing"]),
        "agent_id": st.just("a1"),
        "approval_id": st.sampled_from(["ap1", "ap2"]),
        "approval_time": st.sampled_from([0, 95]),
    },
)
PROFILES = st.fixed_dictionaries(
    {
        "audience": st.sampled_from(["off", "member", "exact"]),
        "approval_age_s": st.sampled_from([None, 10]),
        "leeway_s": st.sampled_from([0, 5]),
        **{
            name: st.booleans()
            for name in (
                "scope", "owner", "actor", "session_denied", "denied", "lineage", "acr", "details", "consumed", "claims",
                "agent_only", "sender", "sender_required", "is_egress", "egress",
            )
        },
    }
)  # fmt: skip
ROUTES = st.builds(
    RouteRule,
    endpoint=st.just("r"),
    scope=st.sampled_from([None, "claims.read", "claims.pay"]),
    open=st.booleans(),
    elevated=st.booleans(),
    acr=st.sampled_from([None, "high"]),
    max_age_s=st.sampled_from([None, 50]),
    actor=st.sampled_from(["any", "agent", "people"]),
    regions=st.sampled_from([frozenset(), frozenset({"EU"})]),
    hours=st.sampled_from([frozenset(), frozenset({9})]),
    min_acr=st.sampled_from([None, "high"]),
)
ASKED = st.fixed_dictionaries(
    {
        "certificate": st.sampled_from([None, "cert"]),
        "entitled": st.sampled_from([(), (("ana",),), (("ana", "ben"), ("ben",))]),
        "operation": st.sampled_from(
            [None, Details("payment", "ana", (("amount", 5),)), Details("payment", "ben", (("amount", 5),))]
        ),
        "disclosure": st.sampled_from(
            [None, Disclosure("acme", "advice", ("claim",), ("ana",)), Disclosure("other", "advice")]
        ),
        "region": st.sampled_from([None, "EU"]),
        "hour": st.sampled_from([None, 9, 22]),
    }
)
KINDS = (
    Signal("session_revoked", 1, session="s1"),
    Signal("agent_denied", 1, agent="a1"),
    Signal("agent_denied", 1, client="portal"),
    Signal("user_disabled", 1, user="ben"),
    Signal("grant_revoked", 1, grant="g1"),
    Signal("consent_withdrawn", 1, consent="c1"),
    Signal("token_revoked", 1, jti="j1"),
    Signal("token_revoked", 1, jti="j2", lineage=True),
    Signal("token_revoked", 1, jti="j0"),
)
SIGNALS = st.lists(st.sampled_from(KINDS), max_size=2)
NOW_S = 100


def chain(claims: dict[str, Any]) -> list[str]:
    act, found = claims.get("act"), []
    while act:
        found.append(act["sub"])
        act = act.get("act")
    return found


def expected(p: dict[str, Any], c: dict[str, Any], r: RouteRule, a: dict[str, Any], signals: list[Signal]) -> list[str]:
    """What each check should say, written as plainly as possible."""
    scopes, actors = c["scope"].split(), chain(c)
    audiences = [c["aud"]] if isinstance(c["aud"], str) else c["aud"]
    details = c.get("authorization_details", [])
    agent = bool(actors) or c.get("client_type") == "ai-agent"
    uses_elevated = r.elevated and r.scope in scopes
    current = actors[0] if actors else c.get("agent_id")
    last = {one.jti: one.lineage for one in signals if one.kind == "token_revoked"}
    sessions = {one.session for one in signals} - {None}
    agents, users = {one.agent for one in signals} - {None}, {one.user for one in signals} - {None}
    clients, grants = {one.client for one in signals} - {None}, {one.grant for one in signals} - {None}
    consents = {one.consent for one in signals} - {None}
    named_consents = {one for detail in details for one in detail.get("consents", [])}
    derived = "parent_jti" in c
    member = "claims" in audiences and (p["audience"] == "member" or len(audiences) == 1)
    says = [
        ("expired", c["exp"] + p["leeway_s"] <= NOW_S),
        ("immature", c["iat"] > NOW_S + p["leeway_s"]),
        ("sender", p["sender"] and (a["certificate"] != "cert" if "cnf" in c else p["sender_required"])),
        ("egress_audience" if p["is_egress"] else "audience",
         p["audience"] != "off" and not member and (p["egress"] or not p["is_egress"])),
        ("session_denied", p["session_denied"] and c.get("sid") in sessions),
        ("denied", p["denied"] and (
            current in agents or c["client_id"] in clients or c["sub"] in users or (not derived and "g1" in grants)
            or last.get(c["jti"]) is False or bool(named_consents & consents))),
        ("lineage", p["lineage"] and (
            bool(set(actors[1:]) & agents) or (derived and ("g1" in grants or "j0" in last or last.get(c["jti"]) is True)))),
        ("claims", p["claims"] and not (
            (not r.regions or c.get("region") in r.regions)
            and (a["region"] is None or "region" not in c or c["region"] == a["region"])
            and RANK[c.get("acr")] >= RANK[r.min_acr]
            and (not r.hours or not agent or a["hour"] in r.hours))),
        ("subject", p["agent_only"] and bool(a["entitled"]) and c["sub"] == c["client_id"]),
        ("actor", p["actor"] and ((r.actor == "people" and agent) or (r.actor == "agent" and not agent))),
        ("scope", p["scope"] and not (r.scope in scopes or (r.scope is None and r.open))),
        ("acr", p["acr"] and uses_elevated and r.acr is not None and not (
            RANK[c.get("acr")] >= RANK[r.acr] and (r.max_age_s is None or NOW_S - c.get("auth_time", -1e9) <= r.max_age_s))),
        ("details", p["details"] and uses_elevated and a["operation"] is not None and not (
            DETAIL in details and a["operation"].subject == "ana")),
        ("consumed", p["consumed"] and p["details"] and r.elevated and c.get("approval_id") == "ap1"),
        ("approval_age", p["approval_age_s"] is not None and r.elevated and NOW_S - c.get("approval_time", NOW_S) > 10),
        ("owner", p["owner"] and any(c["sub"] not in who for who in a["entitled"])),
        ("egress", p["is_egress"] and p["egress"] and a["disclosure"] is not None and not (
            CONSENTED in details and a["disclosure"].provider == "acme")),
    ]  # fmt: skip
    return [word for word, refuses in says if refuses]


@settings(max_examples=600, deadline=None, derandomize=True)
@given(PROFILES, CLAIMS, ROUTES, ASKED, SIGNALS)
def test_every_check_says_what_the_plain_evaluator_says(
    profile: dict[str, Any], claims: dict[str, Any], route: RouteRule, asked: dict[str, Any], signals: list[Signal]
) -> None:
    server = ResourceServer(RsProfile(audience_id="claims", issuers=frozenset({ISSUER}), **profile), TRUSTED)
    server.consume("ap1", now_s=0)
    for signal in signals:
        server.receive_signal(signal, now_s=1)
    presented = Presented(key("home").sign(claims, "at+jwt"), **asked)
    found = [one.check for one in server.check(presented, route, now_s=NOW_S)]
    assert found == expected(profile, claims, route, asked, signals)
    assert found == [one.check for one in server.fork().check(presented, route, now_s=NOW_S)]


@settings(max_examples=200, deadline=None, derandomize=True)
@given(PROFILES, CLAIMS, ROUTES, ASKED, SIGNALS, st.data())
def test_one_more_check_only_adds_refusals(
    profile: dict[str, Any],
    claims: dict[str, Any],
    route: RouteRule,
    asked: dict[str, Any],
    signals: list[Signal],
    data: Any,
) -> None:
    name = data.draw(
        st.sampled_from(sorted(name for name, value in profile.items() if value is False and name != "is_egress"))
    )
    found = []
    for settings_ in (profile, {**profile, name: True}):
        server = ResourceServer(RsProfile(audience_id="claims", issuers=frozenset({ISSUER}), **settings_), TRUSTED)
        for signal in signals:
            server.receive_signal(signal, now_s=1)
        presented = Presented(key("home").sign(claims, "at+jwt"), **asked)
        found.append([one.check for one in server.check(presented, route, now_s=NOW_S)])
    assert set(found[0]) <= set(found[1])


STRONG = {"acr": "high", "auth_time": 90, "approval_id": "ap1", "approval_time": 95, "sid": "s1"}
"""Claims that are good at first, and can be overtaken by events."""
EVERY_CHECK = RsProfile(audience_id="claims", issuers=frozenset({ISSUER}), claims=True, approval_age_s=10)
LATER = st.lists(st.tuples(st.sampled_from([None, None, None, *KINDS]), st.sampled_from([0, 10, 45])), max_size=5)


@settings(max_examples=400, deadline=None, derandomize=True)
@given(CLAIMS, st.sampled_from([None, 50]), ASKED, LATER)
def test_what_is_remembered_of_a_request_hides_nothing_that_came_later(
    claims: dict[str, Any], max_age_s: float | None, asked: dict[str, Any], later: list[tuple[Signal | None, int]]
) -> None:
    """Asked about one request again and again, while time passes and things are denied and used up, an enforcement point
    says what one says that has never been asked."""
    route = RouteRule("r", scope="claims.read", elevated=True, acr="high", max_age_s=max_age_s)
    server, now_s = ResourceServer(EVERY_CHECK, TRUSTED), 95
    presented = Presented(key("home").sign({**STRONG, **claims}, "at+jwt"), **asked)
    server.check(presented, route, now_s=now_s)
    for signal, seconds in later:
        now_s += seconds
        if signal is None:
            server.consume("ap1", now_s=now_s)
        else:
            server.receive_signal(signal, now_s=now_s)
        fresh = ResourceServer(EVERY_CHECK, TRUSTED, server.store.fork())
        assert server.check(presented, route, now_s=now_s) == fresh.check(presented, route, now_s=now_s)
