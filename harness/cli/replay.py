"""`harness replay`: one run told step by step, and drawn as a sequence diagram where that is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

from harness.cli.output import Mistake, json_text, table_stream, write

if TYPE_CHECKING:
    from harness.suite.single import Single
    from harness.trace import Event


@dataclass(frozen=True, kw_only=True)
class ReplayOptions:
    """What was asked for on the command line."""

    scenario: str
    requirements: str
    system: str | None = None
    design: str | None = None
    variant: str | None = None
    without: tuple[str, ...] = ()
    seed: int = 0
    diagram: str | None = None
    json: str | None = None


def run_replay(options: ReplayOptions) -> int:
    """Runs one scenario and prints its steps; 1 where it violates a requirement, 4 where the run fails."""
    from harness.load import ProblemList
    from harness.suite import UsageError, run_single

    _check_diagram(options.diagram)
    stream = table_stream(options.json, options.diagram)
    try:
        single = run_single(
            options.scenario,
            requirements_path=options.requirements,
            system=options.system,
            design=options.design,
            variant=options.variant,
            without=options.without,
            seed=options.seed,
        )
    except (ProblemList, UsageError):
        raise
    except Exception as error:
        from harness.suite.runs import reason_of

        stream.write(f"the run failed: no verdict\n  {reason_of(error)}\n")
        return 4
    _print(single, options, stream)
    _write(single, options)
    return 1 if any(run.violations for run in single.verdicts.values()) else 0


def _check_diagram(target: str | None) -> None:
    if target not in (None, "-") and not str(target).endswith((".svg", ".mmd")):
        raise Mistake(f"a diagram is a `.svg` or a `.mmd` file, not `{target}`")


def _print(single: Single, options: ReplayOptions, stream: IO[str]) -> None:
    scenario = single.scenario
    named = "".join(
        f", {key} {name}" for key, name in (("design", options.design), ("variant", options.variant)) if name
    )
    without = f", without {', '.join(options.without)}" if options.without else ""
    shown = f"{single.design.system.name}{named}{without}"
    stream.write(f"{scenario.id}: {scenario.title}\non {shown}, seed {options.seed}\n\n")
    stream.writelines(f"{line}\n" for line in _steps(single))
    stream.write("\n")
    stream.writelines(f"{line}\n" for line in _verdicts(single))


def _steps(single: Single) -> Iterator[str]:
    """A line for each event: time, mark, sentence, and the misbehaviour that chose it."""
    from harness.report.story import clock, sentence
    from harness.suite import control_names

    names, vocabulary = control_names(), single.design.requirements.vocabulary
    for event in _told(single.trace.events):
        breaks = single.breaking.get(event.id, [])
        mark = "x" if breaks else ("|" if event.attempt is not None else " ")
        twist = f"  [{event.cause.twist}]" if event.cause is not None and event.cause.twist else ""
        told = f"  <- breaks {', '.join(breaks)}" if breaks else ""
        yield f"{clock(event.time_ms):>14} {mark} {sentence(event, names, vocabulary)}{twist}{told}"


def _told(events: Iterable[Event]) -> Iterator[Event]:
    """Events that are steps of a story; bookkeeping for measures is not."""
    return (event for event in events if not event.kind.startswith("reach."))


def _verdicts(single: Single) -> Iterator[str]:
    from harness.report.words import VERDICTS, count

    for key, run in single.verdicts.items():
        if run.violations:
            yield f"{key}: {VERDICTS['violated']} ({count(len(run.violations), 'time')})"
        elif run.challenged:
            yield f"{key}: {count(run.challenged, 'attack')} stopped"


def _write(single: Single, options: ReplayOptions) -> None:
    if options.json is not None:
        write(options.json, json_text(_document(single, options)))
    if options.diagram is not None:
        from harness.report.diagram import diagram

        svg = options.diagram.endswith(".svg")
        write(
            options.diagram, diagram(single.trace.events, broken=single.breaking, svg=svg, title=single.scenario.title)
        )


def _document(single: Single, options: ReplayOptions) -> dict[str, Any]:
    from harness.report.story import story
    from harness.suite import control_names
    from harness.trace import flat

    vocabulary = single.design.requirements.vocabulary
    events = list(_told(single.trace.events))
    return {
        "schema": "harness/replay/1",
        "scenario": single.scenario.id,
        "system": single.design.shown,
        "design": options.design,
        "variant": options.variant,
        "seed": options.seed,
        "without": list(options.without),
        "verdicts": {
            key: {"violations": len(run.violations), "challenged": run.challenged, "exercised": run.exercised}
            for key, run in single.verdicts.items()
        },
        "steps": [
            {"text": text, "event": flat(event, vocabulary)}
            for text, event in zip(story(events, control_names(), vocabulary), events, strict=True)
        ],
    }
