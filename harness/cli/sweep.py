"""`harness sweep`: many runs over knobs and seeds, what is there already taken up, and in short what they showed."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

from harness.cli.output import Mistake, json_text, progress_bar, table_stream, write

if TYPE_CHECKING:
    import pandas

    from harness.sweep import Engine, Sweep

FINISHED, FAILED = 0, 4
ENOUGH = 0.05
KEYS = ("system", "scenario", "requirement")
COUNTS = ("cells", "kept", "broken", "not_tested", "failed", "runs", "runs_broken")
COLUMNS = (*KEYS, "cell", "verdict", "violations", "challenged")
"""What the summary needs of the results."""


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
    from harness.sweep import Store, SweepFailed, load_sweep, read_about, read_parts, run_sweep

    sweep = load_sweep(options.file)
    store = Store(options.out, sweep)
    try:
        with progress_bar("sweeping") as progress:
            run_sweep(sweep, store, _engine(options), progress)
    except SweepFailed as failed:
        sys.stderr.write(f"harness: {failed}; run it again to go on\n")
        return FAILED
    table = summary(read_parts(options.out, COLUMNS))
    if options.json is not None:
        about = read_about(options.out)
        write(options.json, json_text({**about, "summary": table.to_dict("records")}))
    _print(table, sweep, options.out, table_stream(options.json))
    return FAILED if table["failed"].any() else FINISHED


def summary(parts: Iterable[pandas.DataFrame]) -> pandas.DataFrame:
    """In how many cells of the grid each requirement was kept in every run, broken in some, or not put to the test.

    Takes the rows part by part (`COLUMNS` of them), and keeps of each what it adds to its cells alone. Columns: system,
    scenario, requirement, cells, kept, broken, not_tested, failed (a cell with a failed run), runs, runs_broken.
    """
    import pandas

    cells: dict[tuple[Any, ...], list[int]] = {}
    for part in parts:
        seen = pandas.DataFrame(
            {
                **part[[*KEYS, "cell"]],
                "runs": 1,
                "failed": (part["verdict"] == "error").astype(int),
                "broken": (part["violations"] > 0).astype(int),
                "challenged": (part["challenged"] > 0).astype(int),
            }
        )
        for key, *counts in seen.groupby([*KEYS, "cell"]).sum().itertuples(name=None):
            cells[key] = [a + b for a, b in zip(cells.get(key, [0] * len(counts)), counts, strict=True)]
    rows: dict[tuple[Any, ...], dict[str, Any]] = {}
    for key, (runs, failed, broken, challenged) in sorted(cells.items()):
        row = rows.setdefault(key[:-1], dict(zip(KEYS, key, strict=False)) | dict.fromkeys(COUNTS, 0))
        shown = "failed" if failed else "broken" if broken else "kept" if challenged else "not_tested"
        for name, more in (("cells", 1), (shown, 1), ("runs", runs), ("runs_broken", broken)):
            row[name] += more
    return pandas.DataFrame(list(rows.values()), columns=[*KEYS, *COUNTS])


def _percent(share: float | None) -> str:
    return "all" if share is None else f"{100 * share:.3g} %"


def _engine(options: SweepOptions) -> Engine:
    from harness.sweep import dask, local

    if options.dask is not None and options.workers is not None:
        raise Mistake("`--workers` is for processes of this machine; a Dask cluster has its own")
    return dask(options.dask) if options.dask is not None else local(options.workers)


def _bounds(sweep: Sweep, table: pandas.DataFrame) -> str:
    """What a cell without a break allows to be said: a bound for one cell, one for all at once, and how many runs it takes."""
    from harness.measure.stats import rate, runs_for_bound, upper_bound

    if not sweep.varied:
        return "one run for each cell: deterministic, one case, without bounds"
    runs, cells = sweep.plan.runs, max(1, int(table["cells"].sum()))
    one = rate(0, runs, varied=sweep.varied)
    together = upper_bound(0, runs, level=(1 - one.confidence) / max(2, cells))
    said = f"{runs:,} runs for each cell: where none broke it, at most {_percent(one.high)} of such runs do"
    if cells > 1:
        said += f"; in all {cells:,} cells at once at most {_percent(together)}"
    said += f" ({one.confidence:.0%} bounds)"
    if not one.too_few:
        return said
    enough = runs_for_bound(ENOUGH, cells=cells)
    return f"{said}; too few runs to say more: `bound: {ENOUGH}` in place of `runs` makes {enough:,}"


def _print(table: pandas.DataFrame, sweep: Sweep, out: str, stream: IO[str]) -> None:
    def line(*parts: Any) -> str:
        return "{:<16} {:<10} {:<18} {:>8} {:>8} {:>11} {:>7}\n".format(*map(str, parts)).rstrip() + "\n"

    varied = ", ".join(sweep.varied) or "nothing, one run each"
    stream.write(f"{sweep.total:,} runs, {sweep.cells:,} cells; varied: {varied}\n\n")
    stream.write(line("system", "scenario", "requirement", "kept in", "broken", "not tested", "failed"))
    for row in table.itertuples():
        kept, broken = f"{row.kept}/{row.cells}", f"{row.broken}/{row.cells}"
        stream.write(line(row.system, row.scenario, row.requirement, kept, broken, row.not_tested, row.failed))
    stream.write(f"\ncells in which every run kept it, some run broke it, no attack was stopped; rows are in {out}\n")
    stream.write(f"{_bounds(sweep, table)}\n")
