"""What an MCP request says of itself outside its body, and who goes by it.

A gateway may decide on the `Mcp-Name` header while the server executes the body. Revisions of MCP that compare the two
refuse a request in which they differ (streamable HTTP, 2026-07-28); older ones do not, and then it matters whether the
server decides on the body itself or leaves that to the gateway (K03, strength `gateway`).
"""

from __future__ import annotations

from harness.oauth import Request
from harness.oauth.mcp import REVISIONS, McpServer, check_http
from harness.oauth.metadata import resource_metadata_url
from harness.world.mechanics import guard
from harness.world.mechanics.commands import Call
from harness.world.mechanics.design import EndpointInfo
from harness.world.mechanics.effects import Hop, Stop
from harness.world.mechanics.state import World
from harness.world.mechanics.wiring import resource_of

METHOD = "tools/call"


def refusal(world: World, step: Call, hop: Hop, asked: guard.Asked) -> Stop | None:
    """The transport's own no: header and body name different tools. What would refuse the body is asked as well."""
    if step.header_tool is None:
        return None
    found = check_http(_server(world, hop.info.api), _message(world, step, hop.info))
    if found is None:
        return None
    more = guard.refusals(world, hop.info, hop.request, hop.credential, asked)
    also = guard.stop_of(world, more, hop.credential, place=hop.info.api) if more else Stop(())
    stop = guard.stop_of(world, (found,), hop.credential, place=hop.info.api)
    return stop._replace(also=(*also.by, *also.also))


def taken_for(world: World, step: Call, info: EndpointInfo) -> EndpointInfo:
    """The endpoint whose rule decides: the one that the header names, where deciding is left to the gateway."""
    by_header = step.header_tool is not None and world.design.strength_at("K03", info.api) == "gateway"
    return world.design.endpoints[step.header_tool] if by_header and step.header_tool else info


def _server(world: World, api: str) -> McpServer:
    resource = resource_of(api)
    revision = REVISIONS[world.design.system.apis[api].revision]
    return McpServer(resource=resource, resource_metadata=resource_metadata_url(resource), revision=revision)


def _message(world: World, step: Call, info: EndpointInfo) -> Request:
    said = world.design.endpoints[str(step.header_tool)].route.tool or ""
    headers = {"Mcp-Method": METHOD, "Mcp-Name": said}
    return Request("POST", "/mcp", headers=headers, body={"method": METHOD, "params": {"name": info.route.tool}})
