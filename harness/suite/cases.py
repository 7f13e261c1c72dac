"""Scenario files with designs of their own, run and held against what they expect: incidents, and anything of their kind.

The verdict of a requirement is that of one run alone, as `expectations` says; here is only which file it is about.
"""

from __future__ import annotations

import os
from pathlib import Path

from harness.plan import load_scenario
from harness.suite.expectations import Checked, check_expectations


def check_cases(path: str | Path, *, seed: int = 0) -> list[Checked]:
    """Every expectation of one scenario file; raises ProblemList for mistakes.

    Its verdicts are of the requirements file that it names, else of `requirements.yaml` beside it.
    """
    beside = os.path.join(os.path.dirname(str(path)), "requirements.yaml")
    return check_expectations(beside, scenarios=[load_scenario(path).model], seed=seed)
