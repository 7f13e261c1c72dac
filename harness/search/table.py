"""The table of the documentation: for each control taken away, what the search finds on which requirement.

    python -m harness.search.table requirements.yaml scenarios/systems/insurance.yaml K01:R3 K03:R3+R5 none:R1+R4

Each word is a control (or `none`) and requirements; without any, each control with each requirement. Writes Markdown.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import NamedTuple

from harness.plan import Controls, load_system, words
from harness.requirements import load_requirements
from harness.search.explore import search
from harness.search.stops import breaks, replayed
from harness.search.telling import bound_text, steps_text

DEPTH, DEPTH_OF_NONE, SECONDS = 5, 7, 60.0
NONE = "none"


class Cell(NamedTuple):
    """One row: the control that was away, the requirement, and what was found."""

    control: str
    requirement: str
    text: str
    last: str
    replays: bool
    seconds: float


def cells(requirements: str, system: str, asked: Sequence[str]) -> list[tuple[str, str, str, str]]:
    """What is to be searched: the files, a control, a requirement."""
    model = load_system(system).model
    keys = [one.id for one in load_requirements(requirements, words(model))]
    chosen = asked or [f"{control}:{'+'.join(keys)}" for control in (*Controls.of(model).active(), NONE)]
    pairs = [(word.split(":")[0], key) for word in chosen for key in word.split(":")[1].split("+")]
    return [(requirements, system, control, key) for control, key in pairs]


def cell(job: tuple[str, str, str, str]) -> Cell:
    """Search one cell, and replay what was found in the full world."""
    requirements_path, system_path, control, key = job
    started = time.perf_counter()
    system = load_system(system_path).model
    found_in = load_requirements(requirements_path, words(system))
    requirement = next(one for one in found_in if one.id == key)
    controls = Controls.of(system, without=[] if control == NONE else [control])
    found = search(
        system, controls, requirement, vocabulary=found_in.vocabulary,
        depth=DEPTH_OF_NONE if control == NONE else DEPTH,
        go_on=lambda _: time.perf_counter() - started < SECONDS,
    )  # fmt: skip
    last, replays = "", True
    if found.attack is not None:
        last = list(steps_text(found.attack))[-1]
        replays = breaks(replayed(system, controls, found.attack, requirement), requirement, found_in.vocabulary)
    return Cell(control, key, bound_text(found), last, replays, time.perf_counter() - started)


def markdown(found: Sequence[Cell]) -> Iterator[str]:
    """The rows as a Markdown table."""
    yield "| without | requirement | found | its last step | replays | seconds |"
    yield "| --- | --- | --- | --- | --- | ---: |"
    for one in found:
        replays = ("yes" if one.replays else "NO") if one.last else ""
        yield f"| {one.control} | {one.requirement} | {one.text} | {one.last} | {replays} | {one.seconds:.1f} |"


def main(arguments: Sequence[str]) -> None:
    """Search all cells on two cores and print the table."""
    requirements, system, *asked = arguments
    with ProcessPoolExecutor(max_workers=2) as pool:
        found = list(pool.map(cell, cells(requirements, system, asked)))
    for line in markdown(found):
        print(line)


if __name__ == "__main__":
    main(sys.argv[1:])
