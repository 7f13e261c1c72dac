"""A2A tasks: whose they are on every operation, authorization inside a task, and push delivery.

Decides who may see and change a task. A foreign task and one that never was are answered alike. A task that waits for
authorization authorizes nothing by itself: each operation needs an authorization of its own. Source: A2A 1.0, sections
3.3.2, 5.4, 7.4, 7.6 and 13.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import urlsplit

import msgspec

from harness.oauth.lifecycles import A2A_TASK, advance
from harness.oauth.messages import NOTHING, Refusal, Response
from harness.oauth.tokens import Claims

OPERATIONS = ("send", "get", "list", "cancel", "subscribe", "set_push", "get_push", "delete_push")
NOT_FOUND, NOT_CANCELABLE, UNSUPPORTED, NO_CARD, INVALID = -32001, -32002, -32004, -32007, -32602
SCHEME = 'Bearer realm="a2a"'


class A2aProfile(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of an A2A server. Ownership can be missing on single operations, as it has been in the field."""

    scope: str = "agent.message"
    owned: frozenset[str] = frozenset(OPERATIONS)
    callback_binding: bool = True
    per_operation: bool = True
    extended_card: bool | None = True


class Task(msgspec.Struct, frozen=True):
    """A task: whose it is, its state, and the operations in it that have been authorized and carried out."""

    id: str
    owner: str
    client: str
    state: str = "submitted"
    waiting_for: str | None = None
    authorized: frozenset[str] = frozenset()
    done: frozenset[str] = frozenset()
    messages: tuple[Mapping[str, Any], ...] = ()


class PushConfig(msgspec.Struct, frozen=True):
    """Where the results of a task are delivered, and who said so."""

    task: str
    url: str
    set_by: str


class Ids(Protocol):
    """Where identifiers come from."""

    def next(self, prefix: str) -> str:
        """A fresh identifier that starts with this prefix."""
        ...


