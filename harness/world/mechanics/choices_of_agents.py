"""What an agent's runtime can be talked into, and what outsiders can do with what leaked; in a fixed order.

Each command is possible; which of them a control refuses is not known here. Every one is marked as the search's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product
from typing import Any

from msgspec.structs import replace

from harness.world.mechanics import commands as c
from harness.world.mechanics.bounds import MEANT, OTHER, Bounds
from harness.world.mechanics.design import EndpointInfo
from harness.world.mechanics.forgery import KINDS, forged_as
from harness.world.mechanics.hostile import Forge, LureToConfirm
from harness.world.mechanics.legality import THIEF
from harness.world.mechanics.records import Credential, Task
from harness.world.mechanics.state import World
from harness.world.mechanics.transport import taken_for

SEARCH = "search"


def by_agents(world: World, view: Bounds) -> Iterator[c.Command]:
    """Everything that agents can do in their tasks and without any, and outsiders."""
    for agent, task in errands(world, view):
        held = list(within(world, view, agent, task))
        if agent != THIEF:
            yield from tokens(world, view, agent, task, held)
        for credential in held:
            if credential.kind == "access":
                if forged_as(credential) is None:
                    yield from forgeries(view, agent, task, credential)
                yield from calls(world, view, agent, task, credential)
                yield from sends(world, view, agent, task, credential)
        if task is not None and task.agent == agent:
            yield from talk(world, view, task)


def errands(world: World, view: Bounds) -> Iterator[tuple[str, Task | None]]:
    """Who acts for which task: agents and those that they started for theirs, and for none; outsiders for none."""
    for task in world.tasks.values():
        yield task.agent, task
    for name, program in world.programs.items():
        if name.startswith("sub_agent"):
            yield from ((name, task) for task in world.tasks.values() if task.agent == program.root)
            yield name, None
    yield from ((name, None) for name in (*(view.agents if view.alone else ()), *view.outsiders))


def within(world: World, view: Bounds, agent: str, task: Task | None) -> Iterator[Credential]:
    """The credentials within a program's reach: its own, for people in tasks alone, and for an outsider what leaked."""
    outside = agent in view.outsiders
    for handle, credential in world.credentials.items():
        own = credential.holder == agent and (outside or task is not None or credential.user is None)
        if own or (outside and handle in world.leaked):
            yield credential


# ---------------------------------------------------------------- tokens


def tokens(world: World, view: Bounds, agent: str, task: Task | None, held: list[Credential]) -> Iterator[c.GetToken]:
    """Every grant with every subject, audience and scope."""
    key = task.id if task else None
    if task is not None:
        yield c.GetToken(agent=agent, task=key, goal=SEARCH, twist=SEARCH, grant="renew")
    for audience in view.audiences:
        yield from credentials_of_its_own(view, agent, key, audience)
        for subject in held:
            yield from token_requests(world, view, agent, task, subject, audience)


def credentials_of_its_own(view: Bounds, agent: str, task: str | None, audience: str) -> Iterator[c.GetToken]:
    """The client credentials grant: whatever may be had, all there is, then each scope."""
    for scope in ((), view.scopes, *((one,) for one in view.scopes)):
        yield c.GetToken(
            agent=agent, task=task, goal=SEARCH, twist=SEARCH, grant="client_credentials", audience=audience,
            scope=scope,
        )  # fmt: skip


def token_requests(
    world: World, view: Bounds, agent: str, task: Task | None, subject: Credential, audience: str
) -> Iterator[c.GetToken]:
    """One subject for one audience: all that may be had, all there is, each scope; with consents; with offline access."""
    grant = "refresh_token" if subject.kind == "refresh" else "token_exchange"
    base = c.GetToken(
        agent=agent, task=task.id if task else None, goal=SEARCH, twist=SEARCH, grant=grant, audience=audience,
        subject=subject.handle,
    )  # fmt: skip
    own = tuple(dict.fromkeys(i.endpoint.scope for i in world.design.endpoints.values()
                              if i.api == audience and i.endpoint.scope))  # fmt: skip
    yield base
    yield replace(base, scope=view.scopes)
    yield from (replace(base, scope=(one,)) for one in view.scopes)
    if audience in (world.design.llm_endpoint.api, world.design.mcp_api):
        yield from _disclosing(world, view, base)
    if grant == "token_exchange":
        yield replace(base, offline=True)
        yield from (replace(base, scope=(one,), offline=True) for one in own)


