"""Sweep files: what each number of a run means, and each mistake at its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.load import ProblemList
from harness.measure.stats import runs_for_bound
from harness.sweep import load_sweep
from harness.sweep.planning import decoded
from tests.sweep.files import ROOT, small, write


def problems(folder: Path, text: str) -> list[str]:
    with pytest.raises(ProblemList) as found:
        small(folder, text)
    return [f"{one.line}:{one.column}: {one.text}" for one in found.value.problems]


def test_every_run_has_one_number_and_every_number_one_run(tmp_path: Path) -> None:
    sweep = small(tmp_path)
    runs = [sweep.run(number) for number in range(sweep.total)]
    assert (sweep.cells, sweep.total, sweep.batches) == (4, 12, 6)
    assert len({(one.system, one.scenario, one.cell, one.seed) for one in runs}) == 12
    assert [one.seed for one in runs[:4]] == [0, 1, 2, 0]
    assert sorted(number for batch in range(sweep.batches) for number in sweep.batch(batch)) == list(range(12))


def test_cells_span_the_grid_with_the_last_knob_changing_first(tmp_path: Path) -> None:
    sweep = small(tmp_path)
    assert [tuple(sweep.cell(number).values()) for number in range(4)] == [
        ("on", "30s"),
        ("on", "2m"),
        ("off", "30s"),
        ("off", "2m"),
    ]


def test_a_seed_draws_the_same_in_every_cell(tmp_path: Path) -> None:
    sweep = small(tmp_path)
    assert sweep.drawn(1, sweep.cell(0)) == sweep.drawn(1, sweep.cell(3))
    assert sweep.drawn(1, {}) != sweep.drawn(2, {})


def test_a_plan_travels_as_bytes_and_is_the_same_sweep(tmp_path: Path) -> None:
    sweep = small(tmp_path)
    other = decoded(sweep.encoded)
    assert other.encoded == sweep.encoded
    assert other.fingerprint == sweep.fingerprint
    assert [other.run(n) for n in range(12)] == [sweep.run(n) for n in range(12)]


def test_what_varied_is_said_and_one_run_for_each_cell_is_one_case(tmp_path: Path) -> None:
    assert small(tmp_path).varied[0] == "visits.0.arrives uniform from 0s to 5s"
    assert small(tmp_path, "scenarios: [S13]\n").varied == ()


def test_each_mistake_is_told_at_its_place_in_the_sweep_file(tmp_path: Path) -> None:
    knobs = "scenarios: [S13]\nknobs:\n"
    assert problems(tmp_path, f"{knobs}  contols.K07.lifetime: [30s]\n") == [
        "5:3: `contols.K07.lifetime`: unknown key `contols`; did you mean `controls`?"
    ]
    assert problems(tmp_path, f"{knobs}  controls.K07.lifetime: [30s, 5]\n") == [
        "5:3: `controls.K07.lifetime`: write a duration with a unit, as in `5m`, not `5`"
    ]
    far = problems(tmp_path, f"{knobs}  scenario.visits.3.leaves: [30s]\n")
    assert "`visits.3.leaves` needs a number from 0 to 1 instead of `3`" in far[0]
    assert "unknown control `K77`" in problems(tmp_path, f"{knobs}  controls.K77: [off]\n")[0]
    assert problems(tmp_path, f"{knobs}  controls.K07.lifetime: {{from: 1s, to: 3, steps: 2}}\n") == [
        "5:26: `1s` and `3` are neither two numbers nor two durations as in `5m`"
    ]


def test_mistakes_of_names_draws_and_settings_are_told_too(tmp_path: Path) -> None:
    assert "unknown scenario `S1333`" in problems(tmp_path, "scenarios: [S1333]\n")[0]
    assert problems(tmp_path, "scenarios: [S13]\nonly: [R9]\n") == ["4:8: unknown requirement `R9`"]
    assert "`servers.home.leeway`" in problems(tmp_path, "scenarios: [S13]\nsettings: {servers.home.leeway: 5}\n")[0]
    drawn = "scenarios: [S13]\ndraws: {scenario.visits.0.arrives: {uniform: [1s, soon]}}\n"
    assert "write a duration with a unit" in problems(tmp_path, drawn)[0]
    both = "scenarios: [S13]\nknobs: {servers.home.leeway: [5s]}\ndraws: {servers.home.leeway: {choice: [1s]}}\n"
    assert problems(tmp_path, both) == ["5:9: `servers.home.leeway` is a knob too"]


def test_an_unknown_key_or_an_empty_sweep_is_a_mistake(tmp_path: Path) -> None:
    assert "unknown key `knob`; did you mean `knobs`?" in problems(tmp_path, "scenarios: [S13]\nknob: {}\n")[0]
    assert "at least 1 entry needed here" in problems(tmp_path, "scenarios: []\n")[0]


@pytest.mark.parametrize("path", sorted((ROOT / "scenarios").rglob("*.sweep.yaml")), ids=lambda path: path.name)
def test_the_shipped_sweeps_can_be_read(path: Path) -> None:
    sweep = load_sweep(path)
    assert sweep.total > 1
    assert sweep.plan.title


def test_the_fingerprint_follows_what_is_swept(tmp_path: Path) -> None:
    one = small(tmp_path).fingerprint
    assert small(tmp_path).fingerprint == one
    write(tmp_path)
    assert small(tmp_path, "scenarios: [S13]\nruns: 4\n").fingerprint != one


def test_runs_are_fixed_or_chosen_for_a_bound_that_holds_in_all_cells_at_once(tmp_path: Path) -> None:
    knobs = "knobs: {controls.K01: [on, off], controls.K07.lifetime: {from: 30s, to: 2m, steps: 3}}\n"
    chosen = small(tmp_path, f"scenarios: [S13]\nonly: [R3]\n{knobs}bound: 0.05\n")
    assert chosen.plan.runs == runs_for_bound(0.05, cells=6)
    with pytest.raises(ProblemList) as both:
        small(tmp_path, f"scenarios: [S13]\n{knobs}bound: 0.05\nruns: 10\n")
    assert "`bound` chooses the number of runs; leave `runs` out" in str(both.value)
    with pytest.raises(ProblemList) as many:
        small(tmp_path, "scenarios: [S13]\nbound: 0.000001\n")
    assert "a bound of 1e-06 takes 3,688,878 runs of each cell, more than 1,000,000" in str(many.value)
