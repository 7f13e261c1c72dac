"""Rules P-144 to P-151: A2A tasks, their owners, authorization inside them, and push delivery."""

from __future__ import annotations

from typing import Any

from harness.oauth import Response
from harness.oauth.a2a import OPERATIONS, A2aProfile, A2aServer, PushConfig, check_delivery
from harness.oauth.messages import Refusal
from harness.oauth.tokens import Claims
from tests.oauth.rulebook import rule
from tests.oauth.wire import Ids

CALLBACK, EVIL = "https://ana.example/hook", "https://evil.example/hook"


def caller(user: str = "ana", scope: str = "agent.message", client: str = "portal") -> Claims:
    return Claims("iss", user, ("a2a",), 100, 0, "j", client, frozenset(scope.split()))


ANA = caller()


class Desk:
    """An A2A server with one task of ana's."""

    def __init__(self, **settings: Any) -> None:
        self.ids = Ids()
        self.server = A2aServer(A2aProfile(**settings), {"ana": frozenset({CALLBACK}), "ben": frozenset({EVIL})})
        self.task = str(self.ask("send", message={"text": "hello"}).body["id"])

    def ask(self, operation: str, who: Claims | None = ANA, **parameters: Any) -> Response:
        return self.server.receive(operation, parameters, who, ids=self.ids)


def refused(response: Response, rule_id: str, status: int, error: str) -> None:
    assert response.refusal is not None, response.body
    said = response.refusal
    assert (said.rule, said.status, said.error, response.status) == (rule_id, status, error, status), said


@rule("P-144")
def test_every_operation_is_authenticated_before_anything_is_looked_up() -> None:
    desk = Desk()
    for operation in OPERATIONS:
        for name in (desk.task, "absent"):
            answer = desk.ask(operation, None, id=name)
            refused(answer, "P-144", 401, "unauthorized")
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")
            answer = desk.ask(operation, caller(scope="other"), id=name)
            refused(answer, "P-144", 403, "insufficient_scope")
            assert 'scope="agent.message"' in answer.headers["WWW-Authenticate"]
    assert desk.ask("get", id=desk.task).body["state"] == "TASK_STATE_SUBMITTED"


@rule("P-145")
def test_a_foreign_task_and_an_absent_one_look_the_same() -> None:
    desk = Desk()
    for operation in OPERATIONS:
        if operation == "list":
            continue
        foreign, absent = desk.ask(operation, caller("ben"), id=desk.task), desk.ask(operation, id="absent")
        refused(foreign, "P-145", 404, "-32001")
        assert foreign == absent
    assert desk.ask("list", caller("ben")).body["tasks"] == []
    assert desk.ask("list").body["tasks"] == [desk.task]
    partial = Desk(owned=frozenset(OPERATIONS) - {"get", "list"})
    assert partial.ask("get", caller("ben"), id=partial.task).ok
    assert partial.ask("list", caller("ben")).body["tasks"] == [partial.task]
    refused(partial.ask("cancel", caller("ben"), id=partial.task), "P-145", 404, "-32001")


@rule("P-146")
def test_identity_in_the_payload_counts_for_nothing() -> None:
    desk = Desk()
    answer = desk.ask("get", caller("ben"), id=desk.task, user="ana", sub="ana")
    refused(answer, "P-145", 404, "-32001")
    made = desk.ask("send", caller("ben"), message={"from": "ana"}, user="ana").body["id"]
    assert desk.server.tasks[made].owner == "ben"
    assert desk.ask("send", id=desk.task, message="text").ok


@rule("P-147")
def test_the_extended_card_is_for_authenticated_callers() -> None:
    assert Desk().server.extended_card(caller()).body["skills"] == ["extended"]
    refused(Desk().server.extended_card(None), "P-147", 401, "unauthorized")
    refused(Desk(extended_card=False).server.extended_card(caller()), "P-147", 400, "-32004")
    refused(Desk(extended_card=None).server.extended_card(caller()), "P-147", 400, "-32007")
    refused(Desk().ask("resubscribe", id="x"), "P-147", 400, "-32004")


