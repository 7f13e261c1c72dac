"""What a run found, as records: the one document that the table, the page, JUnit and SARIF are made of.

Its JSON form is `harness/run/1`: fields may be added, never change their meaning. It holds no clock and no judgement:
verdicts come from the judge, the date from whoever ran it. Counts are of events, times are in simulated milliseconds.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from harness.judge import Benign

SCHEMA = "harness/run/1"


class Witness(msgspec.Struct, frozen=True, kw_only=True):
    """The events that show a violation, oldest first: flat, as sentences, and the command that replays the run."""

    events: tuple[dict[str, Any], ...]
    story: tuple[str, ...]
    replay: str


class ScenarioVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """One requirement in one run of one scenario.

    `misbehaviours` are the ids of those in the scenario; `aimed` says whether it was written for this requirement.
    """

    scenario: str
    title: str
    seed: int
    verdict: str
    misbehaviours: tuple[str, ...] = ()
    aimed: bool = False
    reason: str | None = None
    exercised: int = 0
    challenged: int = 0
    violations: int = 0
    stopped_by: dict[str, int] = {}
    witness: Witness | None = None

    @property
    def put_to_the_test(self) -> bool:
        """Whether this run says anything about the requirement: it was attacked, broken, or the run failed."""
        return self.challenged > 0 or self.violations > 0 or self.verdict == "error"


class Waiver(msgspec.Struct, frozen=True, kw_only=True):
    """Who accepts that a requirement is broken, why, and until which date (ISO 8601); `line` and `column` are its place."""

    reason: str
    owner: str
    expires: str
    line: int = 0
    column: int = 1


class Exposed(msgspec.Struct, frozen=True, kw_only=True):
    """How long data stays within reach of somebody no longer, or never, entitled to it. Times in simulated seconds.

    `of` is what the time counts from: departure, logout, denial; or what is missing: consent, entitlement. `allowed_s` is
    what the rule allows (None: it names no time), `open_s` the longest that was measured in one of `runs` runs (None: it
    happened in none), `ended` False where that run ended first, `scenario` the one that showed it. `kinds` of `of_kinds`
    categories of one person's records lay within reach then, `people_share` of the customers at one moment. `bound_s` is
    the worst case by the design's settings (None: none is known, or there is no end), `bound` how it comes about.
    `baseline_open_s` is what the same runs showed with OAuth for logins only (None: nothing to compare with).
    """

    of: str
    allowed_s: float | None = None
    open_s: float | None = None
    ended: bool = True
    runs: int = 0
    scenario: str = ""
    kinds: int = 0
    of_kinds: int = 0
    people_share: float | None = None
    bound_s: float | None = None
    bound: str = ""
    baseline_open_s: float | None = None
    baseline_ended: bool = True


class RequirementVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """One requirement over all runs on one system.

    `says` is what each of its rules really checks, as a sentence; `agreed` who has agreed to it, and when (ISO 8601).
    `guarded_by` are the controls whose removal, each alone, breaks it, `exposure` what lies open: None where that was not
    looked at.

    `verdict` is held, violated, not_challenged or error; `reason` says why where it needs one. `waived` is true only
    where a violation is covered by a waiver in force. `line` is where the requirement stands in its file;
    `notes` say what of it nothing tested.
    """

    requirement: str
    text: str
    owner: str
    severity: str
    line: int
    verdict: str
    source: str | None = None
    reason: str | None = None
    exercised: int = 0
    challenged: int = 0
    violations: int = 0
    stopped_by: dict[str, int] = {}
    waived: bool = False
    stale_waiver: bool = False
    waiver: Waiver | None = None
    notes: tuple[str, ...] = ()
    says: tuple[str, ...] = ()
    agreed: dict[str, str] = {}
    guarded_by: tuple[str, ...] | None = None
    exposure: tuple[Exposed, ...] | None = None
    scenarios: tuple[ScenarioVerdict, ...] = ()

    @property
    def witness(self) -> Witness | None:
        """The shortest witness among the runs that broke it; of equals one from a scenario that was written for it."""
        found = [
            (len(one.witness.events), not one.aimed, one.witness) for one in self.scenarios if one.witness is not None
        ]
        return min(found, key=lambda item: item[:2], default=(0, False, None))[2]


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """A run that gave no verdict, and why: it failed, or (where it was not made) what the design lacks for it."""

    scenario: str
    seed: int
    reason: str


class Assumption(msgspec.Struct, frozen=True, kw_only=True):
    """Something about production that every verdict rests on: what it is, and the value that was simulated.

    `owner` answers for it there; `confirmed` is `yes`, `no`, or the date (ISO 8601) it was confirmed on; empty: not said.
    """

    what: str
    value: str
    owner: str = ""
    confirmed: str = ""


class Population(msgspec.Struct, frozen=True, kw_only=True):
    """How many customers there really are; `kind` is measured, estimated or invented, `source` who says so."""

    customers: int
    source: str
    kind: str


class SystemResult(msgspec.Struct, frozen=True, kw_only=True):
    """Every requirement on one design; `system` is the path as it was written, `name` what the design calls itself.

    `applicable` are the ids of the misbehaviours that it has everything for; `population` how many customers there really
    are and who says so, where the system file does; `decisions` what the design decides where the specifications of the
    protocol leave it open.
    """

    system: str
    name: str
    verdicts: tuple[RequirementVerdict, ...]
    benign: Benign
    runs: int
    failures: tuple[Failure, ...] = ()
    not_applicable: tuple[Failure, ...] = ()
    assumptions: tuple[Assumption, ...] = ()
    applicable: tuple[str, ...] = ()
    population: Population | None = None
    fingerprint: str = ""
    decisions: dict[str, str] = {}


class RunResult(msgspec.Struct, frozen=True, kw_only=True):
    """The whole result. `today` is the date that waivers were held against; `requirements` the file as written.

    `controls` and `misbehaviours` are names by id; a `fingerprint` changes with what the result is about.
    """

    schema: str = SCHEMA
    requirements: str
    seed: int
    runs: int
    today: str | None
    without: tuple[str, ...]
    controls: dict[str, str]
    misbehaviours: dict[str, str] = {}
    fingerprint: str = ""
    systems: tuple[SystemResult, ...]

    def each(self) -> Iterator[tuple[SystemResult, RequirementVerdict]]:
        """Every verdict with its system."""
        return ((system, verdict) for system in self.systems for verdict in system.verdicts)


def replaced(result: RunResult, change: Callable[[SystemResult, RequirementVerdict], RequirementVerdict]) -> RunResult:
    """A result in which every verdict is what `change` makes of it."""
    systems = tuple(
        msgspec.structs.replace(system, verdicts=tuple(change(system, verdict) for verdict in system.verdicts))
        for system in result.systems
    )
    return msgspec.structs.replace(result, systems=systems)


def to_json(result: RunResult) -> str:
    """The result as JSON text, keys in the order of the records, ending with a newline."""
    return json.dumps(msgspec.to_builtins(result), indent=1, ensure_ascii=False) + "\n"


def run_schema() -> str:
    """The JSON Schema of a result, as text ending with a newline; further fields are allowed."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": SCHEMA,
        **msgspec.json.schema(RunResult),
    }
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


def from_json(text: str | bytes) -> RunResult:
    """A stored result; raises msgspec.ValidationError where it is not one."""
    return msgspec.json.decode(text, type=RunResult)
