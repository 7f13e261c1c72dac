"""Results remembered by the content of all they depend on: files, options, and the harness itself.

The key is a hash of bytes, never of times, so that a result is used again only where running would give the same. Where
a file cannot be read the run is made, and tells its mistakes itself.
"""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import msgspec

import harness
from harness.load import ProblemList, read_document
from harness.report.result import RunResult, from_json, to_json
from harness.suite.project import scenarios_folder
from harness.suite.suite import run_suite


class Store(Protocol):
    """Somewhere to keep text by key, as pytest's cache is."""

    def get(self, key: str, default: Any) -> Any: ...

    def set(self, key: str, value: object) -> None: ...


_remembered: dict[str, RunResult] = {}


def cached_suite(
    requirements_path: str,
    *,
    systems: Sequence[str] | None = None,
    without: Iterable[str] = (),
    seed: int = 0,
    today: date | None = None,
    store: Store | None = None,
) -> RunResult:
    """What `run_suite` gives, from memory or `store` where nothing it depends on has changed."""
    taken_away = tuple(without)
    key = fingerprint(requirements_path, systems, (*taken_away, str(seed), str(today)))
    found = _remembered.get(key) or _stored(store, requirements_path, key)
    if found is None:
        found = run_suite(requirements_path, systems=systems, without=taken_away, seed=seed, today=today)
        if store is not None and not any(system.failures for system in found.systems):
            store.set(_slot(requirements_path), {"key": key, "result": to_json(found)})
    _remembered[key] = found
    return found


def fingerprint(requirements_path: str, systems: Sequence[str] | None, options: Iterable[str]) -> str:
    """A hash of everything that a result depends on."""
    digest = hashlib.sha256(own_fingerprint().encode())
    for text in (requirements_path, *(systems or ()), *options):
        digest.update(text.encode() + b"\0")
    for path in _files(requirements_path, systems):
        digest.update(str(path).encode() + b"\0" + _content(path) + b"\0")
    return digest.hexdigest()


@cache
def own_fingerprint() -> str:
    """A hash of the harness' own sources and of the interpreter's version."""
    digest = hashlib.sha256(platform.python_version().encode())
    folder = Path(harness.__file__).parent
    for path in sorted(p for p in folder.rglob("*") if p.suffix in (".py", ".yaml")):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + _content(path) + b"\0")
    return digest.hexdigest()


def _files(requirements_path: str, systems: Sequence[str] | None) -> Iterator[Path]:
    yield Path(requirements_path)
    for system in systems or _named(requirements_path, "system"):
        yield from _with_bases(system)
    yield from sorted(Path(scenarios_folder(requirements_path)).rglob("*.yaml"))


def systems_of(requirements_path: str) -> Iterator[Path]:
    """The system file that a requirements file names, and those that it is laid over."""
    for system in _named(requirements_path, "system"):
        yield from _with_bases(system)


def _with_bases(system: str) -> Iterator[Path]:
    """A system file and those that it is laid over."""
    seen: list[str] = []
    while system not in seen:
        seen.append(system)
        yield Path(system)
        system = next(iter(_named(system, "based_on")), system)


def _named(path: str, key: str) -> list[str]:
    """The file that another names under a key, as a path from here; nothing where it names none."""
    try:
        value = read_document(path).value
    except ProblemList:
        return []
    named = value.get(key) if isinstance(value, dict) else None
    return [os.path.normpath(os.path.join(os.path.dirname(path), named))] if isinstance(named, str) else []


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b"(not there)"


def _slot(requirements_path: str) -> str:
    return f"harness/{hashlib.sha256(requirements_path.encode()).hexdigest()[:16]}"


def _stored(store: Store | None, requirements_path: str, key: str) -> RunResult | None:
    kept = store.get(_slot(requirements_path), None) if store is not None else None
    if not isinstance(kept, dict) or kept.get("key") != key:
        return None
    try:
        return from_json(str(kept.get("result")))
    except (msgspec.ValidationError, msgspec.DecodeError):
        return None
