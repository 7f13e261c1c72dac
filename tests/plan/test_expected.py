"""The prediction of what taking controls away does: derived from the scenarios' blockers, held against the rows as stated."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.plan import control_catalogue, load_scenarios
from harness.plan.expected import expected_catalogue, prediction_for

ROOT = Path(__file__).parent.parent.parent
REFERENCE = tuple(f"K{number:02}" for number in range(1, 21))
REFERENCE_SCENARIOS = {f"S{number:02}" for number in range(1, 37)}
STATED = {  # control: (scenarios that then succeed, requirements that then break), written down independently
    "K01": ("S13 S14", "R3"),
    "K02": ("S10 S11 S12", "R3"),
    "K03": ("S10 S23", "R3 R5"),
    "K04": ("S18 S19", "R4"),
    "K05": ("S20 S21 S22", "R4"),
    "K06": ("S15 S16 S36", "R3 R4 R6"),
    "K07": ("S02 S03", "R1"),
    "K08": ("S02 S03 S04 S05", "R1"),
    "K09": ("S01", "R1"),
    "K10": ("S06 S07 S08", "R2"),
    "K11": ("S06 S07 S08 S09", "R2"),
    "K12": ("S24", "R5"),
    "K13": ("S25 S26 S27", "R5"),
    "K14": ("S28 S29", "R1 R5"),
    "K15": ("S30", "R5"),
    "K16": ("S32", "R6"),
    "K17": ("S08 S33 S34", "R2 R6"),
    "K18": ("S34", "R6"),
    "K19": ("S35", "R6"),
    "K20": ("S17", "R4"),
}


@pytest.mark.parametrize("control", REFERENCE)
def test_the_row_of_a_control_follows_from_what_blocks_each_scenario(control: str) -> None:
    prediction = prediction_for("insurance", REFERENCE)
    assert prediction is not None
    broken = prediction.broken([control])
    scenarios, requirements = STATED[control]
    reference = {name for names in broken.values() for name in names if name in REFERENCE_SCENARIOS}
    assert sorted(reference) == scenarios.split()
    assert sorted(broken) == requirements.split(), "further scenarios break what these do and nothing else"


def test_with_all_controls_on_every_scenario_is_blocked() -> None:
    prediction = prediction_for("insurance", REFERENCE)
    assert prediction is not None
    assert prediction.broken([]) == {}


def test_only_one_pair_is_redundant() -> None:
    prediction = prediction_for("insurance", REFERENCE)
    assert prediction is not None
    alone = {control: set(prediction.broken([control]).get("R5", ())) for control in REFERENCE}
    together = {
        (a, b): set(prediction.broken([a, b]).get("R5", ())) - alone[a] - alone[b]
        for a in REFERENCE
        for b in REFERENCE
        if a < b
    }
    assert {pair: found for pair, found in together.items() if found} == {("K12", "K13"): {"S23", "M36c"}}


@pytest.mark.parametrize(
    ("name", "controls"), [("another", REFERENCE), ("insurance", REFERENCE[1:]), ("insurance", (*REFERENCE, "K21"))]
)
def test_nothing_is_predicted_for_another_design(name: str, controls: tuple[str, ...]) -> None:
    assert prediction_for(name, controls) is None


def test_everything_that_the_predictions_name_exists() -> None:
    known = set(control_catalogue())
    scenarios = {one.id for one in load_scenarios(ROOT / "scenarios")}
    catalogue = expected_catalogue()
    assert known.issuperset(name for pair in catalogue.pairs for name in pair.controls)
    for one in catalogue.predictions:
        blockers = {name for s in one.scenarios.values() for group in s.blocked_by for name in group}
        assert known.issuperset({*one.controls, *blockers})
        assert scenarios.issuperset({*one.scenarios, *(e.scenario for e in one.explained)})
