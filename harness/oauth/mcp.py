"""MCP authorization: what each revision asks of a server and a client, and the checks that are MCP's own.

Decides on headers, origins, handles, elicitation, tool arguments and upstream tokens; the token itself is judged by
`resource`. Sources: MCP specification, authorization and transports, revisions 2025-03-26 to 2026-07-28; its security
best practices.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from harness.oauth.messages import Refusal, Request, Response

HEADER_MISMATCH = -32020
INVALID_PARAMS = -32602
SECRET_WORDS = ("password", "passcode", "secret", "api_key", "apikey", "token", "credential", "pin", "cvv")
JSON_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,), "number": (int, float), "integer": (int,), "boolean": (bool,), "array": (list, tuple),
    "object": (dict,),
}  # fmt: skip


class Revision(msgspec.Struct, frozen=True, kw_only=True):
    """What one revision of MCP says about authorization."""

    name: str
    server_is_as: bool = False
    resource_metadata: bool = True
    resource_parameter: bool = True
    scope_in_challenge: bool = False
    pkce_verified: bool = False
    iss_validated: bool = False
    headers_match_body: bool = False
    stateless: bool = False
    registration: tuple[str, ...] = ("preregistered", "dynamic")


REVISIONS: Mapping[str, Revision] = {
    one.name: one
    for one in (
        Revision(name="2025-03-26", server_is_as=True, resource_metadata=False, resource_parameter=False),
        Revision(name="2025-06-18"),
        Revision(
            name="2025-11-25", scope_in_challenge=True, pkce_verified=True,
            registration=("preregistered", "metadata_document", "dynamic"),
        ),
        Revision(
            name="2026-07-28", scope_in_challenge=True, pkce_verified=True, iss_validated=True, headers_match_body=True,
            stateless=True, registration=("preregistered", "metadata_document"),
        ),
    )
}  # fmt: skip
CURRENT = REVISIONS["2026-07-28"]


class McpServer(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of an MCP server: its revision, its URIs, whom it answers, what its tools take."""

    resource: str
    resource_metadata: str
    revision: Revision = CURRENT
    origins: frozenset[str] = frozenset()
    tools: Mapping[str, Mapping[str, Any]] = {}
    calls_limit: int | None = None
    calls_window_s: float = 60


def fallback_endpoints(server_url: str) -> dict[str, str]:
    """Where a client of the oldest revision looks without metadata: at the root of the server (2025-03-26)."""
    scheme, _, rest = server_url.partition("://")
    base = f"{scheme}://{rest.split('/')[0]}"
    return {"authorization": f"{base}/authorize", "token": f"{base}/token", "registration": f"{base}/register"}


def challenge(server: McpServer, refusal: Refusal, scopes: tuple[str, ...] = ()) -> Response:
    """The HTTP answer to a refused request: 401 to get a token, 403 to get more scope, each with what that takes."""
    named: dict[str, str] = {}
    if refusal.status == 403 or (refusal.error != "unauthorized" and refusal.status == 401):
        named["error"] = refusal.error
    if scopes and server.revision.scope_in_challenge:
        named["scope"] = " ".join(scopes)
    if server.revision.resource_metadata:
        named["resource_metadata"] = server.resource_metadata
    text = ", ".join(f'{name}="{value}"' for name, value in named.items())
    header = {"WWW-Authenticate": f"Bearer {text}".rstrip()}
    return Response(refusal.status, header if refusal.status in (401, 403) else {}, {}, refusal)


