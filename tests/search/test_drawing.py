"""What Hypothesis draws and what the exploration finds agree where both come to an end; and what only drawing reaches."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from msgspec.structs import fields

from harness.plan import Controls, Scenario
from harness.search import search
from harness.search.drawing import Drawing, draw_attacks
from harness.search.misfortunes import ADVERSE, NONE, Misfortunes
from harness.search.saving import as_scenario
from harness.search.stops import breaks, replayed
from harness.search.telling import bound_text, sentence, steps_text
from harness.world.mechanics import commands, hostile
from tests.search.worlds import Files, files, found, insurance, reference, requirement, requirements, searched, tiny

HERE = Path(__file__).parent
RUNS = 200
TINY_CELLS = [
    (key, control)
    for key in ("LIST", "OTHERS", "LOGOUT", "PRESENT", "AGAIN")
    for control in ("", "K01", "K04", "K06", "K09")
]
TINY_BROKEN = [("LIST", "K06"), ("LIST", ""), ("OTHERS", "K04"), ("LOGOUT", "K09"), ("PRESENT", ""), ("AGAIN", "K04")]


def drawn(
    of: Files, key: str, *without: str, runs: int = RUNS, seed: int = 0, misfortunes: Sequence[Misfortunes] = (NONE,)
) -> Drawing:
    controls = Controls.of(of.system, without=without)
    return draw_attacks(
        of.system, controls, of.requirement(key), vocabulary=of.requirements.vocabulary, runs=runs, seed=seed,
        misfortunes=misfortunes,
    )  # fmt: skip


def larger() -> Files:
    return files("scenarios/systems/insurance.yaml", str(HERE / "larger_requirements.yaml"))


def told(drawing: Drawing) -> str:
    return "\n".join(steps_text(drawing.attack)) if drawing.attack else "none"


# ---------------------------------------------------------------- with the exploration


@pytest.mark.parametrize(("key", "control"), TINY_CELLS)
def test_both_engines_agree_where_both_finish(key: str, control: str) -> None:
    """On a system that exploration exhausts: what is drawn is found by it too, and where it ran dry nothing is drawn."""
    without = (control,) if control else ()
    drawing, explored = drawn(tiny(), key, *without), searched(tiny(), key, *without, depth=4)
    assert explored.attack is not None or explored.exhausted or explored.complete
    if explored.attack is None:
        assert drawing.attack is None, told(drawing)
        assert drawing.runs == RUNS
    if drawing.attack is not None:
        assert explored.attack is not None, told(drawing)


@pytest.mark.parametrize(("key", "control"), TINY_BROKEN)
def test_what_exploration_breaks_in_the_tiny_system_is_drawn(key: str, control: str) -> None:
    without = (control,) if control else ()
    assert searched(tiny(), key, *without, depth=4).attack is not None
    drawing = drawn(tiny(), key, *without, runs=1_000)
    assert drawing.attack is not None, f"{drawing.runs} runs, {drawing.decisions} decisions"


@pytest.mark.parametrize(("key", "control"), [("R4", "K04"), ("R3", "K03"), ("R2", "K10"), ("R6", "K16"), ("R1", "K07")])
def test_a_control_that_is_away_shows_in_what_is_drawn(key: str, control: str) -> None:
    drawing = drawn(reference(), key, control, runs=600)
    attack = drawing.attack
    assert attack is not None, f"{drawing.runs} runs, {drawing.decisions} decisions"
    vocabulary = requirements().vocabulary
    controls = Controls.of(insurance(), without=(control,))
    assert breaks(replayed(insurance(), controls, attack, requirement(key)), requirement(key), vocabulary), told(drawing)
    assert not breaks(replayed(insurance(), Controls.of(insurance()), attack, requirement(key)), requirement(key), vocabulary)


# ---------------------------------------------------------------- what a small world cannot hold


@pytest.mark.parametrize(
    ("key", "kind", "least"),
    [("many-reads", "data.accessed", 21), ("sums", "operation.completed", 1), ("old-consent", "consent.granted", 1),
     ("two-agents", "data.accessed", 2)],
)  # fmt: skip
def test_counts_sums_and_long_horizons_are_reached(key: str, kind: str, least: int) -> None:
    of = larger()
    drawing = drawn(of, key, runs=1_500)
    attack = drawing.attack
    assert attack is not None, f"{drawing.runs} runs, {drawing.decisions} decisions"
    assert sum(event.kind == kind and event.attempt is None for event in attack.events) >= least, told(drawing)
    trace = replayed(of.system, Controls.of(of.system), attack, of.requirement(key))
    assert breaks(trace, of.requirement(key), of.requirements.vocabulary), told(drawing)


def test_the_same_seed_draws_the_same() -> None:
    of = reference()
    first, again = (
        draw_attacks(of.system, Controls.of(of.system, without=("K05",)), of.requirement("R4"), runs=400, seed=3)
        for _ in range(2)
    )
    assert first.attack is not None
    assert (first.runs, first.decisions, first.challenged, told(first)) == (
        again.runs, again.decisions, again.challenged, told(again)
    )  # fmt: skip


def test_what_was_drawn_is_counted_and_can_be_cut_short() -> None:
    of = reference()
    drawing = draw_attacks(of.system, Controls.of(of.system), of.requirement("R6"), runs=80)
    assert (drawing.runs, drawing.complete) == (80, True)
    assert drawing.decisions > 80 * 20
    assert drawing.challenged > 0, "controls had something to stop"
    cut = draw_attacks(
        of.system, Controls.of(of.system), of.requirement("R6"), runs=80, go_on=lambda so_far: so_far.runs < 7
    )
    assert (cut.runs, cut.complete) == (7, False)


def test_an_attack_that_does_not_count_is_passed_over() -> None:
    of = reference()
    seen: list[int] = []

    def counts(attack: object) -> bool:
        seen.append(1)
        return len(seen) > 2

    controls = Controls.of(of.system, without=("K20",))
    drawing = draw_attacks(of.system, controls, of.requirement("R3"), runs=RUNS, counts=counts)
    assert drawing.attack is not None
    assert len(seen) == 3


def test_every_command_can_be_told() -> None:
    abstract = (commands.Command, commands.Step, commands.Deed)
    kinds = [
        one for module in (commands, hostile) for one in vars(module).values()
        if isinstance(one, type) and issubclass(one, commands.Command) and one not in abstract
    ]  # fmt: skip
    for kind in kinds:
        needed = [one.name for one in fields(kind) if one.required]
        given = {"items": (), "categories": (), "deed": commands.Arrive("ana")}
        made = kind(**{name: given.get(name, "x") for name in needed})
        assert sentence(made)


# ---------------------------------------------------------------- misfortunes


def test_what_needs_no_misfortune_is_told_without_one() -> None:
    attack = drawn(reference(), "R4", "K04", misfortunes=ADVERSE).attack
    assert attack is not None
    assert not attack.misfortunes.text


def test_what_rests_on_a_misfortune_names_it() -> None:
    """The reference system keeps R6 for as long as its signals arrive."""
    lost = next(one for one in ADVERSE if one.faults and one.faults[0].message == "agent_denied")
    drawing = drawn(reference(), "R6", misfortunes=(NONE, lost), runs=600)
    assert drawing.attack is not None
    assert drawing.attack.misfortunes == lost
    vocabulary = requirements().vocabulary
    trace = replayed(insurance(), Controls.of(insurance()), drawing.attack, requirement("R6"))
    assert breaks(trace, requirement("R6"), vocabulary)


def test_a_misfortune_of_a_scenario_befalls_the_search_and_the_replay() -> None:
    """Without the signal of a denial, an agent goes on with the token that it has."""
    lost = Misfortunes.of(
        Scenario.model_validate(
            {"kind": "scenario", "id": "X", "title": "x", "faults": [{"message": "agent_denied", "lose": True}]}
        )
    )
    assert lost in ADVERSE
    controls = Controls.of(insurance())
    result = search(
        insurance(), controls, requirement("R6"), vocabulary=requirements().vocabulary, depth=3, misfortunes=lost
    )
    assert result.attack is not None
    assert result.attack.misfortunes == lost
    assert "with `agent_denied` messages lost" in bound_text(result)
    assert as_scenario(result.attack, id="X", requirement="R6").faults == list(lost.faults)
    vocabulary = requirements().vocabulary
    assert breaks(replayed(insurance(), controls, result.attack, requirement("R6")), requirement("R6"), vocabulary)
    assert found("R6", depth=3).attack is None


def test_chance_has_no_part_in_a_search() -> None:
    scenario = Scenario.model_validate(
        {"kind": "scenario", "id": "X", "title": "x", "faults": [{"lose": True, "share": 0.5}]}
    )
    with pytest.raises(ValueError, match="without `share`"):
        Misfortunes.of(scenario)
