"""A sample of the cross-check of search and suite; `python -m tests.search.crosscheck` goes through all of it."""

from __future__ import annotations

import pytest

from tests.search.crosscheck import by_hand, chosen, look

SYSTEMS = "scenarios/systems/"
STANDARDS = "scenarios/standards/"
SAMPLE = [
    ("requirements.yaml", "insurance_search", "R3", "M22"),
    ("scenarios/further/article.yaml", "insurance", "office-hours", "F02"),
    ("scenarios/further/article.yaml", "insurance_low_value", "assurance", "M35"),
    (STANDARDS + "aisvs.yaml", "insurance", "AISVS-10.4.7", "M37"),
    (STANDARDS + "asvs.yaml", "insurance_hardened", "ASVS-7.5.3", "S26"),
    (STANDARDS + "oauth_and_mcp.yaml", "insurance", "FAPI2-rs", "S14"),
    (STANDARDS + "owasp_api.yaml", "insurance_hardened", "API1", "F08"),
    (STANDARDS + "payment_services.yaml", "insurance", "CDS-token", "S06"),
    ("requirements.yaml", "login_only", "R3", "M10"),
    ("requirements.yaml", "login_only", "R5", "H04"),
    ("requirements.yaml", "published_mcp_secured_api", "R4", "S20"),
]
SLOW = [
    (STANDARDS + "oauth_and_mcp.yaml", "insurance", "MCP-scope", "F01"),
    ("requirements.yaml", "insurance_loose_clocks", "R1", "M49"),
    ("requirements.yaml", "published_mcp_secured_api", "R5", "M36c"),
]


@pytest.mark.parametrize(
    ("file", "system", "key", "scenario"), [*SAMPLE, *(pytest.param(*one, marks=pytest.mark.slow) for one in SLOW)]
)
def test_what_a_scenario_breaks_the_search_breaks_in_no_more_steps(
    file: str, system: str, key: str, scenario: str
) -> None:
    path = f"{SYSTEMS}{system}.yaml"
    hand = by_hand(file, path, only=[scenario]).get(key)
    assert hand is not None, f"{scenario} does not break {key} on {system} any more"
    row = look(file, path, key, hand, seconds=60)
    assert row.agrees, "\n  ".join((str(row), *row.steps))


def test_words_choose_what_is_checked() -> None:
    assert list(chosen(["owasp_api", "insurance.yaml"])) == [(STANDARDS + "owasp_api.yaml", SYSTEMS + "insurance.yaml")]
