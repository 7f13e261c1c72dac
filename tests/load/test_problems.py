"""Suggestions: near words are found, far ones are not; and a list of mistakes is sorted and survives a pickle."""

from __future__ import annotations

import pickle

import pytest

from harness.load import Problem, ProblemList, did_you_mean, nearest
from harness.load.problems import slips

KNOWN = ["owner", "user", "entitled", "actor_type", "is", "in"]


@pytest.mark.parametrize(
    ("word", "meant"),
    [("ownr", "owner"), ("onwer", "owner"), ("owwner", "owner"), ("OWNER", "owner"), ("actortype", "actor_type"),
     ("s", "is"), ("zzz", None), ("", None), ("x" * 10_000, None)],
)  # fmt: skip
def test_nearest(word: str, meant: str | None) -> None:
    assert nearest(word, KNOWN) == meant


@pytest.mark.parametrize(
    ("left", "right", "distance"),
    [("abc", "abc", 0), ("abc", "acb", 1), ("abc", "ab", 1), ("abc", "xyz", 3), ("", "ab", 2)],
)
def test_slips(left: str, right: str, distance: int) -> None:
    assert slips(left, right, 3) == slips(right, left, 3) == distance
    assert slips(left, right, 0) == min(distance, 1)


def test_without_a_near_word_a_few_are_listed_and_many_are_not() -> None:
    assert did_you_mean("zzzzz", ["b", "a"]) == "known: `a`, `b`"
    assert did_you_mean("zzzzz", [f"word{n}" for n in range(50)]) is None


def test_a_list_of_problems() -> None:
    late, early = Problem("f", 9, 1, "late"), Problem("f", 2, 5, "early", "do this", "warning")
    found = ProblemList([late, early, late])
    assert str(found) == "f:2:5: warning: early; do this\nf:9:1: late"
    assert (found.errors, found.warnings) == ((late,), (early,))
    assert pickle.loads(pickle.dumps(found)).problems == found.problems
