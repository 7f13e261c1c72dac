"""An agent at work on one task, as a process: ask the brain, wait, do, tell the brain what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from harness.plan.scenario import Job
from harness.world.brains.honest import AskConsent, Plan, Wait
from harness.world.brains.misbehaviours import brain_for
from harness.world.brains.view import View
from harness.world.mechanics import commands as c
from harness.world.mechanics.replies import Reply

if TYPE_CHECKING:
    from harness.world.sim.people import Stay
    from harness.world.sim.shell import Process, Run


def job(run: Run, stay: Stay, name: str, job: Job) -> Process:
    """One thing a person asks for, from the request to the end of the task."""
    from harness.world.sim import people

    agent = people._agent(run, job)
    purpose = people._purpose(run, job)
    yield run.sleep(job.at - (run.now_ms - stay.visit.arrives))
    if stay.session is None:
        return
    twist = job.twist.id if job.twist else None
    reply = run.do(c.StartTask(stay.user, stay.session, agent, job.kind, purpose, twist))
    if reply.task is None or not reply.ok:
        return
    view = View(run.world, agent, reply.task, job, rivals=_rivals(run, stay, job))
    yield from think(run, brain_for(view), name, stay=stay, job=job)


def think(run: Run, brain: Plan, name: str, *, stay: Stay | None = None, job: Job | None = None) -> Process:
    """Run a brain to its end."""
    from harness.world.sim import people
    from harness.world.sim.shell import THINKING_MS

    stream = run.streams[f"agent/{name}"]
    reply = None
    while True:
        try:
            command = brain.send(reply) if reply is not None else next(brain)
        except StopIteration:
            return
        if isinstance(command, Wait):
            yield run.sleep(command.ms)
            reply = Reply(ok=True)
            continue
        yield run.sleep(stream.randint(*THINKING_MS))
        if isinstance(command, AskConsent):
            reply = yield from _ask_consent(run, command, stay, job)
            continue
        reply = run.do(command)
        if isinstance(command, c.AskApproval) and reply.approval and stay is not None and job is not None:
            run.env.process(people.answer(run, stay, reply.approval, job))
        yield run.latency(f"network/{name}")


def _ask_consent(run: Run, command: AskConsent, stay: Stay | None, job: Job | None):  # type: ignore[no-untyped-def]
    from harness.world.sim import people

    if stay is None or job is None or stay.visit.consents == "never":
        return Reply(ok=False, error="access_denied")
    yield run.sleep(stay.visit.answers_after)
    if not run.world.people[stay.user].present:
        return Reply(ok=False, error="access_denied")
    people.consent(run, stay.user, people._agent(run, job), command.provider, command.purpose)
    return Reply(ok=True)


def _rivals(run: Run, stay: Stay, job: Job) -> tuple[str, ...]:
    if job.twist is not None and job.twist.target is not None:
        return (run.cast.person(job.twist.target),)
    return run.cast.others(stay.user)


__all__ = ["job", "replace", "think"]
