"""`python -m benchmarks [--json FILE] [--only NAME]`: the table of speeds, and the same figures as JSON."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TextIO

from benchmarks import call, commands, parts
from benchmarks.timing import Row, as_row, measure

OWN_WAY = ("sweep", "explore", "draw")
ORDER = ("call", "call_dpop", "monitor", "event", "mint", "setup", "sweep", "start", "start_run", "explore", "draw", "suite")


def rows(only: str | None = None) -> Iterator[Row]:
    """Each row as soon as it is measured, in the order of the table."""
    cases = {case.name: case for case in (*call.cases(), *parts.cases(), *commands.cases())}
    for name in ORDER:
        if only not in (None, name):
            continue
        if name in cases:
            yield measure(cases[name])
        elif name in OWN_WAY and find_spec(f"benchmarks.{name}") is not None:
            yield as_row(import_module(f"benchmarks.{name}").row())


def as_json(found: list[Row]) -> str:
    """The figures, as they are kept and compared."""
    return json.dumps({"rows": [row._asdict() for row in found]}, indent=2)


def show(row: Row, out: TextIO) -> None:
    """One line of the table."""
    floor = "-" if row.floor_us is None else f"{row.floor_us:,.3f}"
    ratio = "-" if row.ratio is None else f"{row.ratio:.2f} x"
    print(f"{row.name:<10} {floor:>14} {row.ours_us:>14,.3f} {ratio:>9}", file=out, flush=True)


def main(arguments: list[str] | None = None) -> int:
    """Measure, show, and write the figures where asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--json", metavar="FILE", help="write the figures to a file, or `-` for standard output")
    parser.add_argument("--only", choices=ORDER, help="one row")
    asked = parser.parse_args(arguments)
    out = sys.stderr if asked.json == "-" else sys.stdout
    print(f"{'row':<10} {'floor us':>14} {'ours us':>14} {'ratio':>9}", file=out)
    found = []
    for row in rows(asked.only):
        show(row, out)
        found.append(row)
    if asked.json == "-":
        print(as_json(found))
    elif asked.json:
        Path(asked.json).write_text(as_json(found) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
