"""The text of a condition as a tree: one pass, linear time, bounded length and nesting; words are not yet looked up.

    cond  := cond or cond | cond and cond | not cond | ( cond ) | test
    test  := field is [not] value | field is missing | field is known | field [not] in list | field contains value
           | field contains any of list | field all in list | field < <= > >= value

A mistake names its place in the text and what could stand there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, cast

from harness.load import did_you_mean, nearest

MAX_LENGTH = 4_000
MAX_DEPTH = 30
Form = Literal["word", "text", "number", "duration", "variable", "earlier", "sign", "end"]

_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\n]+)
      | (?P<text>"[^"\n]*"|'[^'\n]*')
      | (?P<variable>\$[A-Za-z_][A-Za-z0-9_.-]*)
      | (?P<earlier>earlier\.[A-Za-z_][A-Za-z0-9_]*)
      | (?P<word>[A-Za-z_][A-Za-z0-9_]*(?:[.:/-][A-Za-z0-9_]+)*)
      | (?P<amount>[-+]?\d+(?:\.\d+)?[A-Za-z_]*)
      | (?P<sign><=|>=|<|>|\(|\)|\[|\]|,|==|=|!=|\$|.)""",
    re.VERBOSE,
)
_NUMBER = re.compile(r"[-+]?\d{1,18}(?:\.\d{1,9})?")
_DURATION = re.compile(r"\d{1,12}(?:ms|s|m|h|d)")
OPERATORS = ("is", "not", "in", "contains", "all", "<", "<=", ">", ">=")
KEYWORDS = frozenset({"is", "not", "in", "contains", "all", "any", "of", "and", "or", "missing", "known"})


class ConditionError(Exception):
    """A condition that cannot be read: where in its text (`at`), what is wrong, and what could stand there."""

    def __init__(self, message: str, at: int, suggestion: str | None = None) -> None:
        super().__init__(message, at, suggestion)
        self.message, self.at, self.suggestion = message, at, suggestion


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a condition and its place; `text` is without quotes, `$` or `earlier.`."""

    form: Form
    text: str
    at: int


@dataclass(frozen=True, slots=True)
class RawTest:
    """A test whose words nobody has looked up: `right` holds one token, or those in brackets; `by` a field's name."""

    field: Token
    op: str
    right: tuple[Token, ...] = ()
    by: Token | None = None
    bracketed: bool = False


@dataclass(frozen=True, slots=True)
class RawNot:
    part: Raw


@dataclass(frozen=True, slots=True)
class RawJoin:
    word: Literal["and", "or"]
    parts: tuple[Raw, ...]


Raw = RawTest | RawNot | RawJoin


def parse(text: str) -> Raw:
    """The tree of a condition; raises ConditionError at the first place that cannot be read."""
    if len(text) > MAX_LENGTH:
        raise ConditionError(f"a condition has at most {MAX_LENGTH} characters", MAX_LENGTH, "split the rule")
    return _Parser(_tokens(text)).whole()


def _tokens(text: str) -> list[Token]:
    found = []
    for match in _TOKEN.finditer(text):
        if match.lastgroup != "space":
            found.append(_token(cast(str, match.lastgroup), match[0], match.start()))
    found.append(Token("end", "", len(text)))
    return found


def _token(group: str, text: str, at: int) -> Token:
    if group == "text":
        return Token("text", text[1:-1], at)
    if group == "variable":
        return Token("variable", text[1:], at)
    if group == "earlier":
        return Token("earlier", text.removeprefix("earlier."), at)
    if group == "amount":
        return _amount(text, at)
    if group == "sign":
        _check_sign(text, at)
    return Token("word" if group == "word" else "sign", text, at)


def _amount(text: str, at: int) -> Token:
    if _NUMBER.fullmatch(text):
        return Token("number", text, at)
    if _DURATION.fullmatch(text):
        return Token("duration", text, at)
    raise ConditionError(f"`{text[:40]}` is neither a number nor a duration", at, "units are ms, s, m, h and d")


_SIGN_HINTS = {"=": "write `is`", "==": "write `is`", "!=": "write `is not`", '"': "close the quotation mark"}


def _check_sign(text: str, at: int) -> None:
    if text not in ("<", "<=", ">", ">=", "(", ")", "[", "]", ","):
        raise ConditionError(f"`{text}` cannot stand here", at, _SIGN_HINTS.get(text, 'quote text, as in `"EU"`'))


