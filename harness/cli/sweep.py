"""`harness sweep`: many runs over knobs and seeds, what is there already taken up, and in short what they showed."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

from harness.cli.output import Mistake, json_text, progress_bar, table_stream, write

if TYPE_CHECKING:
    import pandas

    from harness.sweep import Engine

FINISHED, FAILED = 0, 4


@dataclass(frozen=True, kw_only=True)
class SweepOptions:
    """What was asked for on the command line."""

    file: str
    out: str
    workers: int | None = None
    dask: str | None = None
    json: str | None = None


def run_sweep_command(options: SweepOptions) -> int:
    """Runs what is not there yet, prints the summary, and returns the exit code."""
    from harness.sweep import Store, SweepFailed, load_sweep, read_about, read_frame, run_sweep

    sweep = load_sweep(options.file)
    store = Store(options.out, sweep)
    try:
        with progress_bar("sweeping") as progress:
            run_sweep(sweep, store, _engine(options), progress)
    except SweepFailed as failed:
        sys.stderr.write(f"harness: {failed}; run it again to go on\n")
        return FAILED
    frame = read_frame(options.out)
    table = summary(frame)
    if options.json is not None:
        about = read_about(options.out)
        write(options.json, json_text({**about, "summary": table.to_dict("records")}))
    _print(table, sweep.total, sweep.cells, sweep.varied, options.out, table_stream(options.json))
    return FAILED if (frame["verdict"] == "error").any() else FINISHED


def summary(frame: pandas.DataFrame) -> pandas.DataFrame:
    """In how many cells of the grid each requirement was kept in every run, broken in some, or not put to the test.

    Columns: system, scenario, requirement, cells, kept, broken, not_tested, failed (a cell with a failed run), runs,
    runs_broken.
    """
    import pandas

    rows = []
    keys = ["system", "scenario", "requirement"]
    for (system, scenario, requirement), group in frame.groupby(keys, sort=True):
        cells = [_cell(cell) for _, cell in group.groupby("cell")]
        counts = {name: cells.count(name) for name in ("kept", "broken", "not_tested", "failed")}
        broken = int((group["violations"] > 0).sum())
        names = {"system": system, "scenario": scenario, "requirement": requirement}
        rows.append(names | {"cells": len(cells), **counts, "runs": len(group), "runs_broken": broken})
    columns = [*keys, "cells", "kept", "broken", "not_tested", "failed", "runs", "runs_broken"]
    return pandas.DataFrame(rows, columns=columns)


def _cell(cell: pandas.DataFrame) -> str:
    """What the runs of one cell showed of one requirement, the worst first."""
    if (cell["verdict"] == "error").any():
        return "failed"
    if (cell["violations"] > 0).any():
        return "broken"
    return "kept" if (cell["challenged"] > 0).any() else "not_tested"


def _engine(options: SweepOptions) -> Engine:
    from harness.sweep import dask, local

    if options.dask is not None and options.workers is not None:
        raise Mistake("`--workers` is for processes of this machine; a Dask cluster has its own")
    return dask(options.dask) if options.dask is not None else local(options.workers)


def _print(table: pandas.DataFrame, runs: int, cells: int, varied: tuple[str, ...], out: str, stream: IO[str]) -> None:
    def line(*parts: Any) -> str:
        return "{:<16} {:<10} {:<18} {:>8} {:>8} {:>11} {:>7}\n".format(*map(str, parts)).rstrip() + "\n"

    stream.write(f"{runs:,} runs, {cells:,} cells; varied: {', '.join(varied) or 'nothing, one run each'}\n\n")
    stream.write(line("system", "scenario", "requirement", "kept in", "broken", "not tested", "failed"))
    for row in table.itertuples():
        kept, broken = f"{row.kept}/{row.cells}", f"{row.broken}/{row.cells}"
        stream.write(line(row.system, row.scenario, row.requirement, kept, broken, row.not_tested, row.failed))
    stream.write(f"\ncells in which every run kept it, some run broke it, no attack was stopped; rows are in {out}\n")
