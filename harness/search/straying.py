"""What an agent's runtime can be talked into, all of it drawn, and what outsiders do with what leaks to them."""

from __future__ import annotations

from typing import Any

from harness.search.bending import disclosing, drawn_scope, seen
from harness.search.larger import ADDRESSES, STILL_HERE
from harness.search.running import Digits, Run
from harness.search.skeleton import SEARCH, base
from harness.world.mechanics import commands as c
from harness.world.mechanics.choices_of_outsiders import OTHER_SERVER
from harness.world.mechanics.forgery import KINDS, forged_as
from harness.world.mechanics.hostile import FollowMetadata, Forge, LureToConfirm, PublishDocument
from harness.world.mechanics.legality import THIEF
from harness.world.mechanics.records import Credential

FORGERIES = tuple(KINDS)


def _who(run: Run, digits: Digits) -> dict[str, Any] | None:
    """An agent in a task of its own, or a sub-agent in the task that it was started in."""
    task = run.task(digits)
    if task is None:
        return None
    helpers = [name for name, one in run.node.world.programs.items() if one.root == task.agent]
    return base(task, digits.of(helpers) if helpers and digits.below(2) else task.agent)


def strayed_call(run: Run, digits: Digits) -> c.Command | None:
    """Any endpoint with any credential within reach, for anybody's records."""
    who = _who(run, digits)
    return None if who is None else _call(run, digits, who)


def _call(run: Run, digits: Digits, who: dict[str, Any]) -> c.Command:
    world, larger = run.node.world, run.larger
    held = run.access(who["agent"], digits)
    audience = held.facts.token_audience if held is not None else ()
    near = larger.of_api.get(audience[0], ()) if audience and digits.below(3) else ()
    info = digits.of(near or larger.endpoints)
    task = world.tasks.get(who["task"] or "")
    named = task.user if task is not None and digits.below(2) else held.user if held is not None else None
    owner = named if named is not None and digits.below(3) else run.person(digits)
    more: dict[str, Any] = {}
    if info in larger.privileged:
        asked = (held.approval if held is not None else None) or run.newest(list(world.approvals), digits)
        meant = world.approvals[asked].operation if asked else None
        other = meant is None or not digits.below(3)
        more = {
            "amount": digits.of(larger.amounts) if other or meant is None else meant.amount,
            "payee": digits.of(larger.payees) if other or meant is None else meant.payee,
            "approval": asked if digits.below(3) else None,
        }
    elif info.endpoint.calls is None and world.handles and not digits.below(4):
        more = {"handle": digits.of(list(world.handles))}
    elif info.endpoint.calls is not None and not digits.below(4):
        more = {"job": True}
    return c.Call(**who, endpoint=info.name, credential=held.handle if held else None, owner=owner, **more)


def strayed_token(run: Run, digits: Digits) -> c.Command | None:
    """Any grant with any subject, for any audience and scope; a token that nobody issues."""
    who = _who(run, digits)
    return None if who is None else _token(run, digits, who)


def _token(run: Run, digits: Digits, who: dict[str, Any]) -> c.Command:
    world, larger = run.node.world, run.larger
    known = larger.policies.get(who["agent"], ())
    if known and digits.below(2):
        audience, scope = digits.of(known)
    else:
        audience, scope = digits.of(larger.audiences), ()
    if not scope or digits.below(2):
        scope = drawn_scope(run, digits, audience)
    way = digits.below(16)
    if way < 2 and who["task"] is not None:
        return c.GetToken(**who, grant="renew", says=STILL_HERE if not digits.below(4) else ())
    if way < 6:
        return c.GetToken(**who, grant="client_credentials", audience=audience, scope=scope)
    if way == 6:
        return _forged(run, digits, who, audience) or c.GetToken(**who, grant="client_credentials", audience=audience)
    if way == 7 and larger.channels:
        return c.GetToken(**who | {"person": run.person(digits)}, grant="claimed_subject", audience=audience, scope=scope)
    reach = [world.credentials[one] for one in run.within(who["agent"])]
    subject = run.newest([one for one in reach if one.user is not None] or reach, digits)
    handle = subject.handle if subject is not None else None
    if way == 8 and len(larger.servers) > 1:
        kind = subject.kind if subject is not None else ""
        grant = "jwt_bearer" if kind == "assertion" else "id_jag"
        return c.GetToken(**who, grant=grant, server=digits.of(larger.servers), audience=audience, scope=scope, subject=handle)
    grant = "refresh_token" if subject is not None and subject.kind == "refresh" else "token_exchange"
    step = c.GetToken(
        **who, grant=grant, audience=audience, scope=scope, subject=handle, offline=not digits.below(4),
        as_client=_stolen(run, subject, who["agent"]),
    )  # fmt: skip
    return disclosing(run, digits, step) if larger.providers and not digits.below(5) else step


def _stolen(run: Run, subject: Credential | None, agent: str) -> str | None:
    """The client whose keys were stolen, where the subject is its."""
    if subject is None or agent not in run.larger.outsiders:
        return None
    return subject.client if f"client:{subject.client}" in run.node.world.leaked else None


