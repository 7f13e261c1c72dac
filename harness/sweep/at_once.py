"""A small sweep at once: run here and now, read as a frame, nothing kept. For notebooks; large ones belong in a folder."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from harness.sweep.engine import local, run_sweep
from harness.sweep.loading import load_sweep
from harness.sweep.store import Store, read_frame

if TYPE_CHECKING:
    import pandas


def sweep_frame(path: str | Path) -> tuple[pandas.DataFrame, tuple[str, ...]]:
    """The results of a sweep file, a row for each run and requirement, and what varied between the runs of a cell.

    Raises ProblemList for mistakes in the file and SweepFailed where workers cannot be kept alive.
    """
    sweep = load_sweep(path)
    with TemporaryDirectory(prefix="sweep-") as folder:
        store = Store(folder, sweep)
        store.prepare()
        run_sweep(sweep, store, local())
        return read_frame(folder), sweep.varied
