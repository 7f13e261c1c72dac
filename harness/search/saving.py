"""A found attack as a scenario file: its steps as a script that the full world replays, and the verdict it gives now.

The file says which controls were away when it was found, and expects the requirement to hold without any of them away:
it fails until the design is mended, then guards the mending.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from msgspec.structs import asdict

from harness.plan.scenario import Given, Scenario
from harness.plan.values import duration_text
from harness.search.shrink import Attack, rows
from harness.world.mechanics import commands as c


def script_of(attack: Attack) -> list[dict[str, Any]]:
    """The steps as a scenario's `script`: things are named by the step that made them, the same step in a row stands once."""
    told = list(rows(attack))
    place = {number + extra: index for index, (number, times) in enumerate(told) for extra in range(times)}
    script = []
    for number, times in told:
        at_ms, command = attack.steps[number]
        given = {"at": duration_text(at_ms), "do": type(command).__name__, "args": _args(command, attack.names[number], place)}
        script.append(given | ({"times": times} if times > 1 else {}))
    return script


def _args(command: c.Command, names: dict[str, tuple[Any, ...]], place: dict[int, int]) -> dict[str, Any]:
    kind = type(command)
    defaults = dict(zip(reversed(kind.__struct_fields__), reversed(kind.__struct_defaults__), strict=False))
    found: dict[str, Any] = {}
    for field, value in asdict(command).items():
        if field in defaults and defaults[field] == value:
            continue
        marks = [one if isinstance(one, str) else f"<{place[one[0]]}.{one[1]}.{one[2] + 1}>" for one in names.get(field, ())]
        if marks:
            found[field] = marks if isinstance(value, tuple) else marks[0]
        else:
            found[field] = list(value) if isinstance(value, tuple) else value
    return found


def as_scenario(attack: Attack, *, id: str, requirement: str) -> Scenario:
    """The attack as a scenario in memory, for a replay in the full world."""
    script = [Given(**one) for one in script_of(attack)]
    wrong = attack.misfortunes
    return Scenario(
        kind="scenario", id=id, title=f"A found attack on {requirement}", aims=[requirement], script=script,
        faults=list(wrong.faults), outages=list(wrong.outages), lags=list(wrong.lags),
    )  # fmt: skip


def scenario_text(
    attack: Attack, *, id: str, requirement: str, sentences: Iterable[str], without: Iterable[str]
) -> str:
    """The attack as the text of a scenario file."""
    away = ", ".join(without)
    lines = [
        "kind: scenario",
        f"id: {id}",
        f"title: {json.dumps(f'A found attack on {requirement}')}",
        "text: >-",
        f"  Found by search{f' without {away}' if away else ''}, and shrunk to its shortest.",
        f"aims: [{requirement}]",
        *(f"{name}: {json.dumps(some)}" for name, some in attack.misfortunes.keys.items()),
        "script:",
    ]
    for sentence, step in zip(sentences, script_of(attack), strict=True):
        args = json.dumps(step["args"], ensure_ascii=False)
        often = f", times: {step['times']}" if "times" in step else ""
        lines += [f"  # {sentence}", f"  - {{at: {step['at']}, do: {step['do']}, args: {args}{often}}}"]
    lines += ["expect:", f"  - {{requirement: {requirement}, verdict: held}}"]
    return "\n".join(lines) + "\n"
