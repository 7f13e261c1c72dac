"""Getting tokens: real messages to the authorization servers, and what their answers make true.

Builds the requests that a client sends (client authentication with private_key_jwt, token exchange with an actor, CIBA)
and keeps the tokens that come back within reach of the program that asked. Refusals are credited like those of the
enforcement points.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from harness.oauth import Request, Response
from harness.oauth.forms import DISCLOSURE
from harness.oauth.keys import sha256_base64url
from harness.oauth.tokens import Claims, read_claims
from harness.trace import Token, Who
from harness.world.mechanics import guard, signals
from harness.world.mechanics.clients import redirect_of
from harness.world.mechanics.commands import AnswerInstead, GetToken, GiveConsent, RedeemApproval, Register, Step
from harness.world.mechanics.design import EndpointInfo
from harness.world.mechanics.effects import Effect, Stop, remember_refusal, settle
from harness.world.mechanics.keyring import key
from harness.world.mechanics.records import Approval, Credential, Operation, Task
from harness.world.mechanics.replies import Reply, refused
from harness.world.mechanics.state import World
from harness.world.mechanics.wiring import issuer_of, resource_of, server_of_domain

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
CIBA = "urn:openid:params:grant-type:ciba"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
REFRESH_TOKEN = "urn:ietf:params:oauth:token-type:refresh_token"
ID_JAG = "urn:ietf:params:oauth:token-type:id-jag"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


# ---------------------------------------------------------------- the agent's side


def get_token(world: World, step: GetToken) -> Reply:
    """Ask for a token in whatever way the step says."""
    if step.grant == "renew":
        return _renew(world, step)
    outcome = _request(world, step)
    if isinstance(outcome, Stop):
        return refused(outcome)
    return Reply(ok=True, credential=outcome.handle)


def _request(world: World, step: GetToken) -> Credential | Stop:
    client = world.programs[step.agent].client
    subject = world.credentials.get(step.subject) if step.subject else None
    task = world.tasks.get(step.task) if step.task else None
    who = _who(world, step, task, subject)
    server = _server_for(world, step)
    form = _form(world, step, subject)
    if server != "home" and step.grant == "token_exchange":
        chained = _to_other_domain(world, step, subject, server)
        if isinstance(chained, Response):
            return _not_issued(world, step, who, chained, subject)
        form = chained
    response = post(world, server, "/token", client, form)
    if not response.ok:
        return _not_issued(world, step, who, response, subject)
    return _keep(world, step, who, response, holder=step.agent, client=client, subject=subject, task=task)


def _server_for(world: World, step: GetToken) -> str:
    """Which server issues tokens for the audience; a refresh token goes back to where it came from."""
    if step.grant == "refresh_token" and step.subject is not None:
        return world.credentials[step.subject].server
    api = world.design.system.apis.get(step.audience or "")
    return server_of_domain(world.design.system, api.domain) if api else step.server


def _to_other_domain(
    world: World, step: GetToken, subject: Credential | None, server: str
) -> dict[str, str] | Response:
    """An identity assertion from the home server, to be redeemed at the other one (ID-JAG, RFC 7523)."""
    form = exchange_form(subject.token if subject else "", audience=issuer_of(server), scope=step.scope)
    form |= {"requested_token_type": ID_JAG, "resource": resource_of(step.audience or "")}
    response = post(world, "home", "/token", world.programs[step.agent].client, form)
    if not response.ok:
        return response
    return {
        "grant_type": JWT_BEARER,
        "assertion": str(response.body["access_token"]),
        "scope": " ".join(step.scope),
        "resource": resource_of(step.audience or ""),
    }


def _form(world: World, step: GetToken, subject: Credential | None) -> dict[str, str]:
    form: dict[str, str] = {}
    if step.scope:
        form["scope"] = " ".join((*step.scope, "offline_access") if step.offline else step.scope)
    if step.audience is not None:
        form["audience"] = step.audience
    if step.provider is not None:
        form["authorization_details"] = json.dumps([_llm_details(step)])
    if step.grant == "refresh_token":
        return form | {"grant_type": "refresh_token", "refresh_token": subject.token if subject else ""}
    if step.grant == "client_credentials":
        return form | {"grant_type": "client_credentials"}
    return form | exchange_form(subject.token if subject else "", audience=step.audience or "", scope=())


def _llm_details(step: GetToken) -> dict[str, Any]:
    return {
        "type": DISCLOSURE,
        "provider": step.provider,
        "purpose": step.purpose,
        "categories": list(step.categories),
    }


def _renew(world: World, step: GetToken) -> Reply:
    """The application refreshes its own token and forwards a new message token to the agent."""
    task = world.tasks[str(step.task)]
    app = world.design.app_of(step.agent)
    held = app_refresh_token(world, app, task.session)
    if held is None:
        return Reply(ok=False, error="no_session")
    response = post(world, "home", "/token", app, {"grant_type": "refresh_token", "refresh_token": held.token})
    who = world.who(
        app, world.design.actor_type(app), user=task.user, agent=step.agent, session=task.session, task=task.id
    )
    if not response.ok:
        return refused(_not_issued(world, step, who, response, held))
    _keep(world, step, who, response, holder=app, client=app, subject=held, task=task)
    return Reply(ok=True, credential=hand_over(world, task, app))


def derive(world: World, step: Step, server: str, credential: Credential, info: EndpointInfo) -> Credential | Stop:
    """The MCP server's own token for the API behind a tool: remembered for the token it was exchanged for."""
    scope = info.endpoint.scope or ""
    key = (server, credential.facts.token, info.api, scope)
    cached = world.caches.get(key)
    if cached is not None and world.credentials[cached].expires_ms > world.now_ms:
        return world.credentials[cached]
    form = exchange_form(credential.token, audience=info.api, scope=(scope,) if scope else ())
    response = post(world, "home", "/token", server, form)
    task = world.tasks.get(step.task) if step.task else None
    agent = step.agent if world.design.is_agent(step.agent) else None
    who = world.who(
        server, "service", user=task.user if task else None, agent=agent, session=credential.session, task=step.task
    )
    if not response.ok:
        return _not_issued(world, step, who, response, credential)
    derived = _keep(world, step, who, response, holder=server, client=server, subject=credential, task=task)
    world.caches[key] = derived.handle
    return derived


