"""Looking for one breach at a time loses none: with whole rules, and with everybody told apart, the answer is the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from harness.requirements import Rule
from harness.search import Found, explore
from harness.search.facets import Facet, alike, facets
from harness.trace import Vocabulary
from harness.world.mechanics.bounds import Bounds
from tests.search.worlds import insurance, reference, searched, tiny

CELLS = [("PRESENT", ""), ("PRESENT", "K06"), ("LOGOUT", "K09"), ("LOGOUT", ""), ("AGAIN", "K04"), ("AGAIN", "")]


def _answer(found: Found) -> tuple[Any, ...]:
    return _length(found), found.depth, found.complete


def _length(found: Found) -> int | None:
    return found.attack.length if found.attack else None


@pytest.mark.parametrize(("key", "control"), CELLS)
def test_facets_give_the_answer_of_the_whole_rule(key: str, control: str, monkeypatch: pytest.MonkeyPatch) -> None:
    without = (control,) if control else ()
    one_at_a_time = searched(tiny(), key, *without)

    def whole(number: int, rule: Rule, vocabulary: Vocabulary, *_: Any) -> list[Facet]:
        return [Facet(number, rule, vocabulary)]

    monkeypatch.setattr(explore, "facets", whole)
    at_once = searched(tiny(), key, *without)
    assert _length(at_once) == _length(one_at_a_time)
    assert at_once.complete
    assert one_at_a_time.complete
    assert one_at_a_time.depth <= at_once.depth, "what happens to others is an event only where the rule is about them"


@pytest.mark.parametrize(("key", "control"), CELLS)
def test_one_of_those_who_are_alike_is_enough(key: str, control: str, monkeypatch: pytest.MonkeyPatch) -> None:
    without = (control,) if control else ()
    one = searched(tiny(), key, *without)

    def everybody(system: Any, start: Any, rule: Any, people: Sequence[str]) -> Sequence[str]:
        return people

    monkeypatch.setattr(explore, "told_apart", everybody)
    assert _answer(searched(tiny(), key, *without)) == _answer(one)


def test_who_is_named_somewhere_is_not_alike() -> None:
    start = explore.first_world(insurance(), _controls())
    assert alike(insurance(), start, ("ana", "ben"))
    assert not alike(insurance(), start, ("ana", "cleo")), "cleo owns a policy with dan, and has given a mandate"
    assert not alike(insurance(), start, ("ana", "dan")), "dan lives in another region"


def test_the_facets_of_the_reference_requirements() -> None:
    of = reference()
    names = {}
    for one in of.requirements:
        names[one.id] = [
            str(facet)
            for number, rule in enumerate(one.rules)
            for facet in facets(number, rule, of.requirements.vocabulary, explore.bounds_for(of.system, rule), ["ana"])
        ]
    assert names["R1"] == ["rule 1, ana", "rule 2, ana"]
    assert names["R3"] == ["rule 1"]
    assert len(names["R2"]) == len(Bounds.of(of.system).providers) * 2
    assert names["R6"][:2] == ["rule 1, insurance_agent", "rule 1, third_party_agent"]


def _controls() -> Any:
    from harness.plan import Controls

    return Controls.of(insurance())
