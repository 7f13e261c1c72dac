"""The scenarios of the further misbehaviours: what they expect happens, under several seeds, and honest work goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.plan import Controls, Scenario, load_scenario, load_scenarios
from harness.suite.expectations import check_expectations, not_met
from harness.trace import Trace
from harness.world import simulate
from tests.world.worlds import system

FILES = sorted(Path("scenarios/attacks").glob("m*.yaml"))
FEWEST = 29
VARIANTS = (
    "insurance_team",
    "insurance_low_value",
    "insurance_documents",
    "insurance_older_mcp",
    "insurance_loose_clocks",
    "insurance_dpop",
    "insurance_search",
)
"""The systems that were added for a misbehaviour's sake: each must do all honest work of the reference system."""


def chosen() -> list[Scenario]:
    return [load_scenario(path).model for path in FILES]


def test_none_went_missing() -> None:
    assert len(FILES) >= FEWEST


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("requirements", ["requirements.yaml", "scenarios/further/requirements.yaml"])
def test_what_they_expect_happens(requirements: str, seed: int) -> None:
    checked = check_expectations(requirements, scenarios=chosen(), seed=seed)
    assert any(one.applies for one in checked)
    assert not_met(checked) == {}


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_small_amounts_add_up_where_there_are_any(seed: int) -> None:
    low_value = "scenarios/systems/insurance_low_value.yaml"
    one = load_scenario("scenarios/attacks/m35_many_small_payouts.yaml").model
    checked = check_expectations("scenarios/further/requirements.yaml", systems=[low_value], scenarios=[one], seed=seed)
    assert [found.applies for found in checked] == [True, True]
    assert not_met(checked) == {}


def test_where_there_are_none_nothing_is_claimed_of_it() -> None:
    one = load_scenario("scenarios/attacks/m35_many_small_payouts.yaml").model
    checked = check_expectations("scenarios/further/requirements.yaml", scenarios=[one])
    assert [found.applies for found in checked] == [False, False]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem.split("_")[0])
def test_each_expects_an_attack_that_is_stopped_or_gets_through(path: Path) -> None:
    expect = load_scenario(path).model.expect
    assert expect
    assert all(one.stopped_by for one in expect if one.verdict == "held")


def honest_runs(name: str) -> list[Trace]:
    design = system(name)
    honest = [one for one in load_scenarios("scenarios/honest") if one.id in ("H01", "H02", "H04")]
    return [simulate(design, Controls.of(design), one) for one in honest]


@pytest.mark.parametrize("name", VARIANTS)
def test_honest_work_is_done_on_the_systems_that_they_need(name: str) -> None:
    for trace in honest_runs(name):
        counted = trace.counters["benign"]
        assert counted["tasks"] == counted["completed"] > 0, trace.header["scenario"]
        assert counted["refused_calls"] == 0
