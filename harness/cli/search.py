"""`harness search`: the worst LLM against one requirement or all, told as steps, drawn, and saved as a scenario file."""

from __future__ import annotations

import io
import os
import re
import sys
import time
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

from harness.cli.output import Mistake, json_text, table_stream, write

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.requirements import Requirement
    from harness.search import Found
    from harness.search.misfortunes import Misfortunes
    from harness.suite import Design

PROGRESS_EVERY_S = 0.2
EACH = "each"
"""The word that stands for every misfortune by itself."""
IF_CUT, SHARE = 300, 0.8
"""How many runs are drawn where a search was cut short and nobody said how many, and the share of the time before them."""


@dataclass(frozen=True, kw_only=True)
class SearchOptions:
    """What was asked for on the command line."""

    requirement: str | None
    requirements: str
    system: str | None = None
    without: tuple[str, ...] = ()
    seconds: float = 60
    depth: int = 7
    misfortunes: str | None = None
    stolen: bool = False
    draw: int | None = None
    save: str | None = None
    diagram: str | None = None
    json: str | None = None
    seed: int = 0


def search_text(options: SearchOptions) -> tuple[int, str]:
    """The exit code and the text of a search, for those who show it elsewhere."""
    stream = io.StringIO()
    return run_search(options, stream), stream.getvalue()


def run_search(options: SearchOptions, stream: IO[str] | None = None) -> int:
    """Searches and prints what was found; 1 with an attack, 3 where nobody can challenge a requirement, else 0."""
    from harness.suite import UsageError, load_project

    try:
        only = (options.requirement,) if options.requirement else ()
        project = load_project(
            options.requirements,
            systems=[options.system] if options.system else None,
            only=only,
            without=options.without,
            scenarios=(),
        )
    except UsageError as error:
        raise Mistake(str(error)) from None
    befalling = _misfortunes(options.misfortunes)
    stream = stream or table_stream(options.json, options.diagram)
    codes, documents = set(), []
    for design in project.designs[:1]:
        for requirement in design.requirements:
            for misfortunes in befalling:
                found = _search(design, requirement, options, misfortunes)
                runs = _runs(found, options)
                if runs and misfortunes is befalling[0]:
                    _draw(design, requirement, options, misfortunes, found, runs)
                stops = _told(design, requirement, found, options, project.without, stream)
                documents.append(_document(found, stops))
                codes.add(1 if found.attack else 0 if (found.challenged and found.depth >= 0) or found.stopped else 3)
                if found.attack is not None and not found.misfortunes.text:
                    break  # what breaks without any misfortune breaks with one
    if options.json is not None:
        single = options.requirement and len(befalling) == 1
        write(options.json, json_text(documents[0] if single else documents))
    return next((code for code in (1, 3, 0) if code in codes), 0)


def _runs(found: Found, options: SearchOptions) -> int:
    """How many runs to draw after a search: where it found nothing, as many as were asked for; else some if it was cut."""
    if found.attack is not None:
        return 0
    if options.draw is None:
        return 0 if found.complete else IF_CUT
    return options.draw


def _misfortunes(path: str | None) -> tuple[Misfortunes, ...]:
    """What befalls each search: what a scenario file says, or each that there is; Mistake where chance has a part in it."""
    from harness.plan import load_scenario
    from harness.search.misfortunes import ADVERSE, NONE, Misfortunes

    if path is None:
        return (NONE,)
    if path == EACH:
        return ADVERSE
    scenario = load_scenario(path).model
    try:
        return (Misfortunes.of(scenario),)
    except ValueError as error:
        raise Mistake(f"{path}: {error}") from None


def _draw(
    design: Design, requirement: Requirement, options: SearchOptions, misfortunes: Misfortunes, found: Found, runs: int
) -> None:
    """Draws runs in a larger world, and adds to what was found; misfortunes that were named befall each of them."""
    from harness.search.drawing import Drawing, draw_attacks
    from harness.search.misfortunes import ADVERSE

    asked = options.draw is not None
    progress = Progress(options.seconds if asked else options.seconds * (1 - SHARE))

    def go_on(drawing: Drawing) -> bool:
        return progress.goes_on(
            lambda rate: f"{requirement.id}: {drawing.runs} of {runs} runs drawn, {drawing.decisions} decisions",
            drawing.runs,
        )

    drawing = draw_attacks(
        design.system, design.controls, requirement, vocabulary=design.requirements.vocabulary, runs=runs,
        seed=options.seed, misfortunes=ADVERSE if asked and options.misfortunes is None else (misfortunes,), go_on=go_on,
    )  # fmt: skip
    progress.clear()
    found.attack, found.drawn, found.decisions = drawing.attack, drawing.runs, drawing.decisions
    found.stopped, found.draw_cut = drawing.challenged, not drawing.complete


