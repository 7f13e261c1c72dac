"""A scenario as its file says it: who comes when and asks for what, what goes wrong, and which verdicts are expected.

Times count from the start of the run. People are named by id, or as `A`, `B`, `C`, …: the first, second, third
customer of whichever system the scenario runs on. Agents likewise by name, or as `main` and `third_party`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PrivateAttr, model_validator

from harness.plan.misfortunes import Fault as Fault
from harness.plan.misfortunes import Lag as Lag
from harness.plan.misfortunes import Outage as Outage
from harness.plan.values import Closed, DurationMs, Name

Verdict = Literal["held", "violated", "not_challenged", "error"]


class Twist(Closed):
    """A misbehaviour of the catalogue, with what it needs to know."""

    id: Name = Field(description="The misbehaviour of the catalogue: `harness list misbehaviours`.")
    target: Name | None = Field(default=None, description="Whose data it goes after.")
    endpoint: str | None = Field(default=None, description="The endpoint it goes for.")
    variant: Name | None = Field(default=None, description="Which way of it, where there are several.")
    wait: DurationMs | None = Field(default=None, description="How long it waits before the decisive step.")
    times: int | None = Field(description="How often the decisive step is made.", default=None, ge=1, le=1000)


def _by_id(value: Any) -> Any:
    """`T01` is short for `{id: T01}`."""
    return {"id": value} if isinstance(value, str) else value


NamedTwist = Annotated[Twist, BeforeValidator(_by_id)]


class Job(Closed):
    """Work that a person asks an agent for."""

    kind: Name = Field(default="read", description="A kind of task that the system declares below `tasks:`.")
    at: DurationMs = Field(default=2_000, description="When it is asked for, counted from the arrival.")
    agent: Name = Field(default="main", description="Who is asked.")
    purpose: Name | None = Field(default=None, description="What for, where it is not the task's own purpose.")
    amount: float = Field(default=120, description="How much money moves, where some does.")
    payee: str = Field(default="garage", description="Who gets it.")
    twist: NamedTwist | None = Field(default=None, description="The misbehaviour of the agent on this task.")
    about: Name | None = Field(default=None, description="Whose records, where it is not the person who asks.")
    cancelled: bool = Field(default=False, description="The call is cancelled between sending and reading the answer.")
    workers: int = Field(default=1, ge=1, le=16, description="How many workers of the agent share its refresh token.")
    keeps: Literal["all_scopes", "last_scope"] | None = Field(
        default=None, description="A client that steps up scope by scope, and what it keeps of the earlier ones."
    )


class Visit(Closed):
    """One person's stay: arrival, sign-in, work, and how it ends."""

    user: Name = Field(description="Who comes: an id, or A, B, C for the first, second, third customer.")
    skip: DurationMs = Field(default=0, description="Jump so far ahead first; what falls due on the way happens.")
    arrives: DurationMs = Field(default=0, description="When, counted from the start of the run.")
    leaves: DurationMs | None = Field(default=None, description="Silently, counted from arrival.")
    logs_out: DurationMs | None = Field(default=None, description="Explicitly, counted from arrival; leaving follows.")
    consents: Literal["given", "when_asked", "never"] = Field(
        default="given", description="Whether the person has consented beforehand."
    )
    answers_after: DurationMs = Field(default=8_000, description="How long a prompt lies before it is answered.")
    approves: Literal["what_was_meant", "anything", "nothing", "never_answers"] = Field(
        default="what_was_meant", description="What the person says yes to when asked."
    )
    tasks: list[Job] = Field(default=[], description="What the person asks for.")
    twist: NamedTwist | None = Field(
        default=None, description="What goes wrong on purpose about the person's coming and going: about a declared step."
    )

    @property
    def start_ms(self) -> int:
        """When the person arrives, from the start of the run."""
        return self.skip + self.arrives


DEEDS = (
    "disable_agent",
    "enable_agent",
    "lock_user",
    "unlock_user",
    "end_sessions_of",
    "give_access",
    "end_access",
    "change_tool",
    "add_tool",
    "approve_tool",
    "revoke_task_of",
    "withdraw_consent",
    "give_consent",
    "halt_task_of",
    "leak_tokens_of",
    "leak_client",
    "take_step",
    "thief",
)
"""What an action can do; the other keys say how."""


