"""The pattern `never`: this event never happens where the condition holds. It keeps no state."""

from __future__ import annotations

from harness.judge.keys import always, where
from harness.judge.monitor import FINE, Finding, Monitor, State, Step, Violation, Would
from harness.requirements import Rule
from harness.requirements.closures import Getter, Predicate, predicate
from harness.requirements.conditions import All, Node, Test
from harness.trace import Event, Vocabulary


def never(rule: Rule, vocabulary: Vocabulary) -> Monitor:
    """Compiles a `never` rule.

    An event of the kind that lacks what the condition asks to be known is not about the rule: it is no honest case.
    """
    known, rest = _split(rule.about.where)
    steps, woulds = {}, {}
    for kind in rule.about.kinds:
        breaks = predicate(rest, kind, vocabulary) or always
        if isinstance(known, Test):
            steps[kind] = _step_where_known(vocabulary.getter(kind, known.field), breaks)
        else:
            concerns = predicate(known, kind, vocabulary)
            steps[kind] = _step(breaks) if concerns is None else _step_if(concerns, breaks)
        woulds[kind] = _would(where(rule.about, kind, vocabulary))
    return Monitor(rule, steps, woulds, needs_honest_use=rule.about.where is not None)


def _split(node: Node | None) -> tuple[Node | None, Node | None]:
    """What a condition asks to be known, where it joins its parts by `and`, and the rest of it."""
    parts = node.parts if isinstance(node, All) else () if node is None else (node,)
    known = tuple(part for part in parts if isinstance(part, Test) and part.op == "known")
    return _all(known), _all(tuple(part for part in parts if part not in known))


def _all(parts: tuple[Node, ...]) -> Node | None:
    return All(parts) if len(parts) > 1 else parts[0] if parts else None


def _step(breaks: Predicate) -> Step:
    def step(state: State, event: Event) -> Finding:
        return Violation(event.time_ms, (event.id,)) if breaks(event) else FINE

    return step


def _step_if(concerns: Predicate, breaks: Predicate) -> Step:
    def step(state: State, event: Event) -> Finding:
        if not concerns(event):
            return None
        return Violation(event.time_ms, (event.id,)) if breaks(event) else FINE

    return step


def _step_where_known(read: Getter, breaks: Predicate) -> Step:
    """The commonest case with one call less: a single field that has to be known."""

    def step(state: State, event: Event) -> Finding:
        if read(event) is None:
            return None
        return Violation(event.time_ms, (event.id,)) if breaks(event) else FINE

    return step


def _would(breaks: Predicate) -> Would:
    return lambda state, event: breaks(event)
