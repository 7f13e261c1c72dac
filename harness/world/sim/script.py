"""A script as a process: commands given as they are, each at its instant; how a saved attack is replayed.

A command that is no longer possible, or speaks of something that an earlier one did not make, is left out: that is what
becomes of an attack when the design is mended.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from harness.plan.scenario import Given
from harness.world.mechanics import commands as c
from harness.world.mechanics import hostile
from harness.world.mechanics.legality import Impossible
from harness.world.sim.run import Process, Run

_MADE = re.compile(r"<(\d+)\.([a-z_]+)\.(\d+)>")
Made = dict[tuple[int, str, int], str]


class Missing(Exception):
    """A command speaks of something that was never made."""


def process(run: Run, script: Sequence[Given]) -> Process:
    """Give the commands, one after the other."""
    made: Made = {}
    for number, given in enumerate(script):
        yield run.sleep(given.at - run.now_ms)
        before = run.world.ids.counts.copy()
        try:
            for _ in range(given.times):
                run.do(command_of(given, made))
        except (Impossible, Missing):
            continue
        for sort, after in run.world.ids.counts.items():
            for ordinal in range(before.get(sort, 0), after):
                made[(number, sort, ordinal - before.get(sort, 0) + 1)] = f"{sort}{ordinal + 1}"


def command_of(given: Given, made: Made) -> c.Command:
    """The command that a script names, with the names that its things have in this run; raises Missing, ValueError."""
    kind = getattr(c, given.do, None) or getattr(hostile, given.do, None)
    if not (isinstance(kind, type) and issubclass(kind, c.Command)):
        raise ValueError(f"there is no command `{given.do}`")
    values = {name: _resolved(value, made) for name, value in given.args.items()}
    try:
        return msgspec.convert({"type": given.do, **values}, kind)
    except msgspec.ValidationError as error:
        raise ValueError(f"`{given.do}` cannot be given so: {error}") from error


def _resolved(value: Any, made: Made) -> Any:
    if isinstance(value, list):
        return [_resolved(one, made) for one in value]
    found = _MADE.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return value
    name = made.get((int(found[1]), found[2], int(found[3])))
    if name is None:
        raise Missing(value)
    return name