class _Parser:
    """Recursive descent over the tokens of one condition; the depth is bounded."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.index = 0
        self.depth = 0

    @property
    def now(self) -> Token:
        return self.tokens[self.index]

    def take(self) -> Token:
        token = self.now
        self.index += token.form != "end"
        return token

    def is_word(self, *words: str) -> bool:
        return self.now.form in ("word", "sign") and self.now.text in words

    def taken(self, word: str) -> bool:
        """Takes a given word or sign if it comes next."""
        found = self.is_word(word)
        self.index += found
        return found

    def expected(self, what: str, known: Iterable[str] = ()) -> ConditionError:
        token = self.now
        shown = "the end" if token.form == "end" else f"`{token.text}`"
        hint = did_you_mean(token.text, known, what="here stands one of") if token.text else None
        return ConditionError(f"expected {what}, not {shown}", token.at, hint)

    def whole(self) -> Raw:
        found = self.either()
        if self.now.form != "end":
            raise self.left_over("`and`, `or` or the end")
        return found

    def left_over(self, what: str) -> ConditionError:
        """What to say where a test is over and something follows: the word before it may be the misspelt one."""
        before = self.tokens[self.index - 1]
        if self.is_word(",") and before.form == "number" and self.tokens[self.index + 1].form == "number":
            parts = f"{before.text},{self.tokens[self.index + 1].text}"
            return ConditionError(f"`{parts}` is no number", before.at, f"write `{parts.replace(',', '')}`")
        meant = "any" if self.is_word("of") else "not"
        if before.form == "word" and before.text != meant and nearest(before.text, (meant,)):
            return ConditionError(f"expected a value, not `{before.text}`", before.at, f"did you mean `{meant}`?")
        return self.expected(what, ("and", "or", *(("by",) if before.form == "variable" else ())))

    def either(self) -> Raw:
        parts = [self.both()]
        while self.taken("or"):
            parts.append(self.both())
        return parts[0] if len(parts) == 1 else RawJoin("or", tuple(parts))

    def both(self) -> Raw:
        parts = [self.one()]
        while self.taken("and"):
            parts.append(self.one())
        return parts[0] if len(parts) == 1 else RawJoin("and", tuple(parts))

    def one(self) -> Raw:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise ConditionError(f"nested deeper than {MAX_DEPTH} levels", self.now.at, "split the rule")
        try:
            if self.taken("not"):
                return RawNot(self.one())
            if self.taken("("):
                inner = self.either()
                self.close(")")
                return inner
            return self.test()
        finally:
            self.depth -= 1

    def close(self, sign: str) -> None:
        if not self.taken(sign):
            raise self.left_over(f"`{sign}`") if sign == ")" else self.expected(f"`{sign}`")

    def test(self) -> RawTest:
        if self.now.form != "word" or self.now.text in KEYWORDS:
            raise self.expected("a field")
        field = self.take()
        if self.taken("is"):
            return self.equality(field)
        if self.is_word("<", "<=", ">", ">="):
            return RawTest(field, self.take().text, (self.value(),))
        if self.taken("not"):
            if not self.taken("in"):
                raise self.expected("`in`", ("in",))
            return self.among(field, "not in")
        if self.taken("in"):
            return self.among(field, "in")
        return self.of_list(field)

    def of_list(self, field: Token) -> RawTest:
        if self.taken("contains"):
            if not self.taken("any"):
                return RawTest(field, "contains", (self.value(),))
            if not self.taken("of"):
                raise self.expected("`of`", ("of",))
            return self.among(field, "contains any of")
        if self.taken("all"):
            if not self.taken("in"):
                raise self.expected("`in`", ("in",))
            return self.among(field, "all in")
        if self.is_word("(") and nearest(field.text, ("not",)):
            raise ConditionError(f"expected a field, not `{field.text}`", field.at, "did you mean `not`?")
        raise self.expected("a test such as `is`, `in` or `contains`", OPERATORS)

    def equality(self, field: Token) -> RawTest:
        negated = self.taken("not")
        if self.is_word("missing", "known"):
            token = self.take()
            if negated:
                other = "known" if token.text == "missing" else "missing"
                raise ConditionError(f"`is not {token.text}` says it twice over", token.at, f"write `is {other}`")
            return RawTest(field, token.text)
        if self.taken("in"):
            raise ConditionError("`is in` has a word too many", self.tokens[self.index - 1].at, "write `in`")
        return RawTest(field, "is not" if negated else "is", (self.value(),))

    def value(self) -> Token:
        token = self.now
        if token.form in ("sign", "end") or (token.form == "word" and token.text in KEYWORDS):
            raise self.expected("a value")
        return self.take()

    def among(self, field: Token, op: str) -> RawTest:
        if not self.is_word("["):
            if self.now.form not in ("word", "variable", "earlier"):
                raise self.expected("a list in brackets, a `$list` or a list field")
            right = self.value()
            by = self.take_by() if self.taken("by") else None
            return RawTest(field, op, (right,), by)
        self.take()
        items = [self.value()]
        while self.taken(","):
            items.append(self.value())
        self.close("]")
        return RawTest(field, op, tuple(items), bracketed=True)

    def take_by(self) -> Token:
        if self.now.form != "word" or self.now.text in KEYWORDS:
            raise self.expected("a field")
        return self.take()
