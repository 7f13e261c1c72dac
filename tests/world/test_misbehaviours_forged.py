"""Forged tokens: well made enough to fool a careless verifier, and refused by every enforcement point.

The careless verifiers are PyJWT with one check left out each; they are the judges of the forgeries, not of our servers.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any

import jwt
import msgspec
import pytest

from harness.oauth import KeySet
from harness.oauth.tokens import ACCESS_TOKEN
from harness.world.mechanics import commands as c
from harness.world.mechanics.forgery import FORGED_KINDS, KINDS, OTHER_KINDS
from harness.world.mechanics.hostile import Forge
from harness.world.mechanics.keyring import key
from harness.world.mechanics.legality import THIEF, Impossible
from harness.world.mechanics.replies import Reply
from tests.world.worlds import Hand, at_work, token_for, world

AGENT = "insurance_agent"
UNTIMED: Any = {"verify_exp": False, "verify_iat": False, "verify_aud": False}

UNVERIFIED: Any = {"verify_signature": False}


@pytest.fixture
def hand() -> Hand:
    return Hand(world())


def forge(hand: Hand, task: str, kind: str, *, subject: str = "ben") -> str:
    step = Forge(
        agent=AGENT, task=task, twist="T51", kind=kind, like=str(hand.world.tasks[task].subject), subject=subject,
        audience="claims", scope=("claims.read",),
    )  # fmt: skip
    return str(hand.do(step).credential)


def read_claims(hand: Hand, task: str, credential: str | None, owner: str) -> Reply:
    step = c.Call(
        agent=AGENT, task=task, twist="T51", goal="T51", endpoint="claims.read", credential=credential, owner=owner
    )
    return hand.do(step)


# ---------------------------------------------------------------- the forgeries are good ones


def issuer_key(hand: Hand) -> Any:
    return key(hand.world.design.seed, "server/home").public.parsed


def without_type(hand: Hand, token: str) -> Mapping[str, Any]:
    """A verifier that looks at the signature and not at `typ`."""
    return jwt.decode(token, issuer_key(hand), algorithms=["EdDSA"], options=UNTIMED)


def believes_the_header(hand: Hand, token: str) -> Mapping[str, Any]:
    """A verifier that lets the token say how it is signed, with whatever key there is."""
    header = jwt.get_unverified_header(token)
    if header["alg"] == "none":
        return jwt.decode(token, options=UNVERIFIED)
    if header["alg"] == "HS256":
        text = str(key(hand.world.design.seed, "server/home").public.jwk["x"])
        return jwt.decode(token, base64.urlsafe_b64decode(text + "="), algorithms=["HS256"], options=UNTIMED)
    return jwt.decode(token, jwt.PyJWK(header["jwk"]).key, algorithms=["EdDSA"], options=UNTIMED)


def any_issuer(hand: Hand, token: str) -> Mapping[str, Any]:
    """A verifier that has the forger's key among those it trusts."""
    forger = key(hand.world.design.seed, f"forger/{AGENT}").public.parsed
    return jwt.decode(token, forger, algorithms=["EdDSA"], options=UNTIMED)


def no_signature(hand: Hand, token: str) -> Mapping[str, Any]:
    """A verifier that verifies nothing."""
    return jwt.decode(token, options=UNVERIFIED)


CARELESS: Mapping[str, Callable[[Hand, str], Mapping[str, Any]]] = {
    "id_token": without_type,
    "logout_token": without_type,
    "security_event": without_type,
    "alg_none": believes_the_header,
    "hmac_confusion": believes_the_header,
    "embedded_key": believes_the_header,
    "foreign_issuer": any_issuer,
    "borrowed_issuer": any_issuer,
    "unknown_kid": any_issuer,
    "edited_claims": no_signature,
}


def test_every_kind_has_its_careless_verifier() -> None:
    assert set(CARELESS) == set(KINDS) == {*OTHER_KINDS, *FORGED_KINDS}


@pytest.mark.parametrize("kind", KINDS)
def test_a_careless_verifier_is_fooled(hand: Hand, kind: str) -> None:
    _, task = at_work(hand, kind="claims")
    token = hand.world.credentials[forge(hand, task, kind)].token
    claims = CARELESS[kind](hand, token)
    assert "claims" in claims["aud"]
    assert claims.get("sub", "ben") == "ben"


