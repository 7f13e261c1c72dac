"""The schemas that are kept are those that the code gives, they are valid, and every shipped file fits its own."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest

from harness.cli.check import Checked
from harness.cli.schema import EDITED, VSCODE_SNIPPETS, schema_files
from harness.load import read_document
from harness.requirements.dialect import ANNOTATIONS, DIALECT, keyword_names
from harness.requirements.schema import HEADER
from harness.requirements.snippets import PATTERNS, entries
from harness.trace import STANDARD

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "harness/schemas"
BASELINE = (ROOT / "requirements.yaml").read_text(encoding="utf-8")
GENERATED = schema_files(BASELINE)
SHIPPED = [ROOT / "requirements.yaml", *sorted((ROOT / "scenarios").rglob("*.yaml"))]
DRAFT_7 = {
    "$schema", "$ref", "definitions", "title", "description", "default", "examples", "type", "enum", "const", "format",
    "minLength", "maxLength", "pattern", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
    "items", "minItems", "maxItems", "uniqueItems", "properties", "patternProperties", "additionalProperties",
    "propertyNames", "required", "minProperties", "maxProperties", "dependencies", "allOf", "anyOf", "oneOf", "not", "if",
    "then", "else",
}  # fmt: skip
"""The keywords of draft 7 that all editors read."""


@pytest.mark.parametrize("name", GENERATED)
def test_what_is_kept_is_what_the_code_gives(name: str) -> None:
    text = (KEPT / name).read_text(encoding="utf-8")
    assert text == GENERATED[name], "run `harness schema harness/schemas`"


def test_nothing_else_is_kept() -> None:
    assert {path.name for path in KEPT.iterdir()} == set(GENERATED)


def files() -> Iterator[Any]:
    for path in SHIPPED:
        value = read_document(path).value
        yield pytest.param(value.get("kind", "requirements"), value, id=str(path.relative_to(ROOT)))


@pytest.mark.parametrize(("kind", "value"), list(files()))
def test_every_shipped_file_fits(kind: str, value: Any) -> None:
    schema = json.loads(GENERATED[f"{kind}.json"])
    problems = [f"{list(e.path)}: {e.message[:200]}" for e in jsonschema.Draft7Validator(schema).iter_errors(value)]
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("kind", EDITED)
def test_schemas_are_of_the_draft_that_all_editors_read(kind: str) -> None:
    schema = json.loads(GENERATED[f"{kind}.json"])
    jsonschema.Draft7Validator.check_schema(schema)
    assert schema["$schema"] == DIALECT
    used = set(keyword_names(schema))
    assert used <= DRAFT_7 | ANNOTATIONS
    assert '"type": "null"' not in GENERATED[f"{kind}.json"], "a key that is left out is not written as null"


@pytest.mark.parametrize("kind", EDITED)
def test_references_lead_somewhere_and_have_only_explanations_beside_them(kind: str) -> None:
    """What stands beside `$ref` counts for nothing in draft 7, so it may only explain."""
    schema = json.loads(GENERATED[f"{kind}.json"])
    for part in parts(schema):
        if "$ref" in part:
            assert part["$ref"].removeprefix("#/definitions/") in schema["definitions"]
            assert set(part) <= {"$ref", "description", "default"}, part


def parts(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    if isinstance(value, (dict, list)):
        for part in value.values() if isinstance(value, dict) else value:
            yield from parts(part)


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


def test_every_kind_of_event_says_what_it_is() -> None:
    known = json.loads(GENERATED["requirements.json"])["definitions"]["KnownEvent"]
    assert known["enum"] == list(STANDARD.kinds)
    assert known["enumDescriptions"] == [kind.about for kind in STANDARD.kinds.values()]
    assert list(known["x-intellij-enum-metadata"]) == known["enum"]


def test_snippets_hold_the_patterns_and_the_six() -> None:
    snippets = json.loads(GENERATED[VSCODE_SNIPPETS])
    assert len(snippets) == len(PATTERNS) + 6
    assert {one["scope"] for one in snippets.values()} == {"yaml"}
    assert snippets["model: R4"]["body"][0] == "- id: R4"
    templates = list(ElementTree.fromstring(GENERATED["harness.xml"]))
    assert [one.get("name") for one in templates] == [one["prefix"] for one in snippets.values()]


def test_what_snippets_insert_is_a_requirement_without_a_mistake(tmp_path: Path) -> None:
    """Each form, its places left as they are, is checked as an author's file would be."""
    (tmp_path / "scenarios").symlink_to(ROOT / "scenarios")
    lists = "lists:" + BASELINE.split("lists:")[1].split("requirements:\n")[0]
    bodies = {name: "\n".join(one["body"]) for name, one in json.loads(GENERATED[VSCODE_SNIPPETS]).items()}
    written = {name: as_left(body) for name, body in bodies.items()}
    for template, (name, text) in zip(ElementTree.fromstring(GENERATED["harness.xml"]), written.items(), strict=True):
        plain = template.get("value", "")
        for variable in template.iter("variable"):
            plain = plain.replace(f"${variable.get('name')}$", variable.get("defaultValue", "").strip('"'))
        plain = plain.replace("$$", "$")
        assert plain.replace("severity: high", "severity: low") == text.replace("severity: high", "severity: low"), name
    for name, text in written.items():
        path = tmp_path / "requirements.yaml"
        head = "system: scenarios/systems/insurance.yaml\n" + (lists if "$agent_endpoints" in text else "")
        body = "".join(f"  {line}\n" for line in text.splitlines())
        path.write_text(f"{head}requirements:\n{body}", encoding="utf-8")
        assert [str(one) for one in Checked().files([str(path)])] == [], name
    assert written["model: R3"] == "\n".join(entries(BASELINE)["R3"])


def as_left(body: str) -> str:
    """What a snippet leaves when its places are not filled in; the first of a choice."""
    plain = re.sub(r"\$\{\d+[:|]([^}|,]*)[^}]*\}", r"\1", re.sub(r"\$\{\d+:([^}]*)\}", r"\1", body))
    return plain.replace("\\$", "$").replace("\\}", "}")


def test_vs_code_finds_the_snippets_in_this_repository() -> None:
    kept = (ROOT / ".vscode" / VSCODE_SNIPPETS).read_text(encoding="utf-8")
    assert kept == GENERATED[VSCODE_SNIPPETS], f"run `cp harness/schemas/{VSCODE_SNIPPETS} .vscode/`"


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_first_line_leads_from_the_file_to_its_schema(path: Path) -> None:
    kind = read_document(path).value.get("kind", "requirements")
    schema = os.path.relpath(KEPT / f"{kind}.json", path.parent).replace(os.sep, "/")
    assert path.read_text(encoding="utf-8").splitlines()[0] == f"{HEADER}{schema}", "add this line to the file"


def test_the_command_writes_them(harness: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ran = harness("schema", "made")
    assert ran.code == 0
    assert {path.name for path in Path("made").iterdir()} == set(GENERATED)
    assert f"{HEADER}made/requirements.json" in ran.out
