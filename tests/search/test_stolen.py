"""Stolen client keys: what an outsider can do as that client, and only where it is asked for."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest
from msgspec.structs import replace

from harness.cli.search import SearchOptions, run_search
from harness.search import Found, search
from harness.search.closing import Closing
from harness.search.explore import first_world
from harness.search.facets import Facet
from harness.search.node import Node
from harness.search.small_world import bounds_for
from harness.search.stops import breaks, replayed
from harness.search.telling import bound_text, steps_text
from harness.suite import Design, load_project
from harness.world.mechanics import commands as c
from harness.world.mechanics.choices import stolen_refreshes

RULES = "tests/search/rules/stolen.yaml"
SAID = ["the keys of third_party_agent and its refresh tokens are stolen", "thief asks in its own name for a token for mcp"]


@cache
def _design() -> Design:
    return load_project(RULES, scenarios=()).designs[0]


def _found(key: str, *, stolen: bool) -> Found:
    of = _design()
    requirement = next(one for one in of.requirements if one.id == key)
    return search(of.system, of.controls, requirement, vocabulary=of.requirements.vocabulary, depth=1, stolen=stolen)


@pytest.mark.parametrize("key", ["no-tokens", "no-answers"])
def test_an_attack_that_needs_the_keys_is_found_with_them_alone_and_replays(key: str) -> None:
    assert _found(key, stolen=False).attack is None
    of, found = _design(), _found(key, stolen=True)
    assert found.attack is not None
    told = list(steps_text(found.attack))
    assert all(line.startswith(said) for line, said in zip(told, SAID, strict=False)), told
    assert "where the keys of a client may be stolen" in bound_text(found)
    requirement = next(one for one in of.requirements if one.id == key)
    assert breaks(replayed(of.system, of.controls, found.attack, requirement), requirement, of.requirements.vocabulary)


def test_it_is_asked_for_on_the_command_line(tmp_path: Path) -> None:
    path = tmp_path / "found.json"
    code = run_search(SearchOptions(requirement="no-tokens", requirements=RULES, stolen=True, depth=1, json=str(path)))
    assert code == 1
    assert json.loads(path.read_text())["stolen"] is True


def test_a_thief_asks_for_each_api_with_what_was_in_the_vault() -> None:
    """The first refresh is an event: it takes the token from its owner."""
    of = load_project(RULES, scenarios=(), without=("K08",)).designs[0]
    rule = next(iter(of.requirements)).rules[0]
    view = replace(bounds_for(of.system, rule), stolen=True)
    facet = Facet(0, rule, of.requirements.vocabulary)
    closing, node = Closing(view, facet), Node(first_world(of.system, of.controls), [facet])
    closing.close(node)
    node.do(c.StealClient("portal"))
    asked = list(stolen_refreshes(node.world, view))
    assert {one.audience for one in asked} == set(view.audiences)
    assert not any(closing.taking.gathers(node, one) for one in asked)
