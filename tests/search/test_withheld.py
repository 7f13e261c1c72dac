"""Data that is not read at once: where a task can do less, or something else, after it has read."""

from __future__ import annotations

from functools import cache

import pytest

from harness.plan import Controls
from harness.search import Found
from harness.search.stops import breaks, replayed
from harness.search.telling import steps_text
from harness.search.withheld import Withholding
from tests.search.worlds import Files, files, reference, searched, tiny

FOUND = {"nothing-outside": ((), 0), "nothing-after-mail": (("K23",), 0), "only-about-oneself": (("K04",), 0),
         "not-about-two": (("K04",), 1), "about-mail-alone": ((), 1)}  # fmt: skip
"""What is taken away where a rule breaks, and after how many events."""
NEEDS_IT = ("nothing-outside", "only-about-oneself", "about-mail-alone")


@cache
def _of() -> Files:
    return files("tests/search/systems/untrusted.yaml", "tests/search/rules/untrusted.yaml")


def _found(key: str) -> Found:
    without, events = FOUND[key]
    return searched(_of(), key, *without, depth=events)


@pytest.mark.parametrize("key", FOUND)
def test_the_attack_is_found_after_so_many_events_and_replays(key: str) -> None:
    found, (without, events) = _found(key), FOUND[key]
    assert found.attack is not None
    assert found.depth == events, list(steps_text(found.attack))
    of = _of()
    trace = replayed(of.system, Controls.of(of.system, without=without), found.attack, of.requirement(key))
    assert breaks(trace, of.requirement(key), of.requirements.vocabulary)


@pytest.mark.parametrize("key", NEEDS_IT)
def test_with_everything_read_at_once_none_is_found(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Withholding, "may", lambda *_: False)
    assert _found(key).attack is None


def test_what_is_withheld_is_read_in_the_end() -> None:
    found = searched(_of(), "nothing-after-mail", depth=9)
    assert found.attack is None
    assert found.exhausted
    assert found.challenged > 0, "sending was tried after reading, and refused"


@pytest.mark.parametrize(("of", "key"), [(reference(), "R4"), (tiny(), "OTHERS")])
def test_nothing_is_withheld_where_nobody_minds(of: Files, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def looked(*_: object) -> None:
        raise AssertionError("whether a step brings what is withheld is not even looked at")

    monkeypatch.setattr(Withholding, "brought", looked)
    assert searched(of, key, depth=1).attack is None
