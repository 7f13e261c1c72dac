"""What can be done next is possible, always in the same order, and makes true only what the table says."""

from __future__ import annotations

from harness.plan import Controls
from harness.search.explore import first_world
from harness.search.interests import EMITS
from harness.world.mechanics import commands as c
from harness.world.mechanics.bounds import Bounds
from harness.world.mechanics.choices import choices
from harness.world.mechanics.engine import apply
from harness.world.mechanics.state import World
from tests.search.worlds import insurance

BOUNDS = Bounds.of(insurance())
OF_TIME = {"session.ended", "user.left"}


def _worlds() -> list[World]:
    """Some states on the way: nobody there, somebody signed in, a task with a token, an open question."""
    world = first_world(insurance(), Controls.of(insurance()))
    found = [world]
    for wanted in (c.Arrive, c.LogIn, c.GiveConsent, c.StartTask, c.AskApproval, c.AnswerPrompt):
        world = world.fork()
        command = next(one for one in choices(world, BOUNDS) if isinstance(one, wanted))
        apply(world, command, world.now_ms)
        found.append(world)
    return found


def test_every_choice_is_possible_and_makes_true_what_the_table_says() -> None:
    for world in _worlds():
        for command in choices(world, BOUNDS):
            events, _ = apply(world.fork(), command, world.now_ms)
            facts = {event.kind for event in events if event.attempt is None} - OF_TIME
            assert facts <= EMITS.get(type(command), frozenset()), type(command).__name__


def test_the_order_is_fixed() -> None:
    for world in _worlds():
        assert choices(world, BOUNDS) == choices(world.fork(), BOUNDS)


def test_time_can_always_pass() -> None:
    assert all(choices(world, BOUNDS)[-1] == c.Jump() for world in _worlds())
