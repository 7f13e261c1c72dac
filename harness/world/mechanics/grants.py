"""Getting tokens: what an agent, or a server on its way, asks an authorization server for, and what becomes of it.

Builds the requests that a client sends (client authentication with private_key_jwt, token exchange, assertions for a
second domain) and keeps the tokens that come back within reach of the program that asked.
"""

from __future__ import annotations

import json
from typing import Any

from msgspec.structs import replace

from harness.oauth import Request, Response
from harness.oauth.forms import DISCLOSURE
from harness.world.mechanics import assertions, caching, guard, replicas
from harness.world.mechanics.commands import GetToken, Register, Step
from harness.world.mechanics.design import EndpointInfo
from harness.world.mechanics.effects import Effect, Stop, remember_refusal, settle
from harness.world.mechanics.issued import keep, not_issued, program_who, refusal_of, server_for
from harness.world.mechanics.keyring import key
from harness.world.mechanics.records import Credential, Task
from harness.world.mechanics.replies import Reply, refused
from harness.world.mechanics.sign_in import renew
from harness.world.mechanics.state import World
from harness.world.mechanics.wire import EXCHANGE, ID_JAG, JWT_BEARER, OWN, exchange_form, post
from harness.world.mechanics.wiring import issuer_of, resource_of


def get_token(world: World, step: GetToken) -> Reply:
    """Ask for a token in whatever way the step says."""
    if step.grant == "renew":
        return renew(world, step)
    if step.grant == "id_jag":
        return assertions.ask(world, step)
    if step.grant == "jwt_bearer":
        return assertions.present(world, step)
    outcome = _request(world, step)
    if isinstance(outcome, Stop):
        return refused(outcome)
    return Reply(ok=True, credential=outcome.handle)


def _request(world: World, step: GetToken) -> Credential | Stop:
    client = step.as_client or world.programs[step.agent].client
    subject = world.credentials.get(step.subject) if step.subject else None
    task = world.tasks.get(step.task) if step.task else None
    who = program_who(world, step, task, subject)
    server = server_for(world, step)
    form = _form(world, step, subject)
    if server != world.design.home and step.grant == "token_exchange":
        chained = _to_other_domain(world, step, subject, server)
        if isinstance(chained, Response):
            return not_issued(world, step, who, chained, subject)
        form = chained
    # stolen keys sign, but the certificate of the connection stays with its owner
    certificate = None if step.as_client else OWN
    response = post(world, server, "/token", client, form, certificate=certificate)
    if not response.ok:
        return not_issued(world, step, who, response, subject)
    if step.offline and "refresh_token" not in response.body:
        # withheld without a word, so nothing else would credit the control for what cannot go on later
        remember_refusal(world, step, Stop(("K08" if world.design.on("K08", server) else guard.BASE,)))
    return keep(world, step, who, response, holder=step.agent, client=client, subject=subject, task=task)


def _to_other_domain(
    world: World, step: GetToken, subject: Credential | None, server: str
) -> dict[str, str] | Response:
    """An identity assertion from the home server, to be redeemed at the other one (ID-JAG, RFC 7523)."""
    form = exchange_form(subject.token if subject else "", audience=issuer_of(server), scope=step.scope)
    form |= {"requested_token_type": ID_JAG, "resource": resource_of(step.audience or "")}
    response = post(world, world.design.home, "/token", world.programs[step.agent].client, form)
    if not response.ok:
        return response
    return {
        "grant_type": JWT_BEARER,
        "assertion": str(response.body["access_token"]),
        "scope": " ".join(step.scope),
        "resource": resource_of(step.audience or ""),
    }


def _form(world: World, step: GetToken, subject: Credential | None) -> dict[str, str]:
    form: dict[str, str] = dict(step.says)
    if step.scope:
        form["scope"] = " ".join((*step.scope, "offline_access") if step.offline else step.scope)
    if step.audience is not None:
        form["audience"] = step.audience
    if step.provider is not None:
        form["authorization_details"] = json.dumps([_llm_details(step)])
    if step.grant == "refresh_token":
        return form | {"grant_type": "refresh_token", "refresh_token": subject.token if subject else ""}
    if step.grant == "claimed_subject":
        return form | {"grant_type": JWT_BEARER, "assertion": _claimed(world, step)}
    if step.grant == "client_credentials":
        return form | {"grant_type": "client_credentials"}
    return form | exchange_form(subject.token if subject else "", audience=step.audience or "", scope=())


