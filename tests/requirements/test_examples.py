"""For every rule of the shipped file and the corpus a forbidden and a permitted story is found, and they differ little."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.cli.explain import breaks_rule
from harness.plan import load_system, words
from harness.requirements import RequirementSet, Rule, Words, compile_requirements, load_requirements, read_requirements
from harness.requirements.english import sentence
from harness.requirements.examples import examples
from harness.requirements.explain import explain, story_lines

ROOT = Path(__file__).parents[2]
INSURANCE = words(load_system(ROOT / "scenarios/systems/insurance.yaml").model)
SETS = [load_requirements(ROOT / "requirements.yaml", INSURANCE)]
SETS += [load_requirements(path, Words()) for path in sorted((ROOT / "scenarios/standards").glob("*.yaml"))]
RULES = [
    pytest.param(found, rule, id=f"{one.id}-{n}") for found in SETS for one in found for n, rule in enumerate(one.rules)
]


@pytest.mark.parametrize(("found", "rule"), RULES)
def test_both_stories_are_found(found: RequirementSet, rule: Rule) -> None:
    breaks = breaks_rule(found.vocabulary)
    stories = examples(rule, found.vocabulary, INSURANCE, breaks)
    assert stories.forbidden is not None
    assert stories.permitted is not None
    assert breaks(rule, list(stories.forbidden))
    assert not breaks(rule, list(stories.permitted))
    if rule.at_most < 50:
        shorter = [list(stories.forbidden[:n]) for n in range(len(stories.forbidden))]
        assert not any(breaks(rule, story) for story in shorter if rule.pattern != "response"), (
            "a shorter one breaks it"
        )


@pytest.mark.parametrize(("found", "rule"), RULES)
def test_the_sentence_names_every_event(found: RequirementSet, rule: Rule) -> None:
    told = sentence(rule)
    assert told.endswith(".")
    assert all(f"`{kind}`" in told for clause in rule.clauses for kind in clause.kinds)


def test_r5_reads_as_it_should() -> None:
    (told,) = explain(SETS[0]["R5"], SETS[0].vocabulary, breaks_rule(SETS[0].vocabulary), INSURANCE)
    assert told.sentence == (
        "Every `operation.completed` where the privilege is high needs an earlier `approval.granted` where the approver "
        "type is user and the approver is the user with the same user, operation and details hash, at most 5 minutes "
        "old, each counted for one event only."
    )
    assert told.examples.permitted is not None
    lines = story_lines(told.examples.permitted, SETS[0].vocabulary)
    assert [line.split()[1] for line in lines] == ["approval.granted", "operation.completed"]
    assert [f.name for f in told.fields["approval.granted"]] == [
        "approver", "approver_type", "details_hash", "operation", "user",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        (
            "at_most: 1234567\n    sum: amount\n    of: operation.completed",
            "At most 1234567 of amount in total over `operation.completed`.",
        ),
        ("at_most: 1\n    distinct: api\n    of: request.allowed", "At most 1 value of api over `request.allowed`."),
        (
            "after: user.locked\n    never: user.authenticated\n    same: [user]\n    for: 30m\n    until: user.unlocked",
            "After `user.locked`, `user.authenticated` with the same user never happens, "
            "for 30 minutes or until `user.unlocked`.",
        ),
    ],
)
def test_sentences_of_limits_and_ends(rule: str, told: str) -> None:
    found = compile_requirements(read_requirements("x.yaml", f"requirements:\n  - id: R\n    {rule}\n"), Words())
    assert sentence(found["R"].rules[0]) == told
