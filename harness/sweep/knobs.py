"""Settings by path: which values a knob takes, what a draw gives under a seed, and how a value is put where it belongs.

Durations are written with a unit and stay so in the settings; in results they are seconds. Knows nothing of files.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Mapping
from typing import Any

from harness.load import did_you_mean
from harness.plan.values import duration_ms
from harness.sweep.model import Draw, Range

Value = Any
OF_SCENARIO = "scenario."
SHARE = "share."
NOTHING: Any = object()
"""What a draw gives that does not happen in a run: the setting stays as the files say."""


class KnobError(ValueError):
    """A knob, draw or setting that leads nowhere or cannot be read: one sentence."""


def values_of(given: list[Value] | Range) -> list[Value]:
    """The values that a knob takes, in order; raises KnobError."""
    if not isinstance(given, Range):
        if not given:
            raise KnobError("a knob needs at least one value")
        return list(given)
    first, last, timed = _ends(given.first, given.last)
    if given.scale == "log" and min(first, last) <= 0:
        raise KnobError("a logarithmic range lies above zero")
    shares = [step / (given.steps - 1) for step in range(given.steps)]
    if given.scale == "log":
        found = [math.exp(math.log(first) * (1 - share) + math.log(last) * share) for share in shares]
    else:
        found = [first * (1 - share) + last * share for share in shares]
    found[0], found[-1] = first, last
    return list(dict.fromkeys(_written(value, timed, whole=_whole(given.first, given.last)) for value in found))


def drawn(draw: Draw, seed: int, path: str, *, share: float | None = None) -> Value:
    """What a draw gives in the run with this seed, whichever cell it is in, or NOTHING; raises KnobError.

    `share` overrules the draw's own; what happens at one share happens at every larger one.
    """
    chance = random.Random(f"{seed}/{path}")
    if draw.sometimes is not None:
        happens = chance.random() < (share if share is not None else draw.share if draw.share is not None else 1)
        return draw.sometimes if happens else NOTHING
    if draw.choice is not None:
        return draw.choice[chance.randrange(len(draw.choice))]
    if draw.uniform is not None:
        first, last, timed = _ends(*draw.uniform)
        return _written(chance.uniform(first, last), timed, whole=_whole(*draw.uniform))
    mean, _, timed = _ends(draw.exponential, draw.exponential)
    if mean <= 0:
        raise KnobError("an exponential draw needs a mean above zero")
    return _written(chance.expovariate(1 / mean), timed, whole=False)


def described(path: str, draw: Draw) -> str:
    """A draw in words, for what varied between runs."""
    name = path.removeprefix(OF_SCENARIO)
    if draw.uniform is not None:
        return f"{name} uniform from {draw.uniform[0]} to {draw.uniform[1]}"
    if draw.exponential is not None:
        return f"{name} exponential with mean {draw.exponential}"
    if draw.sometimes is not None:
        return f"{name} {_named(draw.sometimes)} in a share of runs"
    return f"{name} one of {', '.join(map(str, draw.choice or ()))}"


def _named(value: Value) -> str:
    """A value in words: a group as its keys and values."""
    if isinstance(value, Mapping):
        return f"({', '.join(f'{key} {_named(one)}' for key, one in value.items())})"
    return str(shown(value))


def shown(value: Value) -> float | int | str | bool | None:
    """A value as a result holds it: durations in seconds, groups and lists as text."""
    if isinstance(value, str):
        try:
            return duration_ms(value) / 1000
        except ValueError:
            return value
    return value if isinstance(value, (int, float, bool)) or value is None else repr(value)


def column(path: str, values: Iterable[Value]) -> str:
    """The name of a setting's column: its path, with `_s` where all its values are durations."""
    given = list(values)
    return f"{path}_s" if given and all(isinstance(v, str) and not isinstance(shown(v), str) for v in given) else path


def with_settings(value: Any, settings: Mapping[str, Value]) -> Any:
    """A copy of a document's value with some settings in their places; raises KnobError where a path leads nowhere.

    A number on a path counts in a list (the next free one adds to it); a key that is not there is added.
    """
    for path, given in settings.items():
        value = _put(value, path.split("."), given, path)
    return value


def _put(value: Any, keys: list[str], given: Value, path: str) -> Any:
    if not keys:
        return given
    key, rest = keys[0], keys[1:]
    if isinstance(value, list):
        index = _index(value, key, path)
        part = value[index] if index < len(value) else {}
        return [*value[:index], _put(part, rest, given, path), *value[index + 1 :]]
    if isinstance(value, dict):
        return {**value, key: _put(_group(value.get(key)), rest, given, path) if rest else given}
    raise KnobError(f"`{path}` leads to `{key}` inside of a single value")


def _group(value: Any) -> Any:
    """What a path goes on in: a group of keys; `on` and `off` of a control are short for one."""
    if value is None:
        return {}
    return {"on": value in ("on", True)} if value in ("on", "off", True, False) else value


def _index(value: list[Any], key: str, path: str) -> int:
    if not key.isdigit() or int(key) > len(value):
        hint = did_you_mean(key, map(str, range(len(value))))
        raise KnobError(
            f"`{path}` needs a number from 0 to {len(value)} instead of `{key}`" + (f"; {hint}" if hint else "")
        )
    return int(key)


def _ends(first: Value, last: Value) -> tuple[float, float, bool]:
    """Two values as numbers, durations in milliseconds; whether they are durations."""
    if all(isinstance(one, (int, float)) and not isinstance(one, bool) for one in (first, last)):
        return first, last, False
    try:
        return duration_ms(first), duration_ms(last), True
    except ValueError:
        raise KnobError(f"`{first}` and `{last}` are neither two numbers nor two durations as in `5m`") from None


def _whole(first: Value, last: Value) -> bool:
    return isinstance(first, int) and isinstance(last, int)


def _written(value: float, timed: bool, *, whole: bool) -> Value:
    """A number as it is written in a file; durations to the millisecond."""
    if timed:
        return f"{round(value)}ms"
    return round(value) if whole else value
