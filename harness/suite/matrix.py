"""The matrix of requirements and controls as a document, as rows of a table, and as a page of Markdown.

Says what an ablation found and where that differs from the prediction; decides nothing. `harness/ablate/1`: fields may
be added, never change their meaning.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

from harness.plan import control_catalogue
from harness.report.words import VERDICTS, benign_text, benign_warning, count
from harness.suite.ablate import Ablation, Removal, named_pairs
from harness.suite.differences import Comparison, Difference
from harness.suite.graded import Grade

SCHEMA = "harness/ablate/1"
BROKEN = "✗"


class Result(NamedTuple):
    """The matrix of one design, how it compares with its prediction (None: nobody made one), and how pairs are graded."""

    ablation: Ablation
    comparison: Comparison | None = None
    grades: Sequence[Grade] = ()


def key_of(removal: Removal) -> str:
    """`K04`, or `K12+K13` for a pair."""
    return "+".join(removal.without)


# ---------------------------------------------------------------- document


def document(results: Sequence[Result]) -> dict[str, Any]:
    """The result as JSON values: that of the first design, and `systems` with each where there are several."""
    documents = [_document(one) for one in results]
    return documents[0] if len(documents) == 1 else {**documents[0], "systems": documents}


def _document(result: Result) -> dict[str, Any]:
    ablation, comparison, grades = result
    return {
        "schema": SCHEMA,
        "system": ablation.design.shown,
        "name": ablation.design.system.name,
        "requirements": ablation.project.requirements_path,
        "seed": ablation.seed,
        "without": list(ablation.project.without),
        "runs": len(ablation.project.scenarios) * (1 + len(ablation.removals) + len(ablation.pairs)),
        "baseline": dict(ablation.baseline.verdicts),
        "benign": asdict(ablation.benign),
        "matrix": {key_of(one): dict(one.verdicts) for one in ablation.removals},
        "broken": {key_of(one): _lists(one.broken) for one in ablation.removals},
        "scenarios": {key_of(one): list(one.scenarios) for one in ablation.removals},
        "sole_blocker_of": _lists(ablation.sole_blockers),
        "guarded_by": _lists(ablation.guards),
        "redundant": {control: _redundant(ablation, control) for control in ablation.redundant},
        "pairs": {key_of(one): _pair(ablation, one) for one in ablation.pairs},
        "exposure_record_s": [asdict(one) for one in grades],
        "predicted": comparison is not None,
        "differences": _by_cell(comparison.cells) if comparison else {},
        "scenario_differences": _by_scenario(comparison.scenarios) if comparison else {},
        "unpredicted": _lists(comparison.unpredicted) if comparison else {},
        "failures": {
            key_of(one) or "baseline": dict(one.failures)
            for one in (ablation.baseline, *ablation.removals, *ablation.pairs)
            if one.failures
        },
    }


def _pair(ablation: Ablation, pair: Removal) -> dict[str, Any]:
    return {
        "verdicts": dict(pair.verdicts),
        "broken": _lists(pair.broken),
        "scenarios": list(pair.scenarios),
        "only_together": list(ablation.only_together(pair)),
    }


def _redundant(ablation: Ablation, control: str) -> dict[str, Any]:
    """Who stops its attacks without it, and how many others had stopped before it could."""
    return {
        "taken_over_by": dict(_removal(ablation, control).taken_over),
        "second_to_others": ablation.baseline.second.get(control, 0),
    }


def _lists(groups: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    return {name: list(members) for name, members in groups.items()}


def _removal(ablation: Ablation, control: str) -> Removal:
    return next(one for one in ablation.removals if one.without == (control,))


def _by_cell(differences: Iterable[Difference]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for one in differences:
        found.setdefault("+".join(one.without), {})[one.requirement] = _difference(one)
    return found


def _by_scenario(differences: Iterable[Difference]) -> dict[str, dict[str, dict[str, Any]]]:
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for one in differences:
        cells = found.setdefault("+".join(one.without), {})
        cells.setdefault(one.scenario, {})[one.requirement] = _difference(one)
    return found


def _difference(one: Difference) -> dict[str, Any]:
    return {
        "expected": one.expected,
        "found": one.found,
        "scenario": one.scenario,
        "explained": one.explained,
        "reason": one.reason,
        "trace": asdict(one.trace),
    }


# ---------------------------------------------------------------- table and page


def columns(ablation: Ablation) -> list[str]:
    """The heads of the table: the control, then each requirement."""
    return ["taken away", *ablation.requirements, "scenarios it alone blocked"]


def rows(ablation: Ablation) -> Iterator[list[str]]:
    """A row for each control and pair: a cross where the requirement breaks, with the scenarios that break it."""
    yield ["nothing", *(_baseline_cell(ablation.baseline.verdicts[name]) for name in ablation.requirements), ""]
    names = {key: control.name for key, control in control_catalogue().items()}
    for one in ablation.removals:
        alone = ablation.sole_blockers.get(one.without[0], ())
        said = count(len(alone), "scenario") if alone else "none: redundant or untested here"
        yield [f"{key_of(one)} {names[one.without[0]]}", *_cells(ablation, one), said]
    for one in ablation.pairs:
        together = ablation.only_together(one)
        yield [key_of(one), *_cells(ablation, one), f"only together: {', '.join(together) or 'none'}"]


def _baseline_cell(verdict: str) -> str:
    return {"held": "kept", "violated": "broken", "not_challenged": "not tested", "error": "failed"}[verdict]


def _cells(ablation: Ablation, removal: Removal) -> Iterator[str]:
    for name in ablation.requirements:
        if removal.verdicts[name] == "error":
            yield "failed"
        elif name in removal.broken:
            yield f"{BROKEN} {' '.join(removal.broken[name])}"
        else:
            yield "?" if removal.verdicts[name] == "not_challenged" else ""


def notes(result: Result) -> Iterator[str]:
    """What stands beneath the table, a paragraph each: guards, redundancy, pairs, differences, failed runs."""
    ablation, comparison, grades = result
    yield from _benign(ablation)
    for requirement, controls in ablation.guards.items():
        yield f"{requirement}: {_guarded(ablation.baseline.verdicts[requirement], controls)}"
    for control in ablation.redundant:
        yield f"{control} breaks nothing when taken away alone; {_successors(ablation, control)}"
    for pair, removal in zip(named_pairs(ablation.design), ablation.pairs, strict=False):
        yield f"{key_of(removal)}: {' '.join(pair.text.split())}"
        yield from (_graded(one) for one in grades if one.pair == removal.without)
    yield from _held_against(comparison)
    for one in (ablation.baseline, *ablation.removals, *ablation.pairs):
        for scenario, reason in one.failures.items():
            yield f"{VERDICTS['error']}: {scenario} without {key_of(one) or 'nothing'}: {reason}"


def _benign(ablation: Ablation) -> Iterator[str]:
    """Said where the design refuses honest work, or was asked for none: then an empty cell says little."""
    warning = benign_warning(ablation.benign)
    if warning:
        yield f"{benign_text(ablation.benign)}; {warning}"


def _guarded(baseline: str, controls: Sequence[str]) -> str:
    if controls:
        return f"guarded by {', '.join(controls)}"
    if baseline == "held":
        return "not guarded: taking any one control away breaks nothing"
    return {
        "violated": "broken with all its controls on, so nothing here guards it",
        "not_challenged": "not tested here, so nothing says what guards it",
        "error": "a run failed, so nothing says what guards it",
    }[baseline]


def _graded(one: Grade) -> str:
    first, second = one.pair
    numbers = (one.with_both, one.without_first, one.without_second, one.without_both)
    with_both, without_first, without_second, without_both = (
        "failed" if number is None else f"{number:,.0f}" for number in numbers
    )
    return (
        f"within reach {one.slice.replace('_', ' ')}, in record-seconds: {with_both} with both, {without_first} without "
        f"{first}, {without_second} without {second}, {without_both} without both"
    )


def _successors(ablation: Ablation, control: str) -> str:
    """Who does the work of a control that is redundant, or why it has none."""
    taken_over, second = _removal(ablation, control).taken_over, ablation.baseline.second.get(control, 0)
    if taken_over:
        others = ", ".join(f"{other} ({count(times, 'attack')})" for other, times in taken_over.items())
        return f"its work is done by {others}"
    if second:
        return f"others come first, it would have stopped {count(second, 'attack')} as well"
    return "no attack here was for it to stop"


def _held_against(comparison: Comparison | None) -> Iterator[str]:
    if comparison is None:
        yield "no prediction was made for this design"
        return
    if not comparison.cells:
        yield "requirement by control, the matrix is as predicted"
    for one in comparison.cells:
        yield f"differs from the prediction: {_told(one)}"
    for one in comparison.scenarios:
        yield f"scenario not as predicted: {_told(one)}"
    for removed, scenarios in comparison.unpredicted.items():
        yield f"without {removed} also broken, by scenarios that the prediction does not speak of: {', '.join(scenarios)}"


def _told(one: Difference) -> str:
    expected = {"held": "kept", "violated": "broken"}[one.expected]
    found = {"held": "kept", "violated": "broken"}.get(one.found, one.found)
    mark = "" if one.explained else "UNEXPLAINED: "
    head = f"{one.requirement} without {'+'.join(one.without)} in {one.scenario}: predicted {expected}, found {found}"
    shown = f" Seen: {one.trace.story[0]}." if one.trace.story else ""
    return f"{head}. {mark}{one.reason}{shown} Replay: {one.trace.replay}"


def markdown(results: Sequence[Result], *, command: str) -> str:
    """The page: for each design a table, and beneath it what it shows. `command` is what makes it again."""
    lines = [
        "# Which control carries which requirement",
        "",
        f"Made by `{command}`; a test keeps it true. Every row is all scenarios run again with that control taken away.",
        "A cross means that the requirement breaks then and did not before, with the scenarios that break it; an empty",
        "cell that it does not; `?` that nothing puts it to the test.",
    ]
    for result in results:
        ablation = result.ablation
        lines += ["", f"## {ablation.design.system.name}", "", f"`{ablation.design.shown}`, seed {ablation.seed}.", ""]
        lines += _table(columns(ablation), rows(ablation))
        lines += [""] + [f"- {note}" for note in notes(result)]
    return "\n".join(lines) + "\n"


def _table(heads: Sequence[str], body: Iterable[Sequence[str]]) -> list[str]:
    lines = [_line(heads), _line(["---"] * len(heads))]
    return lines + [_line(row) for row in body]


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
