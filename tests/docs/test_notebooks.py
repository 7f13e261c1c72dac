"""Every notebook runs from a clean start, opens with its claim, and is committed with its outputs, small."""

from __future__ import annotations

import json
import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from harness.suite import load_project

ROOT = Path(__file__).parent.parent.parent
FOLDER = ROOT / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
MOST_BYTES = 500_000
SECONDS = 300


NAMES = ["1_violations", "2_exposure", "3_tradeoffs", "4_incidents", "5_roadmap", "6_what_if", "first_look"]
ADDRESS = re.compile(r" at 0x[0-9a-f]{6,}")


def test_there_are_notebooks() -> None:
    assert [path.stem for path in NOTEBOOKS] == NAMES


def test_the_order_of_the_roadmap_names_each_control_of_the_insurer_once() -> None:
    order = json.loads((FOLDER / "data" / "roadmap.json").read_text(encoding="utf-8"))
    added = [control for step in order["additions"] for control in step]
    designs = load_project(ROOT / "requirements.yaml", systems=[ROOT / f"scenarios/systems/{order['to']}.yaml"]).designs
    assert sorted(added) == sorted(designs[0].controls.active())


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs_from_a_clean_start(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    client = NotebookClient(notebook, timeout=SECONDS, resources={"metadata": {"path": str(FOLDER)}})
    client.execute()
    drawn = [
        output for cell in notebook.cells for output in cell.get("outputs", []) if "image/png" in output.get("data", {})
    ]
    assert drawn


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_committed_with_small_outputs_and_no_path_of_a_machine(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text) < MOST_BYTES
    assert "/home/" not in text
    assert not ADDRESS.search(text), "an output shows an object by its address in memory"
    assert str(FOLDER.parent) not in text
    code = [cell for cell in nbformat.reads(text, as_version=4).cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert all(output.output_type != "error" for cell in code for output in cell.outputs)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_opens_with_its_claim_and_ends_with_what_would_change_it(path: Path) -> None:
    cells = nbformat.read(path, as_version=4).cells
    assert cells[0].cell_type == cells[-1].cell_type == "markdown"
    assert "**" in cells[0].source
    assert "would change" in cells[-1].source
