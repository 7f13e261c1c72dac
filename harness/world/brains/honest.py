"""The honest brain: it follows the task, answers protocol challenges, and stops where it is told no.

A brain is a generator of commands that is sent the reply to each; `Wait` and `AskConsent` are words to the runtime, not
to the mechanics. Misbehaviours reuse its steps and twist one.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeAlias

import msgspec
from msgspec.structs import replace

from harness.world.brains.view import View
from harness.world.mechanics import commands as c
from harness.world.mechanics.replies import Reply


class Wait(msgspec.Struct, frozen=True):
    """Do nothing for a while."""

    ms: int


class AskConsent(msgspec.Struct, frozen=True):
    """Ask the person, through the application, for a consent that the authorization server misses."""

    provider: str
    purpose: str
    categories: tuple[str, ...]
    task: str


Plan: TypeAlias = Generator[c.Command | Wait | AskConsent, Reply, bool]
Step: TypeAlias = Generator[c.Command | Wait | AskConsent, Reply, str | None]
Answer: TypeAlias = Generator[c.Command | Wait | AskConsent, Reply, Reply]

POLL_MS = 5_000
POLLS = 60
MODEL_TOKEN_TRIES = 4
"""A renewal, a consent that is asked for, and another renewal because the answer took its time, may come before it."""


def honest(view: View) -> Plan:
    """Do what was asked; the value says whether it was done."""
    done = yield from work(view)
    yield c.EndTask(agent=view.agent, task=view.task, completed=done)
    return done


def work(view: View) -> Plan:
    """The task without its end: read what is needed, do it, let the model put it into words, answer."""
    spec = view.spec
    for name in (*spec.reads, spec.tool):
        reply = yield from use(view, name)
        if not reply.ok:
            return False
    if spec.then is not None and reply.handle is not None:
        if spec.pause:
            yield Wait(spec.pause)
        yield from resume(view, spec.then, reply.handle)
    if not view.has_own_model:
        thought = yield from think(view, view.items)
        if not thought.ok:
            return False
    if view.items:
        yield c.StoreMemory(agent=view.agent, task=view.task, item=view.items[0])
    answered = yield c.Deliver(agent=view.agent, task=view.task, items=view.items)
    return answered.ok


def use(view: View, name: str) -> Answer:
    """Use a tool or endpoint for the task's person, with an approval where it is privileged."""
    info = view.endpoint(name)
    if view.needs_approval(info):
        return (yield from approved_call(view, name))
    credential = yield from obtain(view, info.api, info.endpoint.scope)
    reply = yield replace(call(view, name, credential), cancelled=view.job.cancelled)
    if reply.error == "response_mismatch":
        reply = yield call(view, name, credential)
    if not reply.ok and reply.error == "invalid_token":
        yield from renew(view)
        credential = yield from obtain(view, info.api, info.endpoint.scope)
        reply = yield call(view, name, credential)
    return reply


def resume(view: View, name: str, handle: str) -> Answer:
    """Go on with a result that the server holds, by the handle that came with it."""
    info = view.endpoint(name)
    credential = yield from obtain(view, info.api, info.endpoint.scope)
    return (yield c.Call(agent=view.agent, task=view.task, endpoint=name, credential=credential, handle=handle))


def call(view: View, name: str, credential: str | None, *, approval: str | None = None, goal: str = "task") -> c.Call:
    """The call as the person meant it."""
    info = view.endpoint(name)
    target = view.endpoint(info.endpoint.calls) if info.endpoint.calls else info
    moves_money = target.endpoint.privilege == "high" or view.does_step(name)
    return c.Call(
        agent=view.agent,
        task=view.task,
        goal=goal,
        endpoint=name,
        credential=credential,
        owner=view.about,
        amount=view.job.amount if moves_money else 0,
        payee=view.job.payee if moves_money else None,
        approval=approval,
    )


def obtain(view: View, audience: str, scope: str | None, *, goal: str = "task") -> Step:
    """A token for an audience: one that is there already, or one exchanged for the task's own token."""
    if view.passes_along:
        return view.subject
    scopes = (scope,) if scope else ()
    found = view.usable(audience, *scopes)
    if found is not None:
        return found.handle
    for attempt in range(2):
        reply = yield c.GetToken(
            agent=view.agent, task=view.task, goal=goal, audience=audience, scope=scopes, subject=view.subject
        )
        if reply.ok or attempt:
            return reply.credential
        yield from renew(view)
    return None


def renew(view: View) -> Step:
    """Ask the application for a fresh message token; it has one as long as the person's session lives."""
    reply = yield c.GetToken(agent=view.agent, task=view.task, grant="renew")
    return reply.credential


def think(view: View, items: tuple[str, ...], *, goal: str = "think") -> Answer:
    """Send data to the agent's own provider, under the consent for the task's purpose."""
    credential = yield from model_token(view, view.provider, view.purpose, goal=goal)
    if credential is None:
        return Reply(ok=False, error="consent_required")
    return (
        yield c.SendToModel(
            agent=view.agent,
            task=view.task,
            goal=goal,
            provider=view.provider,
            credential=credential,
            items=items,
            purpose=view.purpose,
        )
    )


def model_token(view: View, provider: str, purpose: str, *, goal: str = "think") -> Step:
    """A token for the LLM gateway that carries the consent; where there is none the person is asked once."""
    if view.passes_along:
        return view.subject
    for attempt in range(MODEL_TOKEN_TRIES):
        reply = yield token_for_model(view, provider, purpose, goal=goal)
        if reply.ok:
            return reply.credential
        if attempt == MODEL_TOKEN_TRIES - 1:
            return None
        if reply.error in ("consent_required", "invalid_authorization_details"):
            answer = yield AskConsent(provider, purpose, view.needed, view.task)
            if not answer.ok:
                return None
        else:
            yield from renew(view)
    return None


def token_for_model(view: View, provider: str, purpose: str, *, goal: str = "think") -> c.GetToken:
    """The request for a token that lets data go to a provider for a purpose."""
    gateway = view.gateway
    return c.GetToken(
        agent=view.agent,
        task=view.task,
        goal=goal,
        audience=gateway.api,
        scope=(gateway.endpoint.scope,) if gateway.endpoint.scope else (),
        subject=view.subject,
        provider=provider,
        purpose=purpose,
        categories=view.needed,
        owners=(view.about,) if view.about else (),
    )


def approved_call(view: View, name: str, *, twist: str | None = None) -> Answer:
    """A privileged call: ask the person over the backchannel, wait for the answer, act on exactly that."""
    asked = yield ask(view, name)
    if not asked.ok or asked.approval is None:
        return asked
    redeemed = yield from wait_for_answer(view, asked.approval)
    if not redeemed.ok:
        return redeemed
    return (yield replace(call(view, name, redeemed.credential, approval=asked.approval), twist=twist))


def ask(view: View, name: str, *, goal: str = "task") -> c.AskApproval:
    """The question for what the person asked for."""
    return c.AskApproval(
        agent=view.agent,
        task=view.task,
        goal=goal,
        endpoint=name,
        amount=view.job.amount,
        payee=view.job.payee,
    )


def wait_for_answer(view: View, approval: str, *, polls: int = POLLS) -> Answer:
    """Poll until there is an answer."""
    reply = Reply(ok=False, error="expired_token")
    for _ in range(polls):
        yield Wait(POLL_MS)
        reply = yield c.RedeemApproval(agent=view.agent, task=view.task, approval=approval)
        if not reply.pending:
            return reply
    return reply
