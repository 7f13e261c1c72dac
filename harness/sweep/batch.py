"""What a worker does: makes the runs of a batch, judges and measures each, and returns their rows as one Parquet part.

A run that raises is rows with the verdict `error` and its reason, never a pass. The same batch of the same plan gives the
same rows, wherever and whenever it is made.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from harness.judge import failed_run
from harness.measure.row import run_row, verdict_rows
from harness.plan import Controls, Scenario, words
from harness.requirements import RequirementSet, Words, compile_requirements, read_requirements
from harness.suite import Design
from harness.suite.runs import reason_of
from harness.sweep.knobs import shown
from harness.sweep.parts import Row, parquet, pep_names
from harness.sweep.planning import RunSpec, Sweep, checked, decoded, document_of, settings_for
from harness.trace import Trace
from harness.world import simulate
from harness.world.mechanics import keyring


def run_batch(plan: bytes, number: int) -> bytes:
    """The part with the rows of a batch, as the bytes of a Parquet file; what its runs left behind is forgotten."""
    sweep = sweep_of(plan)
    try:
        return parquet(sweep, rows(sweep, number))
    finally:
        keyring.forget()


def rows(sweep: Sweep, number: int) -> list[Row]:
    """The rows of a batch: one for each run and requirement."""
    return [row for run in sweep.batch(number) for row in _run(sweep, sweep.run(run))]


@lru_cache(maxsize=2)
def sweep_of(plan: bytes) -> Sweep:
    """The sweep of a plan, read once in each worker."""
    return decoded(plan)


def _run(sweep: Sweep, spec: RunSpec) -> Iterator[Row]:
    cell = sweep.cell(spec.cell)
    settings = {**cell, **sweep.drawn(spec.seed, cell)}
    key: Row = {
        "run": spec.run,
        "cell": spec.cell,
        "system": sweep.plan.systems[spec.system].name,
        "scenario": sweep.plan.scenarios[spec.scenario].name,
        "seed": spec.seed,
        "failure": None,
        **{sweep.columns[path]: shown(value) for path, value in settings.items()},
    }
    try:
        design = _design(sweep, spec.system, {**sweep.plan.settings, **settings})
        scenario = _scenario(sweep, spec.scenario, {**sweep.plan.settings, **settings})
        trace = simulate(design.system, design.controls, scenario, seed=spec.seed, reach=sweep.plan.reach)
        own = run_row(trace, reach=sweep.plan.reach, peps=pep_names(sweep))
        verdicts = verdict_rows(trace, design.judge.judge(trace))
    except Exception as error:
        yield from _failed(sweep, spec, key, reason_of(error))
        return
    for verdict in verdicts:
        yield {**key, **verdict, **own}


def _failed(sweep: Sweep, spec: RunSpec, key: Row, reason: str) -> Iterator[Row]:
    """The rows of a run that failed: an error for each requirement, and no number at all."""
    requirements = _design(sweep, spec.system, {}).requirements
    for verdict in verdict_rows(Trace({}, [], {}), failed_run(requirements, reason)):
        yield {**key, **verdict, "failure": reason}


_designs: dict[tuple[bytes, int, str], Design] = {}
_compiled: dict[tuple[bytes, int], tuple[Words, RequirementSet]] = {}
KEPT = 64
"""How many designs a worker remembers: runs of one cell follow each other."""


def _design(sweep: Sweep, index: int, settings: Mapping[str, Any]) -> Design:
    own = settings_for(settings, of_scenario=False)
    key = (sweep.encoded, index, repr(sorted(own.items())))
    if key not in _designs:
        while len(_designs) >= KEPT:
            _designs.pop(next(iter(_designs)))
        part = sweep.plan.systems[index]
        system = checked(document_of(part), own, of_scenario=False)
        requirements = _requirements(sweep, index, words(system))
        _designs[key] = Design(part.path, part.path, system, Controls.of(system), requirements)
    return _designs[key]


def _requirements(sweep: Sweep, index: int, named: Words) -> RequirementSet:
    """The requirements in the words of a system; compiled again only where a setting changes the words."""
    known = _compiled.get((sweep.encoded, index))
    if known is None or known[0] != named:
        plan = sweep.plan
        compiled = compile_requirements(read_requirements(plan.requirements_path, plan.requirements_text), named)
        known = named, compiled.only(frozenset(plan.only)) if plan.only else compiled
        _compiled.clear()
        _compiled[sweep.encoded, index] = known
    return known[1]


def _scenario(sweep: Sweep, index: int, settings: Mapping[str, Any]) -> Scenario:
    own = settings_for(settings, of_scenario=True)
    scenario: Scenario = checked(document_of(sweep.plan.scenarios[index]), own, of_scenario=True)
    return scenario
