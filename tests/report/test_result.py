"""The result document: JSON and back without loss, shortest witness, sums of honest use."""

from __future__ import annotations

import json

import jsonschema
import msgspec
import pytest

from harness.report.result import RunResult, Witness, from_json, run_schema, to_json
from tests.report.conftest import WITNESS, requirement, scenario


def test_json_holds_the_contract(sample: RunResult) -> None:
    document = json.loads(to_json(sample))
    assert document["schema"] == "harness/run/1"
    assert document["seed"] == 7
    system = document["systems"][0]
    assert system["system"] == "systems/login_only.yaml"
    needed = {"requirement", "verdict", "reason", "exercised", "challenged", "violations", "stopped_by", "waived"}
    for verdict in system["verdicts"]:
        assert needed | {"scenarios"} <= verdict.keys()
        assert all({"scenario", "seed", "verdict", "witness"} <= one.keys() for one in verdict["scenarios"])
    assert system["benign"].keys() >= {"tasks", "completed", "refused_calls", "challenge_round_trips"}


def test_a_stored_result_reads_back_equal(sample: RunResult) -> None:
    assert from_json(to_json(sample)) == sample


def test_the_schema_describes_what_is_written(sample: RunResult) -> None:
    schema = json.loads(run_schema())
    jsonschema.Draft202012Validator.check_schema(schema)
    document = json.loads(to_json(sample))
    jsonschema.validate(document, schema)
    document["systems"][0]["verdicts"][0]["added_later"] = 1
    jsonschema.validate(document, schema)
    document["systems"][0]["verdicts"][0]["violations"] = "many"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, schema)


def test_what_is_not_a_result_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        from_json("{}")


def test_the_shortest_witness_is_shown() -> None:
    longer = Witness(events=({}, {}), story=("a", "b"), replay="c")
    runs = (scenario("violated", "S01", witness=longer), scenario("violated", "S02", witness=WITNESS))
    assert requirement("R4", "violated", scenarios=runs).witness is WITNESS


def test_of_two_as_short_the_one_that_was_written_for_it_is_shown() -> None:
    other = Witness(events=({},), story=("a",), replay="c")
    runs = (scenario("violated", "S01", witness=other), scenario("violated", "S02", witness=WITNESS, aimed=True))
    assert requirement("R4", "violated", scenarios=runs).witness is WITNESS
