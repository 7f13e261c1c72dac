"""What people do: arrive and leave, sign in and out, consent, start tasks, answer prompts. All of it is ledger.

Presence is a matter of devices in hands and known to no system; what systems see of it are sessions and human acts.
"""

from __future__ import annotations

from msgspec.structs import replace

from harness.trace import Who
from harness.world.mechanics import backchannel, deeds, grants, guard, replicas, sign_in
from harness.world.mechanics.commands import (
    Act,
    AnswerPrompt,
    Arrive,
    DeclineConsent,
    GiveConsent,
    Halt,
    Leave,
    LogIn,
    LogOut,
    Lure,
    StartTask,
    WithdrawConsent,
)
from harness.world.mechanics.effects import operation_fields
from harness.world.mechanics.records import Approval, Consent, Due, Task
from harness.world.mechanics.replies import Reply
from harness.world.mechanics.state import World

PRESENT_AFTER_ANSWER_MS = 60_000
CONSENT_LIFETIME_MS = 360 * 24 * 3_600_000


def arrive(world: World, command: Arrive) -> Reply:
    """The first device in use makes a person present."""
    person = world.people[command.user]
    if not person.present:
        world.emit("user.arrived", _who(world, command.user), cause=deeds.cause(command))
    world.people[command.user] = replace(
        person,
        devices=person.devices | {command.device},
        since_ms=world.now_ms if not person.present else person.since_ms,
    )
    return Reply(ok=True)


def leave(world: World, command: Leave) -> Reply:
    """The last device put down makes a person absent; no system is told."""
    person = world.people[command.user]
    devices = person.devices - {command.device}
    if person.present and not devices:
        world.emit("user.left", _who(world, command.user), cause=deeds.cause(command))
        person = replace(person, left_ms=world.now_ms)
        _end_authority(world, "departure", user=command.user)
    world.people[command.user] = replace(person, devices=devices)
    return Reply(ok=True)


def log_in(world: World, command: LogIn) -> Reply:
    """Authentication, and the application's code flow behind it."""
    signed_in = sign_in.code_flow(world, command.user, app=command.app or world.design.portal, acr=command.acr)
    if signed_in is None:
        return Reply(ok=False, error="access_denied")
    session, credential = signed_in
    world.sessions[session] = world.now_ms
    world.plan(Due(world.now_ms + _idle_ms(world), "session_idle", session, command.user))
    return Reply(ok=True, session=session, credential=credential)


def log_out(world: World, command: LogOut) -> Reply:
    """An explicit end of a session; the authorization server tells the enforcement points as far as K09 reaches."""
    who = _who(world, command.user, session=command.session)
    world.emit("user.logged_out", who, cause=deeds.cause(command))
    if world.sessions.pop(command.session, None) is not None:
        world.emit("session.ended", who, {"reason": "logout"}, cause=deeds.cause(command))
    replicas.decided(world, world.design.home, "sessions", "end_session", command.session, "logout")
    _end_authority(world, "logout", session=command.session)
    return Reply(ok=True)


def act(world: World, command: Act) -> Reply:
    """A human act, which keeps the session alive if it still is."""
    world.emit("user.active", _who(world, command.user, session=command.session))
    _acted(world, command.session)
    return Reply(ok=True)


def _acted(world: World, session: str) -> None:
    """Tell the server that a human acted, and remember when."""
    if world.home.human_act(session, now_s=world.now_s) and session in world.sessions:
        world.sessions[session] = world.now_ms


def _idle_ms(world: World) -> int:
    return round(world.home.profile.session_idle_s * 1000)


def idle_end(world: World, due: Due) -> None:
    """A session ends by itself when no human has acted in it for long enough; only its own server notices."""
    last_ms = world.sessions.get(due.target)
    if last_ms is None:
        return
    if last_ms + _idle_ms(world) > world.now_ms:
        world.plan(Due(last_ms + _idle_ms(world), "session_idle", due.target, due.payload))
        return
    del world.sessions[due.target]
    world.emit("session.ended", _who(world, str(due.payload), session=due.target), {"reason": "idle"})


