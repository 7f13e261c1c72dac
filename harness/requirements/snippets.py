"""Snippets for editors: the five patterns, and the six baseline requirements as models to start from.

One source, three forms: VS Code's snippets file (`.vscode/*.code-snippets`), IntelliJ's live templates, and what a
schema's own snippets insert.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import quoteattr

SEVERITIES = ("low", "medium", "high", "critical")
Line = tuple[str, str | tuple[str, ...]]
"""A key and what is to be replaced behind it: one value, or several in brackets. Severities are chosen from."""
TOP: tuple[Line, ...] = (
    ("id", "my-rule"),
    ("text", "What must hold, in a sentence."),
    ("owner", "compliance"),
    ("severity", "high"),
)


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern's sentence and its lines."""

    about: str
    lines: tuple[Line, ...]

    def body(self, top: Sequence[Line] = ()) -> dict[str, Any]:
        """The keys with numbered places to fill in, as a value."""
        places = _Places()
        return {
            key: [places.next(key, one) for one in value] if isinstance(value, tuple) else places.next(key, value)
            for key, value in (*top, *self.lines)
        }

    def text(self) -> list[str]:
        """The lines of an entry of `requirements`, with numbered places to fill in."""
        return [
            f"{'  ' if number else '- '}{key}: {_written(value)}"
            for number, (key, value) in enumerate(self.body(TOP).items())
        ]


def _written(value: str | list[str]) -> str:
    """A value as it stands behind its key."""
    return f"[{', '.join(value)}]" if isinstance(value, list) else value


class _Places:
    """Places to fill in, numbered from 1."""

    def __init__(self) -> None:
        self.number = 0

    def next(self, key: str, value: str) -> str:
        self.number += 1
        if key == "severity":
            return f"${{{self.number}|{','.join(SEVERITIES)}|}}"
        return f"${{{self.number}:{value}}}"


PATTERNS: Mapping[str, Pattern] = {
    "never": Pattern("This event never happens", (("never", "data.accessed"), ("where", "user not in entitled"))),
    "needs earlier": Pattern(
        "This event happens only after that one",
        (
            ("every", "operation.completed"),
            ("where", "privilege is high"),
            ("needs_earlier", "approval.granted"),
            ("same", ("user", "operation")),
            ("within", "5m"),
        ),
    ),
    "after never": Pattern(
        "From so long after one event on, the other never happens",
        (
            ("after", "agent.disabled"),
            ("delay", "60s"),
            ("never", "request.allowed"),
            ("same", ("agent",)),
            ("until", "agent.enabled"),
        ),
    ),
    "at most": Pattern(
        "A limit on how many, how many different ones, or how much in total",
        (("at_most", "60"), ("of", "request.allowed"), ("per", ("agent",)), ("window", "1m")),
    ),
    "leads to": Pattern(
        "This event is followed by that one in time",
        (("every", "request.denied"), ("leads_to", "audit.recorded"), ("same", ("id=about",)), ("within", "5s")),
    ),
}


def vscode_snippets(baseline: str) -> str:
    """A `.code-snippets` file for YAML; `baseline` is the text of the requirements file whose entries become models."""
    found: dict[str, Any] = {}
    for name, pattern in PATTERNS.items():
        found[f"requirement: {name}"] = _vscode(_prefix(name), pattern.text(), pattern.about)
    for requirement_id, lines in entries(baseline).items():
        body = [line.replace("\\", "\\\\").replace("$", "\\$").replace("}", "\\}") for line in lines]
        found[f"model: {requirement_id}"] = _vscode(_prefix(requirement_id), body, _sentence(lines, requirement_id))
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"


def _vscode(prefix: str, body: list[str], about: str) -> dict[str, Any]:
    return {"scope": "yaml", "prefix": prefix, "body": body, "description": about}


def live_templates(baseline: str) -> str:
    """The same as IntelliJ's live templates, for its folder `templates`."""
    lines = ['<templateSet group="harness">']
    for name, pattern in PATTERNS.items():
        lines += _template(_prefix(name), pattern.about, *_with_variables(pattern))
    for requirement_id, entry in entries(baseline).items():
        text = "\n".join(entry).replace("$", "$$")
        lines += _template(_prefix(requirement_id), _sentence(entry, requirement_id), text, ())
    return "\n".join([*lines, "</templateSet>"]) + "\n"


def _with_variables(pattern: Pattern) -> tuple[str, list[tuple[str, str]]]:
    """The text with `$NAME$` for each place to fill in, and what stands there at first (or what to choose from)."""
    found: list[tuple[str, str]] = []
    lines: list[str] = []
    for key, value in (*TOP, *pattern.lines):
        several = value if isinstance(value, tuple) else (value,)
        names = [f"{key.upper()}_{number}" for number in range(1, len(several) + 1)]
        found += zip(names, ("" if key == "severity" else one for one in several), strict=True)
        marks = [f"${name}$" for name in names]
        lines.append(f"{'  ' if lines else '- '}{key}: {_written(marks if isinstance(value, tuple) else marks[0])}")
    return "\n".join(lines), found


def _template(name: str, about: str, text: str, variables: Sequence[tuple[str, str]]) -> Iterator[str]:
    start = f"  <template name={quoteattr(name)} value={quoteattr(text)} description={quoteattr(about)}"
    yield f'{start} toReformat="false" toShortenFQNames="true">'
    for variable, first in variables:
        chosen = "" if first else "enum(" + ", ".join(f'"{one}"' for one in SEVERITIES) + ")"
        default = f'"{first}"' if first else f'"{TOP[-1][1]}"'
        shown = f"expression={quoteattr(chosen)} defaultValue={quoteattr(default)}"
        yield f'    <variable name="{variable}" {shown} alwaysStopAt="true"/>'
    yield from ("    <context>", '      <option name="YAML" value="true"/>', "    </context>", "  </template>")


def _prefix(name: str) -> str:
    return f"req-{name.replace(' ', '-')}"


def _sentence(lines: list[str], requirement_id: str) -> str:
    return next((line.split("text: ", 1)[1] for line in lines if "text: " in line), requirement_id)


def entries(baseline: str) -> dict[str, list[str]]:
    """The requirements of a file as lines of text, by id, without the indent of the list."""
    found: dict[str, list[str]] = {}
    for line in baseline.split("requirements:\n", 1)[-1].splitlines():
        if line.startswith("  - id: "):
            found[line.removeprefix("  - id: ").strip()] = []
        if found:
            list(found.values())[-1].append(line.removeprefix("  "))
    return found
