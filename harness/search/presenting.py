"""What a credential opens: every endpoint, every provider, in every way that can make a difference, until answers say enough.

What an answer speaks of is not tried again: the token (`invalid_token`), its scopes (`insufficient_scope`), or who comes and
for what (`access_denied`, `not_found`): whoever comes as the same with another audience or scope got no further
(RFC 6750 section 3.1). What a rule does not look at makes no other step either.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from itertools import combinations
from typing import NamedTuple

from harness.search.node import Node
from harness.search.steps import Shape
from harness.search.taking import Taking
from harness.world.mechanics import choices_of_agents as agents
from harness.world.mechanics import commands as c
from harness.world.mechanics.design import EndpointInfo
from harness.world.mechanics.forgery import forged_as
from harness.world.mechanics.hostile import Forge
from harness.world.mechanics.records import Credential, Task

ABOUT_TOKEN = frozenset({"invalid_token"})
ABOUT_WHOM = frozenset({"access_denied", "not_found"})
NO_WAY = "unreachable"
RUNTIME = "refused_by_runtime"


class Bearer(NamedTuple):
    """Who comes with which credential, and what answers and rules know of that.

    `key` is the task, or who acts without one; `whom` the credential as checks of the person and the client see it,
    `whose` as the rule does; `approvals` those that may be named beside it.
    """

    agent: str
    task: Task | None
    key: str
    shape: Shape
    credential: Credential
    unscoped: Shape
    whom: Shape
    whose: Shape
    approvals: tuple[str, ...]


class Presenting:
    """Presents credentials, for one facet."""

    def __init__(self, taking: Taking) -> None:
        self.taking = taking
        self.view = taking.view
        self.interests = taking.interests
        self.concerned: dict[frozenset[str], dict[str, list[EndpointInfo]]] = {}

    def run(self, node: Node, agent: str, task: Task | None, shape: Shape, credential: Credential) -> None:
        """One credential at every API, until the answers say that it is of no use there."""
        if task is not None and credential.task not in (None, task.id) and credential.user == task.user:
            return
        bearer = self._bearer(node, agent, task, shape, credential)
        if ("foreign", bearer.key, shape) in node.refused:
            return
        news = node.news_since(("presented", bearer.key, shape), self._bears_on(node, bearer))
        if not news:
            return
        for api, infos in self._concerned(node, news).items():
            mark = ("dead", bearer.key, bearer.unscoped, api)
            if mark in node.refused:
                continue
            for info in infos:
                if not self._call(node, bearer, info):
                    node.refuse(mark)
                    break
            if ("foreign", bearer.key, shape) in node.refused:
                return
        if task is not None and task.agent == agent and not news.isdisjoint(("all", "items", "quiet")):
            self._send(node, bearer, task)

    def _concerned(self, node: Node, news: frozenset[str]) -> dict[str, list[EndpointInfo]]:
        """By API the endpoints of which other calls are possible than before."""
        if news not in self.concerned:
            by_api: dict[str, list[EndpointInfo]] = {}
            for info in node.world.design.endpoints.values():
                if not news.isdisjoint(_concerning(node, info)):
                    by_api.setdefault(info.api, []).append(info)
            self.concerned[news] = by_api
        return self.concerned[news]

    def forge(self, node: Node, agent: str, task: Task | None, held: Iterable[Credential]) -> None:
        """Each kind of token that nobody issued, at each API, in one person's name; where one is taken, in every one's."""
        real = [one for one in held if one.kind == "access" and forged_as(one) is None]
        key = task.id if task else agent
        if not real or not node.is_new(("forged", key)):
            return
        for forgery in agents.forgeries(self.view, agent, task, real[0]):
            useless = ("forged", agent, forgery.kind, forgery.audience)
            mark = ("forged", key, forgery.kind, forgery.audience, forgery.subject)
            if node.stopped or useless in node.refused or mark in node.refused:
                continue
            node.refuse(mark)
            if not self._passes(node, agent, task, forgery):
                node.refuse(useless)

    def _passes(self, node: Node, agent: str, task: Task | None, forgery: Forge) -> bool:
        """Whether anything takes a forged token; one that nothing takes is thrown away."""
        trial = node.fork()
        if not self.taking.gather(trial, forgery):
            return False
        shape = trial.made[0]
        bearer = self._bearer(trial, agent, task, shape, trial.world.credentials[trial.best[shape]])
        before = len(trial.accepted)
        for info in trial.world.design.endpoints.values():
            if info.api == forgery.audience and not self._call(trial, bearer, info):
                break
        if len(trial.accepted) == before and not trial.broken:
            return False
        node.become(trial)
        return True

    def _bearer(self, node: Node, agent: str, task: Task | None, shape: Shape, credential: Credential) -> Bearer:
        whom = node.as_whom(shape)
        # with another credential the same is the same to a rule that does not look at it, or not yet; what is refused some
        # day is tried with the others from then on
        looks = self.interests.reads_whose or self.interests.reads_tokens
        whose = whom if looks and not self._quiet(node) else ()
        return Bearer(
            agent, task, task.id if task else agent, shape, credential, node.unscoped(shape), whom, whose,
            self._approvals(node, task, credential),
        )  # fmt: skip

    def _quiet(self, node: Node) -> bool:
        """Whether nothing can break the rule before something happens that it waits for."""
        return self.interests.armed_first and not any(node.states)

    def _approvals(self, node: Node, task: Task | None, credential: Credential) -> tuple[str, ...]:
        """What is named beside a credential: the approval that it comes from; beside others the newest one of the task.

        Spending what is rationed is an event.
        """
        if self.interests.rations:
            return ()
        if credential.approval is not None:
            return (credential.approval,)
        key = task.id if task else None
        answered = [one.id for one in node.world.approvals.values() if one.state == "approved" and one.task == key]
        return tuple(answered[-1:])

    def _bears_on(self, node: Node, bearer: Bearer) -> dict[str, Hashable]:
        """What calls with one credential depend on beside it: answers, handles, data, jobs that wait, what has happened."""
        task = bearer.task
        return {
            "answers": bool(bearer.approvals),
            "quiet": self._quiet(node),
            "handles": len(node.world.handles),
            "items": len(items_of(node, task)) if task is not None else 0,
            "jobs": _has_job(node, task.id) if task is not None else False,
        }

    def _call(self, node: Node, bearer: Bearer, info: EndpointInfo) -> bool:
        """One endpoint with one credential; False where the answer says that the token is no good at this API."""
        closed = ("scope", bearer.key, bearer.shape, info.name)
        spends = bearer.credential.approval is not None and info.endpoint.privilege == "high"
        if closed in node.refused or (self.interests.rations and spends):
            return True
        for command in self._ways(node, bearer, info):
            if command.job and (not self.interests.outlives or _has_job(node, command.task)):
                continue
            tried, what = _in_short(node, bearer, command)
            if not self.view.steps and (tried in node.accepted or tried in node.refused):
                continue
            as_one, denied = ("as", bearer.key, bearer.whose, *what), ("denied", bearer.key, bearer.whom, *what)
            nowhere = ("unreachable", bearer.key, info.api, command.around)
            unfit = ("unfit", bearer.key, bearer.unscoped, _behind(node, command))
            if not node.refused.isdisjoint((denied, nowhere, unfit)) or self._same_again(node, bearer, as_one, tried):
                continue
            error = self.taking.once(node, tried, command)
            if error == "":
                node.gone_through[as_one] = tried
            if error == NO_WAY:
                node.refuse(nowhere)
            # what is passed on as it is is looked at behind the first hop; else a no from there speaks of the server's token
            no = self.taking.reply.error if error is not None and command.passthrough else error
            if no in ABOUT_WHOM and not self.interests.hears_refusals:
                node.refuse(denied)
            if command.passthrough:
                if no in ABOUT_TOKEN:
                    node.refuse(unfit)
                continue
            if error == RUNTIME and bearer.task is not None and bearer.credential.user not in (None, bearer.task.user):
                node.refuse(("foreign", bearer.key, bearer.shape))
                return False
            if error in ABOUT_TOKEN:
                return False
            if error == "insufficient_scope":
                node.refuse(closed)
                break
        return True

    def _ways(self, node: Node, bearer: Bearer, info: EndpointInfo) -> Iterator[c.Call]:
        """All calls of an endpoint; that its server passes a token on is the same for all tools of one server."""
        world, agent, task, credential = node.world, bearer.agent, bearer.task, bearer.credential
        yield from agents.calls_of(world, self.view, agent, task, credential, info, bearer.approvals)
        if info.endpoint.calls and node.is_new(("passed on", bearer.key, bearer.shape, info.api)):
            yield from agents.passed_on(world, agent, task, credential, info)

    def _same_again(self, node: Node, bearer: Bearer, as_one: Shape, tried: Shape) -> bool:
        """Whether another credential has done the same already, and the rule looks at nothing that sets it apart.

        One of somebody else is kept in mind: it may be of use where that one is not any more.
        """
        done = node.gone_through.get(as_one)
        if (self.interests.reads_tokens and not self._quiet(node)) or done == tried or done not in node.accepted:
            return False
        if bearer.whose != bearer.whom:
            node.spare.add(bearer.shape)
        return True

    def _send(self, node: Node, bearer: Bearer, task: Task) -> None:
        mark = ("unsendable", task.id, bearer.shape)
        if mark in node.refused:
            return
        for seen, items in self._parcels(node, task):
            for provider in self.view.providers:
                send = c.SendToModel(
                    agent=task.agent, task=task.id, goal="search", twist="search", provider=provider,
                    credential=bearer.credential.handle, items=items, purpose=bearer.credential.purpose,
                )  # fmt: skip
                tried = ("send", task.id, bearer.shape, provider, seen)
                as_one = ("as", "send", task.id, bearer.whose, provider, seen if self.interests.reads_data else None)
                if self._same_again(node, bearer, as_one, tried):
                    continue
                error = self.taking.once(node, tried, send)
                if error == "":
                    node.gone_through[as_one] = tried
                if error in ABOUT_TOKEN:
                    node.refuse(mark)
                    return


    def _parcels(self, node: Node, task: Task) -> Iterator[tuple[Shape, tuple[str, ...]]]:
        """What is sent at once: each piece of data, and where the rule looks at what comes together each two, and all of it."""
        known = items_of(node, task)
        yield from ((seen, (item,)) for seen, item in known)
        if self.interests.reads_sets:
            yield from (((*one, *other), (first, second)) for (one, first), (other, second) in combinations(known, 2))
            yield tuple(seen for seen, _ in known), tuple(item for _, item in known)


def items_of(node: Node, task: Task) -> list[tuple[Shape, str]]:
    """The data within the agent's reach: what it has seen in this task, or in another one of its own."""
    own = {one.id for one in node.world.tasks.values() if one.agent == task.agent}
    return [(shape, key) for shape, key in node.items.items() if shape[0] in own]


