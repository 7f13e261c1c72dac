"""`harness run`: the main job, its outputs and its exit code."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.cli.clock import day
from harness.cli.output import Mistake, progress_bar, table_stream, write

if TYPE_CHECKING:
    from harness.report.page import Earlier
    from harness.report.result import RunResult

HELD, VIOLATED, WRONG_INPUT, NOT_CHALLENGED, FAILED = 0, 1, 2, 3, 4
_WORST_FIRST = (WRONG_INPUT, FAILED, VIOLATED, NOT_CHALLENGED)


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """What was asked for on the command line."""

    requirements: str
    systems: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    seed: int = 0
    runs: int = 1
    today: str | None = None
    allow_unchallenged: bool = False
    json: str | None = None
    junit: str | None = None
    sarif: str | None = None
    html: str | None = None
    trace: str | None = None
    since: str | None = None
    measure: bool = False


def run_run(options: RunOptions) -> int:
    """Runs everything, writes what was asked for, and returns the exit code."""
    from harness.report.terminal import print_result
    from harness.suite import run_suite

    earlier = _earlier(options)
    targets = (options.json, options.junit, options.sarif, options.html)
    _one_at_most(*targets)
    today = day(options.today)
    with progress_bar("simulating") as progress:
        result = run_suite(
            options.requirements,
            systems=options.systems or None,
            only=options.only,
            without=options.without,
            seed=options.seed,
            runs=options.runs,
            today=today,
            trace_dir=options.trace,
            progress=progress,
        )
    if options.measure or options.html is not None:
        result = _measured(result, options)
    _write_all(result, options, earlier)
    print_result(result, table_stream(*targets))
    for line in mistakes(result):
        sys.stderr.write(f"{line}\n")
    return exit_code(result, allow_unchallenged=options.allow_unchallenged)


def _earlier(options: RunOptions) -> Earlier | None:
    """The result to compare with, read before anything is run."""
    if options.since is None:
        return None
    if options.html is None:
        raise Mistake("`--since` belongs to the page; name its file with `--html`")
    from harness.cli.page import read_earlier

    return read_earlier(options.since)


def _measured(result: RunResult, options: RunOptions) -> RunResult:
    """The result with what lies open behind each requirement, and the controls that it rests on."""
    from harness.suite.exposed import with_exposure
    from harness.suite.guards import with_guards
    from harness.suite.project import load_project

    project = load_project(
        options.requirements, systems=options.systems or None, only=options.only, without=options.without
    )
    seeds = range(options.seed, options.seed + options.runs)
    with progress_bar("taking controls away") as progress:
        result = with_guards(project, result, seeds=seeds, progress=progress)
    with progress_bar("measuring what lies open") as progress:
        return with_exposure(project, result, seeds=seeds, progress=progress)


def exit_code(result: RunResult, *, allow_unchallenged: bool = False) -> int:
    """The worst of all verdicts, in the order wrong input, failed run, violated, not challenged; 0 if all held."""
    found = set()
    for system in result.systems:
        if system.failures:
            found.add(FAILED)
        if not system.verdicts:
            found.add(NOT_CHALLENGED)
    for _, verdict in result.each():
        if verdict.stale_waiver:
            found.add(WRONG_INPUT)
        if verdict.verdict == "violated" and not verdict.waived:
            found.add(VIOLATED)
        found |= {"error": {FAILED}, "not_challenged": {NOT_CHALLENGED}}.get(verdict.verdict, set())
    if allow_unchallenged:
        found.discard(NOT_CHALLENGED)
    return next((code for code in _WORST_FIRST if code in found), HELD)


def mistakes(result: RunResult) -> list[str]:
    """Mistakes of the file that only a result can show: waivers that are no longer needed."""
    return [
        f"{result.requirements}:{verdict.waiver.line}:{verdict.waiver.column}: "
        f"the waiver of `{verdict.requirement}` is no longer needed; remove it"
        for _, verdict in result.each()
        if verdict.stale_waiver and verdict.waiver is not None
    ]


def _write_all(result: RunResult, options: RunOptions, earlier: Earlier | None) -> None:
    if options.json is not None:
        from harness.report.result import to_json

        write(options.json, to_json(result))
    if options.junit is not None:
        from harness.report.junit import junit_xml

        write(options.junit, junit_xml(result, allow_unchallenged=options.allow_unchallenged))
    if options.sarif is not None:
        from harness.report.sarif import sarif

        write(options.sarif, sarif(result))
    if options.html is not None:
        from harness.cli.page import write_page

        write_page(result, options.html, systems=options.systems, earlier=earlier)


def _one_at_most(*targets: str | None) -> None:
    if targets.count("-") > 1:
        raise Mistake("only one result can go to standard output; name a file for the others")
