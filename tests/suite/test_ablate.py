"""Taking controls away: what counts as broken, how it is held against the prediction, and the shipped matrix itself."""

from __future__ import annotations

import os
import shlex
from dataclasses import replace
from functools import cache
from pathlib import Path

import msgspec
import pytest

from harness.cli.ablate import AblateOptions, command
from harness.plan.expected import Blocked, Explanation, Prediction, Shown, expected_catalogue
from harness.suite import differences
from harness.suite.ablate import Ablation, Removal, ablate
from harness.suite.differences import Comparison, compare_with_prediction, shown
from harness.suite.graded import grades
from harness.suite.matrix import Result, document, markdown, notes, rows
from harness.trace import STANDARD, Attempt, Trace
from tests.small_project import BROKEN, HONEST, STOPPED, Project, access, play, trace

ROOT = Path(__file__).parent.parent.parent
EXPECTED = {
    "K01": "R3", "K02": "R3", "K03": "R3 R5", "K04": "R4", "K05": "R4", "K06": "R3 R4 R6", "K07": "R1", "K08": "R1",
    "K09": "R1", "K10": "R2", "K11": "R2", "K12": "R5", "K13": "R5", "K14": "R1 R5", "K15": "R5", "K16": "R6",
    "K17": "R2 R6", "K18": "R6", "K19": "R6", "K20": "R4",
}  # fmt: skip


PAGES = ("matrix.md", "matrix_variants.md")


@cache
def made_again(page: str) -> tuple[Result, ...]:
    """The matrices of a page in docs, made as its own head says."""
    options = command_of(page)
    here = os.getcwd()
    os.chdir(ROOT)
    try:
        found = ablate(options.requirements, systems=options.systems or None)
        return tuple(result_of(one, options) for one in found)
    finally:
        os.chdir(here)


@pytest.fixture
def shipped() -> tuple[Result, ...]:
    return made_again(PAGES[0])


def text_of(page: str) -> str:
    return (ROOT / "docs" / page).read_text(encoding="utf-8")


def command_of(page: str) -> AblateOptions:
    words = shlex.split(text_of(page).split("Made by `")[1].split("`")[0])
    systems = tuple(words[n + 1] for n, word in enumerate(words) if word == "--system")
    return AblateOptions(
        requirements="requirements.yaml", systems=systems, exposure="--exposure" in words, markdown=words[-1]
    )


def result_of(ablation: Ablation, options: AblateOptions) -> Result:
    graded = grades(ablation.project, ablation.design) if options.exposure else ()
    return Result(ablation, compare_with_prediction(ablation), graded)


# ---------------------------------------------------------------- the shipped matrix


def test_requirement_by_control_the_matrix_is_the_expected_one(
    shipped: tuple[Result, ...],
) -> None:
    ablation, comparison, _ = shipped[0]
    assert comparison is not None
    assert {one.without[0]: " ".join(sorted(one.broken)) for one in ablation.removals} == EXPECTED
    assert comparison.cells == ()
    assert set(ablation.baseline.verdicts.values()) == {"held"}


def test_every_difference_in_a_scenario_has_a_reason_that_its_trace_shows(
    shipped: tuple[Result, ...],
) -> None:
    for _, comparison, _ in shipped:
        assert comparison is None or comparison.unexplained == ()


def test_every_explanation_is_needed(shipped: tuple[Result, ...]) -> None:
    for ablation, comparison, _ in shipped:
        if comparison is not None:
            used = {(one.without, one.scenario, one.requirement) for one in comparison.scenarios}
            said = {(tuple(one.without), one.scenario, one.requirement) for one in comparison.prediction.explained}
            assert said <= used, f"{ablation.design.system.name}: explains what does not differ"


def test_each_control_alone_keeps_some_attack_out_and_each_requirement_is_guarded(
    shipped: tuple[Result, ...],
) -> None:
    ablation = shipped[0].ablation
    assert set(ablation.sole_blockers) == set(EXPECTED)
    assert all(ablation.guards.values())
    assert ablation.redundant == ()


def test_approval_channel_and_binding_stand_in_for_each_other(
    shipped: tuple[Result, ...],
) -> None:
    ablation = shipped[0].ablation
    together = {one.without: ablation.only_together(one) for one in ablation.pairs}
    assert together[("K12", "K13")] == ("M36c", "S23")
    assert [one.controls for one in expected_catalogue().pairs] == [list(pair) for pair in together]


