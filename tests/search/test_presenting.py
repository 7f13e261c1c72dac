"""What is not tried again loses nothing: with every answer taken for itself, and every credential, the attacks are as long."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest

from harness.search import Found, facets, presenting
from harness.search.errands import Errands
from harness.search.presenting import Presenting
from tests.search.worlds import Files, files, reference, searched, tiny

TINY = [("LIST", "K06"), ("LIST", "K20"), ("OTHERS", "K04"), ("OTHERS", ""), ("PRESENT", "K06"), ("LOGOUT", "K09"),
        ("LOGOUT", ""), ("AGAIN", "K04"), ("AGAIN", "")]  # fmt: skip
REFERENCE = [("R1", "K04"), ("R3", "K06"), ("R4", "K20"), ("R6", "K16"), ("R6", "K17")]
CELLS = [*((True, *one) for one in TINY), (False, *REFERENCE[0]),
         *(pytest.param(False, *one, marks=pytest.mark.slow) for one in REFERENCE[1:])]  # fmt: skip
"""The tiny system and the reference; most of the latter take long."""
ONE_BY_ONE: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "whoever comes is asked for each audience and scope": lambda patch: patch.setattr(
        presenting, "ABOUT_WHOM", frozenset()
    ),
    "no other credential does instead": lambda patch: patch.setattr(Presenting, "_same_again", lambda *_: False),
    "nothing is quiet": lambda patch: patch.setattr(Presenting, "_quiet", lambda *_: False),
    "each subject token is asked for each part": lambda patch: patch.setattr(
        Errands, "_gives_the_same", lambda *_: False
    ),
    "no way is closed": lambda patch: patch.setattr(presenting, "NO_WAY", "never said"),
    "no name is passing": lambda patch: patch.setattr(facets, "drawn_since", lambda *_: False),
}


def _answer(found: Found) -> tuple[int | None, int, bool]:
    return found.attack.length if found.attack else None, found.depth, found.complete


def _searched(of: Files, key: str, control: str) -> Found:
    return searched(of, key, *((control,) if control else ()), depth=3)


@cache
def _with_all(key: str, control: str, *, small: bool) -> tuple[int | None, int, bool]:
    return _answer(_searched(tiny() if small else reference(), key, control))


@pytest.mark.parametrize("less", ONE_BY_ONE)
@pytest.mark.parametrize(("small", "key", "control"), CELLS)
def test_the_answer_is_the_same(
    small: bool, key: str, control: str, less: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = _with_all(key, control, small=small)
    ONE_BY_ONE[less](monkeypatch)
    assert _answer(_searched(tiny() if small else reference(), key, control)) == expected


def test_help_under_a_passing_name_need_not_be_an_event(monkeypatch: pytest.MonkeyPatch) -> None:
    of = files("scenarios/systems/insurance_procedures.yaml", "scenarios/further/operators.yaml")
    expected = searched(of, "paid-after-review", "K32", depth=1).attack
    assert expected is not None
    ONE_BY_ONE["no name is passing"](monkeypatch)
    found = searched(of, "paid-after-review", "K32", depth=1).attack
    assert found is not None
    assert found.length == expected.length
