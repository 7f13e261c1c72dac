"""Writes the stakeholders' page of a result, with the diagram of the shortest attack on each broken requirement."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.cli.output import write

if TYPE_CHECKING:
    from harness.report.result import RequirementVerdict, RunResult


def write_page(result: RunResult, target: str, *, systems: tuple[str, ...]) -> None:
    """Writes the page; `systems` are those that the command line named, none where the file's own was used."""
    from harness.report.page import page

    diagrams = {
        (system.system, verdict.requirement): diagram_of(result, verdict, system.system if systems else None)
        for system, verdict in result.each()
        if verdict.witness is not None
    }
    write(target, page(result, diagrams=diagrams))


def diagram_of(result: RunResult, verdict: RequirementVerdict, system: str | None) -> str:
    """The run that the shortest witness is from, drawn again."""
    from harness.report.diagram import diagram
    from harness.suite import run_single

    shown = next(one for one in verdict.scenarios if one.witness is verdict.witness)
    single = run_single(
        shown.scenario,
        requirements_path=result.requirements,
        system=system,
        without=result.without,
        seed=shown.seed,
    )
    broken = {event_id for event_id, keys in single.breaking.items() if verdict.requirement in keys}
    return diagram(single.trace.events, broken=broken, svg=True, title=f"{shown.scenario}: {shown.title}")