def test_taking_two_away_breaks_whatever_one_did(shipped: tuple[Result, ...]) -> None:
    for ablation, _, _ in shipped:
        alone = {one.without[0]: one for one in ablation.removals}
        for pair in ablation.pairs:
            for control in pair.without:
                for requirement, scenarios in alone[control].broken.items():
                    assert set(scenarios) <= set(pair.broken.get(requirement, ())), (pair.without, control)


def test_without_both_of_a_graded_pair_no_less_lies_open_than_without_either(shipped: tuple[Result, ...]) -> None:
    graded = [one for result in shipped for one in result.grades]
    assert {one.pair for one in graded} == {("K07", "K08"), ("K17", "K18"), ("K09", "K17")}
    for one in graded:
        numbers = (one.with_both, one.without_first, one.without_second, one.without_both)
        assert None not in numbers
        assert one.with_both <= min(numbers[1:3]) <= max(numbers[1:3]) <= one.without_both, one
    short = next(one for one in graded if one.pair == ("K07", "K08"))
    assert short.without_both > 2 * max(short.without_first, short.without_second)  # what a verdict does not show


@pytest.mark.parametrize("page", PAGES)
def test_the_page_says_what_is_found(page: str) -> None:
    options = command_of(page)
    assert text_of(page) == markdown(made_again(page), command=command(options)), f"make it again: {command(options)}"


def test_asking_the_server_about_every_token_leaves_session_end_signals_and_audiences_idle() -> None:
    ablation = next(one.ablation for one in made_again(PAGES[1]) if "introspection" in one.ablation.design.shown)
    assert set(ablation.baseline.verdicts.values()) == {"held"}
    assert set(ablation.redundant) == {"K01", "K09"}
    pair = next(one for one in ablation.pairs if one.without == ("K09", "K17"))
    assert "S01" in ablation.only_together(pair)


def test_the_hardened_insurer_shows_what_has_become_redundant() -> None:
    ablation = next(one.ablation for one in made_again(PAGES[1]) if "hardened" in one.ablation.design.shown)
    assert set(ablation.baseline.verdicts.values()) == {"held"}
    removals = {one.without[0]: one for one in ablation.removals}
    assert {"K16", "K20"} <= set(ablation.redundant)
    assert "K22" in removals["K16"].taken_over
    assert "S11" not in removals["K02"].scenarios, "the ceiling of the grant takes it over"
    assert "S04" not in removals["K08"].scenarios, "the ceiling of the grant takes it over"


# ---------------------------------------------------------------- what counts as broken


BREAKS = trace(HONEST, BROKEN)


def needs(*controls: str, otherwise: Trace = BREAKS) -> object:
    """A run in which the attack is stopped while all of these controls are on."""

    def run(system: object, on: object, seed: int) -> Trace:
        active = on.active()  # type: ignore[attr-defined]  # the controls that the stand-in for the world is given
        return trace(HONEST, STOPPED) if set(controls) <= set(active) else otherwise

    return run


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.chdir(tmp_path)
    found = Project(tmp_path)
    system = found.folder / "system.yaml"
    system.write_text(system.read_text() + "controls: {K04: on, K05: on, K12: on, K13: on}\n")
    for name in ("S01", "S18"):
        found.scenario(name, "visits: [{user: A, tasks: [{twist: T01}]}]\n")
    return found


def one_ablation(monkeypatch: pytest.MonkeyPatch, traces: dict[str, object]) -> Ablation:
    play(monkeypatch, traces)
    (found,) = ablate("requirements.yaml")
    return found


def removal(ablation: Ablation, *controls: str) -> Removal:
    return next(one for one in (*ablation.removals, *ablation.pairs) if one.without == controls)