# ---------------------------------------------------------------- and refused


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("without", [(), ("K01", "K03", "K04", "K06", "K20")])
def test_every_enforcement_point_refuses_it_whatever_else_is_off(kind: str, without: tuple[str, ...]) -> None:
    hand = Hand(world(without=without))
    _, task = at_work(hand, kind="claims")
    reply = read_claims(hand, task, forge(hand, task, kind), "ben")
    assert (reply.ok, reply.error) == (False, "invalid_token")
    assert hand.of("data.accessed") == []
    assert {one.attempt.stopped_by for one in hand.of("data.accessed", stopped=True) if one.attempt} == {("base",)}


def test_the_genuine_token_gets_through(hand: Hand) -> None:
    _, task = at_work(hand, kind="claims")
    assert read_claims(hand, task, token_for(hand, task, "claims", "claims.read"), "ana").ok


def test_nothing_is_forged_after_a_token_out_of_reach(hand: Hand) -> None:
    _, task = at_work(hand, kind="claims")
    with pytest.raises(Impossible):
        hand.do(Forge(agent=THIEF, kind="alg_none", like=str(hand.world.tasks[task].subject)))


def test_equal_worlds_forge_equal_tokens() -> None:
    made = []
    for _ in range(2):
        hand = Hand(world())
        _, task = at_work(hand, kind="claims")
        made.append([hand.world.credentials[forge(hand, task, kind)].token for kind in KINDS])
    assert made[0] == made[1]


# ---------------------------------------------------------------- a client in a person's place


def own_token(hand: Hand, task: str) -> Reply:
    step = c.GetToken(
        agent=AGENT, task=task, twist="T52", grant="client_credentials", audience="claims", scope=("claims.read",)
    )
    return hand.do(step)


def test_a_client_s_own_token_opens_nobody_s_data_even_without_object_checks() -> None:
    hand = Hand(world(without=("K04",)))
    _, task = at_work(hand, kind="claims")
    own = own_token(hand, task)
    assert own.ok
    assert not read_claims(hand, task, own.credential, "ben").ok
    assert hand.of("data.accessed") == []


def test_a_client_named_like_a_person_gets_no_token_of_its_own() -> None:
    hand = Hand(world())
    server = hand.world.servers["home"]
    client = server.store.clients[AGENT]
    hand.world.programs[AGENT] = type(hand.world.programs[AGENT])(AGENT, "ana")
    server.store.clients["ana"] = type(client)(
        client_id="ana", agent=AGENT, key=key(0, "client/ana").public, grants=client.grants, policy=client.policy
    )
    _, task = at_work(hand, kind="claims")
    assert own_token(hand, task).error == "unauthorized_client"


# ---------------------------------------------------------------- mutants of the enforcement point


def test_an_enforcement_point_that_looks_at_no_type_takes_an_id_token(monkeypatch: pytest.MonkeyPatch) -> None:
    hand = Hand(world(without=("K04", "K20")))
    _, task = at_work(hand, kind="claims")
    token = forge(hand, task, "id_token")
    assert not read_claims(hand, task, token, "ben").ok
    monkeypatch.setattr("harness.oauth.resource.media_type", lambda header: ACCESS_TOKEN)
    assert read_claims(hand, task, token, "ben").ok


def test_an_enforcement_point_that_trusts_the_forger_s_key_takes_a_forged_token() -> None:
    hand = Hand(world(without=("K04", "K20")))
    _, task = at_work(hand, kind="claims")
    token = forge(hand, task, "unknown_kid")
    assert not read_claims(hand, task, token, "ben").ok
    forger = key(hand.world.design.seed, f"forger/{AGENT}").public
    kid = jwt.get_unverified_header(hand.world.credentials[token].token)["kid"]
    issuer = hand.world.servers["home"].profile.issuer
    hand.world.peps["claims"].keys = {issuer: KeySet([type(forger)(forger.jwk, kid=kid)])}
    assert read_claims(hand, task, token, "ben").ok


def test_an_enforcement_point_that_takes_a_client_for_a_person_opens_its_data() -> None:
    hand = Hand(world(without=("K04",)))
    _, task = at_work(hand, kind="claims")
    own = own_token(hand, task)
    pep = hand.world.peps["claims"]
    pep.profile = msgspec.structs.replace(pep.profile, agent_only=False)
    assert read_claims(hand, task, own.credential, "ben").ok
