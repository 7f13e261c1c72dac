"""Starter projects: they load, they run, the six requirements are those that ship, and guesses stand beside their reasons."""

import json
from pathlib import Path
from typing import Any

import pytest

from harness.cli.check import Checked
from harness.plan.describe import Description, read_mcp_tools, read_openapi
from harness.plan.starter import EXAMPLE, starter_project
from harness.requirements import read_requirements
from harness.suite import run_suite

SIX = ("R1", "R2", "R3", "R4", "R5", "R6")


def _write(description: Description, folder: Path) -> Path:
    for name, text in starter_project(description).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder / "requirements.yaml"


def _large(operations: int) -> dict[str, Any]:
    """A description the size of real ones: many operations, odd names, hardly any operation ids."""
    paths: dict[str, Any] = {}
    for number in range(operations // 4):
        kind = f"thing-{number % 90}"
        paths[f"/v1/{kind}/{{user_id}}/items_{number}"] = {
            "get": {"tags": [f"Über {kind}!"], "parameters": [{"name": "user_id", "in": "path"}]},
            "post": {"tags": [f"Über {kind}!"], "security": [{"o": [f"https://api.example/auth/{kind}:write"]}]},
            "put": {"operationId": f"2-replace/{kind}"},
            "delete": {"operationId": "same"},
        }
    schemes = {"o": {"type": "openIdConnect"}}
    return {"openapi": "3.0.1", "info": {"title": "!"}, "paths": paths, "components": {"securitySchemes": schemes}}


def test_the_starter_without_a_description_keeps_all_six(tmp_path: Path) -> None:
    result = run_suite(str(_write(EXAMPLE, tmp_path)))
    verdicts = {one.requirement: one.verdict for one in result.systems[0].verdicts}
    assert verdicts == dict.fromkeys(SIX, "held")
    benign = result.systems[0].benign
    assert benign.completed == benign.tasks > 0
    assert benign.refused_calls == 0


def test_the_six_are_those_that_ship(tmp_path: Path) -> None:
    shipped = read_requirements("requirements.yaml").document.value["requirements"]
    started = read_requirements(_write(EXAMPLE, tmp_path)).document.value["requirements"]
    assert started == shipped


@pytest.mark.parametrize("operations", [8, 2_000])
def test_a_description_of_any_size_loads_and_runs(tmp_path: Path, operations: int) -> None:
    source = tmp_path / "api.json"
    source.write_text(json.dumps(_large(operations)))
    description = read_openapi(source)
    assert len(description.endpoints) == operations
    path = _write(description, tmp_path / "project")
    files = [str(one) for one in (tmp_path / "project").rglob("*.yaml")]
    assert [str(one) for one in Checked().files(files) if one.severity == "error"] == []
    result = run_suite(str(path))
    assert not result.systems[0].failures
    verdicts = {one.requirement: one.verdict for one in result.systems[0].verdicts}
    assert {verdicts[one] for one in ("R1", "R2", "R4", "R6")} == {"held"}


def test_tools_of_an_mcp_server_make_a_project_that_runs(tmp_path: Path) -> None:
    tools = [{"name": name} for name in ("list_orders", "change_address", "refund_order", "admin_export")]
    source = tmp_path / "tools.json"
    source.write_text(json.dumps({"tools": tools}))
    result = run_suite(str(_write(read_mcp_tools(source), tmp_path / "project")))
    assert not result.systems[0].failures
    assert {one.verdict for one in result.systems[0].verdicts} == {"held"}


def test_each_guess_stands_beside_its_reason() -> None:
    text = next(text for name, text in starter_project(EXAMPLE).items() if name.startswith("scenarios/systems/"))
    lines = text.splitlines()
    at = next(number for number, line in enumerate(lines) if "refund_order:" in line and "privilege: high" in line)
    assert "Guesses: privilege: money moves" in lines[at - 1]