def _in_short(node: Node, bearer: Bearer, command: c.Call) -> tuple[Shape, Shape]:
    """A call as a step that is taken once, and what of it is not the credential."""
    if command.passthrough is not None:
        return ("passed", bearer.key, bearer.shape, command.passthrough), ("passed", command.passthrough)
    handle = node.world.handles[command.handle].like if command.handle else None
    way = command.amount, command.payee, command.approval is not None, command.around, command.header_tool
    what = (command.endpoint, command.owner, *way, command.job, handle)
    return ("call", bearer.key, bearer.shape, *what), what


def _behind(node: Node, command: c.Call) -> str | None:
    """The API that a token is passed on to."""
    return node.world.design.endpoints[command.passthrough].api if command.passthrough else None


def _has_job(node: Node, task: str | None) -> bool:
    """One queued job for each task is enough to go on while nobody asks."""
    return any(getattr(getattr(due.payload, "step", None), "task", "") == task
               for due in node.world.agenda.values() if due.kind == "job")  # fmt: skip


def _concerning(node: Node, info: EndpointInfo) -> Iterator[str]:
    """Which news make other calls of an endpoint possible than before: those that `calls_of` reads."""
    target = node.world.design.endpoints[info.endpoint.calls] if info.endpoint.calls else info
    yield from ("all", "quiet")
    if target.endpoint.operation is not None and target.endpoint.privilege == "high":
        yield "answers"
    if info.endpoint.calls:
        yield "jobs"
    elif target.endpoint.category is None:
        yield "handles"
