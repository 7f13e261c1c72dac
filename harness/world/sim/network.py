"""The way of a command to a server and of its answer back: what faults make of it, and how long its author waits.

Without rules on ordinary messages a command takes effect when it is given and its answer takes an ordinary hop. What is
lost was neither stopped nor done. Whoever waits with a timeout gives up then, though the request may still arrive, and
sends again what it may send again; whoever has none waits for ever.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, NamedTuple, TypeAlias

import simpy
from msgspec.structs import replace

from harness.world.mechanics import commands as c
from harness.world.mechanics.calls import LATE
from harness.world.mechanics.issued import server_for
from harness.world.mechanics.legality import Impossible
from harness.world.mechanics.replies import Reply
from harness.world.mechanics.state import Message
from harness.world.sim.run import Run

Answered: TypeAlias = Generator[simpy.Event, Any, Reply | None]
RETRIED = "fault:sent_again"
TIMED_OUT = Reply(ok=False, error="timeout")


class Legs(NamedTuple):
    """The two messages of an exchange, with the API or server at the other end."""

    there: str
    back: str
    place: str


def exchange(run: Run, command: c.Command, name: str, begun: Callable[[Reply], None]) -> Answered:
    """Give a command, over the network where it goes to somebody; the value is the reply, None where none ever comes.

    `begun` is told what the command came to at the instant at which it took effect.
    """
    legs = _legs(run, command) if run.disturbed else None
    if legs is None:
        reply = run.do(command)
        begun(reply)
        yield run.latency(f"network/{name}")
        return reply
    assert isinstance(command, c.Step), "only programs send"
    agent = run.world.design.system.agents.get(command.agent)
    timeout_ms, retries = (agent.timeout, agent.retries) if agent else (None, 0)
    for attempt in range(1 + retries):
        sent = replace(command, fault=RETRIED) if attempt else command
        on_way = run.env.process(_there_and_back(run, sent, legs, begun))
        answer: Reply | None = yield from _wait(run, on_way, timeout_ms)
        if answer is not None:
            yield run.latency(f"network/{name}")
            return answer
    return None if timeout_ms is None else TIMED_OUT


def _wait(run: Run, on_way: simpy.Process, timeout_ms: int | None) -> Answered:
    """The answer, or None where there is none in time; a request that is late goes on without anybody."""
    if timeout_ms is None:
        answer: Reply | None = yield on_way
        return answer
    end_ms = run.now_ms + timeout_ms
    yield on_way | run.sleep(timeout_ms)
    if not on_way.triggered:
        run.under_way.append(on_way)
        return None
    if on_way.value is None:
        yield run.sleep(end_ms - run.now_ms)
    in_time: Reply | None = on_way.value
    return in_time


def _there_and_back(run: Run, command: c.Step, legs: Legs, begun: Callable[[Reply], None]) -> Answered:
    """One exchange; the value is the reply, None where request or answer was lost."""
    there_ms = _fate(run, legs.there, legs, command)
    if there_ms is None:
        return None
    yield run.sleep(there_ms)
    if there_ms:
        command = replace(command, fault=command.fault or LATE)
    try:
        reply = run.do(command)
    except Impossible:
        reply = Reply(ok=False, error="invalid_request")  # what it speaks of is over by now
    begun(reply)
    if reply.waits is not None:
        yield run.sleep(run.world.agenda[reply.waits].at_ms - run.now_ms)
        reply = run.answered(reply.waits)
    back_ms = _fate(run, legs.back, legs, command)
    if back_ms is None:
        return None
    yield run.sleep(back_ms)
    return reply


def _fate(run: Run, kind: str, legs: Legs, command: c.Step) -> int | None:
    delay_ms = run.world.fate(Message(kind, legs.place, command.agent, run.now_ms))
    if delay_ms is None:
        run.world.count("messages_lost")
    elif delay_ms:
        run.world.count("messages_delayed")
    return delay_ms


def _legs(run: Run, command: c.Command) -> Legs | None:
    """Between whom a command goes to and fro; None where it goes to nobody."""
    design = run.world.design
    if isinstance(command, c.Call):
        return Legs("call", "answer", design.endpoints[command.endpoint].api)
    if isinstance(command, c.SendToModel):
        return Legs("call", "answer", design.llm_endpoint.api)
    if isinstance(command, c.GetToken):
        return Legs("token_request", "token_answer", server_for(run.world, command))
    if isinstance(command, (c.AskApproval, c.RedeemApproval)):
        return Legs("token_request", "token_answer", design.home)
    return None
