"""A sweep at once gives the rows that the same sweep leaves in a folder."""

from __future__ import annotations

from pathlib import Path

import pandas

from harness.sweep import Store, in_process, load_sweep, read_frame, run_sweep
from harness.sweep.at_once import sweep_frame

SWEEP = """\
kind: sweep
requirements: {requirements}
scenarios: [S33]
only: [R6]
knobs:
  controls.K17: [on, off]
runs: 2
"""


def test_the_rows_are_those_of_a_folder(tmp_path: Path) -> None:
    path = tmp_path / "small.sweep.yaml"
    path.write_text(SWEEP.format(requirements=Path("requirements.yaml").absolute()), encoding="utf-8")
    sweep = load_sweep(path)
    store = Store(tmp_path / "out", sweep)
    store.prepare()
    run_sweep(sweep, store, in_process())
    frame, varied = sweep_frame(path)
    pandas.testing.assert_frame_equal(frame, read_frame(tmp_path / "out"))
    assert varied == sweep.varied
    assert set(frame.loc[frame["controls.K17"] == "off", "verdict"]) == {"violated"}