def _forged(run: Run, digits: Digits, who: dict[str, Any], audience: str) -> c.Command | None:
    credentials = run.node.world.credentials
    real = [one for one in map(credentials.__getitem__, run.within(who["agent"]))
            if one.kind == "access" and forged_as(one) is None]  # fmt: skip
    like = run.newest(real, digits)
    if like is None:
        return None
    return Forge(
        **who, kind=digits.of(FORGERIES), like=like.handle, subject=run.person(digits), audience=audience,
        scope=run.larger.scopes,
    )  # fmt: skip


def talked(run: Run, digits: Digits) -> c.Command | None:
    """What takes no token: questions, answers, memories, messages, data for a model, new clients, sub-agents, ends."""
    task = run.task(digits)
    if task is None:
        return None
    world, larger = run.node.world, run.larger
    who, way = base(task), digits.below(16)
    open_ = [one.id for one in world.approvals.values() if one.agent == task.agent and one.state == "pending"]
    if way < 2 and larger.privileged:
        return c.AskApproval(
            **who, endpoint=digits.of(larger.privileged).name, user=run.person(digits), amount=digits.of(larger.amounts),
            payee=digits.of(larger.payees),
        )  # fmt: skip
    if way < 4 and open_:
        named = digits.of(open_)
        if digits.below(2):
            return c.AnswerInstead(**who, approval=named)
        return LureToConfirm(**who, user=digits.of(larger.people), approval=named)
    own = [one.id for one in world.approvals.values() if one.agent == task.agent]
    if way < 5 and own:
        return c.RedeemApproval(**who, approval=digits.of(own))
    step = c.Deliver(**who)
    items = seen(run, digits, step)
    if way < 8 and items:
        others = (*larger.agents, *larger.outsiders, "outside")
        to = digits.of(others)
        kind = digits.below(3)
        if kind == 0:
            return c.StoreMemory(**who, item=digits.of(items))
        if kind == 1:
            return c.SendMessage(**who, to=to, external=to == "outside", items=items)
        return c.Deliver(**who, items=items)
    if way < 10 and items and larger.providers:
        held = run.access(task.agent, digits)
        purpose = digits.of(larger.purposes) if larger.purposes and not digits.below(3) else task.purpose
        return c.SendToModel(**who, provider=digits.of(larger.providers), credential=held.handle if held else None,
                             items=items, purpose=purpose)  # fmt: skip
    memories = [one.id for one in world.memories.values() if one.agent == task.agent]
    if way == 10 and memories:
        return c.ReadMemory(**who, memory=digits.of(memories))
    if way in (11, 12):
        return c.Register(**who, server=digits.of(larger.servers))
    if way == 13:
        return _begun(run, digits, who)
    if way == 14:
        api, server = digits.of(larger.apis), digits.of(larger.servers)
        if digits.below(2):
            return PublishDocument(**who, url=digits.of(larger.documents), address=digits.of(ADDRESSES), server=server)
        return FollowMetadata(**who, user=task.user, session=task.session, api=api, issuer=digits.of(larger.issuers),
                              claims=digits.of(larger.issuers), resource=digits.of((None, OTHER_SERVER)))  # fmt: skip
    return c.EndTask(**who, completed=bool(digits.below(2))) if way == 15 else None


def _begun(run: Run, digits: Digits, who: dict[str, Any]) -> c.Command:
    """A sub-agent, with a credential of its parent's as a rule."""
    name = digits.of(run.larger.helpers) if run.larger.helpers else f"sub_agent_of_{who['agent']}"
    reach = run.within(who["agent"])
    return c.Spawn(**who, sub_agent=name, credential=run.newest(reach, digits) if reach and digits.below(4) else None)


def outside(run: Run, digits: Digits) -> c.Command | None:
    """Tokens that leak, keys that are stolen, and what a thief or a foreign client does with them."""
    world, larger = run.node.world, run.larger
    way = digits.below(14)
    if way < 4:
        found = [handle for holder in larger.leaking for handle in run.held.get(holder, {}).values()]
        found = [one for one in sorted(found, key=_number) if world.credentials[one].kind == "access" and one not in world.leaked]
        leaked = run.newest(found, digits)
        return None if leaked is None else c.Leak(leaked)
    agent = digits.of(larger.outsiders)
    who: dict[str, Any] = {"agent": agent, "goal": SEARCH, "twist": SEARCH, "task": None}
    if way < 8:
        return _call(run, digits, who)
    if way < 12:
        return _token(run, digits, who)
    thief = who | {"agent": THIEF}
    if way == 12:
        return c.StealClient(digits.of(larger.clients))
    if world.programs[THIEF].registered and digits.below(3):
        return c.Lure(**thief, user=run.person(digits))
    if digits.below(2):
        return c.Register(**thief, server=digits.of(larger.servers))
    return PublishDocument(**thief, url=digits.of(larger.documents), address=digits.of(ADDRESSES))


def _number(handle: str) -> tuple[int, str]:
    digits = handle.removeprefix("cred")
    return (int(digits), "") if digits.isdigit() else (0, handle)
