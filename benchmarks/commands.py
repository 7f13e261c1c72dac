"""Rows of whole commands, by the wall clock: `start` (`harness --help`), `start_run` (until `harness run` works), `suite`.

Floors: a bare interpreter; the four libraries that any such program needs. `suite` is all requirements on all scenarios
that `harness run` takes, and has no floor.
"""

from __future__ import annotations

import subprocess
import sys
import time

from benchmarks.office import ROOT
from benchmarks.timing import Case, Sample
from harness.suite import run_suite

LIBRARIES = "import simpy, jwt, pydantic, ruamel.yaml"
UNTIL_IT_WORKS = "import harness.cli, harness.suite; from harness.world import simulate"


def cases() -> list[Case]:
    """The three rows."""
    clock = time.perf_counter
    return [
        Case("start", lambda: _python("-m", "harness", "--help"), lambda: _python("-c", "pass"), 9, clock),
        Case("start_run", lambda: _python("-c", UNTIL_IT_WORKS), lambda: _python("-c", LIBRARIES), 9, clock),
        Case("suite", _suite, None, 3, clock),
    ]


def _python(*arguments: str) -> Sample:
    def sample() -> int:
        subprocess.run([sys.executable, *arguments], check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
        return 1

    return sample


def _suite() -> Sample:
    def sample() -> int:
        result = run_suite(ROOT / "requirements.yaml")
        assert not any(one.failures for one in result.systems), "every run works"
        return 1

    return sample
