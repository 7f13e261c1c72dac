"""Requirements of published standards: each loads, and its own stories do what they say, also by the slow reading."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.judge import violates, wrong_stories
from harness.requirements import Requirement, RequirementSet, Words, load_requirements

STANDARDS = Path(__file__).parents[2] / "scenarios/standards"
FILES = {path.stem: load_requirements(path, Words()) for path in sorted(STANDARDS.glob("*.yaml"))}
ALL = [pytest.param(found, one, id=one.id) for found in FILES.values() for one in found]


def test_all_are_there() -> None:
    assert len(ALL) == 54
    assert len({one.id for found in FILES.values() for one in found}) == 54


@pytest.mark.parametrize(("found", "one"), ALL)
def test_its_stories_do_what_they_say(found: RequirementSet, one: Requirement) -> None:
    assert one.source
    assert {story.breaks for story in one.stories} == {True, False}
    assert not wrong_stories(one, found.vocabulary)


@pytest.mark.parametrize(("found", "one"), ALL)
def test_each_rule_has_a_story_that_breaks_it(found: RequirementSet, one: Requirement) -> None:
    from dataclasses import replace

    rules = {rule.line: [] for rule in one.rules}
    for rule in one.rules:
        alone = replace(one, rules=(rule,), stories=())
        rules[rule.line] += [s for s in one.stories if s.breaks and violates(alone, s.events, found.vocabulary)]
    assert all(rules.values()), "a rule that no story breaks"
