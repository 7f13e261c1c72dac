"""What nobody can do whatever the controls say, command by command: with all controls off it is impossible still.

The worlds have no control at all, so that no refusal can stand in for the rule that a test is about.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from harness.plan import Controls
from harness.world.mechanics import commands as c
from harness.world.mechanics import hostile
from harness.world.mechanics.engine import Impossible
from harness.world.mechanics.setup import build
from harness.world.sim.population import records
from tests.world.worlds import Hand, at_work, system, token_for

AGENT, SHOP, THIEF = "insurance_agent", "third_party_agent", "thief"


class Scene:
    """Ana and Ben at work with the insurance agent, each with a policy that it has read; Ben with a third party's too."""

    def __init__(self) -> None:
        design = system("allow_all")
        self.hand = Hand(build(design, Controls.of(design), records(design), seed=0))
        self.session, self.task = at_work(self.hand, "ana")
        self.session_of_ben, self.task_of_ben = at_work(self.hand, "ben")
        self.token, self.item = self.read(self.task)
        self.token_of_ben, self.item_of_ben = self.read(self.task_of_ben)
        self.hand.do(c.GiveConsent("ben", SHOP, "other_llm", "shopping", ("policy",)))
        shopping = c.StartTask("ben", self.session_of_ben, SHOP, "shop", "shopping")
        self.shopping = str(self.hand.do(shopping).task)
        self.provider = next(iter(design.providers))

    def read(self, task: str) -> tuple[str, str]:
        """A token for a task, and what was read with it."""
        token = str(token_for(self.hand, task, "policies", "policies.read"))
        reply = self.hand.do(c.Call(agent=AGENT, task=task, endpoint="policies.read", credential=token))
        return token, reply.items[0]

    def asked(self) -> str:
        """A question of the insurance agent's to Ana."""
        ask = c.AskApproval(agent=AGENT, task=self.task, endpoint="payments.pay", amount=1_080, payee="garage")
        return str(self.hand.do(ask).approval)

    def possible(self, command: c.Command) -> bool:
        """Whether somebody could give a command here, whatever comes of it."""
        try:
            self.hand.fork().do(command)
        except Impossible:
            return False
        return True


@pytest.fixture
def scene() -> Scene:
    return Scene()


# ---------------------------------------------------------------- data that is sent on

Sends = Callable[[Scene, dict[str, Any], str], c.Command]
SENDING: dict[str, Sends] = {
    "SendToModel": lambda s, who, item: c.SendToModel(**who, provider=s.provider, items=(item,)),
    "SendMessage": lambda s, who, item: c.SendMessage(**who, to="outside", external=True, items=(item,)),
    "StoreMemory": lambda s, who, item: c.StoreMemory(**who, item=item),
    "Deliver": lambda s, who, item: c.Deliver(**who, items=(item,)),
    "Call": lambda s, who, item: c.Call(**who, endpoint="mcp.list_policies", items=(item,)),
}


def test_every_command_that_carries_data_is_tried_here() -> None:
    carrying = {
        name for name, kind in vars(c).items()
        if isinstance(kind, type) and issubclass(kind, c.Step) and {"item", "items"} & set(kind.__struct_fields__)
    }  # fmt: skip
    assert carrying == set(SENDING)


@pytest.mark.parametrize("sends", SENDING.values(), ids=list(SENDING))
def test_an_agent_sends_on_what_it_has_seen_and_nothing_else(scene: Scene, sends: Sends) -> None:
    ours = {"agent": AGENT, "task": scene.task}
    assert scene.possible(sends(scene, ours, scene.item)), "seen in this task"
    assert scene.possible(sends(scene, ours, scene.item_of_ben)), "seen in another one: to keep them apart is K05's"
    assert not scene.possible(sends(scene, {"agent": SHOP, "task": scene.shopping}, scene.item)), "seen by somebody else"
    assert not scene.possible(sends(scene, ours, "item99")), "there is no such thing"


@pytest.mark.parametrize("sends", SENDING.values(), ids=list(SENDING))
def test_a_program_that_was_started_has_seen_what_is_in_its_task_alone(scene: Scene, sends: Sends) -> None:
    scene.hand.do(c.Spawn(agent=AGENT, task=scene.task, sub_agent="sub_agent_of_it"))
    helper = {"agent": "sub_agent_of_it", "task": scene.task}
    assert scene.possible(sends(scene, helper, scene.item))
    assert not scene.possible(sends(scene, helper, scene.item_of_ben))


@pytest.mark.parametrize("sends", SENDING.values(), ids=list(SENDING))
def test_what_was_remembered_can_be_sent_on_once_it_is_read(scene: Scene, sends: Sends) -> None:
    memory = scene.hand.do(c.StoreMemory(agent=AGENT, task=scene.task_of_ben, item=scene.item_of_ben)).memory
    item = scene.hand.do(c.ReadMemory(agent=AGENT, task=scene.task, memory=str(memory))).items[0]
    assert scene.possible(sends(scene, {"agent": AGENT, "task": scene.task}, item))
    with pytest.raises(Impossible):
        scene.hand.do(c.ReadMemory(agent=SHOP, task=scene.shopping, memory=str(memory)))


def test_a_thief_sends_on_what_it_was_answered_and_nothing_else(scene: Scene) -> None:
    scene.hand.do(c.Leak(scene.token))
    got = scene.hand.do(c.Call(agent=THIEF, endpoint="policies.read", credential=scene.token, owner="ana"))
    stolen, bare = got.items[0], c.Call(agent=THIEF, endpoint="mcp.list_policies")
    assert scene.possible(replace(bare, items=(stolen,)))
    assert not scene.possible(replace(bare, items=(scene.item,)))
    assert not scene.possible(c.Deliver(agent=AGENT, task=scene.task, items=(stolen,))), "nor has anybody else that copy"


