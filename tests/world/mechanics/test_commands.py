"""Whatever is commanded, with whatever arguments: an answer of the mechanics, or Impossible, and never another exception.

Every kind of command there is, on every shipped system, in walks that get somewhere, half of them through a world in which
messages are lost or late and servers are down. Arguments are drawn from what is there and from names that nobody has.
What is impossible leaves the world as it was.
"""

from __future__ import annotations

import random
import types
import typing
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from harness.plan import Controls, System, load_system
from harness.suite import load_project
from harness.world.mechanics import commands as c
from harness.world.mechanics import hostile
from harness.world.mechanics.bounds import Bounds
from harness.world.mechanics.choices import choices
from harness.world.mechanics.engine import Impossible, apply
from harness.world.mechanics.forgery import KINDS
from harness.world.mechanics.legality import check
from harness.world.mechanics.possession import works_on
from harness.world.mechanics.setup import build
from harness.world.mechanics.state import Conditions, Fate, World, as_designed
from harness.world.sim.population import records
from tests.world.mechanics.test_state import everything
from tests.world.worlds import Hand, at_work, world

SYSTEMS = sorted([*Path("scenarios/systems").glob("*.yaml"), *Path("scenarios").glob("*/system.yaml")])
STEPS_DECLARED = Path("scenarios/further/operators.yaml")
NOBODY = "nobody"
WALKS, STEPS, BEGINNING = 2, 90, 28
WAITS_MS = (0, 0, 0, 0, 0, 0, 1_000, 40_000)
WORK = (c.Arrive, c.LogIn, c.GiveConsent, c.StartTask, c.GetToken, c.Call, c.StoreMemory, c.ReadMemory)
"""What a walk begins with, or it never gets as far as a token."""


def _kinds(module: types.ModuleType) -> Iterator[type[c.Command]]:
    for one in vars(module).values():
        if isinstance(one, type) and issubclass(one, c.Command) and one not in (c.Command, c.Deed, c.Step):
            yield one


KINDS_OF_COMMANDS = tuple(dict.fromkeys([*_kinds(c), *_kinds(hostile)]))

DRAWN = tuple(
    one for one in KINDS_OF_COMMANDS if issubclass(one, c.Step) or one in (c.AnswerPrompt, c.UseDirectly, c.Leak)
)


@cache
def system_at(path: Path) -> System:
    """A shipped system, or the one of a requirements file with the steps that it declares."""
    if path == STEPS_DECLARED:
        return load_project(path, scenarios=()).designs[0].system
    return load_system(str(path)).model


def _unlucky(draw: random.Random) -> Fate:
    """Every tenth message is lost, every tenth is late."""
    return lambda message: draw.choice((None, message.delay_ms + 20_000, *[message.delay_ms] * 8))


