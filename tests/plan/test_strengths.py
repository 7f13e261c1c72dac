"""Strengths of controls: only those of the catalogue, each mistake at its place with what was probably meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.load import ProblemList
from harness.plan import load_system
from tests.small_project import SYSTEM


def mistakes(folder: Path, controls: str) -> list[str]:
    path = folder / "system.yaml"
    path.write_text(SYSTEM + f"controls: {controls}\n")
    try:
        load_system(path)
    except ProblemList as found:
        return [str(one).removeprefix(str(path)) for one in found.problems]
    return []


@pytest.mark.parametrize(
    ("controls", "mistake"),
    [
        ("{K02: {on: true, strength: keyed}}", None),
        ("{K17: {on: true, places: {records: cached}}}", None),
        ("{K02: {on: true, strength: keyd}}", ":10:38: unknown strength of K02 `keyd`; did you mean `keyed`?"),
        ("{K04: {on: true, strength: keyed}}", ":10:38: unknown strength of K04 `keyed`; known: `copy`, `fresh`"),
        ("{K17: {on: true, places: {records: cache}}}", "unknown strength of K17 `cache`; did you mean `cached`?"),
        ("{K17: {on: true, places: {record: cached}}}", "unknown place `record`; did you mean `records`?"),
    ],
)
def test_a_strength_is_one_of_the_catalogue(tmp_path: Path, controls: str, mistake: str | None) -> None:
    found = mistakes(tmp_path, controls)
    if mistake is None:
        assert found == []
    else:
        assert len(found) == 1
        assert found[0].endswith(mistake)
