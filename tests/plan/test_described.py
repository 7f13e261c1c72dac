"""Every key of every kind of file says what it is for, so that an editor can show it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


def _undescribed(schema: Any, definitions: dict[str, Any], place: str = "") -> Iterator[str]:
    if isinstance(schema, dict):
        properties = schema.get("properties", {})
        for key, one in properties.items():
            meant = definitions.get(str(one.get("$ref", "")).removeprefix("#/definitions/"), {})
            if isinstance(one, dict) and "description" not in one and "description" not in meant:
                yield f"{place}.{key}"
        for key, one in schema.items():
            yield from _undescribed(one, definitions, f"{place}/{key}")
    elif isinstance(schema, list):
        for one in schema:
            yield from _undescribed(one, definitions, place)


@pytest.mark.parametrize("kind", ["requirements", "system", "scenario", "sweep"])
def test_every_key_is_described(kind: str) -> None:
    schema = json.loads(Path(f"harness/schemas/{kind}.json").read_text())
    assert list(_undescribed(schema, schema["definitions"])) == []


def test_a_key_without_a_description_would_be_found() -> None:
    definitions = {"A": {"properties": {"x": {"type": "string"}, "y": {"$ref": "#/definitions/B"}}}, "B": {}}
    found = list(_undescribed({"definitions": definitions}, definitions))
    assert found == ["/definitions/A.x", "/definitions/A.y"]
