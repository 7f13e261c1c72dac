"""`harness report DIR`: the page and the charts from what is stored in a folder; nothing is simulated.

Takes results (harness/run/1), matrices (harness/ablate/1), searches (harness/search/1), traces (`*.jsonl`) and the parts of
a sweep. Results that are about different requirements are not put on one page.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.cli.output import Mistake, write
from harness.cli.page import read_earlier, read_result, shown_in, write_with

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure

    from harness.report.page import Search
    from harness.report.result import RequirementVerdict, RunResult, SystemResult
    from harness.trace import Vocabulary

RUN, ABLATE, SEARCH, SWEEP = "harness/run/1", "harness/ablate/1", "harness/search/1", "harness/sweep/1"
PAGE, CHARTS = "page.html", "charts"


def run_report(folder: str, *, html: str | None = None, since: str | None = None) -> int:
    """Writes the page and the charts and says which; 0 when finished. A folder with sweeps alone gives their charts."""
    earlier = read_earlier(since) if since is not None else None
    stored = _documents(folder, leave_out=since)
    schemas = {document["schema"] for _, document in stored}
    if SWEEP in schemas and RUN not in schemas and html is None:
        for written in _sweep_charts(folder):
            sys.stdout.write(f"{written}\n")
        return 0
    result = _with_matrices(_one_result(folder, stored), [one for _, one in stored if one["schema"] == ABLATE])
    target = html or os.path.join(folder, PAGE)
    write_with(
        result,
        target,
        diagrams=_diagrams(result, folder),
        earlier=earlier,
        searches=_searches(stored),
    )
    for written in (target, *_charts(result, folder)):
        sys.stdout.write(f"{written}\n")
    return 0


def _documents(folder: str, *, leave_out: str | None) -> list[tuple[str, dict[str, Any]]]:
    """The JSON documents of a folder that say what they are, by path."""
    if not os.path.isdir(folder):
        raise Mistake(f"`{folder}` is no folder")
    found = []
    for path in sorted(Path(folder).rglob("*.json")):
        if leave_out is not None and path.resolve() == Path(leave_out).resolve():
            continue
        try:
            document = json.loads(path.read_bytes())
        except (OSError, ValueError) as error:
            raise Mistake(f"`{path}` is not readable as JSON: {error}") from None
        each = document if isinstance(document, list) else [document]
        found += [(str(path), one) for one in each if isinstance(one, dict) and isinstance(one.get("schema"), str)]
    return found


def _one_result(folder: str, stored: Sequence[tuple[str, dict[str, Any]]]) -> RunResult:
    """All stored results as one; raises Mistake where there is none, or where they do not belong together."""
    import msgspec

    results = {path: read_result(path) for path, document in stored if document["schema"] == RUN}
    if not results:
        target = os.path.join(folder, "result.json")
        if any(document["schema"] == SWEEP for _, document in stored):
            what = f"`{folder}` holds a sweep, and a page needs the verdicts as well"
            raise Mistake(f"{what}; write them beside it with `harness run --json {target}`, then report again")
        raise Mistake(f"there is no result in `{folder}`; write one with `harness run --json {target}`")
    (first_path, first), *others = results.items()
    systems = list(first.systems)
    for path, one in others:
        _belongs(first_path, first, path, one, [system.system for system in systems])
        systems += one.systems
    return msgspec.structs.replace(first, systems=tuple(systems))


def _belongs(first_path: str, first: RunResult, path: str, one: RunResult, systems: Sequence[str]) -> None:
    for what, left, right in (
        ("requirements", first.fingerprint, one.fingerprint),
        ("seeds", (first.seed, first.runs), (one.seed, one.runs)),
        ("controls taken away", first.without, one.without),
    ):
        if left != right:
            raise Mistake(f"`{first_path}` and `{path}` have different {what}: keep them in folders of their own")
    twice = [system.system for system in one.systems if system.system in systems]
    if twice:
        raise Mistake(f"`{twice[0]}` is in `{first_path}` and in `{path}`: name the earlier one with `--since`")


def _with_matrices(result: RunResult, matrices: Sequence[Mapping[str, Any]]) -> RunResult:
    """The result with the controls that each kept requirement rests on, where a matrix of the same design says so."""
    import msgspec

    from harness.report.result import replaced

    each = [one for matrix in matrices for one in matrix.get("systems", [matrix])]
    guards = {
        one["system"]: one["guarded_by"]
        for one in each
        if "guarded_by" in one and tuple(one.get("without", ())) == result.without
    }

    def change(system: SystemResult, verdict: RequirementVerdict) -> RequirementVerdict:
        found = guards.get(system.system, {}).get(verdict.requirement)
        if verdict.verdict != "held" or found is None:
            return verdict
        return msgspec.structs.replace(verdict, guarded_by=tuple(found))

    return replaced(result, change)


def _searches(stored: Sequence[tuple[str, dict[str, Any]]]) -> list[Search]:
    """What searches found; raises Mistake for a document that only says that it is one."""
    import msgspec

    from harness.report.page import Search

    found = []
    for path, document in stored:
        if document["schema"] != SEARCH:
            continue
        try:
            found.append(msgspec.convert(document, Search))
        except msgspec.ValidationError as error:
            raise Mistake(f"`{path}` is no search result: {str(error).lower()}") from None
    return found


def _diagrams(result: RunResult, folder: str) -> dict[tuple[str, str], str]:
    """The shortest attack on each broken requirement, where the trace of its run is in the folder."""
    from harness.requirements import read_requirements, vocabulary_of
    from harness.trace import STANDARD

    known = os.path.isfile(result.requirements)  # it may declare kinds of events that the traces hold
    vocabulary = vocabulary_of(read_requirements(result.requirements)) if known else STANDARD
    found = {}
    for system, verdict in result.each():
        path = _trace_of(system, verdict, folder, many=len(result.systems) > 1) if verdict.witness else None
        if path is not None and verdict.witness is not None:
            found[system.system, verdict.requirement] = _diagram(path, verdict, vocabulary)
    return found


def _trace_of(system: SystemResult, verdict: RequirementVerdict, folder: str, *, many: bool) -> Path | None:
    """Where the run was kept: in a folder of the system's name, or (with one system) anywhere below."""
    shown = shown_in(verdict)
    name = f"{shown.scenario}.seed{shown.seed}.jsonl"
    paths = sorted(Path(folder).rglob(name))
    own = [path for path in paths if path.parent.name == system.name]
    return next(iter(own or ([] if many else paths)), None)