def check_http(server: McpServer, request: Request) -> Refusal | None:
    """The transport's own checks: a foreign `Origin`, and headers that say something else than the body."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    origin = headers.get("origin")
    if origin is not None and origin not in server.origins:
        return Refusal("origin", "forbidden", 403, "P-138", "the origin is not one of those allowed")
    if not server.revision.headers_match_body or request.method != "POST":
        return None
    said = (headers.get("mcp-method"), headers.get("mcp-name"))
    if said != (request.body.get("method"), named(request.body)):
        return Refusal("header_mismatch", str(HEADER_MISMATCH), 400, "P-137", "the headers do not match the body")
    return None


def named(body: Mapping[str, Any]) -> str | None:
    """The name of the tool or the URI of the resource that a JSON-RPC body is about."""
    parameters = body.get("params")
    if not isinstance(parameters, Mapping):
        return None
    name = parameters.get("name", parameters.get("uri"))
    return name if isinstance(name, str) else None


def check_upstream(received: str, sent: str) -> Refusal | None:
    """A server calls the APIs behind it with a token of its own, never with the one that it received."""
    if received == sent:
        return Refusal("passthrough", "token_passthrough", 0, "P-136", "the received token must not be passed on")
    return None


# ---------------------------------------------------------------- state handles


def bind_handle(user: str, handle: str) -> str:
    """The key under which state is kept: the verified person, and the handle."""
    return f"{user}:{handle}"


def check_handle(states: Mapping[str, Any], *, user: str, handle: str) -> Refusal | None:
    """A handle works for the person it was made for: for anybody else it does not exist."""
    if bind_handle(user, handle) not in states:
        return Refusal("handle", "not_found", 404, "P-139", "there is no such state")
    return None


# ---------------------------------------------------------------- proxies, elicitation, tools


class ProxyConsent(msgspec.Struct, frozen=True):
    """What a person approved at a proxy with a static client of its own: which client, to which redirect URI."""

    user: str
    client: str
    redirect_uri: str


def check_proxy(consents: frozenset[ProxyConsent], *, user: str, client: str, redirect_uri: str) -> Refusal | None:
    """A proxy forwards nobody to the server behind it before the person has approved exactly this client."""
    if ProxyConsent(user, client, redirect_uri) not in consents:
        return Refusal("proxy_consent", "consent_required", 403, "P-140", "this client was not approved here")
    return None


def check_elicitation_form(schema: Mapping[str, Any]) -> Refusal | None:
    """A form shown by the client must not ask for secrets: those belong to a page of the server."""
    fields = schema.get("properties", {})
    asked = [name for name in fields if any(word in name.lower() for word in SECRET_WORDS)]
    if asked:
        return Refusal("elicitation", "invalid_params", 400, "P-141", f"`{asked[0]}` must not be asked for in a form")
    return None


def check_elicitation_url(*, started_by: str, opened_by: str | None) -> Refusal | None:
    """The person who opens the page must be the one for whom the request was started."""
    if opened_by != started_by:
        return Refusal("elicitation", "access_denied", 403, "P-141", "the page was opened by somebody else")
    return None


def check_arguments(server: McpServer, tool: str, arguments: Mapping[str, Any]) -> Refusal | None:
    """A tool that is offered, with the arguments that its schema asks for and no others."""
    schema = server.tools.get(tool)
    if schema is None:
        return Refusal("tool", "invalid_params", 400, "P-142", "there is no such tool")
    fields: Mapping[str, Any] = schema.get("properties", {})
    missing = [name for name in schema.get("required", ()) if name not in arguments]
    wrong = [name for name, value in arguments.items() if name not in fields or not _fits(fields[name], value)]
    if missing or wrong:
        return Refusal("arguments", "invalid_params", 400, "P-142", f"`{(missing + wrong)[0]}` does not fit the schema")
    return None


def _fits(field: Mapping[str, Any], value: Any) -> bool:
    types = JSON_TYPES.get(str(field.get("type")), (object,))
    if isinstance(value, bool) and bool not in types and object not in types:
        return False
    return isinstance(value, types) and ("enum" not in field or value in field["enum"])


def check_rate(server: McpServer, calls_s: tuple[float, ...], now_s: float) -> Refusal | None:
    """One caller calls tools only so often; `calls_s` are the times of its earlier calls."""
    recent = [one for one in calls_s if one > now_s - server.calls_window_s]
    if server.calls_limit is not None and len(recent) >= server.calls_limit:
        return Refusal("rate", "rate_limited", 429, "P-142", "too many calls")
    return None
