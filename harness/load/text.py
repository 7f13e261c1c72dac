"""Files as text: UTF-8 of bounded size, or one sentence that says what the file is instead."""

from __future__ import annotations

import itertools
import os

from harness.load.problems import Problem, ProblemList, did_you_mean

MAX_BYTES = 8_000_000


def _fail(path: str, message: str, suggestion: str | None = None, *, line: int = 1, column: int = 1) -> ProblemList:
    return ProblemList([Problem(path, line, column, message, suggestion)])


def read_text(path: str) -> str:
    """The text of a file, without its byte order mark; raises ProblemList."""
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise _fail(path, "no such file", _similar_file(path)) from None
    except IsADirectoryError:
        raise _fail(path, "this is a folder, not a file", "name a file in it") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise _fail(path, f"the file cannot be read: {reason.lower()}") from None
    if len(data) > MAX_BYTES:
        raise _fail(path, f"the file is larger than {MAX_BYTES // 1_000_000} MB", "split it")
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise _fail(path, "the file is not UTF-8 but UTF-16", "save it as UTF-8")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if b"\0" in data:
            raise _fail(path, "this is not a text file", "name a YAML file") from None
        good = data[: error.start].decode("utf-8-sig", "replace")
        line, column = good.count("\n") + 1, len(good) - (good.rfind("\n") + 1) + 1
        raise _fail(path, "the file is not UTF-8", "save it as UTF-8", line=line, column=column) from None
    if "\0" in text:
        raise _fail(path, "this is not a text file", "name a YAML file")
    return text


def _similar_file(path: str) -> str | None:
    folder, name = os.path.split(path)
    try:
        with os.scandir(folder or ".") as entries:
            names = [entry.name for entry in itertools.islice(entries, 1000)]
    except (OSError, ValueError):
        return None
    return did_you_mean(name, [os.path.join(folder, n) if folder == "" else n for n in names], all_up_to=0)
