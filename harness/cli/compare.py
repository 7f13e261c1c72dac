"""`harness compare`: designs side by side on the same draws."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from harness.cli.output import json_text, progress_bar, table_stream, write

FINISHED, FAILED = 0, 4


@dataclass(frozen=True, kw_only=True)
class CompareOptions:
    """What was asked for on the command line."""

    systems: tuple[str, ...]
    requirements: str
    without: tuple[str, ...] = ()
    seed: int = 0
    runs: int = 1
    json: str | None = None


def run_compare(options: CompareOptions) -> int:
    """Runs every scenario on every design and puts them side by side; 0 when finished, 4 where a run failed."""
    from harness.report.terminal import print_rows
    from harness.suite.compare import compare, differences, document, rows, warnings

    with progress_bar("simulating") as progress:
        comparison = compare(
            options.requirements,
            options.systems,
            without=options.without,
            seed=options.seed,
            runs=options.runs,
            progress=progress,
        )
    stream = table_stream(options.json)
    drawn = "the same draw" if options.runs == 1 else f"the same {options.runs:,} draws, means"
    stream.write(f"{options.requirements}: {comparison.runs:,} runs of each design on {drawn}\n")
    print_rows(["", *(side.design.system.name for side in comparison.sides)], rows(comparison), stream)
    stream.writelines(f"{line}\n" for line in (*differences(comparison), *warnings(comparison)))
    write(options.json, json_text(document(comparison)))
    for side in comparison.sides:
        for run, reason in side.failures.items():
            sys.stderr.write(f"the run failed: no verdict: {run} on {side.design.shown}: {reason}\n")
    return FAILED if comparison.failed else FINISHED
