"""The incidents: each design of each file gives the verdict it should, for the reason it should, whatever the seed."""

from pathlib import Path

import pytest

from harness.plan import load_scenario
from harness.suite.cases import check_cases

INCIDENTS = sorted(Path("scenarios/incidents").glob("i*.yaml"))


def test_there_are_twenty_incidents() -> None:
    assert len(INCIDENTS) == 20


@pytest.mark.parametrize("path", INCIDENTS, ids=lambda path: path.stem)
@pytest.mark.parametrize("seed", [0, 7])
def test_every_design_of_an_incident_gets_its_verdict_for_its_reason(path: Path, seed: int) -> None:
    unmet = [str(one) for one in check_cases(path, seed=seed) if not one.met]
    assert unmet == []


@pytest.mark.parametrize("path", INCIDENTS, ids=lambda path: path.stem)
def test_an_incident_has_a_design_that_breaks_decoys_and_one_that_holds(path: Path) -> None:
    scenario = load_scenario(path).model
    verdicts = {(one.design, one.verdict) for one in scenario.expect}
    assert {"none", "decoys"} <= set(scenario.designs)
    assert ("none", "violated") in verdicts
    assert any(
        verdict in ("held", "not_challenged") for design, verdict in verdicts if design not in ("none", "decoys")
    )
    assert scenario.source
