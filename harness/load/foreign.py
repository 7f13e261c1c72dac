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

from harness.load.problems import Problem, ProblemList

MAX_FOREIGN_BYTES = 200_000_000


def read_foreign(path: str | Path) -> Any:
    """The values of a JSON or YAML file; raises ProblemList where it is neither."""
    text = _text(str(path))
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        if re.match(r"\s*[{\[]", text):
            raise _wrong(path, error.lineno, error.colno, f"not valid JSON: {error.msg.lower()}") from None
    except RecursionError:
        raise _wrong(path, 1, 1, "nested too deeply") from None
    try:
        return YAML(typ="safe", pure=False).load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise _wrong(path, line, column, f"not valid YAML: {error.problem or error.context}") from None
    except (YAMLError, RecursionError, ValueError) as error:
        raise _wrong(path, 1, 1, f"not valid YAML: {str(error).splitlines()[0]}") from None


def _text(path: str) -> str:
    try:
        raw = Path(path).read_bytes()
    except FileNotFoundError:
        raise _wrong(path, 1, 1, "no such file") from None
    except OSError as error:
        raise _wrong(path, 1, 1, f"cannot be read: {(error.strerror or str(error)).lower()}") from None
    if len(raw) > MAX_FOREIGN_BYTES:
        raise _wrong(path, 1, 1, f"larger than {MAX_FOREIGN_BYTES:,} bytes")
    if not raw.strip():
        raise _wrong(path, 1, 1, "the file is empty")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _wrong(path, 1, 1, "not text in UTF-8") from None


def _wrong(path: str | Path, line: int, column: int, message: str) -> ProblemList:
    return ProblemList([Problem(str(path), line, column, message)])
