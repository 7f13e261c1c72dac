"""Known answers: what the literature says of a login without `state` and PKCE is what breadth-first search finds."""

from __future__ import annotations

import pytest

from tests.search.login import Defences, attacks

CSRF = ("attacker begins a login", "attacker signs in at the server",
        "the response of attacker arrives in the browser of victim")  # fmt: skip
INJECTION = ("victim begins a login", "victim signs in at the server", "victim lets the response leak",
             "the response of victim arrives in the browser of attacker")  # fmt: skip


def test_without_state_and_pkce_both_attacks_of_the_literature_work_in_their_few_steps() -> None:
    """RFC 6749 section 10.12 (three steps) and RFC 9700 section 4.5 (four)."""
    assert attacks(Defences(state=False, pkce=False)) == {"login CSRF": CSRF, "code injection": INJECTION}


def test_state_alone_leaves_code_injection_with_a_login_of_the_attackers_own() -> None:
    """RFC 9700 section 4.5.3: the attacker's session at the client is a good one, and so is its state."""
    found = attacks(Defences(state=True, pkce=False))
    assert set(found) == {"code injection"}
    assert len(found["code injection"]) == len(INJECTION) + 1
    assert "attacker begins a login" in found["code injection"]


@pytest.mark.parametrize("state", [False, True])
def test_pkce_stops_both(state: bool) -> None:
    """RFC 9700 section 2.1.1 and 4.7.1: the verifier is the browser session's own."""
    assert attacks(Defences(state=state, pkce=True)) == {}
