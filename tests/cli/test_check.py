"""`harness check`: every mistake of every file in a line, its exit code, its JSON, and what a terminal shows beside."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.cli.check import print_problems
from harness.load import Problem
from tests.small_project import OWN_RECORDS, SYSTEM

ROOT = Path(__file__).parents[2]
Run = Callable[..., Any]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("system.yaml").write_text(SYSTEM)
    Path("requirements.yaml").write_text("system: system.yaml\nrequirements:\n" + OWN_RECORDS)
    return tmp_path


def test_the_shipped_files_have_no_mistake(harness: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    ran = harness("check")
    assert (ran.code, ran.err) == (0, "")
    assert all(": warning: " in line for line in ran.out.splitlines())


def test_no_mistake_no_word(harness: Run, folder: Path) -> None:
    assert harness("check") == (0, "", "")


def test_all_mistakes_of_all_files(harness: Run, folder: Path) -> None:
    Path("requirements.yaml").write_text(
        "system: system.yaml\nrequirements:\n  - id: R\n    never: data.acessed\n    owner: [x]\n  - id: S\n"
        "    never: request.allowed\n    where: endpoint is records.raed\n"
    )
    Path("system.yaml").write_text(SYSTEM.replace("action: read", "action: raed"))
    ran = harness("check", "requirements.yaml", "system.yaml", "nowhere.yaml", "system.yaml")
    assert ran.code == 2
    assert ran.out.splitlines() == [
        "nowhere.yaml:1:1: no such file",
        "requirements.yaml:4:12: unknown event `data.acessed`; did you mean `data.accessed`?",
        "requirements.yaml:5:12: expected text, not a list",
        "system.yaml:5:61: `raed` is not allowed here; did you mean `read`?",
    ]


def test_words_are_those_of_the_system(harness: Run, folder: Path) -> None:
    Path("requirements.yaml").write_text(
        "system: system.yaml\nrequirements:\n  - id: S\n    never: request.allowed\n    where: endpoint is records.raed\n"
    )
    ran = harness("check")
    assert ran.out == (
        "requirements.yaml:5:24: unknown word `records.raed` for `endpoint`; did you mean `records.read`?\n"
    )


def test_a_missing_system_is_told_where_it_is_named(harness: Run, folder: Path) -> None:
    Path("system.yaml").unlink()
    ran = harness("check")
    assert (ran.code, ran.out) == (2, "requirements.yaml:1:9: no such file `system.yaml`\n")


@pytest.mark.parametrize("command", ["check", "run", "search"])
def test_a_story_that_does_not_do_what_it_says(command: str, harness: Run, folder: Path) -> None:
    story = "    breaks: [{data.accessed: {user: ana, owner: ana, entitled: [ana]}}]\n"
    Path("requirements.yaml").write_text("system: system.yaml\nrequirements:\n" + OWN_RECORDS + story)
    ran = harness(command)
    assert (ran.code, ran.out + ran.err) == (2, "requirements.yaml:9:13: this story does not break `R4`\n")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "f.yaml:1:1: the file is empty; start from an example"),
        ("a: 1\n", "f.yaml:1:1: this file does not say what it is; start with `kind: system` or `kind: scenario`"),
        ("kind: sistem\n", "f.yaml:1:7: unknown kind `sistem`; did you mean `system`?"),
        ("knd: scenario\nid: X\nrequirements: r.yaml\n", "f.yaml:1:1: unknown key `knd`; did you mean `kind`?\n"),
        ("requirments:\n" + OWN_RECORDS, "f.yaml:1:1: unknown key `requirments`; did you mean `requirements`?\n"),
        (
            "kind: scenario\nid: X\ntitle: T\nsystem: system.yaml\nrequirements: r.yaml\nvisits: []\n",
            "f.yaml:5:15: there is no file `r.yaml`\n",
        ),
        ("- a\n", "f.yaml:1:1: expected a group of keys, not a list"),
    ],
)
def test_other_files(harness: Run, folder: Path, text: str, said: str) -> None:
    Path("f.yaml").write_text(text)
    ran = harness("check", "f.yaml")
    assert ran.code == 2
    assert ran.out.startswith(said)


@pytest.mark.parametrize("kind", ["knd: scenario", "kind: scenaro"])
def test_a_scenario_that_misspells_its_kind_is_not_passed_over(kind: str, harness: Run, folder: Path) -> None:
    Path("requirements.yaml").write_text("system: system.yaml\nrequirements:\n" + OWN_RECORDS)
    Path("scenarios").mkdir()
    Path("scenarios/x.yaml").write_text(f"{kind}\nid: X\ntitle: T\nvisits:\n  - {{user: A, tasks: [{{kind: read}}]}}\n")
    ran = harness("run")
    assert ran.code == 2
    assert ran.err.startswith("scenarios/x.yaml:1:"), ran.err
    assert "did you mean" in ran.err


def test_as_json(harness: Run, folder: Path) -> None:
    Path("requirements.yaml").write_text("requirements:\n  - id: R\n    nevr: data.accessed\n")
    ran = harness("check", "requirements.yaml", "--json", "-")
    assert json.loads(ran.out) == {
        "schema": "harness/check/1",
        "files": ["requirements.yaml"],
        "problems": [
            {"path": "requirements.yaml", "line": 3, "column": 5, "severity": "error", "message": "unknown key `nevr`",
             "suggestion": "did you mean `never`?"}
        ],
        "requirements": [],
    }  # fmt: skip
    assert ran.err.startswith("requirements.yaml:3:5: ")


def test_each_rule_is_read_back(harness: Run, folder: Path) -> None:
    found = json.loads(harness("check", "--json", "-").out)
    sentence = "`data.accessed` where the owner is known and the user is not among the entitled never happens."
    assert found["requirements"] == [
        {"path": "requirements.yaml", "requirement": "R4", "rules": [{"line": 7, "sentence": sentence}]}
    ]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_the_place_and_what_helps() -> None:
    problem = Problem(
        "f.yaml", 3, 5, "unknown field `ownr`", "did you mean `owner`?", excerpt="    ownr", notes=("owner: who",)
    )
    shown, piped = Terminal(), io.StringIO()
    print_problems([problem], shown)
    print_problems([problem], piped)
    line = "f.yaml:3:5: unknown field `ownr`; did you mean `owner`?\n"
    assert piped.getvalue() == line
    assert shown.getvalue() == line + "        ownr\n        ^\n      owner: who\n"
