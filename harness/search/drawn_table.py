"""The table of the documentation on drawing: for each control taken away, what is drawn within so many seconds.

    python -m harness.search.drawn_table requirements.yaml scenarios/systems/insurance.yaml K01:R3 K03:R3+R5 none:R1+R4

Words as in `table`. No misfortune befalls a run, and an attack counts only if the control would have stopped it: what
breaks the whole system is passed over. Seconds are of processor time, so that the table says the same on a busy machine.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import NamedTuple

from harness.plan import Controls
from harness.search.drawing import Drawing, draw_attacks
from harness.search.misfortunes import NONE as NO_MISFORTUNE
from harness.search.shrink import Attack
from harness.search.stops import breaks, replayed
from harness.search.table import NONE, Asked, cells, files
from harness.search.telling import steps_text

SECONDS, MOST_RUNS = 20.0, 1_000_000


class Row(NamedTuple):
    """One row: the control that was away, the requirement, what was drawn, whether it replays, after how long."""

    control: str
    requirement: str
    drawing: Drawing
    replays: bool
    seconds: float

    def __str__(self) -> str:
        drawn, attack = self.drawing, self.drawing.attack
        tried = f"{drawn.runs:,} runs, {drawn.decisions:,} decisions, {drawn.challenged:,} breaches stopped"
        found = f"broken in {attack.length} steps ({tried})" if attack else f"none ({tried})"
        last = list(steps_text(attack))[-1] if attack else ""
        replays = ("yes" if self.replays else "NO") if attack else ""
        return f"| {self.control} | {self.requirement} | {found} | {last} | {replays} | {self.seconds:.1f} |"


def row(asked: Asked) -> Row:
    """Draw for one cell until something that counts is found or time is up."""
    path, system_path, control, key = asked
    system, found_in = files(path, system_path)
    requirement = next(one for one in found_in if one.id == key)
    whole = Controls.of(system)
    controls = whole if control == NONE else Controls.of(system, without=(control,))

    def broken_on(design: Controls, attack: Attack) -> bool:
        return breaks(replayed(system, design, attack, requirement), requirement, found_in.vocabulary)

    started = time.process_time()
    drawing = draw_attacks(
        system, controls, requirement, vocabulary=found_in.vocabulary, runs=MOST_RUNS, misfortunes=(NO_MISFORTUNE,),
        go_on=lambda drawing: time.process_time() - started < SECONDS,
        counts=lambda attack: control == NONE or not broken_on(whole, attack),
    )  # fmt: skip
    seconds = time.process_time() - started
    replays = drawing.attack is not None and broken_on(controls, drawing.attack)
    return Row(control, key, drawing, replays, seconds)


def markdown(rows: Sequence[Row]) -> Iterator[str]:
    """The rows as a Markdown table, and how many were broken."""
    yield "| without | requirement | drawn | its last step | replays | seconds |"
    yield "| --- | --- | --- | --- | --- | ---: |"
    yield from map(str, rows)
    yield ""
    away = [one for one in rows if one.control != NONE]
    broken = [one for one in away if one.drawing.attack is not None]
    yield f"{len(broken)} of {len(away)} rows with a control away are broken by what was drawn in {SECONDS:g} seconds."


def main(arguments: Sequence[str]) -> None:
    """Draw for all cells on two cores and print the table."""
    requirements, system, *asked = arguments
    with ProcessPoolExecutor(max_workers=2) as pool:
        for line in markdown(list(pool.map(row, cells(requirements, system, asked)))):
            print(line)


if __name__ == "__main__":
    main(sys.argv[1:])
