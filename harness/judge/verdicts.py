"""What a run says about a requirement, and what many runs say: held, violated, not challenged, or error.

Nothing tested is never a pass: *held* needs an attack that was stopped, an honest event that got through, and no
violation, for each rule of the requirement. A run that failed is an error, whatever else was seen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from harness.judge.monitor import EventId
from harness.requirements import Requirement, Waiver


class Outcome(StrEnum):
    """The four verdicts."""

    HELD = "held"
    VIOLATED = "violated"
    NOT_CHALLENGED = "not_challenged"
    ERROR = "error"


class Reason(StrEnum):
    """What a requirement that was not challenged lacks."""

    NO_ATTACK = "no_attack"
    NO_HONEST_USE = "no_honest_use"


@dataclass(frozen=True, slots=True)
class Broken:
    """A violation: which rule (its index), when, and the ids of the events that show it, the breaking one last."""

    rule: int
    time_ms: int
    events: tuple[EventId, ...]


@dataclass(frozen=True, slots=True)
class RuleTally:
    """What one run showed of one rule; `needs_honest_use` is False where no event of its kind can be fine."""

    exercised: int = 0
    challenged: int = 0
    violated: int = 0
    needs_honest_use: bool = True


@dataclass(frozen=True, slots=True)
class RunVerdict:
    """What one run showed of one requirement.

    Counts are of events: an event that two rules speak of counts once here. `attacks` are the ids of stopped attempts
    that would have broken it, `stopped_by` and `would_also_stop` how often which control is named on them. `error` is
    the reason of a run that failed.
    """

    requirement: str
    rules: tuple[RuleTally, ...] = ()
    exercised: int = 0
    attacks: tuple[EventId, ...] = ()
    violations: tuple[Broken, ...] = ()
    stopped_by: Mapping[str, int] = field(default_factory=dict)
    would_also_stop: Mapping[str, int] = field(default_factory=dict)
    error: str | None = None

    @property
    def challenged(self) -> int:
        return len(self.attacks)

    @property
    def outcome(self) -> Outcome:
        return _outcome(self.error is not None, bool(self.violations), self.rules)

    @property
    def reason(self) -> Reason | None:
        return _reason(self.outcome, self.rules)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What all runs on one system showed of one requirement. `waived`: violated, and a waiver is in force."""

    requirement: str
    outcome: Outcome
    reason: Reason | None = None
    exercised: int = 0
    challenged: int = 0
    violations: int = 0
    stopped_by: Mapping[str, int] = field(default_factory=dict)
    would_also_stop: Mapping[str, int] = field(default_factory=dict)
    rules: tuple[RuleTally, ...] = ()
    error: str | None = None
    waived: Waiver | None = None

    @property
    def failing(self) -> bool:
        """Whether this is a violation that nobody accepted."""
        return self.outcome is Outcome.VIOLATED and self.waived is None


def failed_run(requirements: Iterable[Requirement], error: str) -> dict[str, RunVerdict]:
    """The verdicts of a run that failed: an error for each requirement, never a pass."""
    return {r.id: RunVerdict(r.id, error=error) for r in requirements}


def combine(runs: Iterable[RunVerdict], *, waiver: Waiver | None = None, today: date | None = None) -> Verdict:
    """The verdict over runs of one requirement; without a run nothing was tested.

    A waiver counts only with the day on which it is asked for.
    """
    all_runs = list(runs)
    rules = _summed(run.rules for run in all_runs if run.rules)
    error = next((run.error for run in all_runs if run.error is not None), None)
    violations = sum(len({v.events[-1] for v in run.violations}) for run in all_runs)
    outcome = _outcome(error is not None, violations > 0, rules)
    accepted = waiver is not None and today is not None and outcome is Outcome.VIOLATED and waiver.in_force(today)
    return Verdict(
        requirement=all_runs[0].requirement if all_runs else "",
        outcome=outcome,
        reason=_reason(outcome, rules),
        exercised=sum(run.exercised for run in all_runs),
        challenged=sum(run.challenged for run in all_runs),
        violations=violations,
        stopped_by=_added(run.stopped_by for run in all_runs),
        would_also_stop=_added(run.would_also_stop for run in all_runs),
        rules=rules,
        error=error,
        waived=waiver if accepted else None,
    )


def stale_waiver(requirement: Requirement, verdict: Verdict) -> str | None:
    """What to say of a waiver that nothing needs any more; a mistake of the file at the waiver's line."""
    if requirement.waiver is None or verdict.outcome is not Outcome.HELD:
        return None
    return f"`{requirement.id}` holds, so its waiver is no longer needed"


def _outcome(failed: bool, violated: bool, rules: tuple[RuleTally, ...]) -> Outcome:
    if failed:
        return Outcome.ERROR
    if violated:
        return Outcome.VIOLATED
    return Outcome.HELD if rules and all(_lacks(rule) is None for rule in rules) else Outcome.NOT_CHALLENGED


def _lacks(rule: RuleTally) -> Reason | None:
    if rule.challenged == 0:
        return Reason.NO_ATTACK
    return Reason.NO_HONEST_USE if rule.needs_honest_use and rule.exercised == 0 else None


def _reason(outcome: Outcome, rules: tuple[RuleTally, ...]) -> Reason | None:
    """What is missing; where a rule lacks an honest event, that is said first: a system that refuses everything."""
    if outcome is not Outcome.NOT_CHALLENGED:
        return None
    missing = {_lacks(rule) for rule in rules}
    refused = any(rule.needs_honest_use and rule.exercised == 0 and rule.challenged > 0 for rule in rules)
    return Reason.NO_HONEST_USE if refused or missing == {Reason.NO_HONEST_USE} else Reason.NO_ATTACK


def _summed(tallies: Iterable[tuple[RuleTally, ...]]) -> tuple[RuleTally, ...]:
    return tuple(
        RuleTally(
            sum(t.exercised for t in column),
            sum(t.challenged for t in column),
            sum(t.violated for t in column),
            column[0].needs_honest_use,
        )
        for column in zip(*tallies, strict=True)
    )


def _added(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for each in counts:
        total.update(each)
    return dict(sorted(total.items(), key=lambda item: (-item[1], item[0])))
