"""A scenario as its file says it: who comes when and asks for what, what goes wrong, and which verdicts are expected.

Times count from the start of the run. People are named by id, or as `A`, `B`, `C`, …: the first, second, third
customer of whichever system the scenario runs on. Agents likewise by name, or as `main` and `third_party`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PrivateAttr

from harness.plan.values import Closed, DurationMs, Name

Verdict = Literal["held", "violated", "not_challenged", "error"]


class Twist(Closed):
    """A misbehaviour of the catalogue, with what it needs to know."""

    id: Name
    target: Name | None = Field(default=None, description="Whose data it goes after.")
    endpoint: str | None = Field(default=None, description="The endpoint it goes for.")
    variant: Name | None = None
    wait: DurationMs | None = Field(default=None, description="How long it waits before the decisive step.")
    times: int | None = Field(default=None, ge=1, le=1000)


def _by_id(value: Any) -> Any:
    """`T01` is short for `{id: T01}`."""
    return {"id": value} if isinstance(value, str) else value


NamedTwist = Annotated[Twist, BeforeValidator(_by_id)]


class Job(Closed):
    """Work that a person asks an agent for."""

    kind: Name = Field(default="read", description="A kind of task that the system declares below `tasks:`.")
    at: DurationMs = 2_000
    agent: Name = "main"
    purpose: Name | None = None
    amount: float = 120
    payee: str = "garage"
    twist: NamedTwist | None = None
    about: Name | None = Field(default=None, description="Whose records, where it is not the person who asks.")
    cancelled: bool = Field(default=False, description="The call is cancelled between sending and reading the answer.")
    workers: int = Field(default=1, ge=1, le=16, description="How many workers of the agent share its refresh token.")
    keeps: Literal["all_scopes", "last_scope"] | None = Field(
        default=None, description="A client that steps up scope by scope, and what it keeps of the earlier ones."
    )


class Visit(Closed):
    """One person's stay: arrival, sign-in, work, and how it ends."""

    user: Name
    skip: DurationMs = Field(default=0, description="Jump so far ahead first; what falls due on the way happens.")
    arrives: DurationMs = 0
    leaves: DurationMs | None = Field(default=None, description="Silently, counted from arrival.")
    logs_out: DurationMs | None = Field(default=None, description="Explicitly, counted from arrival; leaving follows.")
    consents: Literal["given", "when_asked", "never"] = "given"
    answers_after: DurationMs = Field(default=8_000, description="How long a prompt lies before it is answered.")
    approves: Literal["what_was_meant", "anything", "nothing", "never_answers"] = "what_was_meant"
    tasks: list[Job] = []

    @property
    def start_ms(self) -> int:
        """When the person arrives, from the start of the run."""
        return self.skip + self.arrives


class Action(Closed):
    """Something that an operator, a person or an outsider does at an instant."""

    at: DurationMs
    disable_agent: Name | None = None
    sparing: bool = Field(default=False, description="Deny this program alone, even where others share its client.")
    enable_agent: Name | None = None
    lock_user: Name | None = None
    change_tool: str | None = Field(default=None, description="The definition of a tool changes under its name.")
    add_tool: str | None = Field(default=None, description="A tool is there that nobody has looked at.")
    calls: str | None = Field(default=None, description="What the changed tool calls from now on.")
    approve_tool: str | None = Field(default=None, description="An administrator approves a tool as it is now.")
    revoke_task_of: Name | None = None
    withdraw_consent: Name | None = None
    give_consent: Name | None = Field(default=None, description="A person consents; also one without an account.")
    purpose: Name | None = None
    halt_task_of: Name | None = None
    channel: Literal["in_band", "out_of_band"] = "out_of_band"
    leak_tokens_of: Name | None = Field(
        default=None, description="Access tokens of this person are found by outsiders."
    )
    leak_client: Name | None = Field(default=None, description="The keys and refresh tokens of a client are stolen.")
    thief: NamedTwist | None = None
    agent: Name = "main"
    reach: Literal["one", "domain"] = "one"


class Fault(Closed):
    """A rule on messages: what it matches, and what becomes of them."""

    message: Literal["session_revoked", "agent_denied", "grant_revoked", "consent_withdrawn", "any"] = "any"
    to: Name | None = None
    lose: bool = False
    delay: DurationMs = 0
    share: float = Field(default=1.0, ge=0, le=1, description="The share of matching messages, drawn from the seed.")


class Outage(Closed):
    """An authorization server that does not answer for a while."""

    server: Name = "home"
    since: DurationMs
    until: DurationMs


class Expectation(Closed):
    """A verdict that this scenario gives, with the reason; `without` names controls that are taken away for it."""

    requirement: Name
    verdict: Verdict
    stopped_by: list[Name] = []
    without: list[Name] = []
    design: Name | None = Field(default=None, description="The design of this file that it is about.")
    variant: Name | None = Field(default=None, description="The variant of this file that it is about.")
    because: str = ""


class Given(Closed):
    """One command as it is given to the world: what a found attack is saved as.

    A value `<3.cred.1>` is the first credential that the third command of the script made, counted from 0.
    """

    at: DurationMs
    do: str = Field(description="The command's name, as in the mechanics.")
    args: dict[str, Any] = {}


class Scenario(Closed):
    """One scenario file."""

    kind: Literal["scenario"]
    id: Name
    title: str
    text: str = ""
    system: str | None = Field(default=None, description="A system of its own; by default the requirements file's.")
    requirements: str | None = Field(default=None, description="The requirements file that its verdicts are of.")
    designs: dict[Name, dict[str, Any]] = Field(default={}, description="Designs by name, each laid over the system.")
    variants: dict[Name, dict[str, Any]] = Field(default={}, description="Changes of this file, by name.")
    source: str = Field(default="", description="Where it was reported.")
    aims: list[Name] = Field(default=[], description="Requirements that it was written for; what counts is derived.")
    visits: list[Visit] = []
    actions: list[Action] = []
    script: list[Given] = Field(default=[], description="Commands given as they are; a saved attack.")
    faults: list[Fault] = []
    outages: list[Outage] = []
    clocks: dict[Name, DurationMs] = Field(default={}, description="By how much the clock of an API runs late.")
    until: DurationMs | None = Field(
        default=None, description="How long the run goes on; by default until all is done."
    )
    expect: list[Expectation] = []

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
        found += [action.thief.id for action in self.actions if action.thief]
        return tuple(dict.fromkeys(found))
