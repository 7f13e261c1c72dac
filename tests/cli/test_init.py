"""`harness init` from the command line: what it writes, what it refuses to write over, and that the project runs."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from harness.cli.init import run_init
from harness.cli.output import Mistake
from harness.load import read_document
from harness.requirements.schema import HEADER
from harness.suite import run_suite


def test_it_writes_a_project_and_says_what_comes_next(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_init(str(tmp_path / "new")) == 0
    said = capsys.readouterr().out
    assert "next: cd " in said
    made = {path.name for path in (tmp_path / "new").iterdir()}
    assert made == {"requirements.yaml", "README.md", "scenarios", "schemas", ".vscode"}


def test_each_file_names_its_schema_from_its_own_folder(tmp_path: Path) -> None:
    run_init(str(tmp_path))
    files = list(tmp_path.rglob("*.yaml"))
    for path in files:
        first = path.read_text(encoding="utf-8").splitlines()[0]
        schema = (path.parent / first.removeprefix(HEADER)).resolve()
        assert schema.parent == tmp_path / "schemas"
        Draft7Validator(json.loads(schema.read_text(encoding="utf-8"))).validate(read_document(path).value)
    assert len(files) > 10
    assert json.loads((tmp_path / ".vscode/harness.code-snippets").read_text(encoding="utf-8"))


def test_it_writes_over_nothing_unless_told_to(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine")
    with pytest.raises(Mistake, match="is there already"):
        run_init(str(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["README.md"]
    assert run_init(str(tmp_path), force=True) == 0


def test_two_descriptions_are_one_too_many(tmp_path: Path) -> None:
    with pytest.raises(Mistake, match="not both"):
        run_init(str(tmp_path), openapi="a.json", mcp_tools=["b.json"])


def test_what_a_description_does_not_say_is_noted_where_it_is_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hints = {"readOnlyHint": True, "openWorldHint": True}
    tools = [{"name": "web_search", "annotations": hints}, {"name": "add_note"}, {"name": "delete_note"}]
    source = tmp_path / "tools.json"
    source.write_text(json.dumps({"tools": tools}), encoding="utf-8")
    assert run_init(str(tmp_path / "new"), mcp_tools=[str(source)]) == 0
    said = capsys.readouterr().out
    assert "note: not said to be read-only" in said
    assert "not said to be read-only" in (tmp_path / "new/README.md").read_text(encoding="utf-8")
    system = (tmp_path / "new/scenarios/systems/mcp.yaml").read_text(encoding="utf-8")
    assert "trusted: the server says that it reaches into an open world" in system
    assert "category: web, trusted: false}" in system
    result = run_suite(str(tmp_path / "new/requirements.yaml"))
    assert {one.verdict for one in result.systems[0].verdicts} <= {"held", "not_challenged"}
    assert not result.systems[0].failures
