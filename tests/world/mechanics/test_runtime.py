"""What an agent does without asking a server: what K05 keeps apart when it remembers, answers and hands on."""

from __future__ import annotations

import pytest

from harness.world.mechanics import commands as c
from harness.world.mechanics.legality import Impossible
from tests.world.worlds import Hand, at_work, token_for, world

AGENT = "insurance_agent"


def read_for(hand: Hand, user: str) -> tuple[str, str]:
    """A task of a person, and a policy of theirs that the agent has read in it."""
    _, task = at_work(hand, user)
    credential = token_for(hand, task, "policies", "policies.read")
    return task, hand.do(c.Call(agent=AGENT, task=task, endpoint="policies.read", credential=credential)).items[0]


def test_a_memory_comes_back_to_the_person_whose_it_is() -> None:
    hand = Hand(world())
    task, item = read_for(hand, "ana")
    memory = hand.do(c.StoreMemory(agent=AGENT, task=task, item=item)).memory
    assert hand.do(c.ReadMemory(agent=AGENT, task=task, memory=str(memory))).ok
    assert [one.own["owner"] for one in hand.of("memory.read")] == ["ana"]


@pytest.mark.parametrize(("without", "told"), [((), []), (("K05",), ["ben"])])
def test_nothing_of_another_person_is_filed_under_the_person_of_the_task(
    without: tuple[str, ...], told: list[str]
) -> None:
    """R4: or the memory would be read in Ana's name, and nobody could tell that it is Ben's."""
    hand = Hand(world(without=without))
    (task, _), (_, of_ben) = read_for(hand, "ana"), read_for(hand, "ben")
    stored = hand.do(c.StoreMemory(agent=AGENT, task=task, item=of_ben))
    assert stored.ok == bool(told)
    if stored.memory is not None:
        hand.do(c.ReadMemory(agent=AGENT, task=task, memory=stored.memory))
    assert [one.own["owner"] for one in hand.of("memory.read")] == told


def test_a_refused_memory_is_credited_when_what_it_was_for_fails() -> None:
    hand = Hand(world())
    (task, _), (_, of_ben) = read_for(hand, "ana"), read_for(hand, "ben")
    hand.do(c.StoreMemory(agent=AGENT, task=task, item=of_ben, goal="leak", twist="T39"))
    hand.do(c.Deliver(agent=AGENT, task=task, items=(of_ben,), goal="leak", twist="T39"))
    (stopped,) = hand.of("answer.delivered", stopped=True)
    assert stopped.attempt is not None
    assert stopped.attempt.stopped_by == ("K05",)


@pytest.mark.parametrize("step", [c.StoreMemory(agent=AGENT, item="item1"), c.Deliver(agent=AGENT), c.EndTask(agent=AGENT)])
def test_there_is_no_context_without_a_task(step: c.Step) -> None:
    with pytest.raises(Impossible):
        Hand(world()).do(step)
