"""Which events show a violation: those the judge names, and what the rule's other events last said about the same case.

A rule that misses an earlier event has only the breaking one to show; that the user had left, that the agent had been
disabled, is what makes it a story. Decides nothing: the verdict is the judge's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from harness.judge import Broken, RunVerdict
from harness.requirements import Clause, RequirementSet, Rule
from harness.trace import Event, Trace, Vocabulary


def witnesses(
    verdicts: Mapping[str, RunVerdict], trace: Trace, requirements: RequirementSet
) -> dict[str, tuple[Event, ...]]:
    """The events of the shortest violation of each requirement that was violated, oldest first."""
    place = {event.id: index for index, event in enumerate(trace.events)}
    found = {}
    for key, run in verdicts.items():
        if run.violations:
            broken = min(run.violations, key=_length)
            rule = requirements[key].rules[broken.rule]
            found[key] = _events(broken, rule, trace.events, place, requirements.vocabulary)
    return found


def _length(violation: Broken) -> tuple[int, int]:
    return len(violation.events), violation.time_ms


def _events(
    broken: Broken, rule: Rule, events: Sequence[Event], place: Mapping[int | str, int], vocabulary: Vocabulary
) -> tuple[Event, ...]:
    named = {place[one] for one in broken.events if one in place}
    if named:
        named |= set(_context(rule, max(named), events, vocabulary))
    return tuple(events[index] for index in sorted(named))


def _context(rule: Rule, breaking: int, events: Sequence[Event], vocabulary: Vocabulary) -> Iterator[int]:
    """The last event before the break of each other part of the rule that is about the same case."""
    for clause in (rule.other, rule.ends):
        if clause is None or clause.kinds == rule.about.kinds:
            continue
        for index in range(breaking - 1, -1, -1):
            if _fits(clause, events[index]) and _same(rule, events[breaking], events[index], vocabulary):
                yield index
                break


def _fits(clause: Clause, event: Event) -> bool:
    return event.kind in clause.kinds and event.attempt is None


def _same(rule: Rule, about: Event, other: Event, vocabulary: Vocabulary) -> bool:
    """Whether the fields that tie the two agree, as far as both kinds have them."""
    for left, right in rule.same:
        if vocabulary.field(about.kind, left) is None or vocabulary.field(other.kind, right) is None:
            continue
        if vocabulary.getter(about.kind, left)(about) != vocabulary.getter(other.kind, right)(other):
            return False
    return True