# ---------------------------------------------------------------- tasks, credentials, keys


def test_a_program_works_on_its_own_tasks_and_on_those_of_who_started_it(scene: Scene) -> None:
    assert scene.possible(c.EndTask(agent=AGENT, task=scene.task))
    assert not scene.possible(c.EndTask(agent=SHOP, task=scene.task))
    assert not scene.possible(c.Call(agent=THIEF, task=scene.task, endpoint="policies.read"))
    scene.hand.do(c.Spawn(agent=AGENT, task=scene.task, sub_agent="sub_agent_of_it"))
    assert scene.possible(c.EndTask(agent="sub_agent_of_it", task=scene.task))
    assert not scene.possible(c.EndTask(agent="sub_agent_of_it", task=scene.shopping))
    assert not scene.possible(c.GetToken(agent=SHOP, task=scene.task, grant="renew")), "nor has it a token renewed there"


@pytest.mark.parametrize(
    "step",
    [
        c.Call(agent=SHOP, endpoint="policies.read", credential="theirs"),
        c.SendToModel(agent=SHOP, provider="acme_llm", credential="theirs"),
        c.SendMessage(agent=SHOP, to="outside", credential="theirs"),
        c.GetToken(agent=SHOP, audience="policies", subject="theirs"),
        c.Spawn(agent=SHOP, sub_agent="sub_agent_of_it", credential="theirs"),
        hostile.Forge(agent=SHOP, kind="alg_none", like="theirs", subject="ben", audience="policies"),
    ],
    ids=lambda step: type(step).__name__,
)
def test_nobody_presents_a_credential_that_somebody_else_holds(scene: Scene, step: c.Step) -> None:
    field = next(name for name in ("credential", "subject", "like") if getattr(step, name, None) == "theirs")
    theirs = replace(step, task=scene.shopping, **{field: scene.token})
    assert not scene.possible(theirs)


def test_a_person_is_not_at_an_application_because_a_program_says_so(scene: Scene) -> None:
    held = next(key for key, one in scene.hand.world.credentials.items() if one.holder == "portal" and one.user == "ana")
    call = c.Call(agent="portal", endpoint="a2a.message", credential=held)
    assert not scene.possible(call)
    assert not scene.possible(replace(call, person="ana"))
    assert scene.possible(c.UseDirectly("ana", scene.session, "policies.read"))


def test_stolen_keys_are_with_the_thief(scene: Scene) -> None:
    def asks(agent: str) -> bool:
        step = c.GetToken(agent=agent, grant="client_credentials", audience="policies", as_client=SHOP)
        return scene.possible(step)

    assert not asks(THIEF)
    scene.hand.do(c.StealClient(SHOP))
    assert asks(THIEF)
    assert not asks(AGENT)


@pytest.mark.parametrize("grant", ["authorization_code", "ciba", "password"])
def test_a_program_alone_gets_no_token_that_needs_a_person(scene: Scene, grant: str) -> None:
    step = c.GetToken(agent=AGENT, task=scene.task, audience="policies", subject=scene.token)
    assert scene.possible(step)
    assert not scene.possible(replace(step, grant=grant))


@pytest.mark.parametrize(("app", "possible"), [(None, True), ("portal", True), (SHOP, True), ("mcp_server", False)])
def test_people_sign_in_where_an_application_is_shown_to_them(scene: Scene, app: str | None, possible: bool) -> None:
    assert scene.possible(c.LogIn("ana", app)) is possible


# ---------------------------------------------------------------- approvals, sessions, what is people's own


@pytest.mark.parametrize("redeems", [c.RedeemApproval, c.AnswerInstead])
def test_a_question_is_known_to_who_asked_it(scene: Scene, redeems: Callable[..., c.Command]) -> None:
    """The request id of CIBA goes to the client that asked (CIBA Core 1.0 section 7.3)."""
    approval = scene.asked()
    assert scene.possible(redeems(agent=AGENT, task=scene.task, approval=approval))
    assert not scene.possible(redeems(agent=SHOP, task=scene.shopping, approval=approval))
    assert not scene.possible(redeems(agent=AGENT, task=scene.task, approval="approval99"))


def test_nobody_lures_a_person_to_a_question_of_somebody_elses_agent(scene: Scene) -> None:
    approval = scene.asked()
    lure = hostile.LureToConfirm(agent=AGENT, task=scene.task, user="ben", approval=approval)
    assert scene.possible(lure)
    assert not scene.possible(replace(lure, agent=SHOP, task=scene.shopping))
    assert not scene.possible(replace(lure, user="ana")), "who was asked answers the prompt"


@pytest.mark.parametrize(
    "does",
    [
        lambda user, session: c.LogOut(user, session),
        lambda user, session: c.Act(user, session),
        lambda user, session: c.StartTask(user, session, AGENT, "read", "advice"),
        lambda user, session: c.UseDirectly(user, session, "policies.read"),
    ],
    ids=["LogOut", "Act", "StartTask", "UseDirectly"],
)
def test_people_use_their_own_sessions(scene: Scene, does: Callable[[str, str], c.Command]) -> None:
    assert scene.possible(does("ana", scene.session))
    assert not scene.possible(does("ana", scene.session_of_ben))
    assert not scene.possible(does("ana", "session99"))


@pytest.mark.parametrize("does", [c.Halt, c.DeclineConsent])
def test_people_stop_and_decline_what_is_their_own(scene: Scene, does: Callable[[str, str], c.Command]) -> None:
    assert scene.possible(does("ana", scene.task))
    assert not scene.possible(does("ana", scene.task_of_ben))
