"""What came back from a token endpoint: tokens within their holder's reach, or a refusal and whom it is credited to.

A token's claims are read for the trace alone; no client decides anything by them (RFC 9068 section 6).
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from harness.oauth import Response
from harness.oauth.forms import DISCLOSURE
from harness.oauth.tokens import Claims, read_claims
from harness.trace import Token, Who
from harness.world.mechanics import guard
from harness.world.mechanics.commands import GetToken, Step
from harness.world.mechanics.effects import Effect, Stop, remember_refusal, settle
from harness.world.mechanics.records import Approval, Credential, Task
from harness.world.mechanics.state import World
from harness.world.mechanics.wiring import issuer_of, server_of_domain


def keep(
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
    grant = _grant_name(step) if isinstance(step, GetToken) else "ciba" if approval else "token_exchange"
    server = server_for(world, step) if isinstance(step, GetToken) else world.design.home
    claims = claims_in(world, server, str(response.body["access_token"]))
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
        owners=tuple(llm.get("owners", ())) if llm else (),
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


def claims_in(world: World, server: str, token: str) -> Claims:
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


def not_issued(
    world: World, step: Step, who: Who, response: Response, subject: Credential | None, grant: str | None = None
) -> Stop:
    """A refusal at a token endpoint, as an attempt to be issued a token; a challenge that honest work answers is none."""
    stop = refusal_of(world, response, subject, place=_place(world, step))
    if subject is not None:
        _reused(world, who, subject, response)
    if isinstance(step, GetToken) and step.grant == "claimed_subject" and world.design.on("K06"):
        stop = stop._replace(by=("K06",))  # an assertion without proof of the person's grant is nobody's
    if step.twist is None and stop.error in ("consent_required", "invalid_authorization_details"):
        round_trip(world, world.tasks.get(step.task) if step.task else None)
        return stop
    own = {
        "token": "none",
        "token_family": subject.facts.token_family if subject and subject.facts.token_family else "none",
        "grant": grant or (_grant_name(step) if isinstance(step, GetToken) else "token_exchange"),
        "lifetime": 0,
        "audience": (step.audience,) if isinstance(step, GetToken) and step.audience else (),
        "scope": step.scope if isinstance(step, GetToken) else (),
        "elevated": False,
        "proof": "none",
    }
    effects = [Effect("token.issued", who, own)]
    if own["grant"] == "token_exchange" and subject is not None:
        exchanged = {
            "token": "none",
            "subject_token": subject.facts.token,
            "scope": own["scope"],
            "subject_scope": subject.facts.token_scope,
            "audience": own["audience"],
            "depth": subject.depth + 1,
        }
        effects.append(Effect("token.exchanged", who, exchanged))
    settle(world, step, effects, stop)
    remember_refusal(world, step, stop)
    return stop


def _reused(world: World, who: Who, refresh: Credential, response: Response) -> None:
    """A refresh token that was shown a second time is written down, and that its grant is revoked for it (RFC 9700 4.14.2)."""
    if response.refusal is None or response.refusal.check != "rotation":
        return
    own = {"token": refresh.facts.token, "token_family": refresh.facts.token_family or refresh.facts.token}
    world.emit("token.reused", who, own)
    if response.signals:
        server = world.who(refresh.server, "service", user=refresh.user, session=refresh.session)
        world.emit("token.revoked", server, own | {"by": refresh.server, "reason": "reuse"})


def _place(world: World, step: Step) -> str:
    return world.design.server_named(step.server) if isinstance(step, GetToken) else world.design.home


def refusal_of(world: World, response: Response, subject: Credential | None, *, place: str) -> Stop:
    assert response.refusal is not None, "only a refusal stops anything"
    return guard.stop_of(world, (response.refusal,), subject, place=place)


def _grant_name(step: GetToken) -> str:
    """The grant in the vocabulary's words: an application renews with its refresh token."""
    words = {"renew": "refresh_token", "claimed_subject": "jwt_bearer", "id_jag": "token_exchange"}
    return words.get(step.grant, step.grant)


def round_trip(world: World, task: Task | None) -> None:
    if task is not None:
        current = world.tasks[task.id]
        world.tasks[task.id] = replace(current, round_trips=current.round_trips + 1)


def program_who(
    world: World, step: Step, task: Task | None, subject: Credential | None, session: str | None = None
) -> Who:
    return world.who(
        step.agent,
        world.design.actor_type(step.agent),
        user=task.user if task else step.person,
        agent=step.agent if world.design.is_agent(step.agent) else None,
        session=session or (subject.session if subject else task.session if task else None),
        task=step.task,
    )


def server_for(world: World, step: GetToken) -> str:
    """Which server answers: the one that issues tokens for the audience, unless the grant says which.

    A refresh token goes back to where it came from, an application renews where its person signed in, and an assertion
    is presented wherever its bearer chooses.
    """
    if step.grant == "renew":
        return world.design.home
    if step.grant == "jwt_bearer":
        return world.design.server_named(step.server)
    if step.grant == "refresh_token" and step.subject is not None:
        return world.credentials[step.subject].server
    api = world.design.system.apis.get(step.audience or "")
    return server_of_domain(world.design.system, api.domain) if api else world.design.server_named(step.server)
