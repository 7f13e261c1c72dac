"""Mistakes in what is typed are told in our words: which option, what it takes, what was given, what was meant."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.cli.conftest import Ran


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("run --seed x", "`--seed` is a whole number, not `x`"),
        ("replay S18 --seed 1.5", "`--seed` is a whole number, not `1.5`"),
        ("run --runs 0", "`--runs` is at least 1, not `0`"),
        ("search --seconds soon", "`--seconds` is a number, not `soon`"),
        ("list event", "`event` is no choice for `WHAT`; did you mean `events`?"),
        ("lst", "unknown command `lst`; did you mean `list`?"),
        ("frobnicate", "unknown command `frobnicate`"),
        ("run --sytem x", "unknown option `--sytem`; did you mean `--system`?"),
        ("run --zzzzzzzz", "unknown option `--zzzzzzzz`"),
        ("run --system", "`--system` needs a value"),
        ("explain", "`ID` is missing"),
        ("sweep x.yaml", "`--out` is missing"),
        ("run a b c", "too much was given: `b c`"),
    ],
)
def test_a_slip_on_the_command_line_is_told_in_our_words(typed: str, said: str, harness: Callable[..., Ran]) -> None:
    ran = harness(*typed.split())
    assert ran.code == 2
    assert ran.err.splitlines()[-1] == f"Error: {said}"
    assert not any(word in ran.err for word in ("Traceback", "pydantic", "Input should", "Value error"))


def test_without_a_command_the_help_is_shown(harness: Callable[..., Ran]) -> None:
    ran = harness()
    assert ran.code == 2
    assert "Start with: harness run" in ran.out + ran.err


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("scenarios/honest/h01_an_ordinary_morning.yaml", "this is a scenario file, not a requirements file; show what "
         "happens in it with `harness replay scenarios/honest/h01_an_ordinary_morning.yaml`"),
        ("scenarios/systems/insurance.yaml", "this is a system file, not a requirements file; hold requirements against "
         "it with `harness run --system scenarios/systems/insurance.yaml`"),
        ("scenarios/sweeps/caches.sweep.yaml", "this is a sweep file, not a requirements file; run it with "
         "`harness sweep scenarios/sweeps/caches.sweep.yaml --out DIR`"),
    ],
)  # fmt: skip
def test_another_kind_of_file_is_told_with_what_it_is_for(file: str, said: str, harness: Callable[..., Ran]) -> None:
    ran = harness("run", file)
    assert (ran.code, ran.err) == (2, f"{file}:2:7: {said}\n")
