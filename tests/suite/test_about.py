"""What a result rests on: every setting with its owner in production, and nothing confirmed that nobody confirmed."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.load import ProblemList
from harness.report.result import Assumption
from harness.suite.about import applicable, assumptions, design_fingerprint, population
from harness.suite.project import Design, load_project
from tests.small_project import SYSTEM, Project

SAID = """\
controls: {K07: on}
assumptions:
  home.leeway: {owner: platform, confirmed: 2026-10-01}
  K07: {owner: identity, confirmed: "no"}
  what happens when the server is down: {value: every API refuses, owner: platform, confirmed: "yes"}
"""


def design(folder: Path, *more: str) -> Design:
    Project(folder)
    (folder / "system.yaml").write_text(SYSTEM + "".join(more))
    return load_project(str(folder / "requirements.yaml")).designs[0]


def by_name(found: tuple[Assumption, ...]) -> dict[str, Assumption]:
    return {one.what: one for one in found}


def test_nothing_is_confirmed_unless_the_file_says_so(tmp_path: Path) -> None:
    found = assumptions(design(tmp_path))
    assert found
    assert {one.confirmed for one in found} == {one.owner for one in found} == {""}


def test_owner_and_confirmation_come_from_the_system_file(tmp_path: Path) -> None:
    found = by_name(assumptions(design(tmp_path, SAID)))
    assert (found["home: clocks may differ by"].owner, found["home: clocks may differ by"].confirmed) == (
        "platform",
        "2026-10-01",
    )
    assert found["short-lived access tokens (K07)"].confirmed == "no"
    own = found["what happens when the server is down"]
    assert (own.value, own.confirmed) == ("every API refuses", "yes")


def test_confirming_something_does_not_change_what_was_judged(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    left, right = design(tmp_path / "a", "controls: {K07: on}\n"), design(tmp_path / "b", SAID)
    assert design_fingerprint(left) == design_fingerprint(right)


def test_what_is_confirmed_must_exist_or_say_what_it_is(tmp_path: Path) -> None:
    with pytest.raises(ProblemList) as found:
        design(tmp_path, "assumptions: {home.leway: {owner: platform}}\n")
    assert "unknown assumption `home.leway`" in str(found.value)
    assert "home.leeway" in str(found.value)


def test_a_population_needs_its_source(tmp_path: Path) -> None:
    assert population(design(tmp_path)) is None


def test_misbehaviours_that_lack_something_do_not_apply(tmp_path: Path) -> None:
    found = applicable(design(tmp_path))
    assert "T01" in found
    assert "T35" not in found
