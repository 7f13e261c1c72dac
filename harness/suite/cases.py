"""Scenario files with designs of their own, run and held against what they expect: incidents, and anything of their kind.

Each pair of design and variant is one run. The verdict of a requirement is that of this run alone: `held` where attacks
were made and all of them stopped, `not_challenged` where none was made, whatever honest work did.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.judge import RunVerdict, judge
from harness.plan import Controls, Expectation, Scenario, load_scenario, words
from harness.plan.designs import Case, cases
from harness.requirements import RequirementSet, load_requirements
from harness.suite.expectations import verdict_of
from harness.world import simulate


@dataclass(frozen=True)
class CaseResult:
    """One expectation of one design, and what was found."""

    scenario: str
    case: str
    expected: Expectation
    found: str
    stopped_by: tuple[str, ...]

    @property
    def met(self) -> bool:
        """Whether the verdict is the expected one, for the expected reason."""
        return self.found == self.expected.verdict and (
            not self.expected.stopped_by or bool(set(self.expected.stopped_by) & set(self.stopped_by))
        )

    def __str__(self) -> str:
        one = self.expected
        by = f" by {', '.join(one.stopped_by)}" if one.stopped_by else ""
        found = f"{self.found} by {', '.join(self.stopped_by)}" if self.stopped_by else self.found
        return f"{self.scenario} {self.case}: {one.requirement} expected {one.verdict}{by}, found {found}"


def check_cases(path: str | Path, *, seed: int = 0) -> list[CaseResult]:
    """Run every design and variant of a scenario file that it expects something of; raises ProblemList for mistakes."""
    scenario = load_scenario(path).model
    return [result for case in cases(scenario) for result in _check(scenario, case, seed)]


def _check(scenario: Scenario, case: Case, seed: int) -> Iterator[CaseResult]:
    requirements = _requirements(scenario, case)
    verdicts = run_case(case, requirements, seed=seed)
    for one in case.expect:
        run = verdicts[one.requirement]
        yield CaseResult(scenario.id, case.name, one, verdict_of(run), tuple(sorted(run.stopped_by)))


def run_case(case: Case, requirements: RequirementSet, *, seed: int = 0) -> dict[str, RunVerdict]:
    """One run of a case, judged."""
    trace = simulate(case.system, Controls.of(case.system), case.scenario, seed=seed)
    return dict(judge(requirements, trace))


def _requirements(scenario: Scenario, case: Case) -> RequirementSet:
    name = scenario.requirements or "requirements.yaml"
    return load_requirements(Path(scenario.path).parent / name, words(case.system))
