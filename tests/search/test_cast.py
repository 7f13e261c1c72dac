"""Who takes part in a small world: whoever a rule names, and those whom it tells apart."""

from __future__ import annotations

from harness.search.small_world import bounds_for
from harness.search.telling import steps_text
from tests.search.worlds import Files, files, searched


def _of(key: str) -> tuple[Files, tuple[str, ...]]:
    of = files("scenarios/systems/insurance.yaml", "tests/search/rules/cast.yaml")
    return of, bounds_for(of.system, of.requirement(key).rules[0]).people


def _last_step(key: str, *without: str) -> str:
    of, _ = _of(key)
    attack = searched(of, key, *without, depth=2).attack
    return [*steps_text(attack)][-1] if attack is not None else "none"


def test_two_who_share_nothing_where_a_rule_names_nobody() -> None:
    assert _of("named-purpose")[1] == ("ana", "ben")


def test_whoever_is_named_takes_part() -> None:
    assert _of("named-user")[1] == ("ben", "ana")
    assert _last_step("named-user", "K04").endswith("for records of ana")
    assert _last_step("named-user") == "none"


def test_a_record_names_its_owner() -> None:
    assert _of("named-record")[1] == ("dan", "ana")
    assert _last_step("named-record", "K04").endswith("for records of dan")
    assert _last_step("named-record") == "none"


def test_who_is_named_is_not_alike_with_others() -> None:
    of, _ = _of("named-user")
    attack = searched(of, "named-user", "K04", depth=2).attack
    assert attack is not None
    assert any(line.startswith("ben ") for line in steps_text(attack)), "the rule is about ben, not about one like him"


def test_one_of_each_region_where_a_rule_compares_regions() -> None:
    assert _of("own-region")[1] == ("ana", "dan")
    assert _last_step("own-region", "K04") != "none"
    assert _last_step("own-region") == "none"


def test_a_purpose_that_is_named_is_somebodys_work() -> None:
    of, _ = _of("named-purpose")
    jobs = bounds_for(of.system, of.requirement("named-purpose").rules[0]).jobs
    assert "correspondence" in {job.purpose for job in jobs}
    assert _last_step("named-purpose", "K04") != "none"


def test_every_provider_where_a_rule_goes_by_where_they_are() -> None:
    of, _ = _of("model-region")
    assert bounds_for(of.system, of.requirement("model-region").rules[0]).providers == tuple(of.system.providers)
    assert _last_step("model-region") != "none", "somebody may consent to it"
