"""The answer to an MCP `tools/list` request as endpoints of an MCP server: tools, hints, arguments.

Hints of the server about its own tools (`readOnlyHint`, `destructiveHint`) are what the server says, not what is so: they
are guesses like any other. Source: MCP specification, tools.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from harness.load import Problem, ProblemList, read_foreign
from harness.plan.describe.model import (
    Action,
    Described,
    Description,
    Guess,
    Names,
    guess_administrative,
    guess_privilege,
    owner_parameters,
    words_of,
)

READS = frozenset({"get", "list", "read", "search", "find", "fetch", "show", "query", "describe", "lookup", "view",
                   "check", "count", "download"})  # fmt: skip
DELETES = frozenset({"delete", "remove", "destroy", "drop", "purge"})
VERBS = (
    READS
    | DELETES
    | {"create", "update", "add", "set", "send", "write", "put", "post", "make", "edit", "upload", "run"}
)


def read_mcp_tools(path: str | Path) -> Description:
    """The tools of a `tools/list` result; raises ProblemList where the file is none."""
    tools = _tools(read_foreign(path))
    if not tools:
        raise ProblemList([Problem(str(path), 1, 1, "expected the result of `tools/list`, with `tools` in it")])
    names = Names()
    return Description("mcp", Path(path).stem, "mcp", tuple(_described(tool, names) for tool in tools))


def _tools(value: Any) -> list[Mapping[str, Any]]:
    """The list itself, a result with `tools`, or a whole JSON-RPC response."""
    for key in ("result", "tools"):
        if isinstance(value, dict) and key in value:
            value = value[key]
    return [one for one in value if isinstance(one, dict) and "name" in one] if isinstance(value, list) else []


def _described(tool: Mapping[str, Any], names: Names) -> Described:
    name = names.of(tool["name"])
    action = _action(tool, name)
    category = _category(name)
    kind = "read" if action == "read" else "write"
    return Described(
        name=name,
        label=str(tool.get("title") or tool["name"])[:80],
        action=action,
        category=category,
        scope=Guess(f"{category}.{kind}", "tools/list names no scope"),
        privilege=_privilege(tool, action, name),
        administrative=guess_administrative(name),
        owner_parameters=owner_parameters(_arguments(tool)),
    )


def _hint(tool: Mapping[str, Any], name: str) -> bool | None:
    hints = tool.get("annotations")
    value = hints.get(name) if isinstance(hints, dict) else None
    return value if isinstance(value, bool) else None


def _action(tool: Mapping[str, Any], name: str) -> Action:
    if _hint(tool, "readOnlyHint"):
        return "read"
    words = words_of(name)
    if words & DELETES:
        return "delete"
    return "read" if words & READS and _hint(tool, "readOnlyHint") is not False else "write"


def _privilege(tool: Mapping[str, Any], action: Action, name: str) -> Guess:
    if action != "read" and _hint(tool, "destructiveHint"):
        return Guess("high", "the server calls it destructive")
    return guess_privilege(action, name)


def _category(name: str) -> str:
    """The kind of data: what the tool's name is about, without its verb."""
    nouns = [word for word in name.split("_") if word not in VERBS]
    return "_".join(nouns[:2]) or "data"


def _arguments(tool: Mapping[str, Any]) -> Iterator[str]:
    schema = tool.get("inputSchema")
    properties = schema.get("properties") if isinstance(schema, dict) else None
    yield from properties if isinstance(properties, dict) else ()
