"""SARIF: kinds, levels, places, suppressions and code flows as section 3.27 of the standard wants them."""

from __future__ import annotations

import json
from typing import Any

from harness.report.result import RunResult
from harness.report.sarif import sarif


def results(result: RunResult) -> dict[str, dict[str, Any]]:
    return {found["ruleId"]: found for found in json.loads(sarif(result))["runs"][0]["results"]}


def test_kind_and_level_say_the_verdict(sample: RunResult) -> None:
    said = {name: (found["kind"], found["level"]) for name, found in results(sample).items()}
    assert said == {
        "R1": ("pass", "none"),
        "R4": ("fail", "error"),
        "R5": ("fail", "error"),
        "R6": ("open", "none"),
        "R7": ("open", "none"),
    }


def test_a_violation_points_at_its_line_and_carries_its_story(sample: RunResult) -> None:
    found = results(sample)["R4"]
    place = found["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "requirements.yaml"}, "region": {"startLine": 20}}
    steps = found["codeFlows"][0]["threadFlows"][0]["locations"]
    assert steps[0]["location"]["message"]["text"].startswith("at 12.4 s")
    assert "harness replay S18 --seed 7" in found["message"]["text"]


def test_a_waiver_in_force_is_a_suppression(sample: RunResult) -> None:
    assert results(sample)["R5"]["suppressions"][0]["status"] == "accepted"
    assert "suppressions" not in results(sample)["R4"]


def test_each_result_names_the_rule_at_its_index(sample: RunResult) -> None:
    run = json.loads(sarif(sample))["runs"][0]
    rules = run["tool"]["driver"]["rules"]
    assert all(rules[found["ruleIndex"]]["id"] == found["ruleId"] for found in run["results"])


def test_a_failed_run_makes_the_invocation_unsuccessful(sample: RunResult) -> None:
    invocation = json.loads(sarif(sample))["runs"][0]["invocations"][0]
    assert invocation["executionSuccessful"] is False
    assert "KeyError" in invocation["toolExecutionNotifications"][0]["message"]["text"]
