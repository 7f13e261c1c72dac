"""The table of the documentation: for each control taken away, what the search finds, beside what was written by hand.

    python -m harness.search.table requirements.yaml scenarios/systems/insurance.yaml K01:R3 K03:R3+R5 none:R1+R4

Each word is a control (or `none`) and requirements; without any, each control with each requirement, and none with each.
Writes Markdown. `by hand` is the scenario of the folder beside the requirements that breaks the requirement in the fewest
steps with the same control away.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path
from typing import NamedTuple

from harness.plan import Controls, Scenario, load_scenarios, load_system, words
from harness.plan.system import System
from harness.requirements import RequirementSet, load_requirements
from harness.search.by_hand import ByHand, by_hand
from harness.search.explore import search
from harness.search.stops import breaks, replayed
from harness.search.telling import bound_text, steps_text

DEPTH, DEPTH_OF_NONE, SECONDS = 5, 7, 120.0
NONE = "none"
Asked = tuple[str, str, str, str]


class Cell(NamedTuple):
    """One row: the control that was away, the requirement, what was found and what the catalogue has."""

    control: str
    requirement: str
    text: str
    length: int | None
    last: str
    replays: bool
    hand: ByHand | None
    seconds: float

    @property
    def agrees(self) -> bool:
        """Whether search and catalogue both break the requirement, or neither does; the search in no more steps."""
        if self.hand is None or self.length is None:
            return self.hand is None and self.length is None
        return self.length <= self.hand.steps


def cells(requirements: str, system: str, asked: Sequence[str]) -> list[Asked]:
    """What is to be searched: the files, a control, a requirement."""
    of, found = files(requirements, system)
    keys = [one.id for one in found]
    chosen = asked or [f"{control}:{'+'.join(keys)}" for control in (*Controls.of(of).active(), NONE)]
    pairs = [(word.split(":")[0], key) for word in chosen for key in word.split(":")[1].split("+")]
    return [(requirements, system, control, key) for control, key in pairs]


@cache
def files(requirements: str, system: str) -> tuple[System, RequirementSet]:
    model = load_system(system).model
    return model, load_requirements(requirements, words(model))


@cache
def _scenarios(requirements: str) -> list[Scenario]:
    folder = Path(requirements).parent / "scenarios"
    return load_scenarios(folder) if folder.is_dir() else []


def cell(job: Asked) -> Cell:
    """Search one cell, replay what was found in the full world, and run the scenarios of the folder."""
    requirements_path, system_path, control, key = job
    system, found_in = files(requirements_path, system_path)
    requirement = next(one for one in found_in if one.id == key)
    controls = Controls.of(system, without=[] if control == NONE else [control])
    started = time.perf_counter()
    found = search(
        system, controls, requirement, vocabulary=found_in.vocabulary,
        depth=DEPTH_OF_NONE if control == NONE else DEPTH,
        go_on=lambda _: time.perf_counter() - started < SECONDS,
    )  # fmt: skip
    seconds = time.perf_counter() - started
    last, replays = "", True
    if found.attack is not None:
        last = list(steps_text(found.attack))[-1]
        replays = breaks(replayed(system, controls, found.attack, requirement), requirement, found_in.vocabulary)
    hand = by_hand(system, controls, requirement, _scenarios(requirements_path), found_in.vocabulary)
    length = found.attack.length if found.attack else None
    return Cell(control, key, bound_text(found), length, last, replays, hand, seconds)


def markdown(found: Sequence[Cell]) -> Iterator[str]:
    """The rows as a Markdown table, and how far search and catalogue agree."""
    yield "| without | requirement | found | its last step | by hand | replays | seconds |"
    yield "| --- | --- | --- | --- | --- | --- | ---: |"
    for one in found:
        replays = ("yes" if one.replays else "NO") if one.last else ""
        hand = f"{one.hand.scenario}, {one.hand.steps} steps" if one.hand else ""
        yield (
            f"| {one.control} | {one.requirement} | {one.text} | {one.last} | {hand} | {replays} | {one.seconds:.1f} |"
        )
    yield ""
    broken = [one for one in found if one.length is not None]
    yield (
        f"{sum(one.agrees for one in found)} of {len(found)} rows agree with the scenarios written by hand; the search "
        f"breaks {len(broken)}, in no more steps than the shortest scenario in "
        f"{sum(one.hand is not None and one.agrees for one in broken)} of the "
        f"{sum(one.hand is not None for one in broken)} that a scenario breaks."
    )
    for one in found:
        if not one.agrees:
            hand = f"{one.hand.scenario} in {one.hand.steps} steps" if one.hand else "no scenario"
            yield f"- without {one.control}, {one.requirement}: the search says {one.text}; by hand: {hand}"


def main(arguments: Sequence[str]) -> None:
    """Search all cells on two cores and print the table."""
    requirements, system, *asked = arguments
    with ProcessPoolExecutor(max_workers=2) as pool:
        found = list(pool.map(cell, cells(requirements, system, asked)))
    for line in markdown(found):
        print(line)


if __name__ == "__main__":
    main(sys.argv[1:])
