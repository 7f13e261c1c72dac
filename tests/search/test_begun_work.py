"""Declared steps that belong to the beginning of work: a task is begun without them, and what is insisted on stops that."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from harness.requirements import Requirement
from harness.search import Found, search
from harness.search.explore import first_world
from harness.search.facets import Facet
from harness.search.node import Node
from harness.search.small_world import bounds_for
from harness.search.stops import breaks, replayed
from harness.search.taking import Taking
from harness.search.telling import steps_text
from harness.suite import Design, load_project
from harness.world.mechanics import choices_of_steps
from harness.world.mechanics import commands as c
from harness.world.mechanics.bounds import Bounds
from harness.world.mechanics.choices import by_people

RULES = """
system: system.yaml
events:
  terms.accepted: {emitted_by: customer}
requirements:
  - {id: first, text: The terms first., every: task.started, needs_earlier: terms.accepted, same: [user], within: 1h}
  - {id: soon, text: The terms soon., every: task.started, leads_to: terms.accepted, same: [task], within: 1h}
  - {id: read, text: Nothing is read before., every: data.accessed, where: task is known, needs_earlier: terms.accepted,
     same: [task]}
"""
SYSTEM = f"""
kind: system
name: more
based_on: {Path(__file__).parents[2] / "scenarios/systems/insurance.yaml"}
"""
INSISTING = "apis: {policies: {endpoints: {read: {requires: [terms.accepted]}}}}\n"
BEGUN = "(a required step is left out: terms.accepted)"


def _project(key: str, folder: Path, design: str = "") -> tuple[Design, Requirement, Bounds]:
    """One of the rules, on the insurer with more in it, in a world of one agent and one kind of work."""
    (folder / "system.yaml").write_text(SYSTEM + design)
    (folder / "requirements.yaml").write_text(RULES)
    of = load_project(str(folder / "requirements.yaml"), scenarios=()).designs[0]
    requirement = next(one for one in of.requirements if one.id == key)
    view = bounds_for(of.system, requirement.rules[0])
    small = replace(view, agents=view.agents[:1], outsiders=(), providers=view.providers[:1], jobs=view.jobs[:1], alone=False)
    return of, requirement, small


def _found(key: str, folder: Path, *, depth: int) -> tuple[Found, bool]:
    """What is found, and whether it breaks the rule in the full world too."""
    of, requirement, view = _project(key, folder)
    found = search(of.system, of.controls, requirement, vocabulary=of.requirements.vocabulary, depth=depth, view=view)
    replays = found.attack is not None and breaks(
        replayed(of.system, of.controls, found.attack, requirement), requirement, of.requirements.vocabulary
    )
    return found, replays


@pytest.mark.parametrize(("key", "depth"), [("first", 0), ("soon", 1), ("read", 0)])
def test_a_task_is_begun_without_the_step(key: str, depth: int, tmp_path: Path) -> None:
    found, replays = _found(key, tmp_path, depth=depth)
    assert found.attack is not None
    begun = [line for line in steps_text(found.attack) if "the task" in line]
    assert len(begun) == 1
    assert BEGUN in begun[0]
    assert replays


@pytest.mark.parametrize(("key", "depth"), [("first", 0), ("soon", 1), ("read", 0)])
def test_the_attack_needs_the_choice(key: str, depth: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    makes = {of: kinds for of, kinds in choices_of_steps.MAKES.items() if of is not c.StartTask}
    monkeypatch.setattr(choices_of_steps, "MAKES", makes)
    found, _ = _found(key, tmp_path, depth=depth)
    assert found.attack is None
    assert found.complete


@pytest.mark.parametrize(("design", "each"), [("", False), (INSISTING, True)])
def test_where_a_place_insists_on_it_each_way_to_begin_is_an_event(design: str, each: bool, tmp_path: Path) -> None:
    of, requirement, view = _project("read", tmp_path, design)
    taking = Taking(view, Facet(0, requirement.rules[0], of.requirements.vocabulary))
    node = Node(first_world(of.system, of.controls), [taking.facet])
    node.do(c.Arrive("ana"))
    node.do(c.LogIn("ana"))
    (start, *_) = [one for one in by_people(node.world, view) if isinstance(one, c.StartTask)]
    assert [one.twist for one in taking.twisted(node, start) if isinstance(one, c.StartTask)][:1] == ["left_out.terms.accepted"]
    assert taking.each_way(node, start) == each
