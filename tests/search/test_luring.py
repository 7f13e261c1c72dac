"""People lured to a client of the attacker's, and documents that give a known client other keys: found where they matter."""

from __future__ import annotations

from typing import Any

import pytest

from harness.plan import Controls, load_scenario
from harness.search import luring
from harness.search.by_hand import by_hand
from harness.search.stops import breaks, replayed
from harness.search.telling import steps_text
from harness.world.mechanics import choices_of_outsiders as outsiders
from harness.world.mechanics import discovery
from tests.oauth.rulebook import without
from tests.search.worlds import Files, files, reference, searched

DOCUMENTS = "scenarios/systems/insurance_documents.yaml"
CASES = {
    "swap": (("K10",), "m54b_a_client_document_swapped", "documents_of_outsiders",
             "thief publishes a client document at https://shopping.example"),
    "lure": (("K10", "K19"), "m08_a_client_that_rides_on_a_session", "lures", "thief registers another client at home"),
}  # fmt: skip

ANY_DOMAIN = ("P-025", "the domain is not trusted")
"""Registration takes known publishers only, and documents of any host are believed."""


def _documents() -> Files:
    return files(DOCUMENTS, "requirements.yaml")


@pytest.mark.parametrize("name", CASES)
def test_the_attack_is_found_in_no_more_steps_than_by_hand_and_replays(name: str) -> None:
    of, (off, scenario, _, how) = _documents(), CASES[name]
    attack = searched(of, "R4", *off, depth=1).attack
    assert attack is not None
    told = list(steps_text(attack))
    assert told[2].startswith(how), told
    assert told[3:4] == ["thief lures ana to a link of its own client"], told
    controls = Controls.of(of.system, without=off)
    trace = replayed(of.system, controls, attack, of.requirement("R4"))
    assert breaks(trace, of.requirement("R4"), of.requirements.vocabulary)
    written = load_scenario(f"scenarios/attacks/{scenario}.yaml").model
    hand = by_hand(of.system, controls, of.requirement("R4"), [written], of.requirements.vocabulary)
    assert hand is not None
    assert attack.length <= hand.steps


@pytest.mark.parametrize("name", CASES)
def test_it_needs_the_choice(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    off, _, choice, _ = CASES[name]
    monkeypatch.setattr(outsiders, choice, lambda *_: iter(()))
    found = searched(_documents(), "R4", *off, depth=1)
    assert found.attack is None
    assert found.complete


def test_with_all_controls_nobody_is_lured() -> None:
    found = searched(_documents(), "R4", depth=1)
    assert found.attack is None
    assert found.complete


def test_where_no_unknown_client_is_admitted_nobody_is_lured(monkeypatch: pytest.MonkeyPatch) -> None:
    """On the reference system a search asks each server once who may be a client, and tries no more of this."""
    tried: list[Any] = []
    real = luring.Luring._passes

    def watched(self: luring.Luring, node: Any, command: Any) -> bool:
        tried.append(command)
        return real(self, node, command)

    monkeypatch.setattr(luring.Luring, "_passes", watched)
    assert searched(reference(), "R3", depth=1).attack is None
    assert len(tried) == 2 * len(reference().system.servers)


def _rules() -> Files:
    return files("scenarios/systems/insurance.yaml", "tests/search/rules/stolen.yaml")


def _believing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that takes a server for the one that it says it is."""
    monkeypatch.setattr(discovery, "check_server_metadata", lambda *_, **__: None)


def test_a_client_that_believes_a_false_server_gives_its_token_away(monkeypatch: pytest.MonkeyPatch) -> None:
    of = _rules()
    _believing(monkeypatch)
    attack = searched(of, "no-tokens", "K20", depth=1).attack
    assert attack is not None
    told = list(steps_text(attack))
    assert told[:2] == ["ana arrives", "ana signs in"], told
    assert "follows the metadata of a2a to https://login-helper.example" in told[2], told
    assert len(told) == 3, told
    controls, requirement = Controls.of(of.system, without=("K20",)), of.requirement("no-tokens")
    written = load_scenario("scenarios/attacks/m57_a_server_that_poses_as_another.yaml").model
    hand = by_hand(of.system, controls, requirement, [written], of.requirements.vocabulary)
    assert hand is not None
    assert attack.length <= hand.steps
    assert breaks(replayed(of.system, controls, attack, requirement), requirement, of.requirements.vocabulary)


def test_it_needs_to_be_led_there(monkeypatch: pytest.MonkeyPatch) -> None:
    _believing(monkeypatch)
    monkeypatch.setattr(outsiders, "false_servers", lambda *_: iter(()))
    found = searched(_rules(), "no-tokens", "K20", depth=1)
    assert found.attack is None
    assert found.complete


def test_what_a_client_made_for_another_server_is_of_no_use_at_the_right_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the issuer check (RFC 9207) the client's assertion is still for the server that asked for it."""
    monkeypatch.setattr(discovery, "read_authorization_response", lambda *_, **__: "code")
    found = searched(_rules(), "no-tokens", "K20", depth=1)
    assert found.attack is None
    assert found.challenged


def test_where_documents_alone_are_believed_they_are_a_way_in() -> None:
    of = _rules()
    with without(ANY_DOMAIN):
        attack = searched(of, "no-tokens", depth=1).attack
        assert attack is not None
        requirement = of.requirement("no-tokens")
        trace = replayed(of.system, Controls.of(of.system), attack, requirement)
        assert breaks(trace, requirement, of.requirements.vocabulary)
    assert list(steps_text(attack))[-2:] == [
        "thief publishes a client document at https://assistant.example/client.json, which resolves to 203.0.113.10",
        "thief lures ana to a link of its own client",
    ]


def test_a_document_is_another_identity_for_an_agent(monkeypatch: pytest.MonkeyPatch) -> None:
    of = files("scenarios/systems/insurance.yaml", "tests/search/rules/identities.yaml")
    assert searched(of, "no-identities", depth=1).attack is None
    with without(ANY_DOMAIN):
        attack = searched(of, "no-identities", depth=1).attack
        assert attack is not None
        requirement = of.requirement("no-identities")
        assert breaks(replayed(of.system, Controls.of(of.system), attack, requirement), requirement, of.requirements.vocabulary)
        assert list(steps_text(attack))[-1].startswith("insurance_agent publishes a client document at https://")
        monkeypatch.setattr(outsiders, "documents_of_agents", lambda *_: iter(()))
        assert searched(of, "no-identities", depth=1).attack is None
