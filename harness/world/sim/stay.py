"""One person's stay while it lasts, and what the person does when asked: consents, answers to prompts."""

from __future__ import annotations

from harness.plan.scenario import Job, Visit
from harness.world.mechanics import commands as c
from harness.world.mechanics.replies import Reply
from harness.world.sim.run import Process, Run


class Stay:
    """One visit. `session` is the portal's; it is None before sign-in and after the end."""

    def __init__(self, run: Run, visit: Visit) -> None:
        self.run = run
        self.visit = visit
        self.user = run.cast.person(visit.user)
        self.twist = visit.twist.id if visit.twist is not None else None
        self.session: str | None = None
        self.there = False

    def purpose(self, job: Job) -> str:
        """What a task is for."""
        return job.purpose or self.run.world.design.system.tasks[job.kind].purpose

    def agent(self, job: Job) -> str:
        """Who is asked to do it."""
        spec = self.run.world.design.system.tasks[job.kind]
        return self.run.cast.agent(job.agent if job.agent != "main" else spec.agent or "main")

    def about(self, job: Job) -> str | None:
        """Whose records a task is about, where it is not the person who asks."""
        return self.run.cast.person(job.about) if job.about is not None else None

    def consent(self, agent: str, provider: str, purpose: str, *, beforehand: bool = False) -> Reply:
        """The person says yes to what the purpose needs, for this provider; nobody says so who is not there."""
        if not self.run.present(self.user):
            return Reply(ok=False, error="access_denied")
        needed = self.run.world.design.needed(purpose)
        return self.run.do(c.GiveConsent(self.user, agent, provider, purpose, needed, beforehand))

    def answer(self, approval: str, job: Job) -> Process:
        """The person reads the prompt after a while and decides by what it says."""
        run, visit = self.run, self.visit
        if visit.approves == "never_answers":
            return
        yield run.sleep(visit.answers_after)
        found = run.world.approvals[approval]
        if found.state != "pending":
            return
        meant = (found.shown.amount, found.shown.payee) == (job.amount, job.payee)
        approve = visit.approves == "anything" or (visit.approves == "what_was_meant" and meant)
        run.do(c.AnswerPrompt(found.user, approval, approve))