class A2aServer:
    """Tasks, push targets and what was delivered: flat dicts. A caller is the verified claims of its token, or None."""

    __slots__ = ("callbacks", "delivered", "profile", "pushes", "tasks")

    def __init__(self, profile: A2aProfile, callbacks: Mapping[str, frozenset[str]] = NOTHING) -> None:
        """`callbacks` holds the addresses that each person has registered."""
        self.profile = profile
        self.callbacks = dict(callbacks)
        self.tasks: dict[str, Task] = {}
        self.pushes: dict[str, PushConfig] = {}
        self.delivered: dict[tuple[str, str], str] = {}

    def fork(self) -> A2aServer:
        """An independent copy."""
        other = A2aServer(self.profile, self.callbacks)
        other.tasks, other.pushes = self.tasks.copy(), self.pushes.copy()
        other.delivered = self.delivered.copy()
        return other

    def receive(self, operation: str, parameters: Mapping[str, Any], caller: Claims | None, *, ids: Ids) -> Response:
        """Carry out one operation for a caller. Identity comes from the token alone, never from `parameters`."""
        if caller is None:
            return _refused(Refusal("credentials", "unauthorized", 401, "P-144", "a token is needed", SCHEME))
        refusal = self._refuses(operation, parameters, caller)
        if refusal is not None:
            return _refused(refusal)
        handler = {
            "send": self._send, "get": self._get, "list": self._list, "cancel": self._cancel, "subscribe": self._get,
            "set_push": self._set_push, "get_push": self._get_push, "delete_push": self._delete_push,
        }[operation]  # fmt: skip
        return handler(parameters, caller, ids)

    def _refuses(self, operation: str, parameters: Mapping[str, Any], caller: Claims) -> Refusal | None:
        """Permission, before any look-up that could tell what exists; then ownership."""
        if self.profile.scope not in caller.scope:
            text = f'{SCHEME}, error="insufficient_scope", scope="{self.profile.scope}"'
            return Refusal("scope", "insufficient_scope", 403, "P-144", "the scope is missing", text)
        if operation not in OPERATIONS:
            return Refusal("operation", str(UNSUPPORTED), 400, "P-147", "that operation is not supported")
        name = parameters.get("id")
        if operation == "list" or (operation == "send" and name is None):
            return None
        task = self.tasks.get(name) if isinstance(name, str) else None
        foreign = task is not None and task.owner != caller.sub and operation in self.profile.owned
        if task is None or foreign:
            return Refusal("owner", str(NOT_FOUND), 404, "P-145", "there is no such task")
        return None

    def _send(self, parameters: Mapping[str, Any], caller: Claims, ids: Ids) -> Response:
        message = parameters.get("message")
        said = message if isinstance(message, Mapping) else {}
        name = parameters.get("id")
        task = self.tasks[name] if isinstance(name, str) else Task(ids.next("a2a"), caller.sub, caller.client_id)
        self.tasks[task.id] = msgspec.structs.replace(task, messages=(*task.messages, said))
        return self._shown(task.id)

    def _get(self, parameters: Mapping[str, Any], caller: Claims, ids: Ids) -> Response:
        return self._shown(str(parameters["id"]))

    def _list(self, parameters: Mapping[str, Any], caller: Claims, ids: Ids) -> Response:
        everybody = "list" not in self.profile.owned
        visible = [one.id for one in self.tasks.values() if everybody or one.owner == caller.sub]
        return Response(200, NOTHING, {"tasks": visible})

    def _cancel(self, parameters: Mapping[str, Any], caller: Claims, ids: Ids) -> Response:
        if not self.move(str(parameters["id"]), "cancel"):
            return _refused(Refusal("state", str(NOT_CANCELABLE), 409, "P-148", "the task is over"))
        return self._shown(str(parameters["id"]))

    def _set_push(self, parameters: Mapping[str, Any], caller: Claims, ids: Ids) -> Response:
        url = parameters.get("url")
        refusal = self.check_callback(str(self.tasks[str(parameters["id"])].owner), url)
        if refusal is not None:
            return _refused(refusal)
        self.pushes[str(parameters["id"])] = PushConfig(str(parameters["id"]), str(url), caller.sub)
        return Response(200, NOTHING, {"url": url})

    def _get_push(self, parameters: Mapping[str, Any], caller: Claims, ids: Ids) -> Response:
        push = self.pushes.get(str(parameters["id"]))
        return Response(200, NOTHING, {"url": push.url if push else None})

    def _delete_push(self, parameters: Mapping[str, Any], caller: Claims, ids: Ids) -> Response:
        self.pushes.pop(str(parameters["id"]), None)
        return Response(200)

    def _shown(self, task_id: str) -> Response:
        task = self.tasks[task_id]
        body = {"id": task.id, "state": f"TASK_STATE_{task.state.upper()}", "waiting_for": task.waiting_for}
        return Response(200, NOTHING, body)

    # ------------------------------------------------------------- the agent's side of a task

    def move(self, task_id: str, event: str, **changes: Any) -> bool:
        """Take one step of the task's lifecycle; False where the table has none."""
        task = self.tasks[task_id]
        state = advance(A2A_TASK, task.state, event)
        if state is None:
            return False
        self.tasks[task_id] = msgspec.structs.replace(task, state=state, **changes)
        return True

    def need_authorization(self, task_id: str, operation: str) -> bool:
        """The agent waits for an authorization of one operation; the client sees AUTH_REQUIRED and what for."""
        return self.move(task_id, "need_authorization", waiting_for=operation)

    def authorize(self, task_id: str, operation: str, credential: Claims | None) -> Refusal | None:
        """An authorization arrives, out of band or in the task: for one operation, and bound to this agent's client."""
        task = self.tasks[task_id]
        if credential is not None and credential.client_id != task.client:
            return Refusal("binding", "access_denied", 403, "P-150", "the credential is bound to another agent")
        if not self.move(task_id, "authorize", waiting_for=None, authorized=task.authorized | {operation}):
            return Refusal("state", str(INVALID), 400, "P-148", "the task does not wait for an authorization")
        return None

    def execute(self, task_id: str, operation: str) -> Refusal | None:
        """Carry out an operation: working again is not enough, it must itself have been authorized, and once is once."""
        task = self.tasks[task_id]
        allowed = operation in task.authorized or not self.profile.per_operation
        if task.state != "working" or not allowed:
            return Refusal("authorization", "access_denied", 403, "P-149", "this operation was not authorized")
        used = task.authorized - {operation}
        self.tasks[task_id] = msgspec.structs.replace(task, authorized=used, done=task.done | {operation})
        return None

    # ------------------------------------------------------------- push delivery

    def check_callback(self, owner: str, url: Any) -> Refusal | None:
        """Whether results may go to this address: https, not inside the network, and the task owner's own."""
        if not isinstance(url, str) or not public_https(url):
            return Refusal("callback", str(INVALID), 400, "P-151", "the address is not a public https one")
        if self.profile.callback_binding and url not in self.callbacks.get(owner, frozenset()):
            return Refusal("callback", str(INVALID), 403, "P-151", "the address is not the task owner's")
        return None

    def push(self, task_id: str, update: str) -> PushConfig | Refusal | None:
        """Where this update is to be delivered now; None where it was delivered before, or nobody asked for it."""
        push = self.pushes.get(task_id)
        if push is None or (task_id, update) in self.delivered:
            return None
        refusal = self.check_callback(self.tasks[task_id].owner, push.url)
        if refusal is not None:
            return refusal
        self.delivered[(task_id, update)] = push.url
        return push

    def extended_card(self, caller: Claims | None) -> Response:
        """The extended agent card, for authenticated callers only."""
        if caller is None:
            return _refused(Refusal("credentials", "unauthorized", 401, "P-147", "a token is needed", SCHEME))
        if self.profile.extended_card is None:
            return _refused(Refusal("card", str(NO_CARD), 400, "P-147", "no extended card is configured"))
        if not self.profile.extended_card:
            return _refused(Refusal("card", str(UNSUPPORTED), 400, "P-147", "extended cards are not supported"))
        return Response(200, NOTHING, {"skills": ["extended"]})


def check_delivery(
    *, expected_token: str, given_token: str | None, known_tasks: frozenset[str], task: str
) -> Refusal | None:
    """What the receiver of a push does: authenticate the sender, and drop what is about no task of its own."""
    if given_token != expected_token or task not in known_tasks:
        return Refusal("delivery", "dropped", 401, "P-151", "the delivery is not authentic, or about no task of ours")
    return None


def public_https(url: str) -> bool:
    """Whether an address is https and, where it is numeric, outside every private network."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        port_fine = parts.port is None or parts.port > 0
    except ValueError:
        return False
    if parts.scheme != "https" or not host or host == "localhost" or not port_fine:
        return False
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return "." in host and not host.endswith((".internal", ".local"))


def _refused(refusal: Refusal) -> Response:
    headers = {"WWW-Authenticate": refusal.challenge} if refusal.challenge else NOTHING
    body = {"error": {"code": int(refusal.error), "message": refusal.detail}} if refusal.error[0] == "-" else NOTHING
    return Response(refusal.status, headers, body, refusal)
