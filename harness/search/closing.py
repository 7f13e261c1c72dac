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

from harness.search.approving import replenish, spend
from harness.search.facets import Facet
from harness.search.node import SCOPE, Accepted, Node, Shape
from harness.trace import Event
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

    def __init__(self, view: Bounds, facet: Facet) -> None:
        self.view = view
        self.facet = facet
        self.interests = facet.interests
        self.transitions = 0
        self._reply = Reply(ok=False)

    def close(self, node: Node) -> None:
        """Take every closed step until nothing new comes of it."""
        self._repeat(node)
        while not node.broken:
            self._people(node)
            if not node.news and not self.interests.rations and self.view.approvals:
                replenish(node, self.view, self._gather)
            if not node.news:
                break
            node.news = False
            self._agents(node)
        if self.interests.of_presence and not self.interests.rations:
            spend(node, self.view, self._attempt)

    def jump(self, node: Node, at_ms: int) -> None:
        """Let time pass; whoever is there acts now and then on the way, so that no session ends for want of that."""
        idle_ms = round(node.world.servers["home"].profile.session_idle_s * 1000)
        while not node.broken and self._outlasts(node, at_ms):
            present = [one for one in people.by_people(node.world, self.view) if isinstance(one, c.Act)]
            last = [node.world.sessions[one.session] for one in present if self.plain(node, one)]
            soonest = min(last, default=at_ms) + idle_ms - 1
            if soonest >= at_ms or soonest <= node.world.now_ms:
                break
            self.transitions += 1 + len(present)
            node.do(c.Jump(), soonest)
            for one in present:
                node.do(one)
        self.transitions += 1
        node.do(c.Jump(), at_ms)

    @staticmethod
    def _outlasts(node: Node, at_ms: int) -> bool:
        """Whether any session can last until then, however busy its person is."""
        store, profile = node.world.servers["home"].store, node.world.servers["home"].profile
        lasts = [store.sessions[one].auth_time_s + profile.session_ttl_s for one in node.world.sessions]
        return any(last_s * 1000 > at_ms for last_s in lasts)

    # ------------------------------------------------------------ trying

    def gathers(self, node: Node, command: c.Command) -> bool:
        """Whether a step takes nothing away and uses nothing up here.

        Whoever answers a question is there for a while: where the rule takes notice of that person's presence the answer
        is an event, so that what it gives is rare and its use is one too.
        """
        if not self.interests.gathers(command):
            return False
        if not self.interests.of_presence:
            return True
        approval = getattr(command, "approval", None)
        handle = getattr(command, "credential", None)
        if approval is None and handle is not None:
            approval = node.world.credentials[handle].approval
        return approval is None or not self.facet.involves(node.world.approvals[approval].user)

    def plain(self, node: Node, command: c.Command) -> bool:
        """Whether a step can be taken always, without a look at what it makes true."""
        return self.gathers(node, command) and not self.interests.may_calm(command)

    def _try(self, node: Node, shape: Shape, command: c.Command) -> str | None:
        """Take a step that was not taken before; None where it was, or cannot be closed; else the error, or ``."""
        if shape in node.accepted or shape in node.refused or not self.gathers(node, command):
            return None
        taken = self._taken(node, command)
        if taken is None:
            return None
        self._reply, events, made = taken
        if self._reply.ok:
            node.accepted[shape] = Accepted(command, node.heard(events), made)
            if isinstance(command, c.Call) and not self.interests.rations:
                node.asked.clear()
            return ""
        node.refused.add(shape)
        if self._reply.error in _ABOUT_CONSENT:
            node.wanting.add(shape)
        # an error from a hop behind the first one says nothing of what was presented
        behind = isinstance(command, c.Call) and any(e.kind == "request.allowed" and e.attempt is None for e in events)
        return "refused behind" if behind else self._reply.error or "refused"

    def _gather(self, node: Node, command: c.Command) -> bool:
        """Take a step that gathers; False where it is refused or stays an event."""
        taken = self._taken(node, command) if self.gathers(node, command) else None
        return taken is not None and taken[0].ok

    def _attempt(self, node: Node, command: c.Command) -> None:
        """Take a step for what becomes of the rule alone."""
        self.transitions += 1
        node.do(command)

    def _taken(self, node: Node, command: c.Command) -> tuple[Reply, list[Event], tuple[Shape, ...]] | None:
        """Take a step that gathers; None where something that it makes true helps to keep the rule: it stays an event."""
        self.transitions += 1
        self._leak(node, command)
        if not self.interests.may_calm(command):
            reply, events = node.do(command)
            return reply, events, node.made
        trial = node.fork()
        reply, events = trial.do(command)
        if trial.calmed(events):
            node.broken += trial.broken
            return None
        node.become(trial)
        return reply, events, node.made

    def _repeat(self, node: Node) -> None:
        """Time has passed, or something was taken away: get newer tokens, and take again what may matter now.

        A token that nothing accepts is let go: what refused it would refuse a newer one, until something new is given;
        then it is asked for again.
        """
        passed = node.world.now_ms > node.renewed_ms
        node.renewed_ms = node.world.now_ms
        useful = node.useful() if passed else set()
        for shape, one in list(node.accepted.items()):
            if passed and isinstance(one.command, c.GetToken):
                if useful.isdisjoint(one.made):
                    del node.accepted[shape]
                else:
                    self._again(node, shape, one.command)
            elif one.facts and node.would_matter(one.facts, self.interests.arming if passed else frozenset()):
                self._again(node, shape, one.command)

    def _again(self, node: Node, shape: Shape, command: c.Command) -> None:
        current = self._current(node, command)
        useless = ("useless", shape[1], shape[2], shape[4]) if shape[0] == "token" and len(shape) > 8 else ()
        if useless in node.refused:
            del node.accepted[shape]
            return
        taken = self._taken(node, current)
        if taken is None:
            return
        reply, events, made = taken
        if reply.ok:
            node.accepted[shape] = Accepted(current, node.heard(events), made or node.accepted[shape].made)
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
            elif kind in (c.Arrive, c.LogIn, c.GiveConsent) and self.gathers(node, command):
                node.news |= self._taken(node, command) is not None

    def _act(self, node: Node, command: c.Command) -> None:
        """A person who is there keeps the session alive."""
        assert isinstance(command, c.Act)
        if self.plain(node, command) and node.world.sessions.get(command.session, 0) < node.world.now_ms:
            self.transitions += 1
            node.do(command)

    def _start(self, node: Node, command: c.Command) -> None:
        """Work that is refused (for want of a consent) would only litter the state: it is tried aside."""
        shape = ("start", command, node.world.now_ms, len(node.world.consents))
        if shape in node.refused or not self.gathers(node, command):
            return
        self.transitions += 1
        trial = node.fork()
        reply, events = trial.do(command)
        if not reply.ok:
            node.refused.add(shape)
        elif not trial.calmed(events):
            node.become(trial)

    # ------------------------------------------------------------ agents and outsiders

    def _agents(self, node: Node) -> None:
        for agent, task in list(agents.errands(node.world, self.view)):
            if node.broken:
                return
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
        leaking = self.view.leaking
        return [
            (shape, one) for shape, one in node.held()
            if one.holder == agent or (one.kind == "access" and one.holder in leaking)
        ]  # fmt: skip

    def _leak(self, node: Node, command: c.Command) -> None:
        """What an outsider shows has leaked, at the latest by then."""
        if not isinstance(command, c.GetToken | c.Call | c.SendToModel) or command.agent not in self.view.outsiders:
            return
        handle = command.subject if isinstance(command, c.GetToken) else command.credential
        if handle is None or handle in node.world.leaked or node.world.credentials[handle].holder == command.agent:
            return
        self.transitions += 1
        node.do(c.Leak(handle))

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
        had: dict[bool, set[str]] = {False: set(), True: set()}
        for request in requests:
            plain = request.provider is None and not request.offline
            if len(request.scope) == 1 and request.provider is None and request.scope[0] in had[request.offline]:
                continue
            shape = ("token", *mark, request.grant, request.scope, request.provider, request.purpose, request.offline)
            error = self._try(node, shape, request)
            got = node.accepted.get(shape)
            if got is not None and request.provider is None and not had[request.offline]:
                had[request.offline].update(scope for made in got.made for scope in made[SCOPE])
                self._ordinary(node, mark, request, had[request.offline])
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
            self._try(node, ("ordinary", *mark, request.grant, request.offline), replace(request, scope=plain))

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
            mark = ("dead", key, node.unscoped(shape), api)
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
            if not self._worth(node, command, credential, info):
                continue
            handle = node.world.handles[command.handle].user if command.handle else None
            named = command.approval if self.interests.rations else command.approval is not None
            tried: Shape = ("call", key, shape, info.name, command.owner, command.amount, named, command.job, handle)
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

    def _worth(self, node: Node, command: c.Call, credential: Credential, info: EndpointInfo) -> bool:
        """Whether an operation is tried here: spending what is rationed is an event; of other approvals the newest will do."""
        if self.interests.rations:
            return command.approval is not None or credential.approval is None or info.endpoint.privilege != "high"
        if command.approval is None:
            return True
        answered = [one.id for one in node.world.approvals.values() if one.state == "approved" and one.task == command.task]
        return answered[-1:] == [command.approval]

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
