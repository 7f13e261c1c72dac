"""What a requirement rests on: the controls of the expected matrix, found by taking each away."""

from pathlib import Path

from harness.plan.starter import EXAMPLE, starter_project
from harness.suite import run_suite
from harness.suite.guards import guards


def test_it_finds_the_controls_that_hold_a_requirement_and_no_others(tmp_path: Path) -> None:
    for name, text in starter_project(EXAMPLE).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    path = str(tmp_path / "requirements.yaml")
    verdicts = {one.requirement: one for one in run_suite(path).systems[0].verdicts}
    found = {
        name: guards(
            path, name, scenarios=[s.scenario for s in verdict.scenarios], stopped_by=[*verdict.stopped_by, "base"]
        )
        for name, verdict in verdicts.items()
    }
    assert "K04" in found["R4"]
    assert "K20" in found["R4"]
    assert set(found["R5"]) >= {"K03", "K13", "K14"}
    assert set(found["R1"]) == {"K07", "K08", "K09"}
    assert "base" not in {control for one in found.values() for control in one}
