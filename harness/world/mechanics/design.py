"""A system, compiled for the mechanics: endpoints by name, controls as they apply, facts that many events share.

A design never changes during a run, so it is shared by every fork. The translation of controls into the settings of
the protocol is in `wiring`; here is only what the mechanics look up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from msgspec.structs import replace

from harness.oauth import Refusal, RouteRule
from harness.plan.caches import Cache
from harness.plan.controls import Controls, credit
from harness.plan.system import Agent, Endpoint, System
from harness.trace import Route
from harness.world.mechanics.records import Item, Record
from harness.world.mechanics.schedule import Schedule

START_HOUR = 9
HOME = "home"
SECRET = "secret."
DEFAULT_TENANT = "insurer"
LIFETIME_WITHOUT_K07_MS = 3_600_000
ASKING = ("introspection", "cached", "fail_open")
"""Strengths of K17 in which an enforcement point asks the server and is told nothing."""
PER_OPERATION = ("K04", "K12", "K13", "K31")
"""Controls that an enforcement point may apply at some of its endpoints only; `operations` names those."""


class EndpointInfo(NamedTuple):
    """An endpoint with everything that a request to it needs looked up beforehand."""

    name: str
    api: str
    endpoint: Endpoint
    route: Route
    domain: str


class Design:
    """What the mechanics know about the design under test.

    A `bare` one has neither an MCP nor an A2A server: people sign in for the first API (`front`), and their application's
    token has every scope that their agents exchange it for.
    """

    def __init__(
        self, system: System, controls: Controls, records: Mapping[str, Record], *, seed: int = 0, reach: bool = False
    ) -> None:
        self.seed = seed
        self.reach = reach
        self.system = system
        self.controls = controls
        self.endpoints = {info.name: info for info in _endpoints(system)}
        self.schedule = Schedule(system, self.endpoints)
        self.rules = {info.name: _rule(info) for info in self.endpoints.values()}
        self.small_rules = {
            info.name: replace(self.rules[info.name], elevated=False, acr=None)
            for info in self.endpoints.values()
            if info.endpoint.low_value is not None
        }
        self.all_records = dict(records)
        self._by_owner: dict[tuple[str, str], tuple[str, ...]] = {}
        for one in records.values():
            key = (one.owner, one.category)
            self._by_owner[key] = (*self._by_owner.get(key, ()), one.id)
        self._disclosures: dict[tuple[str, tuple[str, ...], str, str | None], Mapping[str, Any]] = {}
        self.remembered: dict[Any, Any] = {}
        self.elevated = {i.endpoint.scope for i in self.endpoints.values() if i.endpoint.privilege == "high"} - {None}
        self.people_types = _people_types(system)
        self.home = system.home_server
        self.portal = next((name for name, one in system.services.items() if one.user_facing), "portal")
        self.mcp_service = next((name for name, one in system.services.items() if not one.user_facing), self.portal)
        self.mcp_api = next((name for name, api in system.apis.items() if api.kind == "mcp"), "")
        self.bare = not self.mcp_api and not any(api.kind == "a2a" for api in system.apis.values())
        self.front = self.mcp_api or next(iter(system.apis))
        self.llm_endpoint = next(
            (info for info in self.endpoints.values() if system.apis[info.api].kind == "llm_gateway"),
            next(iter(self.endpoints.values())),
        )
        self._partial = {
            check: control
            for check, control in credit().items()
            if control in PER_OPERATION and controls.setting(control).operations
        }
        self.token_caches = tuple((name, one) for name, one in system.caches.items() if one.holds == "tokens")
        self._message = next((info for info in self.endpoints.values() if system.apis[info.api].kind == "a2a"), None)

    # ------------------------------------------------------------ controls

    def on(self, control: str, place: str | None = None, operation: str | None = None) -> bool:
        """Whether a control applies at this place."""
        return self.controls.on(control, place, operation)

    def at(self, control: str, info: EndpointInfo) -> bool:
        """Whether a control applies at an endpoint, which `operations` names by itself, with its API, or by what it does."""
        names = (info.name.split(".", 1)[1], info.name, info.endpoint.operation)
        return any(self.on(control, info.api, name) for name in names if name is not None)

    def applied(self, refusals: tuple[Refusal, ...], info: EndpointInfo) -> tuple[Refusal, ...]:
        """Of what an enforcement point has against a request: what this endpoint asks about."""
        if not self._partial:
            return refusals
        return tuple(one for one in refusals if (by := self._partial.get(one.check)) is None or self.at(by, info))

    def strength_at(self, control: str, place: str) -> str | None:
        """The strength of a control at a place; None where it does not apply there."""
        if not self.on(control, place):
            return None
        setting = self.controls.setting(control)
        return setting.places.get(place, setting.strength)

    def options(self) -> dict[str, Any]:
        """The settings that change a run, as resolved."""
        return {
            name: self.controls.setting(name).model_dump(exclude_defaults=True, exclude={"on"})
            for name in self.controls.active()
        }

    @property
    def lifetime_without_k07_ms(self) -> int:
        """How long access tokens would live in this design without short lifetimes."""
        return LIFETIME_WITHOUT_K07_MS

    def is_egress(self, place: str) -> bool:
        """Whether this is the enforcement point in front of model providers."""
        api = self.system.apis.get(place)
        return api is not None and api.kind == "llm_gateway"

    def caches_of(self, info: EndpointInfo, stands: str) -> Iterator[tuple[str, Cache]]:
        """The caches of answers that stand at a place on the way to an endpoint, by name."""
        for name, cache in self.system.caches.items():
            covered = info.api in cache.at and (not cache.endpoints or info.name.split(".", 1)[1] in cache.endpoints)
            if covered and cache.stands == stands and cache.holds == "answers":
                yield name, cache

    # ------------------------------------------------------------ programs

    def is_agent(self, name: str) -> bool:
        """Whether this program has an LLM inside."""
        return name in self.system.agents or name.startswith("sub_agent")

    def starts_programs(self, name: str) -> bool:
        """Whether what an agent starts is a program of its own; what runs inside somebody else's agent is that agent."""
        agent = self.system.agents.get(name)
        return agent.kind in ("backend", "sub_agent") if agent is not None else name.startswith("sub_agent")

    def actor_type(self, name: str) -> str:
        """The kind of program, in the vocabulary's words."""
        agent = self.system.agents.get(name)
        if agent is None:
            return (
                "agent" if name.startswith("sub_agent") else "service" if name in self.system.services else "outsider"
            )
        return "third_party" if agent.kind in ("third_party", "partner") else "agent"

    def is_outside(self, name: str) -> bool:
        """Whether this is a thief, or a client of somebody else's."""
        agent = self.system.agents.get(name)
        if agent is not None:
            return agent.kind == "partner"
        return not self.is_agent(name) and name not in self.system.services

    def is_third_party(self, name: str) -> bool:
        """Whether the agent is somebody else's program, with a provider of its own."""
        agent = self.system.agents.get(name)
        return agent is not None and agent.kind == "third_party"

    def provider_of(self, agent: str) -> str:
        """The model provider that an agent is set up with."""
        found: Agent | None = self.system.agents.get(agent)
        provider = found.provider if found else None
        return provider or next(iter(self.system.providers), "none")

    def shares_client(self, name: str) -> bool:
        """K06 off: the organization's own agents authenticate as the portal's client."""
        agent = self.system.agents.get(name)
        return agent is not None and agent.kind in ("backend", "sub_agent") and not self.on("K06")

    def client_name(self, program: str) -> str:
        """The client_id that a program starts with."""
        if self.shares_client(program):
            return self.portal
        agent = self.system.agents.get(program)
        return (agent.document or agent.client or program) if agent else program

    def trusted_hosts(self) -> frozenset[str]:
        """Where the organization's registered clients publish their metadata documents."""
        documents = [agent.document for agent in self.system.agents.values() if agent.document]
        return frozenset(urlsplit(one).hostname or "" for one in documents)

    def certificate(self, client: str | None) -> str | None:
        """The thumbprint of the certificate that a client presents; None where it has none."""
        if client is None:
            return None
        return f"cert-{client}" if self.binding(client) == "mtls" else None

    def binding(self, client: str) -> str:
        """How the tokens of a client are bound to it: `mtls`, `dpop` (also by the strength of K20), or `none`."""
        agent = self.system.agents.get(client)
        ours = client in self.system.services or client.startswith(SECRET)
        bound = agent.binding if agent else "mtls" if ours else "none"
        return "dpop" if bound == "mtls" and self.controls.setting("K20").strength == "dpop" else bound

    def agent_scope(self, agent: str | None, api: str) -> tuple[str, ...]:
        """The scopes that the policy gives an agent at an API."""
        found = self.system.agents.get(agent) if agent else None
        return tuple(found.policy.get(api, ())) if found else ()

    def client_type(self, name: str) -> str:
        """The kind of client, in the words of the protocol."""
        if name in self.system.agents:
            return "agent"
        return "person_facing" if self.system.services[name].user_facing else "service"

    def domain_of(self, name: str) -> str:
        """The domain that a program belongs to."""
        found = self.system.agents.get(name) or self.system.services.get(name)
        return found.domain if found else "home"

    def audience_served(self, name: str) -> str | None:
        """The API that a program answers for: the agent's message endpoint, the MCP server."""
        if name == self.mcp_service:
            return self.mcp_api or None
        agent = self.system.agents.get(name)
        if agent is None or agent.kind != "backend":
            return None
        return self._message.api if self._message else self.front if self.bare else None

    def app_of(self, agent: str) -> str:
        """The application through which a person speaks to an agent: the portal, or the third party's own."""
        return agent if self.is_third_party(agent) else self.portal

    def login_audience(self, app: str) -> str:
        """The API that an application asks tokens for when a person signs in."""
        if app.startswith(SECRET):
            return self.system.secrets[app.removeprefix(SECRET)].audience
        if app in self.system.agents or self._message is None or app not in self.system.services:
            return self.front
        return self._message.api

    def login_scopes(self, app: str) -> tuple[str, ...]:
        """The scopes that an application asks for when a person signs in."""
        if app.startswith(SECRET):
            return tuple(self.system.secrets[app.removeprefix(SECRET)].scopes)
        if app not in self.system.agents and app not in self.system.services:
            return tuple(
                str(i.endpoint.scope) for i in self.endpoints.values() if i.api == self.mcp_api and _readable(i)
            )
        if self.system.tokens == "passed_along":
            return tuple(dict.fromkeys(i.endpoint.scope for i in self.endpoints.values() if i.endpoint.scope))
        found = self.system.agents.get(app) or self.system.services.get(app)
        if found is not None and self.bare:
            return tuple(dict.fromkeys(scope for scopes in found.policy.values() for scope in scopes))
        return tuple(found.policy.get(self.login_audience(app), ())) if found else ()

    def region_of(self, person: str | None) -> str | None:
        """Where a person is at home; None for nobody."""
        return self.system.people.regions.get(person, "EU") if person in self.people_types else None

    def tenant_of(self, person: str | None) -> str:
        """The tenant that a person belongs to."""
        return self.system.people.tenants.get(person or "", DEFAULT_TENANT)

    def message_endpoint(self, agent: str) -> EndpointInfo | None:
        """Where the application's messages to an agent arrive; third-party agents have no such place here."""
        return None if self.is_third_party(agent) else self._message

    def operation_endpoint(self, kind: str) -> EndpointInfo:
        """The endpoint that completes operations of this type."""
        return next(info for info in self.endpoints.values() if info.endpoint.operation == kind)

    def tool_for(self, info: EndpointInfo) -> EndpointInfo:
        """The tool that calls an endpoint, or the endpoint itself where none does."""
        return next((one for one in self.endpoints.values() if one.endpoint.calls == info.name), info)

    def server_named(self, name: str) -> str:
        """A server by its name; `home` is the one at which people sign in, whatever it is called."""
        return name if name in self.system.servers or name != HOME else self.home

    def denial_known_at(self, server: str) -> bool:
        """Whether an administrator's decision is made known to a server: its own, or one that K16 or K17 reaches."""
        home = self.system.servers[self.home].domain
        return self.system.servers[server].domain == home or self.on("K16", server) or self.on("K17", server)

    # ------------------------------------------------------------ data

    def records_of(self, owner: str, category: str) -> tuple[str, ...]:
        """Ids of the records of this category that are about this person."""
        return self._by_owner.get((owner, category), ())

    def disclosure(self, record: Record, *, action: str, purpose: str | None) -> Mapping[str, Any]:
        """The fields of `data.accessed` for this record: the same facts each time, so the same object."""
        key = (record.id, record.entitled, action, purpose)
        found = self._disclosures.get(key)
        if found is None:
            found = self._disclosures[key] = self._disclosure(record, action=action, purpose=purpose)
        return found

    def held(self, item: Item, purpose: str | None) -> Mapping[str, Any]:
        """The fields of `data.accessed` for a stored result that is read again."""
        record = replace(self.all_records[item.record], entitled=item.entitled)
        return self.disclosure(record, action="read", purpose=purpose)

    def _disclosure(self, record: Record, *, action: str, purpose: str | None) -> dict[str, Any]:
        own: dict[str, Any] = {
            "record": record.id,
            "owner": record.owner,
            "entitled": record.entitled,
            "record_tenant": record.tenant,
            "category": record.category,
            "trusted": record.trusted,
            "action": action,
            "fields": record.fields,
            "allowed_fields": record.fields,
        }
        if purpose is not None:
            own["purpose"] = purpose
            own["needed_categories"] = self.needed(purpose)
        return own

    def needed(self, purpose: str | None) -> tuple[str, ...]:
        """The categories that a purpose needs, as the organization has declared it."""
        found = self.system.purposes.get(purpose) if purpose else None
        return tuple(found.categories) if found else ()


