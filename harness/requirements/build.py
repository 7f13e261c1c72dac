"""A rule of the file as a rule of the judge: its pattern found, its keys fitting, every kind, field and word known.

Mistakes are collected, each at its place, so that one look shows them all. Nothing of a rule with a mistake is kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from harness.load import Document, Key, Problem, did_you_mean
from harness.requirements import model
from harness.requirements.conditions import Constant, Node
from harness.requirements.doubts import doubts
from harness.requirements.grammar import Token
from harness.requirements.rules import PATTERN_KEYS, WHERE_KEYS, Clause, Pattern, Rule
from harness.requirements.scope import Lists, Mistake, Scope, look_up_field
from harness.requirements.typed import typed_condition
from harness.requirements.words import Words
from harness.trace import Field, Vocabulary

Path = tuple[Key, ...]
NEEDS: Mapping[str, str] = {where: key for key, where in WHERE_KEYS.items() if where != "where"} | {
    "grace": "unless_since"
}
"""Keys that say something about another key."""
_SPOKEN: Mapping[Pattern, str] = {
    "never": "a rule with `never`",
    "precedence": "a rule with `needs_earlier`",
    "after_never": "a rule with `after`",
    "at_most": "a rule with `at_most`",
    "response": "a rule with `leads_to`",
}
_START = "start with `never`, `every`, `after` or `at_most`"


def keys_of(rule: model.Rule) -> dict[str, Any]:
    """The rule's own keys that the file gives, as the file names them."""
    names = {name: info.alias or name for name, info in model.Rule.model_fields.items()}
    return {alias: value for name, alias in names.items() if (value := getattr(rule, name)) is not None}


class RuleBuilder:
    """Builds the rules of one file; `problems` grows, `used` holds the lists and variables that rules name."""

    def __init__(self, document: Document, vocabulary: Vocabulary, words: Words | None, lists: Lists) -> None:
        self.document = document
        self.vocabulary = vocabulary
        self.words = words
        self.lists = lists
        self.problems: list[Problem] = []
        self.used: set[str] = set()
        self.places: Mapping[str, Path] = {}
        self.partial = False

    def build(self, raw: model.Rule, path: Path, variables: Mapping[str, Constant]) -> Rule | None:
        """The rule at a key path with values for its variables; None where it has mistakes.

        `places` says where the values of variables stand in the file; with `partial` keys were left out for mistakes
        that are told already, and what they leave incomplete is not told again.
        """
        before = sum(p.severity == "error" for p in self.problems)
        keys = keys_of(raw)
        keys.pop("for_each", None)
        pattern = self._pattern(keys, path)
        if pattern is None:
            return None
        rule = _OneRule(self, keys, path, variables, pattern).build()
        return rule if sum(p.severity == "error" for p in self.problems) == before else None

    def say(self, message: str, *path: Key, **more: Any) -> None:
        self.problems.append(self.document.problem(message, *path, **more))

    def _pattern(self, keys: Mapping[str, Any], path: Path) -> Pattern | None:
        pattern: Pattern
        if "at_most" in keys:
            pattern = "at_most"
        elif "after" in keys:
            pattern = "after_never"
        elif "never" in keys:
            pattern = "never"
        elif "every" in keys:
            if "leads_to" not in keys and "needs_earlier" not in keys:
                if self.partial:
                    return None
                self.say("`every` needs `needs_earlier` or `leads_to` beside it", *path, "every", on_key=True)
                return None
            pattern = "precedence" if "needs_earlier" in keys else "response"
        else:
            if not self.partial:
                self.say("no rule here", *path, on_key=isinstance(path[-1], str), suggestion=_START)
            return None
        return pattern if self._keys_fit(pattern, keys, path) or self.partial else None

    def _keys_fit(self, pattern: Pattern, keys: Mapping[str, Any], path: Path) -> bool:
        if self.partial:
            return False
        fine = True
        for key in keys:
            if key not in PATTERN_KEYS[pattern]:
                self.say(f"`{key}` does not belong to {_SPOKEN[pattern]}", *path, key, on_key=True)
                fine = False
            elif NEEDS.get(key, key) not in keys:
                self.say(f"`{key}` needs `{NEEDS[key]}` beside it", *path, key, on_key=True)
                fine = False
        for key in {"after_never": ("never",), "at_most": ("of",)}.get(pattern, ()):
            if key not in keys:
                self.say(f"{_SPOKEN[pattern]} needs `{key}` beside it", *path, keys_first(keys), on_key=True)
                fine = False
        return self._combine(pattern, keys, path) and fine

    def _combine(self, pattern: Pattern, keys: Mapping[str, Any], path: Path) -> bool:
        clashes = [("distinct", "sum"), *(("still_open", other) for other in ("sum", "distinct", "window"))]
        for one, other in clashes:
            if one in keys and other in keys:
                self.say(f"`{one}` and `{other}` do not go together", *path, other, on_key=True)
                return False
        if pattern == "precedence" and "distinct" in keys and "at_least" not in keys:
            self.say("`distinct` needs `at_least` beside it", *path, "distinct", on_key=True)
            return False
        return True


