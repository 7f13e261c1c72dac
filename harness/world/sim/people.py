"""A person's stay as a process: arrive, sign in, consent, ask for things, answer prompts, and go, with a word or without."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.plan.scenario import Job, Visit
from harness.world.mechanics import commands as c
from harness.world.sim import agents

if TYPE_CHECKING:
    from harness.world.sim.shell import Process, Run

SETTLE_MS = 500
ACT_EVERY_MS = 25_000


class Stay:
    """One visit while it lasts. `session` is the portal's; it is None before sign-in and after the end."""

    def __init__(self, visit: Visit, user: str) -> None:
        self.visit = visit
        self.user = user
        self.session: str | None = None
        self.there = False


def visit(run: Run, number: int, visit: Visit) -> Process:
    """The whole stay, with the tasks asked for in it."""
    stay = Stay(visit, run.cast.person(visit.user))
    yield run.sleep(visit.arrives)
    run.do(c.Arrive(stay.user))
    stay.there = True
    yield run.sleep(SETTLE_MS)
    stay.session = run.do(c.LogIn(stay.user)).session
    _give_consents(run, stay)
    tasks = [run.env.process(agents.job(run, stay, f"{number}.{order}", job)) for order, job in enumerate(visit.tasks)]
    run.env.process(_be_active(run, stay))
    end = min(time for time in (visit.leaves, visit.logs_out, 1 << 60) if time is not None)
    if end < 1 << 60:
        yield run.sleep(visit.arrives + end - run.now_ms)
        _go(run, stay)
        yield run.env.all_of(tasks)
    else:
        yield run.env.all_of(tasks)
        yield run.sleep(SETTLE_MS)
        _go(run, stay)


def _go(run: Run, stay: Stay) -> None:
    session, stay.session = stay.session, None
    stay.there = False
    if stay.visit.leaves is None and session is not None and run.world.people[stay.user].present:
        run.do(c.LogOut(stay.user, session))
    if "browser" in run.world.people[stay.user].devices:
        run.do(c.Leave(stay.user))


def _be_active(run: Run, stay: Stay) -> Process:
    while stay.there and stay.session is not None:
        run.do(c.Act(stay.user, stay.session))
        yield run.sleep(ACT_EVERY_MS)


def _give_consents(run: Run, stay: Stay) -> None:
    if stay.visit.consents != "given":
        return
    for purpose, agent in dict.fromkeys((_purpose(run, job), _agent(run, job)) for job in stay.visit.tasks):
        consent(run, stay.user, agent, run.world.design.provider_of(agent), purpose)


def consent(run: Run, user: str, agent: str, provider: str, purpose: str) -> None:
    """The person says yes to what the purpose needs, for this provider."""
    run.do(c.GiveConsent(user, agent, provider, purpose, run.world.design.needed(purpose)))


def answer(run: Run, stay: Stay, approval: str, job: Job) -> Process:
    """The person reads the prompt after a while and decides by what it says."""
    visit = stay.visit
    if visit.approves == "never_answers":
        return
    yield run.sleep(visit.answers_after)
    found = run.world.approvals[approval]
    if found.state != "pending":
        return
    meant = (found.shown.amount, found.shown.payee) == (job.amount, job.payee)
    approve = visit.approves == "anything" or (visit.approves == "what_was_meant" and meant)
    run.do(c.AnswerPrompt(found.user, approval, approve))


def _purpose(run: Run, job: Job) -> str:
    return job.purpose or run.world.design.system.tasks[job.kind].purpose


def _agent(run: Run, job: Job) -> str:
    spec = run.world.design.system.tasks[job.kind]
    return run.cast.agent(job.agent if job.agent != "main" else spec.agent or "main")
