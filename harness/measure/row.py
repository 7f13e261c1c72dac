"""One run as one flat row of numbers: what sweeps store and frames hold. Every column has its meaning and unit here.

Numbers that a run does not have (nobody was denied, no task was completed, reach was not written) are None, never 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from harness.judge import RunVerdict
from harness.measure.cost import Cost, cost
from harness.measure.exposure import SLICES, exposure
from harness.measure.privilege import blast_radius, sent, standing, unused
from harness.measure.reach import Reach, reaches
from harness.measure.realised import realised
from harness.measure.windows import ALL_POINTS, Window, cut_off_sessions, windows
from harness.trace import Trace

Number = int | float | None
RUN_COLUMNS: dict[str, str] = {
    "duration_s": "how long the run was, in simulated seconds",
    "tasks": "honest tasks whose authority nothing ended",
    "completed": "those of them that were completed",
    "refused_calls": "honest calls finally refused although nothing had ended their authority",
    "challenge_round_trips": "refusals that the task answered: discovery, step-up, nonce, pending",
    "delay_mean_s": "from asking for a task to its end, mean over completed honest tasks, in seconds",
    "as_requests": "requests to authorization servers",
    "as_requests_per_s": "requests to authorization servers per second",
    "introspections": "requests to introspection endpoints",
    "introspections_per_s": "requests to introspection endpoints per second",
    "tokens": "tokens issued",
    "token_bytes": "bytes of a token, mean over those issued",
    "prompts": "prompts shown to people",
    "prompts_per_person_h": "prompts per hour of one person's presence",
    "innocent_sessions": "sessions that the denial of another agent cut off",
    "fields_per_needed": "fields that left APIs, for each one that the purpose needs",
    "categories_per_needed": "categories that reached LLM providers, for each one that the purpose needs",
}
"""Columns of every run."""

_EACH_SLICE = {
    "record_s": "record-seconds within reach",
    "people_s": "people-seconds within reach",
    "most_records": "most records within reach at one moment",
    "most_people": "most people within reach at one moment",
}
_OF_SLICE = {
    "total": "of agents, rightly or not",
    "after_departure": "in the name of people who had left",
    "after_logout": "with authority of sessions ended explicitly",
    "without_consent": "on to LLM providers without a consent",
    "foreign": "of records to which the person is not entitled",
    "after_denial": "of agents that an administrator had denied",
    "outside_tasks": "with no task under way",
}
REACH_COLUMNS: dict[str, str] = {
    **{f"{name}_{unit}": f"{what}, {_OF_SLICE[name]}" for name in SLICES for unit, what in _EACH_SLICE.items()},
    "time_to_deny_s": "from an administrator's decision to the last instant at which any enforcement point let the agent in",
    "time_to_deny_cut": "1 where the run ended before that, so that it is at least so long, else 0",
    "residual_s": "the same after a person's departure",
    "residual_cut": "1 where the run ended, or the person came back, before that",
    "logout_s": "the same after an explicit logout",
    "logout_cut": "1 where the run ended before that",
    "credential_s": "credential-seconds: usable credentials in the hands of agents, over time",
    "credential_idle_s": "those of them that stood while their task was not under way",
    "most_credentials": "most usable credentials at one moment",
    "blast_records": "different records within reach of one agent over the run, largest over agents",
    "blast_people": "different people within reach of one agent over the run, largest over agents",
    "unused_endpoints": "endpoints granted to an agent and not used honestly, summed over agents",
}
"""Columns of runs in which reach was written; in others they are None. The worst of several windows of a run counts."""

VERDICT_COLUMNS: dict[str, str] = {
    "requirement": "the requirement's id",
    "verdict": "what this run showed: held, violated, not_challenged, error",
    "exercised": "honest events of its kind that were fine",
    "challenged": "attacks that were stopped",
    "violations": "events that broke it",
    "people": "different people whose data or account the violations touched",
    "records": "different records that they touched",
    "first_s": "when it was first broken, in seconds from the start",
    "last_s": "when it was last broken",
    "stopped_by": "the controls that stopped attacks, each with how often, as in `K04:2 K07:1`",
}
"""Columns of what one run showed of one requirement."""


def per_pep(pep: str) -> str:
    """The column of the time to deny at one enforcement point, in seconds."""
    return f"time_to_deny_s.{pep}"


def run_row(trace: Trace, *, reach: bool, peps: Iterable[str] = ()) -> dict[str, Number]:
    """The columns of a run, and (with `reach`) those that come from its reach events."""
    found = _cost_row(cost(trace))
    found["innocent_sessions"] = len(cut_off_sessions(trace))
    found |= {f"{one.what}_per_needed": one.ratio for one in sent(trace)}
    columns = [*REACH_COLUMNS, *map(per_pep, peps)]
    return found | (_reach_row(trace, tuple(peps)) if reach else dict.fromkeys(columns))


def verdict_rows(trace: Trace, verdicts: Mapping[str, RunVerdict]) -> list[dict[str, Any]]:
    """A row for each requirement: what the run showed of it, and what its violations touched."""
    return [
        {
            "requirement": one.requirement,
            "verdict": verdicts[one.requirement].outcome.value,
            "exercised": verdicts[one.requirement].exercised,
            "challenged": verdicts[one.requirement].challenged,
            "violations": one.violations,
            "people": one.people,
            "records": one.records,
            "first_s": one.first_s,
            "last_s": one.last_s,
            "stopped_by": " ".join(f"{key}:{n}" for key, n in sorted(verdicts[one.requirement].stopped_by.items())),
        }
        for one in realised(trace, verdicts)
    ]


def _cost_row(found: Cost) -> dict[str, Number]:
    return {name: value for name, value in {**asdict(found), **asdict(found.benign)}.items() if name in RUN_COLUMNS}


def _reach_row(trace: Trace, peps: tuple[str, ...]) -> dict[str, Number]:
    ways = reaches(trace)
    row = _slices_row(trace, ways)
    doors = windows(trace, found=ways)
    for decision, name in (("denial", "time_to_deny"), ("departure", "residual"), ("logout", "logout")):
        worst = _worst(one for one in doors if one.decision == decision and one.pep == ALL_POINTS)
        row[f"{name}_s"] = worst.open_s if worst else None
        row[f"{name}_cut"] = int(not worst.ended) if worst else None
    for pep in peps:
        worst = _worst(one for one in doors if one.decision == "denial" and one.pep == pep)
        row[per_pep(pep)] = worst.open_s if worst else None
    usable, blast = standing(trace, found=ways), blast_radius(trace, found=ways)
    return row | {
        "credential_s": usable.credential_s,
        "credential_idle_s": usable.outside_tasks_s,
        "most_credentials": usable.most,
        "blast_records": max((one.records for one in blast), default=0),
        "blast_people": max((one.people for one in blast), default=0),
        "unused_endpoints": sum(len(one.unused) for one in unused(trace, found=ways)),
    }


def _slices_row(trace: Trace, ways: list[Reach]) -> dict[str, Number]:
    row: dict[str, Number] = {}
    for name, pick in SLICES.items():
        measured = exposure(list(pick(trace, ways)), slice_=name)
        row |= {f"{name}_{unit}": getattr(measured, unit) for unit in _EACH_SLICE}
    return row


def _worst(some: Iterable[Window]) -> Window | None:
    return max(some, key=lambda one: (one.open_s, not one.ended), default=None)
