"""Scenario files with designs of their own: the same events on several designs, and changes that turn the verdict.

    for case in cases(load_scenario("scenarios/incidents/i01.yaml").model): case.system, case.scenario, case.expect

A design is laid over the file's system, a variant over the file itself; an expectation names the pair that it is about.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.load import Document, Loaded, ProblemList, read_document
from harness.plan.files import load_system, scenario_of, system_of
from harness.plan.misfits import refuse_misfits
from harness.plan.overlays import overlaid
from harness.plan.scenario import Expectation, Scenario
from harness.plan.system import System


@dataclass(frozen=True)
class Case:
    """One design and variant of a scenario file, with what is expected of it. `name` is `design` or `design/variant`."""

    name: str
    system: System
    scenario: Scenario
    expect: tuple[Expectation, ...]


def cases(scenario: Scenario) -> Iterator[Case]:
    """Every pair of design and variant that the file expects something of; raises ProblemList for mistakes."""
    base, file = _base(scenario), read_document(scenario.path)
    pairs = dict.fromkeys((one.design, one.variant) for one in scenario.expect)
    systems = {design: _laid_over(base, file, design) for design, _ in pairs}
    for design, variant in pairs:
        expect = tuple(one for one in scenario.expect if (one.design, one.variant) == (design, variant))
        name = "/".join(part for part in (design or "as_is", variant) if part)
        document = _varied(file, variant)
        varied = scenario_of(document).model if variant is not None else scenario
        refuse_misfits(varied, systems[design], document)
        yield Case(name, systems[design], varied, expect)


def check_designs(scenario: Scenario) -> None:
    """Raise ProblemList for mistakes in any design or variant of a file, also in those that nothing is expected of."""
    if scenario.system is None:
        return
    file, path = read_document(scenario.path), Path(scenario.path).parent / scenario.system
    if not path.is_file():
        raise ProblemList([file.problem(f"there is no file `{scenario.system}`", "system")])
    base = load_system(path)
    systems = [base.model] if not scenario.designs else []
    systems += [_laid_over(base, file, name) for name in scenario.designs]
    for variant in (None, *scenario.variants):
        document = _varied(file, variant)
        varied = scenario_of(document).model if variant is not None else scenario
        for system in systems:
            refuse_misfits(varied, system, document)


def design_of(scenario: Scenario, name: str | None) -> System:
    """The system of a scenario file, under one of its designs."""
    return _laid_over(_base(scenario), read_document(scenario.path), name)


def _base(scenario: Scenario) -> Loaded[System]:
    assert scenario.system is not None, "a file with designs names its system"
    return load_system(Path(scenario.path).parent / scenario.system)


def _laid_over(base: Loaded[System], document: Document, name: str | None) -> System:
    if name is None or not document.value["designs"][name]:
        return base.model
    return system_of(overlaid(base.document, document, "designs", name)).model


def variant_of(scenario: Scenario, name: str | None) -> Scenario:
    """A scenario with one of its changes made; raises ProblemList for mistakes in the change."""
    return scenario if name is None else scenario_of(_varied(read_document(scenario.path), name)).model


def _varied(document: Document, variant: str | None) -> Document:
    """A file with one of its changes made."""
    return document if variant is None else overlaid(document, document, "variants", variant)