class Arguments:
    """Values for the fields of commands, by the name of the field: most of them there, some that nobody has."""

    def __init__(self, world: World, draw: random.Random) -> None:
        self.world, self.draw = world, draw

    def command(self, kind: type[c.Command]) -> c.Command:
        """A command of this kind with every field drawn; those that may be left out are, half of the time."""
        if kind is c.Prepare:
            deeds = [one for one in KINDS_OF_COMMANDS if issubclass(one, c.Deed)]
            deed = self.command(self.draw.choice(deeds))
            assert isinstance(deed, c.Deed), "only deeds are prepared"
            return c.Prepare(deed)
        found: dict[str, Any] = {}
        for field in msgspec.structs.fields(kind):
            if field.required or self.draw.random() < 0.5:
                found[field.name] = self.value(kind, field)
        if issubclass(kind, c.Step) and self.draw.random() < 0.9:
            self.fit(found)
        return kind(**found)

    def fit(self, found: dict[str, Any]) -> None:
        """What a program can do as a rule: work on a task of its own, and in no person's place."""
        own = [one for one in self.world.tasks if works_on(self.world, found["agent"], one)]
        if found.get("task") is not None:
            found["task"] = self.draw.choice(own) if own else None
        if found.get("grant") != "claimed_subject":
            found.pop("person", None)

    def value(self, kind: type[c.Command], field: msgspec.structs.FieldInfo) -> Any:
        """One argument."""
        of = field.type
        if field.name == "says":
            return self.draw.choice(((), (("user_present", "true"),), (("scope", "llm.invoke"), ("resource", "x"))))
        if typing.get_origin(of) is tuple:
            return tuple(self.name(kind, field.name) for _ in range(self.draw.randrange(3)))
        if of is bool:
            return self.draw.random() < 0.5
        if float in (of, *typing.get_args(of)):
            return self.draw.choice((0, 120, 1_080, 9_999_999.5, -3))
        if type(None) in typing.get_args(of) and self.draw.random() < 0.2:
            return None
        return self.name(kind, field.name)

    def name(self, kind: type[c.Command], field: str) -> str:
        """A name for a field: of what it is about as a rule, else of something else, or of nothing."""
        if self.draw.random() < 0.04:
            return NOBODY
        if self.draw.random() < 0.04:
            return self.draw.choice(list(self.world.design.endpoints))
        return self.draw.choice(self.pool(kind, field) or [NOBODY])

    def pool(self, kind: type[c.Command], field: str) -> Sequence[str]:
        """What there is for a field."""
        world, system = self.world, self.world.design.system
        programs = [*world.programs, *system.services]
        endpoints, people = list(world.design.endpoints), list(world.people)
        present = [one.id for one in world.people.values() if one.present]
        pools: dict[str, Sequence[str]] = {
            "user": present or people, "owner": people, "person": people, "owners": people, "shown_payee": ["garage"],
            "subject": people if kind is hostile.Forge else list(world.credentials),
            "device": ["browser", "phone"], "channel": ["in_band", "out_of_band"], "acr": ["low", "substantial", "high"],
            "session": list(world.home.store.sessions), "app": programs, "to": [*programs, "outside"],
            "agent": ["thief"] if kind is c.Lure else ["thief", *programs],
            "recipient": list(system.providers), "provider": list(system.providers), "purpose": list(system.purposes),
            "categories": ["policy", "claim", "health"], "kind": list(KINDS if kind is hostile.Forge else system.tasks),
            "twist": ["search", "T11"], "fault": ["fault:late"], "goal": ["task"], "task": list(world.tasks),
            "approval": list(world.approvals), "endpoint": endpoints, "tool": endpoints, "calls": endpoints,
            "passthrough": endpoints, "header_tool": endpoints, "record": list(world.records),
            "grant": ["token_exchange", "client_credentials", "refresh_token", "renew", "id_jag", "jwt_bearer",
                      "claimed_subject", "authorization_code"],
            "server": ["home", *system.servers], "audience": list(system.apis), "api": list(system.apis),
            "scope": list(dict.fromkeys(i.endpoint.scope for i in world.design.endpoints.values() if i.endpoint.scope)),
            "as_client": list(system.services), "client": [one.client for one in world.programs.values()],
            "credential": list(world.credentials), "like": list(world.credentials), "currency": ["EUR", "CHF"],
            "payee": ["garage", "stranger"], "operation": list(world.operations), "handle": list(world.handles),
            "items": list(world.items), "item": list(world.items), "store": ["memory", "notes"],
            "memory": list(world.memories), "sub_agent": ["sub_agent_of_x", *system.agents], "by": ["admin", "deputy", "erik"],
            "reach": ["one", "domain"], "url": ["https://assistant.example/client.json"], "address": ["10.0.0.7"],
            "resource": ["https://evil.example"], "issuer": ["https://evil.example"], "claims": ["https://evil.example"],
            "step": list(world.design.schedule.steps),
        }  # fmt: skip
        return pools[field]