def give_consent(world: World, command: GiveConsent) -> Reply:
    """A consent replaces an earlier one for the same recipient and purpose."""
    key = (command.user, command.recipient, command.purpose)
    if key in world.consents:
        withdraw_consent(world, WithdrawConsent(command.user, command.recipient, command.purpose))
    consent = sign_in.record_consent(world, command)
    if not command.beforehand:
        replicas.consented(world, world.design.home, consent)
    world.consents[key] = Consent(
        consent, command.user, command.agent, command.recipient, command.purpose, command.categories, world.now_ms
    )
    own = {
        "consent": consent,
        "purpose": command.purpose,
        "categories": command.categories,
        "recipient": command.recipient,
        "renewal": False,
    }
    world.emit("consent.granted", _who(world, command.user, agent=command.agent), own, cause=deeds.cause(command))
    if world.design.on("K10"):
        lifetime_ms = world.design.controls.setting("K10").lifetime or CONSENT_LIFETIME_MS
        world.plan(Due(world.now_ms + lifetime_ms, "consent_lapse", consent, key))
    world.count("prompts")
    return Reply(ok=True)


def lapse(world: World, due: Due) -> None:
    """K10: a consent that is old enough counts no more; the person is asked again."""
    current = next((key for key, one in world.consents.items() if one.id == due.target), None)
    if current is not None:
        del world.consents[current]
        replicas.decided(world, world.design.home, "consents", "withdraw_consent", due.target)


def withdraw_consent(world: World, command: WithdrawConsent) -> Reply:
    """A withdrawal counts from this instant; K17 carries it to the enforcement points."""
    consent = world.consents.pop((command.user, command.recipient, command.purpose))
    own = {"consent": consent.id, "purpose": consent.purpose, "recipient": consent.recipient}
    who = _who(world, command.user, agent=consent.agent)
    world.emit("consent.withdrawn", who, own, cause=deeds.cause(command))
    replicas.decided(world, world.design.home, "consents", "withdraw_consent", consent.id)
    world.emit("consent.withdrawal_notified", who, {"consent": consent.id, "recipient": consent.recipient})
    for task in list(world.tasks.values()):
        if task.user == command.user and task.purpose == command.purpose and not task.done:
            world.tasks[task.id] = replace(task, ended_by=task.ended_by or "withdrawal")
    return Reply(ok=True)


def decline_consent(world: World, command: DeclineConsent) -> Reply:
    """Without the consent the task has no authority for what it was going to do; honest work ends there."""
    task = world.tasks[command.task]
    world.tasks[task.id] = replace(task, ended_by=task.ended_by or "refusal")
    return Reply(ok=True)


def start_task(world: World, command: StartTask) -> Reply:
    """A person gives an agent a task; the application forwards the words and its token to the agent (A2A)."""
    key = world.ids.next("task")
    task = Task(
        key,
        command.user,
        command.agent,
        command.session,
        command.kind,
        command.purpose,
        world.now_ms,
        twist=command.twist,
        ended_by=_without_authority(world, command),
    )
    world.tasks[key] = task
    who = world.who(command.user, world.design.people_types[command.user], user=command.user, agent=command.agent,
                    session=command.session, task=key)  # fmt: skip
    world.emit("task.started", who)
    world.emit("user.active", _who(world, command.user, session=command.session))
    _acted(world, command.session)
    subject = sign_in.subject_for(world, task)
    if subject is None:
        world.tasks[key] = replace(world.tasks[key], refused_calls=1, done=command.twist is None)
        return Reply(ok=False, error="invalid_token", task=key)
    refusal = guard.deliver_message(world, task, subject)
    world.tasks[key] = replace(world.tasks[key], subject=subject)
    if refusal is not None:
        world.tasks[key] = replace(world.tasks[key], refused_calls=1, done=command.twist is None)
        return Reply(ok=False, error=refusal.error, task=key, credential=subject)
    return Reply(ok=True, task=key, credential=subject)


