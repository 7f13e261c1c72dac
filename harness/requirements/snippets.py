"""Snippets for editors: the five patterns, and the six baseline requirements as models to start from."""

from __future__ import annotations

import json
from typing import Any

_HEAD = ["- id: ${1:my-rule}", "  text: ${2:What must hold, in a sentence.}", "  owner: ${3:compliance}"]
_HEAD += ["  severity: ${4|low,medium,high,critical|}"]
PATTERNS: dict[str, tuple[str, list[str]]] = {
    "never": ("This event never happens", ["  never: ${5:data.accessed}", "  where: ${6:user not in entitled}"]),
    "needs earlier": (
        "This event happens only after that one",
        [
            "  every: ${5:operation.completed}",
            "  where: ${6:privilege is high}",
            "  needs_earlier: ${7:approval.granted}",
            "  same: [${8:user, operation}]",
            "  within: ${9:5m}",
        ],
    ),
    "after never": (
        "From so long after one event on, the other never happens",
        [
            "  after: ${5:agent.disabled}",
            "  delay: ${6:60s}",
            "  never: ${7:request.allowed}",
            "  same: [${8:agent}]",
            "  until: ${9:agent.enabled}",
        ],
    ),
    "at most": (
        "A limit on how many, how many different ones, or how much in total",
        ["  at_most: ${5:60}", "  of: ${6:request.allowed}", "  per: [${7:agent}]", "  window: ${8:1m}"],
    ),
    "leads to": (
        "This event is followed by that one in time",
        [
            "  every: ${5:request.denied}",
            "  leads_to: ${6:audit.recorded}",
            "  same: [${7:id=about}]",
            "  within: ${8:5s}",
        ],
    ),
}


def snippets_text(baseline: str) -> str:
    """A VS Code snippets file; `baseline` is the text of the requirements file whose entries become models."""
    found: dict[str, Any] = {}
    for name, (about, lines) in PATTERNS.items():
        found[f"requirement: {name}"] = {
            "prefix": f"req-{name.replace(' ', '-')}",
            "body": _HEAD + lines,
            "description": about,
        }
    for requirement_id, lines in _entries(baseline).items():
        body = [line.replace("$", "\\$") for line in lines]
        text = next((line.split("text: ", 1)[1] for line in lines if "text: " in line), requirement_id)
        found[f"model: {requirement_id}"] = {"prefix": f"req-{requirement_id}", "body": body, "description": text}
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"


def _entries(baseline: str) -> dict[str, list[str]]:
    """The requirements of a file as lines of text, by id, without the indent of the list."""
    found: dict[str, list[str]] = {}
    for line in baseline.split("requirements:\n", 1)[-1].splitlines():
        if line.startswith("  - id: "):
            found[line.removeprefix("  - id: ").strip()] = []
        if found:
            list(found.values())[-1].append(line.removeprefix("  "))
    return found
