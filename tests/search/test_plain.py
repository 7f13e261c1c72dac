"""Plain breadth-first search over every command, without closing, merging or facets, finds attacks of the same length."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from harness.judge import monitor
from harness.plan import Controls
from harness.search.explore import bounds_for, first_world
from harness.world.mechanics.choices import choices
from harness.world.mechanics.engine import apply
from tests.search.worlds import Files, reference, searched, tiny

AS_FAR_AS_IT_GETS = {False: 5, True: 3}
"""How many steps plain search gets, and how many where agents also act without a task."""


def shortest_plain(of: Files, key: str, control: str, *, depth: int, alone: bool = True) -> int | None:
    """The length of the shortest attack that is found by trying everything, up to a depth."""
    rule = of.requirement(key).rules[0]
    view = replace(bounds_for(of.system, rule), alone=alone)
    judge = monitor(rule, of.requirements.vocabulary)
    controls = Controls.of(of.system, without=[control] if control else [])
    level = [(first_world(of.system, controls), judge.new_state())]
    for length in range(1, depth + 1):
        following = []
        for world, state in level:
            for command in choices(world, view):
                child, noted = world.fork(), dict(state)
                events, reply = apply(child, command, child.now_ms)
                if any(event.attempt is None and judge.step(noted, event) for event in events):
                    return length
                if reply.ok:
                    following.append((child, noted))
        level = following
    return None


@pytest.mark.parametrize(("key", "control"), [("R3", "K01"), ("R3", "K02")])
def test_closing_loses_nothing_on_the_reference_system(key: str, control: str) -> None:
    attack = searched(reference(), key, control).attack
    assert attack is not None
    assert shortest_plain(reference(), key, control, depth=attack.length) == attack.length


@pytest.mark.parametrize("alone", [False, True])
@pytest.mark.parametrize(
    ("key", "control"),
    [("LIST", "K02"), ("LIST", "K03"), ("LIST", "K06"), ("LIST", "K20"), ("OTHERS", "K04"), ("PRESENT", "K09")],
)
def test_closing_loses_nothing_on_a_tiny_one(key: str, control: str, *, alone: bool) -> None:
    """Where the attack is longer than plain search gets, plain search finds none that is shorter.

    Shrinking leaves tasks out that nothing needs, so that it may get below what plain search finds in tasks alone.
    """
    of, far = tiny(), AS_FAR_AS_IT_GETS[alone]
    view = replace(bounds_for(of.system, of.requirement(key).rules[0]), alone=alone)
    attack = searched(of, key, control, view=view).attack
    assert attack is not None
    plain = shortest_plain(of, key, control, depth=min(attack.length, far), alone=alone)
    if alone:
        assert plain == (attack.length if attack.length <= far else None)
    else:
        assert plain is None or attack.length <= plain


@pytest.mark.parametrize("key", ["OTHERS", "LOGOUT"])
def test_where_the_search_ran_dry_plain_search_finds_nothing_either(key: str) -> None:
    found = searched(tiny(), key)
    assert found.attack is None
    assert found.exhausted
    assert shortest_plain(tiny(), key, "", depth=4, alone=False) is None
    assert shortest_plain(tiny(), key, "", depth=3) is None
