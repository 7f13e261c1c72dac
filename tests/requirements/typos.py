"""Slips of the keyboard, in every word of the rules of a requirements file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

NEIGHBOURS = {
    "a": "s", "b": "v", "c": "x", "d": "f", "e": "r", "f": "g", "g": "h", "h": "j", "i": "o", "j": "k", "k": "l",
    "l": "k", "m": "n", "n": "m", "o": "p", "p": "o", "q": "w", "r": "t", "s": "d", "t": "y", "u": "i", "v": "b",
    "w": "e", "x": "z", "y": "u", "z": "x",
}  # fmt: skip
FREE = ("id", "text", "owner", "source", "breaks", "keeps", "waiver", "agreed")
"""Keys whose values are the author's own words; the keys themselves are not free."""
_WORD = re.compile(r"[A-Za-z_][A-Za-z_.]+")


@dataclass(frozen=True)
class Typo:
    """A text with one slip: where the word starts (line and column, from 1), the word and what became of it."""

    text: str
    line: int
    column: int
    word: str
    slip: str


def slips(word: str) -> list[str]:
    """Every one-letter slip of a word: a letter dropped, doubled, swapped with the next, or a neighbour's key."""
    found = []
    for i, letter in enumerate(word):
        found.append(word[:i] + word[i + 1 :])
        found.append(word[:i] + letter + word[i:])
        found.append(word[:i] + NEIGHBOURS.get(letter.lower(), letter) + word[i + 1 :])
        if i + 1 < len(word):
            found.append(word[:i] + word[i + 1] + letter + word[i + 2 :])
    return [slip for slip in dict.fromkeys(found) if slip != word and slip]


def words_of(lines: list[str]) -> Iterator[tuple[int, int, str]]:
    """The words of rules: line index, column index, word. Names of a file's own making are left out."""
    skipped: int | None = None
    for number, line in enumerate(lines):
        indent = len(line) - len(line.lstrip(" -"))
        if skipped is not None and indent > skipped:
            continue
        skipped = None
        key = line.strip(" -").split(":")[0]
        end = len(line)
        if key in FREE:
            skipped = indent
            end = line.index(":")
        for match in _WORD.finditer(line[:end]):
            quoted = line[: match.start()].count('"') % 2 == 1
            unit = match.start() > 0 and line[match.start() - 1].isdigit()
            variable = key == "for_each" and line[match.end() : match.end() + 1] == ":" and match[0] != key
            if not quoted and not unit and not variable:
                yield number, match.start(), match[0]


def typos(lines: list[str], *, every: int = 1, seen: set[str] | None = None) -> Iterator[Typo]:
    """Each `every`th slip of each word; a line that was `seen` in another requirement is passed over."""
    turn = 0
    known: set[str] = set() if seen is None else seen
    fresh = {number for number, line in enumerate(lines) if line.strip() not in known}
    for number, column, word in words_of(lines):
        if number not in fresh:
            continue
        for slip in slips(word):
            turn += 1
            if turn % every == 0:
                line = lines[number]
                changed = [*lines]
                changed[number] = line[:column] + slip + line[column + len(word) :]
                yield Typo("\n".join(changed) + "\n", number + 1, column + 1, word, slip)
    known.update(line.strip() for line in lines)