@rule("P-148")
def test_a_task_waits_for_authorization_and_goes_on() -> None:
    desk = Desk()
    assert desk.server.move(desk.task, "start")
    said = desk.server.authorize(desk.task, "pay", None)
    assert said is not None
    assert said.rule == "P-148"
    assert desk.server.need_authorization(desk.task, "pay")
    assert desk.server.need_authorization(desk.task, "change")
    body = desk.ask("get", id=desk.task).body
    assert (body["state"], body["waiting_for"]) == ("TASK_STATE_AUTH_REQUIRED", "change")
    assert desk.server.authorize(desk.task, "change", None) is None
    assert desk.ask("subscribe", id=desk.task).body["state"] == "TASK_STATE_WORKING"
    assert desk.ask("cancel", id=desk.task).body["state"] == "TASK_STATE_CANCELED"
    refused(desk.ask("cancel", id=desk.task), "P-148", 409, "-32002")


@rule("P-149")
def test_a_change_of_state_authorizes_no_operation() -> None:
    desk = Desk()
    desk.server.move(desk.task, "start")
    desk.server.need_authorization(desk.task, "pay")

    def run(operation: str) -> str | None:
        said = desk.server.execute(desk.task, operation)
        return said.rule if said else None

    assert run("pay") == "P-149"
    assert desk.server.authorize(desk.task, "pay", None) is None
    assert run("change") == "P-149"
    assert run("pay") is None
    assert run("pay") == "P-149"
    loose = Desk(per_operation=False)
    loose.server.move(loose.task, "start")
    assert loose.server.execute(loose.task, "anything") is None


@rule("P-150")
def test_an_in_band_credential_is_bound_to_the_agent() -> None:
    desk = Desk()
    desk.server.move(desk.task, "start")
    desk.server.need_authorization(desk.task, "pay")
    said = desk.server.authorize(desk.task, "pay", caller(client="thief"))
    assert said is not None
    assert said.rule == "P-150"
    assert desk.server.authorize(desk.task, "pay", caller()) is None


@rule("P-151")
def test_results_go_where_the_owner_says() -> None:
    desk = Desk()
    for url in (
        "http://ana.example/hook",
        "https://10.0.0.1/x",
        "https://localhost/x",
        "https://db.internal/x",
        "https://[x",
        7,
        None,
        "https:///x",
        "https://ana.example:0/x",
    ):
        refused(desk.ask("set_push", id=desk.task, url=url), "P-151", 400, "-32602")
    refused(desk.ask("set_push", id=desk.task, url=EVIL), "P-151", 403, "-32602")
    assert desk.server.push(desk.task, "u0") is None
    assert desk.ask("set_push", id=desk.task, url=CALLBACK).ok
    assert desk.ask("get_push", id=desk.task).body["url"] == CALLBACK
    first = desk.server.push(desk.task, "u1")
    assert isinstance(first, PushConfig)
    assert desk.server.push(desk.task, "u1") is None
    desk.server.pushes[desk.task] = PushConfig(desk.task, EVIL, "ben")
    assert isinstance(desk.server.push(desk.task, "u2"), Refusal)
    assert desk.ask("delete_push", id=desk.task).ok
    assert desk.server.push(desk.task, "u3") is None
    loose = Desk(callback_binding=False)
    assert loose.ask("set_push", id=loose.task, url=EVIL).ok


@rule("P-151")
def test_a_receiver_drops_what_is_not_authentic() -> None:
    good = {"expected_token": "t", "given_token": "t", "known_tasks": frozenset({"a1"}), "task": "a1"}
    assert check_delivery(**good) is None  # type: ignore[arg-type]  # one dict for four types
    for changed in ({"given_token": None}, {"given_token": "x"}, {"task": "a2"}):
        said = check_delivery(**{**good, **changed})  # type: ignore[arg-type]  # as above
        assert said is not None
        assert said.rule == "P-151"


def test_a_fork_goes_its_own_way() -> None:
    desk = Desk()
    other = desk.server.fork()
    other.move(desk.task, "start")
    assert desk.server.tasks[desk.task].state == "submitted"
