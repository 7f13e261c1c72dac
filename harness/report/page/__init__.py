"""The stakeholders' page: one self-contained HTML file, without network, script libraries or fonts from elsewhere.

Made from a result alone (and diagrams that are handed in), so it says nothing that the result does not hold. Colour is
never the only sign; not tested is grey; a waiver never hides that a requirement is broken.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from harness.report.result import RequirementVerdict, RunResult, SystemResult
from harness.report.words import (
    REASONS,
    benign_text,
    benign_warning,
    control_text,
    count,
    failure_lines,
    reason_text,
    verdict_text,
)

_SEVERITIES = ("critical", "high", "medium", "low")


class Tried(NamedTuple):
    """What was tried against a requirement: kinds of misbehaviour, and the scenarios they were tried in."""

    misbehaviours: tuple[str, ...]
    scenarios: tuple[str, ...]


def page(result: RunResult, *, diagrams: Mapping[tuple[str, str], str] | None = None) -> str:
    """The page as HTML text; `diagrams` are SVG documents by system (as written) and requirement."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("harness.report", ""),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.globals.update(_words(result))
    environment.filters["code"] = code
    return environment.get_template("page.html.j2").render(
        result=result,
        diagrams=diagrams or {},
        owners=_distinct(verdict.owner for _, verdict in result.each()),
        severities=[one for one in _SEVERITIES if any(verdict.severity == one for _, verdict in result.each())],
        parties=parties(result),
    )


def _words(result: RunResult) -> dict[str, Any]:
    """What the template may ask: the same words as everywhere."""
    return {
        "verdict_text": verdict_text,
        "mark": mark,
        "reason": lambda verdict: reason_text(verdict.reason) if verdict.reason else "",
        "known_reasons": REASONS,
        "count": count,
        "benign_text": benign_text,
        "benign_warning": benign_warning,
        "failure_lines": failure_lines,
        "stopped": lambda verdict: stopped(verdict, result.controls),
        "tried": lambda verdict: tried(verdict, result.misbehaviours),
        "summary": summary,
        "missing": lambda verdict: missing(verdict, parties(result)),
    }


def code(text: str) -> Any:
    """Text in which what stands in backticks is code; all of it escaped."""
    from markupsafe import Markup, escape

    return Markup(re.sub(r"`([^`]*)`", r"<code>\1</code>", str(escape(text))))


def mark(verdict: RequirementVerdict) -> str:
    """The class that the page draws a verdict with."""
    return "waived" if verdict.waived else verdict.verdict


def stopped(verdict: RequirementVerdict, controls: Mapping[str, str]) -> list[tuple[str, int]]:
    """Which controls stopped how many attacks, the busiest first."""
    ranked = sorted(verdict.stopped_by.items(), key=lambda item: (-item[1], item[0]))
    return [(control_text(control, controls), n) for control, n in ranked]


def tried(verdict: RequirementVerdict, names: Mapping[str, str]) -> Tried:
    """What put a requirement to the test."""
    tested = [one for one in verdict.scenarios if one.challenged or one.violations]
    misbehaviours = _distinct(key for one in tested for key in one.misbehaviours)
    return Tried(
        tuple(f"{names.get(key, key)} ({key})" for key in misbehaviours),
        tuple(_distinct(f"{one.title} ({one.scenario})" for one in tested)),
    )


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
    """Who has not agreed to a requirement, of those who agreed to any."""
    return [who for who in everybody if who not in verdict.agreed]


def _distinct(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(value for value in values if value))