def test_a_control_without_which_a_run_breaks_is_its_sole_blocker(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = one_ablation(monkeypatch, {"S01": trace(HONEST, STOPPED), "S18": needs("K04")})
    assert removal(found, "K04").broken == {"R4": ("S18",)}
    assert removal(found, "K04").verdicts == {"R4": "violated"}
    assert found.sole_blockers == {"K04": ("S18",)}
    assert found.guards == {"R4": ("K04",)}
    assert found.redundant == ("K05", "K12", "K13")


def test_what_was_broken_before_is_not_broken_by_a_removal(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    found = one_ablation(monkeypatch, {"S01": trace(HONEST, BROKEN), "S18": needs("K04")})
    assert found.baseline.verdicts == {"R4": "violated"}
    assert removal(found, "K05").broken == {}
    assert removal(found, "K04").scenarios == ("S18",)


def test_a_pair_shows_what_neither_removal_does(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def either(system: object, on: object, seed: int) -> Trace:
        active = set(on.active())  # type: ignore[attr-defined]  # the controls that the stand-in for the world is given
        return trace(HONEST, STOPPED) if active & {"K12", "K13"} else trace(HONEST, BROKEN)

    found = one_ablation(monkeypatch, {"S01": trace(HONEST), "S18": either})
    assert found.only_together(removal(found, "K12", "K13")) == ("S18",)
    assert {"K12", "K13"} <= set(found.redundant)


def test_without_a_control_others_may_do_its_work(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    by_another = trace(HONEST, access(2, "ben", twist="T01", stopped_by=("K05",)))
    found = one_ablation(monkeypatch, {"S01": trace(HONEST), "S18": needs("K04", otherwise=by_another)})
    assert removal(found, "K04").taken_over == {"K05": 1}
    assert "K04 breaks nothing when taken away alone; its work is done by K05 (1 attack)" in notes(Result(found))


def test_a_control_that_others_come_before_is_said_to_be_second(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped = access(2, "ben", twist="T01", stopped_by=("K04",))
    first = trace(HONEST, msgspec.structs.replace(stopped, attempt=Attempt(("K04",), ("K05",))))
    found = one_ablation(monkeypatch, {"S01": trace(HONEST), "S18": first})
    said = list(notes(Result(found)))
    assert "K05 breaks nothing when taken away alone; others come first, it would have stopped 1 attack as well" in said
    assert "K12 breaks nothing when taken away alone; no attack here was for it to stop" in said
    assert document([Result(found)])["redundant"]["K05"] == {"taken_over_by": {}, "second_to_others": 1}


def test_a_failed_run_is_a_failed_cell_and_never_an_empty_one(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(system: object, on: object, seed: int) -> Trace:
        if "K05" not in on.active():  # type: ignore[attr-defined]  # the controls that the stand-in for the world is given
            raise KeyError("ana")
        return trace(HONEST, STOPPED)

    found = one_ablation(monkeypatch, {"S01": trace(HONEST), "S18": fails})
    assert found.failed
    assert removal(found, "K05").verdicts == {"R4": "error"}
    assert [cells[1] for cells in rows(found) if cells[0].startswith("K05")] == ["failed"]
    assert list(document([Result(found)])["failures"]) == ["K05"]


def test_a_removal_after_which_nothing_is_tested_is_marked(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    found = one_ablation(monkeypatch, {"S01": trace(HONEST), "S18": needs("K04", otherwise=trace(HONEST))})
    assert [cells[1] for cells in rows(found) if cells[0].startswith("K04")] == ["?"]


def test_a_design_that_refuses_everyone_does_not_look_safe(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = trace(STOPPED, completed=0, refused=1)
    found = one_ablation(monkeypatch, {"S01": refused, "S18": refused})
    assert [cells[1] for cells in rows(found)] == ["not tested", "?", "?", "?", "?", "?"]
    said = list(notes(Result(found)))
    assert said[0].endswith("THIS DESIGN DOES NO HONEST WORK AT ALL: refusing everyone is not safety")
    assert "R4: not tested here, so nothing says what guards it" in said
    assert document([Result(found)])["benign"]["completed"] == 0


def test_what_is_broken_with_all_controls_on_has_no_guard(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = trace(HONEST, BROKEN)
    found = one_ablation(monkeypatch, {"S01": broken, "S18": broken})
    assert "R4: broken with all its controls on, so nothing here guards it" in notes(Result(found))


# ---------------------------------------------------------------- against a prediction


def predict(monkeypatch: pytest.MonkeyPatch, blocked_by: list[str], explained: list[Explanation] | None = None) -> None:
    prediction = Prediction(
        system="tiny",
        source="this test",
        controls=["K04", "K05", "K12", "K13"],
        scenarios={"S18": Blocked(breaks=["R4"], blocked_by=[blocked_by])},
        explained=explained or [],
    )
    monkeypatch.setattr(differences, "prediction_for", lambda name, controls: prediction)


def held_against(monkeypatch: pytest.MonkeyPatch, run: object) -> Comparison:
    traces = {"S01": trace(HONEST, STOPPED), "S18": run}

    def simulate(system: object, controls: object, scenario: object, *, seed: int = 0) -> Trace:
        found = traces[scenario.id]  # type: ignore[attr-defined]  # a scenario
        return found(system, controls, seed) if callable(found) else found

    monkeypatch.setattr(differences, "simulate", simulate)
    found = compare_with_prediction(one_ablation(monkeypatch, traces))
    assert found is not None
    return found


def explanation(**fields: object) -> Explanation:
    return Explanation(
        without=["K05"],
        scenario="S18",
        requirement="R4",
        reason="the handle is checked nowhere else",
        shown_by=Shown(kind="data.accessed", fields=dict(fields)),
    )


def test_a_matrix_as_predicted_differs_nowhere(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    predict(monkeypatch, ["K04"])
    found = held_against(monkeypatch, needs("K04"))
    assert (found.cells, found.scenarios, found.unpredicted) == ((), (), {})


def test_a_break_that_nobody_predicted_stands_unexplained_with_its_trace(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    predict(monkeypatch, ["K04"])
    found = held_against(monkeypatch, needs("K04", "K05"))
    (cell,) = found.cells
    assert (cell.without, cell.requirement, cell.expected, cell.found) == (("K05",), "R4", "held", "violated")
    assert not cell.explained
    assert cell.trace.replay == "harness replay S18 --seed 0 --without K05"
    assert [event["owner"] for event in cell.trace.events] == ["ben"]
    assert found.unexplained


def test_an_explanation_counts_where_its_trace_shows_it(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    predict(monkeypatch, ["K04"], [explanation(owner="ben")])
    found = held_against(monkeypatch, needs("K04", "K05"))
    assert found.unexplained == ()
    assert found.cells[0].reason == "the handle is checked nowhere else"


def test_an_explanation_that_the_trace_does_not_show_is_none(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    predict(monkeypatch, ["K04"], [explanation(owner="ana")])
    found = held_against(monkeypatch, needs("K04", "K05"))
    assert [one.explained for one in (*found.cells, *found.scenarios)] == [False, False]


def test_a_predicted_break_that_does_not_come_shows_what_stopped_it(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    predict(monkeypatch, ["K04", "K05"])
    found = held_against(monkeypatch, needs("K04"))
    (cell,) = found.cells
    assert (cell.without, cell.expected, cell.found, cell.explained) == (("K05",), "violated", "held", False)
    assert cell.trace.events[0]["stopped_by"] == ("K04",)


def test_scenarios_that_the_prediction_does_not_speak_of_are_told_apart(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    predict(monkeypatch, ["K04"])
    monkeypatch.setattr(differences, "simulate", lambda *_, **__: trace(HONEST, BROKEN))
    found = compare_with_prediction(one_ablation(monkeypatch, {"S01": needs("K04"), "S18": needs("K04")}))
    assert found is not None
    assert found.unpredicted == {"K04": ("S01",)}
    assert found.scenarios == ()


@pytest.mark.parametrize(
    ("wanted", "fits"),
    [
        (Shown(kind="data.accessed", fields={"owner": "ben"}), True),
        (Shown(kind="data.accessed", fields={"owner": "ben", "entitled": "ben"}), True),
        (Shown(kind="data.accessed", honest=True, fields={"owner": "ben"}), False),
        (Shown(kind="data.accessed", fields={"owner": "cleo"}), False),
        (Shown(kind="token.issued"), False),
    ],
)
def test_what_a_trace_shows(wanted: Shown, fits: bool) -> None:
    assert shown(wanted, [BROKEN, replace_owner()], STANDARD) is fits


def replace_owner() -> object:
    """Another breaking event of the same kind: all of them must be as the explanation says."""
    return access(9, "ben", twist="T01")


def test_the_document_keeps_its_schema(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    found = one_ablation(monkeypatch, {"S01": trace(HONEST), "S18": needs("K04")})
    told = document([Result(found)])
    assert told["schema"] == "harness/ablate/1"
    assert told["baseline"] == {"R4": "held"}
    assert told["matrix"]["K04"] == {"R4": "violated"}
    assert told["scenarios"] == {"K04": ["S18"], "K05": [], "K12": [], "K13": []}
    assert (told["differences"], told["predicted"], told["runs"]) == ({}, False, 12)
    both = document([Result(found), Result(replace(found, seed=3))])
    assert [one["seed"] for one in both["systems"]] == [0, 3]
