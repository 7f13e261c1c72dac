"""The examples of scenarios/README.md load and run, and the one with expectations gives the verdicts it states."""

import re
from pathlib import Path

import pytest

from harness.load import read_document
from harness.plan import Controls, Setting, load_scenario, load_system
from harness.plan.controls import control_catalogue
from harness.plan.system import System
from harness.suite.cases import check_cases
from harness.world import simulate

README = Path("scenarios/README.md")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", README.read_text(), re.DOTALL)
SCENARIOS = [text for text in EXAMPLES if text.startswith("kind: scenario")]
INSURANCE = "scenarios/systems/insurance.yaml"


def test_the_readme_shows_six_scenarios_a_system_and_the_settings_of_controls() -> None:
    assert len(SCENARIOS) == 6
    assert len(EXAMPLES) == 8


@pytest.mark.parametrize("text", SCENARIOS[:3], ids=["twist", "actions", "misfortunes"])
def test_an_example_runs_to_its_end(text: str, tmp_path: Path) -> None:
    path = tmp_path / "example.yaml"
    path.write_text(text)
    system = load_system(INSURANCE).model
    trace = simulate(system, Controls.of(system), load_scenario(path).model)
    kinds = {event.kind for event in trace.events}
    assert {"task.started", "request.allowed", "user.left"} <= kinds


def test_the_example_with_designs_gives_the_verdicts_it_states(tmp_path: Path) -> None:
    text = SCENARIOS[3].replace("systems/insurance.yaml", str(Path(INSURANCE).resolve()))
    text = text.replace("../requirements.yaml", str(Path("requirements.yaml").resolve()))
    path = tmp_path / "designs.yaml"
    path.write_text(text)
    assert [str(one) for one in check_cases(path) if not one.met] == []


def test_the_settings_shown_are_settings(tmp_path: Path) -> None:
    path = tmp_path / "controls.yaml"
    path.write_text(EXAMPLES[4])
    controls = read_document(path).value["controls"]
    assert set(controls) <= set(control_catalogue())
    base = read_document(INSURANCE).value
    found = System.model_validate({**base, "controls": controls}).controls
    assert all(isinstance(one, Setting) for one in found.values())
