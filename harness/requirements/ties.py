"""Ties that tie nothing: `same`, `per` and `distinct` by a field for which a kind of event never has a value.

A missing value is never the same as anything and counts for nothing, so such a rule is kept by whatever happens. Which
fields events lack is known of a system, not of the language.
"""

from __future__ import annotations

from collections.abc import Iterator

from harness.requirements.rules import Clause, Rule
from harness.requirements.words import Words
from harness.trace import Vocabulary

TIES = ("agent", "user", "session", "task", "tenant")
"""Fields of every event by which rules tie events."""


def untied(rule: Rule, vocabulary: Vocabulary, words: Words) -> Iterator[tuple[str, str, None, str | None]]:
    """A warning, in the form of `doubts`, for each kind of event and field in which a rule can find nothing."""

    def lacks(kind: str, name: str) -> bool:
        return name in words.lacking.get(kind, ()) and not vocabulary.kinds[kind].emitted_by

    def lacking(clause: Clause | None, name: str) -> list[str]:
        return [kind for kind in clause.kinds if lacks(kind, name)] if clause is not None else []

    for left, right in rule.same:
        text = left if left == right else f"{left}={right}"
        for kind in (*lacking(rule.about, left), *lacking(rule.other, right)):
            name = left if kind in lacking(rule.about, left) else right
            kinds = [each for clause in (rule.about, rule.other) if clause is not None for each in clause.kinds]
            shared = [f"`{one}`" for one in TIES if not any(lacks(each, one) for each in kinds)]
            hint = f"these events have {' and '.join(shared)}" if shared else None
            yield f"`{kind}` never has a value for `{name}`, so nothing is the same", f"same:{text}", None, hint
    counted = rule.about if rule.pattern == "at_most" else rule.other
    per = [(name, f"per:{name}", rule.about) for name in rule.per]
    for name, key, clause in (*per, *([(rule.distinct, "distinct", counted)] if rule.distinct else [])):
        for kind in lacking(clause, name):
            yield f"`{kind}` never has a value for `{name}`, so it is not counted", key, None, None
    for clause, what in ((rule.ends, "ends nothing"), (rule.closes, "closes nothing")):
        found = {kind: name for name in reversed(rule.per) for kind in lacking(clause, name)}
        for kind, name in found.items():
            assert clause is not None, "what lacks a value is a clause's kind"
            yield f"`{kind}` never has a value for `{name}`, so it {what}", f"{clause.key}:{kind}", None, None
