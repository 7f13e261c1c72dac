"""The pattern `never`: this event never happens where the condition holds. It keeps no state."""

from __future__ import annotations

from harness.judge.keys import always, where
from harness.judge.monitor import FINE, Finding, Monitor, State, Step, Violation, Would
from harness.requirements import Rule
from harness.requirements.conditions import All, Node, Predicate, Test, predicate
from harness.trace import Event, Vocabulary


def never(rule: Rule, vocabulary: Vocabulary) -> Monitor:
    """Compiles a `never` rule.

    An event of the kind that lacks what the condition asks to be known is not about the rule: it is no honest case.
    """
    steps, woulds = {}, {}
    for kind in rule.about.kinds:
        breaks = where(rule.about, kind, vocabulary)
        concerns = predicate(_known_part(rule.about.where), kind, vocabulary) or always
        steps[kind] = _step(breaks, concerns)
        woulds[kind] = _would(breaks)
    return Monitor(rule, steps, woulds, needs_honest_use=rule.about.where is not None)


def _known_part(node: Node | None) -> Node | None:
    """What a condition asks to be known, where it joins its parts by `and`."""
    parts = node.parts if isinstance(node, All) else (node,)
    known = tuple(part for part in parts if isinstance(part, Test) and part.op == "known")
    return All(known) if len(known) > 1 else known[0] if known else None


def _step(breaks: Predicate, concerns: Predicate) -> Step:
    def step(state: State, event: Event) -> Finding:
        if breaks(event):
            return Violation(event.time_ms, (event.id,))
        return FINE if concerns(event) else None

    return step


def _would(breaks: Predicate) -> Would:
    def would(state: State, event: Event) -> bool:
        return breaks(event)

    return would
