"""`harness judge TRACE…`: the requirements against traces from elsewhere, in the documented JSONL format.

The traces are runs of one system; a mistake in one is a line with its line number. Nothing is simulated.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, TYPE_CHECKING, Any

from harness.cli.clock import day
from harness.cli.output import json_text, table_stream, write

if TYPE_CHECKING:
    from harness.judge import RunVerdict, Verdict
    from harness.load import Problem
    from harness.requirements import RequirementSet
    from harness.trace import Trace

SCHEMA = "harness/judge/1"
LONGEST_LINE = 1_000_000


def run_judge(
    traces: Sequence[str],
    *,
    requirements: str = "requirements.yaml",
    json: str | None = None,
    today: str | None = None,
    allow_unchallenged: bool = False,
) -> int:
    """Judges traces; 0 all held, 1 something violated, 2 wrong input, 3 something not challenged."""
    from harness.judge import Judge, combine

    compiled = _requirements(requirements)
    runs = {path: read_one(path, compiled) for path in traces}
    judge = Judge(compiled, compiled.vocabulary)
    judged = {path: judge.judge(trace) for path, trace in runs.items()}
    date = day(today)
    verdicts = [
        combine([found[one.id] for found in judged.values()], waiver=one.waiver, today=date) for one in compiled
    ]
    write(json, json_text(_report(requirements, verdicts, judged, runs)))
    _print(verdicts, compiled, judged, runs, table_stream(json))
    return _exit_code(verdicts, allow_unchallenged=allow_unchallenged)


def _requirements(path: str) -> RequirementSet:
    """The requirements, with the words of their system where it can be read."""
    from harness.plan import load_system, words
    from harness.requirements import Words, compile_requirements, read_requirements

    source = read_requirements(path)
    if source.system is None:
        return compile_requirements(source, Words())
    file = os.path.join(os.path.dirname(path), source.system)
    return compile_requirements(source, words(load_system(file).model))


def read_one(path: str, compiled: RequirementSet) -> Trace:
    """A trace, in which every field that the rules read and the vocabulary promises is there; raises ProblemList."""
    from harness.load import Problem, ProblemList
    from harness.trace import TraceError, read_trace

    needed: dict[str, set[str]] = {}
    for requirement in compiled:
        for rule in requirement.rules:
            for kind, name in rule.reads():
                needed.setdefault(kind, set()).add(name)
    try:
        with open(path, encoding="utf-8") as file:
            return read_trace(_lines(path, file), compiled.vocabulary, needed)
    except TraceError as error:
        raise ProblemList(_each_once(path, error.mistakes)) from None
    except UnicodeDecodeError:
        raise ProblemList([Problem(path, 1, 1, "this is not a text file", "name a JSONL trace")]) from None
    except OSError as error:
        reason = "no such file" if isinstance(error, FileNotFoundError) else (error.strerror or str(error)).lower()
        raise ProblemList([Problem(path, 1, 1, reason)]) from None


def _lines(path: str, file: IO[str]) -> Iterator[str]:
    """The lines of a trace; raises ProblemList at one that does not end."""
    from harness.load import Problem, ProblemList

    for number in itertools.count(1):
        line = file.readline(LONGEST_LINE)
        if len(line) == LONGEST_LINE:
            message = f"a line of more than {LONGEST_LINE:,} characters"
            raise ProblemList([Problem(path, number, 1, message, "write one event a line")])
        if not line:
            return
        yield line


def _each_once(path: str, mistakes: Sequence[tuple[int, str]]) -> Iterator[Problem]:
    """A mistake that a whole trace is full of is told once, at its first line, with how often it is there."""
    from harness.load import Problem

    lines: dict[str, list[int]] = {}
    for line, message in mistakes:
        lines.setdefault(message, []).append(line)
    for message, found in lines.items():
        more = len(found) - 1
        again = f"so too in {more} more line{'s' if more > 1 else ''}" if more else None
        yield Problem(path, found[0], 1, message, again)


def _report(
    path: str, verdicts: Iterable[Verdict], judged: dict[str, dict[str, RunVerdict]], runs: dict[str, Trace]
) -> dict[str, Any]:
    from harness.judge import Benign, benign

    total = sum((benign(trace) for trace in runs.values()), Benign())
    return {
        "schema": SCHEMA,
        "requirements": path,
        "verdicts": [_verdict(verdict, judged) for verdict in verdicts],
        "benign": {name: getattr(total, name) for name in Benign.__slots__},
    }


def _verdict(verdict: Verdict, judged: dict[str, dict[str, RunVerdict]]) -> dict[str, Any]:
    return {
        "requirement": verdict.requirement,
        "verdict": verdict.outcome.value,
        "reason": verdict.reason.value if verdict.reason else None,
        "exercised": verdict.exercised,
        "challenged": verdict.challenged,
        "violations": verdict.violations,
        "stopped_by": dict(verdict.stopped_by),
        "waived": verdict.waived is not None,
        "traces": [_run(path, found[verdict.requirement]) for path, found in judged.items()],
    }


def _run(path: str, run: RunVerdict) -> dict[str, Any]:
    witness = [
        {"rule": broken.rule + 1, "time": broken.time_ms / 1000, "events": list(broken.events)}
        for broken in run.violations[:20]
    ]
    return {"trace": path, "verdict": run.outcome.value, "witness": witness}


def _print(
    verdicts: Sequence[Verdict],
    compiled: RequirementSet,
    judged: dict[str, dict[str, RunVerdict]],
    runs: dict[str, Trace],
    stream: IO[str],
) -> None:
    from harness.report.story import sentence
    from harness.report.terminal import print_rows
    from harness.report.words import VERDICTS, reason_text

    rows = []
    for verdict in verdicts:
        told = VERDICTS[verdict.outcome.value]
        if verdict.waived is not None:
            told = f"broken, accepted until {verdict.waived.expires} by {verdict.waived.owner}"
        reason = verdict.reason.value if verdict.reason else None
        why = "no attack in these traces" if reason == "no_attack" else reason_text(reason)
        counts = [str(verdict.challenged), str(verdict.exercised), str(verdict.violations)]
        owner = compiled[verdict.requirement].owner or ""
        rows.append([verdict.requirement, owner, f"{told}: {why}" if why else told, *counts])
    print_rows(["requirement", "owner", "verdict", "attacks stopped", "honest cases", "violations"], rows, stream)
    for path, found in judged.items():
        by_id = {event.id: event for event in runs[path].events}
        lines: dict[str, None] = {}
        for run in found.values():
            for broken in run.violations[:5]:
                shown = ", ".join(str(event) for event in broken.events)
                what = sentence(by_id[broken.events[-1]], vocabulary=compiled.vocabulary)
                lines[f"{path}: {run.requirement} broken at {broken.time_ms / 1000:g} s, events {shown}: {what}\n"] = None
        stream.writelines(lines)


def _exit_code(verdicts: Sequence[Verdict], *, allow_unchallenged: bool) -> int:
    if any(verdict.failing for verdict in verdicts):
        return 1
    untested = any(verdict.outcome.value == "not_challenged" for verdict in verdicts)
    return 3 if untested and not allow_unchallenged else 0
