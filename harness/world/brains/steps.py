"""Misbehaviours about the steps that a requirements file declares: the task as it should be, but for one step.

A step that is a call of its own is not made, or made again and again; where it is part of something else every command
says what is wanted, and whoever does the step lets it be so or does not.
"""

from __future__ import annotations

from collections.abc import Generator

from msgspec.structs import replace

from harness.plan.steps import DESPITE, FOR_ANOTHER, LEFT_OUT, REPEATED
from harness.world.brains import honest as h
from harness.world.brains.honest import Plan, Wait
from harness.world.brains.twists import bent, end, reach_for, twist
from harness.world.brains.view import View
from harness.world.mechanics import commands as c
from harness.world.mechanics.replies import Reply

ANOTHER = "another_payee"


def about_a_step(view: View) -> Plan:
    """`left_out.KIND`, `otherwise.KIND`, …: the honest work, each of its commands with that wish."""
    wanted = twist(view).id
    if wanted.startswith(DESPITE):
        yield from _in_spite(view, wanted.removeprefix(DESPITE))
    work = h.work(view)
    reply: Reply | None = None
    while True:
        try:
            command = next(work) if reply is None else work.send(reply)
        except StopIteration:
            return (yield from end(view))
        if not isinstance(command, c.Step):
            reply = yield command
        elif not isinstance(command, c.Call):
            reply = yield bent(view, command)
        else:
            reply = yield from _call(view, command)


def _call(view: View, command: c.Call) -> h.Answer:
    wanted = twist(view).id
    if wanted.startswith(FOR_ANOTHER) and view.does_step(command.endpoint, wanted.removeprefix(FOR_ANOTHER)):
        return (yield bent(view, replace(command, payee=ANOTHER)))
    reply = Reply(ok=True)
    for prefix, times in ((LEFT_OUT, 0), (REPEATED, view.times_of(wanted.removeprefix(REPEATED)))):
        if wanted.startswith(prefix) and view.does_step(command.endpoint, wanted.removeprefix(prefix)):
            for _ in range(times):
                reply = yield bent(view, command)
            return reply
    return (yield bent(view, command))


def _in_spite(view: View, kind: str) -> Generator[c.Command | Wait | h.AskConsent, Reply, None]:
    """Wait for what forbids the work; where it is a deed, have a token beforehand, and use that one first."""
    until_ms = twist(view).wait
    if until_ms is None:
        yield Wait(view.delay_ms_of(kind) + 1)
        return
    info = view.endpoint(view.spec.tool)
    handle = yield from h.obtain(view, info.api, info.endpoint.scope)
    yield Wait(until_ms)
    yield from reach_for(view, info.name, handle)
