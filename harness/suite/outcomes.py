"""How a step comes out: values of its own fields under which the rules are kept, or under which one of them is not.

One outcome serves all rules, so what honest work needs the step for decides first, and what forbids something last. Rules
that ask for outcomes that do not go together are at odds: no honest work keeps them all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from harness.requirements import Clause, Rule, Words
from harness.requirements.candidates import Candidates
from harness.requirements.conditions import Node, Not
from harness.trace import Field, Kind, Vocabulary

A_SHARE = 100
ASKS = frozenset({"needs_earlier", "leads_to", "still_open"})
FORBIDS = frozenset({"unless_since", "after"})
Values = Mapping[str, Any]


class Outcomes:
    """What the rules that speak of one kind of event, each with its part in the rule, ask of its fields."""

    def __init__(
        self, kind: Kind, roles: Sequence[tuple[Rule, Clause]], vocabulary: Vocabulary, *, apart: bool
    ) -> None:
        self.kind, self.roles, self.apart = kind, roles, apart
        self.candidates = Candidates(vocabulary, Words())

    def kept(self) -> Values:
        """Values of the event's own fields under which the rules are kept, as far as one choice can do that."""
        chosen: dict[str, Any] = self._shares()
        for _, wanted in self._wanted():
            chosen |= self._solved(wanted, chosen)
        return chosen

    def _wanted(self) -> Iterator[tuple[Rule, Node]]:
        """What each rule asks of the step's outcome, what honest work needs it for first."""
        for rule, clause in sorted(self.roles, key=lambda role: _turn(role[1].key)):
            if clause.where is not None:
                yield rule, Not(clause.where) if clause.key == "never" and clause is rule.about else clause.where

    def at_odds(self) -> Iterator[tuple[Rule, Rule]]:
        """Each rule whose outcome does not go with what another asks for first, and that one."""
        chosen: dict[str, Any] = self._shares()
        asked: list[tuple[Rule, Node]] = []
        for rule, wanted in self._wanted():
            found = self._solved(wanted, chosen)
            binding = any(clause.key in (*ASKS, "never") for one, clause in self.roles if one is rule)
            if binding and not found and (alone := self._solved(wanted, {})):
                others = (one for one, node in asked if alone.keys() & self._solved(node, {}).keys())
                first = next(others, None)
                if first is not None:
                    yield rule, first
            elif found:
                asked.append((rule, wanted))
                chosen |= found

    def otherwise(self, values: Values) -> Values:
        """Values that a rule which needs the step does not take, or that one forbids; nothing where any will do."""
        for rule, clause in self.roles:
            if clause.where is None:
                continue
            other: Values = {}
            if clause.key == "needs_earlier":
                other = self._solved(Not(clause.where), {})
            elif clause.key == "never" and clause is rule.about and rule.other is None:
                other = self._solved(clause.where, {})
            if other and dict(other) != {name: values.get(name) for name in other}:
                return other
        return {}

    def _solved(self, where: Node, fixed: Values) -> dict[str, Any]:
        found = next(islice(self.candidates.solve(Clause("never", (self.kind.name,), where), set(), fixed), 1), {})
        own = {name: value for name, value in found.items() if name in self.kind.own and not isinstance(value, tuple)}
        return {name: value for name, value in own.items() if not (self.apart and is_person(self.kind.own[name]))}

    def _shares(self) -> dict[str, float]:
        """Of what is added up, so little at a time that ordinary work stays within the limit."""
        summed = [rule for rule, clause in self.roles if clause.key == "of" and rule.sum_of in self.kind.own]
        return {str(rule.sum_of): rule.at_most / A_SHARE for rule in sorted(summed, key=lambda rule: -rule.at_most)}


def _turn(key: str) -> int:
    """In which turn a rule's part decides how a step comes out."""
    return 0 if key in ASKS else 2 if key in FORBIDS else 3 if key == "never" else 1


def is_person(field: Field) -> bool:
    """Whether a field names somebody."""
    return "person" in field.classes
