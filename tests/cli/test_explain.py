"""`harness explain`: sentence, stories, fields; and an unknown id is one line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
Run = Callable[..., Any]


@pytest.fixture(autouse=True)
def in_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def test_r4(harness: Run) -> None:
    ran = harness("explain", "R4", "--no-scenarios")
    lines = [line.strip() for line in ran.out.splitlines()]
    assert ran.code == 0
    assert lines[0].startswith("R4  Nobody gets at a record of someone else")
    assert "0s  data.accessed (user ben, owner ana, entitled [ana])" in lines
    assert "0s  data.accessed (user ben, owner ana, entitled [ben])" in lines
    assert "entitled: everyone whom the ledger entitles to it (fact, optional)" in lines


def test_as_json(harness: Run) -> None:
    found = json.loads(harness("explain", "R6", "--no-scenarios", "--json", "-").out)
    assert found["schema"] == "harness/explain/1"
    assert [rule["line"] for rule in found["rules"]] == sorted(rule["line"] for rule in found["rules"])
    forbidden = found["rules"][0]["forbidden"]
    assert [event["kind"] for event in forbidden] == ["agent.disabled", "request.allowed"]
    assert [event["time"] for event in forbidden] == [0, 60.001]
    assert found["rules"][0]["permitted"][-1]["time"] == 60


def test_an_unknown_id(harness: Run) -> None:
    ran = harness("explain", "R44", "--no-scenarios")
    assert (ran.code, ran.err) == (2, "harness: unknown requirement `R44`; did you mean `R4`?\n")
