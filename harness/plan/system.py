"""The design under test, as its file says it: people, agents, authorization servers, APIs, providers, controls.

A system says who exists and what is wired to what; it says nothing about what goes wrong (scenarios) nor about what
must not happen (requirements). Names of endpoints are `api.endpoint`, the API being the one that runs the handler.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any, Literal

from pydantic import Field, model_validator

from harness.plan.caches import Cache
from harness.plan.insisted import Insisted
from harness.plan.values import Closed, DurationMs, Name

Level = Literal["low", "medium", "high"]
Acr = Literal["low", "substantial", "high"]


class Source(Closed):
    """Where a number comes from; without it only ratios, shares and times are shown."""

    source: str = Field(description="Who measured or stated it, and where that can be checked.")
    kind: Literal["measured", "estimated", "invented"] = Field(
        default="invented",
        description="How the number came about; with an invented one only ratios, shares and times are shown.",
    )


class Employee(Closed):
    """A person who works for the organization and reaches records by assignment, not by ownership."""

    role: Name = Field(default="claims_handler", description="What the employee does.")
    assigned: list[Name] = Field(default=[], description="Customers whose records this employee is assigned to.")


class Mandate(Closed):
    """A right to somebody else's records that a person gave to another, and that ends."""

    holder: Name = Field(description="Who may see the records.")
    owner: Name = Field(description="Whose records they are.")
    until: DurationMs | None = Field(default=None, description="When it ends, counted from the start of a run.")


class Shared(Closed):
    """Records that are about more people than the one whose container they are in: a meeting, a thread, a joint file."""

    category: Name = Field(description="The category of the records.")
    owner: Name = Field(description="In whose container they are.")
    subjects: list[Name] = Field(description="Who else they are about.")


class Secret(Closed):
    """A credential that lies where an agent can read it: in a file, a tool's answer, an environment."""

    holder: Name = Field(description="Whose authority it carries.")
    audience: Name = Field(description="The API that it is for.")
    scopes: list[Name] = Field(description="What it opens there.")
    found_in: Name = Field(description="Reading a record of this category gives it away.")


class People(Closed):
    """Everybody the ledger knows, by id; profiles (names, addresses, account numbers) are drawn from the seed."""

    customers: list[Name] = Field(
        description="Customers by id; scenarios call them A, B, C in this order.", min_length=1
    )
    employees: dict[Name, Employee] = Field(default={}, description="Employees by id.")
    brokers: list[Name] = Field(default=[], description="People who act for customers under a mandate.")
    administrators: list[Name] = Field(default=["admin"], description="People who can deny agents.")
    mandates: list[Mandate] = Field(default=[], description="Rights to other people's records.")
    joint: list[list[Name]] = Field(default=[], description="Groups of customers who own one policy together.")
    others: list[Name] = Field(default=[], description="People without an account whose data turns up in records.")
    regions: dict[Name, str] = Field(
        default={}, description="Where a customer and the records about them are; else EU."
    )
    tenants: dict[Name, Name] = Field(
        default={}, description="To which tenant a person and the records about them belong; else `insurer`."
    )
    population: int | None = Field(default=None, description="How many customers there really are.")
    population_source: Source | None = Field(default=None, description="Who says how many customers there are.")


class Server(Closed):
    """An authorization server of a domain."""

    domain: Name = Field(default="home", description="The domain that it serves.")
    session_idle: DurationMs = Field(default=120_000, description="A session ends so long after the last human act.")
    access_token_lifetime: DurationMs = Field(default=120_000, description="How long an access token lives.")
    session_lifetime: DurationMs = Field(default=28_800_000, description="A session ends so long after its start.")
    leeway: DurationMs = Field(default=5_000, description="By how much clocks may differ.")


class Endpoint(Insisted):
    """One thing an API does, and what it does it to."""

    scope: Name | None = Field(default=None, description="The scope that opens it; none means a valid token is enough.")
    action: Literal["read", "write", "delete", "export", "none"] = Field(
        default="none", description="What happens to the records that it touches."
    )
    category: Name | None = Field(default=None, description="The category of the records it touches.")
    extra: list[Name] = Field(default=[], description="Further categories that its answer carries with it.")
    covers: Literal["own", "everybody"] = Field(
        default="own",
        description="What a query without a parameter finds: the caller's own records, or, as an index over everybody's "
        "does, whatever there is; K04 leaves out what the person in the token may not see.",
    )
    operation: Name | None = Field(default=None, description="The type of the operation that it completes.")
    privilege: Level = Field(default="low", description="How much harm a call can do; high asks for an approval.")
    calls: str | None = Field(default=None, description="Of an MCP tool: the API endpoint that it calls.")
    people_only: bool = Field(default=False, description="Agents are refused, whatever the scope.")
    administrative: bool = Field(default=False, description="Meant for operators; no honest task of an agent needs it.")
    creates_document: bool = Field(
        default=False, description="Its answer is a document, made from what the task has read."
    )
    handle_use: Literal["none", "read", "message", "callback"] = Field(
        default="read", description="What a call with a state handle does: read it, act in its name, have it pushed."
    )
    handle: bool = Field(default=False, description="Its answer leaves a state handle that a later call can continue.")
    sink: Literal["none", "external"] = Field(
        default="none", description="Whether what is sent to it leaves the organization."
    )
    trusted: bool = Field(default=True, description="No: what it returns was written by outsiders.")
    regions: list[str] = Field(default=[], description="K31: regions of the record for which it answers; empty is all.")
    hours: list[int] = Field(default=[], description="K31: hours of the day at which agents may call; empty is all.")
    acr: Acr | None = Field(default=None, description="The authentication assurance that it asks for.")
    low_value: float | None = Field(
        default=None, description="Up to this amount the operation counts as medium and needs no approval."
    )

    @model_validator(mode="after")
    def _complete(self) -> Endpoint:
        if self.action != "none" and self.category is None and self.calls is None:
            raise ValueError(f"an endpoint with `action: {self.action}` needs a `category`")
        return self


