"""`harness schema`: writes the JSON Schemas, the snippets and the reference of events that editors and people use."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any

from harness.cli.output import write

DEFAULT_FOLDER = "schemas"
SHORTHAND: Mapping[str, Mapping[str, Any]] = {
    "Setting": {"enum": ["on", "off", True, False], "description": "The control with its default settings, or none."},
    "Twist": {
        "type": "string",
        "pattern": "^([A-Z][0-9]+|[a-z_]+[.][a-z].*)$",
        "description": "The misbehaviour, by its id.",
    },
    "Evidence": {"type": "string", "description": "The kind of event, compared as the requirements ask."},
}
"""What a file may write instead of a group of keys, by the group's model."""


def run_schema(folder: str = DEFAULT_FOLDER, *, baseline: str = "requirements.yaml") -> int:
    """Writes all files into a folder and says how a YAML file names its schema; 0."""
    from harness.cli.output import Mistake
    from harness.requirements.schema import HEADER

    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise Mistake(f"`{folder}` cannot be made: {(error.strerror or str(error)).lower()}") from None
    for name, text in schema_files(baseline).items():
        write(os.path.join(folder, name), text)
        sys.stdout.write(f"{os.path.join(folder, name)}\n")
    sys.stdout.write(f"first line of a requirements file beside it: {HEADER}{folder}/requirements.json\n")
    return 0


def _with_shorthand(schema: Any) -> Any:
    """The schema with each reference to a group of keys that has a short form allowing that too."""
    if isinstance(schema, list):
        return [_with_shorthand(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    name = str(schema.get("$ref", "")).removeprefix("#/$defs/")
    if name in SHORTHAND:
        return {"anyOf": [{"$ref": schema["$ref"]}, dict(SHORTHAND[name])]}
    return {key: _with_shorthand(part) for key, part in schema.items()}


def _without_required(schema: Any) -> Any:
    """The schema of a file that may be based on another, and then says only what differs."""
    if isinstance(schema, list):
        return [_without_required(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    return {key: _without_required(part) for key, part in schema.items() if key != "required" or isinstance(part, dict)}


def schema_files(baseline: str) -> Mapping[str, str]:
    """Every generated file by name; snippets take their models from the requirements file at `baseline`, if it exists."""
    from harness.plan import Scenario, System
    from harness.report.result import run_schema
    from harness.requirements.schema import events_reference, model_schema, requirements_schema, schema_text
    from harness.requirements.snippets import snippets_text

    text = ""
    if os.path.isfile(baseline):
        with open(baseline, encoding="utf-8") as file:
            text = file.read()
    system = _without_required(_with_shorthand(model_schema(System, "system file")))
    return {
        "requirements.json": schema_text(requirements_schema()),
        "system.json": schema_text(system),
        "scenario.json": schema_text(_with_shorthand(model_schema(Scenario, "scenario file"))),
        "run.json": run_schema(),
        "snippets.json": snippets_text(text),
        "events.md": events_reference(),
    }
