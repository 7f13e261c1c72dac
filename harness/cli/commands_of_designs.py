"""The commands about designs: search for attacks, take controls away, compare, sweep; each hands on its exit code."""

from __future__ import annotations

from typing import Annotated

import typer

from harness.cli.options import Json, OneSystem, Requirements, Seed, Systems, Without


def search(
    requirement: Annotated[str | None, typer.Argument(metavar="[ID]", help="The requirement; by default all.")] = None,
    requirements: Requirements = "requirements.yaml",
    system: OneSystem = None,
    without: Without = None,
    seconds: Annotated[float, typer.Option("--seconds", min=0, help="Stop each search after so long.")] = 60,
    depth: Annotated[int, typer.Option("--depth", min=0, help="Stop at so many events.")] = 7,
    misfortunes: Annotated[
        str | None,
        typer.Option(
            "--misfortunes", metavar="FILE", help="Faults, outages and lags of a scenario befall the world; `each`: one by one."
        ),
    ] = None,
    stolen: Annotated[
        bool, typer.Option("--stolen", help="An outsider may also get the keys of one client, and its refresh tokens.")
    ] = False,
    draw: Annotated[
        int | None,
        typer.Option(
            "--draw", min=0, metavar="RUNS",
            help="Where none is found, draw so many runs in a larger world; by default some if the search was cut short.",
        ),
    ] = None,
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
        misfortunes=misfortunes,
        stolen=stolen,
        draw=draw,
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
