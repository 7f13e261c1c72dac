"""`harness report DIR`: one page and its charts from what is stored, and one clear sentence where that does not do."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from harness.report.result import Exposed, RunResult, to_json
from tests.cli.conftest import Ran
from tests.report.conftest import one_of_each, requirement, result_of

OPEN = Exposed(of="departure", allowed_s=300, open_s=223, runs=3, scenario="S03", bound_s=245, bound="idle time 2m")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    held, *others = one_of_each()
    held = msgspec.structs.replace(held, exposure=(OPEN,))
    store(tmp_path, "result.json", result_of(held, *others))
    return tmp_path


def store(folder: Path, name: str, result: RunResult) -> None:
    (folder / name).write_text(to_json(result), encoding="utf-8")


def html(folder: Path) -> str:
    return (folder / "page.html").read_text(encoding="utf-8")


def renamed(result: RunResult, system: str) -> RunResult:
    one = msgspec.structs.replace(result.systems[0], system=system, name=system)
    return msgspec.structs.replace(result, systems=(one,))


def test_page_and_charts_are_made_and_named(folder: Path, harness: Callable[..., Ran]) -> None:
    ran = harness("report", str(folder))
    assert ran.code == 0
    made = [Path(line) for line in ran.out.splitlines()]
    assert [one.name for one in made] == ["page.html", "verdicts.svg", "exposure.svg"]
    assert all(one.stat().st_size for one in made)
    assert "for up to 3 m 43 s" in html(folder)


def test_the_same_folder_gives_the_same_bytes(folder: Path, harness: Callable[..., Ran]) -> None:
    def made() -> dict[str, bytes]:
        harness("report", str(folder))
        return {one.name: one.read_bytes() for one in folder.rglob("*") if one.suffix in (".svg", ".html")}

    assert made() == made()


def test_a_sweep_becomes_a_table_of_rates_by_its_knobs_and_a_map(folder: Path, harness: Callable[..., Ran]) -> None:
    root = Path(__file__).parents[2]
    attack = root / "scenarios" / "attacks" / "s13_the_token_for_the_mcp_server_at_an_api.yaml"
    text = (
        f"kind: sweep\nrequirements: {root / 'requirements.yaml'}\nscenarios: [{attack}]\nonly: [R3]\nruns: 4\n"
        "knobs: {controls.K01: [on, off], controls.K07.lifetime: [1m, 2m, 5m]}\n"
    )
    (folder / "four.sweep.yaml").write_text(text)
    assert harness("sweep", str(folder / "four.sweep.yaml"), "--out", str(folder / "four")).code == 0
    ran = harness("report", str(folder))
    assert ran.code == 0, ran.err
    table = (folder / "charts" / "four.csv").read_text().splitlines()
    assert table[0].startswith("system,scenario,controls.K01,controls.K07.lifetime_s,requirement,runs,failed")
    assert len(table) == 1 + 6
    assert "S13,off,60.0,R3,4,0," in table[1]
    assert "<svg" in (folder / "charts" / "four_insurance_S13_R3.svg").read_text()
    alone = harness("report", str(folder / "four"))
    assert alone.code == 0, "a sweep alone gives its charts"
    assert [Path(line).name for line in alone.out.splitlines()] == ["four.csv", "four_insurance_S13_R3.svg"]


def test_a_matrix_and_a_search_add_to_the_strength_of_a_verdict(folder: Path, harness: Callable[..., Ran]) -> None:
    matrix = {
        "schema": "harness/ablate/1",
        "system": "systems/login_only.yaml",
        "without": [],
        "guarded_by": {"R1": ["K09"]},
    }
    search = {
        "schema": "harness/search/1",
        "requirement": "R1",
        "attack": None,
        "depth": 5,
        "complete": True,
        "states": 12,
    }
    (folder / "matrix.json").write_text(json.dumps(matrix))
    (folder / "search.json").write_text(json.dumps([search]))
    harness("report", str(folder))
    assert "Rests on session-termination propagation (K09): without it the requirement breaks" in html(folder)
    assert "found no attack within 5 events of a small world (12 states)" in html(folder)


def test_several_designs_stand_on_one_page(folder: Path, harness: Callable[..., Ran]) -> None:
    store(folder, "other.json", renamed(result_of(requirement("R1", "violated")), "other.yaml"))
    harness("report", str(folder))
    assert html(folder).count('<h2 id="system') == 2


def test_since_compares_with_an_earlier_result_even_in_the_same_folder(
    folder: Path, harness: Callable[..., Ran]
) -> None:
    store(folder, "before.json", result_of(requirement("R1", "violated")))
    assert harness("report", str(folder), "--since", str(folder / "before.json")).code == 0
    assert "R1: was broken in the simulation, is kept in every attempt we made" in html(folder)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("result.json", "{", "is not readable as JSON"),
        ("result.json", '{"schema": "harness/run/1"}', "is no result; it is written by `harness run --json FILE`"),
        ("s.json", '{"schema": "harness/search/1"}', "is no search result"),
        ("result.json", "{}", "there is no result in"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(
    name: str, text: str, said: str, folder: Path, harness: Callable[..., Ran]
) -> None:
    (folder / name).write_text(text)
    ran = harness("report", str(folder))
    assert ran.code == 2
    assert said in ran.err
    assert "Traceback" not in ran.err


def test_results_about_different_requirements_are_not_put_on_one_page(
    folder: Path, harness: Callable[..., Ran]
) -> None:
    other = renamed(result_of(requirement("R1", "held")), "other.yaml")
    store(folder, "zother.json", msgspec.structs.replace(other, fingerprint="abc"))
    assert "have different requirements" in harness("report", str(folder)).err


def test_the_same_design_twice_is_refused(folder: Path, harness: Callable[..., Ran]) -> None:
    store(folder, "again.json", result_of(requirement("R1", "held")))
    assert "name the earlier one with `--since`" in harness("report", str(folder)).err
