"""What the tests of the search share: the reference system, its requirements, and a system small enough to try it all."""

from __future__ import annotations

from functools import cache

from harness.plan import Controls, System, load_system, words
from harness.requirements import Requirement, RequirementSet, load_requirements
from harness.search import Found, search

SYSTEM = "scenarios/systems/insurance.yaml"


@cache
def insurance() -> System:
    return load_system(SYSTEM).model


@cache
def requirements() -> RequirementSet:
    return load_requirements("requirements.yaml", words(insurance()))


def requirement(key: str) -> Requirement:
    return next(one for one in requirements() if one.id == key)


@cache
def found(key: str, *without: str, depth: int = 3) -> Found:
    controls = Controls.of(insurance(), without=without)
    return search(insurance(), controls, requirement(key), vocabulary=requirements().vocabulary, depth=depth)
