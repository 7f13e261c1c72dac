"""The examples of scenarios/README.md load and run, and the one with expectations gives the verdicts it states."""

import re
from pathlib import Path
from typing import get_args

import pytest

from harness.load import read_document
from harness.plan import Controls, Scenario, Setting, load_scenario, load_system, unfit
from harness.plan.caches import KeyPart
from harness.plan.controls import control_catalogue
from harness.plan.misfortunes import ORDINARY
from harness.plan.scenario import DEEDS
from harness.plan.system import System
from harness.suite import run_single
from harness.suite.cases import check_cases
from harness.suite.expectations import check_expectations, not_met
from harness.world import simulate

README = Path("scenarios/README.md")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", README.read_text(), re.DOTALL)
SCENARIOS = [text for text in EXAMPLES if text.startswith("kind: scenario")]
INSURANCE = "scenarios/systems/insurance.yaml"


def test_the_readme_shows_eight_scenarios_four_systems_and_the_settings_of_controls() -> None:
    assert len(SCENARIOS) == 8
    assert len(EXAMPLES) == 13


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


def test_every_action_that_the_example_shows_is_done(tmp_path: Path) -> None:
    path = tmp_path / "actions.yaml"
    path.write_text(SCENARIOS[1])
    system, scenario = load_system(INSURANCE).model, load_scenario(path).model
    done = {name for action in scenario.actions for name in DEEDS if getattr(action, name) is not None}
    assert done == set(DEEDS) - {"take_step"}, "a step takes a requirements file, and is shown in X08"
    assert unfit(scenario, system) is None
    events = simulate(system, Controls.of(system), scenario).events
    made = {(event.kind, event.time_ms // 1000) for event in events}
    assert made >= {
        ("consent.withdrawn", 10), ("agent.disabled", 40), ("agent.enabled", 60), ("task.halted", 70),
        ("token.revoked", 80), ("user.disabled", 90), ("tool.changed", 100), ("tool.changed", 105), ("tool.approved", 110),
        ("session.ended", 150), ("user.enabled", 160), ("consent.granted", 170), ("agent.disabled", 190),
    }  # fmt: skip


def test_every_misfortune_that_the_example_shows_befalls_somebody(tmp_path: Path) -> None:
    path = tmp_path / "misfortunes.yaml"
    path.write_text(SCENARIOS[2])
    system, scenario = load_system(INSURANCE).model, load_scenario(path).model
    assert {fault.message for fault in scenario.faults} >= ORDINARY - {"token_answer"}
    found = simulate(system, Controls.of(system), scenario)
    for number in range(len(scenario.faults)):
        rest = [one for order, one in enumerate(scenario.faults) if order != number]
        if scenario.faults[number].share == 1:
            without = simulate(system, Controls.of(system), scenario.model_copy(update={"faults": rest}))
            assert without.events != found.events, scenario.faults[number]
    plain = simulate(system, Controls.of(system), scenario.model_copy(update={"faults": []}))
    assert "messages_delayed" not in plain.counters
    assert found.counters["messages_delayed"] > 5


def test_the_example_of_caches_gives_the_verdicts_it_states(tmp_path: Path) -> None:
    text = next(one for one in EXAMPLES if "example_of_caches" in one)
    (tmp_path / "system.yaml").write_text(text.replace("systems/insurance.yaml", str(Path(INSURANCE).resolve())))
    (tmp_path / "story.yaml").write_text(SCENARIOS[4])
    scenario = load_scenario(tmp_path / "story.yaml").model
    checked = check_expectations("requirements.yaml", systems=[tmp_path / "system.yaml"], scenarios=[scenario])
    assert not_met(checked) == {}
    assert all(one.applies for one in checked)
    system = load_system(tmp_path / "system.yaml").model
    assert unfit(scenario, system) is None
    twists = {event.cause.twist for event in simulate(system, Controls.of(system), scenario).events if event.cause}
    assert twists >= {"fault:response_cache", "fault:shared_index", "fault:provider_fallback"}


def test_the_example_of_procedures_is_stopped_where_one_approves_alone(tmp_path: Path) -> None:
    text = next(one for one in EXAMPLES if "example_of_procedures" in one)
    (tmp_path / "system.yaml").write_text(text.replace("systems/insurance.yaml", str(Path(INSURANCE).resolve())))
    (tmp_path / "story.yaml").write_text(SCENARIOS[7])
    shown = run_single(
        str(tmp_path / "story.yaml"), requirements_path="scenarios/further/operators.yaml", system=str(tmp_path / "system.yaml")
    )
    (stopped,) = [event for event in shown.trace.events if event.kind == "agent.enabled"]
    assert stopped.attempt is not None
    assert stopped.attempt.stopped_by == ("K32",)
    assert [event.who.actor for event in shown.trace.events if event.kind == "config.changed"] == ["admin"]
    assert shown.verdicts["four-eyes"].stopped_by == {"K32": 1}


def test_every_part_of_a_key_and_everything_that_a_cache_forgets_is_named() -> None:
    text = README.read_text()
    section = text[text.index("### Caches") : text.index("\n## Misbehaviours")]
    for word in (*get_args(KeyPart), "write"):
        assert f"`{word}`" in section


def test_a_system_that_is_written_from_nothing_does_all_of_its_honest_work(tmp_path: Path) -> None:
    path = tmp_path / "clinic.yaml"
    path.write_text(next(one for one in EXAMPLES if "name: clinic" in one))
    system = load_system(path).model
    tasks = [{"kind": kind, "at": f"{2 + 30 * number}s"} for number, kind in enumerate(system.tasks)]
    visits = [
        {"user": "A", "tasks": tasks},
        {"user": "eve", "tasks": [{"kind": "notes", "about": "A"}]},
        {"user": "carer", "tasks": [{"kind": "notes", "about": "B"}]},
    ]
    agreed = [{"at": "1s", "give_consent": "B", "purpose": "care"}]
    story = {"kind": "scenario", "id": "X99", "title": "a day", "visits": visits, "actions": agreed}
    trace = simulate(system, Controls.of(system), Scenario.model_validate(story))
    assert trace.counters["benign"]["completed"] == trace.counters["benign"]["tasks"] == len(tasks) + 2
    assert trace.counters["benign"]["refused_calls"] == 0
    assert {event.who.tenant for event in trace.events if event.who.user == "mia"} == {"north"}
