"""Rows `call` and `call_dpop`: one hop from an agent to an API, with everything that a run does about it.

Ours: cached signature, every check of the enforcement point, the object check, `request.allowed` and `data.accessed`
with all fields, and the six monitors, through the mechanics and the SimPy loop. The floor is the least that a
simulation of the same traffic could do: the same tokens, a SimPy loop with two drawn latencies, a token check behind a
dictionary, two tuples as events, three monitors written out by hand. The floor of `call_dpop` is one proof, signed and
verified with nothing else.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import jwt
import simpy

from benchmarks.office import AGENTS, CALLS_PER_TOKEN, Desk, open_office, requirements
from benchmarks.timing import Case, Sample
from harness.judge import Judge
from harness.oauth.dpop import check_proof, make_proof
from harness.oauth.keys import SigningKey
from harness.trace import Event
from harness.world.mechanics.commands import Call
from harness.world.mechanics.engine import apply
from harness.world.mechanics.keyring import key
from harness.world.mechanics.state import World
from harness.world.sim.run import HOP_LATENCY_MS
from harness.world.sim.streams import Streams

ENDPOINT = "policies.read"
Process = Generator[simpy.Event, Any, None]


def cases(*, tokens: int = 2) -> list[Case]:
    """Both rows; each sample is twenty agents with so many tokens of fifty calls each."""
    return [
        Case("call", lambda: _ours(tokens), lambda: _floor(tokens), repeats=21),
        Case("call_dpop", lambda: _ours(1, binding="dpop"), lambda: _proofs(100), repeats=5),
    ]


# ---------------------------------------------------------------- ours


def _ours(tokens: int, binding: str = "mtls") -> Sample:
    world, log, desks = open_office(tokens, binding=binding)
    judge = Judge(requirements())
    calls = AGENTS * tokens * CALLS_PER_TOKEN

    def sample() -> int:
        env = simpy.Environment()
        streams = Streams(0)
        for desk in desks:
            env.process(_work(env, world, log, desk, streams))
        env.run()
        verdicts = judge.judge_events(log)
        assert not any(run.violations for run in verdicts.values()), "nothing is broken"
        assert verdicts["R4"].exercised == calls, "every call got through and was judged"
        return calls

    return sample


def _work(env: simpy.Environment, world: World, log: list[Event], desk: Desk, streams: Streams) -> Process:
    stream = f"network/{desk.agent}"
    for credential in desk.credentials:
        for _ in range(CALLS_PER_TOKEN):
            yield env.timeout(streams[stream].randint(*HOP_LATENCY_MS))
            step = Call(agent=desk.agent, task=desk.task, endpoint=ENDPOINT, credential=credential)
            events, _ = apply(world, step, int(env.now))
            log += events
            yield env.timeout(streams[stream].randint(*HOP_LATENCY_MS))


# ---------------------------------------------------------------- the floors


def _floor(tokens: int) -> Sample:
    world, _, desks = open_office(tokens)
    api = _Api(key(world.design.seed, "server/home").public.parsed)
    calls = AGENTS * tokens * CALLS_PER_TOKEN
    held = [(desk.agent, world.tasks[desk.task].user, _texts(world, desk)) for desk in desks]

    def sample() -> int:
        env = simpy.Environment()
        streams = Streams(0)
        for agent, user, texts in held:
            env.process(_bare_work(env, api, agent, user, texts, streams))
        env.run()
        assert (len(api.log), api.fine) == (2 * calls, 3 * calls), "every call got through and kept the rules"
        return calls

    return sample


def _texts(world: World, desk: Desk) -> list[str]:
    return [world.credentials[handle].token for handle in desk.credentials]


class _Api:
    """A bare API: good tokens by their text, a log, and the state of three monitors."""

    def __init__(self, public: Any) -> None:
        self.public = public
        self.good: dict[str, dict[str, Any]] = {}
        self.log: list[tuple[Any, ...]] = []
        self.left_ms: dict[str, int] = {}
        self.listed = {(f"agent_{number}", ENDPOINT) for number in range(AGENTS)}
        self.fine = 0
        self.broken: list[tuple[Any, ...]] = []

    def claims(self, token: str) -> dict[str, Any]:
        found = self.good.get(token)
        if found is None:
            found = self.good[token] = jwt.decode(
                token, self.public, algorithms=["EdDSA"], audience="policies", options=_CLAIMS_LATER
            )
        return found

    def call(self, token: str, user: str, agent: str, now_ms: int) -> bool:
        claims = self.claims(token)
        if claims["exp"] * 1000 < now_ms or "policies" not in claims["aud"] or ENDPOINT not in claims["scope"]:
            return False
        allowed = ("request.allowed", now_ms, len(self.log), agent, user, ENDPOINT, claims)
        accessed = ("data.accessed", now_ms, len(self.log) + 1, agent, user, "policy", claims["sub"], (user,))
        self.log.append(allowed)
        self.log.append(accessed)
        self.on_the_list(allowed)
        self.entitled(accessed)
        self.present(accessed)
        return True

    def on_the_list(self, event: tuple[Any, ...]) -> None:
        if (event[3], event[5]) in self.listed:
            self.fine += 1
        else:
            self.broken.append(event)

    def entitled(self, event: tuple[Any, ...]) -> None:
        if event[4] in event[7]:
            self.fine += 1
        else:
            self.broken.append(event)

    def present(self, event: tuple[Any, ...]) -> None:
        left_ms = self.left_ms.get(event[4])
        if left_ms is None or event[1] - left_ms <= 300_000:
            self.fine += 1
        else:
            self.broken.append(event)


_CLAIMS_LATER: Any = {"verify_exp": False, "verify_iat": False, "verify_nbf": False}


def _bare_work(env: simpy.Environment, api: _Api, agent: str, user: str, texts: list[str], streams: Streams) -> Process:
    stream = f"network/{agent}"
    for token in texts:
        for _ in range(CALLS_PER_TOKEN):
            yield env.timeout(streams[stream].randint(*HOP_LATENCY_MS))
            api.call(token, user, agent, int(env.now))
            yield env.timeout(streams[stream].randint(*HOP_LATENCY_MS))


def _proofs(count: int) -> Sample:
    signer = SigningKey.derive(b"benchmark", "dpop")
    url, token = "https://policies.example", "t" * 700

    def sample() -> int:
        for number in range(count):
            proof = make_proof(signer, method="POST", url=url, now_s=1, jti=str(number), token=token)
            check_proof(proof, method="POST", url=url, now_s=1, window_s=60, token=token)
        return count

    return sample
