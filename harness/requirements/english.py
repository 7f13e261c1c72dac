"""A rule read back as an English sentence, so that its author sees what was really said.

Generated from the compiled rule, never from the author's own words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from harness.requirements.conditions import All, Any_, Listing, Named, Node, Not, Operand, Other, Test, Value
from harness.requirements.rules import Clause, Rule
from harness.requirements.values import duration_spoken

_ORDER = {"<": "is less than", "<=": "is at most", ">": "is more than", ">=": "is at least"}


def sentence(rule: Rule) -> str:
    """The rule as one sentence, with its events in backticks."""
    told = _PATTERNS[rule.pattern](rule)
    return told[0].upper() + told[1:]


def condition(node: Node) -> str:
    """A condition in words."""
    if isinstance(node, Test):
        return _test(node)
    if isinstance(node, Not):
        inner = condition(node.part)
        return f"it is not so that {inner}" if isinstance(node.part, Test) else f"it is not so that ({inner})"
    word = " and " if isinstance(node, All) else " or "
    return word.join(f"({condition(p)})" if isinstance(p, (Any_, All)) else condition(p) for p in node.parts)


def _name(field: str) -> str:
    return field.replace("_", " ")


def _test(test: Test) -> str:
    left, op = f"the {_name(test.field)}", test.op
    if op in ("missing", "known"):
        return f"{left} is {op}"
    if op in _ORDER:
        return f"{left} {_ORDER[op]} {_operand(test.right)}"
    words = {
        "is": "is",
        "is not": "is not",
        "in": "is among",
        "not in": "is not among",
        "contains": "contain" if left.endswith("s") else "contains",
        "contains any of": "contain any of" if left.endswith("s") else "contains any of",
        "all in": "are all among" if left.endswith("s") else "is all among",
    }
    return f"{left} {words[op]} {_operand(test.right)}"


def _operand(right: Operand) -> str:
    if isinstance(right, Value):
        return _constant(right)
    if isinstance(right, Other):
        return f"the {'earlier ' if right.earlier else ''}{_name(right.name)}"
    if isinstance(right, Listing):
        return _joined([_operand(item) for item in right.items], "and")
    if isinstance(right, Named):
        return f"${right.name} of the {_name(right.by)}" if right.by else f"${right.name}"
    return ""


def _constant(value: Value) -> str:
    if isinstance(value.value, bool):
        return "yes" if value.value else "no"
    if isinstance(value.value, float):
        return _number(value.value)
    return value.written or str(value.value)


def _number(value: float) -> str:
    """A number as it was understood: `10.000` is ten."""
    return str(int(value)) if float(value).is_integer() else str(value)


def _joined(words: list[str], last: str) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}"


def _events(clause: Clause | None, *, joiner: str = "or") -> str:
    if clause is None:
        return ""
    named = _joined([f"`{kind}`" for kind in clause.kinds], joiner)
    return f"{named} where {condition(clause.where)}" if clause.where is not None else named


def _same(rule: Rule) -> str:
    pairs = [_name(a) if a == b else f"{_name(a)} (as its {_name(b)})" for a, b in rule.same]
    return f" with the same {_joined(pairs, 'and')}" if pairs else ""


def _never(rule: Rule) -> str:
    return f"{_events(rule.about)} never happens."


def _precedence(rule: Rule) -> str:
    parts = [f"every {_events(rule.about)} needs {_how_many(rule)} {_events(rule.other)}{_same(rule)}"]
    if rule.within_ms is not None:
        parts.append(f"at most {duration_spoken(rule.within_ms)} old")
    if rule.compare is not None:
        parts.append(f"such that {condition(rule.compare)}")
    if rule.use_once:
        parts.append("each counted for one event only")
    if rule.ends is not None:
        grace = f" more than {duration_spoken(rule.grace_ms)} ago" if rule.grace_ms else ""
        parts.append(f"not followed{grace} by {_events(rule.ends)}")
    return ", ".join(parts) + "."


def _how_many(rule: Rule) -> str:
    if rule.at_least == 1:
        return "an earlier"
    differing = f" with {rule.at_least} different values of {_name(rule.distinct)}" if rule.distinct else ""
    return f"at least {rule.at_least} earlier events{differing}:"


def _after_never(rule: Rule) -> str:
    since = f"more than {duration_spoken(rule.delay_ms)} after" if rule.delay_ms else "after"
    told = f"{since} {_events(rule.other)}, {_events(rule.about)}{_same(rule)} never happens"
    if rule.for_ms is not None:
        told += f", for {duration_spoken(rule.for_ms)}"
    word = " or" if rule.for_ms is not None else ","
    return told + (f"{word} until {_events(rule.ends)}." if rule.ends is not None else ".")


def _at_most(rule: Rule) -> str:
    limit = _number(rule.at_most)
    counted = f"{limit} {_events(rule.about)}"
    if rule.sum_of:
        counted = f"{limit} of {_name(rule.sum_of)} in total over {_events(rule.about)}"
    elif rule.distinct:
        what = "value" if rule.at_most == 1 else "different values"
        counted = f"{limit} {what} of {_name(rule.distinct)} over {_events(rule.about)}"
    told = f"at most {counted}"
    if rule.closes is not None:
        told += f" are open at once, each until {_events(rule.closes)}"
    if rule.per:
        told += f", for each {_joined([_name(name) for name in rule.per], 'and')}"
    if rule.window_ms is not None:
        told += f", in any {duration_spoken(rule.window_ms)}"
    return told + (f", counted from the last {_events(rule.ends)} on." if rule.ends is not None else ".")


def _response(rule: Rule) -> str:
    within = f" within {duration_spoken(rule.within_ms)}" if rule.within_ms is not None else " at some time"
    return f"every {_events(rule.about)} is followed{within} by {_events(rule.other)}{_same(rule)}."


_PATTERNS: Mapping[str, Callable[[Rule], str]] = {
    "never": _never,
    "precedence": _precedence,
    "after_never": _after_never,
    "at_most": _at_most,
    "response": _response,
}
