"""Stolen client keys: what an outsider can do as that client, and only where it is asked for."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest
from msgspec.structs import replace

from harness.cli.search import SearchOptions, run_search
from harness.requirements import Requirement
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
from harness.world.mechanics.bounds import Bounds
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


# ---------------------------------------------------------------- by a refresh token

SHOP = "third_party_agent"


def _of_the_shop(of: Design, key: str, *, stolen: bool) -> tuple[Requirement, Bounds]:
    """A requirement, and the small world of one customer and a third party's application."""
    requirement = next(one for one in of.requirements if one.id == key)
    found = bounds_for(of.system, requirement.rules[0])
    jobs = tuple(one for one in found.jobs if one.agent == SHOP)
    return requirement, replace(
        found, stolen=stolen, agents=(SHOP,), audiences=("mcp",), jobs=jobs, people=found.people[:1]
    )


def _searched(of: Design, key: str, *, stolen: bool = True, depth: int = 6) -> Found:
    requirement, view = _of_the_shop(of, key, stolen=stolen)
    return search(
        of.system, of.controls, requirement, vocabulary=of.requirements.vocabulary, depth=depth, view=view, stolen=stolen
    )


@pytest.mark.parametrize(("path", "key", "steps"), [("requirements.yaml", "R4", 7), (RULES, "away", 8)])
def test_an_attack_by_a_stolen_refresh_token_is_found_with_it_alone_and_replays(path: str, key: str, steps: int) -> None:
    """Without K08 a third party's application has one, bound to nothing (RFC 9700 section 4.14)."""
    of = load_project(path, scenarios=(), without=("K08",)).designs[0]
    assert _searched(of, key, stolen=False).attack is None
    attack = _searched(of, key).attack
    assert attack is not None
    told = list(steps_text(attack))
    assert len(told) == steps, told
    assert f"the keys of {SHOP} and its refresh tokens are stolen" in told
    assert "thief refreshes" in told[-2], told
    requirement, _ = _of_the_shop(of, key, stolen=True)
    assert breaks(replayed(of.system, of.controls, attack, requirement), requirement, of.requirements.vocabulary)


@pytest.mark.parametrize("binding", ["mtls", "dpop"])
def test_none_where_its_refresh_tokens_are_bound_to_what_is_in_no_vault(binding: str) -> None:
    of = load_project("requirements.yaml", scenarios=(), without=("K08",)).designs[0]
    agent = of.system.agents[SHOP].model_copy(update={"binding": binding})
    system = of.system.model_copy(update={"agents": {**of.system.agents, SHOP: agent}})
    requirement, view = _of_the_shop(of, "R4", stolen=True)
    found = search(
        system, of.controls, requirement, vocabulary=of.requirements.vocabulary, depth=3, view=view, stolen=True
    )
    assert found.attack is None


def test_none_where_grants_are_bound_to_sessions() -> None:
    assert _searched(load_project("requirements.yaml", scenarios=()).designs[0], "R4").attack is None


def test_a_rule_about_tokens_that_are_shown_twice_is_searched_with_both_who_hold_one() -> None:
    of = load_project(RULES, scenarios=(), without=("K08",)).designs[0]
    assert _searched(of, "shown-once", stolen=False).attack is None, "nobody shows a used one by mistake"
    attack = _searched(of, "shown-once").attack
    assert attack is not None
    assert breaks(
        replayed(of.system, of.controls, attack, _of_the_shop(of, "shown-once", stolen=True)[0]),
        _of_the_shop(of, "shown-once", stolen=True)[0], of.requirements.vocabulary,
    )  # fmt: skip
    found = _searched(of, "family-ends", depth=4)
    assert found.attack is None
    assert found.challenged, "the family was asked for something after that"


def test_a_used_refresh_token_leaves_a_trace_though_it_is_refused() -> None:
    """Its grant is revoked for it: whatever comes after is not as it would have been without."""
    of = load_project(RULES, scenarios=(), without=("K08",)).designs[0]
    requirement, view = _of_the_shop(of, "no-tokens", stolen=True)
    facet = Facet(0, requirement.rules[0], of.requirements.vocabulary)
    closing, node = Closing(view, facet), Node(first_world(of.system, of.controls), [facet])
    closing.close(node)
    task = next(one.id for one in node.world.tasks.values() if one.agent == SHOP)
    renew = c.GetToken(agent=SHOP, task=task, grant="renew", goal="search", twist="search")
    assert closing.taking.gathers(node, renew)
    node.do(c.StealClient(SHOP))
    newest = [one for one in stolen_refreshes(node.world, view) if one.subject in node.best.values()][-1]
    assert node.do(newest)[0].ok
    assert not closing.taking.gathers(node, renew), "nobody who wants to go on shows it"
    reply, _ = node.do(renew)
    assert not reply.ok
    assert node.path is not None
    assert node.path.step.command == renew
