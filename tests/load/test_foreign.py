"""Descriptions by others: what a safe loader takes is taken, and what runs away or cannot be read is one sentence."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from harness.load import ProblemList, read_foreign

MULTIPLIED = "a0: &a0 {k: 1}\n" + "".join(
    f"a{n}: &a{n}\n  <<: [{', '.join([f'*a{n - 1}'] * 9)}]\n  k{n}: 1\n" for n in range(1, 15)
)
LAUGHS = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 15))


def read(tmp_path: Path, text: str | bytes) -> object:
    path = tmp_path / "description"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_foreign(path)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1}', {"a": 1}),
        ("a: 1\n", {"a": 1}),
        ("a: &a {k: 1}\nb: {<<: *a, x: 2}\n", {"a": {"k": 1}, "b": {"k": 1, "x": 2}}),
        (b"\xef\xbb\xbfa: 1\r\n", {"a": 1}),
        ('{"a": "\\ud83d\\ude00", "b": "\\ud800"}', {"a": "\U0001f600", "b": "?"}),
    ],
)
def test_what_is_taken(tmp_path: Path, text: str | bytes, value: object) -> None:
    assert read(tmp_path, text) == value


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the file is empty"),
        ('{"a": ', "1:7: not valid JSON: expecting value"),
        ("a: b: c\n", "1:5: not valid YAML: mapping values are not allowed here"),
        ('{"a": ' + "9" * 5000 + "}", "a number in it has thousands of digits"),
        ("[" * 100_000, "nested too deeply"),
        ("a: " + "{b: " * 20_000, "nested too deeply"),
        (MULTIPLIED, "merging (`<<`) makes more than 1,000,000 keys of it; write them out"),
        ('a: "\\ud800"\n', "half a character"),
        ("a: 1\n".encode("utf-16"), "the file is not UTF-8 but UTF-16; save it as UTF-8"),
        (b"a: \xe9\n", "the file is not UTF-8; save it as UTF-8"),
        ("#" * 16_000_001, "the file is larger than 16 MB of YAML; convert it to JSON"),
    ],
    ids=range(11),
)
def test_what_is_refused(tmp_path: Path, text: str | bytes, said: str) -> None:
    started_s = time.process_time()
    with pytest.raises(ProblemList) as caught:
        read(tmp_path, text)
    assert said in str(caught.value)
    assert time.process_time() - started_s < 5


def test_aliases_are_shared_and_not_multiplied(tmp_path: Path) -> None:
    value = read(tmp_path, LAUGHS)
    assert isinstance(value, dict)
    assert value["a14"][0] is value["a14"][8]


def test_a_file_without_an_end_is_not_read_to_it() -> None:
    with pytest.raises(ProblemList, match="the file is larger than 64 MB"):
        read_foreign("/dev/zero")
