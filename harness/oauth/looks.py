"""What the checks of an enforcement point share: its state, one request being looked at, and how a refusal is said.

Source of the challenges: RFC 6750 section 3, RFC 9449 section 7.1, RFC 9728 section 5.1.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import msgspec

from harness.oauth.messages import Presented, Refusal, RouteRule
from harness.oauth.profile import RsProfile
from harness.oauth.tokens import Claims


class RsStore:
    """All state of an enforcement point: flat dicts."""

    __slots__ = ("cache", "consumed", "denied", "proofs")

    def __init__(self) -> None:
        self.denied: dict[tuple[str, str], bool] = {}
        self.consumed: dict[str, float] = {}
        self.proofs: dict[str, float] = {}
        self.cache: dict[str, Any] = {}

    def fork(self) -> RsStore:
        """An independent copy."""
        other = object.__new__(RsStore)
        other.denied = self.denied.copy()
        other.consumed = self.consumed.copy()
        other.proofs = self.proofs.copy()
        other.cache = self.cache.copy()
        return other


class Look(msgspec.Struct, gc=False):
    """One request being looked at: the settings, the state, the claims, what was presented, where, and when."""

    profile: RsProfile
    store: RsStore
    claims: Claims
    presented: Presented
    route: RouteRule
    now_s: float


Check = Callable[[Look], Refusal | None]


def refuse(
    profile: RsProfile, check: str, rule: str, error: str | None, status: int, detail: str, **parameters: Any
) -> Refusal:
    """A refusal with its challenge: `Bearer` (or `DPoP`), the realm, the error if there is one, further parameters."""
    scheme = parameters.pop("scheme", "Bearer")
    headers = parameters.pop("headers", ())
    challenge = None
    if status in (401, 403):
        named = (*parameters.items(), ("resource_metadata", profile.resource_metadata))
        challenge = _challenge(scheme, profile.realm, error, named)
    return Refusal(check, error or "unauthorized", status, rule, detail, challenge, headers)


@lru_cache(maxsize=4_096)
def _challenge(scheme: str, realm: str, error: str | None, parameters: tuple[tuple[str, Any], ...]) -> str:
    """The value of `WWW-Authenticate`; a parameter without a value is left out."""
    parts = (("realm", realm), ("error", error), *parameters)
    return f"{scheme} " + ", ".join(f'{name}="{value}"' for name, value in parts if value is not None)


def invalid_token(profile: RsProfile, check: str, rule: str, detail: str, **parameters: Any) -> Refusal:
    """401 `invalid_token`: what every failure of the token itself is (RFC 9068 section 4)."""
    return refuse(profile, check, rule, "invalid_token", 401, detail, **parameters)
