"""What the documents promise is run: the README's results, its YAML, its commands; the table of packages."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from harness.report.terminal import violation_lines
from harness.report.words import VERDICTS
from harness.suite import run_suite
from tests.cli.conftest import Ran, harness
from tests.small_project import Project
from tests.test_tidy import MAY_IMPORT

__all__ = ["harness"]
ROOT = Path(__file__).parent.parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
INSIDE = (ROOT / "harness" / "README.md").read_text(encoding="utf-8")


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def table(text: str, after: str) -> dict[str, list[str]]:
    """The rows of the first table after some words, by their first cell."""
    lines = text[text.index(after) :].splitlines()
    rows = [[cell.strip() for cell in line.strip("| ").split("|")] for line in lines if line.startswith("|")]
    return {row[0]: row[1:] for row in rows[2:]}


@pytest.fixture(autouse=True)
def _at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


@pytest.mark.parametrize(("column", "system"), [(0, "insurance"), (1, "login_only")])
def test_the_table_of_results_is_what_comes_out(column: int, system: str) -> None:
    told = {name.split()[0]: cells[column] for name, cells in table(README, "| requirement |").items()}
    result = run_suite("requirements.yaml", systems=[f"scenarios/systems/{system}.yaml"])
    assert told == {one.requirement: VERDICTS[one.verdict] for one in result.systems[0].verdicts}


def test_the_attack_is_told_as_it_is() -> None:
    (told,) = blocks(README, "text")
    verdicts = run_suite("requirements.yaml", without=["K04"]).systems[0].verdicts
    (broken,) = [one for one in verdicts if one.verdict == "violated"]
    shown = msgspec.structs.replace(broken, scenarios=[one for one in broken.scenarios if one.scenario == "S18"])
    assert told.splitlines() == violation_lines(shown)[1:]


def test_the_example_of_a_requirement_loads(tmp_path: Path, harness: Callable[..., Ran]) -> None:
    (example,) = blocks(README, "yaml")
    project = Project(tmp_path, example, scenarios=())
    assert harness("check", project.file).code == 0


def test_every_command_that_is_shown_exists(harness: Callable[..., Ran]) -> None:
    shown = re.findall(r"harness ((?:run|check|explain|list|replay|judge|schema)\b[^`\n]*)", README)
    assert len(shown) >= 8
    for command in shown:
        name, *options = shlex.split(command.split("&&")[0])
        told = harness(name, "--help").out
        assert all(one in told for one in options if one.startswith("--")), command


def test_a_fresh_machine_needs_one_line_for_each_of_two_jobs() -> None:
    first, second = blocks(README, "sh")[0].splitlines()
    assert first.endswith(".venv/bin/harness run")
    assert second.endswith(".venv/bin/pytest")
    assert "[dev]" in second
    assert README.index(first) < 2_000


def test_continuous_integration_runs_the_second_of_them() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "pip\" install -q -e '.[dev]'" in script
    assert '/bin/pytest"\n' in script


def test_the_table_of_packages_is_the_one_that_is_enforced() -> None:
    everything = {
        "suite": {"all but search, sweep, cli"},
        "sweep": {"all but search"},
        "cli": {"all"},
        "pytest_plugin": {"all"},
    }
    for names, cells in table(INSIDE, "| package |").items():
        for name in re.findall(r"`(\w+)`", names):
            told = set(cells[1].split(", ")) - {"\u2013"}
            assert told == MAY_IMPORT[name] or cells[1] in everything.get(name, set()), name


def test_links_lead_somewhere() -> None:
    for folder, text in ((ROOT, README), (ROOT / "harness", INSIDE)):
        for target in re.findall(r"\]\(([^)#:]+)\)", text):
            assert (folder / target).exists(), target
