"""`harness search` tells attacks and bounds, and its exit code says which of the two it was."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.cli.search import SearchOptions, run_search
from harness.plan import load_scenario


def options(**more: object) -> SearchOptions:
    return SearchOptions(**{"requirement": "R4", "requirements": "requirements.yaml", "depth": 1, **more})  # type: ignore[arg-type]  # keyword by keyword


def test_an_attack_is_told_drawn_and_saved(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target, diagram = tmp_path / "found.json", tmp_path / "attack.svg"
    code = run_search(options(without=("K04",), json=str(target), diagram=str(diagram), save=str(tmp_path / "found")))
    assert code == 1
    assert "stopped by adding K04" in capsys.readouterr().out
    document = json.loads(target.read_text())
    assert document["schema"] == "harness/search/1"
    assert document["stopped_by_adding"] == [["K04"]]
    assert diagram.read_text().startswith("<svg")
    path = next((tmp_path / "found").iterdir())
    schema = path.read_text().splitlines()[0].removeprefix("# yaml-language-server: $schema=")
    assert (path.parent / schema).resolve() == Path("harness/schemas/scenario.json").resolve()
    saved = load_scenario(path).model
    assert len(saved.script) == len(document["attack"])


def test_where_none_is_found_the_bound_is_stated(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_search(options(depth=3)) == 0  # a right to see another's records ends, and that changes nothing
    assert "no attack in this small world, however many events" in capsys.readouterr().out


def test_a_search_that_is_cut_short_draws(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a system that permits nearly everything a state has more steps than there is time for; drawing finds one."""
    monkeypatch.setattr("harness.cli.search.SHARE", 0.1)
    permissive = {"requirement": "R1", "system": "scenarios/systems/login_only.yaml", "seconds": 10}
    assert run_search(options(**permissive)) == 1
    said = capsys.readouterr().out
    assert "runs drawn there" in said
    assert "so there may be a shorter one" in said
    assert run_search(options(**permissive | {"draw": 0, "seconds": 0.5})) == 3
    assert "runs drawn" not in capsys.readouterr().out
