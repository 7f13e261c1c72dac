"""What a requirements file's own events mean for a run: who takes which step when, and what can go wrong with it.

Read off the rules: a step that something needs stands before it, one that something leads to after it; fields take the
values that the rules ask for. A step that a rule needs can be left out, or go on with another outcome; one that a rule
limits can be repeated. Each of these is a scenario of its own, made for the system at hand.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from harness.plan.scenario import Scenario
from harness.plan.steps import (
    LEFT_OUT,
    OTHERWISE,
    REPEATED,
    Emitter,
    Filled,
    Step,
    emitter,
    step_twist_name,
    steps_of,
)
from harness.plan.system import System
from harness.requirements import Clause, RequirementSet, Rule, Words
from harness.requirements.candidates import Candidates
from harness.requirements.conditions import Node, Not
from harness.trace import STANDARD, Field, Kind

MOST_TIMES = 200
TASKS_APART_MS = 3_000
HONEST_FROM_MS = 300_000
"""The honest come when the others have gone: a step of theirs must not stand in for one that was left out."""
LONG_ENOUGH_MS = 900_000
"""In which all tasks have come to their end, also those that wait for an approval."""
ABOUT_OPERATIONS = frozenset(STANDARD.kinds["operation.requested"].own) - {"owner", "entitled", "record", "category"}
BY_OPERATORS = ("agent.disabled", "agent.enabled", "user.disabled", "tool.approved")
ENDS = ("unless_since", "until")
Values = Mapping[str, Any]


def declared_steps(system: System, requirements: RequirementSet) -> tuple[Step, ...]:
    """The steps of a system that a requirements file declares; events that nothing there emits are none."""
    kinds = requirements.vocabulary.kinds
    found = []
    for kind in (one for name, one in kinds.items() if name not in STANDARD.kinds):
        by = [made for name in kind.emitted_by if (made := emitter(name, system)) is not None]
        if by:
            found.append(_Reading(system, requirements, kind, tuple(by)).step())
    return tuple(found)


class _Reading:
    """Everything that the rules of a file say about one kind of event."""

    def __init__(self, system: System, requirements: RequirementSet, kind: Kind, by: tuple[Emitter, ...]) -> None:
        self.system, self.kind, self.by = system, kind, by
        self.aims = tuple(one.id for one in requirements if kind.name in one.kinds)
        rules = [rule for one in requirements for rule in one.rules]
        self.roles = [(rule, clause) for rule in rules for clause in rule.clauses if kind.name in clause.kinds]
        self.candidates = Candidates(requirements.vocabulary, Words())
        self.names: dict[str, dict[str, None]] = {name: {} for name in kind.own}

    def step(self) -> Step:
        before = self._beside("needs_earlier")
        after = self._beside("leads_to")
        for rule, clause in self.roles:
            self._aliases(rule, clause)
        if not before and not after:
            before, after = self._by_default()
        values = self._values()
        otherwise = self._otherwise(values)
        return Step(
            kind=self.kind.name,
            by=self.by,
            before=before,
            after=after,
            fields={name: self._filled(field, values, otherwise) for name, field in self.kind.own.items()},
            twists=tuple(self._twists(otherwise)),
            times=self._times(),
            aims=self.aims,
            late_ms=max((rule.within_ms or 0 for rule, clause in self.roles if clause.key == "leads_to"), default=0),
        )

    def _beside(self, key: str) -> tuple[str, ...]:
        """The kinds of events that need the step, or lead to it."""
        found = [kind for rule, clause in self.roles if clause.key == key for kind in rule.about.kinds]
        return tuple(kind for kind in dict.fromkeys(found) if kind != self.kind.name)

    def _aliases(self, rule: Rule, clause: Clause) -> None:
        """Under which names the other event of a rule knows what this one's fields say."""
        if clause.key not in ("needs_earlier", "leads_to"):
            return
        for left, right in rule.same:
            if right in self.names:
                self.names[right].setdefault(left)

    def _by_default(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Where a step stands that no rule puts anywhere: at the work of whoever does it."""
        if self.roles and all(clause.key in ENDS for _, clause in self.roles):
            return (), ("task.ended", "agent.enabled")
        sorts = {one.sort for one in self.by}
        operations = any(one.operation for api in self.system.apis.values() for one in api.endpoints.values())
        if sorts <= {"operator"}:
            return (), BY_OPERATORS
        if sorts <= {"server"}:
            return (), ("token.issued",)
        if sorts <= {"provider"}:
            return (), ("llm.received",)
        if sorts <= {"api"}:
            own = {one.name for one in self.by}
            runs = any(e.operation for name in own for e in self.system.apis[name].endpoints.values())
            return (("operation.completed",) if runs else ("request.allowed",)), ()
        if operations and ABOUT_OPERATIONS & set(self.kind.own):
            return ("operation.completed",), ()
        return (), ("task.started",)

    # ------------------------------------------------------------ values

    def _values(self) -> Values:
        """Values of the event's own fields under which the rules are kept, as far as one choice can do that."""
        chosen: dict[str, Any] = {}
        for rule, clause in sorted(self.roles, key=lambda role: role[1].key == "never"):
            if clause.where is None:
                continue
            wanted: Node = Not(clause.where) if clause.key == "never" and clause is rule.about else clause.where
            chosen |= self._solved(wanted, chosen)
        return chosen

    def _otherwise(self, values: Values) -> Values:
        """Values that a rule which needs the step does not take; nothing where it takes any."""
        for _, clause in self.roles:
            if clause.key == "needs_earlier" and clause.where is not None:
                other = self._solved(Not(clause.where), {})
                if other and dict(other) != {name: values.get(name) for name in other}:
                    return other
        return {}

    def _solved(self, where: Node, fixed: Values) -> dict[str, Any]:
        found = next(islice(self.candidates.solve(Clause("never", (self.kind.name,), where), set(), fixed), 1), {})
        return {name: value for name, value in found.items() if name in self.kind.own and not isinstance(value, tuple)}

    def _filled(self, field: Field, values: Values, otherwise: Values) -> Filled:
        value = values.get(field.name, self._plain(field))
        return Filled(
            names=tuple(dict.fromkeys((*self.names[field.name], field.name))),
            type=field.type,
            many=field.many,
            words=field.words,
            person="person" in field.classes,
            value=value,
            otherwise=otherwise.get(field.name, value),
        )

    @staticmethod
    def _plain(field: Field) -> str | bool | int | None:
        if field.type == "enum" and field.words:
            return field.words[0]
        return {"flag": True, "number": 0, "duration": 0}.get(field.type)

    # ------------------------------------------------------------ what can go wrong

    def _twists(self, otherwise: Values) -> Iterator[str]:
        keys = {clause.key for _, clause in self.roles}
        if keys & {"needs_earlier", "leads_to"} and any(one.sort != "operator" for one in self.by):
            yield LEFT_OUT
        if otherwise:
            yield OTHERWISE
        if self._times() > 1 and any(one.sort in ("agent", "people", "endpoint") for one in self.by):
            yield REPEATED

    def _times(self) -> int:
        counting = [rule for rule, clause in self.roles if clause.key == "of" and not (rule.distinct or rule.sum_of)]
        limits = [int(rule.at_most) for rule in counting]
        return min(MOST_TIMES, max(limits) + 1) if limits else 1


# ---------------------------------------------------------------- scenarios


def step_scenarios(systems: Iterable[System]) -> tuple[Scenario, ...]:
    """A scenario for each thing that can go wrong with a step: one customer's tasks with it, another's without."""
    found: dict[str, Scenario] = {}
    for system in systems:
        for step in steps_of(system):
            for twist in step.twists:
                found.setdefault(twist + step.kind, _scenario(twist + step.kind, step, system))
    return tuple(found.values())


def _scenario(twist: str, step: Step, system: System) -> Scenario:
    name = str(step_twist_name(twist))
    people: Sequence[tuple[str, int, str | None]] = [("A", 0, twist), ("B", HONEST_FROM_MS, None)]
    visits = [
        {"user": user, "arrives": f"{since_ms}ms", "tasks": list(_jobs(system, own))}
        for user, since_ms, own in people[: len(system.people.customers)]
    ]
    return Scenario.model_validate(
        {
            "kind": "scenario",
            "id": twist,
            "title": name[0].upper() + name[1:],
            "aims": list(step.aims),
            "text": "Made from the requirements: whatever is asked for on this system, with the twist and without.",
            "visits": visits,
            **({"until": f"{LONG_ENOUGH_MS + step.late_ms}ms"} if step.after else {}),
        }
    )


def _jobs(system: System, twist: str | None) -> Iterator[dict[str, Any]]:
    for number, (kind, spec) in enumerate(system.tasks.items()):
        asked = {"kind": kind, "at": f"{2_000 + number * TASKS_APART_MS}ms", "agent": spec.agent or "main"}
        yield asked | ({"twist": twist} if twist is not None else {})
