"""Closing a state: everything that an adversary can only learn or gather, taken until nothing new comes of it.

Why this loses nothing. A step is closed only if (1) it takes nothing away and uses nothing up: whatever could be done
without it can be done after it, at the same instant and later; (2) none of its events can help to keep a rule
(`Interests.closable`). Take any attack, and put all closed steps that are possible in front of each of its events: by
(1) each of its steps is still possible and by (2) the rule still breaks. So an attack with d events exists if and only
if one exists among closed states d events deep. What was refused once stays refused while nothing is given that it
does not name, since time and denials only take away; and an answer that speaks of the token alone (`invalid_token`),
of the target alone (`invalid_target`), of the scope alone (`insufficient_scope`) or of the subject token alone
(`invalid_request`, `invalid_grant`) holds for every request that has the same (RFC 6750 section 3.1, RFC 8707 section
2, RFC 8693 section 2.2.2). A test holds the lengths against a search that uses none of this.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec.structs import replace

from harness.search.interests import Interests
from harness.search.node import Node, Shape
from harness.world.mechanics import choices as people
from harness.world.mechanics import choices_of_agents as agents
from harness.world.mechanics import commands as c
from harness.world.mechanics.bounds import Bounds
from harness.world.mechanics.design import EndpointInfo
from harness.world.mechanics.legality import THIEF
from harness.world.mechanics.records import Credential, Task
from harness.world.mechanics.replies import Reply

_ABOUT_SUBJECT = frozenset({"invalid_request", "invalid_grant", "invalid_client", "unauthorized_client"})
_ABOUT_TOKEN = frozenset({"invalid_token"})
_ABOUT_CONSENT = frozenset({"consent_required", "invalid_authorization_details"})
_RUNTIME = "refused_by_runtime"


class Closing:
    """Closes states for one requirement in one small world. `transitions` counts the steps that were tried."""

    def __init__(self, view: Bounds, interests: Interests) -> None:
        self.view = view
        self.interests = interests
        self.transitions = 0
        self._reply = Reply(ok=False)

    def close(self, node: Node) -> None:
        """Take every closed step until nothing new comes of it."""
        self._repeat(node)
        while not node.broken:
            self._people(node)
            if not node.news:
                return
            node.news = False
            self._agents(node)

    def jump(self, node: Node, at_ms: int) -> None:
        """Let time pass; whoever is there acts now and then on the way, so that no session ends for want of that."""
        idle_ms = round(node.world.servers["home"].profile.session_idle_s * 1000)
        while not node.broken:
            present = [one for one in people.by_people(node.world, self.view) if isinstance(one, c.Act)]
            last = [node.world.sessions[one.session] for one in present if self.interests.closable(one)]
            soonest = min(last, default=at_ms) + idle_ms - 1
            if soonest >= at_ms or soonest <= node.world.now_ms:
                break
            self.transitions += 1 + len(present)
            node.do(c.Jump(), soonest)
            for one in present:
                node.do(one)
        self.transitions += 1
        node.do(c.Jump(), at_ms)

    # ------------------------------------------------------------ trying

    def _try(self, node: Node, shape: Shape, command: c.Command) -> str | None:
        """Take a step that was not taken before; None where it was, or cannot be closed; else the error, or ``."""
        if shape in node.accepted or shape in node.refused or not self.interests.closable(command):
            return None
        self.transitions += 1
        self._reply, events = node.do(command)
        if self._reply.ok:
            node.accepted[shape] = (command, node.heard(events))
            return ""
        node.refused.add(shape)
        if self._reply.error in _ABOUT_CONSENT:
            node.wanting.add(shape)
        # an error from a hop behind the first one says nothing of what was presented
        behind = isinstance(command, c.Call) and any(e.kind == "request.allowed" and e.attempt is None for e in events)
        return "refused behind" if behind else self._reply.error or "refused"

    def _repeat(self, node: Node) -> None:
        """Time has passed, or something was taken away: get newer tokens, and take again what may matter now."""
        passed = node.world.now_ms > node.renewed_ms
        node.renewed_ms = node.world.now_ms
        for shape, (command, facts) in list(node.accepted.items()):
            renewed = passed and isinstance(command, c.GetToken)
            if renewed or (facts and node.would_matter(facts, self.interests.arming if passed else frozenset())):
                self._again(node, shape, command)

    def _again(self, node: Node, shape: Shape, command: c.Command) -> None:
        if isinstance(command, c.Step) and command.agent in self.view.outsiders:
            self._leak(node)
        current = self._current(node, command)
        useless = ("useless", shape[1], shape[2], shape[4]) if shape[0] == "token" and len(shape) > 8 else ()
        if useless in node.refused:
            del node.accepted[shape]
            return
        self.transitions += 1
        reply, events = node.do(current)
        if reply.ok:
            node.accepted[shape] = (current, node.heard(events))
        else:
            del node.accepted[shape]
            node.refused.add(shape)
            if useless and reply.error in _ABOUT_SUBJECT:
                node.refused.add(useless)

    @staticmethod
    def _current(node: Node, command: c.Command) -> c.Command:
        """The same step with the credential of its kind that lives longest now."""
        for field in ("credential", "subject"):
            handle = getattr(command, field, None)
            if handle is not None:
                best = node.best.get(node.shape(node.world.credentials[handle]), handle)
                if best != handle:
                    command = replace(command, **{field: best})
        return command

    # ------------------------------------------------------------ people

    def _people(self, node: Node) -> None:
        for command in list(people.by_people(node.world, self.view)):
            kind = type(command)
            if kind is c.Act:
                self._act(node, command)
            elif kind is c.StartTask:
                self._start(node, command)
            elif self.interests.closable(command) and kind in (c.Arrive, c.LogIn, c.GiveConsent, c.AnswerPrompt):
                self._give(node, command)

    def _give(self, node: Node, command: c.Command) -> None:
        if not isinstance(command, c.AnswerPrompt) or command.approve:
            self.transitions += 1
            node.do(command)
            node.news = True

    def _act(self, node: Node, command: c.Command) -> None:
        """A person who is there keeps the session alive."""
        assert isinstance(command, c.Act)
        if self.interests.closable(command) and node.world.sessions.get(command.session, 0) < node.world.now_ms:
            self.transitions += 1
            node.do(command)

    def _start(self, node: Node, command: c.Command) -> None:
        """Work that is refused (for want of a consent) would only litter the state: it is tried aside."""
        shape = ("start", command, node.world.now_ms, len(node.world.consents))
        if shape in node.refused or not self.interests.closable(command):
            return
        self.transitions += 1
        if node.fork().do(command)[0].ok:
            node.do(command)
        else:
            node.refused.add(shape)

    # ------------------------------------------------------------ agents and outsiders

    def _agents(self, node: Node) -> None:
        for agent, task in list(agents.errands(node.world, self.view)):
            if node.broken:
                return
            if agent in self.view.outsiders:
                self._leak(node)
            if agent != THIEF:
                self._tokens(node, agent, task)
            for shape, credential in self._presentable(node, agent):
                if credential.kind == "access" and not node.broken:
                    self._present(node, agent, task, shape, credential)
            if task is not None:
                self._talk(node, task)

    def _presentable(self, node: Node, agent: str) -> list[tuple[Shape, Credential]]:
        """What a program may present: its own; an outsider also whatever leaked."""
        if agent not in self.view.outsiders:
            return list(node.held(agent))
        leaked = node.world.leaked
        return [(shape, one) for shape, one in node.held() if one.handle in leaked or one.holder == agent]

    def _leak(self, node: Node) -> None:
        """Whatever is around leaks, at the latest when an outsider can do something with it."""
        for leak in list(people.leaks(node.world, self.view)):
            self.transitions += 1
            node.do(leak)

    def _tokens(self, node: Node, agent: str, task: Task | None) -> None:
        key = task.id if task else None
        if task is not None:
            renew = c.GetToken(agent=agent, task=key, goal="search", twist="search", grant="renew")
            self._try(node, ("renew", agent, key), renew)
        for audience in self.view.audiences:
            own = agents.credentials_of_its_own(self.view, agent, key, audience)
            self._requests(node, (agent, key, audience), iter(own))
        for shape, subject in self._presentable(node, agent):
            foreign = subject.task is not None and task is not None and subject.task != task.id
            again = subject.holder == agent and subject.depth >= self.view.exchanges
            if again or subject.user is None or foreign:
                continue
            self._exchange(node, agent, task, shape, subject)

    def _exchange(self, node: Node, agent: str, task: Task | None, shape: Shape, subject: Credential) -> None:
        """All that one subject gives: where the answer speaks of the subject, no other request helps."""
        if subject.kind == "refresh":
            self._refresh(node, agent, task, shape, subject)
            return
        for audience in self.view.audiences:
            found = agents.token_requests(node.world, self.view, agent, task, subject, audience)
            if subject.depth > 0 and subject.holder == agent:
                if audience not in subject.facts.token_audience:
                    continue
                found = iter([next(found)])
            mark = (agent, task.id if task else None, audience, shape)
            if not self._requests(node, mark, found):
                return

    def _refresh(self, node: Node, agent: str, task: Task | None, shape: Shape, subject: Credential) -> None:
        """A refresh token is rotated: each use takes the newest one, and an old one is never shown (it ends the grant)."""
        for audience in self.view.audiences:
            newest = node.world.credentials[node.best[node.shape(subject)]]
            request = next(agents.token_requests(node.world, self.view, agent, task, newest, audience))
            useless = ("useless", agent, task.id if task else None, shape)
            if useless in node.refused:
                return
            error = self._try(node, ("refresh", agent, task.id if task else None, audience, shape), request)
            if error in _ABOUT_SUBJECT:
                node.refused.add(useless)

    def _requests(self, node: Node, mark: Shape, requests: Iterator[c.GetToken]) -> bool:
        """Requests for one audience; False where an answer says that the subject is of no use anywhere."""
        useless, closed = ("useless", mark[0], mark[1], *mark[3:]), ("target", *mark)
        if useless in node.refused or closed in node.refused:
            return useless not in node.refused
        had: set[str] = set()
        for request in requests:
            plain = request.provider is None and not request.offline
            if (
                len(request.scope) == 1
                and request.provider is None
                and (request.scope[0] in had) is not request.offline
            ):
                continue
            shape = ("token", *mark, request.grant, request.scope, request.provider, request.purpose, request.offline)
            error = self._try(node, shape, request)
            if error == "" and plain and not had:
                had.update(node.world.credentials[str(self._reply.credential)].facts.token_scope)
                self._ordinary(node, mark, request, had)
            if plain and error in _ABOUT_SUBJECT:
                node.refused.add(useless)
                return False
            if plain and error == "invalid_target":
                node.refused.add(closed)
                return True
        return True

    def _ordinary(self, node: Node, mark: Shape, request: c.GetToken, had: set[str]) -> None:
        """The same without the scopes of privileged endpoints: checks that only those call for do not look at it."""
        plain = tuple(sorted(had - node.world.design.elevated))
        if plain and len(plain) < len(had):
            self._try(node, ("ordinary", *mark, request.grant), replace(request, scope=plain))

    def _present(self, node: Node, agent: str, task: Task | None, shape: Shape, credential: Credential) -> None:
        """One credential at every API, until the answers say that it is of no use there."""
        if task is not None and credential.task not in (None, task.id) and credential.user == task.user:
            return
        key = task.id if task else agent
        if ("foreign", key, shape) in node.refused:
            return
        by_api: dict[str, list[EndpointInfo]] = {}
        for info in node.world.design.endpoints.values():
            by_api.setdefault(info.api, []).append(info)
        for api, infos in by_api.items():
            mark = ("dead", key, shape, api)
            if mark in node.refused:
                continue
            for info in infos:
                if not self._call(node, agent, task, shape, credential, info):
                    node.refused.add(mark)
                    break
            if ("foreign", key, shape) in node.refused:
                return
        if task is not None:
            self._send(node, task, shape, credential)

    def _call(
        self, node: Node, agent: str, task: Task | None, shape: Shape, credential: Credential, info: EndpointInfo
    ) -> bool:
        """One endpoint with one credential; False where the answer says that the token is no good at this API."""
        key = task.id if task else agent
        closed = ("scope", key, shape, info.name)
        if closed in node.refused:
            return True
        for command in agents.calls_of(node.world, self.view, agent, task, credential, info):
            if command.job and (not self.interests.outlives or self._has_job(node, command)):
                continue
            if command.approval is None and credential.approval is not None and info.endpoint.privilege == "high" \
                    and self.interests.approvals_matter:  # fmt: skip
                continue
            handle = node.world.handles[command.handle].user if command.handle else None
            tried: Shape = ("call", key, shape, info.name, command.owner, command.amount, command.approval,
                            command.job, handle)  # fmt: skip
            if command.passthrough is not None:
                tried = ("passed", key, shape, command.passthrough)
            error = self._try(node, tried, command)
            foreign = task is not None and credential.user not in (None, task.user)
            if error == _RUNTIME and foreign:
                node.refused.add(("foreign", key, shape))
                return False
            if error in _ABOUT_TOKEN and not command.passthrough:
                return False
            if error == "insufficient_scope":
                node.refused.add(closed)
                break
        return True

    @staticmethod
    def _has_job(node: Node, command: c.Call) -> bool:
        """One queued job for each task is enough to go on while nobody asks."""
        return any(getattr(getattr(due.payload, "step", None), "task", "") == command.task
                   for due in node.world.agenda.values() if due.kind == "job")  # fmt: skip

    def _send(self, node: Node, task: Task, shape: Shape, credential: Credential) -> None:
        mark = ("unsendable", task.id, shape)
        if mark in node.refused:
            return
        for seen, item in self._items(node, task):
            for provider in self.view.providers:
                send = c.SendToModel(
                    agent=task.agent, task=task.id, goal="search", twist="search", provider=provider,
                    credential=credential.handle, items=(item,), purpose=credential.purpose,
                )  # fmt: skip
                if self._try(node, ("send", task.id, shape, provider, seen), send) in _ABOUT_TOKEN:
                    node.refused.add(mark)
                    return

    @staticmethod
    def _items(node: Node, task: Task) -> list[tuple[Shape, str]]:
        return [(shape, key) for shape, key in node.items.items() if shape[0] == task.id]

    def _talk(self, node: Node, task: Task) -> None:
        """Without a token: answers, memories, messages, sub-agents; and approvals where they can be closed."""
        base: dict[str, Any] = {"agent": task.agent, "task": task.id, "goal": "search", "twist": "search"}
        for seen, item in self._items(node, task):
            self._try(node, ("deliver", *seen), c.Deliver(**base, items=(item,)))
            self._try(node, ("store", task.agent, task.user, *seen[1:]), c.StoreMemory(**base, item=item))
            self._try(node, ("out", *seen), c.SendMessage(**base, to="outside", external=True, items=(item,)))
            for other in self.view.agents:
                if other != task.agent:
                    self._try(node, ("to", other, *seen), c.SendMessage(**base, to=other, items=(item,)))
        for memory in list(node.world.memories.values()):
            if memory.agent == task.agent:
                self._try(node, ("read", task.id, memory.id), c.ReadMemory(**base, memory=memory.id))
        if sum(name.startswith("sub_agent") for name in node.world.programs) < self.view.sub_agents:
            self._try(node, ("spawn", task.agent), c.Spawn(**base, sub_agent=f"sub_agent_of_{task.agent}"))
        if not self.interests.approvals_matter:
            for command in (*agents.questions(node.world, self.view, task), *agents.redemptions(node.world, task)):
                self._try(node, ("approval", command), command)
