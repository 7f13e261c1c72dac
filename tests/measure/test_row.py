"""One run as one row: every column is there, means something, and says what the single measures say."""

from __future__ import annotations

from harness.judge import Broken, RunVerdict
from harness.judge.verdicts import RuleTally
from harness.measure.row import REACH_COLUMNS, RUN_COLUMNS, VERDICT_COLUMNS, per_pep, run_row, verdict_rows
from harness.trace import Event
from tests.measure.runs import admin, closed, opened, person, trace, who


def test_a_row_has_every_column_whether_reach_was_written_or_not() -> None:
    for reach in (True, False):
        row = run_row(trace(person("user.arrived", 0), end_s=1), reach=reach, peps=["policies"])
        assert row.keys() == {*RUN_COLUMNS, *REACH_COLUMNS, per_pep("policies")}
    assert all({**RUN_COLUMNS, **REACH_COLUMNS, **VERDICT_COLUMNS}.values())


def test_without_reach_its_columns_are_unknown_and_with_it_they_are_numbers() -> None:
    run = trace(
        opened(0, "a"), admin("agent.disabled", 1_000), closed(4_000, "a"), person("user.left", 2_000), end_s=10
    )
    off, on = run_row(run, reach=False, peps=["policies"]), run_row(run, reach=True, peps=["policies", "claims"])
    assert {off[name] for name in REACH_COLUMNS} == {None}
    assert (on["total_record_s"], on["after_denial_record_s"], on["after_departure_record_s"]) == (8, 6, 4)
    assert (on["time_to_deny_s"], on["time_to_deny_cut"], on["residual_s"]) == (3.0, 0, 2.0)
    assert (on["time_to_deny_s.policies"], on["time_to_deny_s.claims"], on["logout_s"]) == (3.0, None, None)
    assert (on["blast_records"], on["most_credentials"], on["credential_s"]) == (2, 1, 4.0)


def test_a_row_for_each_requirement_tells_what_was_touched_and_what_stopped_the_rest() -> None:
    run = trace(Event("data.accessed", 2_000, 7, who(), {"owner": "ben", "record": "r1"}))
    rule = RuleTally(1, 3, 1)
    verdicts = {
        "R4": RunVerdict("R4", (rule,), 1, (1, 2, 3), (Broken(0, 2_000, (7,)),), {"K04": 2, "K01": 1}),
        "R9": RunVerdict("R9", error="it broke"),
    }
    broken, failed = verdict_rows(run, verdicts)
    assert broken == {
        "requirement": "R4",
        "verdict": "violated",
        "exercised": 1,
        "challenged": 3,
        "violations": 1,
        "people": 1,
        "records": 1,
        "first_s": 2.0,
        "last_s": 2.0,
        "stopped_by": "K01:1 K04:2",
    }
    assert broken.keys() == VERDICT_COLUMNS.keys()
    assert failed["verdict"] == "error"
