"""The stakeholders' page: one self-contained HTML file, without network, script libraries or fonts from elsewhere.

Made from a result alone (and diagrams, searches and an earlier result that are handed in), so it says nothing that these do
not hold. Colour is never the only sign; not tested is grey; a waiver never hides that a requirement is broken.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from harness.report.page.exposure import sentences, too_long
from harness.report.page.since import changes
from harness.report.page.strength import Search, Tried, distinct, strength, tried
from harness.report.result import Assumption, RequirementVerdict, RunResult, SystemResult
from harness.report.words import (
    REASONS,
    benign_text,
    benign_warning,
    control_text,
    count,
    failure_lines,
    look,
    not_applicable_lines,
    reason_text,
    verdict_text,
)

__all__ = ["Earlier", "Search", "Tried", "changes", "missing", "page", "parties", "summary", "tried"]

IN_PLACE = "in place"
NAMED = 3
_SEVERITIES = ("critical", "high", "medium", "low")
MARKS: Mapping[str, str] = {"+": "✓", "x": "✕", "~": "≈", "-": "–", "!": "!"}  # noqa: RUF001 (a dash is the sign of not tested)
NOT_MODELLED = (
    "whether code, libraries and gateways do what the design says they do",
    "how often a real model goes wrong: the harness asks what happens when it does, never how likely that is",
    "broken cryptography, stolen signing keys, and administrators who mean harm",
    "networks, load and outages beyond the faults that a scenario names",
    "people who are tricked outside of the prompts and pages that the scenarios show them",
)


class Earlier(NamedTuple):
    """A result to compare with, and what it is called."""

    name: str
    result: RunResult


def page(
    result: RunResult,
    *,
    diagrams: Mapping[tuple[str, str], str] | None = None,
    earlier: Earlier | None = None,
    searches: Sequence[Search] = (),
    versions: Mapping[str, str] | None = None,
) -> str:
    """The page as HTML text; `diagrams` are SVG documents by system (as written) and requirement."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("harness.report.page", ""),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.globals.update(_words(result, searches))
    environment.filters["code"] = code
    return environment.get_template("page.html.j2").render(
        result=result,
        diagrams={key: _own_ids(svg, number) for number, (key, svg) in enumerate((diagrams or {}).items())},
        owners=distinct(verdict.owner for _, verdict in result.each()),
        severities=[one for one in _SEVERITIES if any(verdict.severity == one for _, verdict in result.each())],
        parties=parties(result),
        roles=distinct([*parties(result), *(verdict.owner for _, verdict in result.each())]),
        waivers=[(system, verdict) for system, verdict in result.each() if verdict.waiver is not None],
        earlier=earlier,
        versions=versions or {},
    )


def _words(result: RunResult, searches: Sequence[Search]) -> dict[str, Any]:
    """What the template may ask: the same words as everywhere."""
    return {
        "verdict_text": verdict_text,
        "mark": mark,
        "glyph": lambda verdict: MARKS[look(verdict).mark],
        "reason": lambda verdict: reason_text(verdict.reason) if verdict.reason else "",
        "known_reasons": REASONS,
        "count": count,
        "benign_text": benign_text,
        "benign_warning": benign_warning,
        "failure_lines": failure_lines,
        "not_applicable_lines": not_applicable_lines,
        "not_modelled": NOT_MODELLED,
        "stopped": lambda verdict: stopped(verdict, result.controls),
        "tried": lambda verdict: tried(verdict, result.misbehaviours),
        "strength": lambda system, verdict: strength(system, verdict, result.controls, searches),
        "sentences": sentences,
        "too_long": too_long,
        "changes": changes,
        "waiver_state": waiver_state,
        "confirmed_text": confirmed_text,
        "summary": summary,
        "settings": settings,
        "stopped_line": lambda verdict: stopped_line(verdict, result.controls),
        "missing": lambda verdict: missing(verdict, parties(result)),
    }


def code(text: str) -> Any:
    """Text in which what stands in backticks is code; all of it escaped."""
    from markupsafe import Markup, escape

    return Markup(re.sub(r"`([^`]*)`", r"<code>\1</code>", str(escape(text))))


def _own_ids(svg: str, number: int) -> str:
    """A diagram whose ids are its own: several stand on one page."""
    return re.sub(r'(\bid="|url\(#)(\w+)', rf"\g<1>d{number}-\g<2>", svg)


def mark(verdict: RequirementVerdict) -> str:
    """The class that the page draws a verdict with."""
    return "waived" if verdict.waived else verdict.verdict


def confirmed_text(confirmed: str) -> str:
    """Whether production is known to be so: an assumption that nobody has looked at must not look confirmed."""
    known = {"": "not known", "no": "no", "yes": "yes"}
    return known.get(confirmed, f"yes, {confirmed}")


def waiver_state(verdict: RequirementVerdict) -> str:
    """What a waiver does on the day of the result."""
    if verdict.waived:
        return "in force"
    if verdict.stale_waiver:
        return "no longer needed: remove it"
    return "expired, or no date was given" if verdict.verdict == "violated" else "not used: nothing broke it here"


def stopped(verdict: RequirementVerdict, controls: Mapping[str, str]) -> list[tuple[str, int]]:
    """Which controls stopped how many attacks, the busiest first."""
    ranked = sorted(verdict.stopped_by.items(), key=lambda item: (-item[1], item[0]))
    return [(control_text(control, controls), n) for control, n in ranked]


def summary(system: SystemResult) -> str:
    """The finding in a sentence: `4 of 6 requirements kept, 1 broken, 1 not tested`."""
    by_verdict = [mark(verdict) for verdict in system.verdicts]
    words = (("violated", "broken"), ("waived", "broken but accepted"), ("not_challenged", "not tested"))
    others = [f"{by_verdict.count(key)} {text}" for key, text in (*words, ("error", "failed")) if key in by_verdict]
    kept = f"{by_verdict.count('held')} of {count(len(by_verdict), 'requirement')} kept"
    return ", ".join([kept, *others])


def parties(result: RunResult) -> list[str]:
    """Everybody who has agreed to some requirement: those whose agreement counts."""
    return sorted({who for _, verdict in result.each() for who in verdict.agreed})


def missing(verdict: RequirementVerdict, everybody: Iterable[str]) -> list[str]:
    """Who has not agreed to a requirement: of those who agreed to any, and of those who answer for it."""
    return [who for who in distinct([*everybody, verdict.owner]) if who not in verdict.agreed]


def settings(system: SystemResult, *, in_place: bool) -> list[Assumption]:
    """The assumptions of a system that say no more than that a control is in place, or the others, with their values."""
    return [one for one in system.assumptions if (one.value == IN_PLACE) is in_place]


def stopped_line(verdict: RequirementVerdict, controls: Mapping[str, str]) -> str:
    """What stopped the attacks, in a line: the busiest few by name."""
    by = stopped(verdict, controls)
    named = [f"{control}, {count(n, 'time')}" for control, n in by[:NAMED]]
    more = [f"and {count(len(by) - NAMED, 'other')}"] if len(by) > NAMED else []
    return "; ".join([*named, *more])