def _disclosing(world: World, view: Bounds, base: c.GetToken) -> Iterator[c.GetToken]:
    scope = world.design.llm_endpoint.endpoint.scope
    for purpose in dict.fromkeys(job.purpose for job in view.jobs):
        for provider in view.providers:
            yield replace(
                base, scope=(scope,) if scope else (), provider=provider, purpose=purpose,
                categories=world.design.needed(purpose),
            )  # fmt: skip


def forgeries(view: Bounds, agent: str, task: Task | None, like: Credential) -> Iterator[Forge]:
    """Each kind of token that nobody issued, for each API, with every scope, in the name of each person."""
    for kind, audience in product(KINDS, view.audiences):
        for person in view.people:
            yield Forge(
                agent=agent, task=task.id if task else None, goal=SEARCH, twist=SEARCH, kind=kind, like=like.handle,
                subject=person, audience=audience, scope=view.scopes,
            )  # fmt: skip


# ---------------------------------------------------------------- calls


def calls(world: World, view: Bounds, agent: str, task: Task | None, credential: Credential) -> Iterator[c.Call]:
    """Every endpoint and tool with one credential, for everybody's records."""
    for info in world.design.endpoints.values():
        yield from calls_of(world, view, agent, task, credential, info)
        yield from passed_on(world, agent, task, credential, info)


def calls_of(
    world: World,
    view: Bounds,
    agent: str,
    task: Task | None,
    credential: Credential,
    info: EndpointInfo,
    approvals: Iterable[str] | None = None,
) -> Iterator[c.Call]:
    """One endpoint with one credential: each owner, each way to do it, each approval (of `approvals`); handles; as a job."""
    base = _plain_call(agent, task, credential, info)
    yield from past_the_gateway(world, view, task, base, info)
    target = world.design.endpoints[info.endpoint.calls] if info.endpoint.calls else info
    for owner in owners(view, task, target):
        one = replace(base, owner=owner)
        if target.endpoint.operation is None or target.endpoint.privilege != "high":
            yield one
            if target.endpoint.operation is not None:
                yield from (replace(one, amount=variant.amount, payee=variant.payee) for variant in view.ordinary)
            continue
        for variant in view.variants:
            meant = replace(one, amount=variant.amount, payee=variant.payee)
            yield meant
            yield from (replace(meant, approval=named) for named in (world.approvals if approvals is None else approvals))
    if info.endpoint.calls:
        yield replace(base, job=True)
    elif target.endpoint.category is None:
        yield from (replace(base, handle=one.id) for one in world.handles.values() if one.api == info.api)


def past_the_gateway(
    world: World, view: Bounds, task: Task | None, base: c.Call, info: EndpointInfo
) -> Iterator[c.Call]:
    """Around a gateway, where it alone authorizes; under another tool's name, where a gateway goes by the header."""
    if world.design.system.apis[info.api].legacy:
        yield from (replace(base, owner=owner, around=True) for owner in owners(view, task, info))
    if info.endpoint.calls:
        target = world.design.endpoints[info.endpoint.calls]
        for other in world.design.endpoints.values():
            named = replace(base, header_tool=other.name)
            if other.api == info.api and other is not info and taken_for(world, named, info) is other:
                yield from (replace(named, owner=owner) for owner in owners(view, task, target))


def passed_on(
    world: World, agent: str, task: Task | None, credential: Credential, info: EndpointInfo
) -> Iterator[c.Call]:
    """The tool's server sends the token that it got on to an endpoint of another API, whichever the tool is."""
    if info.endpoint.calls:
        base = _plain_call(agent, task, credential, info)
        yield from (replace(base, passthrough=other.name) for other in world.design.endpoints.values()
                    if other.endpoint.calls is None and other.api != info.api)  # fmt: skip


def _plain_call(agent: str, task: Task | None, credential: Credential, info: EndpointInfo) -> c.Call:
    return c.Call(
        agent=agent, task=task.id if task else None, goal=SEARCH, twist=SEARCH, endpoint=info.name,
        credential=credential.handle,
    )  # fmt: skip


