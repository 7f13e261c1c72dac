"""Conditions with their words looked up: every field exists, every value can be one, every mistake is told.

Takes the parser's tree and gives the tree that monitors compile. A bare word on the right is an enum value of the
field, a field of the same type, or a declared word; anything else is quoted, so that a typo is a mistake and no value.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from harness.load import did_you_mean, nearest
from harness.requirements.conditions import (
    All,
    Any_,
    Constant,
    Listing,
    Named,
    Node,
    Not,
    Op,
    Operand,
    Other,
    Test,
    Value,
)
from harness.requirements.grammar import ConditionError, Raw, RawJoin, RawNot, RawTest, Token, parse
from harness.requirements.scope import Scope, common_field, common_fields, look_up_field
from harness.requirements.values import duration_ms
from harness.trace import Field

FLAGS: Mapping[str, bool] = {"yes": True, "true": True, "no": False, "false": False}


def typed_condition(text: str, scope: Scope, *, comparing: bool = False) -> Node | None:
    """A condition's tree, or None where it has mistakes, which `scope` then holds. `comparing` is for `compare`."""
    try:
        raw = parse(text)
    except ConditionError as error:
        scope.say(error.message, error.at, error.suggestion)
        return None
    if comparing and not _is_comparison(raw, scope):
        return None
    before = len(scope.mistakes)
    node = _node(raw, scope)
    return node if len(scope.mistakes) == before else None


def _is_comparison(raw: Raw, scope: Scope) -> bool:
    parts = raw.parts if isinstance(raw, RawJoin) and raw.word == "and" else (raw,)
    for part in parts:
        if not isinstance(part, RawTest):
            scope.say("`compare` holds tests joined by `and`", 0)
            return False
        if not any(token.form == "earlier" for token in part.right):
            _say_what_is_earlier(part, scope)
            return False
    return True


def _say_what_is_earlier(part: RawTest, scope: Scope) -> None:
    for token in part.right:
        first, dot, rest = token.text.partition(".")
        if dot and nearest(first, ("earlier",)):
            scope.say(f"unknown word `{token.text}`", token.at, f"did you mean `earlier.{rest}`?")
            return
    at = part.right[0].at if part.right else part.field.at
    scope.say("`compare` tests against the earlier event", at, "write `earlier.` before a field of it")


def _node(raw: Raw, scope: Scope) -> Node:
    if isinstance(raw, RawTest):
        return _typed_test(raw, scope)
    if isinstance(raw, RawNot):
        return Not(_node(raw.part, scope))
    parts = tuple(_node(part, scope) for part in raw.parts)
    return All(parts) if raw.word == "and" else Any_(parts)


def _typed_test(raw: RawTest, scope: Scope) -> Test:
    left = look_up_field(raw.field, scope.kinds, scope)
    if left is None:
        return Test(raw.field.text, "known", at=raw.field.at)
    op: Op = raw.op  # type: ignore[assignment]  # the parser knows exactly these operators
    test = Test(left.name, op, at=raw.field.at, ranks=left.words if left.ordered else ())
    if op in ("missing", "known"):
        return test
    return replace(test, right=_right(raw, left, scope))


def _right(raw: RawTest, left: Field, scope: Scope) -> Operand:
    if raw.op in ("contains", "contains any of", "all in") and not left.many:
        scope.say(f"`{left.name}` is no list", raw.field.at, "write `is` or `in`")
        return None
    if raw.op in ("is", "is not", "in", "not in") and left.many:
        hint = "use `all in` on a list" if raw.op.endswith("in") else "use `contains` on a list"
        scope.say(f"`{left.name}` is a list", raw.field.at, hint)
        return None
    if raw.op in ("<", "<=", ">", ">=") and not left.sortable:
        scope.say(f"`{left.name}` has no order", raw.field.at, "use `is` or `in`")
        return None
    if raw.op in ("in", "not in", "contains any of", "all in"):
        return _collection(raw, left, scope)
    return _single(raw.right[0], replace(left, many=False), scope, raw.op)


def _collection(raw: RawTest, left: Field, scope: Scope) -> Operand:
    one = replace(left, many=False)
    if raw.bracketed:
        items = tuple(_single(token, one, scope, raw.op) for token in raw.right)
        return Listing(tuple(item for item in items if item is not None), raw.right[0].at)
    token = raw.right[0]
    if token.form == "variable":
        return _named(token, raw.by, one, scope)
    if raw.by is not None:
        scope.say("`by` goes with a `$list`", raw.by.at)
        return None
    if token.form not in ("word", "earlier"):
        scope.say("expected a list", token.at, "write brackets, as in `[a, b]`")
        return None
    return _list_field(token, left, scope)