def keys_first(keys: Mapping[str, Any]) -> str:
    """The key that a rule starts with."""
    return next(key for key in ("at_most", "after", "never", "every") if key in keys)


class _OneRule:
    """The building of one rule: clause by clause, then the fields that tie them together."""

    def __init__(
        self,
        builder: RuleBuilder,
        keys: Mapping[str, Any],
        path: Path,
        variables: Mapping[str, Constant],
        pattern: Pattern,
    ) -> None:
        self.builder = builder
        self.keys = keys
        self.path = path
        self.variables = variables
        self.pattern = pattern

    def build(self) -> Rule:
        about_key = {"never": "never", "after_never": "never", "at_most": "of"}.get(self.pattern, "every")
        about = self.clause(about_key) or Clause(about_key, ())
        other = self.clause("needs_earlier") or self.clause("after") or self.clause("leads_to")
        ends = self.clause("unless_since") or self.clause("until") or self.clause("since")
        closes = self.clause("still_open")
        rule = Rule(
            pattern=self.pattern,
            line=self.builder.document.at_key(*self.path, keys_first(self.keys))[0],
            about=about,
            other=other,
            ends=ends,
            closes=closes,
            same=self.same(about, other),
            within_ms=self.keys.get("within"),
            grace_ms=self.keys.get("grace"),
            delay_ms=self.keys.get("delay"),
            for_ms=self.keys.get("for"),
            window_ms=self.keys.get("window"),
            use_once=bool(self.keys.get("use_once")),
            at_least=self.keys.get("at_least", 1),
            at_most=self.keys.get("at_most", 0),
            distinct=self.counted("distinct", other if self.pattern == "precedence" else about),
            sum_of=self.counted("sum", about),
            compare=self.compare(about, other),
            per=self.per(about, (ends, "since"), (closes, "still_open")),
            variables=tuple(self.variables.items()),
        )
        for message, key, offset, suggestion in doubts(rule, self.builder.vocabulary, self.builder.words):
            self.say(message, *self.place(key), offset=offset, suggestion=suggestion, severity="warning")
        return rule

    def place(self, doubted: str) -> tuple[Key, ...]:
        """Where a doubt stands: at a key's value, or at an entry of it (`never:data.accessed`)."""
        key, _, entry = doubted.partition(":")
        given = self.keys.get(key)
        entries = ["".join(one.split()) for one in given] if isinstance(given, list) else []
        return (key, entries.index(entry)) if entry in entries else (key,)

    def say(self, message: str, *path: Key, **more: Any) -> None:
        self.builder.say(message, *self.path, *path, **more)

    def clause(self, key: str) -> Clause | None:
        if key not in self.keys:
            return None
        kinds, where_key = tuple(self.kinds(key)), WHERE_KEYS[key]
        where = self.condition(where_key, kinds) if where_key in self.keys else None
        return Clause(key, kinds, where)

    def kinds(self, key: str) -> Iterator[str]:
        given = self.keys[key]
        named = enumerate(given) if isinstance(given, list) else [(None, given)]
        if given == []:
            self.say(f"`{key}` names no event", key)
        for index, name in named:
            place = (key,) if index is None else (key, index)
            if name in self.builder.vocabulary.kinds:
                yield name
            else:
                hint = did_you_mean(name, self.builder.vocabulary.kinds, all_up_to=0)
                if hint is None and name.partition(" ")[0] in self.builder.vocabulary.kinds:
                    hint = f"write the condition below it, as `{WHERE_KEYS[key]}:`"
                self.say(f"unknown event `{name}`", *place, suggestion=hint or "`harness list events` shows them all")

    def scope(self, kinds: tuple[str, ...], earlier: tuple[str, ...] = ()) -> Scope:
        of = self.builder
        return Scope(of.vocabulary, kinds, of.words, of.lists, self.variables, earlier)

    def condition(self, key: str, kinds: tuple[str, ...], earlier: tuple[str, ...] = ()) -> Node | None:
        if not kinds:
            return None
        scope = self.scope(kinds, earlier)
        node = typed_condition(self.keys[key], scope, comparing=key == "compare")
        self.report(scope, key)
        self.builder.used |= scope.used
        return node

    def report(self, scope: Scope, *place: Key) -> None:
        for mistake in scope.mistakes:
            if self.builder.partial and mistake.variable is not None and mistake.variable not in self.variables:
                continue
            elsewhere = self.elsewhere(mistake)
            if elsewhere is not None:
                on_key = isinstance(elsewhere[-1], str)
                problem = self.builder.document.problem(
                    mistake.message, *elsewhere, on_key=on_key, suggestion=mistake.suggestion
                )
                self.builder.problems.append(problem)
            else:
                self.say(mistake.message, *place, offset=mistake.at, suggestion=mistake.suggestion, notes=mistake.notes)

    def elsewhere(self, mistake: Mistake) -> Path | None:
        """Where a mistake stands that a condition only names: in a list, or among the values of a variable."""
        if mistake.variable is not None:
            return self.builder.places.get(mistake.variable)
        if mistake.member is None:
            return None
        name, member = mistake.member
        given = self.builder.document.value["lists"][name]
        if isinstance(given, list):
            return ("lists", name, given.index(member))
        if member in given:
            return ("lists", name, str(member))
        return next(("lists", name, key, listed.index(member)) for key, listed in given.items() if member in listed)

    def compare(self, about: Clause, other: Clause | None) -> Node | None:
        if "compare" not in self.keys or other is None or not other.kinds:
            return None
        return self.condition("compare", about.kinds, other.kinds)

    def same(self, about: Clause, other: Clause | None) -> tuple[tuple[str, str], ...]:
        if other is None or not about.kinds or not other.kinds:
            return ()
        pairs = [self.pair(index, text, about, other) for index, text in enumerate(self.keys.get("same", ()))]
        return tuple(pair for pair in pairs if pair is not None)

    def pair(self, index: int, text: str, about: Clause, other: Clause) -> tuple[str, str] | None:
        left, sign, right = text.partition("=")
        names = left.strip(), (right.strip() if sign else left.strip())
        at = len(left) - len(left.lstrip()), text.rfind(names[1]) if sign else text.find(names[1])
        found = self.named(names[0], about.kinds, at[0], "same", index)
        if found is None and not sign:
            return None
        match = self.named(names[1], other.kinds, at[1], "same", index)
        if found is None or match is None:
            return None
        if found.many or match.many or not found.comparable(match):
            self.say(f"`{names[0]}` and `{names[1]}` cannot be the same", "same", index)
            return None
        return names

    def named(self, name: str, kinds: tuple[str, ...], at: int, *place: Key) -> Field | None:
        """A field named outside conditions: in `same`, `per`, `distinct`, `sum`."""
        scope = self.scope(kinds)
        found = look_up_field(Token("word", name, at), kinds, scope)
        for mistake in scope.mistakes:
            message = mistake.message
            message = message if len(kinds) > 1 else message.replace("unknown field", f"`{kinds[0]}` has no field")
            self.say(message, *place, offset=at, suggestion=mistake.suggestion, notes=mistake.notes)
        return found

    def counted(self, key: str, clause: Clause | None) -> str | None:
        if key not in self.keys or clause is None or not clause.kinds:
            return None
        found = self.named(self.keys[key], clause.kinds, 0, key)
        if found is not None and key == "sum" and (found.type != "number" or found.many):
            self.say(f"`{found.name}` is no number", key, suggestion="`sum` adds up numbers")
        if found is not None and key == "distinct" and found.many:
            self.say(f"`{found.name}` is a list", key, suggestion="`distinct` counts single values")
        return None if found is None else found.name

    def per(self, about: Clause, *ends: tuple[Clause | None, str]) -> tuple[str, ...]:
        if not about.kinds:
            return ()
        given = self.keys.get("per", ())
        found = [self.named(name, about.kinds, 0, "per", index) for index, name in enumerate(given)]
        for index, name_field in enumerate(found):
            if name_field is not None and name_field.many:
                self.say(f"`{name_field.name}` is a list", "per", index, suggestion="`per` takes single values")
        for clause, key in ends if None not in found else ():
            self.per_of_end(clause, key, given)
        return tuple(f.name for f in found if f is not None)

    def per_of_end(self, clause: Clause | None, key: str, per: list[str]) -> None:
        for kind in clause.kinds if clause is not None and key in self.keys and per else ():
            if not any(self.builder.vocabulary.field(kind, name) for name in per):
                self.say(f"`{kind}` has none of the fields of `per`", key)
