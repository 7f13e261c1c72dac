"""What an LLM gets to see of the world: its task, what is within its agent's reach, what was answered; nothing else.

It never sees a control, a ledger fact such as presence, or the inside of an authorization server.
"""

from __future__ import annotations

from collections.abc import Iterator

from harness.plan.scenario import Job
from harness.plan.steps import steps_of
from harness.plan.system import TaskSpec
from harness.world.mechanics.design import EndpointInfo, privilege_of
from harness.world.mechanics.records import Approval, Credential, Item, Task
from harness.world.mechanics.state import World
from harness.world.mechanics.wiring import issuer_of, server_of_domain


class View:
    """One agent's view of one task."""

    def __init__(
        self, world: World, agent: str, task: str, job: Job, *, others: tuple[str, ...] = (), about: str | None = None
    ) -> None:
        self._world = world
        self.agent = agent
        self.task = task
        self.job = job
        self.others = others
        self._about = about
        """Names of other customers that turn up in documents: what an injected instruction would name."""

    @property
    def user(self) -> str:
        """Who asked."""
        return self._world.tasks[self.task].user

    @property
    def purpose(self) -> str:
        """What the task is for."""
        return self._world.tasks[self.task].purpose

    @property
    def about(self) -> str | None:
        """Whose records are meant, where these are not those of the person who asked."""
        return self._about

    @property
    def spec(self) -> TaskSpec:
        """Which tool does what was asked."""
        return self._world.design.system.tasks[self.job.kind]

    @property
    def continuing(self) -> str | None:
        """The tool that goes on with a result by its handle: that of this kind of task, else of any."""
        kinds = (self.spec, *self._world.design.system.tasks.values())
        return next((one.then for one in kinds if one.then is not None), None)

    @property
    def provider(self) -> str:
        """The model provider that this agent is set up with."""
        return self._world.design.provider_of(self.agent)

    @property
    def has_own_model(self) -> bool:
        """Whether what a tool answers is with the agent's own provider already, past the organization's gateway."""
        return self._world.design.is_third_party(self.agent)

    @property
    def providers(self) -> tuple[str, ...]:
        """All providers that the egress could route to."""
        return tuple(self._world.design.system.providers)

    @property
    def gateway(self) -> EndpointInfo:
        """The endpoint of the LLM gateway."""
        return self._world.design.llm_endpoint

    @property
    def needed(self) -> tuple[str, ...]:
        """The categories that the purpose needs, as the task's description says."""
        return self._world.design.needed(self.purpose)

    def endpoint(self, name: str) -> EndpointInfo:
        """A tool or endpoint by name, as its description says."""
        return self._world.design.endpoints[name]

    def endpoints(self) -> Iterator[EndpointInfo]:
        """Everything the model has read about: tools from tools/list, endpoints from API descriptions."""
        return iter(self._world.design.endpoints.values())

    @property
    def passes_along(self) -> bool:
        """Whether the application's one token is used everywhere, for want of any other."""
        return self._world.design.system.tokens == "passed_along"

    def needs_approval(self, info: EndpointInfo) -> bool:
        """Whether the API's description asks for a step-up before this call."""
        target = self.endpoint(info.endpoint.calls) if info.endpoint.calls else info
        asks = any(self._world.design.on(control, target.api) for control in ("K12", "K13", "K14"))
        return privilege_of(target, self.job.amount) == "high" and asks

    @property
    def now_ms(self) -> int:
        """What the clock says."""
        return self._world.now_ms

    @property
    def session(self) -> str:
        """The session that the person gave the task in, as the application names it."""
        return self._world.tasks[self.task].session

    @property
    def domain(self) -> str:
        """The domain that this agent belongs to, and whose server gives it tokens."""
        return self._world.design.domain_of(self.agent)

    @property
    def helpers(self) -> tuple[str, ...]:
        """The sub-agents that this agent can start."""
        agents = self._world.design.system.agents
        return tuple(name for name, one in agents.items() if one.kind == "sub_agent" and name != self.agent)

    def server_of(self, info: EndpointInfo) -> str:
        """The authorization server that an endpoint's API names in its metadata."""
        return server_of_domain(self._world.design.system, info.domain)

    def issuer_of(self, info: EndpointInfo) -> str:
        """The issuer identifier of that server."""
        return issuer_of(self.server_of(info))

    def is_legacy(self, info: EndpointInfo) -> bool:
        """Whether the API is an old one that has a gateway authorize for it."""
        return self._world.design.system.apis[info.api].legacy

    @property
    def subject(self) -> str | None:
        """The credential that came with the task's last message."""
        return self._world.tasks[self.task].subject

    def credential(self, handle: str) -> Credential:
        """A credential by its handle; its expiry is what the token response said."""
        return self._world.credentials[handle]

    def credentials(self, task: str | None = None) -> list[Credential]:
        """What the agent holds, newest first: for one task, or whatever is there."""
        held = [one for one in self._world.credentials.values() if one.holder == self.agent]
        held.reverse()
        return [one for one in held if task is None or one.task == task]

    def lying_around(self) -> list[Credential]:
        """Credentials of others that turned up in what the agent has read."""
        return [self._world.credentials[one] for one, agents in self._world.found.items() if self.agent in agents]

    def usable(self, audience: str, *scopes: str) -> Credential | None:
        """The newest credential of this task for an audience and scopes that has not expired by its own account.

        What the application was given for itself is exchanged first.
        """
        own = self._world.programs[self.agent].client
        for one in self.credentials(self.task):
            if (
                one.kind == "access"
                and (one.handle != self.subject or one.client == own)
                and one.facts.token_audience == (audience,)
                and set(scopes) <= set(one.facts.token_scope)
                and one.approval is None
                and one.expires_ms > self._world.now_ms
                and (one.provider is None or self.has_own_model)
            ):
                return one
        return None

    def last(self, audience: str | None = None) -> Credential | None:
        """The newest access token for the task, expired or not, else the newest that the agent holds for anybody."""
        for one in (*self.credentials(self.task), *self.credentials()):
            if one.kind == "access" and (audience is None or audience in one.facts.token_audience):
                return one
        return None

    @property
    def items(self) -> tuple[str, ...]:
        """The data in the task's context."""
        return self._world.contexts.get(self.task, ())

    def item(self, key: str) -> Item:
        """A piece of data by its id."""
        return self._world.items[key]

    def does_step(self, endpoint: str, kind: str | None = None) -> bool:
        """Whether a call of this endpoint is a step that a requirements file declares: of this kind, or of any."""
        places, info = self._world.design.schedule.at, self.endpoint(endpoint)
        steps = (*places.get(endpoint, ()), *places.get(info.endpoint.calls or "", ()))
        return any(kind in (None, step.kind) for step in steps)

    def times_of(self, kind: str) -> int:
        """How often a step is more often than its rule allows."""
        return next((step.times for step in steps_of(self._world.design.system) if step.kind == kind), 1)

    def delay_ms_of(self, kind: str) -> int:
        """How long a rule lets things go on after something that forbids them."""
        return next((step.delay_ms for step in steps_of(self._world.design.system) if step.kind == kind), 0)

    def memories(self) -> list[str]:
        """What the agent has stored, whoever it was for."""
        return [one.id for one in self._world.memories.values() if one.agent == self.agent]

    def handles(self) -> list[str]:
        """State handles that are known or easily guessed."""
        return list(self._world.handles)

    def tasks(self) -> list[Task]:
        """Tasks that this agent has worked on."""
        return [one for one in self._world.tasks.values() if one.agent == self.agent]

    def approvals(self) -> list[Approval]:
        """Approvals that this agent has asked for."""
        return [one for one in self._world.approvals.values() if one.agent == self.agent]

    def record_of(self, owner: str, endpoint: str) -> str | None:
        """A record id of this person as it would turn up in a document, or be guessed from its pattern."""
        info = self.endpoint(endpoint)
        target = self.endpoint(info.endpoint.calls) if info.endpoint.calls else info
        found = self._world.design.records_of(owner, target.endpoint.category or "")
        return found[0] if found else None
