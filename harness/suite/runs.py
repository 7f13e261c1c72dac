"""Simulates and judges scenario after scenario, in two processes where that pays; the results are the same.

A run that raises is an outcome with its reason, never a pass. A trace is judged where it was made, so that only
verdicts and witnesses travel between processes; it is kept only where a folder for traces was named.
"""

from __future__ import annotations

import os
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from harness.judge import Benign, RunVerdict, benign, failed_run
from harness.plan import Scenario, unfit
from harness.suite.project import Design
from harness.suite.witness import witnesses
from harness.trace import Event, Trace, Vocabulary, write_trace
from harness.world import simulate

Progress = Callable[[int, int], None]
Outcome = TypeVar("Outcome")
WORTH_A_PROCESS = 8
"""Fewer runs than this end sooner in one process."""


@dataclass(frozen=True)
class Job:
    """One run: a scenario on a design under a seed."""

    design: Design
    scenario: Scenario
    seed: int
    trace_file: str | None = None


@dataclass(frozen=True)
class RunOutcome:
    """What one run came to: a verdict for each requirement, or why there is none.

    `not_applicable` says why the scenario was not run on this design at all; its verdicts count nothing then.
    """

    verdicts: Mapping[str, RunVerdict]
    witnesses: Mapping[str, tuple[Event, ...]]
    benign: Benign
    failure: str | None = None
    length_ms: int = 0
    not_applicable: str | None = None


def run_all(jobs: Sequence[Job], progress: Progress | None = None) -> list[RunOutcome]:
    """The outcome of every job, in order; `progress(done, total)` is called after each."""
    return run_each(jobs, run_one, lost=failed, progress=progress)


def run_each(
    jobs: Sequence[Job],
    work: Callable[[Job], Outcome],
    *,
    lost: Callable[[Job, str], Outcome],
    progress: Progress | None = None,
) -> list[Outcome]:
    """What some work gives for every job, in order; `lost` is the outcome of one that a dying process took with it."""
    outcomes: list[Outcome] = []
    for outcome in _spread(jobs, work, lost) if _pays(len(jobs)) else map(work, jobs):
        outcomes.append(outcome)
        if progress is not None:
            progress(len(outcomes), len(jobs))
    return outcomes


def run_one(job: Job) -> RunOutcome:
    """Simulates one job and judges its trace; whatever is raised becomes the outcome's failure."""
    reason = unfit(job.scenario, job.design.system)
    if reason is not None:
        return RunOutcome(job.design.judge.judge(Trace({}, [], {})), {}, Benign(), not_applicable=reason)
    try:
        trace = simulate(job.design.system, job.design.controls, job.scenario, seed=job.seed)
        if job.trace_file is not None:
            _keep(trace, job.trace_file, job.design.requirements.vocabulary)
        verdicts = job.design.judge.judge(trace)
        shown = witnesses(verdicts, trace, job.design.requirements)
        return RunOutcome(verdicts, shown, benign(trace), length_ms=length_ms(trace))
    except Exception as error:
        return failed(job, reason_of(error))


def length_ms(trace: Trace) -> int:
    """How long a run was: to its last event, or to the end that its counters name."""
    last_ms = max((event.time_ms for event in trace.events[-1:]), default=0)
    return max(last_ms, round(float(trace.counters.get("end_s", 0)) * 1000))


def failed(job: Job, reason: str) -> RunOutcome:
    """The outcome of a run that failed: an error for every requirement."""
    return RunOutcome(failed_run(job.design.requirements, reason), {}, Benign(), reason)


def reason_of(error: Exception) -> str:
    """What went wrong and where in the harness, in one line and without a path of the machine."""
    frames = traceback.extract_tb(error.__traceback__)
    last = frames[-1] if frames else None
    where = f" at {_inside(last.filename)}:{last.lineno}" if last is not None else ""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}{where}" if text else f"{type(error).__name__}{where}"


def _inside(filename: str) -> str:
    parts = Path(filename).parts
    return "/".join(parts[parts.index("harness") :]) if "harness" in parts else parts[-1]


def _keep(trace: Trace, file: str, vocabulary: Vocabulary) -> None:
    os.makedirs(os.path.dirname(file), exist_ok=True)
    with open(file, "w", encoding="utf-8", newline="\n") as out:
        write_trace(trace, out, vocabulary)


def _pays(jobs: int) -> bool:
    """Forking is cheap and inherits what was read; with other threads about it is not safe."""
    return (
        sys.platform == "linux"
        and jobs >= WORTH_A_PROCESS
        and len(os.sched_getaffinity(0)) > 1
        and threading.active_count() == 1
    )


_inherited: tuple[Sequence[Job], Callable[[Job], Any]] = ((), run_one)


def _take(index: int) -> Any:
    jobs, work = _inherited
    return work(jobs[index])


def _inherit(jobs: Sequence[Job], work: Callable[[Job], Any]) -> None:
    global _inherited
    _inherited = (jobs, work)


def _spread(
    jobs: Sequence[Job], work: Callable[[Job], Outcome], lost: Callable[[Job, str], Outcome]
) -> Iterator[Outcome]:
    """Runs the jobs in forked processes; those that a dying process took with it have failed."""
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool

    context = multiprocessing.get_context("fork")
    workers = min(2, len(os.sched_getaffinity(0)))
    with ProcessPoolExecutor(workers, context, initializer=_inherit, initargs=(jobs, work)) as pool:
        futures = [pool.submit(_take, index) for index in range(len(jobs))]
        for job, future in zip(jobs, futures, strict=True):
            try:
                yield future.result()
            except BrokenProcessPool:
                yield lost(job, "the process that ran it died")
