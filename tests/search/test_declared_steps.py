"""Steps that a requirements file declares: the search leaves them out, has them come out otherwise, and takes them alone."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from msgspec.structs import replace

from harness.search import Found, search
from harness.search.small_world import bounds_for
from harness.search.stops import breaks, replayed
from harness.search.telling import steps_text
from harness.suite import Design, load_project
from harness.world.mechanics.bounds import Bounds

LEFT_OUT = "a required step is left out: "
SHORTEST = {
    "reported": (2, f"{LEFT_OUT}incident.reported"),
    "ticket-first": (1, f"{LEFT_OUT}ticket.opened"),
    "four-eyes": (1, f"{LEFT_OUT}change.approved"),
    "separate-duties": (1, f"{LEFT_OUT}change.proposed"),
    "assessed": (1, f"{LEFT_OUT}tool.assessed"),
    "told-of-locks": (2, f"{LEFT_OUT}alert.sent"),
    "erased": (4, f"{LEFT_OUT}data.erased"),
    "paid-after-review": (7, f"{LEFT_OUT}claim.reviewed"),
    "frozen": (8, "takes the step fraud.suspected about ana"),
}
"""Without K32: the steps of the shortest attack, and what one of them says."""
DEEP = {"reported": 2, "told-of-locks": 2, "erased": 2, "four-eyes": 2, "assessed": 2}
"""With K32: how many events it takes until something is stopped, where that is more than one."""
Bounded = Callable[[Bounds], Bounds]


@cache
def design(*without: str) -> Design:
    return load_project(
        "scenarios/further/operators.yaml", systems=["scenarios/systems/insurance_procedures.yaml"], scenarios=(), without=without
    ).designs[0]  # fmt: skip


def searched(key: str, *without: str, depth: int = 2, bounded: Bounded = lambda view: view) -> tuple[Design, Any, Found]:
    of = design(*without)
    requirement = next(one for one in of.requirements if one.id == key)
    view = bounded(bounds_for(of.system, requirement.rules[0]))
    found = search(of.system, of.controls, requirement, vocabulary=of.requirements.vocabulary, depth=depth, view=view)
    return of, requirement, found


@pytest.mark.parametrize("key", SHORTEST)
def test_without_the_procedures_each_is_broken_by_what_somebody_does_not_do(key: str) -> None:
    of, requirement, found = searched(key, "K32")
    assert found.attack is not None
    steps, said = SHORTEST[key]
    told = list(steps_text(found.attack))
    assert len(told) == steps, told
    assert any(said in line for line in told), told
    assert breaks(replayed(of.system, of.controls, found.attack, requirement), requirement, of.requirements.vocabulary)


@pytest.mark.parametrize("key", SHORTEST)
def test_with_them_it_is_tried_and_stopped(key: str) -> None:
    """Duties are challenged by what is left out and made good in time, at the earliest after the jump there."""
    _, _, found = searched(key, depth=DEEP.get(key, 1))
    assert found.attack is None
    assert found.complete
    assert found.challenged


@pytest.mark.parametrize("key", SHORTEST)
def test_each_attack_needs_the_choice(key: str) -> None:
    """Where each step is taken as it should be, nothing is broken, as deep as an attack is found with the choice."""
    depth = {"paid-after-review": 0}.get(key, DEEP.get(key, 1))
    _, _, found = searched(key, "K32", depth=depth, bounded=lambda view: replace(view, steps=()))
    assert found.attack is None
    assert found.complete
