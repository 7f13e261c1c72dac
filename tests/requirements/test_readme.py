"""What the language's page shows is true: its files load, its conditions are read, its boundaries are tested elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.judge import wrong_stories
from harness.requirements import Words, compile_requirements, read_requirements
from harness.requirements.grammar import parse
from harness.requirements.rules import PATTERN_KEYS
from harness.trace import read_trace

HERE = Path(__file__).parents[2] / "harness"
PAGE = (HERE / "requirements/README.md").read_text(encoding="utf-8")
TRACE_PAGE = (HERE / "trace/README.md").read_text(encoding="utf-8")
WORDS = Words({"endpoint": frozenset({"mcp.list_policies", "policies.read"}), "agent": frozenset({"insurance_agent"})})


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)


@pytest.mark.parametrize("text", blocks(PAGE, "yaml"))
def test_its_files_load(text: str) -> None:
    found = compile_requirements(read_requirements("page.yaml", text), WORDS)
    assert all(not wrong_stories(one, found.vocabulary) for one in found)


@pytest.mark.parametrize("line", blocks(PAGE, "text")[0].splitlines())
def test_its_conditions_are_read(line: str) -> None:
    assert parse(line.split("  #")[0])


def test_it_names_every_key() -> None:
    assert {key for keys in PATTERN_KEYS.values() for key in keys if f"`{key}" not in PAGE} == set()


def test_its_trace_is_read() -> None:
    trace = read_trace(blocks(TRACE_PAGE, "text")[0].splitlines())
    assert [event.attempt is None for event in trace.events] == [True, False]
