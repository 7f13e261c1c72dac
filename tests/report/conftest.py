"""A result with one of each: held, violated, waived, not tested, and a run that failed."""

from __future__ import annotations

from typing import Any

import pytest

from harness.judge import Benign
from harness.report.result import (
    Failure,
    RequirementVerdict,
    RunResult,
    ScenarioVerdict,
    SystemResult,
    Waiver,
    Witness,
)

NAMES = {"K04": "object-level authorization", "K09": "session-termination propagation"}
WITNESS = Witness(
    events=({"kind": "data.accessed", "time": 12.4, "owner": "ben"},),
    story=("at 12.4 s: insurance_agent, working for ana, got at ben's policy record; entitled: ben",),
    replay="harness replay S18 --seed 7",
)


def scenario(verdict: str, name: str = "S18", **more: Any) -> ScenarioVerdict:
    return ScenarioVerdict(scenario=name, title="the LLM changes a record id", seed=7, verdict=verdict, **more)


def requirement(name: str, verdict: str, **more: Any) -> RequirementVerdict:
    given = {"text": f"The text of {name}.", "owner": "compliance", "severity": "critical", "line": 20}
    return RequirementVerdict(requirement=name, verdict=verdict, **(given | more))


def one_of_each() -> tuple[RequirementVerdict, ...]:
    broken = scenario("violated", violations=1, witness=WITNESS)
    waiver = Waiver(reason="replaced in spring", owner="ciso", expires="2026-12-31")
    return (
        requirement(
            "R1",
            "held",
            exercised=31,
            challenged=12,
            stopped_by={"K09": 4, "K04": 8},
            scenarios=(scenario("held", "S01", challenged=12),),
        ),
        requirement("R4", "violated", violations=3, scenarios=(broken,)),
        requirement("R5", "violated", violations=1, waived=True, waiver=waiver, scenarios=(broken,)),
        requirement("R6", "not_challenged", reason="no_attack", scenarios=(scenario("not_challenged"),)),
        requirement(
            "R7", "error", reason="a run failed", scenarios=(scenario("error", "S02", reason="KeyError: 'ana'"),)
        ),
    )


def result_of(*verdicts: RequirementVerdict, benign: Benign | None = None, **more: Any) -> RunResult:
    system = SystemResult(
        system="systems/login_only.yaml",
        name="login_only",
        verdicts=verdicts,
        benign=benign or Benign(tasks=14, completed=14),
        runs=36,
        **more,
    )
    return RunResult(
        requirements="requirements.yaml",
        seed=7,
        runs=1,
        today="2026-11-25",
        without=(),
        controls=NAMES,
        systems=(system,),
    )


@pytest.fixture
def sample() -> RunResult:
    return result_of(*one_of_each(), failures=(Failure(scenario="S02", seed=7, reason="KeyError: 'ana'"),))
