"""What agents and outsiders can learn or gather: tokens, calls, data sent on, answers, memories, messages, sub-agents.

What an answer speaks of is not tried again: the token alone (`invalid_token`), the target alone (`invalid_target`), the
scope alone (`insufficient_scope`) or the subject token alone (`invalid_request`, `invalid_grant`): RFC 6750 section 3.1,
RFC 8707 section 2, RFC 8693 section 2.2.2. A plain no (`access_denied`, `not_found`) speaks of who comes and for what: whoever
comes as the same with another audience or scope got no further.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Any

from msgspec.structs import replace

from harness.search.node import SCOPE, Node
from harness.search.steps import Shape
from harness.search.taking import Taking
from harness.world.mechanics import choices_of_agents as agents
from harness.world.mechanics import commands as c
from harness.world.mechanics.design import EndpointInfo
from harness.world.mechanics.forgery import forged_as
from harness.world.mechanics.hostile import Forge
from harness.world.mechanics.legality import THIEF
from harness.world.mechanics.records import Credential, Task

ABOUT_SUBJECT = frozenset({"invalid_request", "invalid_grant", "invalid_client", "unauthorized_client"})
ABOUT_TOKEN = frozenset({"invalid_token"})
ABOUT_WHOM = frozenset({"access_denied", "not_found"})
ALL_OF_IT = ("whatever may be had", "all that there is")
"""The first requests with each subject token; the others are for parts of that."""
NO_WAY = "unreachable"
RUNTIME = "refused_by_runtime"
REFRESHES = 2
"""How often a thief goes on refreshing what it got with stolen keys."""


class Errands:
    """Everything that whoever acts for a task, or for nobody, can gather in a state."""

    def __init__(self, taking: Taking) -> None:
        self.taking = taking
        self.view = taking.view
        self.interests = taking.interests

    def run(self, node: Node) -> None:
        for agent, task in list(agents.errands(node.world, self.view)):
            if node.stopped:
                return
            if agent != THIEF:
                self._tokens(node, agent, task)
            else:
                self._with_stolen_keys(node)
            for shape, credential in self._presentable(node, agent, task):
                if credential.kind == "access" and not node.stopped:
                    self._present(node, agent, task, shape, credential)
            if task is not None or agent not in self.view.agents:
                self._forge(node, agent, task)
            if task is not None and task.agent == agent:
                self._talk(node, task)

    def _presentable(self, node: Node, agent: str, task: Task | None) -> list[tuple[Shape, Credential]]:
        """What a program may present: its own, without a task what is in its own name; an outsider also whatever leaked."""
        if agent not in self.view.outsiders:
            return [(shape, one) for shape, one in node.held(agent) if task is not None or one.user is None]
        leaking = self.view.leaking
        return [
            (shape, one) for shape, one in node.held()
            if one.holder == agent or (one.kind == "access" and one.holder in leaking)
        ]  # fmt: skip

    def _forge(self, node: Node, agent: str, task: Task | None) -> None:
        """Each kind of token that nobody issued, at each API, in one person's name; where one is taken, in every one's."""
        real = [one for _, one in self._presentable(node, agent, task) if one.kind == "access" and forged_as(one) is None]
        key = task.id if task else agent
        if not real or not node.is_new(("forged", key)):
            return
        for forgery in agents.forgeries(self.view, agent, task, real[0]):
            useless = ("forged", agent, forgery.kind, forgery.audience)
            mark = ("forged", key, forgery.kind, forgery.audience, forgery.subject)
            if node.stopped or useless in node.refused or mark in node.refused:
                continue
            node.refused.add(mark)
            if not self._passes(node, agent, task, forgery):
                node.refused.add(useless)

    def _passes(self, node: Node, agent: str, task: Task | None, forgery: Forge) -> bool:
        """Whether anything takes a forged token; one that nothing takes is thrown away."""
        trial = node.fork()
        if not self.taking.gather(trial, forgery):
            return False
        shape = trial.made[0]
        credential = trial.world.credentials[trial.best[shape]]
        before = len(trial.accepted)
        for info in trial.world.design.endpoints.values():
            if info.api == forgery.audience and not self._call(trial, agent, task, shape, credential, info):
                break
        if len(trial.accepted) == before and not trial.broken:
            return False
        node.become(trial)
        return True

    def _tokens(self, node: Node, agent: str, task: Task | None) -> None:
        key = task.id if task else None
        registered = len(node.world.programs[agent].registered)
        if task is not None:
            renew = c.GetToken(agent=agent, task=key, goal="search", twist="search", grant="renew")
            self.taking.once(node, ("renew", agent, key), renew)
        for audience in self.view.audiences:
            if node.is_new(("own", agent, key, audience), registered):
                own = agents.credentials_of_its_own(self.view, agent, key, audience)
                self._requests(node, (agent, key, audience), own)
        for shape, subject in self._presentable(node, agent, task):
            foreign = subject.task is not None and task is not None and subject.task != task.id
            again = subject.holder == agent and subject.depth >= self.view.exchanges
            if again or subject.user is None or foreign:
                continue
            if node.is_new(("exchanged", agent, key, shape), registered):
                self._exchange(node, agent, task, shape, subject)

    def _with_stolen_keys(self, node: Node) -> None:
        """An outsider who has a client's keys is that client: in its own name, with what leaked, with what it refreshes.

        The first refresh of what was in the vault is an event, since it takes the token from its owner (`Taking.gathers`);
        what it gives is refreshed here, `REFRESHES` times more at most.
        """
        for client in [one.removeprefix("client:") for one in node.world.leaked if one.startswith("client:")]:
            for audience in self.view.audiences:
                if node.is_new(("own", THIEF, client, audience)):
                    own = agents.credentials_of_its_own(self.view, THIEF, None, audience)
                    self._requests(node, (THIEF, client, audience), _as_client(client, own))
            for shape, subject in self._presentable(node, THIEF, None):
                most = self.view.exchanges + (REFRESHES if subject.kind == "refresh" else 0)
                again = subject.holder == THIEF and subject.depth >= most
                if subject.user is not None and not again and node.is_new(("exchanged", THIEF, client, shape)):
                    self._as_that_client(node, client, shape, subject)

    def _as_that_client(self, node: Node, client: str, shape: Shape, subject: Credential) -> None:
        for audience in self.view.audiences:
            if shape not in node.best:
                return  # it was used for another API, and rotated
            newest = node.world.credentials[node.best[shape]]
            found = agents.token_requests(node.world, self.view, THIEF, None, newest, audience)
            if subject.kind == "refresh":
                if subject.client == client:
                    tried = ("token", THIEF, client, audience, shape, "refresh_token", (), None, None, False)
                    self.taking.once(node, tried, replace(next(found), as_client=client))
            elif not self._requests(node, (THIEF, client, audience, shape), _as_client(client, found)):
                return

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
            if self._had_by_another(node, mark, "token_exchange"):
                continue
            if not self._requests(node, mark, found):
                return

    def _had_by_another(self, node: Node, mark: Shape, grant: str) -> bool:
        """Whether a token for the same, with no less scope, has given what there is for this audience; else this one may."""
        agent, task, audience, shape = mark
        as_one = ("as", grant, agent, task, audience, node.as_whom(shape))
        other, given = node.gone_through.get(as_one, (shape, None)), ("token", *mark, grant, (), None, None, False)
        assert isinstance(other, tuple), "what is kept is a shape, and what it gave"
        if other[1] not in node.accepted or set(shape[SCOPE]) > set(other[0][SCOPE]):
            node.gone_through[as_one] = (shape, given)
            return False
        return not self.interests.reads_tokens and other[0] != shape and set(shape[SCOPE]) <= set(other[0][SCOPE])

    def _refresh(self, node: Node, agent: str, task: Task | None, shape: Shape, subject: Credential) -> None:
        """A refresh token is rotated: each use takes the newest one, and an old one is never shown (it ends the grant)."""
        for audience in self.view.audiences:
            newest = node.world.credentials[node.best[node.shape(subject)]]
            request = next(agents.token_requests(node.world, self.view, agent, task, newest, audience))
            useless = ("useless", agent, task.id if task else None, shape)
            if useless in node.refused:
                return
            if self._had_by_another(node, (agent, task.id if task else None, audience, shape), "refresh_token"):
                continue
            tried = ("token", agent, task.id if task else None, audience, shape, "refresh_token", (), None, None, False)
            error = self.taking.once(node, tried, request)
            if error in ABOUT_SUBJECT:
                node.refused.add(useless)

    def _requests(self, node: Node, mark: Shape, requests: Iterator[c.GetToken]) -> bool:
        """Requests for one audience; False where an answer says that the subject is of no use anywhere."""
        useless, closed = ("useless", mark[0], mark[1], *mark[3:]), ("target", *mark)
        if useless in node.refused or closed in node.refused:
            return useless not in node.refused
        had: dict[bool, set[str]] = {False: set(), True: set()}
        gives: list[Shape] = []
        for number, request in enumerate(requests):
            if number == len(ALL_OF_IT) and gives and self._gives_the_same(node, mark, gives):
                return True
            plain = request.provider is None and not request.offline
            if len(request.scope) == 1 and request.provider is None and request.scope[0] in had[request.offline]:
                continue
            shape = ("token", *mark, request.grant, request.scope, request.provider, request.purpose, request.offline)
            error = self.taking.once(node, shape, request)
            got = node.accepted.get(shape)
            gives += got.made if got is not None else ()
            if got is not None and request.provider is None and not had[request.offline]:
                had[request.offline].update(scope for made in got.made for scope in made[SCOPE])
                self._ordinary(node, mark, request, had[request.offline])
            if plain and error in ABOUT_SUBJECT:
                node.refused.add(useless)
                return False
            if plain and error == "invalid_target":
                node.refused.add(closed)
                return True
        return True

    @staticmethod
    def _gives_the_same(node: Node, mark: Shape, gives: list[Shape]) -> bool:
        """Whether another subject token gave just that when it was asked for all: each part of it gives the same then.

        As long as the other one is good: what was not granted for want of something else is asked for with that one again.
        """
        key = ("gives", *mark[:3], frozenset(gives))
        other = node.gone_through.setdefault(key, mark)
        assert isinstance(other, tuple), "what is kept is who asked with what"
        held = node.best.get(other[3]) if len(other) > 3 else None
        if other == mark or held is None or node.world.credentials[held].expires_ms <= node.world.now_ms:
            node.gone_through[key] = mark
            return False
        return True

    def _ordinary(self, node: Node, mark: Shape, request: c.GetToken, had: set[str]) -> None:
        """The same without the scopes of privileged endpoints: checks that only those call for do not look at it."""
        plain = tuple(sorted(had - node.world.design.elevated))
        if plain and len(plain) < len(had):
            self.taking.once(node, ("ordinary", *mark, request.grant, request.offline), replace(request, scope=plain))

    def _present(self, node: Node, agent: str, task: Task | None, shape: Shape, credential: Credential) -> None:
        """One credential at every API, until the answers say that it is of no use there."""
        if task is not None and credential.task not in (None, task.id) and credential.user == task.user:
            return
        key = task.id if task else agent
        if ("foreign", key, shape) in node.refused:
            return
        news = node.news_since(("presented", key, shape), self._bears_on(node, task))
        if not news:
            return
        by_api: dict[str, list[EndpointInfo]] = {}
        for info in node.world.design.endpoints.values():
            if not news.isdisjoint(_concerning(node, info)):
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
        if task is not None and task.agent == agent and not news.isdisjoint(("all", "items")):
            self._send(node, task, shape, credential)

    def _bears_on(self, node: Node, task: Task | None) -> dict[str, Hashable]:
        """What calls with one credential depend on beside it: answers to questions, handles, data, jobs that wait."""
        world = node.world
        return {
            "answers": None if self.interests.rations else tuple((one.id, one.state) for one in world.approvals.values()),
            "handles": len(world.handles),
            "items": len(self._items(node, task)) if task is not None else 0,
            "jobs": self._has_job(node, task.id) if task is not None else False,
        }

    def _call(
        self, node: Node, agent: str, task: Task | None, shape: Shape, credential: Credential, info: EndpointInfo
    ) -> bool:
        """One endpoint with one credential; False where the answer says that the token is no good at this API."""
        key = task.id if task else agent
        closed = ("scope", key, shape, info.name)
        if closed in node.refused:
            return True
        for command in self._ways(node, agent, task, shape, credential, info):
            if command.job and (not self.interests.outlives or self._has_job(node, command.task)):
                continue
            if not self._worth(node, command, credential, info):
                continue
            handle = node.world.handles[command.handle].like if command.handle else None
            way = command.amount, command.payee, command.approval is not None, command.around, command.header_tool
            tried: Shape = ("call", key, shape, info.name, command.owner, *way, command.job, handle)
            what: Shape = (info.name, command.owner, *way, command.job, handle)
            if command.passthrough is not None:
                tried, what = ("passed", key, shape, command.passthrough), ("passed", command.passthrough)
            as_one = ("as", key, self._whose(node, shape), *what)
            denied = ("denied", key, node.as_whom(shape), *what)
            nowhere = ("unreachable", key, info.api, command.around)
            unfit = ("unfit", key, node.unscoped(shape), self._behind(node, command))
            if not node.refused.isdisjoint((denied, nowhere, unfit)) or self._same_again(node, as_one, tried):
                continue
            error = self.taking.once(node, tried, command)
            if error == "":
                node.gone_through[as_one] = tried
            # what is passed on as it is is looked at behind the first hop; else a no from there speaks of the server's own token
            whose_no = self.taking.reply.error if error is not None and command.passthrough else error
            if whose_no in ABOUT_WHOM and not self.interests.hears_refusals:
                node.refused.add(denied)
            if error == NO_WAY:
                node.refused.add(nowhere)
            if whose_no in ABOUT_TOKEN and command.passthrough:
                node.refused.add(unfit)
            foreign = task is not None and credential.user not in (None, task.user)
            if error == RUNTIME and foreign:
                node.refused.add(("foreign", key, shape))
                return False
            if error in ABOUT_TOKEN and not command.passthrough:
                return False
            if error == "insufficient_scope":
                node.refused.add(closed)
                break
        return True

    def _ways(
        self, node: Node, agent: str, task: Task | None, shape: Shape, credential: Credential, info: EndpointInfo
    ) -> Iterator[c.Call]:
        """All calls of an endpoint; that its server passes a token on is the same for all tools of one server."""
        yield from agents.calls_of(node.world, self.view, agent, task, credential, info)
        if info.endpoint.calls and node.is_new(("passed on", task.id if task else agent, shape, info.api)):
            yield from agents.passed_on(node.world, agent, task, credential, info)

    def _whose(self, node: Node, shape: Shape) -> Shape:
        """As whom one comes, as far as the rule looks at that: with another credential the same is the same to it.

        What is refused some day is tried with the others from then on.
        """
        return node.as_whom(shape) if self.interests.reads_whose or self.interests.reads_tokens else ()

    @staticmethod
    def _behind(node: Node, command: c.Call) -> str | None:
        """The API that a token is passed on to."""
        return node.world.design.endpoints[command.passthrough].api if command.passthrough else None

    def _same_again(self, node: Node, as_one: Shape, tried: Shape) -> bool:
        """Whether a token with another audience or scope has done the same already, and the rule reads neither."""
        done = node.gone_through.get(as_one)
        return not self.interests.reads_tokens and done != tried and done in node.accepted

    def _worth(self, node: Node, command: c.Call, credential: Credential, info: EndpointInfo) -> bool:
        """Whether an operation is tried here: spending what is rationed is an event.

        Else the approval that a token comes from is named beside it, and with other tokens the newest will do.
        """
        if self.interests.rations:
            return command.approval is None and (credential.approval is None or info.endpoint.privilege != "high")
        if command.approval is None or credential.approval is not None:
            return command.approval in (None, credential.approval)
        answered = [one.id for one in node.world.approvals.values() if one.state == "approved" and one.task == command.task]
        return answered[-1:] == [command.approval]

    @staticmethod
    def _has_job(node: Node, task: str | None) -> bool:
        """One queued job for each task is enough to go on while nobody asks."""
        return any(getattr(getattr(due.payload, "step", None), "task", "") == task
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
                tried = ("send", task.id, shape, provider, seen)
                as_one = ("as", "send", task.id, self._whose(node, shape), provider, seen if self.interests.reads_data else None)
                if self._same_again(node, as_one, tried):
                    continue
                error = self.taking.once(node, tried, send)
                if error == "":
                    node.gone_through[as_one] = tried
                if error in ABOUT_TOKEN:
                    node.refused.add(mark)
                    return

    @staticmethod
    def _items(node: Node, task: Task) -> list[tuple[Shape, str]]:
        """The data within the agent's reach: what it has seen in this task, or in another one of its own."""
        own = {one.id for one in node.world.tasks.values() if one.agent == task.agent}
        return [(shape, key) for shape, key in node.items.items() if shape[0] in own]

    def _talk(self, node: Node, task: Task) -> None:
        """Without a token: answers, memories, messages, sub-agents; and approvals where they can be closed."""
        base: dict[str, Any] = {"agent": task.agent, "task": task.id, "goal": "search", "twist": "search"}
        for seen, item in self._items(node, task):
            told = (task.id, *seen)
            self.taking.once(node, ("deliver", *told), c.Deliver(**base, items=(item,)))
            filed = ("store", task.agent, task.user, node.world.tasks[seen[0]].user, *seen[1:])
            self.taking.once(node, filed, c.StoreMemory(**base, item=item))
            self.taking.once(node, ("out", *told), c.SendMessage(**base, to="outside", external=True, items=(item,)))
            for other in self.view.agents:
                if other != task.agent:
                    self.taking.once(node, ("to", other, *told), c.SendMessage(**base, to=other, items=(item,)))
        for memory in list(node.world.memories.values()):
            if memory.agent == task.agent:
                self.taking.once(node, ("read", task.id, memory.id), c.ReadMemory(**base, memory=memory.id))
        started = sum(name.startswith("sub_agent") for name in node.world.programs)
        if started < self.view.sub_agents and node.world.design.starts_programs(task.agent):
            self.taking.once(node, ("spawn", task.agent), c.Spawn(**base, sub_agent=f"sub_agent_of_{task.agent}"))


def _as_client(client: str, requests: Iterator[c.GetToken]) -> Iterator[c.GetToken]:
    return (replace(one, as_client=client) for one in requests)


def _concerning(node: Node, info: EndpointInfo) -> Iterator[str]:
    """Which news make other calls of an endpoint possible than before: those that `calls_of` reads."""
    target = node.world.design.endpoints[info.endpoint.calls] if info.endpoint.calls else info
    yield "all"
    if target.endpoint.operation is not None and target.endpoint.privilege == "high":
        yield "answers"
    if info.endpoint.calls:
        yield "jobs"
    elif target.endpoint.category is None:
        yield "handles"
