"""What a careful OAuth client does: checks what comes back, remembers its scopes, and gives up in time.

Decides what a client may believe and what it tries next; never looks into an access token. Sources: RFC 7636, RFC 9207
section 2.4, RFC 9470 section 2, MCP authorization (scope union, few retries, credentials keyed by issuer).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from harness.oauth.keys import sha256_base64url
from harness.oauth.messages import Refusal

UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
MAX_STEP_UPS = 3


def s256_challenge(verifier: str) -> str:
    """The code challenge of a verifier (RFC 7636 section 4.2); raises ValueError for a verifier that is none."""
    if not 43 <= len(verifier) <= 128 or not UNRESERVED.issuperset(verifier):
        raise ValueError("a verifier has 43 to 128 unreserved characters")
    return sha256_base64url(verifier)


def read_authorization_response(
    parameters: Mapping[str, str], *, issuer: str, state: str, iss_supported: bool = True
) -> str | Refusal:
    """The code in an authorization response, or why the client stops.

    The issuer is compared first, as plain text, also where the response is an error: a client acts on nothing that
    another server sent.
    """
    given = parameters.get("iss")
    if given != issuer and (given is not None or iss_supported):
        return Refusal("iss", "mix_up", 0, "P-020", "the response is not of the server that was asked")
    if parameters.get("state") != state:
        return Refusal("state", "invalid_state", 0, "P-020", "the response belongs to another request")
    if "error" in parameters:
        return Refusal("server_error", parameters["error"], 0, "P-001", parameters.get("error_description", ""))
    code = parameters.get("code")
    return code if code else Refusal("server_error", "invalid_response", 0, "P-001", "there is no code")


class Challenge(msgspec.Struct, frozen=True):
    """A `WWW-Authenticate` header, read: its scheme and parameters."""

    scheme: str
    parameters: Mapping[str, str]

    @property
    def error(self) -> str | None:
        """The error, None where the request merely lacked credentials."""
        return self.parameters.get("error")

    @property
    def scopes(self) -> frozenset[str]:
        """The scopes that the server names."""
        return frozenset(self.parameters.get("scope", "").split())


def read_challenge(header: str) -> Challenge:
    """The first challenge of a `WWW-Authenticate` header (RFC 9110 section 11.6.1)."""
    scheme, _, rest = header.strip().partition(" ")
    parameters: dict[str, str] = {}
    position = 0
    while position < len(rest):
        name, position = _until(rest, position, "=")
        value, position = _value(rest, position)
        if name.strip(" ,"):
            parameters[name.strip(" ,").lower()] = value
    return Challenge(scheme, parameters)


def _until(text: str, start: int, mark: str) -> tuple[str, int]:
    end = text.find(mark, start)
    return (text[start:end], end + 1) if end >= 0 else ("", len(text))


def _value(text: str, start: int) -> tuple[str, int]:
    if start < len(text) and text[start] == '"':
        value, position = [], start + 1
        while position < len(text) and text[position] != '"':
            position += text[position] == "\\"
            value.append(text[position : position + 1])
            position += 1
        return "".join(value), position + 1
    value_text, position = _until(text, start, ",")
    return (value_text.strip(), position) if value_text else (text[start:].strip(), len(text))


class StepUp(msgspec.Struct, frozen=True):
    """What a client has been challenged for at one endpoint: it asks for the union, and only a few times."""

    scopes: frozenset[str] = frozenset()
    tries: int = 0

    def challenged(self, challenge: Challenge) -> StepUp | Refusal:
        """The next attempt: all scopes seen so far and those named now; a refusal once it has been tried enough."""
        if self.tries >= MAX_STEP_UPS:
            return Refusal("step_up", challenge.error or "unauthorized", 403, "P-135", "asked often enough")
        return StepUp(self.scopes | challenge.scopes, self.tries + 1)


class Held(msgspec.Struct, frozen=True):
    """A token as its client knows it: from the token response, never from looking inside."""

    token: str
    issuer: str
    audience: str
    scopes: frozenset[str]
    expires_s: float
    acr: str | None = None


def pick(held: Iterable[Held], *, issuer: str, audience: str, scopes: frozenset[str], now_s: float) -> Held | None:
    """The narrowest token that is enough for this call: elevated ones are kept for the calls that need them."""
    fitting = [
        one
        for one in held
        if one.issuer == issuer and one.audience == audience and scopes <= one.scopes and now_s < one.expires_s
    ]
    return min(fitting, key=lambda one: (len(one.scopes), one.acr or "", one.expires_s), default=None)


def from_response(body: Mapping[str, Any], *, issuer: str, audience: str, now_s: float) -> Held:
    """A token as its response describes it (RFC 6749 section 5.1)."""
    scopes = frozenset(str(body.get("scope", "")).split())
    return Held(body["access_token"], issuer, audience, scopes, now_s + float(body.get("expires_in", 0)))
