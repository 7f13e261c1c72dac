"""Mistakes in what was typed, in our words: which option, what it takes, what was given, what was probably meant.

The library that reads the command line says what is wrong in its own words and in those of what it is made of; here its
exceptions are read for their facts. What is not recognized is passed on as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from typer.models import Context

_QUOTED = re.compile(r"'([^']*)'")
_SURPLUS = re.compile(r"unexpected extra argument.*\((.*)\)")
_KINDS = {"int": "a whole number", "float": "a number", "bool": "yes or no"}
_BOUNDS = {
    "greater_than_equal": ("ge", "at least {}"),
    "greater_than": ("gt", "more than {}"),
    "less_than_equal": ("le", "at most {}"),
    "less_than": ("lt", "less than {}"),
}


def is_usage_error(error: Exception) -> bool:
    """Whether this is the library's word for a mistake in what was typed."""
    return hasattr(error, "show") and hasattr(error, "exit_code")


def tell(error: Any) -> int:
    """Says on standard error what is wrong with what was typed; returns the exit code."""
    said = worded(error)
    if said is not None:
        error.format_message = lambda: said
    error.show()
    return int(error.exit_code)


def worded(error: Any) -> str | None:
    """The mistake as a sentence, or None where the library's own is as good."""
    message = str(getattr(error, "message", ""))
    if hasattr(error, "possibilities"):
        asked = str(error.option_name)
        return _hinted(f"unknown option `{asked}`", asked, error.possibilities or _options(error))
    if message.startswith("No such command"):
        asked = _QUOTED.findall(message)[0]
        return _hinted(f"unknown command `{asked}`", asked, _commands(error))
    if (surplus := _SURPLUS.search(message)) is not None:
        return f"too much was given: `{surplus[1]}`"
    if "requires an argument" in message:
        return f"`{error.option_name}` needs a value"
    name = _name(error)
    if name is None:
        return None
    if hasattr(error, "param_type"):
        return f"{name} is missing"
    causes: list[dict[str, Any]] = getattr(error.__cause__, "errors", list)()
    return _wrong_value(name, causes[0]) if causes else None


def _wrong_value(name: str, cause: dict[str, Any]) -> str | None:
    """What a value should have been, from the facts that its checking left."""
    kind, given = str(cause["type"]), f"`{cause['input']}`"
    if kind in _BOUNDS:
        key, text = _BOUNDS[kind]
        return f"{name} is {text.format(cause['ctx'][key])}, not {given}"
    if (wanted := _KINDS.get(kind.partition("_")[0])) is not None:
        return f"{name} is {wanted}, not {given}"
    choices = _QUOTED.findall(str(cause["msg"]))[1:]
    return _hinted(f"{given} is no choice for {name}", str(cause["input"]), choices) if choices else None


def _hinted(message: str, asked: str, known: Iterable[str]) -> str:
    from harness.load import did_you_mean

    hint = did_you_mean(asked, list(known))
    return f"{message}; {hint}" if hint else message


def _name(error: Any) -> str | None:
    """The option or argument that is meant, as it is typed."""
    parameter = getattr(error, "param", None)
    if parameter is None:
        return None
    longest = max(parameter.opts, key=len)
    return f"`{longest}`" if longest.startswith("-") else f"`{(parameter.metavar or longest).upper()}`"


def _options(error: Any) -> list[str]:
    context: Context | None = error.ctx
    return [] if context is None else [max(one.opts, key=len) for one in context.command.params if one.opts[0].startswith("-")]


def _commands(error: Any) -> list[str]:
    return [] if error.ctx is None else list(getattr(error.ctx.command, "commands", ()))
