"""Where the results of a sweep are: a folder with what it is about and one Parquet part for each finished batch.

A part appears whole or not at all (it is renamed into place), so whoever is killed loses no finished batch, and a folder
says by itself what is still to be done. Results of another sweep, or of another version of the harness, are refused.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.suite import UsageError
from harness.sweep.knobs import column
from harness.sweep.parts import columns
from harness.sweep.planning import Sweep

if TYPE_CHECKING:
    import pandas

SCHEMA = "harness/sweep/1"
ABOUT = "sweep.json"
PARTS = "parts"
_END = b"PAR1"
"""The last bytes of every Parquet file."""


class Store:
    """The folder of one sweep."""

    def __init__(self, folder: str | Path, sweep: Sweep) -> None:
        self.folder = Path(folder)
        self.sweep = sweep

    def prepare(self) -> None:
        """Makes the folder, or takes up what is in it; raises UsageError where that belongs to something else."""
        about = self.folder / ABOUT
        if about.exists():
            self._check(about)
        elif self.folder.is_dir() and any(self.folder.iterdir()):
            raise UsageError(f"`{self.folder}` is not empty and holds no sweep; name another folder")
        try:
            (self.folder / PARTS).mkdir(parents=True, exist_ok=True)
            for left in (self.folder / PARTS).glob("*.tmp"):
                left.unlink(missing_ok=True)
            if not about.exists():
                _write(about, (json.dumps(self.about(), indent=1) + "\n").encode())
        except OSError as error:
            raise UsageError(f"`{self.folder}` cannot be written: {(error.strerror or str(error)).lower()}") from None

    def about(self) -> dict[str, Any]:
        """What the results are about: the sweep, what varied, and every column with its meaning."""
        plan = self.sweep.plan
        return {
            "schema": SCHEMA,
            "fingerprint": self.sweep.fingerprint,
            "title": plan.title,
            "requirements": plan.requirements_path,
            "systems": [part.name for part in plan.systems],
            "scenarios": [part.name for part in plan.scenarios],
            "settings": plan.settings,
            "knobs": dict(plan.knobs),
            "draws": dict(plan.draws),
            "runs_per_cell": plan.runs,
            "first_seed": plan.seed,
            "reach": plan.reach,
            "varied": list(self.sweep.varied),
            "runs": self.sweep.total,
            "batches": self.sweep.batches,
            "columns": columns(self.sweep),
        }

    def finished(self) -> set[int]:
        """The batches whose parts are there, whole."""
        return {number for number in self._numbers() if _whole(self._part(number))}

    def pending(self) -> Iterator[int]:
        """The batches that are still to be made, in order."""
        done = self.finished()
        return (number for number in range(self.sweep.batches) if number not in done)

    def keep(self, number: int, part: bytes) -> None:
        """Puts the part of a batch into its place, whole."""
        _write(self._part(number), part)

    def _part(self, number: int) -> Path:
        return self.folder / PARTS / f"part-{number:06d}.parquet"

    def _numbers(self) -> Iterator[int]:
        for path in (self.folder / PARTS).glob("part-*.parquet"):
            digits = path.stem.removeprefix("part-")
            if digits.isdigit() and int(digits) < self.sweep.batches:
                yield int(digits)

    def _check(self, about: Path) -> None:
        try:
            found = json.loads(about.read_text(encoding="utf-8")).get("fingerprint")
        except (OSError, ValueError, AttributeError):
            raise UsageError(f"`{about}` cannot be read; name another folder") from None
        if found != self.sweep.fingerprint:
            raise UsageError(
                f"`{self.folder}` holds results of another sweep, or of another version of the harness; name another folder"
            )


def knob_columns(about: Mapping[str, Any]) -> list[str]:
    """The columns of the knobs of a sweep, from what `read_about` gives: what tells the cells of its grid apart."""
    return [column(path, values) for path, values in about["knobs"].items()]


def read_about(folder: str | Path) -> dict[str, Any]:
    """What the results in a folder are about; raises UsageError where there are none."""
    try:
        found: dict[str, Any] = json.loads((Path(folder) / ABOUT).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise UsageError(f"there are no results of a sweep in `{folder}`") from None
    return found


def read_frame(folder: str | Path) -> pandas.DataFrame:
    """The results of a sweep, finished or not: a row for each run and requirement, in the order of the runs.

    The columns and their meanings are in the folder's `sweep.json`.
    """
    import pandas

    about = read_about(folder)
    frames = list(read_parts(folder))
    return pandas.concat(frames, ignore_index=True) if frames else pandas.DataFrame(columns=list(about["columns"]))


def read_parts(folder: str | Path, columns: Sequence[str] | None = None) -> Iterator[pandas.DataFrame]:
    """The same part by part, all columns or some of them: for sweeps larger than the memory."""
    import pandas

    for path in sorted((Path(folder) / PARTS).glob("part-*.parquet")):
        if _whole(path):
            yield pandas.read_parquet(path, columns=None if columns is None else list(columns))


def run_frame(frame: pandas.DataFrame) -> pandas.DataFrame:
    """A row for each run, without what is said of single requirements."""
    from harness.measure.row import VERDICT_COLUMNS

    return frame.drop_duplicates("run").drop(columns=list(VERDICT_COLUMNS)).reset_index(drop=True)


def _whole(path: Path) -> bool:
    """Whether a file is a whole Parquet file: it begins and ends as one."""
    try:
        with path.open("rb") as file:
            begins = file.read(4) == _END
            file.seek(-4, os.SEEK_END)
            return begins and file.read(4) == _END
    except OSError:
        return False


def _write(path: Path, content: bytes) -> None:
    partial = path.with_suffix(".tmp")
    partial.write_bytes(content)
    os.replace(partial, path)
