"""An agent at work on one task, as a process: ask the brain, wait, do, tell the brain what came of it."""

from __future__ import annotations

from functools import partial

from harness.plan.scenario import Job
from harness.world.brains.honest import AskConsent, Plan, Wait
from harness.world.brains.misbehaviours import brain_for
from harness.world.brains.view import View
from harness.world.mechanics import commands as c
from harness.world.mechanics.replies import Reply
from harness.world.sim import network
from harness.world.sim.run import Process, Run
from harness.world.sim.stay import Stay


def job(stay: Stay, name: str, job: Job) -> Process:
    """One thing a person asks for, from the request to the end of the task."""
    run, agent = stay.run, stay.agent(job)
    yield run.sleep(job.at - (run.now_ms - stay.visit.start_ms))
    yield from _consent_screen(stay, agent, job)
    if stay.session is None:
        return
    twist = job.twist.id if job.twist else None
    reply = run.do(c.StartTask(stay.user, stay.session, agent, job.kind, stay.purpose(job), twist))
    if reply.task is None or not (reply.ok or job.twist):
        if reply.task is not None and _declined(stay, agent):
            run.do(c.DeclineConsent(stay.user, reply.task))
        return  # the message never reached the agent; one that is steered from elsewhere acts all the same
    view = View(run.world, agent, reply.task, job, others=_others(stay, job), about=stay.about(job))
    yield from think(run, brain_for(view), name, stay=stay, job=job)


def think(run: Run, brain: Plan, name: str, *, stay: Stay | None = None, job: Job | None = None) -> Process:
    """Run a brain to its end."""
    reply: Reply | None = None
    while True:
        try:
            command = next(brain) if reply is None else brain.send(reply)
        except StopIteration:
            return
        if isinstance(command, Wait):
            yield run.sleep(command.ms)
            reply = Reply(ok=True)
            continue
        yield run.thought(f"agent/{name}")
        if isinstance(command, AskConsent):
            if stay is not None and stay.visit.consents != "never":
                yield run.sleep(stay.visit.answers_after)
            reply = _consent(stay, job, command)
            continue
        asks = command if isinstance(command, c.AskApproval) else None
        reply = yield from network.exchange(run, command, name, partial(_begun, run, asks, stay, job))
        if reply is None:
            return  # nobody answers, and it waits for ever


def _begun(run: Run, asks: c.AskApproval | None, stay: Stay | None, job: Job | None, reply: Reply) -> None:
    """A question that has reached the person's device is answered in their own time."""
    if asks is not None and reply.approval and stay is not None and job is not None:
        run.env.process(stay.answer(reply.approval, job))


def _consent(stay: Stay | None, job: Job | None, asked: AskConsent) -> Reply:
    if stay is not None and job is not None:
        if stay.visit.consents != "never":
            reply = stay.consent(stay.agent(job), asked.provider, asked.purpose)
            if reply.ok:
                return reply
        stay.run.do(c.DeclineConsent(stay.user, asked.task))
    return Reply(ok=False, error="access_denied")


def _consent_screen(stay: Stay, agent: str, job: Job) -> Process:
    """A third party's application sends the person to the authorization server, which asks for what its model needs."""
    run = stay.run
    asked = (stay.user, run.world.design.provider_of(agent), stay.purpose(job))
    if stay.visit.consents == "never" or not run.world.design.is_third_party(agent) or asked in run.world.consents:
        return
    yield run.sleep(stay.visit.answers_after)
    if stay.session is not None:
        stay.consent(agent, asked[1], asked[2])


def _declined(stay: Stay, agent: str) -> bool:
    """Whether a task could not begin because the person said no on the third party's consent screen."""
    return stay.visit.consents == "never" and stay.run.world.design.is_third_party(agent)


def _others(stay: Stay, job: Job) -> tuple[str, ...]:
    """Who a document would name besides the person: the twist's target, or other customers."""
    if job.twist is not None and job.twist.target is not None:
        return (stay.run.cast.person(job.twist.target),)
    return stay.run.cast.others(stay.user)
