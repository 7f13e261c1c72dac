"""A person's stay as a process: arrive, sign in, consent, ask for things, and go, with a word or without."""

from __future__ import annotations

from harness.plan.scenario import Visit
from harness.world.mechanics import commands as c
from harness.world.sim import agents
from harness.world.sim.run import Process, Run
from harness.world.sim.stay import Stay

SETTLE_MS = 500
ACT_EVERY_MS = 25_000
NEVER_MS = 1 << 60


def visit(run: Run, number: int, visit: Visit) -> Process:
    """The whole stay, with the tasks asked for in it."""
    stay = Stay(run, visit)
    yield run.sleep(visit.start_ms)
    run.do(c.Arrive(stay.user, twist=stay.twist))
    stay.there = True
    yield run.sleep(SETTLE_MS)
    stay.session = run.do(c.LogIn(stay.user)).session
    _give_consents(stay)
    tasks = [run.env.process(agents.job(stay, f"{number}.{order}", job)) for order, job in enumerate(visit.tasks)]
    run.env.process(_be_active(stay))
    end_ms = min(NEVER_MS if one is None else one for one in (visit.leaves, visit.logs_out))
    if end_ms < NEVER_MS:
        yield run.sleep(visit.start_ms + end_ms - run.now_ms)
        _go(stay)
        yield run.env.all_of(tasks)
    else:
        yield run.env.all_of(tasks)
        yield run.sleep(SETTLE_MS)
        _go(stay)


def _go(stay: Stay) -> None:
    run, session = stay.run, stay.session
    stay.session, stay.there = None, False
    if stay.visit.leaves is None and session is not None and run.present(stay.user):
        run.do(c.LogOut(stay.user, session, twist=stay.twist))
    if "browser" in run.world.people[stay.user].devices:
        run.do(c.Leave(stay.user, twist=stay.twist))


def _be_active(stay: Stay) -> Process:
    while stay.there and stay.session is not None:
        stay.run.do(c.Act(stay.user, stay.session))
        yield stay.run.sleep(ACT_EVERY_MS)


def _give_consents(stay: Stay) -> None:
    if stay.visit.consents != "given":
        return
    for purpose, agent in dict.fromkeys((stay.purpose(job), stay.agent(job)) for job in stay.visit.tasks):
        stay.consent(agent, stay.run.world.design.provider_of(agent), purpose, beforehand=True)
