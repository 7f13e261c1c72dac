"""Search against suite: what a scenario breaks, the search has to break too, and in no more steps.

    python -m tests.search.crosscheck                       # every requirements file on every system (an hour)
    python -m tests.search.crosscheck standards/asvs insurance.yaml

Words choose: a requirements file or a system whose path contains one of them (of each sort at least one, or all). For each
requirement that a scenario breaks on a system it says in how many steps, what the search says, and whether the attack
replays in the full world; a row that disagrees begins with `!`. Scenarios with misfortunes are told apart: those befall
a search only where it is given them.
"""

from __future__ import annotations

import sys
import time
import traceback
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path
from typing import NamedTuple

from harness.judge import monitor
from harness.load import ProblemList
from harness.plan import Scenario, unfit
from harness.search import search
from harness.search.stops import breaks, replayed
from harness.search.telling import bound_text, steps_text
from harness.suite import Design, load_project
from harness.trace import Event
from harness.world.sim.shell import run_of

FILES = ("requirements.yaml", "scenarios/further/article.yaml", "scenarios/further/requirements.yaml",
         *sorted(map(str, Path("scenarios/standards").glob("*.yaml"))))  # fmt: skip
SYSTEMS = tuple(sorted(map(str, Path("scenarios/systems").glob("*.yaml"))))
DEPTH, SECONDS = 5, 30.0


class Hand(NamedTuple):
    """A scenario that breaks a requirement, in how many steps, and whether a misfortune is part of it."""

    scenario: str
    steps: int
    misfortune: bool


class Row(NamedTuple):
    """One requirement on one system: what breaks it by hand, what the search says."""

    file: str
    system: str
    requirement: str
    hand: Hand | None
    text: str
    length: int | None
    replays: bool | None
    seconds: float
    steps: tuple[str, ...] = ()
    challenged: int = 0

    @property
    def agrees(self) -> bool:
        """Whether the search breaks whatever a scenario breaks, in no more steps, and its attack replays."""
        if self.text.startswith("crash") or self.replays is False:
            return False
        if self.hand is None or self.hand.misfortune:
            return True
        return self.length is not None and self.length <= self.hand.steps

    def __str__(self) -> str:
        hand = "-"
        if self.hand is not None:
            hand = f"{self.hand.scenario} in {self.hand.steps}{' (misfortune)' if self.hand.misfortune else ''}"
        where = f"{Path(self.file).stem} {self.requirement} on {Path(self.system).stem}"
        replays = "" if self.replays is None else ", replays" if self.replays else ", DOES NOT REPLAY"
        return f"{' ' if self.agrees else '!'} {where} | by hand {hand} | {self.text}{replays} | {self.seconds:.1f} s"


@cache
def design_of(file: str, system: str) -> Design | None:
    """The requirements typed against a system; None where its vocabulary does not have their words."""
    try:
        return load_project(file, systems=[system], scenarios=()).designs[0]
    except ProblemList:
        return None


@cache
def scenarios_of(file: str, system: str) -> tuple[Scenario, ...]:
    project = load_project(file, systems=[system])
    return project.scenarios


def by_hand(file: str, system: str, only: Iterable[str] = ()) -> dict[str, Hand]:
    """For each requirement the scenario that breaks it in the fewest steps; one without misfortunes if there is any.

    `only` names the scenarios that are run; all of them by default.
    """
    wanted = set(only)
    design = design_of(file, system)
    assert design is not None
    found: dict[str, list[Hand]] = {}
    for scenario in scenarios_of(file, system):
        if unfit(scenario, design.system) is not None or (wanted and scenario.id not in wanted):
            continue
        run = run_of(design.system, design.controls, scenario, seed=0)
        unlucky = bool(scenario.faults or scenario.outages or scenario.lags or scenario.clocks or scenario.fast_clocks)
        for key, breach in _breaches(design, run.log).items():
            found.setdefault(key, []).append(Hand(scenario.id, bisect_left(run.marks, breach) + 1, unlucky))
    return {key: min(some, key=lambda one: (one.misfortune, one.steps, one.scenario)) for key, some in found.items()}


def _breaches(design: Design, log: Sequence[Event]) -> dict[str, int]:
    """The number of the first event that breaks each requirement, or by which time had broken it."""
    watched = [(of.id, one, one.new_state()) for of in design.requirements
               for one in (monitor(rule, design.requirements.vocabulary) for rule in of.rules)]  # fmt: skip
    found: dict[str, int] = {}
    for event in log:
        for key, one, state in watched:
            if event.attempt is None and key not in found and (one.step(state, event) or one.advance(state, event.time_ms)):
                found[key] = int(event.id)
    return found


def look(file: str, system: str, key: str, hand: Hand | None, seconds: float = SECONDS, depth: int = DEPTH) -> Row:
    """Search for one attack and replay it; a crash is told, not raised."""
    design = design_of(file, system)
    assert design is not None
    requirement = next(one for one in design.requirements if one.id == key)
    vocabulary = design.requirements.vocabulary
    started = time.perf_counter()
    try:
        found = search(
            design.system, design.controls, requirement, vocabulary=vocabulary, depth=depth,
            go_on=lambda _: time.perf_counter() - started < seconds,
        )  # fmt: skip
        took = time.perf_counter() - started
        if found.attack is None:
            return Row(file, system, key, hand, bound_text(found), None, None, took, challenged=found.challenged)
        trace = replayed(design.system, design.controls, found.attack, requirement)
        return Row(
            file, system, key, hand, bound_text(found), found.attack.length, breaks(trace, requirement, vocabulary), took,
            tuple(steps_text(found.attack)), found.challenged,
        )  # fmt: skip
    except Exception as error:  # whatever it is, it is a row of its own
        last = traceback.extract_tb(error.__traceback__)[-1]
        text = f"crash: {error!r} at {Path(last.filename).name}:{last.lineno}"
        return Row(file, system, key, hand, text, None, None, time.perf_counter() - started)


def chosen(words: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The pairs of files and systems that some words choose and whose vocabulary fits."""
    asked = list(words)
    for file in FILES:
        for system in SYSTEMS:
            named_file = [one for one in asked if any(one in each for each in FILES)]
            named_system = [one for one in asked if any(one in each for each in SYSTEMS)]
            if named_file and not any(one in file for one in named_file):
                continue
            if named_system and not any(one in system for one in named_system):
                continue
            if design_of(file, system) is not None:
                yield file, system


def _hands(pair: tuple[str, str]) -> dict[str, Hand]:
    return by_hand(*pair)


def _row(job: tuple[str, str, str, Hand | None]) -> Row:
    return look(*job)


def main(words: Sequence[str]) -> None:
    """Print every row; those of requirements that no scenario breaks only where the search breaks or crashes."""
    everything = "--all" in words
    pairs = list(chosen(one for one in words if not one.startswith("--")))
    with ProcessPoolExecutor(max_workers=2) as pool:
        jobs = []
        for (file, system), hands in zip(pairs, pool.map(_hands, pairs), strict=True):
            design = design_of(file, system)
            assert design is not None
            jobs += [(file, system, one.id, hands.get(one.id)) for one in design.requirements
                     if everything or one.id in hands]  # fmt: skip
        print(f"{len(pairs)} pairs, {len(jobs)} rows", flush=True)
        for row in pool.map(_row, jobs):
            print(row, flush=True)
            if not row.agrees or "--steps" in words:
                for step in row.steps:
                    print("      ", step, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
