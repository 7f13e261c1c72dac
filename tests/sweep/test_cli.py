"""`harness sweep` as its users meet it: what it prints, its exit codes, its JSON, and mistakes in a line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.cli.app import run
from harness.cli.sweep import summary
from tests.sweep.files import HEAD, S13, write

SIMPLE = "scenarios: [S13]\nonly: [R3]\nknobs: {controls.K01: [on, off]}\nruns: 2\n"


def harness(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        run(["sweep", *arguments])
    out, err = capsys.readouterr()
    return int(ended.value.code or 0), out, err


def test_it_prints_in_how_many_cells_a_requirement_was_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(write(tmp_path, SIMPLE))
    code, out, err = harness(capsys, path, "--out", str(tmp_path / "out"), "--workers", "1")
    assert (code, err) == (0, "")
    assert "4 runs, 2 cells; varied: thinking time of models and network latency" in out
    row = next(line.split() for line in out.splitlines() if line.startswith("insurance"))
    assert row == ["insurance", "S13", "R3", "1/2", "1/2", "0", "0"]


def test_json_goes_alone_to_standard_output(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(write(tmp_path, SIMPLE))
    code, out, err = harness(capsys, path, "--out", str(tmp_path / "out"), "--workers", "1", "--json", "-")
    found = json.loads(out)
    assert code == 0
    assert found["schema"] == "harness/sweep/1"
    (row,) = found["summary"]
    assert (row["requirement"], row["cells"], row["kept"], row["broken"], row["runs"]) == ("R3", 2, 1, 1, 4)
    assert "4 runs, 2 cells" in err


def test_a_failed_run_is_exit_code_four(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*args: object, **more: object) -> None:
        raise RuntimeError("the wire broke")

    monkeypatch.setattr("harness.sweep.batch.simulate", fails)
    monkeypatch.setattr("harness.sweep.local", lambda workers: __import__("harness.sweep").sweep.in_process())
    path = str(write(tmp_path, SIMPLE))
    code, out, _ = harness(capsys, path, "--out", str(tmp_path / "out"))
    assert code == 4
    assert next(line.split() for line in out.splitlines() if line.startswith("insurance"))[-1] == "2"


@pytest.mark.parametrize(
    ("text", "more", "told"),
    [
        (f"scenarios: ['{S13}']\nrunz: 3\n", (), "small.sweep.yaml:4:1: unknown key `runz`; did you mean `runs`?"),
        (SIMPLE, ("--dask", "x", "--workers", "2"), "harness: `--workers` is for processes of this machine"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_two(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, more: tuple[str, ...], told: str
) -> None:
    path = str(write(tmp_path, text))
    code, out, err = harness(capsys, path, "--out", str(tmp_path / "out"), *more)
    assert (code, out) == (2, "")
    assert told in err
    assert err.count("\n") == 1
    assert HEAD.startswith("kind: sweep")


def test_results_of_another_sweep_are_refused_in_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(tmp_path / "out")
    harness(capsys, str(write(tmp_path, SIMPLE)), "--out", out, "--workers", "1")
    code, _, err = harness(capsys, str(write(tmp_path, SIMPLE + "seed: 9\n")), "--out", out)
    assert code == 2
    assert err.startswith(f"harness: `{out}` holds results of another sweep")


def test_it_says_what_a_cell_without_a_break_allows_to_be_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(write(tmp_path, SIMPLE))
    _, out, _ = harness(capsys, path, "--out", str(tmp_path / "out"), "--workers", "1")
    assert "2 runs for each cell: where none broke it, at most 84.2 % of such runs do" in out
    assert "too few runs to say more: `bound: 0.05` in place of `runs` makes 72" in out
    path = str(write(tmp_path, SIMPLE.replace("runs: 2", "runs: 1")))
    _, out, _ = harness(capsys, path, "--out", str(tmp_path / "one"), "--workers", "1")
    assert "one run for each cell: deterministic, one case, without bounds" in out


@given(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.integers(0, 2), st.sampled_from(["held", "error"]), st.integers(0, 1)),
        min_size=1,
        max_size=30,
    ),
    st.integers(1, 7),
)
def test_the_summary_is_the_same_however_the_rows_are_cut_into_parts(rows: list[tuple[Any, ...]], size: int) -> None:
    frame = pandas.DataFrame(rows, columns=["system", "cell", "verdict", "violations"])
    frame = frame.assign(scenario="S1", requirement="R1", challenged=1)
    whole = summary([frame])
    parts = [frame.iloc[start : start + size] for start in range(0, len(frame), size)]
    assert summary(parts).to_dict("records") == whole.to_dict("records")
    assert int(whole["runs"].sum()) == len(rows)
    assert (whole["kept"] + whole["broken"] + whole["not_tested"] + whole["failed"] == whole["cells"]).all()
