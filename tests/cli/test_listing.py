"""`harness list`: every catalogue has ids and names, and everyday words find what is about them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.cli.listing import CATALOGUES, SHOWN
from tests.cli.conftest import Ran
from tests.small_project import Project


@pytest.fixture(autouse=True)
def _in_a_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Project(tmp_path).scenario("I01", "system: ../system.yaml\n")


def rows(harness: Callable[..., Ran], *arguments: str) -> list[dict[str, Any]]:
    ran = harness("list", *arguments, "--json", "-")
    assert ran.code == 0
    found: list[dict[str, Any]] = json.loads(ran.out)
    return found


@pytest.mark.parametrize("what", CATALOGUES)
def test_every_row_has_an_id_a_name_and_the_columns_shown(what: str, harness: Callable[..., Ran]) -> None:
    found = rows(harness, what)
    assert found
    assert all(row["id"] and row["name"] and set(SHOWN[what]) <= row.keys() for row in found)
    assert len({row["id"] for row in found}) == len(found)


@pytest.mark.parametrize(
    ("what", "word", "first"),
    [
        ("events", "payout", "operation.completed"),
        ("events", "logged", "user.logged_out"),
        ("controls", "consent", "K10"),
        ("controls", "sessions", "K08"),
        ("misbehaviours", "CWE-639", "T01"),
        ("requirements", "compliance", "R4"),
        ("scenarios", "S18", "S18"),
    ],
)
def test_an_everyday_word_finds_what_is_about_it(what: str, word: str, first: str, harness: Callable[..., Ran]) -> None:
    assert rows(harness, what, "--about", word)[0]["id"] == first


def test_a_word_about_nothing_says_so(harness: Callable[..., Ran]) -> None:
    ran = harness("list", "controls", "--about", "bananas")
    assert (ran.code, ran.out) == (0, "nothing in the controls is about `bananas`\n")


def test_scenarios_with_a_system_of_their_own_are_listed_too(harness: Callable[..., Ran]) -> None:
    assert {row["id"]: row["system"] for row in rows(harness, "scenarios")} == {
        "I01": "../system.yaml",
        "S01": None,
        "S18": None,
    }


def test_a_pipe_gets_a_line_for_each(harness: Callable[..., Ran]) -> None:
    ran = harness("list", "controls")
    assert len(ran.out.splitlines()) == 1 + len(rows(harness, "controls"))


def test_events_show_type_and_mark_of_each_field(harness: Callable[..., Ran]) -> None:
    fields = next(row for row in rows(harness, "events") if row["id"] == "data.accessed")["fields"]
    assert fields["owner"]["mark"] == "fact, optional"
    assert fields["acr"]["mark"].startswith("claimed")
