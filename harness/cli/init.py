"""`harness init`: a starter project that runs, from nothing or from a description of a real API.

Writes nothing over a file that is there already, unless told to.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from harness.cli.output import Mistake


def run_init(
    folder: str = ".", *, openapi: str | None = None, mcp_tools: Sequence[str] = (), force: bool = False
) -> int:
    """Write the project's files; 0 when they are written. Raises ProblemList for a description that cannot be used."""
    from harness.cli.schema import for_editors
    from harness.plan.describe import read_mcp_tools, read_openapi
    from harness.plan.starter import EXAMPLE, starter_project

    if openapi and mcp_tools:
        raise Mistake("give `--openapi` or `--mcp-tools`, not both")
    description = read_openapi(openapi) if openapi else read_mcp_tools(*mcp_tools) if mcp_tools else EXAMPLE
    files = for_editors(starter_project(description))
    there = [name for name in files if (Path(folder) / name).exists()]
    if there and not force:
        raise Mistake(f"`{os.path.join(folder, there[0])}` is there already; write over it with `--force`")
    for name, text in files.items():
        path = Path(folder) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    guesses = sum(text.count("Guesses: ") for text in files.values())
    inside = "" if folder == "." else f"cd {folder} && "
    sys.stdout.write(
        f"{len(files)} files for `{description.name}` with {len(description.endpoints)} endpoints, "
        f"{guesses} of them with guesses that you should look at\n"
    )
    sys.stdout.writelines(f"note: {note}\n" for note in description.notes)
    sys.stdout.write(f"next: {inside}harness run\n")
    return 0