def register(world: World, step: Register) -> Reply:
    """Dynamic registration of another client for the same program (RFC 7591)."""
    number = world.ids.next("client")
    name = f"{step.agent}.{number}"
    body = {
        "client_name": name,
        "redirect_uris": [f"https://{number}.example/callback"],
        "grant_types": ["client_credentials", EXCHANGE],
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks": {"keys": [key(world.design.seed, f"client/{name}").public.jwk]},
    }
    response = world.servers[step.server].receive(
        Request("POST", "/register", body=body), now_s=world.now_s, ids=world.ids
    )
    world.count("as_register")
    who = world.who(step.agent, world.design.actor_type(step.agent), agent=step.agent, task=step.task)
    effect = Effect("agent.registered", who, {"by": step.agent, "by_type": "agent"})
    if not response.ok:
        stop = _stop(world, response, None, place=step.server)
        settle(world, step, [effect], stop)
        remember_refusal(world, step, stop)
        return refused(stop)
    client = str(response.body["client_id"])
    world.caches[("key", client)] = name
    program = world.programs[step.agent]
    world.programs[step.agent] = replace(program, client=client, registered=(*program.registered, client))
    settle(world, step, [effect], None)
    return Reply(ok=True, handle=client)


# ---------------------------------------------------------------- people and their applications


def code_flow(world: World, user: str, *, app: str, acr: str) -> tuple[str, str | None]:
    """Sign in and run the code flow with PKCE for an application; returns the session and the app's access token."""
    server = world.servers["home"]
    session = server.login(user, acr=acr, now_s=world.now_s, ids=world.ids)
    assert isinstance(session, str), "people of the system are known to its server"
    who = world.who(user, world.design.people_types[user], user=user, session=session)
    world.emit("session.started", who)
    world.emit("user.authenticated", who, {"acr": acr, "method": "password", "previous_session": "", "instrument": ""})
    return session, authorize(world, user, session=session, app=app)


