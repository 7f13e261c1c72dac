"""Judges traces: every event goes once to the monitors that subscribe to its kind, and to no other.

Sees requirements and traces only. An event with an attempt is no fact; its monitors are asked what would have been.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from harness.judge.after_never import after_never
from harness.judge.at_most import at_most
from harness.judge.monitor import FINE, Answers, EventId, Finding, Monitor, State, Step, Violation, is_honest
from harness.judge.never import never
from harness.judge.precedence import precedence
from harness.judge.response import response
from harness.judge.verdicts import Broken, RuleTally, RunVerdict
from harness.requirements import Requirement, Rule
from harness.trace import STANDARD, Attempt, Event, Trace, Vocabulary

FOREVER_MS = 1 << 62
_PATTERNS: Mapping[str, Callable[[Rule, Vocabulary], Monitor]] = {
    "never": never,
    "precedence": precedence,
    "after_never": after_never,
    "at_most": at_most,
    "response": response,
}


def monitor(rule: Rule, vocabulary: Vocabulary = STANDARD) -> Monitor:
    """Compiles a rule into its monitor."""
    return _PATTERNS[rule.pattern](rule, vocabulary)


@dataclass(slots=True)
class _Tally:
    """What one run has shown of one rule so far.

    `missed` counts the honest events of its kinds that it did not find fine; all others were, so nothing has to be
    written down for the commonest event. `answered` are those that were found fine by what came later.
    """

    requirement: int
    rule: int
    state: State
    needs_honest_use: bool
    exercised: int = 0
    missed: int = 0
    answered: int = 0
    attacks: list[tuple[EventId, Attempt]] = field(default_factory=list)
    violations: list[Violation] = field(default_factory=list)

    def note(self, found: Finding) -> None:
        """Takes what a monitor found, when that is more than one event that kept the rule."""
        if isinstance(found, Violation):
            self.violations.append(found)
        elif isinstance(found, Answers):
            self.answered += found.fine
            self.attacks += found.saved
            self.violations += found.late


class _Subscribers:
    """The rules that look at one kind of event, with the state of each; `honest` counts the honest events of the kind."""

    __slots__ = ("honest", "steps", "unseen", "whole")

    def __init__(self, steps: list[tuple[Step, State, _Tally]]) -> None:
        self.honest = 0
        self.steps = steps
        self.whole: dict[int, int] = {}
        """How many rules of a requirement look at this kind."""
        for _, _, tally in steps:
            self.whole[tally.requirement] = self.whole.get(tally.requirement, 0) + 1
        self.unseen = dict.fromkeys(self.whole, 0)
        """How many honest events no rule of a requirement found fine."""

    def missed(self, tallies: list[_Tally]) -> None:
        """Take note of the rules that did not find an honest event fine; those of one requirement follow each other."""
        last, count = -1, 0
        for tally in tallies:
            tally.missed += 1
            requirement = tally.requirement
            count = count + 1 if requirement == last else 1
            last = requirement
            if count == self.whole[requirement]:
                self.unseen[requirement] += 1


class Judge:
    """Monitors for some requirements, compiled once, for any number of traces."""

    def __init__(self, requirements: Iterable[Requirement], vocabulary: Vocabulary = STANDARD) -> None:
        self.requirements = tuple(requirements)
        self.monitors = [
            (index, number, monitor(rule, vocabulary))
            for index, requirement in enumerate(self.requirements)
            for number, rule in enumerate(requirement.rules)
        ]
        self._steps: dict[str, list[tuple[int, Step]]] = {}
        self._attempts: dict[str, list[int]] = {}
        for place, (_, _, each) in enumerate(self.monitors):
            for kind, step in each.steps.items():
                self._steps.setdefault(kind, []).append((place, step))
            for kind in {*each.woulds, *(each.omits or ())}:
                self._attempts.setdefault(kind, []).append(place)

    def judge(self, trace: Trace) -> dict[str, RunVerdict]:
        """The verdict of one run for each requirement.

        The run ends with its last event, or at `end_s` of its counters if that is later.
        """
        end_ms = max((event.time_ms for event in trace.events[-1:]), default=0)
        return self.judge_events(trace.events, end_ms=max(end_ms, round(float(trace.counters.get("end_s", 0)) * 1000)))

    def judge_events(self, events: Iterable[Event], *, end_ms: int = FOREVER_MS) -> dict[str, RunVerdict]:
        """The same for events in order; what is unanswered at `end_ms` is open if its time is not over."""
        tallies = [_Tally(i, number, each.new_state(), each.needs_honest_use) for i, number, each in self.monitors]
        exercised = self._run(events, tallies)
        for tally, (_, _, each) in zip(tallies, self.monitors, strict=True):
            tally.violations += each.advance(tally.state, end_ms)
        own: list[list[_Tally]] = [[] for _ in self.requirements]
        for tally in tallies:
            own[tally.requirement].append(tally)
        return {of.id: self._verdict(of, own[i], exercised[i]) for i, of in enumerate(self.requirements)}

    def _run(self, events: Iterable[Event], tallies: list[_Tally]) -> Counter[int]:
        """Steps every monitor; returns how many honest events kept each requirement, each event once."""
        subscribers: dict[str, _Subscribers] = {}
        for event in events:
            if event.attempt is not None:
                self._attempt(event, event.attempt, tallies)
                continue
            subscribed = subscribers.get(event.kind)
            if subscribed is None:
                if event.kind not in self._steps:
                    continue
                steps = [(step, tallies[place].state, tallies[place]) for place, step in self._steps[event.kind]]
                subscribed = subscribers[event.kind] = _Subscribers(steps)
            if (cause := event.cause) is None or cause.twist is None:
                subscribed.honest += 1
                others: list[_Tally] = []
                for step, state, tally in subscribed.steps:
                    if (found := step(state, event)) is not FINE:
                        others.append(tally)
                        if found is not None:
                            tally.note(found)
                if others:
                    subscribed.missed(others)
            else:
                for step, state, tally in subscribed.steps:
                    if (found := step(state, event)) is not FINE and found is not None:
                        tally.note(found)
        return _exercised(subscribers.values(), tallies)

    def _attempt(self, event: Event, attempt: Attempt, tallies: list[_Tally]) -> None:
        """An attempt with something wrong behind it challenges the rules that it would have broken."""
        if is_honest(event):
            return
        for place in self._attempts.get(event.kind, ()):
            tally, each = tallies[place], self.monitors[place][2]
            if each.omits is not None and event.kind in each.omits:
                each.omits[event.kind](tally.state, event)
            elif each.would_violate(tally.state, event):
                tally.attacks.append((event.id, attempt))

    def _verdict(self, of: Requirement, own: list[_Tally], exercised: int) -> RunVerdict:
        attacks = {event_id: attempt for tally in own for event_id, attempt in tally.attacks}
        broken = sorted(
            (Broken(tally.rule, v.time_ms, v.events) for tally in own for v in tally.violations),
            key=lambda b: (b.time_ms, b.rule, str(b.events)),
        )
        return RunVerdict(
            requirement=of.id,
            rules=tuple(RuleTally(t.exercised, len(t.attacks), len(t.violations), t.needs_honest_use) for t in own),
            exercised=exercised,
            attacks=tuple(attacks),
            violations=tuple(broken),
            stopped_by=Counter(control for attempt in attacks.values() for control in attempt.stopped_by),
            would_also_stop=Counter(control for attempt in attacks.values() for control in attempt.would_also_stop),
        )


def judge(
    requirements: Iterable[Requirement], trace: Trace, vocabulary: Vocabulary = STANDARD
) -> dict[str, RunVerdict]:
    """The verdict of one run for each requirement, by id. For many traces keep a `Judge`."""
    return Judge(requirements, vocabulary).judge(trace)


def _exercised(subscribers: Iterable[_Subscribers], tallies: Iterable[_Tally]) -> Counter[int]:
    """Works out what was fine from what was not, for each rule, and for each requirement as a whole."""
    together: Counter[int] = Counter()
    for one in subscribers:
        for _, _, tally in one.steps:
            tally.exercised += one.honest
        for requirement in one.whole:
            together[requirement] += one.honest - one.unseen[requirement]
    for tally in tallies:
        tally.exercised += tally.answered - tally.missed
        together[tally.requirement] += tally.answered
    return together
