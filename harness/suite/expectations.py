"""What scenario files expect, held against what happens: the verdict of a requirement, and which controls did the stopping.

An expectation is about one run: `held` is met where attacks were made on the requirement and all of them stopped,
`violated` where one succeeded, `not_challenged` where none was made. Of the controls in `stopped_by` one must have done
the stopping, and each must have stopped something, or would have, or be one without which the same file expects a
violation. With `without` the run is made with those controls taken away. A failed run meets nothing but `error`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness.judge import RunVerdict
from harness.load import ProblemList, did_you_mean, read_document
from harness.plan import Controls, Expectation, Scenario, words
from harness.plan.designs import Case, cases
from harness.requirements import load_requirements
from harness.suite.project import Design, load_project
from harness.suite.runs import Job, Progress, RunOutcome, run_all
from harness.suite.single import scenarios_of

NOT_STATED = "not_stated"


@dataclass(frozen=True)
class Plan:
    """One expectation, and the run that it is about."""

    design: Design
    scenario: Scenario
    expected: Expectation

    @property
    def run(self) -> tuple[str, str, tuple[str, ...]]:
        """What tells its run from others: expectations of one run share it."""
        return self.design.shown, self.scenario.id, tuple(self.expected.without)


@dataclass(frozen=True)
class Checked:
    """One expectation and what was found.

    `found` is `not_stated` where the requirements file has no such requirement, or the scenario does not apply.
    """

    scenario: str
    path: str
    system: str
    expected: Expectation
    found: str
    stopped_by: tuple[str, ...] = ()
    would_also_stop: tuple[str, ...] = ()
    decisive: tuple[str, ...] = ()
    failure: str | None = None

    @property
    def applies(self) -> bool:
        """Whether the requirement is one of the file's, and the scenario fits the system."""
        return self.found != NOT_STATED

    @property
    def missing(self) -> tuple[str, ...]:
        """Controls that were expected to stop something here and had no part in it."""
        named = self.expected.stopped_by
        if not set(named) & set(self.stopped_by):
            return tuple(named)
        had_a_part = {*self.stopped_by, *self.would_also_stop, *self.decisive}
        return tuple(one for one in named if one not in had_a_part)

    @property
    def met(self) -> bool:
        return not self.applies or (self.found == self.expected.verdict and not self.missing)

    def __str__(self) -> str:
        one = self.expected
        without = f" without {', '.join(one.without)}" if one.without else ""
        head = f"{self.path}: {one.requirement} on {self.system}{without}: expected {one.verdict}, found {self.found}"
        if self.failure is not None:
            return f"{head} ({self.failure})"
        return f"{head}, not stopped by {', '.join(self.missing)}" if self.missing else head


def check_expectations(
    requirements_path: str | Path,
    *,
    systems: Sequence[str | Path] | None = None,
    scenarios: Sequence[Scenario] | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> list[Checked]:
    """Every expectation of the scenarios beside a requirements file (or of those given), on the systems they are for.

    A scenario runs on the designs that it brings, else on each of `systems`, else on the file's; one with designs of its
    own may name the requirements file that it is about. Raises ProblemList for mistakes in files.
    """
    chosen = scenarios_of(requirements_path) if scenarios is None else scenarios
    plans = list(_plans(str(requirements_path), systems, [one for one in chosen if one.expect]))
    jobs = {plan.run: Job(_without(plan.design, plan.expected.without), plan.scenario, seed) for plan in plans}
    outcomes = dict(zip(jobs, run_all(list(jobs.values()), progress), strict=True))
    return [_checked(plan, outcomes[plan.run]) for plan in plans]


def _plans(
    requirements_path: str, systems: Sequence[str | Path] | None, scenarios: Sequence[Scenario]
) -> Iterator[Plan]:
    """Each expectation with the design and the scenario that it is about."""
    for scenario in scenarios:
        for case in cases(scenario) if scenario.system is not None else ():
            design = _own_design(case, requirements_path)
            if case.scenario.requirements is not None:
                _refuse_unstated(scenario, design)
            yield from (Plan(design, case.scenario, one) for one in case.expect)
    shared = [one for one in scenarios if one.system is None]
    for design in load_project(requirements_path, systems=systems, scenarios=()).designs if shared else ():
        yield from (Plan(design, scenario, one) for scenario in shared for one in scenario.expect)


def _own_design(case: Case, requirements_path: str) -> Design:
    """The design of a scenario file that names its own system, with the requirements that its verdicts are of."""
    folder = os.path.dirname(case.scenario.path)
    own = case.scenario.requirements
    stated = os.path.join(folder, own) if own is not None else requirements_path
    path = os.path.normpath(os.path.join(folder, str(case.scenario.system)))
    requirements = load_requirements(stated, words(case.system))
    return Design(f"{case.scenario.path}:{case.name}", path, case.system, Controls.of(case.system), requirements)


def _refuse_unstated(scenario: Scenario, design: Design) -> None:
    """An expectation of a requirement that the file names and nobody has stated could not fail."""
    stated = [one.id for one in design.requirements.requirements]
    document = read_document(scenario.path)
    found = [
        document.problem(
            f"there is no requirement `{one.requirement}` in `{scenario.requirements}`",
            *("expect", number, "requirement"),
            suggestion=did_you_mean(one.requirement, stated),
        )
        for number, one in enumerate(scenario.expect)
        if one.requirement not in stated
    ]
    if found:
        raise ProblemList(found)


def _without(design: Design, without: Sequence[str]) -> Design:
    return replace(design, controls=Controls.of(design.system, without=without)) if without else design


def _checked(plan: Plan, outcome: RunOutcome) -> Checked:
    scenario, expected, name = plan.scenario, plan.expected, plan.design.system.name
    by = "/".join(part for part in (name, expected.design, expected.variant) if part)
    found = Checked(scenario.id, scenario.path or scenario.id, by, expected, NOT_STATED, failure=outcome.failure)
    run = outcome.verdicts.get(expected.requirement)
    if run is None or outcome.not_applicable is not None:
        return found
    return replace(
        found,
        found=verdict_of(run),
        stopped_by=tuple(sorted(run.stopped_by)),
        would_also_stop=tuple(sorted(run.would_also_stop)),
        decisive=tuple(_decisive(scenario, expected)),
    )


def _decisive(scenario: Scenario, about: Expectation) -> Iterator[str]:
    """The controls that the file takes away one at a time to break this requirement: each is an expectation itself."""
    for one in scenario.expect:
        same = (one.requirement, one.design, one.variant) == (about.requirement, about.design, about.variant)
        if same and one.verdict == "violated" and len(one.without) == 1:
            yield one.without[0]


def verdict_of(run: RunVerdict) -> str:
    """What one run by itself says of a requirement; the honest twin of an attack may be in another scenario."""
    if run.error is not None:
        return "error"
    if run.violations:
        return "violated"
    return "held" if run.challenged else "not_challenged"


def not_met(checked: Sequence[Checked]) -> Mapping[str, list[str]]:
    """The expectations that are not met, as sentences by scenario: what a test shows."""
    found: dict[str, list[str]] = {}
    for one in checked:
        if not one.met:
            found.setdefault(one.scenario, []).append(str(one))
    return found
