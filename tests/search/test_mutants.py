"""Each mutant of the protocol that breaks a requirement is found by search, which knows no catalogue of attacks.

Which mutants do is the catalogue's word: `python -m tests.search.test_mutants` takes out one refusal after the other, as
the tests of the protocol do, runs every scenario on the reference system, and prints the requirements that break. That
takes some minutes, so that its outcome is pinned here. Mutants that make every run fail, or with which nobody challenges
a requirement, break none.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from harness.plan import Controls
from harness.search.shrink import Attack
from harness.search.stops import breaks, replayed
from harness.world.mechanics import keyring
from tests.oauth.rulebook import Site, without
from tests.search.worlds import insurance, reference, requirement, searched

UNSIGNED = "signatures are not checked"
BREAKING: dict[Site, str] = {
    ("P-009", "the session is over or no human used it recently"): "R1",
    ("P-011", "the token has expired"): "R1",
    ("P-012", "the scope is missing"): "R3 R5",
    ("P-014", "there is no such record"): "R4",
    ("P-022", "a statement of a known publisher is needed"): "R6",
    ("P-026", "no consent in force covers this"): "R2",
    ("P-030", "the JWT is not an access token"): "R3 R4",
    ("P-031", "the token is for another audience"): "R3",
    ("P-036", UNSIGNED): "R3 R4",
    ("P-036", "the algorithm is not compared"): "R3 R4",
    ("P-036", "the header brings the key"): "R3 R4",
    ("P-055", "the endpoint is for people"): "R3",
    ("P-057", "this client may not act on it"): "R3 R4",
    ("P-058", "what the token descends from was denied"): "R6",
    ("P-073", "the approval was used before"): "R5",
    ("P-078", "only the person asked, on a device of their own, is heard"): "R5",
    ("P-079", "it was denied after the token was issued"): "R2 R6",
    ("P-079", "the agent is disabled"): "R6",
    ("P-090", "the certificate is not the one the token is bound to"): "R4",
    ("P-102", "the operation is not the one that was authorized"): "R5",
    ("P-120", "the session was ended"): "R1",
}
SAME_AS = {(rule, UNSIGNED) for rule in ("P-016", "P-017", "P-091", "P-099", "P-119")}
"""Mutants made by hand that are one and the same: no signature is checked."""
CELLS = [(site, key) for site, keys in BREAKING.items() for key in keys.split()]


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    """Good signatures are remembered by issuer: what a mutant took for good must not be good in the next test."""
    keyring.forget()
    yield
    keyring.forget()


def is_found(site: Site, key: str) -> tuple[Attack | None, bool]:
    """The attack that the search finds with a mutant, and whether it breaks the requirement in the full world too.

    It has to break it with the mutant, and not without.
    """
    vocabulary, controls = reference().requirements.vocabulary, Controls.of(insurance())
    keyring.forget()
    with without(site):
        attack = searched(reference(), key, depth=5).attack
        if attack is None:
            return None, False
        broken = breaks(replayed(insurance(), controls, attack, requirement(key)), requirement(key), vocabulary)
    keyring.forget()
    mended = not breaks(replayed(insurance(), controls, attack, requirement(key)), requirement(key), vocabulary)
    return attack, broken and mended


@pytest.mark.parametrize(("site", "key"), CELLS, ids=[f"{site[0]}-{key}" for site, key in CELLS])
def test_a_mutant_that_breaks_a_requirement_is_found(site: Site, key: str) -> None:
    attack, replays = is_found(site, key)
    assert attack is not None, "nothing was found"
    assert replays, "what was found does not break the requirement in the full world, or does so without the mutant too"


def _by_the_catalogue() -> dict[Site, str]:
    """The requirements that break in the scenarios, by mutant."""
    from harness.suite import load_project, run_project
    from tests.oauth.test_rulebook import ENFORCED, sites

    project = load_project("requirements.yaml", systems=["scenarios/systems/insurance.yaml"])
    found = {}
    for site in (site for rule in ENFORCED for site in sites(rule)):
        with without(site):
            result = run_project(project, seed=0)
        broken = " ".join(one.requirement for _, one in result.each() if one.verdict == "violated")
        if broken:
            found[site] = broken
    return found


if __name__ == "__main__":
    for mutant, broken in _by_the_catalogue().items():
        known = BREAKING.get(mutant, "as another" if mutant in SAME_AS else "NOT PINNED")
        print(mutant, broken, "" if known in (broken, "as another") else f"<- {known}")
