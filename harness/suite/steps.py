"""What a requirements file's own events mean for a run: who takes which step when, and what can go wrong with it.

Read off the rules: a step that something needs stands before it, one that something leads to after it; fields take the
values that the rules ask for. A step that a rule needs can be left out, come too late, be done for something else, by too
few, or with another outcome; one that a rule limits can be repeated, and what forbids something can be disregarded. Each of
these is a scenario of its own, made for the system at hand (`step_scenarios`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast, get_args

from harness.plan.steps import (
    DEEDS,
    DESPITE,
    FOR_ANOTHER,
    LATE,
    LEFT_OUT,
    OTHERWISE,
    REPEATED,
    SERVER_SIDE,
    TOO_FEW,
    Compared,
    Emitter,
    Filled,
    Step,
    Tie,
    emitter,
)
from harness.plan.system import System
from harness.requirements import Clause, RequirementSet, Rule
from harness.requirements.conditions import All, Node, Other, Test, tests
from harness.suite.outcomes import A_SHARE, FORBIDS, Outcomes, Values, is_person
from harness.trace import STANDARD, Field, Kind

MOST_TIMES = 200
ABOUT_OPERATIONS = frozenset(STANDARD.kinds["operation.requested"].own) - {"owner", "entitled", "record", "category"}
ENDS = frozenset({"unless_since", "until"})
TIED_BY = ("agent", "user")
"""Fields of every event by which a rule can say for whom a step was done, and that can be another's."""


def declared_steps(system: System, requirements: RequirementSet) -> tuple[Step, ...]:
    """The steps of a system that a requirements file declares; events that nothing there emits are none.

    What the system insists on is among them, also where the file does not say who does it, and so are the deeds of operators
    and people with which something can go wrong.
    """
    insisted = {kind for _, one in system.insisting() for _, kind in one.steps()}
    found = []
    for kind in requirements.vocabulary.kinds.values():
        by = [made for name in kind.emitted_by if (made := emitter(name, system)) is not None]
        if by or kind.name in insisted or kind.name in DEEDS:
            step = _Reading(system, requirements, kind, tuple(by), insisted=kind.name in insisted).step()
            if by or kind.name in insisted or step.twists:
                found.append(step)
    return tuple(found)


def at_odds(system: System, requirements: RequirementSet) -> Iterator[tuple[str, Rule, str]]:
    """Where rules ask for outcomes of one step that it cannot have at once: its kind, the rule, and whose it has instead."""
    for kind in requirements.vocabulary.kinds.values():
        by = [made for name in kind.emitted_by if (made := emitter(name, system)) is not None]
        if by:
            reading = _Reading(system, requirements, kind, tuple(by), insisted=False)
            whose = {id(rule): one.id for one in requirements for rule in one.rules}
            yield from ((kind.name, rule, whose[id(other)]) for rule, other in reading.outcomes.at_odds())