def privilege_of(info: EndpointInfo, amount: float) -> str:
    """How much harm an operation of this amount can do here: below the endpoint's threshold it is medium at most."""
    threshold = info.endpoint.low_value
    small = info.endpoint.privilege == "high" and threshold is not None and amount <= threshold
    return "medium" if small else info.endpoint.privilege


def _readable(info: EndpointInfo) -> bool:
    return info.endpoint.scope is not None and info.endpoint.privilege == "low" and not info.endpoint.administrative


def _rule(info: EndpointInfo) -> RouteRule:
    endpoint = info.endpoint
    runs_here = endpoint.calls is None
    elevated = endpoint.privilege == "high" and runs_here
    return RouteRule(
        endpoint=info.name,
        scope=endpoint.scope,
        open=endpoint.scope is None,
        elevated=elevated,
        acr=(endpoint.acr or "high") if elevated else None,
        actor="people" if endpoint.people_only else "any",
        regions=frozenset(endpoint.regions),
        hours=frozenset(endpoint.hours),
    )


def _endpoints(system: System) -> list[EndpointInfo]:
    found = []
    for api_name, api in system.apis.items():
        for name, endpoint in api.endpoints.items():
            full = f"{api_name}.{name}"
            route = Route(
                api=api_name,
                pep="gateway" if api.legacy else api_name,
                endpoint=full,
                protocol={"mcp": "mcp", "a2a": "a2a"}.get(api.kind, "rest"),
                tool=name if api.kind == "mcp" else None,
                permission=endpoint.scope,
                required_acr=endpoint.acr or "low",
            )
            found.append(EndpointInfo(full, api_name, endpoint, route, api.domain))
    return found


def _people_types(system: System) -> dict[str, str]:
    types = dict.fromkeys(system.people.customers, "user")
    types.update(dict.fromkeys(system.people.brokers, "user"))
    types.update(dict.fromkeys(system.people.others, "outsider"))
    types.update(dict.fromkeys(system.people.employees, "employee"))
    types.update(dict.fromkeys(system.people.administrators, "admin"))
    return types
