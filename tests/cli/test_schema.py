"""The schemas that are kept are those that the code gives, they are valid, and every shipped file fits its own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from harness.cli.schema import schema_files
from harness.load import read_document
from harness.requirements.schema import HEADER
from harness.requirements.snippets import PATTERNS
from harness.trace import STANDARD

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "harness/schemas"
GENERATED = schema_files(str(ROOT / "requirements.yaml"))


@pytest.mark.parametrize("name", GENERATED)
def test_what_is_kept_is_what_the_code_gives(name: str) -> None:
    text = (KEPT / name).read_text(encoding="utf-8")
    assert text == GENERATED[name], "run `harness schema harness/schemas`"


def test_nothing_else_is_kept() -> None:
    assert {path.name for path in KEPT.iterdir()} == set(GENERATED)


def files() -> Iterator[Any]:
    for path in sorted([ROOT / "requirements.yaml", *(ROOT / "scenarios").rglob("*.yaml")]):
        value = read_document(path).value
        kind = value.get("kind", "requirements")
        if f"{kind}.json" in GENERATED:
            yield pytest.param(kind, value, id=str(path.relative_to(ROOT)))


@pytest.mark.parametrize(("kind", "value"), list(files()))
def test_every_shipped_file_fits(kind: str, value: Any) -> None:
    schema = json.loads(GENERATED[f"{kind}.json"])
    jsonschema.Draft202012Validator.check_schema(schema)
    problems = [
        f"{list(e.path)}: {e.message[:200]}" for e in jsonschema.Draft202012Validator(schema).iter_errors(value)
    ]
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize(
    "rule",
    [
        {"never": "data.accessed", "wher": "x"},
        {"never": 5},
        {"never": "data.accessed", "severity": "hihg"},
        {"every": "a.b", "needs_earlier": "c.d", "within": 5},
        {"never": "data.accessed", "for_each": {"x": []}},
    ],
)
def test_a_mistake_that_an_editor_can_see(rule: dict[str, Any]) -> None:
    schema = json.loads(GENERATED["requirements.json"])
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"requirements": [{"id": "R", **rule}]}, schema)


def test_every_key_and_every_kind_says_what_it_is() -> None:
    schema = json.loads(GENERATED["requirements.json"])
    for name in ("Rule", "Requirement", "Waiver", "File"):
        properties = schema["$defs"].get(name, schema)["properties"]
        assert all(part.get("description") for key, part in properties.items() if key not in ("requirements",)), name
    described = {
        kind["const"]: kind["description"] for kind in schema["$defs"]["EventKind"]["anyOf"] if "const" in kind
    }
    assert set(described) == set(STANDARD.kinds)
    assert all(described.values())


def test_snippets_hold_the_patterns_and_the_six() -> None:
    snippets = json.loads(GENERATED["snippets.json"])
    assert len(snippets) == len(PATTERNS) + 6
    assert snippets["model: R4"]["body"][0] == "- id: R4"


@pytest.mark.parametrize(
    "path", [ROOT / "requirements.yaml", *(ROOT / "scenarios/standards").glob("*.yaml")], ids=lambda p: p.name
)
def test_the_header_leads_from_the_file_to_its_schema(path: Path) -> None:
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert first.startswith(HEADER)
    assert (path.parent / first.removeprefix(HEADER)).resolve() == KEPT / "requirements.json"


def test_the_command_writes_them(harness: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ran = harness("schema", "made")
    assert ran.code == 0
    assert {path.name for path in Path("made").iterdir()} == set(GENERATED)
    assert f"{HEADER}made/requirements.json" in ran.out