class _Reading:
    """Everything that the rules of a file say about one kind of event."""

    def __init__(
        self, system: System, requirements: RequirementSet, kind: Kind, by: tuple[Emitter, ...], *, insisted: bool
    ) -> None:
        self.system, self.kind, self.by, self.insisted = system, kind, by, insisted
        self.aims = tuple(one.id for one in requirements if kind.name in one.kinds)
        rules = [rule for one in requirements for rule in one.rules]
        self.roles = [(rule, clause) for rule in rules for clause in rule.clauses if kind.name in clause.kinds]
        self.keys = frozenset(clause.key for _, clause in self.roles)
        self.vocabulary = requirements.vocabulary
        self.names: dict[str, dict[str, None]] = {name: {} for name in kind.own}
        self.apart = any(_apart(rule.compare) or _apart(clause.where) for rule, clause in self.roles)
        self.outcomes = Outcomes(kind, self.roles, self.vocabulary, apart=self.apart)

    def step(self) -> Step:
        before = self._beside("needs_earlier")
        after = self._beside("leads_to")
        for rule, clause in self.roles:
            self._aliases(rule, clause)
        occasional = bool(self.keys) and self.keys <= {"after"} and not self._calls()
        if not self.by:
            before, after = (), ()
        elif not before and not after:
            before, after = ((), ("task.started",)) if occasional else self._by_default()
        values = self.outcomes.kept()
        otherwise = self.outcomes.otherwise(values)
        needed = [rule for rule, clause in self.roles if clause.key == "needs_earlier"]
        counted = max(needed, key=lambda rule: rule.at_least, default=None)
        step = Step(
            kind=self.kind.name,
            by=self.by,
            before=before,
            after=after,
            fields={name: self._filled(field, values, otherwise) for name, field in self.kind.own.items()},
            times=self._times(),
            aims=self.aims,
            late_ms=max((rule.within_ms or 0 for rule, clause in self.roles if clause.key == "leads_to"), default=0),
            old_ms=max((rule.within_ms or 0 for rule in needed), default=0) if all(map(self._deed, before)) else 0,
            delay_ms=max(
                (rule.delay_ms or rule.grace_ms or 0 for rule, c in self.roles if c.key in FORBIDS), default=0
            ),
            window_ms=max((rule.window_ms or 0 for rule, clause in self.roles if clause.key == "of"), default=0),
            count=counted.at_least if counted is not None else 1,
            distinct=counted.distinct if counted is not None else None,
            tied=tuple(dict.fromkeys(right for rule in needed for _, right in rule.same if self._another(right))),
            apart=self.apart,
            occasional=occasional,
            needs=tuple(self._needs()),
            bans=tuple(self._bans()),
        )
        return step.model_copy(update={"twists": tuple(self._twists(step, otherwise))})

    def _calls(self) -> bool:
        """Whether the step is a call of its own, which happens whenever it is made."""
        return any(one.sort == "endpoint" for one in self.by)

    def _deed(self, kind: str) -> bool:
        """Whether an event is something that operators or people do by themselves, at an instant of their own."""
        by = [emitter(name, self.system) for name in self.vocabulary.kinds[kind].emitted_by]
        return kind in DEEDS or (bool(by) and all(one is not None and one.sort == "operator" for one in by))

    def _another(self, name: str) -> bool:
        """Whether a step can be done for another than what a field of it says."""
        there = {"agent": len(self.system.agents), "user": len(self.system.people.customers)}
        return name in self.kind.own or there.get(name, 0) > 1

    def _needs(self) -> Iterator[Tie]:
        """What rules ask of the step, where that changes a run: where the design insists on it, or something can end it."""
        for rule, clause in self.roles:
            if clause.key == "needs_earlier" and (self.insisted or rule.ends is not None):
                yield Tie(
                    about=rule.about.kinds,
                    same=rule.same,
                    within_ms=rule.within_ms,
                    at_least=rule.at_least,
                    distinct=rule.distinct,
                    use_once=rule.use_once,
                    ended_by=rule.ends.kinds if rule.ends is not None else (),
                    grace_ms=rule.grace_ms or 0,
                    compares=tuple(_compares(rule.compare)),
                    differs=tuple((left, right) for left, op, right in _compares(clause.where) if op == "is not"),
                )

    def _bans(self) -> Iterator[Tie]:
        """What rules forbid after the step, and what lifts that."""
        for rule, clause in self.roles:
            assert rule.other is not None or clause.key not in FORBIDS, "what forbids is tied to something"
            if clause.key == "after":
                lifted = rule.ends.kinds if rule.ends is not None else ()
                lasts_ms = rule.for_ms - 1 if rule.for_ms else None
                yield Tie(about=rule.about.kinds, same=rule.same, within_ms=lasts_ms, ended_by=lifted)
            elif clause.key == "unless_since" and rule.other is not None:
                same = tuple(pair for pair in rule.same if pair[1] in self.kind.fields)
                yield Tie(about=rule.about.kinds, same=same, ended_by=rule.other.kinds)

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
        """Where a step stands that no rule puts anywhere: at the work of whoever does it; operators act by themselves."""
        if self.keys and self.keys <= ENDS:
            return (), ("task.ended", "agent.enabled")
        sorts = {one.sort for one in self.by}
        operations = any(one.operation for api in self.system.apis.values() for one in api.endpoints.values())
        if sorts <= {"operator"}:
            return (), ()
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

    def _filled(self, field: Field, values: Values, otherwise: Values) -> Filled:
        value = values.get(field.name, self._plain(field))
        return Filled(
            names=tuple(dict.fromkeys((*self.names[field.name], field.name))),
            type=field.type,
            many=field.many,
            words=field.words,
            person=is_person(field),
            value=value,
            otherwise=otherwise.get(field.name, value),
        )

    @staticmethod
    def _plain(field: Field) -> str | bool | int | None:
        if field.type == "enum" and field.words:
            return field.words[0]
        return {"flag": True, "number": 0, "duration": 0}.get(field.type)

    # ------------------------------------------------------------ what can go wrong

    def _twists(self, step: Step, otherwise: Values) -> Iterator[str]:
        """The misbehaviours that the rules give a meaning to; what servers do as a part of their work nobody puts off."""
        deed = not self.by and self.kind.name in DEEDS
        if not self.by and not deed:
            return
        ours = deed or any(one.sort not in SERVER_SIDE for one in self.by)
        if self.keys & {"needs_earlier", "leads_to", "still_open"} and not deed:
            yield LEFT_OUT
        if otherwise and not deed:
            yield OTHERWISE
        if ours and not deed and (step.late_ms or step.old_ms):
            yield LATE
        if step.tied and not deed and (ours or (self._calls() and "payee" in step.tied)):
            yield FOR_ANOTHER
        if ours and not deed and (step.count > 1 or step.apart):
            yield TOO_FEW
        if self.keys & FORBIDS and not self._calls():
            yield DESPITE
        if self._times() > 1 and (ours or self._calls()):
            yield REPEATED

    def _times(self) -> int:
        """How often is too often, for the tightest limit that a repetition reaches."""
        counting = [rule for rule, clause in self.roles if clause.key == "of" and not rule.distinct]
        often = [A_SHARE + 1 if rule.sum_of else int(rule.at_most) + 1 for rule in counting]
        return min(MOST_TIMES, max(often)) if often else 1


def _apart(node: Node | None) -> bool:
    """Whether a condition asks for somebody else than another field says: separation of duties."""
    return any(test.op in ("is not", "not in") and isinstance(test.right, Other) for test in tests(node))


def _compares(node: Node | None) -> Iterator[tuple[str, Compared, str]]:
    """The tests of a condition, all of which must be so, that hold a field against another."""
    for part in node.parts if isinstance(node, All) else (node,):
        if isinstance(part, Test) and isinstance(part.right, Other) and part.op in get_args(Compared):
            yield part.field, cast(Compared, part.op), part.right.name
