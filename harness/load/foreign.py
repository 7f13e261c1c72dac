"""Reads what others wrote: API descriptions in JSON or YAML, tens of megabytes, with anchors and whatever else.

Unlike `document` it keeps no places and refuses no construct of YAML that a safe loader takes; it only says where a file
cannot be read at all.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, SequenceNode

from harness.load.problems import Problem, ProblemList

MAX_JSON_BYTES = 64_000_000
MAX_YAML_BYTES = 16_000_000
"""YAML takes a hundred times as long as JSON."""
MAX_MERGED = 1_000_000
"""So many keys may come of merging (`<<`) mappings into each other."""
_HALF = re.compile(r"\\u[dD][89a-fA-F]")
_MERGE = "tag:yaml.org,2002:merge"


def read_foreign(path: str | Path) -> Any:
    """The values of a JSON or YAML file; raises ProblemList where it is neither."""
    text = _text(str(path))
    try:
        return _writable(json.loads(text), text)
    except json.JSONDecodeError as error:
        if re.match(r"\s*[{\[]", text):
            raise _wrong(path, error.lineno, error.colno, f"not valid JSON: {error.msg.lower()}") from None
    except RecursionError:
        raise _wrong(path, 1, 1, "nested too deeply") from None
    except ValueError:
        raise _wrong(path, 1, 1, "a number in it has thousands of digits") from None
    if len(text) > MAX_YAML_BYTES:
        raise _wrong(path, 1, 1, f"the file is larger than {MAX_YAML_BYTES // 1_000_000} MB of YAML", "convert it to JSON")
    return _yaml(path, text)


def _yaml(path: str | Path, text: str) -> Any:
    """The values of YAML, merges included, as long as those do not multiply beyond all bounds."""
    yaml = YAML(typ="safe", pure=True)
    try:
        node = yaml.compose(text)
        if _HALF.search(text):
            raise _wrong(path, 1, 1, "half a character (`\\ud800` to `\\udfff`) is no text", "write the character")
        if node is not None and _merged(node, {}) > MAX_MERGED:
            raise _wrong(path, 1, 1, f"merging (`<<`) makes more than {MAX_MERGED:,} keys of it", "write them out")
        return None if node is None else yaml.constructor.construct_document(node)
    except MarkedYAMLError as error:
        mark = error.problem_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise _wrong(path, line, column, f"not valid YAML: {error.problem or error.context}") from None
    except RecursionError:
        raise _wrong(path, 1, 1, "nested too deeply") from None
    except (YAMLError, ValueError, AssertionError, IndexError, AttributeError) as error:
        reason = str(error).splitlines()[0].lower() if str(error) else "cannot be read"
        raise _wrong(path, 1, 1, f"not valid YAML: {reason}") from None


def _writable(value: Any, text: str) -> Any:
    """The value with `?` for halves of characters, which JSON can escape and no file can hold."""
    if not _HALF.search(text):
        return value
    return json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))


def _merged(node: Any, known: dict[int, int]) -> int:
    """The most keys that one mapping below a node has once what it merges is written out, each mention counted."""
    if id(node) in known or not isinstance(node.value, list):
        return known.get(id(node), 1)
    known[id(node)] = 1
    most, own = 1, 0
    for part in node.value:
        key, value = part if isinstance(part, tuple) else (None, part)
        below = _merged(value, known)
        most = max(most, below, 1 if key is None else _merged(key, known))
        if key is None or key.tag != _MERGE:
            own += 1
        else:
            merges = value.value if isinstance(value, SequenceNode) else [value]
            own += sum(known.get(id(one), 1) for one in merges)
    known[id(node)] = max(own, 1) if isinstance(node, MappingNode) else 1
    return max(most, own)


def _text(path: str) -> str:
    try:
        with open(path, "rb") as file:
            raw = file.read(MAX_JSON_BYTES + 1)
    except FileNotFoundError:
        raise _wrong(path, 1, 1, "no such file") from None
    except IsADirectoryError:
        raise _wrong(path, 1, 1, "this is a folder, not a file", "name a file in it") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise _wrong(path, 1, 1, f"the file cannot be read: {reason.lower()}") from None
    if len(raw) > MAX_JSON_BYTES:
        raise _wrong(path, 1, 1, f"the file is larger than {MAX_JSON_BYTES // 1_000_000} MB")
    if not raw.strip():
        raise _wrong(path, 1, 1, "the file is empty")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        what = "not UTF-8 but UTF-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "not UTF-8"
        raise _wrong(path, 1, 1, f"the file is {what}", "save it as UTF-8") from None


def _wrong(path: str | Path, line: int, column: int, message: str, suggestion: str | None = None) -> ProblemList:
    return ProblemList([Problem(str(path), line, column, message, suggestion)])
