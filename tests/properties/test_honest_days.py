"""Whatever an honest day looks like, the reference insurer keeps the six, and nobody pays for it.

Departures, logouts, late and missing answers, withdrawn consents, locked accounts, denied agents and revoked grants
included: what ended a task's authority is not held against the design, anything else would be.
"""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.plan import Controls, Scenario
from harness.world import simulate
from tests.properties.workloads import honest_days
from tests.world import worlds

QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@given(day=honest_days(), seed=st.integers(0, 3))
@QUICK
def test_an_honest_day_breaks_nothing_completes_everything_and_is_refused_nothing(day: Scenario, seed: int) -> None:
    design = worlds.system()
    trace = simulate(design, Controls.of(design), day, seed=seed)
    assert worlds.broken(worlds.judged(trace)) == set()
    benign = trace.counters["benign"]
    assert benign["completed"] == benign["tasks"]
    assert benign["refused_calls"] == 0


@given(day=honest_days(), seed=st.integers(0, 3))
@QUICK
def test_an_honest_day_leads_to_no_error_on_any_design(day: Scenario, seed: int) -> None:
    """A run that raises is no verdict: whatever happens to people, the world has to go on."""
    for name in worlds.SYSTEMS:
        design = worlds.system(name)
        simulate(design, Controls.of(design), day, seed=seed)
