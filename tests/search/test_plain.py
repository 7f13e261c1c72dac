"""A plain breadth-first search over every choice, without closing or merging, finds attacks of the same length."""

from __future__ import annotations

import pytest

from harness.judge import monitor
from harness.plan import Controls
from harness.search.explore import bounds_for, first_world
from harness.world.mechanics.choices import choices
from harness.world.mechanics.engine import apply
from harness.world.mechanics.state import World
from tests.search.worlds import found, insurance, requirement, requirements


def shortest_plain(key: str, control: str, *, depth: int) -> int | None:
    """The length of the shortest attack that is found by trying everything, up to a depth."""
    asked = requirement(key)
    view = bounds_for(insurance(), asked.rules[0])
    rule = monitor(asked.rules[0], requirements().vocabulary)
    level: list[World] = [first_world(insurance(), Controls.of(insurance(), without=[control]))]
    for length in range(1, depth + 1):
        following = []
        for world in level:
            for command in choices(world, view):
                child = world.fork()
                events, reply = apply(child, command, child.now_ms)
                if any(event.attempt is None and rule.step({}, event) for event in events):
                    return length
                if reply.ok:
                    following.append(child)
        level = following
    return None


@pytest.mark.parametrize(("key", "control"), [("R3", "K01"), ("R3", "K02")])
def test_closing_loses_nothing(key: str, control: str) -> None:
    assert len(requirement(key).rules) == 1
    attack = found(key, control).attack
    assert attack is not None
    assert shortest_plain(key, control, depth=attack.length) == attack.length
