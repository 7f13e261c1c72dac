"""The words that a system gives to the language: its names by class, and which kinds of events it can emit."""

from __future__ import annotations

from collections import Counter

import pytest

from harness.plan import unfit, words
from harness.suite import load_project
from harness.trace import STANDARD
from harness.world import simulate
from tests.world import worlds


@pytest.mark.parametrize(
    ("of", "word"),
    [
        ("person", "ana"),
        ("person", "erik"),
        ("person", "bruno"),
        ("person", "admin"),
        ("agent", "insurance_agent"),
        ("service", "portal"),
        ("service", "claims"),
        ("provider", "acme_llm"),
        ("api", "mcp"),
        ("pep", "none"),
        ("endpoint", "mcp.list_policies"),
        ("endpoint", "llm_gateway.complete"),
        ("tool", "list_policies"),
        ("scope", "payments.pay"),
        ("category", "health"),
        ("category", "underwriting"),
        ("type", "claim_payout"),
        ("purpose", "claims_handling"),
        ("domain", "partner"),
        ("region", "US"),
        ("model", "general-2"),
        ("role", "claims_handler"),
    ],
)
def test_a_name_of_the_system_is_a_word_of_its_class(of: str, word: str) -> None:
    assert word in words(worlds.system()).by_class[of]


@pytest.mark.parametrize(("of", "word"), [("tool", "read"), ("agent", "portal"), ("person", "insurance_agent")])
def test_a_name_is_no_word_of_another_class(of: str, word: str) -> None:
    assert word not in words(worlds.system()).by_class[of]


def test_declared_words_are_added_to_their_class() -> None:
    design = worlds.system().model_copy(update={"declares": {"role": ["auditor"], "store": ["cold"]}})
    found = words(design).by_class
    assert {"auditor", "claims_handler"} <= found["role"]
    assert {"cold", "memory"} <= found["store"]


def test_what_can_be_emitted_are_kinds_of_the_vocabulary() -> None:
    for name in worlds.SYSTEMS:
        emitted = words(worlds.system(name)).emitted
        assert emitted is not None
        assert emitted <= set(STANDARD.kinds)


def test_a_system_without_providers_or_documents_emits_nothing_of_the_kind() -> None:
    design = worlds.system()
    apis = {"claims": design.apis["claims"]}
    bare = design.model_copy(update={"providers": {}, "apis": apis})
    emitted = words(bare).emitted
    assert emitted is not None
    assert "data.accessed" in emitted
    assert not {"llm.received", "document.created", "operation.completed", "approval.granted"} & emitted


def test_what_an_event_is_said_to_lack_no_run_writes() -> None:
    lacking = words(worlds.system()).lacking
    assert all(name in STANDARD.kinds[kind].fields for kind, names in lacking.items() for name in names)
    project = load_project("requirements.yaml")
    design = project.designs[0]
    seen: Counter[str] = Counter()
    for scenario in project.scenarios:
        if unfit(scenario, design.system) is None:
            for event in simulate(design.system, design.controls, scenario, seed=0).events:
                seen[event.kind] += 1
                there = [name for name in lacking.get(event.kind, ()) if getattr(event.who, name) is not None]
                assert not there, f"{scenario.id}: {event.kind} has {there}"
    operators = {"tool.changed", "tool.approved", "user.disabled", "user.enabled", "agent.registered", "agent.enabled"}
    assert set(lacking) - set(seen) <= operators, "what the shipped scenarios do not come to"
