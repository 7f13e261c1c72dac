"""The rows of a batch as a Parquet file: which columns there are, what each means, and of which type it is in every part.

Parts of one sweep can be read as one table by anything that reads Parquet. pyarrow is imported when a part is written.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from harness.measure.row import REACH_COLUMNS, RUN_COLUMNS, VERDICT_COLUMNS, per_pep
from harness.sweep.knobs import shown
from harness.sweep.planning import Sweep, samples

KEY_COLUMNS = {
    "run": "the number of the run in the sweep",
    "cell": "the number of its cell of the grid",
    "system": "the name of the system",
    "scenario": "the id of the scenario",
    "seed": "the seed; runs of different cells with the same seed met the same misfortunes",
    "failure": "why the run failed, where it did",
}
"""Columns that say which run it was; a column for each knob and draw follows them."""

_TEXT = frozenset({"system", "scenario", "failure", "requirement", "verdict", "stopped_by"})
_WHOLE = frozenset({"run", "cell", "seed", "exercised", "challenged", "violations", "people", "records"})
Row = dict[str, Any]


def pep_names(sweep: Sweep) -> list[str]:
    """The enforcement points of all systems of a sweep."""
    return sorted({api for part in sweep.plan.systems for api in part.value.get("apis", {})})


def columns(sweep: Sweep) -> dict[str, str]:
    """Every column of the results of a sweep, with its meaning."""
    knobs = {name: f"the setting `{path}`" for path, name in sweep.columns.items()}
    denied = {per_pep(pep): f"time to deny at `{pep}`, in seconds" for pep in pep_names(sweep)}
    return {**KEY_COLUMNS, **knobs, **VERDICT_COLUMNS, **RUN_COLUMNS, **REACH_COLUMNS, **denied}


def parquet(sweep: Sweep, rows: list[Row]) -> bytes:
    """Rows as a Parquet file; a key that is no column is a mistake of ours."""
    import pyarrow
    from pyarrow import parquet as writer

    types = {"text": pyarrow.string(), "whole": pyarrow.int64(), "number": pyarrow.float64()}
    named = kinds(sweep)
    assert all(row.keys() <= named.keys() for row in rows), "every key of a row is a column"
    arrays = [pyarrow.array(_values(rows, name, kind), types[kind]) for name, kind in named.items()]
    sink = pyarrow.BufferOutputStream()
    writer.write_table(pyarrow.table(arrays, names=list(named)), sink, compression="zstd")
    return bytes(sink.getvalue())


@lru_cache(maxsize=4)
def kinds(sweep: Sweep) -> dict[str, str]:
    """The kind of each column: `text`, `whole` or `number`."""
    text = _TEXT | _text_knobs(sweep)
    return {name: "text" if name in text else "whole" if name in _WHOLE else "number" for name in columns(sweep)}


def _text_knobs(sweep: Sweep) -> frozenset[str]:
    """Columns of knobs and draws whose values are not all numbers."""
    values = [*sweep.plan.knobs, *((path, samples(draw)) for path, draw in sweep.draws.items())]
    return frozenset(sweep.columns[path] for path, given in values if not all(map(_is_number, given)))


def _is_number(value: Any) -> bool:
    return isinstance(shown(value), (int, float)) and not isinstance(value, bool)


def _values(rows: list[Row], name: str, kind: str) -> list[Any]:
    found = [row.get(name) for row in rows]
    return [None if value is None else str(value) for value in found] if kind == "text" else found
