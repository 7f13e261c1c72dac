"""Writes the stakeholders' page of a result, with the diagram of the shortest attack on each broken requirement."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from harness.cli.output import Mistake, write

if TYPE_CHECKING:
    from harness.report.page import Earlier, Search
    from harness.report.result import RequirementVerdict, RunResult, ScenarioVerdict

_PACKAGES = ("harness", "simpy", "pyjwt")


def write_page(
    result: RunResult,
    target: str,
    *,
    systems: tuple[str, ...],
    earlier: Earlier | None = None,
    reload_s: int | None = None,
) -> None:
    """Writes the page; `systems` are those that the command line named, none where the file's own was used.

    A browser that shows a page with `reload_s` looks for a newer one every so many seconds.
    """
    diagrams = {
        (system.system, verdict.requirement): diagram_of(result, verdict, system.system if systems else None)
        for system, verdict in result.each()
        if verdict.witness is not None
    }
    write_with(result, target, diagrams=diagrams, earlier=earlier, reload_s=reload_s)


def write_with(
    result: RunResult,
    target: str,
    *,
    diagrams: Mapping[tuple[str, str], str],
    earlier: Earlier | None = None,
    searches: Sequence[Search] = (),
    reload_s: int | None = None,
) -> None:
    """Writes the page with diagrams that are there already."""
    from harness.report.page import page

    text = page(result, diagrams=diagrams, earlier=earlier, searches=searches, versions=versions())
    if reload_s is not None:
        text = text.replace("<head>", f'<head><meta http-equiv="refresh" content="{reload_s}">', 1)
    write(target, text)


def versions() -> dict[str, str]:
    """What the page was made with."""
    from importlib.metadata import version

    return {**{name: version(name) for name in _PACKAGES}, "Python": platform.python_version()}


def read_earlier(file: str) -> Earlier:
    """A stored result; raises Mistake where it is none."""
    from harness.report.page import Earlier

    return Earlier(file, read_result(file))


def read_result(file: str) -> RunResult:
    """A stored result; raises Mistake where it cannot be read or is none."""
    import msgspec

    from harness.report.result import SCHEMA, from_json

    try:
        with open(file, "rb") as stored:
            found = from_json(stored.read())
    except OSError as error:
        raise Mistake(f"`{file}` cannot be read: {(error.strerror or str(error)).lower()}") from None
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError):
        raise Mistake(f"`{file}` is no result; it is written by `harness run --json FILE`") from None
    if found.schema != SCHEMA:
        raise Mistake(f"`{file}` says `{found.schema}`, and this reads `{SCHEMA}`")
    return found


def shown_in(verdict: RequirementVerdict) -> ScenarioVerdict:
    """The run that the shortest witness is from."""
    return next(one for one in verdict.scenarios if one.witness is verdict.witness)


def diagram_of(result: RunResult, verdict: RequirementVerdict, system: str | None) -> str:
    """The run that the shortest witness is from, drawn again."""
    from harness.report.diagram import diagram
    from harness.suite import run_single

    shown = shown_in(verdict)
    single = run_single(
        shown.scenario,
        requirements_path=result.requirements,
        system=system,
        without=result.without,
        seed=shown.seed,
    )
    broken = {event_id for event_id, keys in single.breaking.items() if verdict.requirement in keys}
    return diagram(single.trace.events, broken=broken, svg=True, title=f"{shown.scenario}: {shown.title}", ends_at_break=True)
