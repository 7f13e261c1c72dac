"""The folder of a sweep: whose results it holds, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.suite import UsageError
from harness.sweep import Store, in_process, read_about, read_frame, run_frame, run_sweep
from tests.sweep.files import small


def test_results_of_another_sweep_are_refused(tmp_path: Path) -> None:
    Store(tmp_path / "out", small(tmp_path)).prepare()
    other = small(tmp_path, "scenarios: [S13]\nruns: 2\n")
    with pytest.raises(UsageError, match="holds results of another sweep, or of another version"):
        Store(tmp_path / "out", other).prepare()
    Store(tmp_path / "out", small(tmp_path)).prepare()


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("precious")
    with pytest.raises(UsageError, match="is not empty and holds no sweep"):
        Store(tmp_path / "out", small(tmp_path)).prepare()
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["thesis.txt"]


def test_an_unreadable_description_is_told(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "sweep.json").write_text("{")
    with pytest.raises(UsageError, match="cannot be read"):
        Store(tmp_path / "out", small(tmp_path)).prepare()
    with pytest.raises(UsageError, match="there are no results of a sweep"):
        read_about(tmp_path / "nowhere")


def test_a_file_in_the_way_is_told(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    with pytest.raises(UsageError, match="cannot be written: "):
        Store(tmp_path / "out", small(tmp_path)).prepare()


def test_the_description_says_what_varied_and_what_each_column_means(tmp_path: Path) -> None:
    sweep = small(tmp_path)
    store = Store(tmp_path / "out", sweep)
    run_sweep(sweep, store, in_process())
    about = read_about(tmp_path / "out")
    assert about["schema"] == "harness/sweep/1"
    assert about["varied"] == list(sweep.varied)
    assert list(about["columns"]) == list(read_frame(tmp_path / "out").columns)
    assert json.dumps(about).count("K01") >= 1


def test_a_sweep_that_has_just_begun_is_an_empty_table(tmp_path: Path) -> None:
    store = Store(tmp_path / "out", small(tmp_path))
    store.prepare()
    assert len(read_frame(tmp_path / "out")) == 0
    assert list(store.pending()) == list(range(6))


def test_a_row_for_each_run_leaves_requirements_out(tmp_path: Path) -> None:
    sweep = small(tmp_path)
    run_sweep(sweep, Store(tmp_path / "out", sweep), in_process())
    runs = run_frame(read_frame(tmp_path / "out"))
    assert len(runs) == sweep.total
    assert "verdict" not in runs.columns
    assert {"as_requests", "controls.K01", "seed"} <= set(runs.columns)
