"""How the protocol says no inside the authorization server: one function, one exception, caught where it answers.

`need(condition, rule, …)` is the only way in which a rule refuses; it names the rule (`rules.py`), the protocol's error
and the word of the check. Nothing outside `AuthorizationServer.receive` and its siblings ever sees the exception.
"""

from __future__ import annotations

from typing import TypeVar

from harness.oauth.messages import Refusal, Signal

T = TypeVar("T")


class Refused(Exception):
    """A request is refused; `signals` are what others must be told all the same (a replay revokes)."""

    def __init__(self, refusal: Refusal, signals: tuple[Signal, ...] = ()) -> None:
        super().__init__(refusal, signals)
        self.refusal = refusal
        self.signals = signals


def need(
    condition: object,
    rule: str,
    error: str,
    detail: str,
    *,
    check: str,
    status: int = 400,
    challenge: str | None = None,
    headers: tuple[tuple[str, str], ...] = (),
    signals: tuple[Signal, ...] = (),
) -> None:
    """Refuse unless the condition holds."""
    if not condition:
        raise Refused(Refusal(check, error, status, rule, detail, challenge, headers), signals)


def found(value: T | None, rule: str, error: str, detail: str, *, check: str, status: int = 400) -> T:
    """The value, if there is one; refuse otherwise."""
    need(value is not None, rule, error, detail, check=check, status=status)
    return value  # type: ignore[return-value]  # `need` has refused None