class Api(Closed):
    """A resource server with its own audience and enforcement point."""

    kind: Literal["rest", "mcp", "a2a", "llm_gateway"] = Field(default="rest", description="What sort of server it is.")
    domain: Name = Field(default="home", description="The domain that it belongs to.")
    endpoints: dict[Name, Endpoint] = Field(description="What it does, by name.", min_length=1)
    legacy: bool = Field(default=False, description="API key only: it authorizes nothing itself, its gateway does.")
    pooled: bool = Field(default=False, description="Its callers share connections that are used again.")
    refusal_limit: int | None = Field(
        default=None, ge=1, description="So many refusals of one caller within a minute, then 429 without a look."
    )
    revision: Literal["2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"] = Field(
        default="2026-07-28", description="Of an MCP server: the revision of MCP that it speaks."
    )
    around_gateway: bool = Field(default=False, description="A network path leads to it around its gateway.")


class Provider(Closed):
    """An LLM provider behind the egress gateway."""

    model: str = Field(default="general-1", description="The name of its model.")
    region: str = Field(default="EU", description="Where it processes data.")
    cost_per_1000_tokens: float = Field(default=0.01, description="What a thousand tokens cost.")
    fallback: Name | None = Field(default=None, description="Where requests go while this one does not answer.")


class Purpose(Closed):
    """What data is used for, and which categories that needs: the ledger's, whatever a request claims."""

    categories: list[Name] = Field(description="The categories of data that it needs.")
    provider: Name | None = Field(default=None, description="The LLM provider that is used for it.")


class TaskSpec(Closed):
    """What people ask agents for on this system: which tool does it, and for which purpose."""

    tool: str = Field(description="The endpoint or tool that does it, as `api.endpoint`.")
    purpose: Name = Field(description="What the data is used for.")
    agent: Name | None = Field(default=None, description="Who is asked; by default the first backend agent.")
    reads: list[str] = Field(default=[], description="Tools that are read first.")
    pause: DurationMs = Field(default=0, description="How long after the first answer the result is continued.")
    then: str | None = Field(default=None, description="A tool that continues the result by its handle.")


class Agent(Closed):
    """A program with an LLM inside that is an OAuth client."""

    kind: Literal["backend", "third_party", "partner", "sub_agent"] = Field(
        default="backend",
        description="Whose program it is: the organization's, somebody else's, a partner's, or one that another agent starts.",
    )
    domain: Name = Field(default="home", description="The domain that it belongs to.")
    client: Name | None = Field(default=None, description="Its client_id; by default its own name.")
    policy: dict[Name, list[Name]] = Field(
        default={}, description="K02: the scopes this client may have, by audience (the API's name)."
    )
    provider: Name | None = Field(default=None, description="The LLM provider that it is set up with.")
    binding: Literal["mtls", "dpop", "none"] = Field(
        default="mtls", description="How its tokens are bound to it (K20)."
    )
    timeout: DurationMs | None = Field(
        default=None, description="How long it waits for an answer before it gives up; without one for ever."
    )
    retries: int = Field(default=0, ge=0, le=10, description="How often it sends again what nobody answered in time.")
    document: str | None = Field(
        default=None, description="The URL of its client ID metadata document, which is its client_id then."
    )


class Service(Closed):
    """A program without an LLM that is an OAuth client: the portal, the MCP server."""

    domain: Name = Field(default="home", description="The domain that it belongs to.")
    policy: dict[Name, list[Name]] = Field(default={}, description="The scopes that it may have, by audience (K02).")
    user_facing: bool = Field(default=False, description="Whether people sign in through it.")
    binding: Literal["mtls", "dpop", "none"] = Field(
        default="mtls", description="How its tokens are bound to it (K20)."
    )


