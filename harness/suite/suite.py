"""The main job: every requirement against every scenario that applies, on every design, as one result.

Decides how verdicts of runs become a requirement's verdict (the judge combines, waivers are held against `today`) and
nothing else: simulating is the world's, judging the judge's. Deterministic: same files, seed and date, same result.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from harness.judge import Benign, Outcome, Reason, RunVerdict, Verdict, combine, stale_waiver
from harness.plan import control_catalogue, misbehaviour_catalogue
from harness.plan.steps import step_twist_name, step_twists
from harness.report.result import (
    Failure,
    RequirementVerdict,
    RunResult,
    ScenarioVerdict,
    SystemResult,
    Waiver,
    Witness,
)
from harness.report.story import story
from harness.requirements import Requirement
from harness.requirements.english import sentence
from harness.suite.about import applicable, assumptions, design_fingerprint, population, requirements_fingerprint
from harness.suite.project import Design, Project, UsageError, load_project
from harness.suite.runs import Job, Progress, RunOutcome, run_all
from harness.suite.untested import too_short
from harness.trace import Event, flat
from harness.world import decided

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


Runner = Callable[[Sequence[Job], Progress | None], list[RunOutcome]]


def run_project(
    project: Project,
    *,
    seed: int = 0,
    runs: int = 1,
    today: date | None = None,
    trace_dir: str | Path | None = None,
    progress: Progress | None = None,
    runner: Runner = run_all,
) -> RunResult:
    """The result of a project that was read already; `runner` makes the runs."""
    _make_folder(trace_dir)
    seeds = range(seed, seed + runs)
    jobs = [
        Job(design, scenario, one, trace_file(trace_dir, design, scenario.id, one, many=len(project.designs) > 1))
        for design in project.designs
        for scenario in project.scenarios
        for one in seeds
    ]
    outcomes = runner(jobs, progress)
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
        misbehaviours=_misbehaviours(project),
        fingerprint=requirements_fingerprint(project.designs[0].requirements),
        systems=tuple(systems),
    )


def _misbehaviours(project: Project) -> dict[str, str]:
    """The names of what can be tried, by id: the catalogue's, and those about the steps that the file declares."""
    own = {twist: step_twist_name(twist) or twist for design in project.designs for twist in step_twists(design.system)}
    return {key: one.name for key, one in misbehaviour_catalogue().items()} | own


def _make_folder(folder: str | Path | None) -> None:
    """A folder that cannot be written is a mistake of the caller, not of every run."""
    if folder is None:
        return
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise UsageError(f"`{folder}` cannot be made: {(error.strerror or str(error)).lower()}") from None


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


Done = tuple[Job, RunOutcome]


def _system(project: Project, design: Design, done: Sequence[Done], today: date | None) -> SystemResult:
    return SystemResult(
        system=design.shown,
        decisions=decided(design.system, design.controls),
        name=design.system.name,
        verdicts=tuple(_requirement(project, design, one, done, today) for one in design.requirements),
        benign=sum((outcome.benign for _, outcome in done), Benign()),
        runs=sum(outcome.not_applicable is None for _, outcome in done),
        failures=tuple(
            Failure(scenario=job.scenario.id, seed=job.seed, reason=outcome.failure)
            for job, outcome in done
            if outcome.failure is not None
        ),
        not_applicable=tuple(
            Failure(scenario=job.scenario.id, seed=job.seed, reason=outcome.not_applicable)
            for job, outcome in done
            if outcome.not_applicable is not None
        ),
        assumptions=assumptions(design),
        applicable=applicable(design),
        population=population(design),
        fingerprint=design_fingerprint(design),
    )


def _requirement(
    project: Project, design: Design, requirement: Requirement, done: Sequence[Done], today: date | None
) -> RequirementVerdict:
    overall = _overall(requirement, [outcome for _, outcome in done], today)
    return RequirementVerdict(
        requirement=requirement.id,
        text=requirement.text,
        owner=requirement.owner or "",
        severity=requirement.severity or "",
        source=requirement.source,
        line=requirement.line,
        verdict=overall.outcome.value,
        reason=overall.error or (overall.reason.value if overall.reason else None),
        exercised=overall.exercised,
        challenged=overall.challenged,
        violations=overall.violations,
        stopped_by=dict(overall.stopped_by),
        waived=overall.waived is not None,
        stale_waiver=project.as_written and stale_waiver(requirement, overall) is not None,
        waiver=_waiver(requirement),
        says=tuple(sentence(rule) for rule in requirement.rules),
        agreed={who: day.isoformat() for who, day in requirement.agreed.items()},
        notes=too_short(requirement, max((outcome.length_ms for _, outcome in done), default=0)) if done else (),
        scenarios=tuple(
            _scenario(project, design, job, outcome, overall) for job, outcome in done if outcome.not_applicable is None
        ),
    )


def _overall(requirement: Requirement, outcomes: Sequence[RunOutcome], today: date | None) -> Verdict:
    """The judge's verdict over all runs; a design that does no honest work at all lacks honest use before attacks."""
    runs = [outcome.verdicts[requirement.id] for outcome in outcomes]
    overall = combine(runs, waiver=requirement.waiver, today=today)
    honest = sum((outcome.benign for outcome in outcomes), Benign())
    if overall.outcome is Outcome.NOT_CHALLENGED and honest.tasks > 0 and honest.completed == 0:
        return replace(overall, requirement=requirement.id, reason=Reason.NO_HONEST_USE)
    return replace(overall, requirement=requirement.id)


def _waiver(requirement: Requirement) -> Waiver | None:
    given = requirement.waiver
    if given is None:
        return None
    expires = given.expires.isoformat()
    return Waiver(reason=given.reason, owner=given.owner, expires=expires, line=given.line, column=given.column)


def _scenario(project: Project, design: Design, job: Job, outcome: RunOutcome, overall: Verdict) -> ScenarioVerdict:
    run = outcome.verdicts[overall.requirement]
    verdict = run_outcome(run, overall)
    return ScenarioVerdict(
        scenario=job.scenario.id,
        title=job.scenario.title,
        seed=job.seed,
        verdict=verdict.value,
        misbehaviours=job.scenario.twists(),
        aimed=overall.requirement in job.scenario.aims,
        reason=run.error or _reason(verdict, overall),
        exercised=run.exercised,
        challenged=run.challenged,
        violations=len(run.violations),
        stopped_by=dict(sorted(run.stopped_by.items())),
        witness=_witness(project, design, job, outcome.witnesses.get(overall.requirement)),
    )


def run_outcome(run: RunVerdict, overall: Verdict) -> Outcome:
    """What one run shows, given what all of them show: a stopped attack is a pass only if honest use exists somewhere."""
    if run.error is not None:
        return Outcome.ERROR
    if run.violations:
        return Outcome.VIOLATED
    tested = run.challenged > 0 and overall.outcome is not Outcome.NOT_CHALLENGED
    return Outcome.HELD if tested else Outcome.NOT_CHALLENGED


def _reason(verdict: Outcome, overall: Verdict) -> str | None:
    """Why a run says nothing: what the requirement lacks everywhere, else that this run did not attack it."""
    if verdict is not Outcome.NOT_CHALLENGED:
        return None
    return (overall.reason or Reason.NO_ATTACK).value


def _witness(project: Project, design: Design, job: Job, events: Sequence[Event] | None) -> Witness | None:
    if events is None:
        return None
    vocabulary = design.requirements.vocabulary
    return Witness(
        events=tuple(flat(event, vocabulary) for event in events),
        story=story(events, control_names(), vocabulary),
        replay=replay_command(project, design, job.scenario.id, job.seed),
    )
