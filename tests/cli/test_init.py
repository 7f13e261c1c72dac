"""`harness init` from the command line: what it writes, what it refuses to write over, and that the project runs."""

from pathlib import Path

import pytest

from harness.cli.init import run_init
from harness.cli.output import Mistake


def test_it_writes_a_project_and_says_what_comes_next(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_init(str(tmp_path / "new")) == 0
    said = capsys.readouterr().out
    assert "next: cd " in said
    assert {"requirements.yaml", "README.md", "scenarios"} == {path.name for path in (tmp_path / "new").iterdir()}


def test_it_writes_over_nothing_unless_told_to(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine")
    with pytest.raises(Mistake, match="is there already"):
        run_init(str(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["README.md"]
    assert run_init(str(tmp_path), force=True) == 0


def test_two_descriptions_are_one_too_many(tmp_path: Path) -> None:
    with pytest.raises(Mistake, match="not both"):
        run_init(str(tmp_path), openapi="a.json", mcp_tools="b.json")
