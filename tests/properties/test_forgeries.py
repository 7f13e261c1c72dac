"""A law: no forged token opens anything anywhere, whatever it claims and whichever controls are off."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from harness.plan import control_catalogue
from harness.world.mechanics import commands as c
from harness.world.mechanics.forgery import KINDS
from harness.world.mechanics.hostile import Forge
from tests.world.worlds import Hand, at_work, system, world

AGENT = "insurance_agent"
ENDPOINTS = [f"{api}.{name}" for api, group in system().apis.items() for name in group.endpoints]
PEOPLE = [*system().people.customers, *system().people.employees, "admin", AGENT]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    kind=st.sampled_from(sorted(KINDS)),
    subject=st.sampled_from(PEOPLE),
    endpoint=st.sampled_from(ENDPOINTS),
    owner=st.sampled_from(system().people.customers),
    off=st.sets(st.sampled_from(sorted(control_catalogue()))),
)
def test_no_forged_token_opens_anything(kind: str, subject: str, endpoint: str, owner: str, off: set[str]) -> None:
    hand = Hand(world(without=off))
    _, task = at_work(hand)
    api, _, name = endpoint.partition(".")
    scope = system().apis[api].endpoints[name].scope
    before = len(hand.log)
    forged = hand.do(
        Forge(
            agent=AGENT, task=task, twist="T51", kind=kind, like=str(hand.world.tasks[task].subject), subject=subject,
            audience=api, scope=(scope,) if scope else (),
        )
    )  # fmt: skip
    call = c.Call(
        agent=AGENT, task=task, twist="T51", goal="T51", endpoint=endpoint, credential=forged.credential, owner=owner
    )
    assert not hand.do(call).ok
    happened = {one.kind for one in hand.log[before:] if one.attempt is None}
    assert happened <= {"request.denied", "audit.recorded", "access.decided"}, (
        f"{kind} at {endpoint} without {sorted(off)}"
    )
