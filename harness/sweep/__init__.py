"""Monte Carlo over seeds and knobs: many runs of scenarios on designs, judged where they are made, kept as Parquet parts.

sweep = load_sweep("scenarios/sweeps/lifetimes.sweep.yaml")     # raises ProblemList
run_sweep(sweep, Store("out", sweep), local())                 # takes up what is there; the same rows however it is run
frame = read_frame("out")                                      # a row for each run and requirement
"""

from harness.sweep.engine import Engine, SweepFailed, dask, in_process, local, run_sweep
from harness.sweep.loading import load_sweep
from harness.sweep.planning import Sweep
from harness.sweep.store import Store, knob_columns, read_about, read_frame, read_parts, run_frame

__all__ = [
    "Engine",
    "Store",
    "Sweep",
    "SweepFailed",
    "dask",
    "in_process",
    "knob_columns",
    "load_sweep",
    "local",
    "read_about",
    "read_frame",
    "read_parts",
    "run_frame",
    "run_sweep",
]