def _list_field(token: Token, left: Field, scope: Scope) -> Other | None:
    kinds = scope.earlier if token.form == "earlier" else scope.kinds
    found = common_field(token.text, kinds, scope.vocabulary)
    if found is not None and found.many and found.comparable(left):
        return Other(token.text, token.form == "earlier", token.at)
    known = [n for n, f in common_fields(kinds, scope.vocabulary).items() if f.many and f.comparable(left)]
    if found is not None and not found.many:
        scope.say(f"`{token.text}` is no list", token.at, did_you_mean(token.text, known, what="lists here"))
    elif found is not None:
        scope.say(
            f"`{token.text}` holds other things than `{left.name}`",
            token.at,
            did_you_mean("", known, what="lists here"),
        )
    else:
        scope.say(f"unknown list field `{token.text}`", token.at, did_you_mean(token.text, known, what="lists here"))
    return None


def _named(token: Token, by: Token | None, left: Field, scope: Scope) -> Named | None:
    if token.text in scope.variables:
        scope.say(f"`${token.text}` is one value", token.at, f"write `is ${token.text}`")
        return None
    members = scope.lists.get(token.text)
    if members is None:
        hint = _near_dollar(token.text, scope.lists) or "declare it below `lists`"
        scope.say(f"unknown list `${token.text}`", token.at, hint)
        return None
    scope.used.add(token.text)
    if isinstance(members, Mapping):
        return _keyed(token, by, left, members, scope)
    if by is not None:
        scope.say(f"`${token.text}` is one list", by.at, "leave out `by`")
    _check_members(token, members, left, scope)
    return Named(token.text, members, None, token.at)


def _keyed(
    token: Token, by: Token | None, left: Field, members: Mapping[str, frozenset[Constant]], scope: Scope
) -> Named | None:
    if by is None:
        scope.say(f"`${token.text}` is a list by key", token.at, f"write `${token.text} by` and a field")
        return None
    key_field = look_up_field(by, scope.kinds, scope)
    if key_field is None:
        return None
    if key_field.many or key_field.type not in ("word", "enum"):
        scope.say(f"`{by.text}` is no word that a list can be looked up by", by.at)
        return None
    _check_members(token, members, key_field, scope, what="key")
    for listed in members.values():
        _check_members(token, listed, left, scope)
    return Named(token.text, members, by.text, token.at, by.at)


def _check_members(token: Token, members: Iterable[Constant], left: Field, scope: Scope, what: str = "member") -> None:
    known = _words_for(left, scope)
    for member in sorted(members, key=str):
        if not _fits(member, left, known):
            hint = did_you_mean(str(member), known or (), all_up_to=0)
            message = f"the {what} `{member}` of `${token.text}` is unknown as `{left.name}`"
            scope.say(message, token.at, hint, member=(token.text, member))


def _fits(member: Constant, left: Field, known: frozenset[str] | None) -> bool:
    if left.type == "number":
        return isinstance(member, (int, float)) and not isinstance(member, bool)
    if left.type == "word" and known is None:
        return True
    return isinstance(member, str) and known is not None and member in known


def _words_for(left: Field, scope: Scope) -> frozenset[str] | None:
    """The words that a field may hold by declaration; None where nobody told which there are."""
    if left.type == "enum":
        return frozenset(left.words)
    return None if scope.words is None else scope.words.of(left.classes)


def _near_dollar(name: str, known: Iterable[str]) -> str | None:
    hint = did_you_mean(name, known, what="lists here")
    return hint.replace("`", "`$", 1) if hint and hint.startswith("did") else hint


def _single(token: Token, left: Field, scope: Scope, op: str) -> Value | Other | None:
    if token.form == "variable":
        return _variable(token, left, scope, op)
    if token.form == "earlier":
        return _earlier(token, left, scope)
    if token.form == "text":
        return _text(token, left, scope)
    if token.form in ("number", "duration"):
        return _quantity(token, left, scope)
    return _word(token, left, scope, op)


