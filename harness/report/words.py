"""How results are said to people: verdicts in stakeholders' words, reasons, counts, and what may look green.

One table for the terminal, the page, JUnit and pytest, so that nothing is *kept* in one place and *passed* in another.
Not tested is grey and never ticked; a waiver never hides that a requirement is broken.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from harness.judge import Benign
from harness.report.result import Failure, RequirementVerdict, ScenarioVerdict, Waiver


class Look(NamedTuple):
    """A verdict's mark and colour on a terminal."""

    mark: str
    colour: str


VERDICTS: Mapping[str, str] = {
    "held": "kept in every attempt we made",
    "violated": "broken in the simulation",
    "not_challenged": "not tested: no verdict",
    "error": "the run failed: no verdict",
}
LOOKS: Mapping[str, Look] = {
    "held": Look("+", "green"),
    "violated": Look("x", "bold red"),
    "not_challenged": Look("-", "bright_black"),
    "error": Look("!", "magenta"),
    "waived": Look("~", "yellow"),
}
REASONS: Mapping[str, str] = {
    "no_attack": "no scenario attacked it",
    "no_honest_use": "no honest use of this kind got through, so refusing proves nothing",
}
BASE = "checks that are always on"


def verdict_text(verdict: RequirementVerdict) -> str:
    """The verdict in stakeholders' words, with its waiver, in force or expired."""
    text, waiver = VERDICTS[verdict.verdict], verdict.waiver
    if verdict.stale_waiver:
        return f"{text}, waiver no longer needed"
    if waiver is None or verdict.verdict != "violated":
        return text
    return (
        f"broken, accepted until {waiver.expires} by {waiver.owner}"
        if verdict.waived
        else f"{text}, {_expired(waiver)}"
    )


def _expired(waiver: Waiver) -> str:
    return f"waiver expired {waiver.expires}"


def look(verdict: RequirementVerdict) -> Look:
    """Mark and colour: waived is never green, and only what was tested and held is."""
    return LOOKS["waived" if verdict.waived else verdict.verdict]


def reason_text(reason: str | None) -> str:
    """A reason code as a sentence; other reasons are sentences already."""
    return REASONS.get(reason or "", reason or "")


def count(n: int, one: str, many: str | None = None) -> str:
    """`1 task`, `2 tasks`, `1,000 tasks`."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def control_text(control: str, names: Mapping[str, str]) -> str:
    """A control by name and id: `short-lived access tokens (K07)`."""
    if control == "base":
        return BASE
    return f"{names[control]} ({control})" if control in names else control


def stopped_text(stopped_by: Mapping[str, int], names: Mapping[str, str], *, most: int = 3) -> str:
    """Which controls did the stopping and how often, the busiest first: `40 session-bound grants; 2 other controls`."""
    ranked = sorted(stopped_by.items(), key=lambda item: (-item[1], item[0]))
    shown = [f"{n:,} {BASE if control == 'base' else names.get(control, control)}" for control, n in ranked[:most]]
    rest = len(ranked) - most
    return "; ".join([*shown, *([f"and {count(rest, 'other control')}"] if rest > 0 else [])])


def benign_text(benign: Benign) -> str:
    """`honest tasks completed 14 of 14, 0 honest calls refused`."""
    tasks = f"honest tasks completed {benign.completed:,} of {benign.tasks:,}"
    return f"{tasks}, {count(benign.refused_calls, 'honest call')} refused"


def failure_lines(failures: Iterable[Failure]) -> list[str]:
    """Runs that failed, those with the same reason together: `2 runs failed (S01, S02): KeyError: 'ana'`."""
    by_reason: dict[str, list[str]] = {}
    for one in failures:
        by_reason.setdefault(one.reason, []).append(one.scenario)
    return [
        f"{count(len(scenarios), 'run')} failed ({_some(scenarios)}): {reason}"
        for reason, scenarios in by_reason.items()
    ]


def not_applicable_lines(missing: Iterable[Failure]) -> list[str]:
    """Scenarios that were not run, those that lack the same together: `S23 does not apply: there is no task `pay``."""
    by_reason: dict[str, list[str]] = {}
    for one in missing:
        by_reason.setdefault(one.reason, []).append(one.scenario)
    return [
        f"{_some(scenarios)} {'does' if len(set(scenarios)) == 1 else 'do'} not apply: {reason}"
        for reason, scenarios in by_reason.items()
    ]


def _some(names: Iterable[str], most: int = 5) -> str:
    distinct = list(dict.fromkeys(names))
    more = f" and {len(distinct) - most} more" if len(distinct) > most else ""
    return ", ".join(distinct[:most]) + more


def benign_warning(benign: Benign) -> str:
    """Says it plainly where a design gets its verdicts by refusing honest work; empty where it does not."""
    if benign.tasks == 0:
        return "no honest task was tried: nothing here says that the design is of use"
    if benign.completed == 0:
        return "THIS DESIGN DOES NO HONEST WORK AT ALL: refusing everyone is not safety"
    if benign.completed < benign.tasks or benign.refused_calls:
        return "this design refuses honest work: read its verdicts with that cost beside them"
    return ""


def item_text(verdict: RequirementVerdict, scenario: ScenarioVerdict | None, *, place: str) -> str:
    """What a failing test item says: the requirement, what happened as a story, how to replay it, where it stands."""
    head = f"{verdict.requirement}: {verdict.text}"
    if scenario is None:
        return "\n".join([head, _untested(verdict), place])
    lines = [head, f"{VERDICTS[scenario.verdict]}, in {scenario.scenario} ({scenario.title}), seed {scenario.seed}"]
    if scenario.reason:
        lines.append(f"  {reason_text(scenario.reason)}")
    if scenario.witness is not None:
        lines += [f"  {line}" for line in scenario.witness.story]
        lines.append(f"replay: {scenario.witness.replay}")
    return "\n".join([*lines, place])


def _untested(verdict: RequirementVerdict) -> str:
    if verdict.stale_waiver:
        return "its waiver is no longer needed: remove it"
    return f"{VERDICTS['not_challenged']}: {reason_text(verdict.reason)}"
