"""The table: right words, nothing untested green or ticked, unwrapped in a pipe, honest use always beneath."""

from __future__ import annotations

import io

import pytest

from harness.judge import Benign
from harness.report import terminal
from harness.report.result import RunResult
from harness.report.terminal import print_result, print_rows
from tests.report.conftest import requirement, result_of, scenario


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def piped(result: RunResult) -> str:
    out = io.StringIO()
    print_result(result, out)
    return out.getvalue()


def row(text: str, requirement_id: str) -> str:
    return next(line for line in text.splitlines() if f" {requirement_id} " in f" {line} " and line[0] != " ")


def test_each_verdict_is_said_in_stakeholders_words(sample: RunResult) -> None:
    text = piped(sample)
    assert "kept in every attempt we made" in row(text, "R1")
    assert "broken in the simulation (3 times)" in row(text, "R4")
    assert "broken, accepted until 2026-12-31 by ciso (1 time)" in row(text, "R5")
    assert "not tested: no verdict (no scenario attacked it)" in row(text, "R6")
    assert "the run failed: no verdict" in row(text, "R7")


def test_attacks_stopped_name_their_controls_busiest_first(sample: RunResult) -> None:
    expected = "8 object-level authorization; 4 session-termination propagation"
    assert expected in row(piped(sample), "R1")


def test_a_violation_is_told_with_the_command_that_replays_it(sample: RunResult) -> None:
    text = piped(sample)
    assert "R4 broken in S18 (the LLM changes a record id):" in text
    assert "  at 12.4 s: insurance_agent, working for ana, got at ben's policy record; entitled: ben" in text
    assert "  replay: harness replay S18 --seed 7" in text


def test_a_pipe_gets_one_line_for_each_requirement_and_no_colour(sample: RunResult) -> None:
    lines = piped(sample).splitlines()
    assert sum("The text of R" in line for line in lines) == 5
    assert not any("\x1b" in line or line != line.rstrip() for line in lines)


def test_untested_and_waived_are_never_green_on_a_terminal(sample: RunResult, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    out = Terminal()
    print_result(sample, out)
    lines = out.getvalue().splitlines()
    green = [line for line in lines if "\x1b[32m" in line]
    assert len(green) == 1
    assert "kept in every attempt" in green[0]


def test_no_color_is_respected(sample: RunResult, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    out = Terminal()
    print_result(sample, out)
    assert "\x1b[3" not in out.getvalue()


def test_a_system_that_refuses_everyone_does_not_look_safe() -> None:
    refused = requirement("R4", "not_challenged", reason="no_honest_use", challenged=9, scenarios=(scenario("held"),))
    text = piped(result_of(refused, benign=Benign(tasks=14, completed=0, refused_calls=40)))
    assert "honest tasks completed 0 of 14, 40 honest calls refused" in text
    assert "THIS DESIGN DOES NO HONEST WORK AT ALL" in text
    assert "kept" not in text


def test_one_refused_call_is_enough_for_a_warning() -> None:
    text = piped(result_of(requirement("R4", "held"), benign=Benign(tasks=2, completed=2, refused_calls=1)))
    assert "1 honest call refused" in text
    assert "refuses honest work" in text


def test_failed_runs_are_named(sample: RunResult) -> None:
    assert "1 run failed (S02): KeyError: 'ana'" in piped(sample)


def test_markup_in_a_text_is_text() -> None:
    assert "[bold]x[/bold]" in piped(result_of(requirement("R1", "held", text="[bold]x[/bold] :smile:")))


def test_plain_rows_stay_on_one_line_in_a_pipe() -> None:
    out = io.StringIO()
    print_rows(["id", "name"], [["K01", "word " * 60]], out)
    assert len(out.getvalue().splitlines()) == 2
    assert terminal.is_terminal(out) is False
