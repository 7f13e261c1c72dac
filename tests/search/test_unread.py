"""A cancelled call leaves its answer on a shared connection, and whoever calls next reads it (incident I05)."""

from __future__ import annotations

from msgspec.structs import replace

from harness.plan import Controls
from harness.search import Found, search
from harness.search.small_world import bounds_for
from harness.search.stops import breaks, replayed
from harness.search.telling import steps_text
from harness.world.mechanics import commands as c
from harness.world.mechanics.bounds import Job
from tests.search.worlds import files

OF = files("scenarios/incidents/system.yaml", "scenarios/incidents/requirements.yaml")
RULE = OF.requirement("R4")


def controls(*adding: str) -> Controls:
    return Controls.of(OF.system, adding=("K04", "K05", *adding))


def found(*adding: str) -> Found:
    """Searched in a world of one agent and one connection: the system's other controls are all off."""
    view = bounds_for(OF.system, RULE.rules[0])
    view = replace(
        view, outsiders=(), alone=False, agents=("assistant",), jobs=(Job("assistant", "history", "assistance"),),
        audiences=("chat",), scopes=("chat.read",), approvals=0, registrations=0,
    )  # fmt: skip
    return search(OF.system, controls(*adding), RULE, vocabulary=OF.requirements.vocabulary, depth=1, view=view)


def test_an_answer_that_nobody_read_is_found_by_the_next_caller() -> None:
    attack = found().attack
    assert attack is not None
    told = list(steps_text(attack))
    assert any(isinstance(step, c.Call) and step.cancelled for _, step in attack.steps), told
    for adding, broken in (((), True), (("K26",), False)):
        trace = replayed(OF.system, controls(*adding), attack, RULE)
        assert bool(breaks(trace, RULE, OF.requirements.vocabulary)) is broken, told


def test_where_answers_are_held_against_what_was_asked_there_is_none() -> None:
    result = found("K26")
    assert result.attack is None, list(steps_text(result.attack))
    assert result.depth >= 1
    assert result.challenged
