"""Which scope opens an operation: as the description states it, or guessed, with what the description says instead.

An operation's own `security` replaces the document's. Its entries are alternatives; the schemes within one are needed
together. OAuth and OpenID Connect schemes name scopes; what others name are roles at most (OpenAPI 3.1), taken as guesses.
Source: OpenAPI Specification 3.1, Security Requirement Object and Security Scheme Object.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from harness.plan.describe.model import Guess, counted
from harness.plan.describe.references import Placed, References, group

OAUTH = ("oauth2", "openIdConnect")
Alternative = Mapping[str, list[str]]
"""The schemes that are needed together, each with the scopes that it names."""


class Security:
    """The security sections of one document; counts what is simplified."""

    def __init__(self, document: Placed, references: References) -> None:
        schemes = document.at("components").at("securitySchemes")
        self.default = document.at("security").value
        self.types = {name: _type(references.followed(schemes.at(name)).group) for name in schemes.group}
        self.several = self.either = self.open = 0

    def scope(self, operation: Placed, otherwise: str) -> str | Guess:
        """The scope of an operation; `otherwise` is what is guessed where the description names none."""
        section = operation.group.get("security", self.default)
        if not isinstance(section, list):
            return Guess(otherwise, "the description says nothing of security")
        alternatives = [_alternative(one) for one in section]
        if not alternatives or {} in alternatives:
            self.open += 1
            how = "asks for no token (`security: []`)" if not alternatives else "lets callers in without a token too (`{}`)"
            return self._guessed(alternatives, otherwise, f"the description {how}; the model asks for one all the same")
        return self._guessed(alternatives, otherwise, self._why(alternatives))

    def notes(self) -> Iterator[str]:
        """What was simplified, with how often."""
        if self.several:
            yield f"several scopes at once: {counted(self.several, 'operation')}; the first of each is kept"
        if self.either:
            yield f"either of several scopes: {counted(self.either, 'operation')}; the first of each is kept"
        if self.open:
            yield f"no token needed: {counted(self.open, 'operation')}; the model asks for one all the same, with a guessed scope"

    def _guessed(self, alternatives: list[Alternative], otherwise: str, because: str) -> str | Guess:
        """The scope that a scheme of OAuth names; else a role, else the guess that was prepared."""
        named = [found for one in alternatives if (found := self._named(one, OAUTH))]
        if named:
            self.several += len(named[0]) > 1
            self.either += len({tuple(one) for one in named}) > 1
            return named[0][0] if {} not in alternatives else Guess(named[0][0], because)
        roles = next((found for one in alternatives if (found := self._named(one, None))), None)
        if roles is not None:
            return Guess(roles[0], because.replace("and names no scope", "whose roles are taken for scopes"))
        return Guess(otherwise, because)

    def _named(self, alternative: Alternative, types: tuple[str, ...] | None) -> list[str]:
        wanted = [scopes for name, scopes in alternative.items() if types is None or self.types.get(name) in types]
        return [scope for scopes in wanted for scope in scopes]

    def _why(self, alternatives: list[Alternative]) -> str:
        """Why there is no scope: what the description asks for instead."""
        first = next(iter(alternatives))
        unknown = next((name for name in first if name not in self.types), None)
        if unknown is not None:
            return f"the description asks for `{unknown}`, which it does not define"
        asked = " and ".join(dict.fromkeys(self.types[name] for name in first))
        return f"the description asks for {asked}, and names no scope"


def _type(scheme: Mapping[str, Any]) -> str:
    """A scheme's type as it is said: `http` with its own scheme."""
    kind, inner = scheme.get("type"), scheme.get("scheme")
    if kind == "http" and isinstance(inner, str):
        return f"http {inner.lower()}"
    return kind if isinstance(kind, str) else "a scheme of no known type"


def _alternative(value: Any) -> Alternative:
    return {str(name): _scopes(scopes) for name, scopes in group(value).items()}


def _scopes(value: Any) -> list[str]:
    named = [scope_name(one) for one in value if isinstance(one, str)] if isinstance(value, list) else []
    return [one for one in named if one]


def scope_name(text: str) -> str:
    """A scope as a name: the last part of a URL, with what a name cannot hold replaced."""
    kept = "".join(c if c.isalnum() or c in "_.-" else "." for c in text.rstrip("/").rsplit("/", 1)[-1]).strip(".-")
    return kept[:70] if kept[:1].isalpha() else f"x{kept[:70]}" if kept else ""