def _variable(token: Token, left: Field, scope: Scope, op: str) -> Value | Other | None:
    if token.text in scope.lists:
        scope.say(f"`${token.text}` is a list", token.at, "write `in`")
        return None
    if token.text not in scope.variables:
        hint = _near_dollar(token.text, [*scope.variables, *scope.lists])
        scope.say(f"unknown variable `${token.text}`", token.at, hint)
        scope.mistakes[-1] = replace(scope.mistakes[-1], variable=token.text)
        return None
    scope.used.add(token.text)
    value = scope.variables[token.text]
    if isinstance(value, bool):
        return _word(Token("word", "yes" if value else "no", token.at), left, scope, op)
    form = "number" if isinstance(value, (int, float)) else "duration" if left.type == "duration" else "word"
    if left.type == "number" and form == "word":
        scope.say(f"`${token.text}` is no number", token.at)
        return None
    before = len(scope.mistakes)
    found = _single(Token(form, str(value), token.at), left, scope, op)  # type: ignore[arg-type]  # one of the forms
    scope.mistakes[before:] = [replace(mistake, variable=token.text) for mistake in scope.mistakes[before:]]
    return found


def _earlier(token: Token, left: Field, scope: Scope) -> Other | None:
    if not scope.earlier:
        scope.say("`earlier.` belongs to `compare`", token.at)
        return None
    found = look_up_field(token, scope.earlier, scope)
    if found is None:
        return None
    if found.many or not found.comparable(left):
        ours = "declared by the file" in found.about and not found.many
        hint = f"declare it as `{token.text}: {left.name}`" if ours else None
        scope.say(f"`earlier.{token.text}` cannot be compared with `{left.name}`", token.at, hint)
        return None
    return Other(token.text, True, token.at)


def _text(token: Token, left: Field, scope: Scope) -> Value | None:
    if left.type == "word" or (left.type == "enum" and token.text in left.words):
        return Value(token.text, f'"{token.text}"', token.at)
    scope.say(_expected(left, f'"{token.text}"'), token.at, did_you_mean(token.text, left.words, what="one of"))
    return None


def _expected(left: Field, got: str) -> str:
    what = {"number": "a number", "duration": "a duration", "flag": "yes or no"}.get(left.type, "a word")
    return f"`{left.name}` is {what}, not `{got}`" if left.type != "enum" else f"`{left.name}` is never `{got}`"


def _quantity(token: Token, left: Field, scope: Scope) -> Value | None:
    if token.form == left.type == "number":
        number = float(token.text) if "." in token.text else int(token.text)
        return Value(number, token.text, token.at)
    if left.type == "duration" and token.form == "duration":
        return _duration(token, scope)
    hints = {"duration": "write a unit, as in `5m`", "number": "leave out the unit", "word": "quote it"}
    scope.say(_expected(left, token.text), token.at, hints.get(left.type))
    return None


def _duration(token: Token, scope: Scope) -> Value | None:
    try:
        return Value(duration_ms(token.text), token.text, token.at)
    except ValueError as error:
        scope.say(str(error), token.at)
        return None


def _word(token: Token, left: Field, scope: Scope, op: str) -> Value | Other | None:
    if left.type == "flag" and token.text in FLAGS:
        return Value(FLAGS[token.text], token.text, token.at)
    if left.type == "enum" and token.text in left.words:
        return Value(token.text, token.text, token.at)
    other = common_field(token.text, scope.kinds, scope.vocabulary)
    if other is not None and not other.many and other.comparable(left):
        return Other(token.text, False, token.at)
    known = _words_for(left, scope)
    if left.type == "word" and (known is None or token.text in known):
        return Value(token.text, token.text, token.at)
    if other is not None and other.many and replace(other, many=False).comparable(left):
        word = "not in" if op == "is not" else "in"
        scope.say(f"`{other.name}` is a list", token.at, f"write `{left.name} {word} {other.name}`")
        return None
    _unknown_word(token, left, scope, op, known or frozenset())
    return None


def _unknown_word(token: Token, left: Field, scope: Scope, op: str, known: frozenset[str]) -> None:
    candidates = {*known, *_comparable_names(left, scope)}
    candidates |= set(FLAGS) if left.type == "flag" else set()
    suggestion = did_you_mean(token.text, candidates | ({"known", "missing"} if op == "is" else set()), all_up_to=0)
    if suggestion is None:
        suggestion = did_you_mean("", candidates, what="it can be")
    if left.type == "word":
        suggestion = suggestion or "quote it if it is meant as text"
        scope.say(f"unknown word `{token.text}` for `{left.name}`", token.at, suggestion)
    else:
        scope.say(_expected(left, token.text), token.at, suggestion)


def _comparable_names(left: Field, scope: Scope) -> Iterator[str]:
    for name, found in common_fields(scope.kinds, scope.vocabulary).items():
        if name != left.name and not found.many and found.comparable(left):
            yield name
