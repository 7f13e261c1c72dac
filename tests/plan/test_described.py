"""Every key of every kind of file says what it is for, so that an editor can show it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


def _undescribed(schema: Any, place: str = "") -> Iterator[str]:
    if isinstance(schema, dict):
        properties = schema.get("properties", {})
        yield from (
            f"{place}.{key}" for key, one in properties.items() if isinstance(one, dict) and "description" not in one
        )
        for key, one in schema.items():
            yield from _undescribed(one, f"{place}/{key}")
    elif isinstance(schema, list):
        for one in schema:
            yield from _undescribed(one, place)


@pytest.mark.parametrize("kind", ["requirements", "system", "scenario"])
def test_every_key_is_described(kind: str) -> None:
    schema = json.loads(Path(f"harness/schemas/{kind}.json").read_text())
    assert list(_undescribed(schema)) == []


def test_a_key_without_a_description_would_be_found() -> None:
    assert list(_undescribed({"$defs": {"A": {"properties": {"x": {"type": "string"}}}}})) == ["/$defs/A.x"]
