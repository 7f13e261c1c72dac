"""What a worker makes of a batch: the same as one run by hand, errors told as errors, one type for each column."""

from __future__ import annotations

import io
from pathlib import Path

import pandas
import pyarrow.parquet
import pytest

from harness.judge import Judge
from harness.load import ProblemList
from harness.plan import Controls, load_scenario, load_system, words
from harness.requirements import load_requirements
from harness.sweep.batch import rows, run_batch
from harness.sweep.parts import columns, kinds, parquet
from harness.world import simulate
from harness.world.mechanics import keyring
from tests.sweep.files import ROOT, small


def test_a_row_says_what_the_run_by_hand_shows(tmp_path: Path) -> None:
    sweep = small(tmp_path, "scenarios: [S13]\nonly: [R3]\nknobs: {controls.K01: [on, off]}\nseed: 5\nbatch: 2\n")
    system = load_system(ROOT / "scenarios/systems/insurance.yaml").model
    scenario = load_scenario(next((ROOT / "scenarios").rglob("s13_*.yaml"))).model
    judge = Judge(load_requirements(str(ROOT / "requirements.yaml"), words(system)))
    for row, without in zip(rows(sweep, 0), ((), ("K01",)), strict=True):
        trace = simulate(system, Controls.of(system, without=without), scenario, seed=5)
        found = judge.judge(trace)["R3"]
        assert (row["verdict"], row["violations"]) == (
            found.outcome.value,
            len({v.events[-1] for v in found.violations}),
        )
        assert (row["challenged"], row["exercised"]) == (found.challenged, found.exercised)
        assert row["as_requests"] == sum(n for name, n in trace.counters.items() if name.startswith("as_"))
    assert [row["verdict"] for row in rows(sweep, 0)] == ["not_challenged", "violated"], "no honest use"


def test_drawn_values_take_effect_and_stand_in_the_row(tmp_path: Path) -> None:
    text = "scenarios: [S13]\nonly: [R3]\ndraws: {scenario.visits.0.arrives: {choice: [40s]}}\nruns: 2\n"
    later, sooner = rows(small(tmp_path, text), 0), rows(small(tmp_path, "scenarios: [S13]\nonly: [R3]\nruns: 2\n"), 0)
    assert later[0]["scenario.visits.0.arrives_s"] == 40.0
    assert later[0]["duration_s"] - sooner[0]["duration_s"] == pytest.approx(40.0)


def test_the_same_batch_gives_the_same_bytes(tmp_path: Path) -> None:
    sweep = small(tmp_path)
    assert run_batch(sweep.encoded, 1) == run_batch(sweep.encoded, 1)
    assert run_batch(sweep.encoded, 1) != run_batch(sweep.encoded, 2)


def test_a_run_that_fails_is_an_error_for_each_requirement(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*args: object, **more: object) -> None:
        raise RuntimeError("the wire broke")

    monkeypatch.setattr("harness.sweep.batch.simulate", fails)
    sweep = small(tmp_path)
    found = rows(sweep, 0)
    assert len(found) == 4
    assert {row["verdict"] for row in found} == {"error"}
    assert all("the wire broke" in row["failure"] for row in found)
    frame = pandas.read_parquet(io.BytesIO(parquet(sweep, found)))
    assert frame["tasks"].isna().all()


def test_a_setting_that_only_fits_alone_is_an_error_of_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.sweep.loading._Checked.try_values", lambda self, sweep: None)
    sweep = small(tmp_path, "scenarios: [S13]\nonly: [R3]\nknobs: {controls.K07.lifetime: [5]}\n")
    (row,) = rows(sweep, 0)
    assert row["verdict"] == "error"
    assert "write a duration with a unit" in row["failure"]


def test_every_part_has_every_column_with_one_type_and_a_meaning(tmp_path: Path) -> None:
    sweep = small(tmp_path)
    schemas = [pyarrow.parquet.read_schema(io.BytesIO(parquet(sweep, found))) for found in ([], rows(sweep, 0))]
    assert schemas[0].equals(schemas[1])
    assert schemas[0].names == list(columns(sweep))
    assert all(columns(sweep).values())
    assert kinds(sweep)["controls.K01"] == "text"
    assert kinds(sweep)["controls.K07.lifetime_s"] == "number"


def test_exposure_is_measured_where_asked_for(tmp_path: Path) -> None:
    asked = rows(small(tmp_path, "scenarios: [S02]\nonly: [R1]\nreach: true\n"), 0)[0]
    assert asked["after_departure_record_s"] > 0
    assert asked["residual_s"] > 0
    not_asked = rows(small(tmp_path, "scenarios: [S02]\nonly: [R1]\n"), 0)[0]
    assert not_asked["after_departure_record_s"] is None
    assert asked["violations"] == not_asked["violations"]


def test_what_runs_leave_behind_is_forgotten_after_a_batch(tmp_path: Path) -> None:
    run_batch(small(tmp_path).encoded, 0)
    assert keyring.key.cache_info().currsize == keyring.key_set.cache_info().currsize == 0


def test_a_share_of_the_runs_misbehaves_and_the_share_is_a_knob(tmp_path: Path) -> None:
    text = (
        "scenarios: [S13]\nonly: [R3]\nruns: 30\nbatch: 60\n"
        "settings: {controls.K01: off, scenario.visits: [{user: A, tasks: [{kind: read}]}]}\n"
        "knobs: {share.scenario.visits.0.tasks.0.twist: [0, 0.5]}\n"
        "draws: {scenario.visits.0.tasks.0.twist: {sometimes: {id: T06, endpoint: claims.attachments}}}\n"
    )
    found = pandas.DataFrame(rows(small(tmp_path, text), 0))
    assert not found["failure"].notna().any()
    name = "scenario.visits.0.tasks.0.twist"
    none, half = (found[found[f"share.{name}"] == share] for share in (0, 0.5))
    assert none[name].isna().all()
    assert 5 < half[name].notna().sum() < 25
    assert none["violations"].sum() == 0
    assert (half["violations"] > 0).equals(half[name].notna()), "those that misbehave break it, and no others"


@pytest.mark.parametrize(
    ("knobs", "told"),
    [
        ("share.scenario.visits.0.leaves: [0.5]", "needs a draw `scenario.visits.0.leaves` with `sometimes`"),
        ("share.scenario.visits.0.tasks.0.twist: [1.5]", "a share lies between 0 and 1"),
    ],
)
def test_a_share_of_nothing_is_a_mistake(tmp_path: Path, knobs: str, told: str) -> None:
    text = f"scenarios: [S13]\nknobs: {{{knobs}}}\ndraws: {{scenario.visits.0.tasks.0.twist: {{sometimes: T27}}}}\n"
    with pytest.raises(ProblemList) as found:
        small(tmp_path, text)
    assert told in found.value.problems[0].text
