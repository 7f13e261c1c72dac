"""The answers to MCP `tools/list` requests as endpoints of an MCP server: tools, hints, arguments, results.

A list may come in pages: each but the last has `nextCursor`, and all of them are needed, or the system would lack tools
that agents have. Hints of the server about its own tools are what the server says, not what is so: they are guesses like any
other, and a name that says otherwise counts more. What a hint leaves out the specification assumes to be dangerous: a tool
that is not read-only, destroys, and reaches into an open world. Source: MCP specification 2025-06-18, tools, pagination,
`ToolAnnotations`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.load import Problem, ProblemList, read_foreign
from harness.plan.describe.model import (
    HIGH,
    Action,
    Described,
    Description,
    Guess,
    Names,
    counted,
    guess_administrative,
    guess_privilege,
    owner_parameters,
    snake,
    words_of,
)
from harness.plan.describe.references import group

READS = frozenset({"get", "list", "read", "search", "find", "fetch", "show", "query", "describe", "lookup", "view",
                   "check", "count", "download"})  # fmt: skip
DELETES = frozenset({"delete", "remove", "destroy", "drop", "purge"})
VERBS = (
    READS
    | DELETES
    | {"create", "update", "add", "set", "send", "write", "put", "post", "make", "edit", "upload", "run"}
)


def read_mcp_tools(*paths: str | Path) -> Description:
    """The tools of a `tools/list` result, all its pages; raises ProblemList where a page is none or one is missing."""
    pages = [page for path in paths for page in _pages(path, read_foreign(path))]
    _complete(paths, pages)
    tools: dict[str, Mapping[str, Any]] = {}
    for page in pages:
        tools |= {str(one["name"]): one for one in page["tools"]}
    if not tools:
        raise ProblemList([Problem(str(paths[0]), 1, 1, "the list has no tool with a name")])
    names = Names()
    described = tuple(_described(tool, names) for tool in tools.values())
    notes = list(_notes(pages, tools))
    if openly := sum(one.untrusted is not None for one in described):
        notes.append(
            f"read from an open world, by what the server says: {counted(openly, 'tool')}; what they return is taken as "
            "written by outsiders"
        )
    return Description("mcp", Path(paths[0]).stem, "mcp", described, tuple(notes))


def _pages(path: str | Path, value: Any) -> Iterator[Mapping[str, Any]]:
    """The pages in a file, each with `tools`: a list of tools, a result, a JSON-RPC response, or several of these."""
    if isinstance(value, list) and any("tools" in group(one) or "result" in group(one) for one in value):
        for one in value:
            yield from _pages(path, one)
        return
    answer = group(value)
    if "error" in answer:
        said = group(answer["error"]).get("message")
        raise ProblemList([Problem(str(path), 1, 1, f"the server answered with an error: {said or answer['error']}")])
    page = answer.get("result", value)
    tools = group(page).get("tools", page)
    if not isinstance(tools, list):
        raise ProblemList([Problem(str(path), 1, 1, "expected the result of `tools/list`, with `tools` in it")])
    yield {
        "tools": [one for one in tools if isinstance(one, dict) and isinstance(one.get("name"), str)],
        "unnamed": sum(not isinstance(group(one).get("name"), str) for one in tools),
        "nextCursor": group(page).get("nextCursor"),
    }


def _complete(paths: Sequence[str | Path], pages: Sequence[Mapping[str, Any]]) -> None:
    """Each page but one leads to a next one; where all do, the last is missing."""
    cursors = [page["nextCursor"] for page in pages if page["nextCursor"] is not None]
    if pages and len(cursors) >= len(pages):
        what = "this is the first page of the list" if len(pages) == 1 else f"the page after these {len(pages)} is missing"
        hint = f"ask again with the cursor `{str(cursors[-1])[:40]}`, and give every page with an `--mcp-tools` of its own"
        message = f"{what} (`nextCursor`): tools are missing"
        raise ProblemList([Problem(str(paths[-1]), 1, 1, message, suggestion=hint)])


def _notes(pages: Sequence[Mapping[str, Any]], tools: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """What a reader of the system should know of the list."""
    if unnamed := sum(page["unnamed"] for page in pages):
        yield f"without a name, and left out: {counted(unnamed, 'tool')}"
    if (twice := sum(len(page["tools"]) for page in pages) - len(tools)) > 0:
        yield f"in the list more than once: {counted(twice, 'tool')}; the last of each is kept"
    silent = [tool for tool in tools.values() if not _hint(tool, "readOnlyHint") and _hint(tool, "destructiveHint") is None]
    if silent:
        yield (
            f"not said to be read-only, nor whether they destroy: {counted(len(silent), 'tool')}; MCP has a client take such a "
            "tool for destructive, the privilege here is guessed from its name"
        )
    if contradictory := [name for name, tool in tools.items() if _denied(tool)]:
        shown = ", ".join(f"`{name}`" for name in contradictory[:5])
        yield f"read-only by what the server says, and not by their names: {shown}; taken by their names"


def _described(tool: Mapping[str, Any], names: Names) -> Described:
    name = names.of(tool["name"])
    action = _action(tool, name)
    category = _category(name)
    kind = "read" if action == "read" else "write"
    hints = group(tool.get("annotations"))
    return Described(
        name=name,
        label=str(tool.get("title") or hints.get("title") or tool["name"])[:80],
        action=action,
        category=category,
        scope=Guess(f"{category}.{kind}", "tools/list names no scope"),
        privilege=_privilege(tool, action, name),
        administrative=guess_administrative(name),
        owner_parameters=owner_parameters((*_properties(tool, "inputSchema"), *_properties(tool, "outputSchema"))),
        untrusted=_untrusted(tool, action),
    )


def _hint(tool: Mapping[str, Any], name: str) -> bool | None:
    value = group(tool.get("annotations")).get(name)
    return value if isinstance(value, bool) else None


def _verb(name: str) -> str:
    return name.split("_")[0]


def _denied(tool: Mapping[str, Any]) -> bool:
    """Whether a tool is called read-only, and its name begins with a verb that says otherwise."""
    verb = _verb(snake(tool["name"]))
    return bool(_hint(tool, "readOnlyHint")) and verb in ((VERBS | set(HIGH)) - READS)


def _action(tool: Mapping[str, Any], name: str) -> Action:
    if _hint(tool, "readOnlyHint") and not _denied(tool):
        return "read"
    words = words_of(name)
    if words & DELETES and _verb(name) not in READS:
        return "delete"
    return "read" if words & READS and _hint(tool, "readOnlyHint") is None else "write"


def _privilege(tool: Mapping[str, Any], action: Action, name: str) -> Guess:
    """By the hints where they are given, by the name where it says more."""
    by_name = guess_privilege(action, name)
    if action == "read":
        return Guess("low", "the server calls it read-only") if _hint(tool, "readOnlyHint") else by_name
    if _hint(tool, "destructiveHint"):
        again = "" if _hint(tool, "idempotentHint") is not False else ", and each further call does it again"
        return Guess("high", f"the server calls it destructive{again}")
    if _hint(tool, "destructiveHint") is False and by_name.value != "high":
        return Guess("medium", "it changes something, and the server says that it only adds")
    return by_name


def _untrusted(tool: Mapping[str, Any], action: Action) -> Guess | None:
    """Whether what it returns was written by outsiders: in an open world, by what the server says."""
    if action == "read" and _hint(tool, "openWorldHint"):
        return Guess("false", "the server says that it reaches into an open world")
    return None


def _category(name: str) -> str:
    """The kind of data: what the tool's name is about, without its verb."""
    nouns = [word for word in name.split("_") if word not in VERBS]
    return "_".join(nouns[:2]) or "data"


def _properties(tool: Mapping[str, Any], schema: str) -> Iterator[str]:
    yield from group(group(tool.get(schema)).get("properties"))