def authorize(world: World, user: str, *, session: str, app: str, purpose: str | None = None) -> str | None:
    """The code flow for one client in a session; its access token is held by the application.

    A third party's application also asks for the disclosure to its own model provider that the purpose needs.
    """
    number = world.ids.next("flow")
    verifier = f"{number}-verifier-of-at-least-forty-three-characters"
    form = {
        "response_type": "code",
        "client_id": app,
        "redirect_uri": redirect_of(app),
        "scope": " ".join(world.design.login_scopes(app)),
        "state": number,
        "code_challenge": sha256_base64url(verifier),
        "code_challenge_method": "S256",
        "resource": resource_of(world.design.login_audience(app)),
    }
    if purpose is not None:
        provider = world.design.provider_of(app)
        disclosure = {
            "type": DISCLOSURE,
            "provider": provider,
            "purpose": purpose,
            "categories": list(world.design.needed(purpose)),
        }
        form["authorization_details"] = json.dumps([disclosure])
    request = Request("GET", "/authorize", form=form, session=session)
    answer = world.servers["home"].receive(request, now_s=world.now_s, ids=world.ids)
    world.count("as_authorize")
    who = world.who(user, world.design.people_types[user], user=user, session=session)
    if not answer.ok:
        return None
    code = str(answer.body["code"])
    world.emit("code.issued", who, {"code": code, "request_uri": "", "lifetime": 60_000})
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_of(app),
        "code_verifier": verifier,
    }
    response = post(world, "home", "/token", app, form)
    if not response.ok:
        return None
    step = GetToken(agent=app, grant="authorization_code")
    app_who = world.who(app, world.design.actor_type(app), user=user, session=session)
    kept = _keep(world, step, app_who, response, holder=app, client=app, subject=None, task=None, code=code, user=user)
    return kept.handle


def subject_for(world: World, task: Task) -> str | None:
    """The token that a new task starts with: the application's, renewed where it has to be."""
    app = world.design.app_of(task.agent)
    if app != world.design.portal and app_access_token(world, app, task.session) is None:
        authorize(world, task.user, session=task.session, app=app, purpose=task.purpose)
    held = app_access_token(world, app, task.session)
    if held is None or held.expires_ms <= world.now_ms:
        step = GetToken(agent=task.agent, task=task.id, grant="renew")
        return _renew(world, step).credential
    return hand_over(world, task, app)


def hand_over(world: World, task: Task, app: str) -> str | None:
    """The agent gets the application's newest token for its session, as the message token of the task."""
    held = app_access_token(world, app, task.session)
    if held is None:
        return None
    handle = world.ids.next("cred")
    world.credentials[handle] = replace(held, handle=handle, holder=task.agent, task=task.id, agent=task.agent)
    world.tasks[task.id] = replace(world.tasks[task.id], subject=handle)
    return handle


def app_access_token(world: World, app: str, session: str) -> Credential | None:
    """The newest access token of an application in a session."""
    return _newest(world, app, session, "access")


def app_refresh_token(world: World, app: str, session: str) -> Credential | None:
    """The newest refresh token of an application in a session."""
    return _newest(world, app, session, "refresh")


def _newest(world: World, holder: str, session: str, kind: str) -> Credential | None:
    found = None
    for one in world.credentials.values():
        if one.holder == holder and one.session == session and one.kind == kind and one.approval is None:
            found = one
    return found


def record_consent(world: World, command: GiveConsent) -> str:
    """The person's consent, as the authorization server records it."""
    client = world.programs[command.agent].client
    return world.servers["home"].grant_consent(
        command.user, client, command.recipient, command.purpose, command.categories, now_s=world.now_s, ids=world.ids
    )


# ---------------------------------------------------------------- approvals


def ask(world: World, step: Step, user: str, operation: Operation, shown: Operation) -> str | Stop:
    """The backchannel request for one operation; returns the approval's id."""
    client = world.programs[step.agent].client
    info = world.design.operation_endpoint(operation.type)
    tool = world.design.tool_for(info) if world.design.is_agent(step.agent) else info
    form = {
        "scope": str(info.endpoint.scope),
        "login_hint": user,
        "binding_message": "confirm",
        "audience": tool.api,
        "acr_values": "high",
        "authorization_details": json.dumps([authorization_details(operation, user=operation.owner)]),
    }
    response = post(world, "home", "/bc-authorize", client, form)
    if not response.ok:
        return _stop(world, response, None, place="home")
    return str(response.body["auth_req_id"])


def authorization_details(operation: Operation, *, user: str) -> dict[str, Any]:
    """An operation as `authorization_details` (RFC 9396)."""
    details = guard.details_of(operation, subject=user)
    return {"type": details.type, "subject": details.subject, **dict(details.fields)}


