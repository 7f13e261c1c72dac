"""The catalogue of rules is true: every rule has its tests, every refusal its mutant, and every mutant is caught."""

from __future__ import annotations

import pytest

from harness.oauth.lifecycles import LIFECYCLES
from harness.oauth.rules import RULES, catalogue
from tests.oauth import rulebook
from tests.oauth.rulebook import BY_HAND, Site, details_in_source, load, names, refused_by, without

TESTS = load()
ENFORCED = [one.id for one in RULES if one.status == "enforced"]
KNOWN_RULES = 123
KNOWN_ENFORCED = 101
KNOWN_MUTANTS = 283


def sites(rule_id: str) -> list[Site]:
    """The refusals of one rule that its tests provoke, and the mutants of it that are made by hand."""
    seen = {site for site in refused_by(TESTS[rule_id]) if site[0] == rule_id}
    return sorted(seen | {site for site in BY_HAND if site[0] == rule_id})


def test_no_rule_is_missing() -> None:
    assert len(RULES) == len({one.id for one in RULES}) == KNOWN_RULES
    assert len(ENFORCED) == KNOWN_ENFORCED
    for one in RULES:
        if one.status == "out_of_model":
            assert one.reason, f"{one.id} is out of the model without a reason"
        else:
            assert TESTS.get(one.id), f"no test stands behind {one.id}, {one.name}"
            assert one.tests == names(TESTS[one.id]), f"run `python -m tests.oauth.rulebook`: {one.id} has other tests"


def test_at_most_one_rule_in_ten_is_out_of_the_model() -> None:
    out = [one.id for one in RULES if one.status == "out_of_model"]
    assert len(out) * 10 <= len(RULES), out


def test_the_table_of_tests_is_as_written() -> None:
    assert rulebook.TABLE.read_text(encoding="utf-8") == rulebook.table_text()


def test_every_registered_rule_is_in_the_catalogue() -> None:
    assert set(TESTS) <= {one.id for one in RULES}
    assert {row["id"] for row in catalogue()} == {one.id for one in RULES}


def test_every_refusal_in_the_source_happens_in_a_test() -> None:
    everything = [test for tests in TESTS.values() for test in tests]
    happened = {detail for _, detail in refused_by(everything)}
    assert sorted(details_in_source() - happened) == []


@pytest.mark.parametrize("rule_id", ENFORCED)
def test_taking_out_a_refusal_is_noticed(rule_id: str) -> None:
    found = sites(rule_id)
    assert found, f"no test of {rule_id} provokes a refusal that names it"
    missed = [site for site in found if not _noticed(site)]
    assert missed == [], "these refusals can be deleted and every test of their rule still passes"


def _noticed(site: Site) -> bool:
    """Whether some test of the rule fails once this refusal is taken out."""
    for test in TESTS[site[0]]:
        try:
            with without(site):
                test()
        except Exception:
            return True
    return False


def test_the_number_of_mutants_is_known() -> None:
    assert sum(len(sites(one)) for one in ENFORCED) == KNOWN_MUTANTS


def test_lifecycles_are_closed() -> None:
    for name, table in LIFECYCLES.items():
        states = {before for before, _ in table} | set(table.values())
        reached, first = set(), next(iter(table))[0]
        frontier = [first]
        while frontier:
            state = frontier.pop()
            reached.add(state)
            frontier += [after for (before, _), after in table.items() if before == state and after not in reached]
        assert reached == states, name
