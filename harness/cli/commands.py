"""The commands, their options and their help; each body imports the function that does it and hands on its exit code."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from harness.cli.output import Mistake as Mistake

Systems = Annotated[
    list[str] | None,
    typer.Option("--system", metavar="FILE", help="Use this system instead of the file's; repeatable."),
]
OneSystem = Annotated[
    str | None, typer.Option("--system", metavar="FILE", help="Use this system instead of the file's.")
]
Without = Annotated[
    list[str] | None,
    typer.Option("--without", metavar="CONTROL", help="Take this control away, by id or name; repeatable."),
]
Seed = Annotated[int, typer.Option("--seed", help="The same seed gives the same run, byte for byte.")]
Json = Annotated[
    str | None, typer.Option("--json", metavar="FILE", help="Write the result as JSON; `-` for standard output.")
]

Today = Annotated[
    str | None,
    typer.Option("--today", metavar="DATE", help="The date that waivers are held against; by default this day."),
]
AllowUnchallenged = Annotated[
    bool, typer.Option("--allow-unchallenged", help="Do not fail for what nothing put to the test.")
]
Since = Annotated[
    str | None,
    typer.Option("--since", metavar="FILE", help="Say on the page what changed since this earlier result (JSON)."),
]
Requirements = Annotated[
    str, typer.Option("--requirements", metavar="FILE", help="The requirements file.", show_default=True)
]


class Catalogue(StrEnum):
    """What can be listed."""

    requirements = "requirements"
    scenarios = "scenarios"
    controls = "controls"
    misbehaviours = "misbehaviours"
    events = "events"
    protocol_rules = "protocol-rules"


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
        str | None, typer.Option("--html", metavar="FILE", help="Write the stakeholders' page, one self-contained file.")
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
        str | None, typer.Option("--mcp-tools", metavar="FILE", help="Make the system from a `tools/list` result.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over files that are there already.")] = False,
) -> int:
    """Start a project: requirements, a system, scenarios; from a description of your API if you have one."""
    from harness.cli.init import run_init

    return run_init(folder, openapi=openapi, mcp_tools=mcp_tools, force=force)


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


def search(
    requirement: Annotated[str | None, typer.Argument(metavar="[ID]", help="The requirement; by default all.")] = None,
    requirements: Requirements = "requirements.yaml",
    system: OneSystem = None,
    without: Without = None,
    seconds: Annotated[float, typer.Option("--seconds", min=0, help="Stop each search after so long.")] = 60,
    depth: Annotated[int, typer.Option("--depth", min=0, help="Stop at so many events.")] = 7,
    save: Annotated[str | None, typer.Option("--save", metavar="DIR", help="Save attacks as scenario files.")] = None,
    diagram: Annotated[
        str | None,
        typer.Option("--diagram", metavar="FILE", help="Draw the attack: `.svg`, or `.mmd` for Mermaid."),
    ] = None,
    seed: Seed = 0,
    json: Json = None,
) -> None:
    """Let the worst LLM try everything in a small world, and show the shortest attack.

    Exit code: 0 none found (the bound is stated), 1 an attack, 2 wrong input, 3 nobody can challenge it.
    """
    from harness.cli.search import SearchOptions, run_search

    options = SearchOptions(
        requirement=requirement,
        requirements=requirements,
        system=system,
        without=tuple(without or ()),
        seconds=seconds,
        depth=depth,
        save=save,
        diagram=diagram,
        json=json,
        seed=seed,
    )
    raise typer.Exit(run_search(options))


def ablate(
    requirements: Requirements = "requirements.yaml",
    system: Systems = None,
    without: Without = None,
    seed: Seed = 0,
    pairs: Annotated[
        bool, typer.Option("--pairs/--no-pairs", help="Also take away the pairs that may stand in for each other.")
    ] = True,
    exposure: Annotated[
        bool, typer.Option("--exposure", help="Also measure what lies open without either and without both of a pair.")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Also hold what scenario files expect against what happens.")
    ] = False,
    json: Json = None,
    markdown: Annotated[
        str | None, typer.Option("--markdown", metavar="FILE", help="Write the matrix as a page of Markdown.")
    ] = None,
) -> None:
    """Take every control away in turn, and see which requirement that breaks.

    Exit code: 0 finished, 2 wrong input, 4 a run failed; with `--check` 1 where an expectation is not met.
    """
    from harness.cli.ablate import AblateOptions, run_ablate

    options = AblateOptions(
        requirements=requirements,
        systems=tuple(system or ()),
        without=tuple(without or ()),
        seed=seed,
        pairs=pairs,
        exposure=exposure,
        check=check,
        json=json,
        markdown=markdown,
    )
    raise typer.Exit(run_ablate(options))


def compare(
    systems: Annotated[list[str], typer.Argument(metavar="SYSTEM…", help="The designs, as system files.")],
    requirements: Requirements = "requirements.yaml",
    without: Without = None,
    seed: Seed = 0,
    runs: Annotated[int, typer.Option("--runs", min=1, help="Run every scenario with so many seeds.")] = 1,
    json: Json = None,
) -> None:
    """Put designs side by side on the same draws: verdicts, honest use, cost, exposure.

    Exit code: 0 finished, 2 wrong input, 4 a run failed.
    """
    from harness.cli.compare import CompareOptions, run_compare

    options = CompareOptions(
        systems=tuple(systems),
        requirements=requirements,
        without=tuple(without or ()),
        seed=seed,
        runs=runs,
        json=json,
    )
    raise typer.Exit(run_compare(options))


def sweep(
    file: Annotated[str, typer.Argument(help="The sweep file, `*.sweep.yaml`.")],
    out: Annotated[
        str, typer.Option("--out", metavar="DIR", help="Where the results are kept; what is there is taken up.")
    ],
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, help="Processes of this machine; by default one per processor.")
    ] = None,
    dask: Annotated[
        str | None, typer.Option("--dask", metavar="ADDRESS", help="Run on the workers of this Dask scheduler.")
    ] = None,
    json: Json = None,
) -> None:
    """Run a grid of settings with many seeds, and keep a row for each run and requirement as Parquet.

    Exit code: 0 finished, 2 wrong input, 4 a run failed or workers kept dying. Killed and started again, it goes on.
    """
    from harness.cli.sweep import SweepOptions, run_sweep_command

    raise typer.Exit(run_sweep_command(SweepOptions(file=file, out=out, workers=workers, dask=dask, json=json)))