class Progress:
    """A line on a terminal now and then, and whether there is time left, from when that is asked first."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.started = self.shown = 0.0

    def goes_on(self, text: Callable[[float], str], seen: int) -> bool:
        """Show the text, which gets how many were seen a second, if the last is old enough."""
        now = time.monotonic()
        self.started = self.started or now
        if sys.stderr.isatty() and now - self.shown > PROGRESS_EVERY_S:
            self.shown = now
            sys.stderr.write(f"\r\033[K{text(seen / max(0.001, now - self.started))} ")
            sys.stderr.flush()
        return now - self.started < self.seconds

    @staticmethod
    def clear() -> None:
        """Take the line away."""
        if sys.stderr.isatty():
            sys.stderr.write("\r\033[K")


def _search(design: Design, requirement: Requirement, options: SearchOptions, misfortunes: Misfortunes) -> Found:
    from harness.search import search

    progress = Progress(options.seconds * SHARE if options.draw is None else options.seconds)

    def go_on(found: Found) -> bool:
        return progress.goes_on(
            lambda rate: f"{found.requirement}: depth {found.depth}, {found.states} states, {rate:.0f} a second",
            found.states,
        )

    found = search(
        design.system,
        design.controls,
        requirement,
        vocabulary=design.requirements.vocabulary,
        depth=options.depth,
        seed=options.seed,
        misfortunes=misfortunes,
        stolen=options.stolen,
        go_on=go_on,
    )
    progress.clear()
    return found


def _told(
    design: Design,
    requirement: Requirement,
    found: Found,
    options: SearchOptions,
    without: tuple[str, ...],
    stream: IO[str],
) -> list[list[str]]:
    from harness.search.telling import bound_text, steps_text

    if found.attack is None:
        stream.write(f"{requirement.id}: {bound_text(found)}\n")
        return []
    from harness.search.stops import breaks, replayed, stopped_by_adding

    vocabulary = design.requirements.vocabulary
    stops = stopped_by_adding(
        design.system, found.attack, requirement, without=without, vocabulary=vocabulary, seed=options.seed
    )
    stream.write(f"{requirement.id}: {bound_text(found)}\n")
    stream.writelines(f"  {number}. {line}\n" for number, line in enumerate(steps_text(found.attack), 1))
    if stops:
        stream.write(f"  stopped by adding {' or '.join(' and '.join(one) for one in stops)}\n")
    trace = replayed(design.system, design.controls, found.attack, requirement, seed=options.seed)
    if not breaks(trace, requirement, vocabulary):
        raise AssertionError(f"the attack on {requirement.id} does not replay in the full world")
    if options.diagram is not None:
        from harness.report.diagram import diagram

        svg = options.diagram.endswith(".svg")
        title = f"An attack on {requirement.id}"
        write(options.diagram, diagram(found.attack.events, broken=found.attack.broken[-1:], svg=svg, title=title))
    if options.save is not None:
        _save(found, requirement, options, without)
    return stops


def _save(found: Found, requirement: Requirement, options: SearchOptions, without: tuple[str, ...]) -> None:
    from harness.cli.schema import schema_line
    from harness.search.saving import scenario_text
    from harness.search.telling import steps_text

    assert found.attack is not None, "only an attack is saved"
    assert options.save is not None, "it is saved where asked"
    os.makedirs(options.save, exist_ok=True)
    befell = re.findall(r"[a-z0-9_]+", found.misfortunes.text) if options.misfortunes == EACH else ()
    key = "_".join(("FOUND", requirement.id, *without, *befell))
    text = scenario_text(
        found.attack, id=key, requirement=requirement.id, sentences=steps_text(found.attack), without=without
    )
    path = os.path.join(options.save, f"{key.lower()}.yaml")
    write(path, schema_line(options.requirements, path, "scenario") + text)


def _document(found: Found, stops: list[list[str]]) -> dict[str, Any]:
    from harness.search.telling import steps_text

    return {
        "schema": "harness/search/1",
        "requirement": found.requirement,
        "attack": list(steps_text(found.attack)) if found.attack else None,
        "depth": found.depth,
        "complete": found.complete,
        "exhausted": found.exhausted,
        "repeated_at_most": found.repeated or None,
        "states": found.states,
        "transitions": found.transitions,
        "challenged": found.challenged,
        "drawn": found.drawn,
        "drawn_decisions": found.decisions,
        "drawn_challenged": found.stopped,
        "misfortunes": (found.attack or found).misfortunes.keys,
        "stolen": found.stolen,
        "stopped_by_adding": stops,
    }
