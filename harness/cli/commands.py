"""The commands, their options and their help; each body imports the function that does it and hands on its exit code."""

from __future__ import annotations

from typing import Annotated

import typer

from harness.cli.commands_of_designs import ablate, compare, search, sweep
from harness.cli.options import (
    AllowUnchallenged,
    Catalogue,
    Json,
    OneSystem,
    Requirements,
    Seed,
    Since,
    Systems,
    Today,
    Without,
)
from harness.cli.output import Mistake as Mistake


def mount(app: typer.Typer) -> None:
    """Adds every command to the application, with its examples beneath its help."""
    for command, *examples in (
        (run, "harness run", "harness run --system scenarios/systems/login_only.yaml --json result.json"),
        (check, "harness check requirements.yaml scenarios/systems/insurance.yaml"),
        (explain, "harness explain R4"),
        (list_, "harness list events --about payout", "harness list controls --json -"),
        (replay, "harness replay S18 --without K04 --diagram attack.svg", "harness replay I01 --design right"),
        (judge, "harness judge trace.jsonl --requirements requirements.yaml"),
        (ablate, "harness ablate", "harness ablate --system scenarios/systems/insurance.yaml --json matrix.json"),
        (
            compare,
            "harness compare scenarios/systems/insurance.yaml scenarios/systems/login_only.yaml",
            "harness compare scenarios/systems/published_*.yaml --runs 20 --json designs.json",
        ),
        (
            search,
            "harness search R4 --without K04",
            "harness search --system scenarios/systems/insurance.yaml --depth 5 --save found",
        ),
        (sweep, "harness sweep scenarios/sweeps/lifetimes.sweep.yaml --out out/lifetimes"),
        (report, "harness report out", "harness report out --html page.html --since before.json"),
        (watch, "harness watch", "harness watch requirements.yaml --html page.html"),
        (init, "harness init shop", "harness init shop --openapi openapi.json"),
        (schema, "harness schema", "harness schema editor/"),
    ):
        name = command.__name__.rstrip("_")
        app.command(name, epilog="\b\n" + "\n".join(["Examples:", *(f"  {one}" for one in examples)]))(command)


def run(
    file: Annotated[str, typer.Argument(metavar="[FILE]", help="The requirements file.")] = "requirements.yaml",
    system: Systems = None,
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="ID", help="Judge this requirement only; repeatable.")
    ] = None,
    without: Without = None,
    seed: Seed = 0,
    runs: Annotated[int, typer.Option("--runs", min=1, help="Run every scenario with so many seeds.")] = 1,
    today: Today = None,
    allow_unchallenged: AllowUnchallenged = False,
    json: Json = None,
    junit: Annotated[str | None, typer.Option("--junit", metavar="FILE", help="Write the result as JUnit XML.")] = None,
    sarif: Annotated[str | None, typer.Option("--sarif", metavar="FILE", help="Write the result as SARIF.")] = None,
    html: Annotated[
        str | None,
        typer.Option("--html", metavar="FILE", help="Write the stakeholders' page, one self-contained file."),
    ] = None,
    trace: Annotated[
        str | None, typer.Option("--trace", metavar="DIR", help="Keep the trace of every run here.")
    ] = None,
    since: Since = None,
    measure: Annotated[
        bool,
        typer.Option(
            "--measure", help="Add to the result what lies open and which controls carry it; `--html` does so too."
        ),
    ] = False,
) -> None:
    """Hold every requirement against every scenario that applies.

    Exit code: 0 all held, 1 something violated, 2 wrong input, 3 something not tested, 4 a run failed.
    """
    from harness.cli.run import RunOptions, run_run

    options = RunOptions(
        requirements=file,
        systems=tuple(system or ()),
        only=tuple(only or ()),
        without=tuple(without or ()),
        seed=seed,
        runs=runs,
        today=today,
        allow_unchallenged=allow_unchallenged,
        json=json,
        junit=junit,
        sarif=sarif,
        html=html,
        trace=trace,
        since=since,
        measure=measure,
    )
    raise typer.Exit(run_run(options))


def check(
    files: Annotated[
        list[str] | None, typer.Argument(metavar="[FILE…]", help="Files or folders; else all of this project.")
    ] = None,
    json: Json = None,
) -> None:
    """Read the YAML files and report every mistake, each with its place.

    Exit code: 0 no mistake (warnings allowed), 2 mistakes.
    """
    from harness.cli.check import run_check

    raise typer.Exit(run_check(tuple(files or ()), json=json))


def explain(
    requirement: Annotated[str, typer.Argument(metavar="ID", help="The requirement's id.")],
    requirements: Requirements = "requirements.yaml",
    scenarios: Annotated[
        bool, typer.Option("--scenarios/--no-scenarios", help="Run the scenarios to see which challenge it.")
    ] = True,
    json: Json = None,
) -> None:
    """Say what a requirement really asks for, what it forbids and permits, and what tests it."""
    from harness.cli.explain import run_explain

    raise typer.Exit(run_explain(requirement, requirements=requirements, json=json, scenarios=scenarios))


