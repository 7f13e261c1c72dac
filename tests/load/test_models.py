"""What does not fit a model is one sentence at its place."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

from harness.load import ProblemList, load_model


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid")
    size: int = Field(ge=1)
    colour: Literal["red", "green"] = "red"
    day: date | None = None
    names: list[str] | str = []


class Whole(BaseModel):
    model_config = ConfigDict(extra="forbid")
    title: Annotated[str, Field(max_length=9)]
    parts: dict[str, Part] = {}
    flag: bool = False


MISTAKES = [
    ("parts: {}", ["1:1: the key `title` is missing"]),
    ("titel: x", ["1:1: unknown key `titel`; did you mean `title`?"]),
    ("title: x\nzzz: 1", ["2:1: unknown key `zzz`; keys here: `flag`, `parts`, `title`"]),
    ("title: 5", ["1:8: expected text, not `5`; quote it"]),
    ("title: [a]", ["1:8: expected text, not a list"]),
    ("title: much too long", ["1:8: at most 9 characters allowed here"]),
    ("title: x\nflag: treu", ["2:7: expected true or false, not `treu`; did you mean `true`?"]),
    ("title: x\nparts: [a]", ["2:8: expected a group of keys, not a list"]),
    ("title: x\nparts: {p: {size: 0}}", ["2:19: expected at least 1, not `0`"]),
    ("title: x\nparts: {p: {size: 1, colour: gren}}", ["2:30: `gren` is not allowed here; did you mean `green`?"]),
    (
        "title: x\nparts: {p: {size: 1, day: 2026-13-01}}",
        ["2:27: expected a date as in `2026-11-01`, not `2026-13-01`"],
    ),
    ("title: x\nparts: {p: {siz: 1}}", ["2:13: unknown key `siz`; did you mean `size`?"]),
    ("title: x\nparts: {p: {size: a, colour: 1}}", ["2:19: expected a whole number", "2:30: `1` is not allowed here"]),
]


@pytest.mark.parametrize(("text", "said"), MISTAKES)
def test_mistakes(text: str, said: list[str]) -> None:
    with pytest.raises(ProblemList) as caught:
        load_model("m.yaml", Whole, text=text + "\n")
    told = [str(problem).removeprefix("m.yaml:") for problem in caught.value.problems]
    assert len(told) == len(said), told
    assert all(one.startswith(start) for one, start in zip(told, said, strict=True)), told


def test_a_union_is_told_once() -> None:
    with pytest.raises(ProblemList) as caught:
        load_model("m.yaml", Whole, text="title: x\nparts: {p: {size: 1, names: [1, a]}}\n")
    assert [(p.line, p.column) for p in caught.value.problems] == [(2, 30)]


def test_what_fits_comes_with_its_places() -> None:
    loaded = load_model("m.yaml", Whole, text="title: x\nparts:\n  p: {size: 3}\n")
    assert loaded.model.parts["p"].size == 3
    assert loaded.document.at("parts", "p", "size") == (3, 13)
