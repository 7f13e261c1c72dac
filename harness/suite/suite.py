"""The main job: every requirement against every scenario that applies, on every design, as one result.

Decides how verdicts of runs become a requirement's verdict (the judge combines, waivers are held against `today`) and
nothing else: simulating is the world's, judging the judge's. Deterministic: same files, seed and date, same result.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from harness.judge import RunVerdict, combine
from harness.plan import control_catalogue
from harness.report.result import (
    Benign,
    RequirementVerdict,
    RunResult,
    ScenarioVerdict,
    SystemResult,
    Waiver,
    Witness,
)
from harness.report.story import story
from harness.requirements import Requirement
from harness.suite.project import Design, Project, load_project
from harness.suite.runs import Job, Outcome, Progress, run_all
from harness.trace import flat

DEFAULT_FILE = "requirements.yaml"


def run_suite(
    requirements_path: str | Path,
    *,
    systems: Sequence[str | Path] | None = None,
    only: Iterable[str] = (),
    without: Iterable[str] = (),
    seed: int = 0,
    runs: int = 1,
    today: date | None = None,
    trace_dir: str | Path | None = None,
    progress: Progress | None = None,
) -> RunResult:
    """Reads, simulates each scenario once for each of `runs` seeds from `seed` on, judges, and combines.

    `today` is the date that waivers are held against; without it none is in force. Raises ProblemList for mistakes in
    the files, UsageError for an unknown requirement or control; a run that fails is a verdict, not an exception.
    """
    project = load_project(requirements_path, systems=systems, only=only, without=without)
    return run_project(project, seed=seed, runs=runs, today=today, trace_dir=trace_dir, progress=progress)


def run_project(
    project: Project,
    *,
    seed: int = 0,
    runs: int = 1,
    today: date | None = None,
    trace_dir: str | Path | None = None,
    progress: Progress | None = None,
) -> RunResult:
    """The result of a project that was read already."""
    seeds = range(seed, seed + runs)
    jobs = [
        Job(design, scenario, one, trace_file(trace_dir, design, scenario.id, one, many=len(project.designs) > 1))
        for design in project.designs
        for scenario in project.scenarios
        for one in seeds
    ]
    outcomes = run_all(jobs, progress)
    each = len(jobs) // len(project.designs)
    systems = [
        _system(project, design, list(zip(jobs, outcomes, strict=True))[number * each : (number + 1) * each], today)
        for number, design in enumerate(project.designs)
    ]
    return RunResult(
        requirements=project.requirements_path,
        seed=seed,
        runs=runs,
        today=today.isoformat() if today is not None else None,
        without=project.without,
        controls=control_names(),
        systems=tuple(systems),
    )


def control_names() -> dict[str, str]:
    """The names of the catalogue's controls by id."""
    return {key: control.name for key, control in control_catalogue().items()}


def trace_file(
    folder: str | Path | None, design: Design, scenario: str, seed: int, *, many: bool = False
) -> str | None:
    """Where the trace of a run is kept: `FOLDER/S18.seed0.jsonl`, in a folder for each system where there are many."""
    if folder is None:
        return None
    return os.path.join(folder, *([design.system.name] if many else []), f"{scenario}.seed{seed}.jsonl")


def replay_command(project: Project, design: Design, scenario: str, seed: int) -> str:
    """The command that shows a run again, step by step."""
    words = ["harness", "replay", scenario, "--seed", str(seed)]
    if project.requirements_path != DEFAULT_FILE:
        words += ["--requirements", project.requirements_path]
    if project.replaced:
        words += ["--system", design.shown]
    for control in project.without:
        words += ["--without", control]
    return shlex.join(words)


Done = tuple[Job, Outcome]


def _system(project: Project, design: Design, done: Sequence[Done], today: date | None) -> SystemResult:
    return SystemResult(
        system=design.shown,
        name=design.system.name,
        verdicts=tuple(_requirement(project, design, one, done, today) for one in design.requirements),
        benign=sum((outcome.benign for _, outcome in done), Benign()),
        runs=len(done),
        failures=tuple(
            f"{job.scenario.id}, seed {job.seed}: {outcome.failure}" for job, outcome in done if outcome.failure
        ),
    )


def _requirement(
    project: Project, design: Design, requirement: Requirement, done: Sequence[Done], today: date | None
) -> RequirementVerdict:
    overall = combine(outcome.verdicts[requirement.id] for _, outcome in done if outcome.failure is None)
    failed = [job.scenario.id for job, outcome in done if outcome.failure is not None]
    verdict, reason = str(overall.verdict), overall.reason
    if failed and verdict != "violated":
        verdict, reason = "error", f"a run failed: {', '.join(dict.fromkeys(failed))}"
    waiver = requirement.waiver
    in_force = waiver is not None and today is not None and waiver.in_force(today)
    return RequirementVerdict(
        requirement=requirement.id,
        text=requirement.text,
        owner=requirement.owner or "",
        severity=requirement.severity or "",
        source=requirement.source,
        line=requirement.line,
        verdict=verdict,
        reason=reason,
        exercised=overall.exercised,
        challenged=overall.challenged,
        violations=overall.violations,
        stopped_by=dict(sorted(overall.stopped_by.items())),
        waived=verdict == "violated" and in_force,
        stale_waiver=waiver is not None and verdict == "held" and project.as_written,
        waiver=_waiver(requirement),
        scenarios=tuple(_scenario(project, design, job, requirement.id, outcome) for job, outcome in done),
    )


def _waiver(requirement: Requirement) -> Waiver | None:
    given = requirement.waiver
    if given is None:
        return None
    return Waiver(reason=given.reason, owner=given.owner, expires=given.expires.isoformat(), line=given.line)


def _scenario(project: Project, design: Design, job: Job, requirement: str, outcome: Outcome) -> ScenarioVerdict:
    about: dict[str, Any] = {"scenario": job.scenario.id, "title": job.scenario.title, "seed": job.seed}
    if outcome.failure is not None:
        return ScenarioVerdict(**about, verdict="error", reason=outcome.failure)
    run = outcome.verdicts[requirement]
    return ScenarioVerdict(
        **about,
        verdict=str(run.verdict),
        reason=run.reason,
        exercised=run.exercised,
        challenged=run.challenged,
        violations=run.violations,
        stopped_by=dict(sorted(run.stopped_by.items())),
        witness=_witness(run, design, replay_command(project, design, job.scenario.id, job.seed)),
    )


def _witness(run: RunVerdict, design: Design, replay: str) -> Witness | None:
    if not run.violations:
        return None
    vocabulary = design.requirements.vocabulary
    return Witness(
        events=tuple(flat(event, vocabulary) for event in run.witness),
        story=story(run.witness, control_names(), vocabulary),
        replay=replay,
    )
