"""What an MCP client does by revision: where it looks, how it becomes known, what it sends and what it believes.

Source: MCP specification, authorization, revisions 2025-03-26 to 2026-07-28 (discovery, client registration, resource
parameter, PKCE, `iss`), and its transports (sessions).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from harness.oauth.client import read_authorization_response
from harness.oauth.mcp import Revision, fallback_endpoints
from harness.oauth.messages import Refusal
from harness.oauth.metadata import check_server_metadata, metadata_url, resource_metadata_url

SESSION_HEADER = "mcp-session-id"


def first_look(revision: Revision, server_url: str) -> str:
    """Where a client starts: the metadata of the resource, or (oldest revision) those of the server's own root."""
    if revision.server_is_as:
        root = fallback_endpoints(server_url)["token"].removesuffix("/token")
        return metadata_url(root)
    return resource_metadata_url(server_url)


def registration_way(revision: Revision, offered: Collection[str]) -> str | Refusal:
    """How the client becomes known: the first way of the revision's order that is offered."""
    for way in revision.registration:
        if way in offered:
            return way
    return Refusal("registration", "unregistered", 0, "P-135", "no way to register is offered")


def request_parameters(revision: Revision, resource: str) -> dict[str, str]:
    """What goes into authorization and token requests besides OAuth's own: the canonical URI of the server."""
    return {"resource": resource} if revision.resource_parameter else {}


def check_metadata(revision: Revision, metadata: Mapping[str, Any], *, issuer: str) -> Refusal | None:
    """Whether the server's metadata may be used; before 2025-11-25 the absence of PKCE in them meant nothing."""
    said = check_server_metadata(metadata, expected_issuer=issuer)
    if said is not None and said.rule == "P-134" and not revision.pkce_verified:
        return None
    return said


def read_response(
    revision: Revision, parameters: Mapping[str, str], *, issuer: str, state: str, iss_supported: bool
) -> str | Refusal:
    """The code in an authorization response. A missing `iss` is a refusal where the server said it would send one."""
    needed = revision.iss_validated and iss_supported
    return read_authorization_response(parameters, issuer=issuer, state=state, iss_supported=needed)


def transport_session(revision: Revision, headers: Mapping[str, str]) -> str | None:
    """The transport session that a request belongs to, in revisions that have them. It authenticates nobody."""
    if revision.stateless:
        return None
    return {name.lower(): value for name, value in headers.items()}.get(SESSION_HEADER)
