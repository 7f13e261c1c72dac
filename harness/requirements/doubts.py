"""What a rule that can be judged may still get wrong: warnings, which never stop a file.

A rule over claims alone repeats the guard's mistakes; an order test on a field that may be missing lets such events
pass; an answer without a time is never late; a kind that nothing emits tests nothing; nor does a condition that no event
meets, or one that every event meets, or a tie by a field that no such event has.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from harness.requirements.conditions import ORDER, Node, tests
from harness.requirements.rules import Clause, Rule
from harness.requirements.scope import common_field
from harness.requirements.sense import senseless
from harness.requirements.ties import untied
from harness.requirements.words import Words
from harness.trace import STANDARD, Field, Vocabulary

Doubt = tuple[str, str, int | None, str | None]
"""Message; key of the rule, or `key:entry`; offset into a condition's text; suggestion."""


def doubts(rule: Rule, vocabulary: Vocabulary, words: Words | None) -> Iterator[Doubt]:
    """Every warning about a rule."""
    if words is not None and words.emitted is not None:
        yield from _unemitted(rule, vocabulary, words, words.emitted)
    if words is not None:
        yield from untied(rule, vocabulary, words)
    yield from _claims_alone(rule, vocabulary)
    for clause in rule.clauses:
        yield from _loose_order(clause, vocabulary)
        yield from _senseless(clause.where, clause.where_key, clause.kinds, (), vocabulary)
    earlier = rule.other.kinds if rule.other is not None else ()
    yield from _senseless(rule.compare, "compare", rule.about.kinds, earlier, vocabulary)
    if rule.pattern == "response" and rule.within_ms is None:
        yield "without `within` the answer is never late, so this can never be broken", "leads_to", None, None


def _unemitted(rule: Rule, vocabulary: Vocabulary, words: Words, emitted: frozenset[str]) -> Iterator[Doubt]:
    for clause in rule.clauses:
        for kind in clause.kinds:
            by = vocabulary.kinds[kind].emitted_by
            if kind not in emitted and not any(words.emits(name) for name in by):
                hint = "; ".join(words.hint_of(name) for name in by) or _nobody(kind)
                yield f"nothing in the system ever emits `{kind}`", f"{clause.key}:{kind}", None, hint


def _nobody(kind: str) -> str | None:
    """What to do about a declared kind that names no emitter."""
    return None if kind in STANDARD.kinds else "say who does, as in `emitted_by: payments.pay`"


def _claims_alone(rule: Rule, vocabulary: Vocabulary) -> Iterator[Doubt]:
    fields = [vocabulary.field(kind, name) for kind, name in rule.reads()]
    claimed = {field.name: field.claimed for field in fields if field is not None}
    if claimed and all(claimed.values()):
        names = ", ".join(f"`{name}`" for name in sorted(claimed))
        yield f"this reads only what is claimed ({names}), no fact", rule.about.key, None, None


def _senseless(
    where: Node | None, key: str, kinds: tuple[str, ...], earlier: tuple[str, ...], vocabulary: Vocabulary
) -> Iterator[Doubt]:
    if where is None:
        return

    @cache
    def field(name: str) -> Field | None:
        of_earlier = name.startswith("earlier.")
        return common_field(name.removeprefix("earlier."), earlier if of_earlier else kinds, vocabulary)

    for message, at, suggestion in senseless(where, field):
        yield message, key, at, None if key == "compare" else suggestion


def _loose_order(clause: Clause, vocabulary: Vocabulary) -> Iterator[Doubt]:
    beside = {test.field for test in tests(clause.where) if test.op in ("known", "missing")}
    for test in tests(clause.where):
        found = common_field(test.field, clause.kinds, vocabulary)
        if test.op in ORDER and found is not None and found.optional and test.field not in beside:
            hint = f"add `{test.field} is known` or `{test.field} is missing`"
            message = f"`{test.field}` may be missing, and this lets such an event pass"
            yield message, clause.where_key, test.at, hint
