"""What changed since an earlier result: nothing where nothing did, and each kind of change in a sentence."""

from __future__ import annotations

import msgspec
import pytest

from harness.report.page import changes
from harness.report.result import Assumption, RunResult
from tests.report.conftest import requirement, result_of

SHORT = (Assumption(what="home: access tokens live at most", value="2 minutes"),)
LONG = (Assumption(what="home: access tokens live at most", value="1 hour"),)


def test_the_same_result_has_not_changed(sample: RunResult) -> None:
    assert changes(sample, sample) == []


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (
            {"verdict": "held"},
            {"verdict": "violated"},
            "R1: was kept in every attempt we made, is broken in the simulation",
        ),
        ({"text": "old"}, {"text": "new"}, "R1: the sentence changed; it was “old”"),
        ({"says": ("a",)}, {"says": ("b",)}, "R1: what the rule checks changed"),
        ({"owner": "ceo"}, {"owner": ""}, "R1: owner was ceo, is nobody"),
        ({"challenged": 9}, {"challenged": 4}, "R1: less was tried: 4 attacks stopped, before 9"),
        ({"guarded_by": ("K04",)}, {"guarded_by": ()}, "R1: rests on no single control, before on K04"),
    ],
)
def test_each_change_is_a_sentence(before: dict[str, object], after: dict[str, object], said: str) -> None:
    one = {"name": "R1", "verdict": "held"}
    found = changes(result_of(requirement(**(one | before))), result_of(requirement(**(one | after))))  # type: ignore[arg-type]  # any field
    assert found == [said]


def test_requirements_come_and_go() -> None:
    found = changes(result_of(requirement("R1", "held")), result_of(requirement("R2", "not_challenged")))
    assert found == [
        "R2 is new: not tested: no verdict",
        "R1 is no longer there (was kept in every attempt we made)",
    ]


def test_settings_that_verdicts_rest_on_are_compared() -> None:
    one = requirement("R1", "held")
    assert changes(result_of(one, assumptions=SHORT), result_of(one, assumptions=LONG)) == [
        "home: access tokens live at most: was 2 minutes, is 1 hour"
    ]
    assert changes(
        result_of(one, assumptions=SHORT), result_of(one, assumptions=(*SHORT, Assumption(what="x", value="y")))
    ) == ["newly assumed: x, y"]


def test_results_that_were_made_differently_say_so_first(sample: RunResult) -> None:
    other = msgspec.structs.replace(sample, seed=8, without=("K04",))
    assert changes(sample, other) == [
        "the two were made differently: seed was 7 and is 8",
        "the two were made differently: controls taken away was none and is K04",
    ]
