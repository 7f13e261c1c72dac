"""Runs that are kept in memory, so that a change costs what it changed: a rule is judged again on the traces that are there.

A trace is kept by what it was made from (system, controls, scenario, seed), a run's verdicts by that and the requirements
as well. Files are parsed again only where their text has changed. Nothing is kept of what failed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from harness.judge import benign
from harness.load import Document, documents_kept
from harness.plan import unfit
from harness.report.result import RunResult
from harness.suite.project import load_project
from harness.suite.runs import Job, Progress, RunOutcome, failed, length_ms, reason_of, run_one
from harness.suite.suite import run_project
from harness.suite.witness import witnesses
from harness.trace import Trace
from harness.world import simulate

Key = tuple[str, ...]


class KeptRuns:
    """The runs of a project, made again only where something that they depend on has changed."""

    def __init__(self) -> None:
        self._traces: dict[Key, Trace] = {}
        self._outcomes: dict[Key, RunOutcome] = {}
        self._documents: dict[str, Document] = {}
        self.simulated = 0

    def result(self, requirements_path: str | Path, *, today: date | None = None) -> RunResult:
        """What `run_suite` gives; raises ProblemList for mistakes in the files."""
        with documents_kept(self._documents):
            project = load_project(requirements_path)
        return run_project(project, today=today, runner=self.run_all)

    def run_all(self, jobs: Sequence[Job], progress: Progress | None = None) -> list[RunOutcome]:
        """The outcome of every job, in order; what no job needs any more is forgotten."""
        self.simulated = 0
        traces, outcomes = {}, {}
        done = []
        for number, job in enumerate(jobs, 1):
            made_from = _made_from(job)
            judged_by = (*made_from, *(repr(one) for one in job.design.requirements))
            outcome = self._outcomes.get(judged_by) or self._outcome(job, made_from)
            done.append(outcome)
            if outcome.failure is None:
                outcomes[judged_by] = outcome
                if made_from in self._traces:
                    traces[made_from] = self._traces[made_from]
            if progress is not None:
                progress(number, len(jobs))
        self._traces, self._outcomes = traces, outcomes
        return done

    def _outcome(self, job: Job, made_from: Key) -> RunOutcome:
        if unfit(job.scenario, job.design.system) is not None:
            return run_one(job)
        try:
            trace = self._trace(job, made_from)
            verdicts = job.design.judge.judge(trace)
            shown = witnesses(verdicts, trace, job.design.requirements)
            return RunOutcome(verdicts, shown, benign(trace), length_ms=length_ms(trace))
        except Exception as error:
            return failed(job, reason_of(error))

    def _trace(self, job: Job, made_from: Key) -> Trace:
        found = self._traces.get(made_from)
        if found is None:
            self.simulated += 1
            found = simulate(job.design.system, job.design.controls, job.scenario, seed=job.seed)
            self._traces[made_from] = found
        return found


def _made_from(job: Job) -> Key:
    """Everything that a trace depends on, as text."""
    controls = ",".join(job.design.controls.active())
    return (job.design.system.model_dump_json(), controls, job.scenario.model_dump_json(), str(job.seed))
