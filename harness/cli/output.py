"""Where results go: files that are named, standard output for `-`, and the table to whichever of the two is free."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.suite.runs import Progress

STANDARD_OUTPUT = "-"


class Mistake(Exception):
    """A mistake of usage: one sentence, told without a traceback."""


def write(target: str | None, text: str) -> None:
    """Writes a result to a file, to standard output for `-`, or nowhere.

    A file appears whole or not at all; what is there already and is no plain file (a device, a pipe) is written to.
    """
    if target is None:
        return
    if target == STANDARD_OUTPUT:
        sys.stdout.write(text)
        return
    plain = not os.path.exists(target) or (os.path.isfile(target) and not os.path.islink(target))
    written = f"{target}.part" if plain else target
    try:
        with open(written, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        if plain:
            os.replace(written, target)
    except OSError as error:
        raise Mistake(f"`{target}` cannot be written: {(error.strerror or str(error)).lower()}") from None


def table_stream(*targets: str | None) -> IO[str]:
    """Standard output, unless a result takes that for itself."""
    return sys.stderr if STANDARD_OUTPUT in targets else sys.stdout


def json_text(value: Sequence[Mapping[str, Any]] | Mapping[str, Any]) -> str:
    """A value as readable JSON, ending with a newline."""
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


@contextmanager
def progress_bar(what: str) -> Iterator[Progress | None]:
    """A bar on a terminal that a person watches; None in a pipe."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True), transient=True, auto_refresh=False) as bar:
        task = bar.add_task(what, total=None)

        def advance(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total, refresh=True)

        yield advance
