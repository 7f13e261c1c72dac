"""Holds a requirement's own stories (`breaks`, `keeps`) against its rules.

A story goes on after its last event until every time in the rules is over: what is unanswered then is late.
"""

from __future__ import annotations

from collections.abc import Iterable

from harness.judge.judging import Judge
from harness.requirements import Requirement, Story
from harness.trace import STANDARD, Event, Vocabulary


def violates(requirement: Requirement, events: Iterable[Event], vocabulary: Vocabulary = STANDARD) -> bool:
    """Whether events in order, and nothing after them, break a requirement."""
    verdicts = Judge([requirement], vocabulary).judge_events(events)
    return bool(verdicts[requirement.id].violations)


def wrong_stories(requirement: Requirement, vocabulary: Vocabulary = STANDARD) -> list[tuple[Story, str]]:
    """The stories that do not do what their author said, each with a sentence."""
    found = []
    for story in requirement.stories:
        broken = violates(requirement, story.events, vocabulary)
        if story.breaks and not broken:
            found.append((story, f"this story does not break `{requirement.id}`"))
        elif broken and not story.breaks:
            found.append((story, f"this story breaks `{requirement.id}`"))
    return found
