"""What is shut at the beginning and opens later: an attacker waits for it."""

from __future__ import annotations

from functools import cache

import pytest

from harness.plan import Controls
from harness.search.explore import first_world
from harness.search.opening import openings
from harness.search.stops import breaks, replayed
from harness.search.telling import steps_text
from tests.search.worlds import Files, files, searched

FIVE_HOURS_MS = 5 * 3_600_000


@cache
def _of() -> Files:
    return files("tests/search/systems/night.yaml", "tests/search/rules/night.yaml")


def test_the_next_opening_of_what_is_shut() -> None:
    of = _of()
    assert openings(first_world(of.system, Controls.of(of.system))) == [FIVE_HOURS_MS], "from nine until two"
    assert openings(first_world(of.system, Controls.of(of.system, without=["K31"]))) == []


def test_an_attacker_waits_until_it_opens() -> None:
    of = _of()
    attack = searched(of, "no-reports", depth=2).attack
    assert attack is not None
    told = list(steps_text(attack))
    assert "calls records.report" in told[-1]
    assert len(told) == 5, "waits, arrives, signs in, gives the task, which asks for the report"
    assert told[0] == "after 5h, ana arrives"
    trace = replayed(of.system, Controls.of(of.system), attack, of.requirement("no-reports"))
    assert breaks(trace, of.requirement("no-reports"), of.requirements.vocabulary)


def test_without_waiting_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.search.instants.openings", lambda world: [])
    assert searched(_of(), "no-reports", depth=2).attack is None
