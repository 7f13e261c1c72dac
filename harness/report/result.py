"""What a run found, as records: the one document that the table, the page, JUnit and SARIF are made of.

Its JSON form is `harness/run/1`: fields may be added, never change their meaning. It holds no clock and no judgement:
verdicts come from the judge, the date from whoever ran it. Counts are of events, times are in simulated milliseconds.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
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
    """Who accepts that a requirement is broken, why, and until which date (ISO 8601); `line` is its place."""

    reason: str
    owner: str
    expires: str
    line: int = 0


class RequirementVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """One requirement over all runs on one system.

    `says` is what each of its rules really checks, as a sentence; `agreed` who has agreed to it, and when (ISO 8601).

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
    """Something about production that every verdict rests on: what it is, and the value that was simulated."""

    what: str
    value: str


class SystemResult(msgspec.Struct, frozen=True, kw_only=True):
    """Every requirement on one design; `system` is the path as it was written, `name` what the design calls itself."""

    system: str
    name: str
    verdicts: tuple[RequirementVerdict, ...]
    benign: Benign
    runs: int
    failures: tuple[Failure, ...] = ()
    not_applicable: tuple[Failure, ...] = ()
    assumptions: tuple[Assumption, ...] = ()
    fingerprint: str = ""


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
