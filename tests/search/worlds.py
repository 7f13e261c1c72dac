"""What the tests of the search share: the reference system, its requirements, and a system small enough to try it all."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

from harness.plan import Controls, System, load_system, words
from harness.requirements import Requirement, RequirementSet, load_requirements
from harness.search import Found, search
from harness.world.mechanics.bounds import Bounds

HERE = Path(__file__).parent


class Files(NamedTuple):
    """A system and the requirements on it."""

    system: System
    requirements: RequirementSet

    def requirement(self, key: str) -> Requirement:
        return next(one for one in self.requirements if one.id == key)


@cache
def files(system: str, requirements: str) -> Files:
    model = load_system(system).model
    return Files(model, load_requirements(requirements, words(model)))


def reference() -> Files:
    return files("scenarios/systems/insurance.yaml", "requirements.yaml")


def tiny() -> Files:
    return files(str(HERE / "tiny.yaml"), str(HERE / "tiny_requirements.yaml"))


def insurance() -> System:
    return reference().system


def requirements() -> RequirementSet:
    return reference().requirements


def requirement(key: str) -> Requirement:
    return reference().requirement(key)


@cache
def found(key: str, *without: str, depth: int = 3) -> Found:
    return searched(reference(), key, *without, depth=depth)


def searched(of: Files, key: str, *without: str, depth: int = 3, view: Bounds | None = None) -> Found:
    controls = Controls.of(of.system, without=without)
    return search(of.system, controls, of.requirement(key), vocabulary=of.requirements.vocabulary, depth=depth, view=view)
