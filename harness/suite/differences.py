"""Where an ablation differs from the prediction, and whether its trace shows the reason that was given.

An explanation counts only where the breaking events of the run, made again, are as it says; else the difference stands
unexplained. Scenarios that the prediction does not speak of are compared only where nothing misbehaves in them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from harness.judge import RunVerdict
from harness.plan.expected import Explanation, Prediction, Shown, prediction_for
from harness.report.story import story
from harness.suite.ablate import Ablation, Removal, Removed, without
from harness.suite.suite import control_names, replay_command
from harness.trace import Event, Trace, Vocabulary, flat
from harness.world import simulate

MOST_EVENTS = 6
MISSING = "the attack that was expected to succeed was stopped, or was not made; nobody has said why"
SURPLUS = "nobody has said why"


@dataclass(frozen=True)
class Evidence:
    """What shows who is right: the events of one run, as records and as sentences, and the command that replays it."""

    scenario: str
    seed: int
    events: tuple[dict[str, Any], ...]
    story: tuple[str, ...]
    replay: str


@dataclass(frozen=True)
class Difference:
    """One cell, or one scenario in it, that is not as predicted. `explained`: a reason was given and its trace shows it."""

    without: Removed
    requirement: str
    scenario: str
    expected: str
    found: str
    reason: str
    explained: bool
    trace: Evidence


@dataclass(frozen=True)
class Comparison:
    """A matrix held against its prediction: whole cells that differ, and single scenarios in cells.

    `unpredicted` are the scenarios that broke something and of which the prediction does not speak.
    """

    prediction: Prediction
    cells: tuple[Difference, ...]
    scenarios: tuple[Difference, ...]
    unpredicted: Mapping[str, tuple[str, ...]]

    @property
    def unexplained(self) -> tuple[Difference, ...]:
        return tuple(one for one in (*self.cells, *self.scenarios) if not one.explained)


def compare_with_prediction(ablation: Ablation) -> Comparison | None:
    """The matrix held against what was predicted for this design; None where nobody predicted anything."""
    design = ablation.design
    prediction = prediction_for(design.system.name, design.controls.active())
    if prediction is None:
        return None
    removals = (*ablation.removals, *ablation.pairs)
    scenarios = [one for removal in removals for one in _in_scenarios(ablation, prediction, removal)]
    cells = [one for removal in removals for one in _in_cells(ablation, prediction, removal, scenarios)]
    unpredicted = {
        "+".join(removal.without): tuple(
            name for name in removal.scenarios if not _spoken_of(ablation, prediction, name)
        )
        for removal in removals
    }
    return Comparison(
        prediction, tuple(cells), tuple(scenarios), {key: names for key, names in unpredicted.items() if names}
    )


def shown(wanted: Shown, events: Iterable[Event], vocabulary: Vocabulary) -> bool:
    """Whether there are events of the kind among these, and each of them is as it should be."""
    of_kind = [event for event in events if event.kind == wanted.kind]
    return bool(of_kind) and all(_like(wanted, event, vocabulary) for event in of_kind)


def _like(wanted: Shown, event: Event, vocabulary: Vocabulary) -> bool:
    row = flat(event, vocabulary)
    honest = event.cause is None or event.cause.twist is None
    return (honest or not wanted.honest) and all(_has(row.get(name), value) for name, value in wanted.fields.items())


def _has(found: Any, value: Any) -> bool:
    return value in found if isinstance(found, (list, tuple)) else found == value


def _spoken_of(ablation: Ablation, prediction: Prediction, scenario: str) -> bool:
    return scenario in prediction.scenarios or scenario in ablation.honest


def _in_scenarios(ablation: Ablation, prediction: Prediction, removal: Removal) -> Iterator[Difference]:
    expected = prediction.broken(removal.without)
    run = {scenario.id for scenario in ablation.project.scenarios}
    for requirement in ablation.requirements:
        if requirement not in prediction.requirements:
            continue
        foreseen = run.intersection(expected.get(requirement, ()))
        found = {name for name in removal.broken.get(requirement, ()) if _spoken_of(ablation, prediction, name)}
        for scenario in sorted(foreseen ^ found):
            yield _difference(ablation, prediction, removal, requirement, scenario, surplus=scenario in found)


def _in_cells(
    ablation: Ablation, prediction: Prediction, removal: Removal, scenarios: Sequence[Difference]
) -> Iterator[Difference]:
    """Cells that differ as a whole, each with the reason and the trace of one of its scenarios."""
    expected = prediction.broken(removal.without)
    for requirement in ablation.requirements:
        broken = requirement in removal.broken
        if requirement not in prediction.requirements or broken == (requirement in expected):
            continue
        own = [one for one in scenarios if (one.without, one.requirement) == (removal.without, requirement)]
        first = own[0] if own else _of_an_unpredicted(ablation, prediction, removal, requirement)
        yield replace(
            first,
            expected="held" if broken else "violated",
            found=removal.verdicts[requirement],
            explained=bool(own) and all(one.explained for one in own),
        )


def _of_an_unpredicted(ablation: Ablation, prediction: Prediction, removal: Removal, requirement: str) -> Difference:
    scenario = (*removal.broken.get(requirement, ()), *prediction.broken(removal.without).get(requirement, ()))[0]
    return _difference(ablation, prediction, removal, requirement, scenario, surplus=requirement in removal.broken)


def _difference(
    ablation: Ablation, prediction: Prediction, removal: Removal, requirement: str, scenario: str, *, surplus: bool
) -> Difference:
    said = _said(prediction, removal.without, scenario=scenario, requirement=requirement)
    evidence, breaking = _evidence(ablation, removal, requirement, scenario)
    vocabulary = ablation.design.requirements.vocabulary
    explained = said is not None and shown(said.shown_by, breaking, vocabulary)
    return Difference(
        without=removal.without,
        requirement=requirement,
        scenario=scenario,
        expected="held" if surplus else "violated",
        found="violated" if surplus else "held",
        reason=said.reason.strip() if said is not None and explained else (SURPLUS if surplus else MISSING),
        explained=explained,
        trace=evidence,
    )


def _said(prediction: Prediction, removed: Removed, *, scenario: str, requirement: str) -> Explanation | None:
    """The explanation for these controls, or for one of them: what one removal opens stays open without the other."""
    for controls in (removed, *((one,) for one in removed)):
        found = prediction.explanation(controls, scenario=scenario, requirement=requirement)
        if found is not None:
            return found
    return None


def _evidence(ablation: Ablation, removal: Removal, requirement: str, scenario: str) -> tuple[Evidence, list[Event]]:
    """The run made again: the events that break the requirement, or where none does the attacks that were stopped."""
    variant = without(ablation.project, ablation.design, removal.without)
    chosen = next(one for one in ablation.project.scenarios if one.id == scenario)
    trace = simulate(variant.system, variant.controls, chosen, seed=ablation.seed)
    events = _telling(trace, variant.judge.judge(trace)[requirement])
    vocabulary = variant.requirements.vocabulary
    removed = (*ablation.project.without, *removal.without)
    command = replay_command(replace(ablation.project, without=removed), variant, scenario, ablation.seed)
    first = events[:MOST_EVENTS]
    rows = tuple(flat(event, vocabulary) for event in first)
    return Evidence(scenario, ablation.seed, rows, story(first, control_names(), vocabulary), command), events


def _telling(trace: Trace, run: RunVerdict) -> list[Event]:
    numbers = {broken.events[-1] for broken in run.violations} or set(run.attacks)
    return [event for event in trace.events if event.id in numbers]
