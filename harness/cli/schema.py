"""`harness schema`: writes the JSON Schemas, the snippets and the reference of events that editors and people use."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any

from harness.cli.output import write

DEFAULT_FOLDER = "schemas"
VSCODE_SNIPPETS = "harness.code-snippets"
EDITED = ("requirements", "system", "scenario", "sweep")
"""The kinds of files that people write, each with a schema of this name."""
KIND = "^[a-z_]+[.][a-z_]+$"
STEP = "^[a-z_]+[.][a-z].*$"
"""The shapes of kinds of events, and of what can go wrong with a step."""


def run_schema(folder: str = DEFAULT_FOLDER, *, baseline: str = "requirements.yaml") -> int:
    """Writes all files into a folder and says how a YAML file names its schema; 0."""
    from harness.cli.output import Mistake
    from harness.requirements.schema import HEADER

    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise Mistake(f"`{folder}` cannot be made: {(error.strerror or str(error)).lower()}") from None
    for name, text in schema_files(_text_of(baseline)).items():
        write(os.path.join(folder, name), text)
        sys.stdout.write(f"{os.path.join(folder, name)}\n")
    sys.stdout.write(f"first line of a requirements file beside it: {HEADER}{folder}/requirements.json\n")
    sys.stdout.write(f"snippets: copy {VSCODE_SNIPPETS} into .vscode/, harness.xml into IntelliJ's templates/\n")
    return 0


def _text_of(path: str) -> str:
    """The text of the file that snippets take their models from; empty where there is none."""
    if not os.path.isfile(path):
        return ""
    with open(path, encoding="utf-8") as file:
        return file.read()


def _with_short_form(schema: Any, model: str, words: Mapping[str, str], *, own: str | None = None) -> Any:
    """The schema with a word instead of a group of keys allowed wherever it refers to the group's model.

    By a condition and not by `anyOf`, so that a mistake in the one form is not told as one in the other; the words are
    offered by the snippets beside it, since editors do not look into conditions for what to offer. `own` is the shape of
    words that a project may have of its own.
    """
    from harness.requirements.dialect import snippet, words_schema

    if isinstance(schema, list):
        return [_with_short_form(part, model, words, own=own) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("$ref") == f"#/definitions/{model}":
        rest = {key: part for key, part in schema.items() if key != "$ref"}
        word: Any = words_schema(words) if words else False
        word = {"if": {"pattern": own}, "then": {"type": "string"}, "else": word} if own else word
        short = {"if": {"type": "object"}, "then": {"$ref": schema["$ref"]}, "else": word}
        return {**short, "defaultSnippets": [snippet(word, meaning, word) for word, meaning in words.items()], **rest}
    return {key: _with_short_form(part, model, words, own=own) for key, part in schema.items()}


def _without_required(schema: Any) -> Any:
    """The schema of a file that may be based on another, and then says only what differs."""
    if isinstance(schema, list):
        return [_without_required(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    return {key: _without_required(part) for key, part in schema.items() if key != "required" or isinstance(part, dict)}


def _system_schema() -> dict[str, Any]:
    """A system file's schema, the controls of the catalogue named and described."""
    from harness.plan import System, control_catalogue
    from harness.requirements.schema import model_schema

    words = {"on": "The control with its default settings.", "off": "The design has no such control."}
    model = _with_short_form(model_schema(System, "system file"), "Setting", words)
    schema: dict[str, Any] = _without_required(_with_short_form(model, "Evidence", {}, own=KIND))
    controls = schema["properties"]["controls"]
    setting = next(iter(controls["patternProperties"].values()))
    setting["else"] = {"enum": ["on", "off", True, False]}
    controls["properties"] = {
        one.id: {**setting, "description": f"{one.name}: {one.text}"} for one in control_catalogue().values()
    }
    return schema


def _scenario_schema() -> dict[str, Any]:
    """A scenario file's schema, the misbehaviours of the catalogue named and described."""
    from harness.plan import Scenario, misbehaviour_catalogue
    from harness.requirements.dialect import words_schema
    from harness.requirements.schema import model_schema

    words = {one.id: f"{one.name}: {one.text}" for one in misbehaviour_catalogue().values()}
    schema: dict[str, Any] = _with_short_form(model_schema(Scenario, "scenario file"), "Twist", words, own=STEP)
    schema["definitions"]["Twist"]["properties"]["id"] = {
        "if": {"pattern": STEP}, "then": {"type": "string"}, "else": words_schema(words), "description": "What it does.",
    }  # fmt: skip
    return schema


def editor_schemas() -> Mapping[str, str]:
    """The schema of each kind of file that people write, by the name of its file."""
    from harness.requirements.schema import model_schema, requirements_schema, schema_text
    from harness.sweep.model import SweepFile

    return {
        "requirements.json": schema_text(requirements_schema()),
        "system.json": schema_text(_system_schema()),
        "scenario.json": schema_text(_scenario_schema()),
        "sweep.json": schema_text(model_schema(SweepFile, "sweep file")),
    }


def for_editors(files: Mapping[str, str], *, folder: str = DEFAULT_FOLDER) -> dict[str, str]:
    """A new project's files, each naming its schema in its first line, with the schemas and snippets beside them."""
    from harness.requirements.schema import HEADER
    from harness.requirements.snippets import vscode_snippets

    found = {}
    for name, text in files.items():
        if name.endswith(".yaml"):
            schema = os.path.relpath(f"{folder}/{_kind(text)}.json", os.path.dirname(name) or ".").replace(os.sep, "/")
            text = f"{HEADER}{schema}\n{text}"
        found[name] = text
    found |= {f"{folder}/{name}": text for name, text in editor_schemas().items()}
    return found | {f".vscode/{VSCODE_SNIPPETS}": vscode_snippets(files["requirements.yaml"])}


def schema_line(requirements: str, written: str, kind: str) -> str:
    """The first line of a file that is written into a project: its schema, where the requirements file names its own."""
    from harness.requirements.schema import HEADER

    first = _text_of(requirements).lstrip("\ufeff").partition("\n")[0].strip()
    if not first.startswith(HEADER) or ":" in first.removeprefix(HEADER):
        return ""
    beside = os.path.join(os.path.dirname(requirements), os.path.dirname(first.removeprefix(HEADER)))
    schema = os.path.relpath(os.path.join(beside, f"{kind}.json"), os.path.dirname(written) or ".")
    return f"{HEADER}{schema.replace(os.sep, '/')}\n"


def _kind(text: str) -> str:
    """What a file says that it is in its first line; a requirements file says nothing."""
    first = text.split("\n", 1)[0]
    return first.removeprefix("kind: ") if first.startswith("kind: ") else "requirements"


def schema_files(baseline: str) -> Mapping[str, str]:
    """Every generated file by name; snippets take their models from a requirements file, whose text `baseline` is."""
    from harness.report.result import run_schema
    from harness.requirements.schema import events_reference
    from harness.requirements.snippets import live_templates, vscode_snippets

    return {
        **editor_schemas(),
        "run.json": run_schema(),
        VSCODE_SNIPPETS: vscode_snippets(baseline),
        "harness.xml": live_templates(baseline),
        "events.md": events_reference(),
    }