def judge(
    traces: Annotated[list[str], typer.Argument(metavar="TRACE…", help="Traces as JSON lines (harness/trace/1).")],
    requirements: Requirements = "requirements.yaml",
    today: Today = None,
    allow_unchallenged: AllowUnchallenged = False,
    json: Json = None,
) -> None:
    """Hold the requirements against traces from elsewhere; nothing is simulated.

    Exit code: 0 all held, 1 something violated, 2 wrong input, 3 something not tested.
    """
    from harness.cli.judge import run_judge

    raise typer.Exit(
        run_judge(traces, requirements=requirements, json=json, today=today, allow_unchallenged=allow_unchallenged)
    )


def report(
    folder: Annotated[str, typer.Argument(metavar="DIR", help="Where results, matrices, searches and traces are.")],
    html: Annotated[
        str | None, typer.Option("--html", metavar="FILE", help="Where the page goes; else `DIR/page.html`.")
    ] = None,
    since: Since = None,
) -> None:
    """Make the stakeholders' page and the charts from stored results; nothing is simulated.

    Reads what `run --json`, `ablate --json`, `search --json`, `run --trace` and `sweep --out` wrote into the folder.
    """
    from harness.cli.report import run_report

    raise typer.Exit(run_report(folder, html=html, since=since))


def watch(
    file: Annotated[str, typer.Argument(metavar="[FILE]", help="The requirements file.")] = "requirements.yaml",
    html: Annotated[
        str | None, typer.Option("--html", metavar="FILE", help="Keep a page up to date that reloads itself.")
    ] = None,
    today: Today = None,
) -> int:
    """Check and run again whenever a file is saved, and say which verdict moved."""
    from harness.cli.watch import run_watch

    return run_watch(file, html=html, today=today)


def init(
    folder: Annotated[str, typer.Argument(metavar="[DIR]", help="Where the project goes.")] = ".",
    openapi: Annotated[
        str | None, typer.Option("--openapi", metavar="FILE", help="Make the system from an OpenAPI 3 document.")
    ] = None,
    mcp_tools: Annotated[
        list[str] | None,
        typer.Option("--mcp-tools", metavar="FILE", help="Make the system from a `tools/list` result; once for each page."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over files that are there already.")] = False,
) -> int:
    """Start a project: requirements, a system, scenarios; from a description of your API if you have one."""
    from harness.cli.init import run_init

    return run_init(folder, openapi=openapi, mcp_tools=mcp_tools or (), force=force)


def schema(
    folder: Annotated[str, typer.Argument(metavar="[FOLDER]", help="Where to write them.")] = "schemas",
    requirements: Requirements = "requirements.yaml",
) -> None:
    """Write the JSON Schemas, the snippets and the reference of events for editors."""
    from harness.cli.schema import run_schema

    raise typer.Exit(run_schema(folder, baseline=requirements))


def list_(
    what: Annotated[Catalogue, typer.Argument(help="Which catalogue.")],
    about: Annotated[
        str | None, typer.Option("--about", metavar="WORD", help="Only what is about this everyday word.")
    ] = None,
    requirements: Requirements = "requirements.yaml",
    json: Json = None,
) -> None:
    """Show a catalogue, or what in it is about a word."""
    from harness.cli.listing import run_list

    raise typer.Exit(run_list(what.value, about=about, requirements=requirements, json=json))


def replay(
    scenario: Annotated[str, typer.Argument(help="The scenario's id, or the path of its file.")],
    requirements: Requirements = "requirements.yaml",
    system: OneSystem = None,
    design: Annotated[
        str | None, typer.Option("--design", metavar="NAME", help="One of the designs in the scenario's own file.")
    ] = None,
    variant: Annotated[
        str | None, typer.Option("--variant", metavar="NAME", help="One of the variants in the scenario's own file.")
    ] = None,
    without: Without = None,
    seed: Seed = 0,
    diagram: Annotated[
        str | None,
        typer.Option("--diagram", metavar="FILE", help="Draw it as a sequence diagram: `.svg`, or `.mmd` for Mermaid."),
    ] = None,
    json: Json = None,
) -> None:
    """Show one run, step by step.

    Exit code: 0 nothing violated in it, 1 something violated, 2 wrong input, 4 the run failed.
    """
    from harness.cli.replay import ReplayOptions, run_replay

    options = ReplayOptions(
        scenario=scenario,
        requirements=requirements,
        system=system,
        design=design,
        variant=variant,
        without=tuple(without or ()),
        seed=seed,
        diagram=diagram,
        json=json,
    )
    raise typer.Exit(run_replay(options))