def _walk(path: Path, seed: int) -> Iterator[tuple[World, c.Command, int]]:
    """A walk through a world; it begins along what is possible, so that there is something to go wrong with."""
    draw, system = random.Random(f"{path.name}/{seed}"), system_at(path)
    down = Conditions(outages=((draw.choice([*system.servers, *system.apis]), 60_000, 100_000),))
    fate, conditions = (_unlucky(draw), down) if seed % 2 else (as_designed, Conditions())
    world = build(system, Controls.of(system), records(system), seed=seed, fate=fate, conditions=conditions)
    bounds, arguments = Bounds.of(system, sub_agents=2), Arguments(world, draw)
    deck: list[type[c.Command]] = []
    for number in range(STEPS):
        deck = deck or draw.sample([*KINDS_OF_COMMANDS, *DRAWN], len(KINDS_OF_COMMANDS) + len(DRAWN))
        if number < BEGINNING or draw.random() < 0.1:
            command = _likely(world, bounds, draw, of=WORK if number < BEGINNING else None)
        else:
            kind = deck.pop()
            tried = [arguments.command(kind) for _ in range(draw.choice((1, 12)))]
            command = next((one for one in tried if _possible(world, one)), tried[-1])
        yield world, command, world.now_ms + (draw.choice(WAITS_MS) if number >= BEGINNING else 0)


def _possible(world: World, command: c.Command) -> bool:
    try:
        check(world, command)
    except Impossible:
        return False
    return True


def _likely(world: World, bounds: Bounds, draw: random.Random, *, of: Sequence[type[c.Command]] | None) -> c.Command:
    """Something possible, every kind of it as often as the others; as a rule something that is not refused."""
    possible: dict[type[c.Command], list[c.Command]] = {}
    for one in choices(world, bounds):
        if of is None or isinstance(one, tuple(of)):
            possible.setdefault(type(one), []).append(one)
    tried = draw.choices(possible[draw.choice(list(possible))], k=3) if possible else [c.Jump()]
    return next((one for one in tried if apply(world.fork(), one, world.now_ms)[1].ok), tried[0])


@cache
def _walked(path: Path) -> frozenset[type[c.Command]]:
    """The kinds of commands that were carried out in the walks through one system."""
    possible = set()
    for seed in range(WALKS):
        for state, command, at_ms in _walk(path, seed):
            before = state.fork()
            try:
                apply(state, command, at_ms)
            except Impossible:
                apply(before, c.Jump(), at_ms)
                assert everything(state) == everything(before), command
            else:
                possible.add(type(command))
    return frozenset(possible)


@pytest.mark.parametrize("path", [*SYSTEMS, STEPS_DECLARED], ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_nothing_comes_of_a_command_but_an_answer_or_a_refusal(path: Path) -> None:
    assert len(_walked(path)) > len(KINDS_OF_COMMANDS) // 2, "a walk that gets nowhere shows nothing"


def test_every_kind_of_command_is_carried_out_in_these_walks() -> None:
    """Or the walks show nothing of it."""
    possible = frozenset[type[c.Command]]().union(*(_walked(path) for path in [*SYSTEMS, STEPS_DECLARED]))
    assert not set(KINDS_OF_COMMANDS) - possible


def test_an_application_renews_where_its_person_signed_in_whatever_the_token_is_asked_for() -> None:
    hand = Hand(world())
    _, task = at_work(hand)
    renewed = hand.do(c.GetToken(agent="insurance_agent", task=task, grant="renew", audience="repairs"))
    assert hand.world.credentials[str(renewed.credential)].server == "home"


def test_an_assertion_is_answered_where_it_is_presented() -> None:
    """It is good at the server that it was made for, and nowhere else."""
    hand = Hand(world())
    _, task = at_work(hand)
    ask = c.GetToken(agent="insurance_agent", task=task, grant="id_jag", server="partner_as", audience="repairs",
                     scope=("repairs.read",), subject=hand.world.tasks[task].subject)  # fmt: skip
    present = replace(ask, grant="jwt_bearer", subject=hand.do(ask).credential)
    good = hand.do(present)
    assert hand.world.credentials[str(good.credential)].server == "partner_as"
    assert hand.do(replace(present, server="home")).error == "invalid_grant"
