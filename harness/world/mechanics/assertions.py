"""Identity assertions between domains (ID-JAG) as things that a program holds, keeps, loses and presents.

An honest agent redeems an assertion in the step in which it gets it (`grants`); here the two are apart, so that one can
be presented at a server, or by a client, that it was not made for. Who refuses that is the protocol's business (ID-JAG
draft sections 3.1, 4.4 and 8.3).
"""

from __future__ import annotations

from harness.oauth.keys import unverified_claims
from harness.trace import Token
from harness.world.mechanics.commands import GetToken
from harness.world.mechanics.issued import keep, not_issued, program_who
from harness.world.mechanics.records import Credential
from harness.world.mechanics.replies import Reply, refused
from harness.world.mechanics.state import World
from harness.world.mechanics.wire import ID_JAG, JWT_BEARER, exchange_form, post
from harness.world.mechanics.wiring import issuer_of, resource_of


def ask(world: World, step: GetToken) -> Reply:
    """Ask the home server for an assertion for another server (`step.server`), and keep it."""
    subject = world.credentials.get(step.subject or "")
    task = world.tasks.get(step.task or "")
    client = world.programs[step.agent].client
    server = world.design.server_named(step.server)
    form = exchange_form(subject.token if subject else "", audience=issuer_of(server), scope=step.scope)
    form |= {"requested_token_type": ID_JAG, "resource": resource_of(step.audience or "")}
    response = post(world, world.design.home, "/token", client, form)
    if not response.ok:
        return refused(not_issued(world, step, program_who(world, step, task, subject), response, subject))
    held = _assertion(world, step, str(response.body["access_token"]), client=client, subject=subject)
    world.credentials[held.handle] = held
    return Reply(ok=True, credential=held.handle)


def _assertion(world: World, step: GetToken, text: str, *, client: str, subject: Credential | None) -> Credential:
    claims = unverified_claims(text)
    facts = Token(
        token=str(claims["jti"]),
        token_client=client,
        token_user=subject.user if subject else None,
        token_task=step.task,
        token_audience=(str(claims["aud"]),),
        token_scope=step.scope,
        token_proof="none",
    )
    return Credential(
        handle=world.ids.next("cred"),
        token=text,
        holder=step.agent,
        server=world.design.server_named(step.server),
        kind="assertion",
        client=client,
        facts=facts,
        user=subject.user if subject else None,
        agent=step.agent,
        session=subject.session if subject else None,
        task=step.task,
        issued_ms=world.now_ms,
        expires_ms=round(float(claims["exp"]) * 1000),
    )


def present(world: World, step: GetToken) -> Reply:
    """Present an assertion at a server (`step.server`) for one of its own access tokens (RFC 7523 section 2.1)."""
    subject = world.credentials.get(step.subject or "")
    task = world.tasks.get(step.task or "")
    client = world.programs[step.agent].client
    form = {
        "grant_type": JWT_BEARER,
        "assertion": subject.token if subject else "",
        "scope": " ".join(step.scope),
        "resource": resource_of(step.audience or ""),
    }
    who = program_who(world, step, task, subject)
    response = post(world, world.design.server_named(step.server), "/token", client, form)
    if not response.ok:
        return refused(not_issued(world, step, who, response, subject))
    kept = keep(world, step, who, response, holder=step.agent, client=client, subject=subject, task=task)
    return Reply(ok=True, credential=kept.handle)
