"""The shape of the code itself: who may import whom, what the protocol must not know, how long a module may be.

Holds every import of every module, also those inside functions, against one table. A checker that finds nothing is
tried on sources that break each rule.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "harness"
ALL = {"load", "trace", "oauth", "requirements", "plan", "world", "judge", "measure", "search", "sweep", "suite"}
ALL |= {"report", "cli"}
MAY_IMPORT: dict[str, set[str]] = {
    "load": set(),
    "trace": set(),
    "oauth": set(),
    "requirements": {"load", "trace"},
    "plan": {"load", "requirements", "trace"},
    "world": {"plan", "oauth", "trace"},
    "judge": {"requirements", "trace"},
    "measure": {"judge", "trace"},
    "search": {"load", "trace", "oauth", "requirements", "plan", "world", "judge", "measure"},
    "sweep": ALL - {"search", "cli"},
    "report": {"requirements", "plan", "judge", "measure", "trace"},
    "suite": ALL - {"search", "sweep", "cli"},
    "cli": ALL,
    "pytest_plugin": ALL,
    "__main__": {"cli"},
    "__init__": set(),
}
"""The import table of the design; each package may also import itself."""

CLOCKS = {"time", "datetime"}
CHANCE = {"random", "secrets", "uuid"}
FORBIDDEN: dict[str, set[str]] = {
    "oauth": {"simpy", "faker", "yaml", "ruamel", "pydantic", "os", "numpy", *CLOCKS, *CHANCE},
    "judge": {"simpy", "faker", "ruamel", "jwt", "time", *CHANCE},
    "trace": {"simpy", "faker", "ruamel", "pydantic", *CLOCKS, *CHANCE},
    "load": {"simpy", "faker", "jwt", *CLOCKS, *CHANCE},
}
HEAVY = {"pandas", "matplotlib", "scipy", "pyarrow", "faker", "hypothesis"}
ONLY_IN = {"simpy": ("world/sim",), "faker": ("world/sim",), "ruamel": ("load",)}
RANDOM_IN = ("world/sim", "search", "sweep")
WALL_CLOCK_IN = ("cli", "search")
WALL_CLOCK_CALLS = {
    "now",
    "today",
    "utcnow",
    "time",
    "time_ns",
    "perf_counter",
    "monotonic",
    "uuid4",
    "uuid1",
    "urandom",
}
LONG, TOO_LONG = 300, 400
TABLES = {"trace/kinds.py"}
"""Modules that are one table of data: their length is the number of rows."""


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def package_of(path: Path) -> str:
    """The row of the table that a module belongs to."""
    inside = path.relative_to(PACKAGE)
    return inside.parts[0] if len(inside.parts) > 1 else inside.stem


def imports(tree: ast.AST) -> Iterator[tuple[str, bool]]:
    """Every module name that is imported, and whether that is only for the type checker."""
    for_types = {
        id(child)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for child in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, id(node) in for_types) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module == "harness":
            yield from ((f"harness.{alias.name}", id(node) in for_types) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module, id(node) in for_types


def top_level(tree: ast.Module) -> Iterator[str]:
    """The modules that are imported when this one is, and not later inside a function."""
    for node in tree.body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield from (name for name, _ in imports(ast.Module([node], [])))


def breaches(source: str, package: str, place: str) -> list[str]:
    """What a module does that its package may not."""
    tree = ast.parse(source)
    found = []
    for name, _ in imports(tree):
        first, *rest = name.split(".")
        if first == "harness" and rest and rest[0] != package and rest[0] not in MAY_IMPORT[package]:
            found.append(f"{place} imports {name}")
        if first in FORBIDDEN.get(package, ()):
            found.append(f"{place} imports {first}, which {package} must not know")
        if first in ONLY_IN and not place.startswith(ONLY_IN[first]):
            found.append(f"{place} imports {first}, which only {ONLY_IN[first][0]} may")
        if first == "random" and not place.startswith(RANDOM_IN):
            found.append(f"{place} imports random")
    found += [f"{place} imports {name} when it is imported" for name in top_level(tree) if name.split(".")[0] in HEAVY]
    return found + [f"{place} reads a clock or draws an id: {call}" for call in unseeded(tree, place)]


def unseeded(tree: ast.AST, place: str) -> Iterator[str]:
    """Calls like `datetime.now()` and `time.time()`, outside the packages that may."""
    if place.startswith(WALL_CLOCK_IN):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in WALL_CLOCK_CALLS:
            base = node.func.value
            name = base.id if isinstance(base, ast.Name) else getattr(base, "attr", "")
            if name in {"datetime", "date", "time", "uuid", "os"}:
                yield f"{name}.{node.func.attr}"


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_only_what_its_package_may(path: Path) -> None:
    place = path.relative_to(PACKAGE).as_posix()
    assert package_of(path) in MAY_IMPORT, f"{place} is in no package of the table"
    assert breaches(path.read_text(encoding="utf-8"), package_of(path), place) == []


@pytest.mark.parametrize(
    ("package", "place", "source"),
    [
        ("oauth", "oauth/x.py", "def f():\n    import time"),
        ("oauth", "oauth/x.py", "from harness.trace import Event"),
        ("judge", "judge/x.py", "from harness import world"),
        ("judge", "judge/x.py", "import harness.oauth.tokens"),
        ("report", "report/x.py", "if TYPE_CHECKING:\n    from harness.suite import run_suite"),
        ("world", "world/mechanics/x.py", "import simpy"),
        ("world", "world/mechanics/x.py", "from random import Random"),
        ("plan", "plan/x.py", "import ruamel.yaml"),
        ("measure", "measure/x.py", "import pandas as pd"),
        ("suite", "suite/x.py", "from datetime import date\nx = date.today()"),
        ("world", "world/sim/x.py", "import datetime\nx = datetime.datetime.now()"),
        ("world", "world/sim/x.py", "import uuid\nx = uuid.uuid4()"),
        ("sweep", "sweep/x.py", "from harness.search import explore"),
    ],
)
def test_the_checker_finds_what_is_forbidden(package: str, place: str, source: str) -> None:
    assert breaches(source, package, place)


@pytest.mark.parametrize(
    ("package", "place", "source"),
    [
        ("cli", "cli/clock.py", "from datetime import date\nx = date.today()"),
        ("measure", "measure/x.py", "def f():\n    import pandas as pd"),
        ("world", "world/sim/x.py", "import simpy\nfrom random import Random"),
        ("plan", "plan/x.py", "from harness.plan.values import Name\nfrom harness.load import Problem"),
    ],
)
def test_the_checker_permits_what_is_allowed(package: str, place: str, source: str) -> None:
    assert breaches(source, package, place) == []


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_is_short_and_says_what_it_is_for(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    place = path.relative_to(PACKAGE).as_posix()
    lines = len(text.splitlines())
    if lines > LONG and place not in TABLES:
        warnings.warn(f"{place} has {lines} lines: look for the second module in it", stacklevel=1)
    assert lines <= TOO_LONG or place in TABLES, f"{place} has {lines} lines: split it"
    assert not text.strip() or ast.get_docstring(ast.parse(text)), f"{place} has no docstring at its head"
