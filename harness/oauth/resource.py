"""The enforcement point of an API: every check of a presented credential, in a fixed order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from harness.oauth.keys import KeySet
from harness.oauth.messages import Presented, Refusal, RouteRule, Signal
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


class ResourceServer:
    """An enforcement point: `check` decides, the other methods take note. `keys` are the key sets by issuer."""

    __slots__ = ("keys", "profile", "store")

    def __init__(self, profile: RsProfile, keys: Mapping[str, KeySet], store: RsStore | None = None) -> None:
        self.profile = profile
        self.keys = keys
        self.store = store or RsStore()

    def fork(self) -> ResourceServer:
        """An independent copy: its dicts are its own, keys and remembered good signatures are shared."""
        return ResourceServer(self.profile, self.keys, self.store.fork())

    def check(self, presented: Presented, route: RouteRule, *, now_s: float) -> tuple[Refusal, ...]:
        """Every check that refuses, in a fixed order: the first is the answer, `()` admits. Changes nothing."""
        raise NotImplementedError

    def claims(self, token: str) -> Claims | None:
        """The claims of a token whose signature is good, expired or not; None for anything else."""
        raise NotImplementedError

    def admitted(self, presented: Presented, *, now_s: float) -> None:
        """Take note that a request was admitted: a DPoP proof is used up."""
        raise NotImplementedError

    def consume(self, approval_id: str, *, now_s: float) -> bool:
        """Use up an approval; False where it was used before. To be called in the step in which the API acts."""
        raise NotImplementedError

    def receive_signal(self, signal: Signal | str, *, now_s: float) -> None:
        """Put what a signal, security event token or logout token denies on the deny list, or take it off."""
        raise NotImplementedError

    def wants_introspection(self, token: str, *, now_s: float) -> bool:
        """Whether the authorization server must be asked before `check` (mode `introspection`, or no fresh answer)."""
        raise NotImplementedError

    def introspected(self, token: str, response: Mapping[str, Any] | None, *, now_s: float) -> None:
        """Take the body of an introspection response (None: the server did not answer) into account."""
        raise NotImplementedError

    def deadlines(self, now_s: float) -> Iterable[float]:
        """The future instants at which an answer of this enforcement point may change by itself."""
        raise NotImplementedError