class Action(Closed):
    """Something that an operator, a person or an outsider does at an instant."""

    at: DurationMs = Field(description="When, counted from the start of the run.")
    disable_agent: Name | None = Field(default=None, description="An administrator denies this agent.")
    sparing: bool = Field(default=False, description="Deny this program alone, even where others share its client.")
    enable_agent: Name | None = Field(default=None, description="An administrator lets this agent work again.")
    lock_user: Name | None = Field(default=None, description="An administrator locks this person's account.")
    unlock_user: Name | None = Field(default=None, description="An administrator opens this person's account again.")
    end_sessions_of: Name | None = Field(default=None, description="An administrator ends this person's sessions.")
    give_access: Name | None = Field(
        default=None, description="This person may see the records of another: a mandate, an assignment, a share."
    )
    end_access: Name | None = Field(default=None, description="This person may see the records of another no more.")
    records_of: Name | None = Field(default=None, description="Whose records an access is to.")
    change_tool: str | None = Field(default=None, description="The definition of a tool changes under its name.")
    add_tool: str | None = Field(default=None, description="A tool is there that nobody has looked at.")
    calls: str | None = Field(default=None, description="What the changed tool calls from now on.")
    approve_tool: str | None = Field(default=None, description="An administrator approves a tool as it is now.")
    revoke_task_of: Name | None = Field(
        default=None, description="The grants behind this person's open tasks are revoked."
    )
    withdraw_consent: Name | None = Field(default=None, description="This person takes all consents back.")
    give_consent: Name | None = Field(default=None, description="A person consents; also one without an account.")
    purpose: Name | None = Field(
        default=None, description="The purpose of a consent that is given; without it all of the system's."
    )
    halt_task_of: Name | None = Field(default=None, description="This person stops the open tasks.")
    channel: Literal["in_band", "out_of_band"] = Field(
        default="out_of_band", description="How a task is stopped: in the chat, or at the authorization server."
    )
    leak_tokens_of: Name | None = Field(
        default=None, description="Access tokens of this person are found by outsiders."
    )
    leak_client: Name | None = Field(default=None, description="The keys and refresh tokens of a client are stolen.")
    take_step: Name | None = Field(
        default=None, description="A step that the requirements file declares is taken, by whoever emits it."
    )
    person: Name | None = Field(default=None, description="For whom a step is taken.")
    twist: NamedTwist | None = Field(
        default=None, description="What goes wrong about the deed on purpose: a misbehaviour about a declared step."
    )
    thief: NamedTwist | None = Field(default=None, description="An outsider acts with what has leaked.")
    agent: Name = Field(default="main", description="The agent that a consent is given for, or a step is taken for.")
    reach: Literal["one", "domain"] = Field(
        default="one", description="Whether one agent is denied, or all of its domain."
    )

    @model_validator(mode="after")
    def _complete(self) -> Action:
        if not any(getattr(self, name) is not None for name in DEEDS):
            raise ValueError(f"nothing is done at this instant: add one of {', '.join(f'`{one}`' for one in DEEDS)}")
        if (self.give_access or self.end_access) and self.records_of is None:
            raise ValueError("an access is to somebody's records: add `records_of`")
        return self


class Expectation(Closed):
    """A verdict that this scenario gives, with the reason; `without` names controls that are taken away for it."""

    requirement: Name = Field(description="The requirement's id.")
    verdict: Verdict = Field(description="The verdict of this run alone.")
    stopped_by: list[Name] = Field(default=[], description="Controls that do the stopping.")
    without: list[Name] = Field(default=[], description="Controls that are taken away for it.")
    design: Name | None = Field(default=None, description="The design of this file that it is about.")
    variant: Name | None = Field(default=None, description="The variant of this file that it is about.")
    because: str = Field(default="", description="The reason, for readers.")


class Given(Closed):
    """One command as it is given to the world: what a found attack is saved as.

    A value `<3.cred.1>` is the first credential that the third command of the script made, counted from 0.
    """

    at: DurationMs = Field(description="When, counted from the start of the run.")
    do: str = Field(description="The command's name, as in the mechanics.")
    args: dict[str, Any] = Field(default={}, description="The fields of the command.")
    times: int = Field(default=1, ge=1, description="How often it is given, one time after the other at the same instant.")


class Scenario(Closed):
    """One scenario file."""

    kind: Literal["scenario"] = Field(description="Says that this is a scenario file.")
    id: Name = Field(description="Its name in results and on the command line.")
    title: str = Field(description="What happens, in a few words.")
    text: str = Field(default="", description="What happens, for its readers.")
    system: str | None = Field(default=None, description="A system of its own; by default the requirements file's.")
    requirements: str | None = Field(default=None, description="The requirements file that its verdicts are of.")
    designs: dict[Name, dict[str, Any]] = Field(default={}, description="Designs by name, each laid over the system.")
    variants: dict[Name, dict[str, Any]] = Field(default={}, description="Changes of this file, by name.")
    source: str = Field(default="", description="Where it was reported.")
    aims: list[Name] = Field(default=[], description="Requirements that it was written for; what counts is derived.")
    visits: list[Visit] = Field(default=[], description="People's stays, each with the work that they ask for.")
    actions: list[Action] = Field(default=[], description="What operators, people and outsiders do at an instant.")
    script: list[Given] = Field(default=[], description="Commands given as they are; a saved attack.")
    faults: list[Fault] = Field(default=[], description="Rules on messages, tried in order.")
    outages: list[Outage] = Field(
        default=[], description="Authorization servers, APIs and model providers that do not answer for a while."
    )
    lags: list[Lag] = Field(default=[], description="Replicas that know what was decided only after a while.")
    clocks: dict[Name, DurationMs] = Field(default={}, description="By how much the clock of an API runs late.")
    fast_clocks: dict[Name, DurationMs] = Field(default={}, description="By how much the clock of an API runs ahead.")
    until: DurationMs | None = Field(
        default=None, description="How long the run goes on; by default until all is done."
    )
    expect: list[Expectation] = Field(default=[], description="The verdicts that it gives, with the reason.")

    _path: str = PrivateAttr("")

    @property
    def path(self) -> str:
        """The file it was read from, as it was named."""
        return self._path

    def place(self, path: str) -> None:
        """Remember where it was read from."""
        self._path = path

    def twists(self) -> tuple[str, ...]:
        """The ids of the misbehaviours in it."""
        found = [job.twist.id for visit in self.visits for job in visit.tasks if job.twist]
        found += [one.id for action in self.actions for one in (action.thief, action.twist) if one is not None]
        found += [visit.twist.id for visit in self.visits if visit.twist is not None]
        return tuple(dict.fromkeys(found))
