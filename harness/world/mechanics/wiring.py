"""Controls as settings of the protocol: the one place that knows which knob stands behind which control.

A control that is off leaves what a deployment without it would have: a long-lived token, a blanket consent, a server
that grants what it is asked for. Everything else of the protocol stays as strict as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from harness.oauth import ALL_CELLS, NO_CELLS, AsProfile, Audience, DetailType, RsProfile, open_decisions
from harness.oauth.forms import DISCLOSURE
from harness.plan.system import System
from harness.world.mechanics.design import LIFETIME_WITHOUT_K07_MS, Design

OPERATION_FIELDS = frozenset({"subject", "operation", "resource", "amount", "currency", "payee"})
LONG_S = 86_400.0
NOWHERE = frozenset({"nowhere.invalid"})
"""No host at all: client documents count from nowhere (an empty set would mean from everywhere)."""


def issuer_of(server: str) -> str:
    """The issuer identifier of a server of the system."""
    return f"https://{server.replace('_', '-')}.example"


def resource_of(api: str) -> str:
    """The resource identifier of an API (RFC 8707)."""
    return f"https://{api.replace('_', '-')}.example"


def server_of_domain(system: System, domain: str) -> str:
    """The authorization server that issues tokens for the APIs of a domain."""
    for name, server in system.servers.items():
        if server.domain == domain:
            return name
    return next(iter(system.servers))


def as_profile(design: Design, name: str) -> AsProfile:
    """The settings of one authorization server under this design."""
    system, controls = design.system, design.controls
    server = system.servers[name]
    short = design.on("K07", name)
    lifetime_ms = controls.setting("K07").lifetime or server.access_token_lifetime
    approvals = controls.setting("K14")
    return AsProfile(
        issuer=issuer_of(name),
        audiences=_audiences(design, name),
        detail_types=_detail_types(design),
        issuers_trusted=_trusted(design, name),
        leeway_s=server.leeway / 1000,
        access_token_ttl_s=(lifetime_ms if short else LIFETIME_WITHOUT_K07_MS) / 1000,
        exchange_lifetime="capped" if short and controls.setting("K07").strength != "fresh" else "fresh",
        refresh_token_ttl_s=LONG_S * 30,
        refresh_idle_s=LONG_S * 30,
        approval_ttl_s=LONG_S,
        session_idle_s=(controls.setting("K08").lifetime or server.session_idle) / 1000,
        session_ttl_s=server.session_lifetime / 1000,
        session_bound=design.on("K08", name) and design.strength_at("K08", name) != "no_offline",
        agents_offline=not design.on("K08", name),
        chained_refresh=not design.on("K08", name),
        scope_policy=_strength(design, "K02", "keyed", off="naive"),  # type: ignore[arg-type]  # checked by the catalogue
        delegation=design.on("K06") and controls.setting("K06").strength != "own_client",
        presenter=design.on("K06") and controls.setting("K06").strength != "own_client",
        grant_ceiling=design.on("K21"),
        consent="purpose" if design.on("K10") else "blanket",
        consent_scopes=frozenset(
            str(info.endpoint.scope) for info in design.endpoints.values() if design.is_egress(info.api)
        ),
        user_consent_screen=design.on("K10") and controls.setting("K10").strength == "per_client",
        consent_audiences=frozenset(
            api for api, description in system.apis.items() if description.kind in ("llm_gateway", "mcp")
        ),
        user_channel=design.on("K12", name),
        redeem_within_s=_seconds(approvals.lifetime, 120_000) if design.on("K14", name) else None,
        display="server" if design.on("K15") else "client",
        prompt_limit=controls.setting("K15").limit if design.on("K15") else None,
        disabled_cells=_cells(design, "K16", name),
        eligibility_cells=_cells(design, "K22", name),
        lineage=design.on("K18", name),
        registration="allow_list" if design.on("K19", name) else "open",
        deny_by_agent=design.on("K19", name) and design.on("K06"),
        metadata_documents=True,
        metadata_domains=(design.trusted_hosts() or NOWHERE) if design.on("K19", name) else frozenset(),
        registered_policy={api: frozenset(_scopes(system, api)) for api in system.apis},
        sender_constrained=design.on("K20"),
        refresh_grace_s=_seconds(controls.setting("K29").lifetime, 10_000) if design.on("K29") else 0,
    )


def rs_profile(design: Design, api: str) -> RsProfile:
    """The settings of the enforcement point of one API under this design."""
    system, controls = design.system, design.controls
    domain = system.apis[api].domain
    server = server_of_domain(system, domain)
    egress = design.is_egress(api)
    own_audience = design.on("K11", api) if egress else design.on("K01", api)
    lifetime = controls.setting("K14").lifetime
    passed_along = system.tokens == "passed_along"  # the login token is taken everywhere, in the other domain too
    return RsProfile(
        audience_id=api,
        issuers=frozenset(issuer_of(one) for one in system.servers if one == server or passed_along),
        realm=api,
        leeway_s=system.servers[server].leeway / 1000,
        audience="member" if own_audience else "off",
        scope=design.on("K03", api) and (not egress or design.on("K11", api)),
        owner=design.on("K04", api),
        actor=design.on("K06", api),
        session_denied=design.on("K09", api),
        denied=design.on("K17", api),
        lineage=design.on("K18", api),
        acr=design.on("K12", api),
        details=design.on("K13", api),
        consumed=design.on("K14", api),
        approval_age_s=_seconds(lifetime, 120_000) if design.on("K14", api) else None,
        claims=design.on("K31", api),
        mode=_mode(design, api),
        fail_open=design.strength_at("K17", api) == "fail_open",
        cache_ttl_s=_seconds(controls.setting("K17").lifetime, 300_000),
        sender=design.on("K20", api),
    )


def decisions(design: Design) -> dict[str, str]:
    """What this design decides where the specifications leave it open (`harness.oauth.open_decisions`)."""
    found = open_decisions(as_profile(design, next(iter(design.system.servers))))
    found |= open_decisions(rs_profile(design, next(iter(design.system.apis))))
    return {name: str(value) for name, value in sorted(found.items())}


def _mode(design: Design, api: str) -> Literal["local", "introspection", "cached"]:
    strength = design.strength_at("K17", api)
    if strength in ("introspection", "fail_open"):
        return "introspection"
    return "cached" if strength == "cached" else "local"


def _cells(design: Design, control: str, name: str) -> frozenset[tuple[str, str]]:
    """Which paths ask about which principals: all, or those named as `path`, `principal` or `path.principal`."""
    if not design.on(control, name):
        return NO_CELLS
    named = design.controls.setting(control).operations
    if not named:
        return ALL_CELLS
    return frozenset(
        (path, principal) for path, principal in ALL_CELLS if {path, principal, f"{path}.{principal}"} & set(named)
    )


def _trusted(design: Design, name: str) -> frozenset[str]:
    """Whose assertions count: other domains' servers, and channels that speak for people where K06 asks for no proof."""
    servers = {issuer_of(other) for other in design.system.servers if other != name}
    channels = set() if design.on("K06") else {issuer_of(channel) for channel in design.system.channels}
    return frozenset(servers | channels)


