"""The section on misbehaviours in scenarios/README.md: its examples load, run and come out as they say; its table is whole."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.plan import Controls, Scenario, System, load_scenario, load_system, misbehaviour_catalogue, unfit
from harness.suite.expectations import check_expectations, not_met
from harness.trace import Trace
from harness.world import simulate

README = Path("scenarios/README.md").read_text(encoding="utf-8")
SECTION = README[README.index("\n## Misbehaviours\n") :]
SCENARIOS = re.findall(r"```yaml\n(kind: scenario\n.*?)```", SECTION, re.DOTALL)
SYSTEM = re.findall(r"```yaml\n(kind: system\n.*?)```", SECTION, re.DOTALL)[0]


def written(text: str, folder: Path, name: str) -> Path:
    path = folder / name
    path.write_text(text.replace("systems/insurance.yaml", str(Path("scenarios/systems/insurance.yaml").resolve())))
    return path


@pytest.fixture
def example(tmp_path: Path) -> System:
    return load_system(written(SYSTEM, tmp_path, "system.yaml")).model


def scenario(number: int, folder: Path) -> Scenario:
    return load_scenario(written(SCENARIOS[number], folder, f"x{number}.yaml")).model


def run(system: System, one: Scenario) -> Trace:
    assert unfit(one, system) is None
    return simulate(system, Controls.of(system), one)


def ids_in(text: str) -> set[str]:
    """Ids that a cell names: `T12 to T17, T49`."""
    found = set()
    for first, last in re.findall(r"T(\d\d)(?: to T(\d\d))?", text):
        found |= {f"T{number:02}" for number in range(int(first), int(last or first) + 1)}
    return found


def test_the_table_names_every_misbehaviour_once() -> None:
    rows = [line.split("|")[2] for line in SECTION.splitlines() if line.startswith("| ") and "T" in line.split("|")[2]]
    named = [one for row in rows for one in ids_in(row)]
    assert sorted(named) == sorted(misbehaviour_catalogue())


def test_what_an_llm_can_be_talked_into_is_stopped_by_what_it_says(tmp_path: Path) -> None:
    assert not_met(check_expectations("requirements.yaml", scenarios=[scenario(0, tmp_path)])) == {}


@pytest.mark.parametrize("number", [0, 1])
def test_every_twist_of_an_example_makes_an_attempt(number: int, tmp_path: Path, example: System) -> None:
    system = example if number else load_system("scenarios/systems/insurance.yaml").model
    one = scenario(number, tmp_path)
    trace = run(system, one)
    assert {event.cause.twist for event in trace.events if event.attempt and event.cause} >= set(one.twists())


def test_on_the_example_system_each_setting_does_its_part(tmp_path: Path, example: System) -> None:
    trace = run(example, scenario(1, tmp_path))
    stopped = {
        (event.cause.twist, control)
        for event in trace.events
        if event.attempt and event.cause
        for control in event.attempt.stopped_by
    }
    assert {("T11", "K02"), ("T11", "K04"), ("T35", "K13"), ("T54", "K10"), ("T56", "K20")} <= stopped
    shop = [event for event in trace.events if event.who.agent == "third_party_agent" and event.kind == "data.accessed"]
    assert shop
    assert all(event.attempt is None for event in shop)
