"""Which test stands behind which protocol rule, and mutants of the protocol: one refusal taken out at a time.

A refusal is known by its rule and its detail. `without(rule, detail)` makes the code pass over exactly that one, as if
its check had been deleted; the tests of the rule must notice. `python -m tests.oauth.rulebook` writes `rule_tests.json`.
"""

from __future__ import annotations

import ast
import importlib
import json
import pkgutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import harness.oauth
from harness.oauth import keys, refusals
from harness.oauth.messages import Refusal

AREAS = ("core", "tokens", "exchange", "sender", "stepup", "mcp", "a2a")
REGISTRY: dict[str, list[Callable[[], None]]] = {}
Site = tuple[str, str]
BARE_REFUSALS = ("a2a", "client", "mcp", "mcp_client", "metadata", "sets", "transactions")
TABLE = Path(harness.oauth.__file__).parent / "rule_tests.json"


def rule(*ids: str) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Say which rules a test stands behind."""

    def register(test: Callable[[], None]) -> Callable[[], None]:
        for one in ids:
            REGISTRY.setdefault(one, []).append(test)
        return test

    return register


def load() -> dict[str, list[Callable[[], None]]]:
    """All registered tests by rule, in the order of the files."""
    for area in AREAS:
        importlib.import_module(f"tests.oauth.test_rules_{area}")
    return REGISTRY


def names(tests: list[Callable[[], None]]) -> tuple[str, ...]:
    """Pytest ids of tests."""
    return tuple(f"{one.__module__.replace('.', '/')}.py::{one.__name__}" for one in tests)


def modules() -> list[Any]:
    found = [
        importlib.import_module(f"harness.oauth.{one.name}") for one in pkgutil.iter_modules(harness.oauth.__path__)
    ]
    return [one for one in found if not one.__name__.endswith(".rules")]


@contextmanager
def watched(told: Callable[[str, str], bool]) -> Iterator[None]:
    """Every refusal is told to `told(rule, detail)` before it happens, and does not happen where that says True."""

    def need(condition: object, rule: str, error: str, detail: str, **rest: Any) -> None:
        if not condition and not told(rule, detail):
            real_need(condition, rule, error, detail, **rest)

    def sound(condition: object, detail: str, *, rule: str = "P-091", **rest: Any) -> None:
        if not condition and not told(rule, detail):
            real_sound(condition, detail, rule=rule, **rest)

    def fit(condition: object, err: str, detail: str, *, rule: str = "P-119") -> None:
        if not condition and not told(rule, detail):
            real_fit(condition, err, detail, rule=rule)

    def refuse(profile: Any, check: str, rule: str, error: Any, status: int, detail: str, **rest: Any) -> Any:
        return None if told(rule, detail) else real_refuse(profile, check, rule, error, status, detail, **rest)

    def bare(check: str, error: str, status: int, rule: str, detail: str = "", *rest: Any, **named: Any) -> Any:
        return None if told(rule, detail) else Refusal(check, error, status, rule, detail, *rest, **named)

    from harness.oauth import dpop, looks, sets

    real_need, real_sound, real_fit, real_refuse = refusals.need, dpop.sound, sets.fit, looks.refuse
    with ExitStack() as stack:
        for module in modules():
            for name, made in (("need", need), ("sound", sound), ("fit", fit), ("refuse", refuse)):
                if callable(getattr(module, name, None)):
                    stack.enter_context(patch.object(module, name, made))
            if module.__name__.rpartition(".")[2] in BARE_REFUSALS and hasattr(module, "Refusal"):
                stack.enter_context(patch.object(module, "Refusal", bare))
        yield


@contextmanager
def without(site: Site) -> Iterator[None]:
    """The protocol with one refusal taken out."""
    made = BY_HAND.get(site)
    forget_signatures()
    try:
        with made() if made else watched(lambda rule, detail: (rule, detail) == site):
            yield
    finally:
        forget_signatures()


def forget_signatures() -> None:
    """Forget which tokens were found good: a mutant may have let bad ones in."""
    from tests.oauth.wire import TRUSTED

    for one in TRUSTED.values():
        one._good.clear()
        one.parsed.clear()


def refused_by(tests: list[Callable[[], None]]) -> set[Site]:
    """The refusals that happen while these tests run."""
    seen: set[Site] = set()

    def told(rule: str, detail: str) -> bool:
        seen.add((rule, detail))
        return False

    with watched(told):
        for one in tests:
            one()
    return seen


# ---------------------------------------------------------------- checks that are no `need`


@contextmanager
def _unverified() -> Iterator[None]:
    """Signatures are not checked, whatever the key."""
    from harness.oauth.keys import unverified_claims

    def accept(token: str, key: Any, header: Any) -> keys.Verified:
        return keys.Verified(header, unverified_claims(token))

    with ExitStack() as stack:
        for module in modules():
            if hasattr(module, "verify_with"):
                stack.enter_context(patch.object(module, "verify_with", accept))
        yield


@contextmanager
def _any_algorithm() -> Iterator[None]:
    """A key verifies whatever algorithm the header names: the key's own `alg` is not compared."""

    def accept(token: str, key: Any, header: Any) -> keys.Verified:
        if header.get("alg") == "none":
            from harness.oauth.keys import unverified_claims

            return keys.Verified(header, unverified_claims(token))
        return real(token, key, header)

    real = keys.verify_with
    with patch.object(keys, "verify_with", accept):
        yield


@contextmanager
def _any_kid() -> Iterator[None]:
    """An unknown `kid` falls back to any key of the set, or to the key in the header."""

    def verify(self: keys.KeySet, token: str) -> keys.Verified:
        header = keys.unverified_header(token)
        own = header.get("jwk")
        key = keys.PublicKey(own) if own else next(iter(self._by_kid.values()))
        return keys.verify_with(token, key, header)

    with patch.object(keys.KeySet, "_verify", verify):
        yield


BY_HAND: dict[Site, Callable[[], Any]] = {
    ("P-016", "signatures are not checked"): _unverified,
    ("P-017", "signatures are not checked"): _unverified,
    ("P-036", "signatures are not checked"): _unverified,
    ("P-091", "signatures are not checked"): _unverified,
    ("P-099", "signatures are not checked"): _unverified,
    ("P-119", "signatures are not checked"): _unverified,
    ("P-036", "the algorithm is not compared"): _any_algorithm,
    ("P-036", "the header brings the key"): _any_kid,
}


# ---------------------------------------------------------------- what the source says


WRAPPERS = {
    "need",
    "found",
    "sound",
    "fit",
    "refuse",
    "invalid_token",
    "Refusal",
    "_authentic",
    "_sound",
    "_acceptable",
}


def details_in_source() -> set[str]:
    """Every detail of a refusal that is written out in the source."""
    found: set[str] = set()
    for module in modules():
        for node in ast.walk(ast.parse(Path(module.__file__).read_text(encoding="utf-8"))):
            name = getattr(node.func, "id", "") if isinstance(node, ast.Call) else ""
            if name in WRAPPERS and isinstance(node, ast.Call):
                texts = [arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
                found.update(text for text in texts if " " in text)
    return found


def table_text() -> str:
    """The file that says which tests stand behind which rule."""
    table = {one: list(names(tests)) for one, tests in sorted(load().items())}
    return json.dumps(table, indent=1) + "\n"


if __name__ == "__main__":
    from tests.oauth import rulebook

    TABLE.write_text(rulebook.table_text(), encoding="utf-8")
