"""The OAuth clients of a system, as registered out of band, and what each may have.

With K06 off the organization's agents have no client of their own: they authenticate as the portal, whose policy then
has to cover what all of them need.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from harness.oauth import Client
from harness.world.mechanics.design import ASKING, Design
from harness.world.mechanics.keyring import key

AGENT_GRANTS = frozenset(
    {"authorization_code", "refresh_token", "client_credentials", "token_exchange", "ciba", "jwt_bearer"}
)


def clients(design: Design) -> Iterator[Client]:
    """Every client, with its key, certificate and scope policy."""
    system = design.system
    for name in system.services:
        yield _client(design, name, design.client_type(name), _service_policy(design, name))
    for name, agent in system.agents.items():
        if not design.shares_client(name):
            yield _client(design, design.client_name(name), "agent", agent.policy, program=name)
    for name, secret in system.secrets.items():
        yield _client(design, f"secret.{name}", "service", {secret.audience: secret.scopes})
    for api in system.apis:
        if design.strength_at("K17", api) in ASKING:
            name = f"api.{api}"
            public = key(design.seed, f"client/{name}").public
            yield Client(client_id=name, type="service", key=public, grants=frozenset(), audience=api)


def _client(
    design: Design, name: str, kind: str, policy: Mapping[str, list[str]], *, program: str | None = None
) -> Client:
    program = program or name
    certificate = design.certificate(name)
    return Client(
        client_id=name,
        type=kind,
        agent=program if kind == "agent" else None,
        domain=design.domain_of(program),
        key=key(design.seed, f"client/{name}").public,
        certificate=certificate,
        grants=AGENT_GRANTS,
        policy={audience: frozenset(scopes) for audience, scopes in policy.items()},
        redirect_uris=(redirect_of(name),),
        may_act=_may_act(design, program),
        binding=design.binding(name) if design.on("K20") else "none",
        audience=design.audience_served(program),
    )


def redirect_of(client: str) -> str:
    """Where a client's authorization responses go."""
    if client.startswith("https://"):
        return f"https://{urlsplit(client).netloc}/callback"
    return f"https://{client.replace('_', '-')}.example/callback"


def _service_policy(design: Design, name: str) -> Mapping[str, list[str]]:
    policy = {audience: list(scopes) for audience, scopes in design.system.services[name].policy.items()}
    if name == design.portal:
        for agent, description in design.system.agents.items():
            if design.shares_client(agent):
                for audience, scopes in description.policy.items():
                    policy[audience] = list(dict.fromkeys((*policy.get(audience, ()), *scopes)))
        if design.bare:
            policy[design.front] = list(dict.fromkeys(scope for scopes in policy.values() for scope in scopes))
    return policy


def _may_act(design: Design, name: str) -> tuple[str, ...]:
    """Who may exchange tokens that were issued to this client: whoever the client sends them to."""
    system = design.system
    if name == design.portal:
        return tuple(agent for agent, one in system.agents.items() if one.kind in ("backend", "sub_agent"))
    if name in system.agents:
        helpers = (agent for agent, one in system.agents.items() if one.kind == "sub_agent" and agent != name)
        return (design.mcp_service, *helpers)
    return ()
