"""Files as plain values with places: what is refused, where the finger points, and that nothing crashes or runs away."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.load import ProblemList, read_document
from harness.load.document import Document
from harness.load.text import MAX_BYTES

REFUSED = [
    ("", "1:1: the file is empty"),
    ("# only a comment\n", "1:1: the file is empty"),
    ("a: 1\na: 2\n", "2:1: the key `a` is here twice; it stands in line 1 already"),
    ("{a: 1, a: 2}", "1:8: the key `a` is here twice"),
    ("a: &x 1\n", "1:4: an anchor (`&x`) is not allowed; remove it"),
    ("a: &x 1\nb: *x\n", "2:4: an alias (`*x`) is not allowed"),
    ("a: !!int 5\n", "1:4: a tag (`!`) is not allowed"),
    ("a: 1\n---\nb: 2\n", "2:1: a second document starts here"),
    ("%YAML 1.1\n---\na: 1\n", "1:1: a directive (`%`) is not allowed"),
    ("a:\n\tb: 1\n", "2:1: a tab cannot indent YAML; use spaces"),
    ("a: b: c\n", "1:5: not valid YAML: mapping values are not allowed here; quote text that holds `: `"),
    ("a: [1, 2\n", "not valid YAML"),
    ("? [a]\n: 1\n", "a key has to be a word"),
    ("a: \x07\n", "1:4: the character U+0007 is not allowed here"),
    ('a: "\\ud800"\n', "1:4: half a character (`\\ud800` to `\\udfff`) is no text; write the character"),
    ('"\\udc00": 1\n', "1:1: half a character"),
    ("[" * 60 + "]" * 60, "1:41: nested deeper than 40 levels"),
]


@pytest.mark.parametrize(("text", "said"), REFUSED)
def test_what_is_refused(text: str, said: str) -> None:
    with pytest.raises(ProblemList) as caught:
        read_document("file.yaml", text)
    assert said in str(caught.value)


def test_all_mistakes_at_once() -> None:
    with pytest.raises(ProblemList) as caught:
        read_document("file.yaml", "a: &x 1\nb: !t 2\nb: 3\n")
    assert [problem.line for problem in caught.value.problems] == [1, 2, 3]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"a: 1\n\xff\xfe", "2:1: the file is not UTF-8; save it as UTF-8"),
        ("a: 1\n".encode("utf-16"), "1:1: the file is not UTF-8 but UTF-16; save it as UTF-8"),
        (b"\x7fELF\x02\0\0\0", "1:1: this is not a text file"),
        (b"a: \xe9t\xe9\n", "1:4: the file is not UTF-8"),
        (b"#" * (MAX_BYTES + 1), "1:1: the file is larger than 8 MB"),
    ],
)
def test_other_encodings(tmp_path: Path, data: bytes, said: str) -> None:
    path = tmp_path / "file.yaml"
    path.write_bytes(data)
    with pytest.raises(ProblemList) as caught:
        read_document(path)
    assert said in str(caught.value)


def test_a_byte_order_mark_and_crlf_are_fine(tmp_path: Path) -> None:
    path = tmp_path / "file.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\r\nb:\r\n  - x\r\n")
    document = read_document(path)
    assert document.value == {"a": 1, "b": ["x"]}
    assert document.at("b", 0) == (3, 5)


def test_a_missing_file_names_its_neighbour(tmp_path: Path) -> None:
    (tmp_path / "requirements.yaml").write_text("a: 1\n")
    with pytest.raises(ProblemList) as caught:
        read_document(tmp_path / "requirement.yaml")
    assert str(caught.value).endswith(":1:1: no such file; did you mean `requirements.yaml`?")


def test_scalars_are_those_of_yaml_1_2() -> None:
    document = read_document("x", "[no, yes, on, 12:30, 0o7, 010, 1e3, .5, -3, ~, null, true, '5', 2026-11-01, .inf]")
    assert document.value == [
        "no", "yes", "on", "12:30", "0o7", "010", 1000.0, 0.5, -3, None, None, True, "5", "2026-11-01", ".inf",
    ]  # fmt: skip


PLACES = """\
a:
  where: owner is known and
    user not in
    entitled
  quoted: "one two"
  folded: >-
    aa bb
    cc
  list: [x, {k: v}]
"""


def test_places() -> None:
    document = read_document("x", PLACES)
    assert document.at("a", "quoted") == (5, 11)
    assert document.at_key("a", "quoted") == (5, 3)
    assert document.at("a", "list", 1, "k") == (9, 17)
    assert document.at("a", "nowhere", "else") == document.at("a")


def test_places_inside_text_follow_its_folds() -> None:
    document = read_document("x", PLACES)
    where = document.value["a"]["where"]
    found = [document.within(where.index(word), "a", "where") for word in ("owner", "known", "user", "entitled")]
    assert found == [(2, 10), (2, 19), (3, 5), (4, 5)]
    assert document.within(4, "a", "quoted") == (5, 16)
    assert [document.within(n, "a", "folded") for n in (0, 3, 6)] == [(7, 5), (7, 8), (8, 5)]


def reads(text: str) -> Document | None:
    """A document, or None for a mistake; anything else is a crash. A mistake lies within the text."""
    try:
        return read_document("fuzz.yaml", text)
    except ProblemList as error:
        for problem in error.problems:
            assert 1 <= problem.line <= text.count("\n") + text.count("\r") + 1
            assert problem.column >= 1
            assert "\n" not in str(problem)
        return None


YAML_PIECES = st.sampled_from(
    ["a", "b: ", "- ", "\n", "  ", "\t", "[", "]", "{", "}", ", ", ": ", '"', "'", "&x", "*x", "!t ", "|", ">-", "#", "%",
     "---\n", "? ", "\r\n", "\0", "\ufeff", "\u2028", "\x85", "é", "😀", "1", "~", "<<: ", "@", "`"]
)  # fmt: skip


@settings(max_examples=400, deadline=None, derandomize=True, database=None)
@given(st.lists(YAML_PIECES, max_size=30).map("".join))
def test_no_text_crashes(text: str) -> None:
    reads(text)


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(st.binary(max_size=60))
def test_no_bytes_crash(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzz.yaml"
    path.write_bytes(data)
    with contextlib.suppress(ProblemList):
        read_document(path)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 200_000,
        "- " * 100_000,
        "a: " + "x " * 200_000,
        "{" * 100_000,
        "'" * 100_001,
        "a:\n" * 50_000,
        "&a " * 50_000,
    ],
    ids=["brackets", "dashes", "words", "braces", "quotes", "keys", "anchors"],
)
def test_nothing_runs_away(text: str) -> None:
    start = time.process_time()
    reads(text)
    assert time.process_time() - start < 5