def owners(view: Bounds, task: Task | None, target: EndpointInfo) -> tuple[str | None, ...]:
    """Whose records an endpoint may be asked for; the task's own person first."""
    if target.endpoint.category is None:
        return (None,)
    own = task.user if task else None
    return tuple(sorted(view.people, key=lambda name: name != own))


def sends(world: World, view: Bounds, agent: str, task: Task | None, credential: Credential) -> Iterator[c.SendToModel]:
    """Each piece of data to each provider."""
    for provider in view.providers:
        for item in items(world, task):
            yield c.SendToModel(
                agent=agent, task=task.id if task else None, goal=SEARCH, twist=SEARCH, provider=provider,
                credential=credential.handle, items=(item,), purpose=credential.purpose,
            )  # fmt: skip


def items(world: World, task: Task | None) -> tuple[str, ...]:
    """The data within an agent's reach: what it has seen in this task, then in the others of its own."""
    if task is None:
        return ()
    others = (key for key, one in world.tasks.items() if one.agent == task.agent and key != task.id)
    return tuple(item for key in (task.id, *others) for item in world.contexts.get(key, ()))


# ---------------------------------------------------------------- the rest


def talk(world: World, view: Bounds, task: Task) -> Iterator[c.Command]:
    """What an agent can do without a token: questions, answers, memories, messages, new clients, sub-agents."""
    yield from questions(world, view, task)
    yield from redemptions(world, view, task)
    base: dict[str, Any] = {"agent": task.agent, "task": task.id, "goal": SEARCH, "twist": SEARCH}
    for item in items(world, task):
        yield c.Deliver(**base, items=(item,))
        yield c.StoreMemory(**base, item=item)
        yield c.SendMessage(**base, to="outside", external=True, items=(item,))
        yield from (c.SendMessage(**base, to=other, items=(item,)) for other in view.agents if other != task.agent)
    for memory in world.memories.values():
        if memory.agent == task.agent:
            yield c.ReadMemory(**base, memory=memory.id)
    yield from registrations(world, view, task)
    started = sum(name.startswith("sub_agent") for name in world.programs)
    if started < view.sub_agents and world.design.starts_programs(task.agent):
        yield c.Spawn(**base, sub_agent=f"sub_agent_of_{task.agent}")
    if not task.done:
        yield c.EndTask(**base)


def endings(world: World) -> Iterator[c.EndTask]:
    """An agent says that a task is over."""
    for task in world.tasks.values():
        if not task.done:
            yield c.EndTask(agent=task.agent, task=task.id, goal=SEARCH, twist=SEARCH)


def questions(world: World, view: Bounds, task: Task) -> Iterator[c.AskApproval]:
    """Approvals to ask for: of what was meant, and of something else that reads as what was meant."""
    if len(world.approvals) >= view.approvals:
        return
    for info in world.design.endpoints.values():
        if info.endpoint.operation is None or info.endpoint.privilege != "high":
            continue
        for user in sorted(view.people, key=lambda name: name != task.user):
            ask = c.AskApproval(
                agent=task.agent, task=task.id, goal=SEARCH, twist=SEARCH, endpoint=info.name, user=user,
                amount=MEANT.amount, payee=MEANT.payee,
            )  # fmt: skip
            yield ask
            if len(view.variants) > 1:
                yield replace(
                    ask, amount=OTHER.amount, payee=OTHER.payee, shown_amount=MEANT.amount, shown_payee=MEANT.payee
                )


def redemptions(
    world: World, view: Bounds, task: Task
) -> Iterator[c.AnswerInstead | LureToConfirm | c.RedeemApproval]:
    """Answering one's own questions, having somebody else answer them, and taking the token that an answer gives."""
    for approval in world.approvals.values():
        if approval.agent != task.agent:
            continue
        base = {"agent": task.agent, "task": task.id, "goal": SEARCH, "twist": SEARCH, "approval": approval.id}
        if approval.state == "pending":
            yield c.AnswerInstead(**base)
            yield from (LureToConfirm(**base, user=other) for other in view.people if other != approval.user)
        else:
            yield c.RedeemApproval(**base)


def registrations(world: World, view: Bounds, task: Task) -> Iterator[c.Register]:
    """Another client for the same program, at each server."""
    if len(world.programs[task.agent].registered) < view.registrations:
        for server in world.servers:
            yield c.Register(agent=task.agent, task=task.id, goal=SEARCH, twist=SEARCH, server=server)
