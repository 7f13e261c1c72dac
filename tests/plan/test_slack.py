"""The closed form of how long agents can go on, and that the simulator never exceeds it and that something does get through."""

import pytest

from harness.plan import Controls, load_scenario, load_system, words
from harness.plan.slack import FOREVER_MS, after_denial, after_departure, after_logout, after_withdrawal, too_slow
from harness.plan.system import System
from harness.requirements import load_requirements
from harness.world import simulate

INSURANCE = load_system("scenarios/systems/insurance.yaml")


def _with(**changes: object) -> System:
    controls = {**INSURANCE.document.value["controls"], **changes.pop("controls", {})}  # type: ignore[dict-item]
    home = {**INSURANCE.document.value["servers"]["home"], **changes}
    value = {**INSURANCE.document.value, "controls": controls}
    return System.model_validate({**value, "servers": {**value["servers"], "home": home}})


@pytest.mark.parametrize(
    ("settings", "longest_ms"),
    [
        ({}, 245_000),
        ({"session_idle": "1m"}, 185_000),
        ({"access_token_lifetime": "5m"}, 425_000),
        ({"leeway": "0s"}, 240_000),
    ],
)
def test_a_silent_departure_ends_after_idle_time_lifetime_and_leeway(settings: dict[str, str], longest_ms: int) -> None:
    system = _with(**settings)
    assert after_departure(system, Controls.of(system)).longest_ms == longest_ms


def test_without_session_binding_it_never_ends_and_a_signal_ends_it_soon() -> None:
    system = INSURANCE.model
    assert after_departure(system, Controls.of(system, without=["K08"])).longest_ms == FOREVER_MS
    assert after_logout(system, Controls.of(system)).longest_ms == 1_000
    assert after_logout(system, Controls.of(system, without=["K09"])).longest_ms == 125_000
    cached = _with(controls={"K17": {"strength": "cached", "lifetime": "90s"}})
    assert after_denial(cached, Controls.of(cached)).longest_ms == 90_000


def test_a_server_that_knows_a_denial_late_is_the_longest_part_of_it_and_has_no_part_in_a_withdrawal() -> None:
    late = _with(controls={"K16": {"on": True, "delay": "2m"}})
    assert after_denial(late, Controls.of(late)).longest_ms == 120_000
    assert after_denial(late, Controls.of(late, without=["K16"])).longest_ms == 1_000
    assert after_withdrawal(late, Controls.of(late)).longest_ms == 1_000
    rules = [rule for one in load_requirements("requirements.yaml", words(late)) for rule in one.rules]
    told = [sentence for rule in rules for sentence in too_slow(rule, late, Controls.of(late))]
    assert [one for one in told if "denial known to the server after 2m" in one]
    assert not [one for one in told if "withdrawal" in one]


@pytest.mark.parametrize(
    ("k17", "denial_ms", "logout_ms"),
    [
        ({"places": {"mcp": "cached"}, "lifetime": "90s", "delay": "1s"}, 90_000, 90_000),  # the slowest of both
        ({"strength": "cached", "lifetime": "15m"}, 125_000, 125_000),  # no longer than a token lives
        ({"strength": "introspection"}, 0, 0),  # the server's answer covers ended sessions too
        ({"strength": "fail_open"}, 125_000, 125_000),
        ({"at": ["a2a"], "delay": "1s"}, 125_000, 1_000),  # elsewhere nothing tells of a denial, K09 of a logout
        ({"places": {"mcp": "introspection"}, "delay": "2s"}, 2_000, 1_000),
    ],
)
def test_the_slowest_enforcement_point_counts(k17: dict[str, object], denial_ms: int, logout_ms: int) -> None:
    system = _with(controls={"K17": {"on": True, **k17}})
    assert after_denial(system, Controls.of(system)).longest_ms == denial_ms
    assert after_logout(system, Controls.of(system)).longest_ms == logout_ms


def test_the_reference_settings_fit_the_six_requirements_and_slow_ones_are_told() -> None:
    requirements = load_requirements("requirements.yaml", words(INSURANCE.model))
    rules = [rule for requirement in requirements for rule in requirement.rules]
    assert [s for rule in rules for s in too_slow(rule, INSURANCE.model, Controls.of(INSURANCE.model))] == []
    slow = _with(access_token_lifetime="10m", controls={"K17": {"delay": "90s"}})
    told = [sentence for rule in rules for sentence in too_slow(rule, slow, Controls.of(slow))]
    assert len([one for one in told if "silent departure" in one and "725s" in one]) == 1
    assert len([one for one in told if "a denial" in one and "90s" in one]) == 2


@pytest.mark.parametrize("lifetime", ["1m", "2m", "4m"])
def test_the_simulator_stays_within_it_and_it_is_no_empty_bound(lifetime: str) -> None:
    system = _with(access_token_lifetime=lifetime)
    controls = Controls.of(system)
    scenario = load_scenario("scenarios/attacks/s02_silent_departure.yaml").model
    trace = simulate(system, controls, scenario)
    left_ms = next(event.time_ms for event in trace.events if event.kind == "user.left")
    late = [e.time_ms for e in trace.events if e.kind == "data.accessed" and e.attempt is None and e.time_ms > left_ms]
    longest_ms = after_departure(system, controls).longest_ms
    assert 60_000 < max(late) - left_ms <= longest_ms
