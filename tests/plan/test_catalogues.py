"""The catalogues are whole: their numbers, their words, and a check of the protocol is credited to one control or to none."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.plan import Controls, Setting, control_catalogue, misbehaviour_catalogue
from harness.plan.controls import credit
from harness.plan.needs import NEEDS
from tests.world import worlds

PROTOCOL = Path(__file__).parent.parent.parent / "harness" / "oauth"
ALWAYS_ON = frozenset(
    {
        "approval", "approval_expired", "arguments", "assertion_expired", "assertion_used", "audience_of_assertion",
        "authorization", "authorization_details", "availability", "binding", "binding_message", "card", "client",
        "client_authentication", "client_type", "code", "credentials", "delivery", "elicitation", "endpoint",
        "grant", "grant_type", "handle", "header_mismatch", "hint", "immature", "iss", "issuer", "malformed",
        "metadata", "method", "operation", "origin", "par", "passthrough", "pending", "pkce", "polling",
        "proxy_consent", "rate", "redirect", "refresh_expired", "refresh_token", "request_object", "response_type",
        "revoked", "server_error", "signal", "signature", "state", "step_up", "subject", "subject_token", "target",
        "token_type", "tool", "txn_token", "type", "unavailable", "user_code",
    }
)  # fmt: skip
"""Checks that no control stands behind: what every server of the protocol does, credited as `base`."""
IN_THE_WORLD = frozenset(
    {"context", "flow", "custody", "definition", "response_subject", "halted", "data_subject", "display", "step_evidence"}
)
"""Checks of runtimes and displays, which the protocol knows nothing of."""
COMPUTED = frozenset({"audience", "egress_audience"})
"""Words that the protocol chooses by what it guards, so that no call names them."""


def check_words() -> Iterator[str]:
    """Every word with which the protocol says which check refused."""
    for path in PROTOCOL.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                yield from _words_of(node)


def _words_of(node: ast.Call) -> Iterator[str]:
    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
    given = [keyword.value for keyword in node.keywords if keyword.arg == "check"]
    given += {"refuse": node.args[1:2], "invalid_token": node.args[1:2], "Refusal": node.args[:1]}.get(name, [])
    yield from (value.value for value in given if isinstance(value, ast.Constant) and isinstance(value.value, str))


# ---------------------------------------------------------------- controls


def test_there_are_thirty_two_controls_with_a_name_each() -> None:
    found = control_catalogue()
    assert list(found) == [f"K{number:02}" for number in range(1, 33)]
    assert len({control.name for control in found.values()}) == 32


@pytest.mark.parametrize("control", control_catalogue().values(), ids=lambda control: control.id)
def test_a_control_says_what_it_is_where_it_acts_and_what_it_costs(control) -> None:  # type: ignore[no-untyped-def]  # a Control
    assert len(control.text.split()) >= 15
    assert control.text.strip().endswith(".")
    assert all((control.source, control.place, control.cost, control.checks))
    assert set(control.settings) <= set(Setting.model_fields), "settings are words that a system file can use"
    assert bool(control.strengths) == ("strength" in control.settings)


def test_no_check_is_credited_twice() -> None:
    counted = Counter(check for control in control_catalogue().values() for check in control.checks)
    assert [check for check, times in counted.items() if times > 1] == []


def test_every_check_of_the_protocol_is_credited_to_a_control_or_always_on() -> None:
    words = set(check_words())
    assert len(words) > 60, "the reader of the protocol's source finds the words"
    assert sorted(words - set(credit()) - ALWAYS_ON) == []
    assert sorted(ALWAYS_ON & set(credit())) == []


def test_every_check_that_is_credited_exists() -> None:
    assert sorted(set(credit()) - set(check_words()) - IN_THE_WORLD - COMPUTED) == []


def test_the_shipped_insurer_has_the_first_twenty_and_the_hardened_one_all() -> None:
    twenty = tuple(f"K{number:02}" for number in range(1, 21))
    assert Controls.of(worlds.system()).active() == twenty
    assert set(Controls.of(worlds.system("insurance_hardened")).active()) == set(control_catalogue())
    for name in ("login_only", "allow_all"):
        assert Controls.of(worlds.system(name)).active() == ()


# ---------------------------------------------------------------- settings of a design


def test_a_control_applies_at_its_places_and_operations() -> None:
    controls = Controls({"K01": Setting(at=["a", "b"], outside=["b"]), "K04": Setting(operations=["read"])})
    assert [controls.on("K01", place) for place in ("a", "b", "c", None)] == [True, False, False, True]
    assert [controls.on("K04", None, operation) for operation in ("read", "write", None)] == [True, False, True]
    assert not controls.on("K09")


def test_taking_away_keeps_the_others_and_adding_keeps_their_settings() -> None:
    design = worlds.system()
    controls = Controls.of(design, without=["K04"], adding=["K26"])
    assert (controls.on("K04"), controls.on("K26"), controls.on("K01")) == (False, True, True)
    assert controls.setting("K14").lifetime == 120_000
    assert Controls.of(worlds.system("allow_all"), adding=["K14"]).on("K14")


# ---------------------------------------------------------------- misbehaviours


def test_there_are_fifty_seven_misbehaviours_with_a_name_each() -> None:
    found = misbehaviour_catalogue()
    assert list(found) == [f"T{number:02}" for number in range(1, 58)]
    assert len({one.name for one in found.values()}) == 57


PATTERNS = {
    "asi": r"ASI(0[1-9]|10)",
    "llm": r"LLM(0[1-9]|10)",
    "api": r"API([1-9]|10)",
    "atlas": r"AML\.T\d{4}(\.\d{3})?",
    "cwe": r"CWE-\d+",
}


@pytest.mark.parametrize("entry", misbehaviour_catalogue().values(), ids=lambda entry: entry.id)
def test_a_misbehaviour_is_filed_and_says_what_it_aims_at(entry) -> None:  # type: ignore[no-untyped-def]  # a Misbehaviour
    assert set(entry.aims) <= {"R1", "R2", "R3", "R4", "R5", "R6"}
    assert entry.aims
    assert set(entry.controls) <= set(control_catalogue())
    assert set(entry.needs) | set(entry.needs_outside) <= set(NEEDS)
    for taxonomy, pattern in PATTERNS.items():
        assert [name for name in getattr(entry, taxonomy) if not re.fullmatch(pattern, name)] == []
    assert any(getattr(entry, taxonomy) for taxonomy in PATTERNS)
