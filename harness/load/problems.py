"""Mistakes of input: where one is, what it is, and what was probably meant.

A mistake names file, line and column (both from 1, in characters), says one sentence in the reader's words, and adds a
suggestion where something near exists. Mistakes are collected and shown together; nothing here knows YAML or rules.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

Severity = Literal["error", "warning"]
NEAR_LENGTHS = (1, 5, 9)
"""Shortest words for which one, two and three slips of the keyboard still count as near."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake (or warning) at one place of one file.

    `excerpt` is the line of text that it points into; `notes` are lines that help to mend it, for a terminal.
    """

    path: str
    line: int
    column: int
    message: str
    suggestion: str | None = None
    severity: Severity = "error"
    excerpt: str = ""
    notes: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """Message and suggestion as one sentence."""
        return f"{self.message}; {self.suggestion}" if self.suggestion else self.message

    def __str__(self) -> str:
        mark = "warning: " if self.severity == "warning" else ""
        return f"{self.path}:{self.line}:{self.column}: {mark}{self.text}"

    def as_json(self) -> dict[str, Any]:
        """The fields of the `check` result: path, line, column, severity, message and suggestion."""
        return {
            "path": self.path,
            "line": self.line,
            "column": self.column,
            "severity": self.severity,
            "message": self.message,
            "suggestion": self.suggestion,
        }

    @property
    def sort_key(self) -> tuple[str, int, int, str]:
        return self.path, self.line, self.column, self.message


class ProblemList(Exception):
    """Input that cannot be used: every mistake found, sorted by place; warnings come with them."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(sorted(set(problems), key=lambda p: p.sort_key))
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def __reduce__(self) -> tuple[type[ProblemList], tuple[tuple[Problem, ...]]]:
        return ProblemList, (self.problems,)

    @property
    def errors(self) -> tuple[Problem, ...]:
        return tuple(p for p in self.problems if p.severity == "error")

    @property
    def warnings(self) -> tuple[Problem, ...]:
        return tuple(p for p in self.problems if p.severity == "warning")


def slips(left: str, right: str, limit: int) -> int:
    """How many letters dropped, added, changed or swapped with a neighbour lie between two words; `limit + 1` if more.

    Optimal string alignment distance, cut off at `limit`.
    """
    if abs(len(left) - len(right)) > limit:
        return limit + 1
    before: list[int] = []
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        earlier, before, row = before, row, [i]
        for j, b in enumerate(right, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == right[j - 2] and left[i - 2] == b:
                cost = min(cost, earlier[j - 2] + 1)
            row.append(cost)
        if min(row) > limit:
            return limit + 1
    return min(row[-1], limit + 1)


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that a slip or two of the keyboard turn into `word`, or None.

    Ties go to the first: of a list or tuple in its own order, else by the alphabet.
    """
    limit = sum(len(word) >= length for length in NEAR_LENGTHS)
    low = word[:80].lower()
    best: tuple[int, str] | None = None
    for candidate in known if isinstance(known, (list, tuple)) else sorted(known):
        found = slips(low, candidate.lower(), limit)
        if found <= limit and (best is None or found < best[0]):
            best = found, candidate
    return best[1] if best else None


def did_you_mean(word: str, known: Iterable[str], *, all_up_to: int = 12, what: str = "known") -> str | None:
    """A suggestion for an unknown word: the nearest known one, else all of them if they are few, else None."""
    given = known if isinstance(known, (list, tuple)) else sorted(known)
    if near := nearest(word, given):
        return f"did you mean `{near}`?"
    words = sorted(set(given))
    if words and len(words) <= all_up_to:
        return f"{what}: " + ", ".join(f"`{w}`" for w in words)
    return None
