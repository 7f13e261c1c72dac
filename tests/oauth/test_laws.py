"""Laws over sequences of messages: a client, an authorization server and enforcement points, any order of acts.

The machine keeps books of its own (who exchanged what for what, what was used, what was revoked, who is disabled) and
holds the server's answers against them. It never looks into the server's store.
"""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from harness.oauth import NO_CELLS, Client, Response
from tests.oauth.wire import AUDIENCES, HOME_KEYS, PAYMENT, READ, Wire, api, refusals

SCOPES = ("claims.read", "payments.pay", "payments.read", "policies.admin")
HOLDERS = ("agent", "mcp_server", "outsider")
NEXT = {"a2a": ("agent", "mcp"), "mcp": ("mcp_server", "claims")}
AGENT_OF = {"agent": "insurance_agent", "outsider": "foreign_agent"}


def chain_of(claims: dict[str, Any]) -> tuple[str, ...]:
    chain, act = [], claims.get("act")
    while act:
        chain.append(act["sub"])
        act = act.get("act")
    return tuple(chain)


class Protocol(RuleBasedStateMachine):
    """Everybody does anything, in any order. `SETTINGS` lets a test break the server on purpose."""

    SETTINGS: ClassVar[dict[str, Any]] = {}

    sessions = Bundle("sessions")
    codes = Bundle("codes")
    refresh_tokens = Bundle("refresh_tokens")
    tokens = Bundle("tokens")
    requests = Bundle("requests")

    @initialize(target=tokens)
    def start(self) -> Any:
        self.wire = Wire(poll_interval_s=0, **self.SETTINGS)
        for audience in AUDIENCES:
            self.wire.server.add_client(
                Client(
                    client_id=f"rs:{audience}",
                    type="service",
                    auth_method="tls_client_auth",
                    certificate="rs",
                    audience=audience,
                )
            )
        self.now_s = 0.0
        self.used: dict[str, int] = {}
        self.parent: dict[str, str] = {}
        self.grant: dict[str, str] = {}
        self.revoked_grants: set[str] = set()
        self.revoked_tokens: set[str] = set()
        self.disabled: set[str] = set()
        self.at_work = self.wire.login()
        return multiple(*(self.task() for _ in range(2)))

    def task(self) -> Any:
        """The token that a portal hands to the agent at the start of a task."""
        return self.issued(self.wire.redeem(self.wire.code(self.at_work, self.now_s), self.now_s), "portal")

    # ------------------------------------------------------------- books

    def issued(self, response: Response, client: str, parent: str | None = None) -> Any:
        """Enter a new token into the books; laws that hold at the instant of issue."""
        if not response.ok:
            return multiple()
        token = response.body["access_token"]
        claims = dict(HOME_KEYS.verify(token).claims)
        assert claims["exp"] > self.now_s, "a token was issued that is already over"
        assert AGENT_OF.get(client) not in self.disabled, "a disabled agent got a token"
        self.grant[token] = claims["delegation_id"]
        if parent is not None:
            self.parent[token] = parent
            self.never_wider(claims, dict(HOME_KEYS.verify(parent).claims), client)
        return token

    def never_wider(self, child: dict[str, Any], parent: dict[str, Any], client: str) -> None:
        assert child["exp"] <= parent["exp"], "a child outlives its parent"
        assert set(child["scope"].split()) <= set(parent["scope"].split()), "a child is wider than its parent"
        assert child["sub"] == parent["sub"], "the subject changed"
        assert chain_of(child) == (AGENT_OF.get(client, client), *chain_of(parent)), "the chain did not grow by one"
        for name in ("acr", "auth_time", "sid", "delegation_id"):
            assert child.get(name) == parent.get(name), f"`{name}` changed"

    def once(self, thing: str, response: Response) -> None:
        if response.ok:
            self.used[thing] = self.used.get(thing, 0) + 1
            assert self.used[thing] == 1, f"{thing} was used twice"

    # ------------------------------------------------------------- people

    @rule(target=sessions, user=st.sampled_from(["ana", "ben"]), acr=st.sampled_from(["low", "high"]))
    def login(self, user: str, acr: str) -> Any:
        session = self.wire.server.login(user, acr=acr, now_s=self.now_s, ids=self.wire.ids)
        return session if isinstance(session, str) else multiple()

    @rule(seconds=st.sampled_from([0.5, 1, 5, 30, 59, 121]))
    def wait(self, seconds: float) -> None:
        self.now_s += seconds

    @rule(target=tokens)
    def new_task(self) -> Any:
        if not self.wire.server.human_act(self.at_work, now_s=self.now_s):
            self.at_work = self.wire.login(now_s=self.now_s)
        return self.task()

    @rule(session=sessions)
    def act(self, session: str) -> None:
        self.wire.server.human_act(session, now_s=self.now_s)

    @rule(session=consumes(sessions))
    def log_out(self, session: str) -> None:
        self.wire.server.end_session(session, now_s=self.now_s)

    # ------------------------------------------------------------- tokens

    @rule(target=codes, session=sessions)
    def authorize(self, session: str) -> Any:
        response = self.wire.authorize(session, self.now_s)
        return response.body["code"] if response.ok else multiple()

    @rule(target=tokens, code=codes)
    def redeem(self, code: str) -> Any:
        response = self.wire.redeem(code, self.now_s)
        self.once(code, response)
        self.note(response)
        return self.issued(response, "portal")

    @rule(target=refresh_tokens, session=sessions)
    def sign_in(self, session: str) -> Any:
        asked = self.wire.authorize(session, self.now_s)
        if not asked.ok:
            return multiple()
        return self.redeem_for_refresh(asked.body["code"])

    def redeem_for_refresh(self, code: str) -> Any:
        response = self.wire.redeem(code, self.now_s)
        self.once(code, response)
        self.note(response)
        return response.body["refresh_token"] if response.ok else multiple()

    @rule(target=refresh_tokens, token=refresh_tokens)
    def refresh(self, token: str) -> Any:
        response = self.wire.token("portal", self.now_s, grant_type="refresh_token", refresh_token=token)
        self.once(token, response)
        self.note(response)
        return response.body["refresh_token"] if response.ok else multiple()

    @rule(target=tokens, token=tokens, scopes=st.sets(st.sampled_from(SCOPES), max_size=2))
    def exchange_onwards(self, token: str, scopes: set[str]) -> Any:
        client, audience = NEXT.get(HOME_KEYS.verify(token).claims["aud"], ("mcp_server", "claims"))
        return self.exchange(token, client, audience, scopes)

    @rule(
        target=tokens, token=tokens, client=st.sampled_from(HOLDERS), audience=st.sampled_from(sorted(AUDIENCES)),
        scopes=st.sets(st.sampled_from(SCOPES), max_size=2),
    )  # fmt: skip
    def exchange_anything(self, token: str, client: str, audience: str, scopes: set[str]) -> Any:
        return self.exchange(token, client, audience, scopes)

    def exchange(self, token: str, client: str, audience: str, scopes: set[str]) -> Any:
        form = {"audience": audience, "scope": " ".join(sorted(scopes))}
        return self.issued(self.wire.exchange(client, token, self.now_s, **form), client, token)

    @rule(target=requests)
    def ask(self) -> Any:
        response = self.wire.ask(self.now_s)
        return response.body["auth_req_id"] if response.ok else multiple()

    @rule(request=requests, approve=st.booleans())
    def answer(self, request: str, approve: bool) -> None:
        self.wire.answer(request, self.now_s, approve=approve)

    @rule(target=tokens, request=requests)
    def poll(self, request: str) -> Any:
        response = self.wire.poll(request, self.now_s)
        self.once(request, response)
        if response.ok:
            assert response.body["authorization_details"] == [PAYMENT]
        return self.issued(response, "agent")

    # ------------------------------------------------------------- taking back

    def note(self, response: Response) -> None:
        self.revoked_grants |= {one.grant for one in response.signals if one.grant is not None}
        if response.signals:
            self.nothing_revoked_is_active()

    def nothing_revoked_is_active(self) -> None:
        for token in self.grant:
            if self.taken_back(token):
                self.introspect_one(token)

    @rule(token=tokens)
    def revoke_grant(self, token: str) -> None:
        grant = self.grant[token]
        self.wire.server.revoke_grant(grant, now_s=self.now_s)
        self.revoked_grants.add(grant)
        self.nothing_revoked_is_active()

    @rule(token=tokens, client=st.sampled_from(["portal", *HOLDERS]))
    def revoke_token(self, token: str, client: str) -> None:
        if self.wire.as_client(client, "/revoke", self.now_s, token=token).ok:
            self.revoked_tokens.add(token)
            self.nothing_revoked_is_active()

    @rule(agent=st.sampled_from(sorted(AGENT_OF.values())), on=st.booleans())
    def switch(self, agent: str, on: bool) -> None:
        if on:
            self.wire.server.enable("agent", agent, now_s=self.now_s)
            self.disabled.discard(agent)
        else:
            self.wire.server.disable("agent", agent, now_s=self.now_s)
            self.disabled.add(agent)

    def taken_back(self, token: str) -> bool:
        """By the books: whether the token, or anything it descends from, was revoked."""
        line: list[str] = [token]
        while line[-1] in self.parent:
            line.append(self.parent[line[-1]])
        return any(one in self.revoked_tokens or self.grant[one] in self.revoked_grants for one in line)

    @rule(token=tokens)
    def introspect(self, token: str) -> None:
        self.introspect_one(token)

    def introspect_one(self, token: str) -> None:
        claims = HOME_KEYS.verify(token).claims
        response = self.wire.as_client(f"rs:{claims['aud']}", "/introspect", self.now_s, token=token)
        active = response.body["active"]
        if self.taken_back(token):
            assert active is False, "a token is active after its grant was revoked"
        if self.now_s >= claims["exp"]:
            assert active is False, "a token is active after its end"

    @rule(token=tokens, seconds=st.sampled_from([0, 5, 200]))
    def present(self, token: str, seconds: float) -> None:
        claims = HOME_KEYS.verify(token).claims
        at_s = self.now_s + seconds
        found = refusals(api("claims"), token, READ, at_s, entitled=(("ana",),))
        fine = claims["aud"] == "claims" and at_s < claims["exp"] + 5 and claims["sub"] == "ana"
        fine = fine and "claims.read" in claims["scope"].split()
        assert (found == []) is fine, (found, claims)

    @invariant()
    def forks_are_equal(self) -> None:
        if not hasattr(self, "wire"):
            return
        copy = self.wire.server.fork()
        for name in copy.store.__slots__:
            assert getattr(copy.store, name) == getattr(self.wire.server.store, name)
            assert getattr(copy.store, name) is not getattr(self.wire.server.store, name)


Protocol.TestCase.settings = settings(max_examples=100, stateful_step_count=35, deadline=None, derandomize=True)
TestProtocol = Protocol.TestCase


@pytest.mark.parametrize(
    ("broken", "law"),
    [
        ({"exchange_lifetime": "fresh"}, "outlives its parent"),
        ({"scope_policy": "naive"}, "wider than its parent"),
        ({"delegation": False}, "did not grow by one"),
        ({"lineage": False}, "active after its grant was revoked"),
        ({"refresh_rotation": False}, "was used twice"),
        ({"disabled_cells": NO_CELLS}, "a disabled agent got a token"),
    ],
)
def test_a_server_that_breaks_a_law_is_found_out(broken: dict[str, Any], law: str) -> None:
    machine = type("Broken", (Protocol,), {"SETTINGS": broken})
    tried = settings(
        max_examples=300,
        stateful_step_count=25,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
    )
    with pytest.raises(AssertionError, match=law):
        run_state_machine_as_test(machine, settings=tried)
