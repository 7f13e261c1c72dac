"""How strong a verdict is: nothing is said to carry it that was not tried."""

from __future__ import annotations

from harness.report.page.strength import Search, strength
from tests.report.conftest import NAMES, requirement, result_of, scenario

ATTACKED = (
    scenario("held", "S01", challenged=3, misbehaviours=("T13",)),
    scenario("not_challenged", "S02", misbehaviours=("T14",)),
)


def told(
    searches: tuple[Search, ...] = (), *, verdict: str = "held", applicable: tuple[str, ...] = (), **more: object
) -> list[str]:
    one = requirement("R1", verdict, scenarios=ATTACKED, **more)
    return strength(result_of(one, applicable=applicable).systems[0], one, NAMES, searches)


def test_misbehaviours_are_those_that_attacked_of_those_that_apply() -> None:
    assert told(applicable=("T13", "T14", "T15"))[0] == (
        "Attacked by 1 kind of misbehaviour of the 3 that apply to this system, in 1 scenario"
    )


def test_what_a_kept_verdict_rests_on() -> None:
    assert (
        told(guarded_by=("K04",))[1] == "Rests on object-level authorization (K04): without it the requirement breaks"
    )
    assert told(guarded_by=())[1].startswith("No single control carries it")
    assert told()[1] == "Which controls it rests on was not looked at"
    assert len(told(verdict="violated")) == 1


def test_a_search_says_how_far_it_went_and_that_it_was_cut_short() -> None:
    dry = Search(requirement="R1", attack=None, depth=7, complete=True, states=1200)
    cut = Search(requirement="R1", attack=None, depth=3, complete=False, states=9)
    other = Search(requirement="R2", attack=None, depth=9, complete=True, states=9)
    elsewhere = Search(requirement="R1", attack=None, depth=9, complete=True, states=9, system="other.yaml")
    assert told((dry, other, elsewhere))[2:] == [
        "A search over all decisions found no attack within 7 events of a small world (1,200 states)"
    ]
    assert told((cut,))[2].endswith("it was cut short after that")


def test_a_search_may_have_seen_everything_or_nothing() -> None:
    dry = Search(requirement="R1", attack=None, depth=9, complete=True, states=9, exhausted=True)
    idle = Search(requirement="R1", attack=None, depth=4, complete=True, states=9, challenged=0)
    assert "found no attack of any length in a small world" in told((dry,))[2]
    assert told((idle,))[2].endswith("that says nothing")


def test_a_search_that_found_an_attack_takes_the_kept_verdict_down() -> None:
    found = Search(requirement="R1", attack=["a", "b"], depth=2, complete=True, states=9)
    assert told((found,))[2] == "A search over all decisions found an attack of 2 steps: do not rely on a kept verdict"
