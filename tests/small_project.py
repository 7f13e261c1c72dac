"""A small project on disk and a stand-in for the world, for tests of what surrounds the simulation.

`Project(tmp_path)` writes a system, a requirements file and scenarios; `play(monkeypatch, traces)` makes `simulate` give
hand-written traces by scenario, so that a test says itself what happened.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from harness.trace import Attempt, Cause, Event, Request, Route, Trace, Who

SYSTEM = """\
kind: system
name: tiny
people: {customers: [ana, ben]}
apis:
  records: {endpoints: {read: {scope: records.read, action: read, category: file}}}
agents:
  helper: {policy: {records: [records.read]}}
purposes: {care: {categories: [file]}}
tasks: {read: {tool: records.read, purpose: care}}
"""
OWN_RECORDS = """\
  - id: R4
    text: Nobody gets at a record of someone else.
    owner: compliance
    severity: critical
    never: data.accessed
    where: owner is known and user not in entitled
"""
NOT_AFTER_LOGOUT = """\
  - id: R9
    text: Nothing happens in a session after its logout.
    owner: product
    severity: high
    after: user.logged_out
    never: data.accessed
    same: [session]
"""
HELPER = Who("helper", "agent", user="ana", agent="helper", session="s1", task="t1")
ROUTE = Route("records", "records", "records.read")


class Project:
    """Files below a folder; paths are absolute unless the test changes into it."""

    def __init__(self, folder: Path, *requirements: str, scenarios: tuple[str, ...] = ("S01", "S18")) -> None:
        self.folder = folder
        (folder / "scenarios").mkdir(parents=True, exist_ok=True)
        (folder / "system.yaml").write_text(SYSTEM)
        self.write(*(requirements or (OWN_RECORDS,)))
        for name in scenarios:
            self.scenario(name)

    @property
    def file(self) -> Path:
        return self.folder / "requirements.yaml"

    def write(self, *requirements: str) -> None:
        self.file.write_text("system: system.yaml\nrequirements:\n" + "".join(requirements))

    def scenario(self, name: str, more: str = "") -> Path:
        path = self.folder / "scenarios" / f"{name}.yaml"
        path.write_text(f"kind: scenario\nid: {name}\ntitle: what happens in {name}\n{more}")
        return path


def access(
    event_id: int,
    owner: str = "ana",
    *,
    twist: str | None = None,
    stopped_by: tuple[str, ...] = (),
    time_ms: int = 1000,
) -> Event:
    """The helper, working for ana, reads somebody's file, or is stopped."""
    own = {"record": f"{owner}-1", "owner": owner, "entitled": (owner,), "category": "file", "action": "read"}
    return Event(
        "data.accessed",
        time_ms,
        event_id,
        HELPER,
        own,
        Request(f"q{event_id}", ROUTE),
        Attempt(stopped_by) if stopped_by else None,
        Cause("goal", twist),
    )


def trace(*events: Event, tasks: int = 1, completed: int = 1, refused: int = 0) -> Trace:
    benign = {"tasks": tasks, "completed": completed, "refused_calls": refused, "challenge_round_trips": 0}
    return Trace({"seed": 0}, list(events), {"benign": benign})


STOPPED = access(2, "ben", twist="T01", stopped_by=("K04",))
BROKEN = access(3, "ben", twist="T01", time_ms=2_500)
HONEST = access(1)


def play(monkeypatch: pytest.MonkeyPatch, traces: Mapping[str, Any]) -> list[str]:
    """Gives these instead of simulating: traces, exceptions to raise, or functions of system, controls and seed.

    Returns the ids of what was run.
    """
    played: list[str] = []

    def simulate(system: Any, controls: Any, scenario: Any, *, seed: int = 0, reach: bool = False) -> Trace:
        played.append(scenario.id)
        found = traces[scenario.id]
        if isinstance(found, Exception):
            raise found
        return found(system, controls, seed) if callable(found) else found

    monkeypatch.setattr("harness.suite.runs.simulate", simulate)
    monkeypatch.setattr("harness.suite.single.simulate", simulate)
    return played
