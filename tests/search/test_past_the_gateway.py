"""Calls around a gateway, and under another tool's name: tried where the system has what makes a difference there."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from harness.plan import Controls
from harness.search.stops import breaks, replayed
from harness.search.telling import steps_text
from harness.world.mechanics import choices_of_agents
from harness.world.mechanics import commands as c
from tests.search.worlds import Files, files, reference, searched

CASES = {"around": (1, "around the gateway"), "header": (2, "as the tool in its header")}


@cache
def _of(name: str) -> Files:
    return files(f"tests/search/systems/{name}.yaml", "requirements.yaml")


@pytest.mark.parametrize("name", CASES)
def test_the_attack_is_found_and_replays(name: str) -> None:
    of, (steps, said) = _of(name), CASES[name]
    attack = searched(of, "R3", depth=0).attack
    assert attack is not None
    told = list(steps_text(attack))
    assert len(told) == steps, told
    assert told[-1].endswith(said)
    trace = replayed(of.system, Controls.of(of.system), attack, of.requirement("R3"))
    assert breaks(trace, of.requirement("R3"), of.requirements.vocabulary)


@pytest.mark.parametrize("name", CASES)
def test_it_needs_the_choice(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choices_of_agents, "past_the_gateway", lambda *_: iter(()))
    found = searched(_of(name), "R3", depth=1)
    assert found.attack is None
    assert found.complete


def test_nothing_leads_around_the_gateway_of_the_reference_system(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[c.Call] = []
    real = choices_of_agents.past_the_gateway

    def watched(*args: Any) -> Iterator[c.Call]:
        for call in real(*args):
            tried.append(call)
            yield call

    monkeypatch.setattr(choices_of_agents, "past_the_gateway", watched)
    assert searched(reference(), "R3", depth=0).attack is None
    assert any(one.around for one in tried)
    assert not any(one.header_tool for one in tried)
