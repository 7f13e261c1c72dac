"""A small sweep over the shipped design, written where a test says: few runs of a short scenario."""

from __future__ import annotations

from pathlib import Path

from harness.sweep import Sweep, load_sweep

ROOT = Path(__file__).parent.parent.parent
S13 = str(next((ROOT / "scenarios").rglob("s13_*.yaml")))
S02 = str(next((ROOT / "scenarios").rglob("s02_*.yaml")))
HEAD = f"""\
kind: sweep
requirements: {ROOT}/requirements.yaml
"""
SMALL = """\
scenarios: [S13]
only: [R3, R6]
knobs:
  controls.K01: [on, off]
  controls.K07.lifetime: [30s, 2m]
draws:
  scenario.visits.0.arrives: {uniform: [0s, 5s]}
runs: 3
batch: 2
"""


def write(folder: Path, text: str = SMALL) -> Path:
    """The file; scenarios are named by path, since finding one by its id reads all of them."""
    path = folder / "small.sweep.yaml"
    path.write_text(HEAD + text.replace("[S13]", f"[{S13}]").replace("[S02]", f"[{S02}]"))
    return path


def small(folder: Path, text: str = SMALL) -> Sweep:
    return load_sweep(write(folder, text))