class Setting(Closed):
    """A control as this design sets it. What a key means for which control: `harness list controls`."""

    on: bool = Field(default=True, description="Whether the control is in place.")
    at: list[Name] = Field(default=[], description="Enforcement points it covers; empty means all.")
    outside: list[Name] = Field(default=[], description="Enforcement points that it does not cover.")
    operations: list[Name] = Field(default=[], description="Operations or paths it covers; empty means all.")
    strength: Name | None = Field(default=None, description="How strong it is, in the words of the catalogue.")
    places: dict[Name, Name] = Field(default={}, description="A strength of its own for some enforcement points.")
    delay: DurationMs | None = Field(default=None, description="How long it takes to have an effect.")
    causes: list[Name] = Field(default=[], description="The causes it reacts to; empty means all.")
    limit: int | None = Field(default=None, description="The number that it allows.")
    lifetime: DurationMs | None = Field(default=None, description="How long what it governs lives.")


class Assumed(Closed):
    """What is known of production about something that the verdicts rest on."""

    owner: str | None = Field(default=None, description="Who answers for it in production.")
    confirmed: Literal["yes", "no"] | date | None = Field(
        default=None, description="Whether production is so: yes, no, or the day on which it was confirmed."
    )
    value: str | None = Field(default=None, description="Of an assumption of your own: what is taken to be so.")


class System(Closed):
    """One authorization design, whole."""

    kind: Literal["system"] = Field(default="system", description="Says that this is a system file.")
    name: Name = Field(description="What the design is called in results.")
    text: str = Field(default="", description="What the design is, for its readers.")
    based_on: str | None = Field(default=None, description="Another system file; what stands here is laid over it.")
    tokens: Literal["exchanged", "passed_along"] = Field(
        default="exchanged", description="Whether each hop gets a token of its own, or the login token goes along."
    )
    people: People = Field(description="Everybody whom the ledger knows.")
    servers: dict[Name, Server] = Field(
        default={"home": Server()}, description="Authorization servers, by name.", min_length=1
    )
    apis: dict[Name, Api] = Field(
        description="Resource servers by name, each with its own audience and enforcement point."
    )
    agents: dict[Name, Agent] = Field(description="Programs with an LLM inside, by name.")
    services: dict[Name, Service] = Field(
        default={}, description="Programs without an LLM that are OAuth clients: the portal, the MCP server."
    )
    providers: dict[Name, Provider] = Field(default={}, description="LLM providers by name.")
    purposes: dict[Name, Purpose] = Field(default={}, description="What data is used for, by name.")
    shared: list[Shared] = Field(default=[], description="Records about several people.")
    caches: dict[Name, Cache] = Field(default={}, description="Caches of answers and of tokens, by name.")
    secrets: dict[Name, Secret] = Field(default={}, description="Credentials that lie around.")
    channels: list[Name] = Field(default=[], description="Integrations that speak for people by naming them.")
    procedures: dict[Name, Insisted] = Field(
        default={},
        description="What is insisted on where operators and people act, by the event that they bring about, such as "
        "`agent.enabled` (K32).",
    )
    tasks: dict[Name, TaskSpec] = Field(default={}, description="The honest work that people ask for, by kind.")
    categories: list[Name] = Field(default=[], description="Further categories that no endpoint names.")
    controls: dict[Name, Setting] = Field(
        default={},
        description="The protective mechanisms of the design, by id; what each can be set to: `harness list controls`.",
    )
    controls_default: bool = Field(default=False, description="Whether a control that is not named is on.")
    records_per_customer: int = Field(
        description="How many records of each category there are about each customer.", default=2, ge=1, le=1000
    )
    declares: dict[str, list[str]] = Field(default={}, description="Further words: roles, stores, regions, channels.")
    assumptions: dict[str, Assumed] = Field(
        default={},
        description="Who answers in production for a control (`K07`) or a server's setting (`home.leeway`), or a sentence "
        "of your own with its `value`.",
    )

    @property
    def home_server(self) -> str:
        """The authorization server at which people sign in: that of the domain `home`, else the first."""
        found = (name for name, one in self.servers.items() if one.domain == "home")
        return next(found, next(iter(self.servers)))

    @property
    def insists(self) -> bool:
        """Whether the design insists on any step (K32)."""
        return any(True for _ in self.insisting())

    def insisting(self) -> Iterator[tuple[tuple[str, ...], Insisted]]:
        """Every place that insists on something, by its path in the file."""
        for api, group in self.apis.items():
            for name, endpoint in group.endpoints.items():
                if endpoint.insists:
                    yield ("apis", api, "endpoints", name), endpoint
        yield from ((("procedures", kind), one) for kind, one in self.procedures.items() if one.insists)

    @model_validator(mode="before")
    @classmethod
    def _shorthand(cls, data: Any) -> Any:
        """`K01: on` and `K01: off` are short for a setting with nothing else in it."""
        if isinstance(data, dict) and isinstance(data.get("controls"), dict):
            short = {"on": True, "off": False, True: True, False: False}
            controls = {
                key: {"on": short[value]} if isinstance(value, (str, bool)) and value in short else value
                for key, value in data["controls"].items()
            }
            data = {**data, "controls": controls}
        return data
