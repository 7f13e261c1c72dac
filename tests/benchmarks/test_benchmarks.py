"""The shape of the table of speeds, with tiny counts: what it says depends on the machine, and is not tested here."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

import benchmarks.draw
import benchmarks.explore
from benchmarks import __main__ as table
from benchmarks import call, parts
from benchmarks.timing import Case, Row, Sample, as_row, measure, row_of
from harness.search import explore, node


def test_each_row_in_process_can_be_measured() -> None:
    cases = {one.name: one for one in (*call.cases(tokens=1), *parts.cases(events=20, tokens=2))}
    assert set(cases) == {"call", "call_dpop", "monitor", "event", "mint", "setup"}
    for name in ("call", "monitor", "event", "mint", "setup"):
        row = measure(cases[name], repeats=1)
        assert row.ours_us > 0
        assert (row.floor_us is None) == (name == "setup")


def test_floor_and_ours_alternate_and_the_first_of_each_is_thrown_away() -> None:
    made: list[str] = []

    def maker(name: str) -> Callable[[], Sample]:
        def make() -> Sample:
            made.append(name)
            return lambda: 1

        return make

    measure(Case("x", maker("ours"), maker("floor"), 2))
    assert made == ["floor", "ours"] * 3


def test_the_figures_as_json(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(table, "rows", lambda only: iter([row_of("call", 8.0, 12.0), row_of("setup", None, 900.0)]))
    assert table.main(["--json", "-"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out) == {
        "rows": [
            {"name": "call", "floor_us": 8.0, "ours_us": 12.0, "ratio": 1.5},
            {"name": "setup", "floor_us": None, "ours_us": 900.0, "ratio": None},
        ]
    }
    assert "1.50 x" in err


def test_a_module_that_measures_in_its_own_way_gives_a_row_or_its_parts() -> None:
    row = Row("sweep", 2.0, 1.9, 0.95)
    assert as_row(row) == as_row(row._asdict()) == row


def test_what_is_measured_in_place_is_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    forking, printing, applying, judging = node.Node.fork, explore.fingerprint, node.apply, node.Node._judge
    own_us, per_second = benchmarks.explore.own_work_us(["R3"], depth=1)
    assert own_us > 0
    assert per_second > 0
    monkeypatch.setattr(benchmarks.draw, "RUNS", 2)
    assert min(benchmarks.draw._ours_us("R4")) > 0
    assert (node.Node.fork, explore.fingerprint, node.apply, node.Node._judge) == (forking, printing, applying, judging)
