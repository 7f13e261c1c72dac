"""What agents and outsiders can learn or gather: tokens, what these open, answers, memories, messages, sub-agents.

What an answer of a server speaks of is not asked again: the target alone (`invalid_target`), the subject token alone
(`invalid_request`, `invalid_grant`) or the client (`invalid_client`, `unauthorized_client`): RFC 8707 section 2, RFC 8693
section 2.2.2, RFC 6749 section 5.2.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec.structs import replace

from harness.search.node import SCOPE, Node
from harness.search.presenting import Presenting, items_of
from harness.search.rotated import family, newest
from harness.search.steps import Shape
from harness.search.taking import Taking
from harness.world.mechanics import choices_of_agents as agents
from harness.world.mechanics import commands as c
from harness.world.mechanics.legality import THIEF
from harness.world.mechanics.records import Credential, Task
from harness.world.mechanics.rotation import ends_the_grant

ABOUT_SUBJECT = frozenset({"invalid_request", "invalid_grant", "invalid_client", "unauthorized_client"})
ALL_OF_IT = ("whatever may be had", "all that there is")
"""The first requests with each subject token; the others are for parts of that."""
REFRESHES = 2
"""How often a thief goes on refreshing what it got with stolen keys."""


class Errands:
    """Everything that whoever acts for a task, or for nobody, can gather in a state."""

    def __init__(self, taking: Taking) -> None:
        self.taking = taking
        self.view = taking.view
        self.interests = taking.interests
        self.presenting = Presenting(taking)

    def run(self, node: Node) -> None:
        for agent, task in list(agents.errands(node.world, self.view)):
            if node.stopped:
                return
            if agent != THIEF or node.world.programs[THIEF].registered:
                self._tokens(node, agent, task)
            if agent == THIEF:
                self._with_stolen_keys(node)
            for shape, credential in self._presentable(node, agent, task):
                if credential.kind == "access" and not node.stopped:
                    self.presenting.run(node, agent, task, shape, credential)
            if task is not None or agent not in self.view.agents:
                self.presenting.forge(node, agent, task, [one for _, one in self._presentable(node, agent, task)])
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
            if self._had_by_another(node, mark, ("token", *mark, "token_exchange", (), None, None, False)):
                continue
            if not self._requests(node, mark, found):
                return

    def _had_by_another(self, node: Node, mark: Shape, request: Shape) -> bool:
        """Whether a token for the same, with no less scope, has given what there is for this audience; else this one may."""
        agent, task, audience, shape = mark
        as_one = ("as", request[5], agent, task, audience, node.as_whom(shape))
        scopes, known = frozenset(shape[SCOPE]), node.gone_through.get(as_one)
        first = known if isinstance(known, tuple) else (scopes, None)
        if first[1] not in node.accepted or first[0] < scopes:
            node.gone_through[as_one] = (scopes, request)
            return False
        return not self.interests.reads_tokens and first[1] != request and first[0] >= scopes

    def _refresh(self, node: Node, agent: str, task: Task | None, shape: Shape, subject: Credential) -> None:
        """A refresh token is rotated: each use takes the newest one, and an old one is never shown (it ends the grant).

        So that it is the grant which is asked once for each audience, whichever token stands for it by then.
        """
        key, of = task.id if task else None, family(subject)
        useless = ("useless", agent, key, of)
        for audience in self.view.audiences:
            shown = newest(node, subject)
            if useless in node.refused or ends_the_grant(node.world, shown):
                return
            tried = ("token", agent, key, audience, of, "refresh_token", (), None, None, False)
            if self._had_by_another(node, (agent, key, audience, shape), tried):
                continue
            request = next(agents.token_requests(node.world, self.view, agent, task, shown, audience))
            if self.taking.once(node, tried, request) in ABOUT_SUBJECT:
                node.refuse(useless)

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
            if got is not None and request.provider is None and len(request.scope) != 1:
                had[request.offline].update(scope for made in got.made for scope in made[SCOPE])
                self._ordinary(node, mark, request, had[request.offline])
            if plain and error in ABOUT_SUBJECT:
                node.refuse(useless)
                return False
            if plain and error == "invalid_target":
                node.refuse(closed)
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
            self.taking.once(node, ("ordinary", *mark, request.grant, plain, request.offline), replace(request, scope=plain))

    def _talk(self, node: Node, task: Task) -> None:
        """Without a token: answers, memories, messages, sub-agents; and approvals where they can be closed."""
        base: dict[str, Any] = {"agent": task.agent, "task": task.id, "goal": "search", "twist": "search"}
        for seen, item in items_of(node, task):
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


