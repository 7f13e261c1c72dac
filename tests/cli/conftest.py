"""Runs the command line in this process, as a person would type it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pytest


class Ran(NamedTuple):
    """How a command ended and what it said."""

    code: int
    out: str
    err: str


@pytest.fixture
def harness(capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """`harness("run", "--json", "-")`: exit code, standard output, standard error."""
    from harness.cli.app import run

    def call(*arguments: object) -> Ran:
        with pytest.raises(SystemExit) as ended:
            run([str(one) for one in arguments])
        said = capsys.readouterr()
        return Ran(ended.value.code if isinstance(ended.value.code, int) else 0, said.out, said.err)

    return call
