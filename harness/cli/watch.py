"""`harness watch`: on saving, checks and runs what changed, and says which verdict moved.

Files are looked at a few times a second. One that is half written, wrong or gone is told like any mistake, and the watch
goes on; it ends with Ctrl-C.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING

from harness.cli.clock import day
from harness.cli.output import table_stream

if TYPE_CHECKING:
    from harness.report.result import RequirementVerdict, RunResult
    from harness.suite.kept import KeptRuns

POLL_S = 0.1
SETTLE_S = 0.03
RELOAD_S = 1
Snapshot = Mapping[str, tuple[int, int]]


def run_watch(file: str, *, html: str | None = None, today: str | None = None, rounds: int | None = None) -> int:
    """Watch a requirements file and all it leads to; `rounds` ends the watch after so many results."""
    from harness.suite.cached import systems_of
    from harness.suite.kept import KeptRuns

    stream = table_stream(None)
    kept, before, seen, systems = KeptRuns(), None, None, tuple(systems_of(file))
    try:
        while rounds is None or rounds > 0:
            now = snapshot(file, systems)
            if now == seen:
                time.sleep(POLL_S)
                continue
            _settled(file, systems, now)
            systems = tuple(systems_of(file)) or systems
            seen = snapshot(file, systems)
            before = _round(kept, file, before, stream, html=html, today=today)
            rounds = None if rounds is None else rounds - 1
    except KeyboardInterrupt:
        stream.write("\n")
    return 0


def snapshot(file: str, systems: Iterable[Path]) -> Snapshot:
    """When each file was last written that a result depends on, and its size."""
    found = {}
    for path in _files(file, systems):
        try:
            stat = os.stat(path)
        except OSError:
            continue
        found[path] = (stat.st_mtime_ns, stat.st_size)
    return found


def _files(file: str, systems: Iterable[Path]) -> Iterator[str]:
    from harness.suite import scenarios_folder

    yield file
    yield from (str(path) for path in systems)
    for path in sorted(Path(scenarios_folder(file)).rglob("*.yaml")):
        yield str(path)


def _settled(file: str, systems: Iterable[Path], now: Snapshot) -> None:
    """Wait until an editor has finished writing."""
    while True:
        time.sleep(SETTLE_S)
        later = snapshot(file, systems)
        if later == now:
            return
        now = later


def _round(
    kept: KeptRuns, file: str, before: RunResult | None, stream: IO[str], *, html: str | None, today: str | None
) -> RunResult | None:
    """One result, or the mistakes that stand in its way; returns what the next one is compared with."""
    from harness.cli.check import print_problems
    from harness.load import ProblemList
    from harness.suite import UsageError

    started_s = time.monotonic()
    try:
        result = kept.result(file, today=day(today))
    except ProblemList as error:
        print_problems(error.problems, stream)
        stream.flush()
        return before
    except UsageError as error:
        stream.write(f"{error}\n")
        stream.flush()
        return before
    lines = list(moved(before, result)) if before is not None else list(standing(result))
    stream.writelines(f"{line}\n" for line in lines or ["no verdict has moved"])
    stream.write(f"({kept.simulated} runs made, {time.monotonic() - started_s:.1f} s)\n")
    stream.flush()
    if html is not None:
        from harness.cli.page import write_page

        write_page(result, html, systems=(), reload_s=RELOAD_S)
    return result


def standing(result: RunResult) -> Iterator[str]:
    """Where each requirement stands."""
    for name, verdict in _verdicts(result).items():
        yield f"{name}: {_said(verdict)}"


def moved(before: RunResult, after: RunResult) -> Iterator[str]:
    """The verdicts that are no longer what they were, with the story of what broke."""
    old, new = _verdicts(before), _verdicts(after)
    for name, verdict in new.items():
        was = old.get(name)
        if was is None:
            yield f"{name}: new, {_said(verdict)}"
        elif _said(was) != _said(verdict):
            yield f"{name}: {_said(was)} -> {_said(verdict)}"
        else:
            continue
        yield from (f"  {line}" for line in _story(verdict))
    yield from (f"{name}: gone" for name in old if name not in new)


def _verdicts(result: RunResult) -> dict[str, RequirementVerdict]:
    many = len(result.systems) > 1
    return {
        f"{one.requirement} on {system.name}" if many else one.requirement: one
        for system in result.systems
        for one in system.verdicts
    }


def _said(verdict: RequirementVerdict) -> str:
    from harness.report.words import VERDICTS

    return VERDICTS[verdict.verdict]


def _story(verdict: RequirementVerdict) -> tuple[str, ...]:
    for scenario in verdict.scenarios:
        if scenario.verdict == "violated" and scenario.witness is not None:
            return tuple(scenario.witness.story)
    return ()