def _diagram(path: Path, verdict: RequirementVerdict, vocabulary: Vocabulary) -> str:
    from harness.report.diagram import diagram
    from harness.trace import TraceError, read_trace

    shown = shown_in(verdict)
    assert shown.witness is not None, "it is the run with the witness"
    try:
        with open(path, encoding="utf-8") as lines:
            trace = read_trace(lines, vocabulary)
    except (TraceError, OSError, UnicodeDecodeError) as error:
        raise Mistake(f"`{path}` is no trace: {error}") from None
    broken = {one["id"] for one in shown.witness.events[-1:] if "id" in one}
    return diagram(trace.events, broken=broken, svg=True, title=f"{shown.scenario}: {shown.title}", ends_at_break=True)


# ---------------------------------------------------------------- charts


def _charts(result: RunResult, folder: str) -> Iterator[str]:
    """Writes the charts that the folder has something for, and gives their paths."""
    from harness.report.charts import verdict_chart
    from harness.report.frames import verdict_frame

    os.makedirs(os.path.join(folder, CHARTS), exist_ok=True)
    yield _save(verdict_chart(verdict_frame(result)), folder, "verdicts")
    if any(verdict.exposure for _, verdict in result.each()):
        from harness.report.charts_exposure import exposure_chart, exposure_frame

        yield _save(exposure_chart(exposure_frame(result)), folder, "exposure")
    yield from _sweep_charts(folder)


def _sweep_charts(folder: str) -> Iterator[str]:
    """The tables and maps of every sweep in the folder."""
    os.makedirs(os.path.join(folder, CHARTS), exist_ok=True)
    for path in sorted(Path(folder).rglob("sweep.json")):
        yield from _sweep_summary(path.parent, folder)


def _sweep_summary(parts: Path, folder: str) -> Iterator[str]:
    """The rates of a sweep as a table, a row for each cell of the grid with exact bounds, and its maps."""
    from harness.measure.summary import violation_rates
    from harness.sweep import knob_columns, read_about, read_frame

    about, frame = read_about(str(parts)), read_frame(str(parts))
    knobs = knob_columns(about)
    table = violation_rates(frame, ["system", "scenario", *knobs], varied=tuple(about.get("varied", ())))
    target = os.path.join(folder, CHARTS, f"{parts.name}.csv")
    write(target, table.to_csv(index=False))
    yield target
    yield from _maps(table, [name for name in knobs if table[name].nunique() > 1], folder, parts.name)


def _maps(rates: pandas.DataFrame, knobs: Sequence[str], folder: str, name: str) -> Iterator[str]:
    """Where each requirement holds, a map for each system and scenario: of two knobs, or of three, as panels.

    The knob with most values goes along.
    """
    from harness.report.charts_regions import region_chart

    if len(knobs) not in (2, 3):
        return
    x = max(knobs, key=lambda knob: len(set(rates[knob])))
    y, *panel = [knob for knob in knobs if knob != x]
    for key, own in rates.groupby(["system", "scenario", "requirement"], sort=True):
        figure = region_chart(
            own, x=x, y=y, panel=panel[0] if panel else None, names={one: one for one in knobs}, holds=str(key[2])
        )
        yield _save(figure, folder, "_".join([name, *map(str, key)]))


def _save(figure: Figure, folder: str, name: str) -> str:
    """Writes a figure so that the same results give the same bytes: no date in it, and no ids drawn at random."""
    from matplotlib import rc_context

    target = os.path.join(folder, CHARTS, f"{name}.svg")
    with rc_context({"svg.hashsalt": "harness"}):
        figure.savefig(target, metadata={"Date": None})
    return target
