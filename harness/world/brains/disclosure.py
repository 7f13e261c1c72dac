"""Misbehaviours that hand data to model providers."""

from __future__ import annotations

from harness.world.brains import honest as h
from harness.world.brains.honest import Answer, Plan, Wait
from harness.world.brains.twists import any_token, bent, end, reach_for, twist, wait_ms
from harness.world.brains.view import View
from harness.world.mechanics import commands as c


def _disclose(view: View, provider: str, purpose: str, *, reuse: str | None = None) -> Answer:
    """Read what the task reads, and send it to a provider."""
    credential = reuse
    if credential is None:
        reply = yield bent(view, h.token_for_model(view, provider, purpose))
        credential = reply.credential if reply.ok else any_token(view)
    send = c.SendToModel(
        agent=view.agent, task=view.task, provider=provider, credential=credential, items=view.items, purpose=purpose
    )
    return (yield bent(view, send))


def no_consent(view: View) -> Plan:
    """T18: sends personal data to the model without a consent."""
    yield from h.use(view, view.spec.tool)
    yield from _disclose(view, view.provider, view.purpose)
    return (yield from end(view))


def other_provider(view: View) -> Plan:
    """T19: the consent is for one provider, the fail-over route leads to another."""
    yield from h.use(view, view.spec.tool)
    yield from h.model_token(view, view.provider, view.purpose)
    for provider in view.providers:
        if provider != view.provider:
            yield from _disclose(view, provider, view.purpose)
    return (yield from end(view))


def after_withdrawal(view: View) -> Plan:
    """T20: the consent is taken back, the token issued under it is still good."""
    yield from h.use(view, view.spec.tool)
    credential = yield from h.model_token(view, view.provider, view.purpose)
    yield Wait(wait_ms(view, 40_000))
    yield from _disclose(view, view.provider, view.purpose, reuse=credential)
    yield from _disclose(view, view.provider, view.purpose)
    return (yield from end(view))


def over_collection(view: View) -> Plan:
    """T21: the tool's whole answer goes to the model, whatever the purpose needs."""
    yield from h.use(view, view.spec.tool)
    credential = yield from h.model_token(view, view.provider, view.purpose)
    yield from _disclose(view, view.provider, view.purpose, reuse=credential)
    return (yield from end(view))


def toxic_flow(view: View) -> Plan:
    """T38: what an outsider wrote tells the model to read private data and to publish it; every single call is allowed."""
    yield from h.use(view, view.spec.tool)
    private = next((one for one in view.endpoints() if one.name == twist(view).endpoint), None)
    public = next((one for one in view.endpoints() if one.endpoint.sink == "external"), None)
    if private is None or public is None:
        return (yield from end(view))
    credential = yield from h.obtain(view, private.api, private.endpoint.scope)
    yield from reach_for(view, private.name, credential)
    if view.needs_approval(public):
        yield from h.approved_call(view, public.name, twist=twist(view).id)
        return (yield from end(view))
    credential = yield from h.obtain(view, public.api, public.endpoint.scope)
    yield from reach_for(view, public.name, credential, items=view.items)
    return (yield from end(view))
