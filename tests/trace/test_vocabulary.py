"""The table of events: complete, described, and every field can be read off an event."""

from __future__ import annotations

import pytest

from harness.trace import STANDARD, Event, Request, Route, Token, Who, declared_kind
from harness.trace.everyday import EVERYDAY
from harness.trace.vocabulary import Field

KINDS = list(STANDARD.kinds.values())
WHO = Who("helper", "agent", user="ana", agent="helper", session="s1")
REQUEST = Request("q1", Route("records", "gw", "records.read"), Token("t1", token_audience=("records",)), depth=2)


def test_there_are_sixty_kinds() -> None:
    assert len(KINDS) == 60


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_each_says_what_it_is(kind: object) -> None:
    assert kind.about  # type: ignore[attr-defined]
    for name, field in kind.fields.items():  # type: ignore[attr-defined]
        assert field.name == name
        assert field.about
        assert (field.type == "enum") == bool(field.words)
        assert (field.type == "word") == bool(field.classes)


def test_what_is_ordered_and_optional() -> None:
    """An order test on a missing value lets an event pass, so hardly any ordered field may be missing."""
    found = {f.name for k in KINDS for f in k.fields.values() if f.sortable and f.optional}
    assert found == {"expires_in", "max_amount"}


def test_tokens_claim_and_the_ledger_states() -> None:
    fields = STANDARD.kinds["data.accessed"].fields
    assert {n for n, f in fields.items() if f.claimed} == {n for n in fields if n.startswith("token")} | {
        "acr",
        "depth",
    }


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_field_can_be_read(kind: object) -> None:
    own = {name: f"a {name}" for name in kind.own}  # type: ignore[attr-defined]
    event = Event(kind.name, 5, 1, WHO, own, REQUEST)  # type: ignore[attr-defined]
    for name in kind.fields:  # type: ignore[attr-defined]
        value = STANDARD.getter(event.kind, name)(event)
        if name in own:
            assert value == f"a {name}"
    assert STANDARD.getter(event.kind, "user")(event) == "ana"
    assert STANDARD.getter(event.kind, "time")(event) == 5
    assert STANDARD.getter(event.kind, "task")(event) is None


def test_a_request_without_a_token_claims_nothing() -> None:
    event = Event("request.allowed", 0, 1, WHO, request=Request("q", Route("a", "a", "a.b")))
    read = {name: STANDARD.getter("request.allowed", name)(event) for name in STANDARD.kinds["request.allowed"].fields}
    assert read["token"] is None
    assert (read["token_audience"], read["token_proof"], read["token_remaining"]) == ((), "none", 0)


@pytest.mark.parametrize(
    ("word", "first"),
    [
        ("payout", "operation.completed"),
        ("consents", "consent.granted"),
        ("erased", "erasure.requested"),
        ("zzz", None),
    ],
)
def test_everyday_words_find_kinds(word: str, first: str | None) -> None:
    found = [kind.name for kind in STANDARD.about(word)]
    assert (first in found[:3]) if first else not found


def test_what_can_be_compared() -> None:
    fields = STANDARD.kinds["data.accessed"].fields
    assert fields["owner"].comparable(fields["user"])
    assert fields["token_user"].comparable(fields["user"])
    assert not fields["owner"].comparable(fields["session"])
    assert not fields["owner"].comparable(fields["latency"])
    assert fields["acr"].comparable(fields["required_acr"])


def test_a_declared_kind_reads_like_any_other() -> None:
    kind = declared_kind("sanctions.screened", {"payee": Field("payee", "who", classes=("payee",))}, emitted_by=("x",))
    vocabulary = STANDARD.extended([kind])
    event = Event("sanctions.screened", 0, 1, WHO, {"payee": "p"})
    assert vocabulary.getter("sanctions.screened", "payee")(event) == "p"
    assert "sanctions.screened" not in STANDARD.kinds


def test_everyday_words_are_for_kinds_that_there_are() -> None:
    assert {kind for kinds in EVERYDAY.values() for kind in kinds} <= set(STANDARD.kinds)


@pytest.mark.parametrize(
    ("word", "first"),
    [
        ("login", "user.authenticated"),
        ("log in", "user.authenticated"),
        ("Sign-out", "user.logged_out"),
        ("refunds", "operation.completed"),
        ("payout", "operation.completed"),
        ("GDPR", "consent.granted"),
        ("killing", "agent.disabled"),
        ("leaks", "data.accessed"),
        ("e-mail", "message.sent"),
    ],
)
def test_an_everyday_word_finds_a_kind(word: str, first: str) -> None:
    assert STANDARD.about(word)[0].name == first
