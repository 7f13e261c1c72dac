"""One YAML 1.2 file as plain values, with the place of every key and value in it.

Closed on purpose: one document, text keys, no anchors, aliases, tags or directives, no duplicate keys, bounded size and
depth. Scalars follow YAML 1.2's core schema, so `no` and `12:30` are text. All mistakes of a file are raised together.
"""

from __future__ import annotations

import bisect
import itertools
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from harness.load.problems import Problem, ProblemList, Severity
from harness.load.text import read_text

MAX_DEPTH = 40
MAX_PROBLEMS = 500
"""So many mistakes of one file are told; what follows them is not read."""
EXCERPT_LENGTH = 160
Key = str | int
Scalar = str | int | float | bool | None

_INT = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_FLOAT = re.compile(r"[-+]?([0-9]{1,18}\.[0-9]*|\.[0-9]+|[0-9]{1,18}(?=[eE]))([eE][-+]?[0-9]{1,2})?")
_WORDS: dict[str, Scalar] = {"": None, "~": None, "null": None, "Null": None, "NULL": None}
_WORDS |= {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")
_HALF = re.compile("[\ud800-\udfff]")
_LINE_BREAK = re.compile(r"\r\n|\n|\r")


@dataclass(slots=True)
class Mark:
    """Where a value starts (and its key, if it has one), as offsets into the text, and the same for its parts."""

    start: int
    key: int | None = None
    style: str | None = None
    parts: dict[Key, Mark] = field(default_factory=dict)


class Document:
    """A file that was read: `value` (dicts, lists, text, numbers, true/false, None), and positions by key path.

    `path` is as the reader wrote it; messages show it unchanged.
    """

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text
        self.value: Any = None
        self.root = Mark(0)
        self._lines = [0, *(m.end() for m in _LINE_BREAK.finditer(text))]

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column, from 1, of an offset into the text."""
        line = bisect.bisect_right(self._lines, offset)
        return line, offset - self._lines[line - 1] + 1

    def mark(self, *keys: Key) -> Mark:
        """The mark of the value at a key path; of the nearest part around it where the path leads nowhere."""
        mark = self.root
        for key in keys:
            part = mark.parts.get(key)
            if part is None:
                break
            mark = part
        return mark

    def at(self, *keys: Key) -> tuple[int, int]:
        """Line and column of the value at a key path."""
        return self.position(self.mark(*keys).start)

    def at_key(self, *keys: Key) -> tuple[int, int]:
        """Line and column of the key that a path ends with (of the value, for an item of a list)."""
        mark = self.mark(*keys)
        return self.position(mark.start if mark.key is None else mark.key)

    def within(self, offset: int, *keys: Key) -> tuple[int, int]:
        """Line and column of the character at `offset` of the text value at a key path, folded lines included."""
        mark = self.mark(*keys)
        value: Any = self.value
        for key in keys:
            value = value[key]
        return self.position(_align(self.text, mark, str(value), offset))

    def line_text(self, line: int) -> str:
        """The text of one line, for an excerpt; long ones are cut."""
        start = self._lines[line - 1] if line <= len(self._lines) else len(self.text)
        end = self._lines[line] if line < len(self._lines) else len(self.text)
        return self.text[start:end].rstrip("\r\n")[:EXCERPT_LENGTH]

    def problem(
        self,
        message: str,
        *keys: Key,
        on_key: bool = False,
        offset: int | None = None,
        suggestion: str | None = None,
        severity: Severity = "error",
        notes: tuple[str, ...] = (),
    ) -> Problem:
        """A mistake at the value of a key path, at its key (`on_key`), or `offset` characters into its text."""
        if offset is not None:
            line, column = self.within(offset, *keys)
        else:
            line, column = self.at_key(*keys) if on_key else self.at(*keys)
        return Problem(self.path, line, column, message, suggestion, severity, self.line_text(line), notes)


def _align(text: str, mark: Mark, value: str, offset: int) -> int:
    """Follows a scalar's value through its source: line folds and indents are skipped, quotes and escapes allowed."""
    at = mark.start + (mark.style in ("'", '"'))
    if mark.style in ("|", ">"):
        at = text.find("\n", at) + 1
        at += len(text[at:]) - len(text[at:].lstrip(" \n"))
    for char in value[:offset]:
        if at >= len(text):
            return len(text)
        fold = char == " " and text[at : at + 2].isspace() and "\n" in text[at : at + 2]
        if text[at] == char and not fold:
            at += 1
        elif text[at] in " \t\r\n":
            while at < len(text) and text[at] in " \t\r\n":
                at += 1
            at += not char.isspace()
        else:
            at += 2
    while offset < len(value) and at < len(text) - 1 and text[at] in " \r\n" and not value[offset].isspace():
        at += 1
    return at


def read_document(path: str | Path, text: str | None = None) -> Document:
    """The document in a file, or in `text` under that name; raises ProblemList with every mistake found."""
    shown = str(path)
    read = read_text(shown) if text is None else text
    kept = _kept.get()
    if kept is not None and shown in kept and kept[shown].text == read:
        return kept[shown]
    document = Document(shown, read)
    _refuse_unprintable(document)
    builder = _Builder(document)
    builder.build()
    if builder.problems:
        raise ProblemList(builder.problems)
    if kept is not None:
        kept[shown] = document
    return document


_kept: ContextVar[dict[str, Document] | None] = ContextVar("kept", default=None)


@contextmanager
def documents_kept(kept: dict[str, Document]) -> Iterator[None]:
    """While this lasts, a file whose text is that of the document `kept` under its path is not parsed again.

    For readers that come again and again, and leave documents as they are.
    """
    token = _kept.set(kept)
    try:
        yield
    finally:
        _kept.reset(token)


def _refuse_unprintable(document: Document) -> None:
    found = [
        Problem(document.path, *document.position(m.start()), f"the character U+{ord(m[0]):04X} is not allowed here")
        for m in itertools.islice(_UNPRINTABLE.finditer(document.text), 20)
    ]
    if found:
        raise ProblemList(found)


class _Builder:
    """Walks the parser's events once and builds values and marks side by side."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.problems: list[Problem] = []
        self.containers: list[tuple[Any, Mark]] = []
        self.pending: list[tuple[str | None, int] | None] = []
        self.documents = 0
        self.root_seen = False

    def build(self) -> None:
        yaml = YAML(typ="safe", pure=True)
        try:
            for event in yaml.parse(self.document.text):
                if not self._take(event) or len(self.problems) >= MAX_PROBLEMS:
                    return
        except MarkedYAMLError as error:
            self._syntax(error)
        except (YAMLError, ValueError, RecursionError, AssertionError, IndexError, AttributeError) as error:
            self._add(0, f"not valid YAML: {str(error).splitlines()[0].lower() if str(error) else 'cannot be read'}")
        if not self.problems and (not self.root_seen or self.document.value is None):
            self._add(0, "the file is empty", "start from an example")

    def _add(self, offset: int, message: str, suggestion: str | None = None) -> None:
        line, column = self.document.position(min(offset, len(self.document.text)))
        excerpt = self.document.line_text(line)
        self.problems.append(Problem(self.document.path, line, column, message, suggestion, "error", excerpt))

    def _syntax(self, error: MarkedYAMLError) -> None:
        mark = error.problem_mark or error.context_mark
        offset = mark.index if mark else 0
        line, _ = self.document.position(min(offset, len(self.document.text)))
        text = self.document.text[offset : offset + 1]
        if text == "\t" or self.document.line_text(line).lstrip(" ").startswith("\t"):
            self._add(offset, "a tab cannot indent YAML", "use spaces")
            return
        problem = (error.problem or error.context or "cannot be read").splitlines()[0].lower()
        self._add(offset, f"not valid YAML: {problem}", _syntax_hint(problem))

    def _take(self, event: Event) -> bool:
        """Takes one event; False ends the reading (what follows could not be understood)."""
        offset = event.start_mark.index
        if isinstance(event, DocumentStartEvent):
            self.documents += 1
            if event.version or event.tags:
                self._add(0, "a directive (`%`) is not allowed", "remove the line")
            if self.documents > 1:
                self._add(offset, "a second document starts here", "keep one document in a file")
                return False
        elif isinstance(event, NodeEvent):
            return self._node(event, offset)
        elif isinstance(event, (MappingEndEvent, SequenceEndEvent)):
            self.containers.pop()
            self.pending.pop()
        return True

    def _node(self, event: NodeEvent, offset: int) -> bool:
        if isinstance(event, AliasEvent):
            self._add(offset, f"an alias (`*{event.anchor}`) is not allowed", "write the value again")
            self._place(None, Mark(offset))
            return True
        if event.anchor:
            self._add(offset, f"an anchor (`&{event.anchor}`) is not allowed", "remove it")
        if getattr(event, "tag", None):
            self._add(offset, "a tag (`!`) is not allowed", "remove it, or quote the text")
        if isinstance(event, ScalarEvent):
            if _HALF.search(event.value):
                self._add(offset, "half a character (`\\ud800` to `\\udfff`) is no text", "write the character")
            self._scalar(event, offset)
            return True
        if len(self.containers) >= MAX_DEPTH:
            self._add(offset, f"nested deeper than {MAX_DEPTH} levels")
            return False
        value: Any = {} if isinstance(event, MappingStartEvent) else []
        mark = Mark(offset)
        self._place(value, mark)
        self.containers.append((value, mark))
        self.pending.append(None)
        return isinstance(event, (MappingStartEvent, SequenceStartEvent))

    def _scalar(self, event: ScalarEvent, offset: int) -> None:
        if self.containers and isinstance(self.containers[-1][0], dict) and self.pending[-1] is None:
            self._key(event.value, offset)
            return
        plain = event.style is None or event.style == ""
        self._place(_resolve(event.value) if plain else event.value, Mark(offset, style=event.style))

    def _key(self, key: str, offset: int) -> None:
        mapping = self.containers[-1][0]
        if key in mapping:
            first, _ = self.document.position(self.containers[-1][1].parts[key].key or 0)
            self._add(offset, f"the key `{key}` is here twice", f"it stands in line {first} already")
            self.pending[-1] = None, offset
        else:
            self.pending[-1] = key, offset

    def _place(self, value: Any, mark: Mark) -> None:
        if not self.containers:
            self.document.value, self.document.root, self.root_seen = value, mark, True
            return
        container, around = self.containers[-1]
        if isinstance(container, list):
            around.parts[len(container)] = mark
            container.append(value)
            return
        pending = self.pending[-1]
        if pending is None:
            self._add(mark.start, "a key has to be a word")
            self.pending[-1] = None, mark.start
            return
        key, mark.key = pending
        self.pending[-1] = None
        if key is not None:
            container[key] = value
            around.parts[key] = mark


def _resolve(text: str) -> Scalar:
    """The value of a plain scalar by YAML 1.2's core schema; not-a-number, infinity, octal and hex stay text."""
    if text in _WORDS:
        return _WORDS[text]
    if text[:1] not in "0123456789-+.":
        return text
    if _INT.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text


def _syntax_hint(problem: str) -> str | None:
    if "mapping values are not allowed" in problem:
        return "quote text that holds `: `"
    if "expected <block end>" in problem or "could not find expected ':'" in problem:
        return "check the indentation and the colon"
    if "cannot start any token" in problem:
        return "quote the text"
    return None
