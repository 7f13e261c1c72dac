"""What an enforcement point makes of a request for records where there are none: it is somebody's business as well."""

from __future__ import annotations

import pytest

from harness.world.mechanics import commands as c
from tests.world.worlds import Hand, at_work, token_for, world

AGENT, FOREIGN = "insurance_agent", "foreign_agent"
NONE_OF_ERIKS = {"owner": "erik"}


@pytest.mark.parametrize("asked", [NONE_OF_ERIKS, {"record": "claim.nobody.1"}, {}])
def test_a_program_in_its_own_name_learns_nothing_even_where_there_is_nothing(asked: dict[str, str]) -> None:
    """R3: it is on no list, so that not even an empty answer may get through; with Ana's records it is refused as well."""
    hand = Hand(world())
    own = c.GetToken(agent=FOREIGN, grant="client_credentials", audience="claims", scope=("claims.read",))
    call = c.Call(agent=FOREIGN, endpoint="claims.history", credential=hand.do(own).credential)
    for step in (c.Call(agent=FOREIGN, endpoint=call.endpoint, credential=call.credential, **asked),
                 c.Call(agent=FOREIGN, endpoint=call.endpoint, credential=call.credential, owner="ana")):  # fmt: skip
        assert not hand.do(step).ok
    assert not hand.of("request.allowed")


@pytest.mark.parametrize(("owner", "ok"), [(None, True), ("ana", True), ("erik", False), ("ben", False)])
def test_a_person_is_told_that_there_are_none_of_their_own_and_of_nobody_elses(owner: str | None, ok: bool) -> None:
    hand = Hand(world())
    for key in [one.id for one in hand.world.records.values() if one.owner == "ana"]:
        del hand.world.records[key]
    _, task = at_work(hand)
    credential = token_for(hand, task, "policies", "policies.read")
    reply = hand.do(c.Call(agent=AGENT, task=task, endpoint="policies.read", credential=credential, owner=owner))
    assert (reply.ok, reply.items) == (ok, ())
