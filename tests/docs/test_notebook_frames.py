"""The results that the notebooks load are what their sweep files give today: some runs of each are made again."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pandas
import pytest
from msgspec.structs import replace

from harness.sweep import Sweep, load_sweep, read_about, read_frame
from harness.sweep.batch import rows
from harness.sweep.parts import parquet

ROOT = Path(__file__).parent.parent.parent
DATA = ROOT / "notebooks" / "data"
FRAMES = sorted(path.parent.name for path in DATA.glob("*/sweep.json"))
AGAIN = 12
"""How many runs of each are made again, spread over its grid."""
REMAKE = "remake the results as notebooks/README.md says"


@pytest.fixture(scope="module", params=FRAMES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def sweep(name: str) -> Sweep:
    return load_sweep(ROOT / "scenarios" / "sweeps" / f"{name}.sweep.yaml")


def test_each_result_is_read_by_a_notebook_and_each_that_is_read_is_there() -> None:
    read = {
        found
        for path in (ROOT / "notebooks").glob("*.ipynb")
        for found in re.findall(r"(?:data/|rates\(\\\")(\w+)\\\"", path.read_text(encoding="utf-8"))
    }
    assert read == set(FRAMES)


def test_all_runs_of_the_sweep_file_are_there(name: str, sweep: Sweep) -> None:
    about, frame = read_about(DATA / name), read_frame(DATA / name)
    assert about["knobs"] == dict(sweep.plan.knobs), REMAKE
    assert about["varied"] == list(sweep.varied), REMAKE
    assert sorted(frame["run"].unique()) == list(range(sweep.total)), REMAKE
    assert set(frame.columns) == set(about["columns"])
    assert not (frame["verdict"] == "error").any()


def test_some_runs_made_again_give_the_same_rows(name: str, sweep: Sweep) -> None:
    single = Sweep(replace(sweep.plan, batch=1))
    chosen = sorted({round(part * (sweep.total - 1) / (AGAIN - 1)) for part in range(AGAIN)})
    part = parquet(single, [row for number in chosen for row in rows(single, number)])
    made, kept = pandas.read_parquet(io.BytesIO(part)), read_frame(DATA / name)
    kept = kept[kept["run"].isin(chosen)].reset_index(drop=True)
    assert list(made["run"]) == list(kept["run"]), REMAKE
    other = [column for column in made if not made[column].equals(kept[column])]
    assert not other, f"{', '.join(other)} of {name} are other ones now; {REMAKE}"


def test_the_page_of_the_notebooks_remakes_each_of_them() -> None:
    (line,) = re.findall(r"^for name in (.*); do$", (ROOT / "notebooks" / "README.md").read_text(), flags=re.MULTILINE)
    assert line.split() == FRAMES