def answer(world: World, approval: Approval, *, approve: bool, by: str, channel: str) -> tuple[bool, str | None]:
    """A person answers on a device of their own."""
    result = world.servers[approval.server].answer_prompt(
        approval.id, approve=approve, by=by, acr="high", channel="user_device", now_s=world.now_s, ids=world.ids
    )
    return result.refusal is None, result.session


def answer_in_band(world: World, step: AnswerInstead, approval: Approval) -> Stop | None:
    """Somebody who is not the person answers, over a channel that the agent can write to."""
    result = world.servers[approval.server].answer_prompt(
        approval.id, approve=True, by=step.agent, acr="low", channel="in_band", now_s=world.now_s, ids=world.ids
    )
    if result.refusal is None:
        return None
    return guard.stop_of(world, (result.refusal,), None, place=approval.server)


def redeem(world: World, step: RedeemApproval, approval: Approval) -> Credential | Stop | None:
    """Poll for the answer; None while it is pending."""
    client = world.programs[step.agent].client
    response = post(world, approval.server, "/token", client, {"grant_type": CIBA, "auth_req_id": approval.id})
    task = world.tasks.get(step.task) if step.task else None
    if not response.ok and response.refusal is not None:
        if response.refusal.error in ("authorization_pending", "slow_down"):
            _round_trip(world, task)
            return None
        who = _who(world, step, task, None)
        return _not_issued(world, step, who, response, None, grant="ciba")
    who = _who(world, step, task, None, session=world.approvals[approval.id].session)
    return _keep(
        world,
        step,
        who,
        response,
        holder=step.agent,
        client=client,
        subject=None,
        task=task,
        approval=approval,
        user=approval.user,
    )


def revoke_task(world: World, task: Task) -> None:
    """K28: the grant behind a task dies at the authorization server, and everything derived from it."""
    subject = world.credentials.get(task.subject or "")
    if subject is not None and subject.facts.token_family is not None:
        server = world.servers[subject.server]
        signals.spread(world, subject.server, server.revoke_grant(subject.facts.token_family, now_s=world.now_s))


# ---------------------------------------------------------------- the wire


def post(world: World, server: str, path: str, client: str, form: Mapping[str, str]) -> Response:
    """Send a form to an authorization server as an authenticated client."""
    full = dict(form) | {
        "client_id": client,
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": assertion(world, server, client),
    }
    request = Request("POST", path, form=full, certificate=world.design.certificate(client))
    world.count("as" + path.replace("/", "_").replace("-", "_"))
    return world.servers[server].receive(request, now_s=world.now_s, ids=world.ids)


def assertion(world: World, server: str, client: str) -> str:
    """A client assertion (RFC 7523 section 2.2), new each time."""
    claims = {
        "iss": client,
        "sub": client,
        "aud": world.servers[server].profile.issuer,
        "iat": world.now_s,
        "exp": world.now_s + 60,
        "jti": world.ids.next("assertion"),
    }
    name = world.caches.get(("key", client), client)
    return key(world.design.seed, f"client/{name}").sign(claims, "JWT")


def exchange_form(subject_token: str, *, audience: str, scope: tuple[str, ...]) -> dict[str, str]:
    """A token exchange request (RFC 8693 section 2.1)."""
    form = {
        "grant_type": EXCHANGE,
        "subject_token": subject_token,
        "subject_token_type": ACCESS_TOKEN,
        "audience": audience,
    }
    return form | ({"scope": " ".join(scope)} if scope else {})


# ---------------------------------------------------------------- what came back


