"""The table that a stakeholder reads in ten seconds, for a terminal or, unwrapped and without colour, for a pipe.

Says only what the result holds. Honest use stands beneath every table, since a design that refuses everyone must not
look safe.
"""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Iterable, Mapping
from typing import IO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.report.result import RequirementVerdict, RunResult, SystemResult
from harness.report.words import (
    benign_text,
    benign_warning,
    count,
    failure_lines,
    look,
    not_applicable_lines,
    reason_text,
    stopped_text,
    verdict_text,
)

_LONGEST_TEXT = 72
_STORY_LINES = 4
_PIPE_WIDTH = 4_000
NOTE = "bright_black"


def is_terminal(file: IO[str]) -> bool:
    """Whether a person watches: colour and wrapping are for them alone."""
    return bool(getattr(file, "isatty", lambda: False)()) and os.environ.get("TERM") != "dumb"


def print_result(result: RunResult, file: IO[str]) -> None:
    """Writes the whole result: a table, the violations, and honest use for each system."""
    wide = not is_terminal(file)
    console = _console(wide)
    for number, system in enumerate(result.systems):
        if number:
            console.print()
        _print_system(console, system, result, wide=wide)
    _emit(console, file)


def print_rows(columns: Iterable[str], rows: Iterable[Iterable[str]], file: IO[str]) -> None:
    """Writes a plain table: one line a row in a pipe, wrapped to the window on a terminal."""
    console = _console(not is_terminal(file))
    table = _table(columns)
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console.print(table)
    _emit(console, file)


def _console(wide: bool) -> Console:
    """A console that writes to memory; `wide` for a pipe: no colour, no wrapping."""
    width = _PIPE_WIDTH if wide else shutil.get_terminal_size((100, 24)).columns
    colours = "NO_COLOR" not in os.environ and not wide
    return Console(
        file=io.StringIO(), width=width, force_terminal=not wide, no_color=not colours, highlight=False, emoji=False
    )


def _emit(console: Console, file: IO[str]) -> None:
    """Writes what a console has gathered, without the spaces that fill up its lines."""
    gathered = console.file
    assert isinstance(gathered, io.StringIO)
    lines = gathered.getvalue().splitlines()
    file.writelines(line.rstrip() + "\n" for line in lines)


def _table(columns: Iterable[str]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in columns:
        table.add_column(name, overflow="fold")
    return table


def _print_system(console: Console, system: SystemResult, result: RunResult, *, wide: bool) -> None:
    console.print(Text(_heading(system, result), style="bold"))
    table = _table(("", "", "requirement", "owner", "verdict", "attacks stopped", "honest cases", "stopped by"))
    for verdict in system.verdicts:
        table.add_row(*_cells(verdict, result.controls, wide=wide))
    console.print(table)
    for verdict in system.verdicts:
        for line in violation_lines(verdict):
            console.print(Text(line), soft_wrap=True)
    for line in failure_lines(system.failures):
        console.print(Text(line, style="magenta"), soft_wrap=True)
    for line in not_applicable_lines(system.not_applicable):
        console.print(Text(line, style=NOTE), soft_wrap=True)
    for verdict in system.verdicts:
        for note in verdict.notes:
            console.print(Text(f"note: {verdict.requirement}: {note}", style=NOTE), soft_wrap=True)
    _print_benign(console, system)
    if system.decisions:
        told = "; ".join(f"{name.replace('_', ' ')} {value}" for name, value in system.decisions.items())
        console.print(Text(f"where the specifications leave it open: {told}", style=NOTE), soft_wrap=True)


def _heading(system: SystemResult, result: RunResult) -> str:
    without = f", without {', '.join(result.without)}" if result.without else ""
    seeds = f"seed {result.seed}" if result.runs == 1 else f"seeds {result.seed} to {result.seed + result.runs - 1}"
    today = f", waivers as of {result.today}" if any(v.waiver for v in system.verdicts) else ""
    shown = f"{system.name} ({system.system}){without}"
    return f"{result.requirements} on {shown}: {count(system.runs, 'run')}, {seeds}{today}"


def _cells(verdict: RequirementVerdict, controls: Mapping[str, str], *, wide: bool) -> list[Text]:
    mark, colour = look(verdict)
    said = verdict_text(verdict)
    if verdict.verdict in ("not_challenged", "error") and verdict.reason:
        said += f" ({reason_text(verdict.reason)})"
    if verdict.violations:
        said += f" ({count(verdict.violations, 'time')})"
    return [
        Text(mark, style=colour),
        Text(verdict.requirement, style="bold"),
        Text(_clip(verdict.text)),
        Text(verdict.owner),
        Text(said, style=colour),
        Text(f"{verdict.challenged:,}", justify="right"),
        Text(f"{verdict.exercised:,}", justify="right"),
        Text(stopped_text(verdict.stopped_by, controls, most=3 if wide else 2)),
    ]


def _clip(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else text[: _LONGEST_TEXT - 1].rsplit(" ", 1)[0].rstrip(",;:") + " …"


def violation_lines(verdict: RequirementVerdict) -> list[str]:
    """What happened in the shortest violation, and the command that replays it; empty where there is none."""
    witness = verdict.witness
    if witness is None:
        return []
    where = next(one for one in verdict.scenarios if one.witness is witness)
    lines = ["", f"{verdict.requirement} broken in {where.scenario} ({where.title}):"]
    lines += [f"  {line}" for line in witness.story[-_STORY_LINES:]]
    return [*lines, f"  replay: {witness.replay}"]


def _print_benign(console: Console, system: SystemResult) -> None:
    warning = benign_warning(system.benign)
    dead = system.benign.completed == 0
    console.print()
    console.print(Text(benign_text(system.benign), style="bold red" if dead else ""))
    if warning:
        console.print(Text(warning, style="bold red" if dead else "yellow"))
