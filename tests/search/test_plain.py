"""Plain breadth-first search over every command, without closing, merging or facets, finds attacks of the same length."""

from __future__ import annotations

import pytest

from harness.judge import monitor
from harness.plan import Controls
from harness.search.explore import bounds_for, first_world
from harness.world.mechanics.choices import choices
from harness.world.mechanics.engine import apply
from tests.search.worlds import Files, reference, searched, tiny

AS_FAR_AS_IT_GETS = 5


def shortest_plain(of: Files, key: str, control: str, *, depth: int) -> int | None:
    """The length of the shortest attack that is found by trying everything, up to a depth."""
    rule = of.requirement(key).rules[0]
    view = bounds_for(of.system, rule)
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


@pytest.mark.parametrize(
    ("key", "control"),
    [("LIST", "K02"), ("LIST", "K03"), ("LIST", "K06"), ("LIST", "K20"), ("OTHERS", "K04"), ("PRESENT", "K09")],
)
def test_closing_loses_nothing_on_a_tiny_one(key: str, control: str) -> None:
    """Where the attack is longer than plain search gets, plain search finds none that is shorter."""
    attack = searched(tiny(), key, control).attack
    assert attack is not None
    plain = shortest_plain(tiny(), key, control, depth=min(attack.length, AS_FAR_AS_IT_GETS))
    assert plain == (attack.length if attack.length <= AS_FAR_AS_IT_GETS else None)


@pytest.mark.parametrize("key", ["OTHERS", "LOGOUT"])
def test_where_the_search_ran_dry_plain_search_finds_nothing_either(key: str) -> None:
    found = searched(tiny(), key)
    assert found.attack is None
    assert found.exhausted
    assert shortest_plain(tiny(), key, "", depth=4) is None