def _keep(
    world: World,
    step: Step,
    who: Who,
    response: Response,
    *,
    holder: str,
    client: str,
    subject: Credential | None,
    task: Task | None,
    approval: Approval | None = None,
    code: str | None = None,
    user: str | None = None,
) -> Credential:
    """Put the tokens of a response within the holder's reach and write that they were issued."""
    grant = step.grant if isinstance(step, GetToken) else "ciba" if approval else "token_exchange"
    server = _server_for(world, step) if isinstance(step, GetToken) else "home"
    claims = _claims(world, server, str(response.body["access_token"]))
    person = user or (subject.user if subject else None) or (claims.sub if claims.sub in world.people else None)
    facts = Token(
        token=claims.jti,
        token_family=claims.delegation_id,
        token_client=claims.client_id,
        token_user=claims.sub if claims.sub in world.people else None,
        token_task=step.task,
        token_audience=claims.aud,
        token_scope=tuple(sorted(claims.scope)),
        token_proof="mtls" if claims.x5t else "dpop" if claims.jkt else "none",
    )
    llm = next((one for one in claims.details if one.get("type") == DISCLOSURE), None)
    credential = Credential(
        handle=world.ids.next("cred"),
        token=str(response.body["access_token"]),
        holder=holder,
        server=server,
        kind="access",
        client=client,
        facts=facts,
        user=person,
        agent=who.agent,
        session=claims.sid or (subject.session if subject else None),
        task=step.task,
        issued_ms=world.now_ms,
        expires_ms=round(claims.exp * 1000),
        acr=claims.acr or "low",
        approval=claims.approval_id or (approval.id if approval else None),
        provider=str(llm["provider"]) if llm else None,
        purpose=str(llm["purpose"]) if llm else None,
        categories=tuple(llm["categories"]) if llm else (),
        depth=len(claims.actors),
    )
    world.credentials[credential.handle] = credential
    world.count("token_bytes", len(credential.token))
    if "refresh_token" in response.body:
        handle = world.ids.next("cred")
        world.credentials[handle] = replace(
            credential, handle=handle, token=str(response.body["refresh_token"]), kind="refresh", expires_ms=1 << 60
        )
    _issued(world, step, who, credential, grant, subject, code)
    return credential


def _claims(world: World, server: str, token: str) -> Claims:
    """What a token says; the client keeps it for the trace alone, and decides nothing by it (RFC 9068 section 6)."""
    return read_claims(world.servers[server].keys.trusted[issuer_of(server)].verify(token).claims)


def _issued(
    world: World, step: Step, who: Who, credential: Credential, grant: str, subject: Credential | None, code: str | None
) -> None:
    facts = credential.facts
    own: dict[str, Any] = {
        "token": facts.token,
        "token_family": facts.token_family or facts.token,
        "grant": grant,
        "lifetime": credential.expires_ms - world.now_ms,
        "audience": facts.token_audience,
        "scope": facts.token_scope,
        "elevated": bool(world.design.elevated & set(facts.token_scope)),
        "proof": facts.token_proof,
    }
    if code is not None:
        own["code"] = code
    effects = [Effect("token.issued", who, own)]
    if grant == "token_exchange" and subject is not None:
        exchanged = {
            "token": facts.token,
            "subject_token": subject.facts.token,
            "scope": facts.token_scope,
            "subject_scope": subject.facts.token_scope,
            "audience": facts.token_audience,
            "depth": credential.depth,
        }
        effects.append(Effect("token.exchanged", who, exchanged))
    settle(world, step, effects, None)


def _not_issued(
    world: World, step: Step, who: Who, response: Response, subject: Credential | None, grant: str | None = None
) -> Stop:
    """A refusal at a token endpoint, as an attempt to be issued a token; a challenge that honest work answers is none."""
    stop = _stop(world, response, subject, place=step.server if isinstance(step, GetToken) else "home")
    if step.twist is None and stop.error in ("consent_required", "invalid_authorization_details"):
        _round_trip(world, world.tasks.get(step.task) if step.task else None)
        return stop
    own = {
        "token": "none",
        "token_family": subject.facts.token_family if subject and subject.facts.token_family else "none",
        "grant": grant or (step.grant if isinstance(step, GetToken) and step.grant != "renew" else "token_exchange"),
        "lifetime": 0,
        "audience": (step.audience,) if isinstance(step, GetToken) and step.audience else (),
        "scope": step.scope if isinstance(step, GetToken) else (),
        "elevated": False,
        "proof": "none",
    }
    settle(world, step, [Effect("token.issued", who, own)], stop)
    remember_refusal(world, step, stop)
    return stop


def _stop(world: World, response: Response, subject: Credential | None, *, place: str) -> Stop:
    assert response.refusal is not None, "only a refusal stops anything"
    return guard.stop_of(world, (response.refusal,), subject, place=place)


def _round_trip(world: World, task: Task | None) -> None:
    if task is not None:
        current = world.tasks[task.id]
        world.tasks[task.id] = replace(current, round_trips=current.round_trips + 1)


def _who(world: World, step: Step, task: Task | None, subject: Credential | None, session: str | None = None) -> Who:
    return world.who(
        step.agent,
        world.design.actor_type(step.agent),
        user=task.user if task else step.person,
        agent=step.agent if world.design.is_agent(step.agent) else None,
        session=session or (subject.session if subject else task.session if task else None),
        task=step.task,
    )