def _claimed(world: World, step: GetToken) -> str:
    """What a channel says about a person, signed with the one secret that it shares with everybody."""
    channel = world.design.system.channels[0]
    claims = {
        "iss": issuer_of(channel),
        "sub": step.person,
        "aud": world.home.profile.issuer,
        "client_id": world.programs[step.agent].client,
        "iat": world.now_s,
        "exp": world.now_s + 60,
        "jti": world.ids.next("assertion"),
        "scope": " ".join(step.scope),
    }
    return key(world.design.seed, f"server/{channel}").sign(claims, "oauth-id-jag+jwt")


def _llm_details(step: GetToken) -> dict[str, Any]:
    details: dict[str, Any] = {
        "type": DISCLOSURE,
        "provider": step.provider,
        "purpose": step.purpose,
        "categories": list(step.categories),
    }
    return details | ({"owners": list(step.owners)} if step.owners else {})


def derive(world: World, step: Step, server: str, credential: Credential, info: EndpointInfo) -> Credential | Stop:
    """The MCP server's own token for the API behind a tool: remembered for the token it was exchanged for."""
    if world.design.system.tokens == "passed_along":
        return credential
    shared = caching.kept_token(world, step, credential, info)
    if shared is not None:
        return shared
    scope = info.endpoint.scope or ""
    key = (server, credential.facts.token, info.api, scope)
    cached = world.caches.get(key)
    if cached is not None and world.credentials[cached].expires_ms > world.now_ms:
        return world.credentials[cached]
    form = exchange_form(credential.token, audience=info.api, scope=(scope,) if scope else ())
    response = post(world, world.design.home, "/token", server, form)
    task = world.tasks.get(step.task) if step.task else None
    agent = step.agent if world.design.is_agent(step.agent) else None
    who = world.who(
        server, "service", user=task.user if task else None, agent=agent, session=credential.session, task=step.task
    )
    if not response.ok:
        return not_issued(world, step, who, response, credential)
    derived = keep(world, step, who, response, holder=server, client=server, subject=credential, task=task)
    world.caches[key] = derived.handle
    caching.keep_token(world, step, credential, info, derived)
    return derived


def register(world: World, step: Register) -> Reply:
    """Dynamic registration of another client for the same program (RFC 7591)."""
    number = world.ids.next("client")
    name = f"{step.agent}.{number}"
    body = {
        "client_name": name,
        "redirect_uris": [f"https://{number}.example/callback"],
        "grant_types": ["authorization_code", "client_credentials", EXCHANGE],
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks": {"keys": [key(world.design.seed, f"client/{name}").public.jwk]},
    }
    server = world.design.server_named(step.server)
    response = world.servers[server].receive(Request("POST", "/register", body=body), now_s=world.now_s, ids=world.ids)
    world.count("as_register")
    agent = step.agent if world.design.is_agent(step.agent) else None
    who = world.who(step.agent, world.design.actor_type(step.agent), agent=agent, task=step.task)
    effect = Effect("agent.registered", who, {"by": step.agent, "by_type": "agent"})
    if not response.ok:
        stop = refusal_of(world, response, None, place=server)
        settle(world, step, [effect], stop)
        remember_refusal(world, step, stop)
        return refused(stop)
    client = str(response.body["client_id"])
    world.caches[("key", client)] = name
    program = world.programs[step.agent]
    world.programs[step.agent] = replace(program, client=client, registered=(*program.registered, client))
    settle(world, step, [effect], None)
    return Reply(ok=True, handle=client)


def revoke_task(world: World, task: Task) -> None:
    """K28: the grant behind a task dies at the authorization server, and everything derived from it."""
    subject = world.credentials.get(task.subject or "")
    if subject is not None and subject.facts.token_family is not None:
        replicas.decided(world, subject.server, "revocations", "revoke_grant", subject.facts.token_family)