def _seconds(value_ms: int | None, default_ms: int) -> float:
    return (default_ms if value_ms is None else value_ms) / 1000


def _strength(design: Design, control: str, default: str, *, off: str) -> str:
    return (design.controls.setting(control).strength or default) if design.on(control) else off


def _scopes(system: System, api: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.scope for one in system.apis[api].endpoints.values() if one.scope is not None))


def _audiences(design: Design, name: str) -> Mapping[str, Audience]:
    """The APIs of the server's domain, with every scope that any policy could give there.

    Where there is neither an MCP nor an A2A server, the first API's tokens are those that people sign in for.
    """
    system = design.system
    domain = system.servers[name].domain
    found = {}
    for api, description in system.apis.items():
        if description.domain == domain:
            policies = [one.policy for one in system.agents.values()] + [one.policy for one in system.services.values()]
            everywhere = design.bare and api == design.front
            named = (s for policy in policies for one, own in policy.items() if everywhere or one == api for s in own)
            scopes = dict.fromkeys((*_scopes(system, api), *named))
            found[api] = Audience(api, frozenset(scopes), resource_of(api))
    return found


def _detail_types(design: Design) -> Mapping[str, DetailType]:
    types = {
        str(info.endpoint.operation): DetailType(frozenset({"operation"}), OPERATION_FIELDS)
        for info in design.endpoints.values()
        if info.endpoint.operation is not None
    }
    types[DISCLOSURE] = DetailType(frozenset({"provider", "purpose", "categories"}), frozenset({"owners"}))
    return types
