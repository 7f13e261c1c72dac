"""People's applications at the authorization server: sign-in and code flow, renewal, handing a token to an agent, consent."""

from __future__ import annotations

import json
from typing import NamedTuple

from msgspec.structs import replace

from harness.oauth import Request, Response
from harness.oauth.forms import DISCLOSURE
from harness.oauth.keys import sha256_base64url
from harness.world.mechanics.clients import redirect_of
from harness.world.mechanics.commands import GetToken, GiveConsent, Lure
from harness.world.mechanics.effects import remember_refusal
from harness.world.mechanics.issued import keep, not_issued, refusal_of
from harness.world.mechanics.records import Credential, Task
from harness.world.mechanics.replies import Reply, refused
from harness.world.mechanics.state import World
from harness.world.mechanics.wire import post
from harness.world.mechanics.wiring import resource_of


def code_flow(world: World, user: str, *, app: str, acr: str) -> tuple[str, str | None] | None:
    """Sign in and run the code flow with PKCE for an application; returns the session and the app's access token.

    None where the server lets the person not in (the account is locked).
    """
    server = world.home
    session = server.login(user, acr=acr, now_s=world.now_s, ids=world.ids)
    if not isinstance(session, str):
        who = world.who(user, world.design.people_types[user], user=user)
        world.emit("user.authentication_failed", who, {"reason": session.check})
        return None
    who = world.who(user, world.design.people_types[user], user=user, session=session)
    world.emit("session.started", who)
    world.emit("user.authenticated", who, {"acr": acr, "method": "password"})
    return session, authorize(world, user, session=session, app=app)


def authorize(
    world: World, user: str, *, session: str, app: str, purpose: str | None = None, lured_by: Lure | None = None
) -> str | None:
    """The code flow for one client in a session; its access token is held by the application.

    Where a person was lured to the link (`lured_by`) nobody agrees to a consent screen, and the code goes to whoever
    made the link.

    A third party's application also asks for the disclosure to its own model provider that the purpose needs.
    """
    asked = ask_code(world, user, session=session, app=app, purpose=purpose, lured_by=lured_by)
    if asked is None:
        return None
    response = post(world, world.design.home, "/token", asked.client, asked.form, published_key=lured_by is not None)
    if not response.ok:
        return None
    if lured_by is not None:
        return keep_code(world, asked, response, user, session=session, holder=lured_by.agent, person=None)
    return keep_code(world, asked, response, user, session=session, holder=app, person=user)


class Asked(NamedTuple):
    """A code that a client has got, and the form with which it is redeemed."""

    client: str
    code: str
    form: dict[str, str]


def ask_code(
    world: World, user: str, *, session: str, app: str, purpose: str | None = None, lured_by: Lure | None = None
) -> Asked | None:
    """The first half of the code flow, through the person's browser; None where there is no code."""
    client = _client_of(world, app)
    number = world.ids.next("flow")
    verifier = f"{number}-verifier-of-at-least-forty-three-characters"
    form = {
        "response_type": "code",
        "client_id": client,
        "redirect_uri": _redirect(world, client),
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
    if lured_by is None:
        world.home.approve_client(user, client, world.design.login_scopes(app))
    request = Request("GET", "/authorize", form=form, session=session)
    answer = world.home.receive(request, now_s=world.now_s, ids=world.ids)
    world.count("as_authorize")
    who = world.who(user, world.design.people_types[user], user=user, session=session)
    if not answer.ok:
        if lured_by is not None:
            remember_refusal(world, lured_by, refusal_of(world, answer, None, place=world.design.home))
        return None
    code = str(answer.body["code"])
    world.emit("code.issued", who, {"code": code, "lifetime": 60_000})
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": _redirect(world, client),
        "code_verifier": verifier,
    }
    return Asked(client, code, form)


def keep_code(
    world: World, asked: Asked, response: Response, user: str, *, session: str, holder: str, person: str | None
) -> str:
    """What a code gave to whoever redeemed it: `person` is who acts through that program, nobody where it is a thief's."""
    step = GetToken(agent=holder, grant="authorization_code")
    who = world.who(holder, world.design.actor_type(holder), user=person, session=session)
    kept = keep(
        world, step, who, response, holder=holder, client=asked.client, subject=None, task=None, code=asked.code, user=user
    )
    return kept.handle


def _client_of(world: World, app: str) -> str:
    """The client_id under which an application was registered; a lure names the attacker's client itself."""
    return world.design.client_name(app) if app in world.design.system.agents else app


def _redirect(world: World, app: str) -> str:
    """Where the application has its codes sent, as it is registered."""
    client = world.home.store.clients.get(app)
    return client.redirect_uris[0] if client is not None and client.redirect_uris else redirect_of(app)


def subject_for(world: World, task: Task) -> str | None:
    """The token that a new task starts with: the application's, renewed where it has to be."""
    app = world.design.app_of(task.agent)
    if app != world.design.portal and app_access_token(world, app, task.session) is None:
        authorize(world, task.user, session=task.session, app=app, purpose=task.purpose)
    held = app_access_token(world, app, task.session)
    if held is None or held.expires_ms <= world.now_ms:
        step = GetToken(agent=task.agent, task=task.id, grant="renew")
        return renew(world, step).credential
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
    return world.home.grant_consent(
        command.user, client, command.recipient, command.purpose, command.categories, now_s=world.now_s, ids=world.ids
    )


def _through_the_browser(world: World, task: Task, app: str) -> Reply:
    """An application without a refresh token sends the browser through the code flow again, if anybody sits before it."""
    handle = None
    if app != world.design.portal and world.people[task.user].present:
        handle = authorize(world, task.user, session=task.session, app=app, purpose=task.purpose)
    if handle is None:
        return Reply(ok=False, error="no_session")
    return Reply(ok=True, credential=hand_over(world, task, app))


def renew(world: World, step: GetToken) -> Reply:
    """The application refreshes its own token and forwards a new message token to the agent."""
    task = world.tasks[str(step.task)]
    app = world.design.app_of(step.agent)
    held = app_refresh_token(world, app, task.session)
    if held is None:
        return _through_the_browser(world, task, app)
    form = dict(step.says) | {"grant_type": "refresh_token", "refresh_token": held.token}
    client = _client_of(world, app)
    response = post(world, world.design.home, "/token", client, form, published_key=False)
    who = world.who(app, world.design.actor_type(app), user=task.user, session=task.session, task=task.id)
    if not response.ok:
        return refused(not_issued(world, step, who, response, held))
    keep(world, step, who, response, holder=app, client=client, subject=held, task=task)
    return Reply(ok=True, credential=hand_over(world, task, app))