def _without_authority(world: World, command: StartTask) -> str | None:
    """Why a task has no authority to begin with."""
    if world.programs[command.agent].disabled_ms >= 0:
        return "denial"
    if world.people[command.user].locked:
        return "lock"
    app = world.design.app_of(command.agent)
    revoked = any(
        one.session == command.session and one.ended_by == "revocation" and world.design.app_of(one.agent) == app
        for one in world.tasks.values()
    )
    return "revocation" if revoked else None


def answer_prompt(world: World, command: AnswerPrompt) -> Reply:
    """A person opens a prompt on a device of their own and answers it; that is arriving, for a minute at least."""
    approval = world.approvals[command.approval]
    arrive(world, Arrive(command.user, command.device))
    world.plan(Due(world.now_ms + PRESENT_AFTER_ANSWER_MS, "put_down", command.user, command.device))
    answered, session = backchannel.answer(
        world, approval, approve=command.approve, by=command.user, channel=command.device
    )
    world.emit("user.active", _who(world, command.user, session=session))
    if not answered:
        return Reply(ok=False, error="expired_token")
    record_answer(world, approval, approver=command.user, approve=command.approve, session=session)
    return Reply(ok=True, session=session)


def record_answer(world: World, approval: Approval, *, approver: str, approve: bool, session: str | None) -> None:
    """Write down what the approver saw and said."""
    state = "approved" if approve else "refused"
    world.approvals[approval.id] = replace(approval, state=state, answered_ms=world.now_ms, session=session)
    agents = world.programs
    approver_type = "agent" if approver in agents else world.design.people_types[approver]
    own = operation_fields(approval.shown) | {"approval": approval.id, "approver": approver}
    who = world.who(
        approver,
        approver_type,
        user=approval.user,
        agent=approval.agent,
        session=session,
        task=approval.task,
    )
    if approve:
        own |= {"approver_type": approver_type, "requested_by": approval.agent}
        world.emit("approval.granted", who, own)
    else:
        world.emit("approval.refused", who, own)
        task = world.tasks.get(approval.task)
        if task is not None and not task.done:
            world.tasks[task.id] = replace(task, ended_by=task.ended_by or "refusal")


def follow_link(world: World, step: Lure) -> Reply:
    """A person opens an authorization link that an attacker made; their open session does the rest, or asks first."""
    session = next((one for one in world.sessions if _session_of(world, one) == step.user), None)
    if session is None:
        return Reply(ok=False, error="login_required")
    client = world.programs[step.agent].client
    credential = sign_in.authorize(world, step.user, session=session, app=client, lured_by=step)
    return Reply(ok=credential is not None, credential=credential, error="" if credential else "consent_required")


def _session_of(world: World, session: str) -> str | None:
    found = world.home.store.sessions.get(session)
    return found.user if found else None


def halt(world: World, command: Halt) -> Reply:
    """A person stops a task. In the chat it is text for the LLM; at the authorization server (K28) its grant dies."""
    task = world.tasks[command.task]
    who = world.who(command.user, "user", user=command.user, agent=task.agent, session=task.session, task=task.id)
    own = {"by": command.user, "channel": command.channel}
    world.emit("task.halted", who, own, cause=deeds.cause(command))
    world.tasks[task.id] = replace(task, ended_by=task.ended_by or "halt")
    if command.channel == "out_of_band" and world.design.on("K28"):
        grants.revoke_task(world, task)
    return Reply(ok=True)


def _end_authority(world: World, cause: str, *, user: str | None = None, session: str | None = None) -> None:
    """Tasks of a person, or of a session, that honest work need no longer finish."""
    for task in list(world.tasks.values()):
        if not task.done and (task.user == user or task.session == session):
            world.tasks[task.id] = replace(task, ended_by=task.ended_by or cause)


def _who(world: World, user: str, *, session: str | None = None, agent: str | None = None) -> Who:
    return world.who(user, world.design.people_types[user], user=user, session=session, agent=agent)
