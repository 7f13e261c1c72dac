"""Conditions that cannot have been meant: what is told is proved, and what a small world can show is told.

The law: what is said to be impossible is false of every event, what is said to leave nothing out is true of every event
that has its fields; tried on every event of a small world, with the monitors' own closures as the judge.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.requirements import conditions as trees
from harness.requirements.closures import predicate
from harness.requirements.conditions import Node, fields_read
from harness.requirements.scope import Scope, common_field
from harness.requirements.sense import senseless
from harness.requirements.typed import typed_condition
from harness.trace import Event, Field, Kind, Vocabulary, Who

NAMES = ("a", "b", "c")
FIELDS = (
    Field("one", "a name", classes=("name",), optional=True),
    Field("two", "a name", classes=("name",), optional=True),
    Field("sort", "a sort", "enum", words=("a", "b"), optional=True),
    Field("level", "a level", "enum", words=("low", "mid", "high"), ordered=True, optional=True),
    Field("limit", "a level", "enum", words=("low", "mid", "high"), ordered=True, optional=True),
    Field("flag", "yes or no", "flag", optional=True),
    Field("number", "a number", "number", optional=True),
    Field("count", "a number", "number", optional=True),
    Field("span", "a duration", "duration", optional=True),
    Field("many", "names", classes=("name",), many=True, optional=True),
    Field("more", "names", classes=("name",), many=True, optional=True),
)
KIND = Kind("thing.happened", "something happened", {f.name: f for f in FIELDS})
VOCABULARY = Vocabulary({KIND.name: KIND})
LISTS = {"plain": frozenset({"a", "b"}), "keyed": {"a": frozenset({"a"}), "b": frozenset({"c"})}}
SETS = [one for size in range(5) for one in itertools.combinations((*NAMES, "z"), size)]
VALUES: Mapping[str, list[Any]] = {
    "one": [None, *NAMES, "z"],
    "two": [None, *NAMES, "z"],
    "sort": [None, "a", "b"],
    "level": [None, "low", "mid", "high"],
    "limit": [None, "low", "mid", "high"],
    "flag": [None, True, False],
    "number": [None, -1, 0, 0.5, 1, 1.5, 2, 3],
    "count": [None, -1, 0, 0.5, 1, 1.5, 2, 3],
    "span": [None, 0, 500, 1_000, 1_500, 2_000, 3_000],
    "many": [None, *SETS],
    "more": [None, *SETS],
}
"""Enough of each: every constant that a condition may name, something between them, something else, and nothing."""
_ORDERS = ("<", "<=", ">", ">=")


def constant_tests() -> st.SearchStrategy[str]:
    """Tests of one field against constants."""
    names = st.lists(st.sampled_from(NAMES), min_size=1, max_size=2).map(lambda some: f"[{', '.join(some)}]")
    word, listed = st.sampled_from(("one", "two")), st.sampled_from(("many", "more"))
    is_or_not, in_or_not = st.sampled_from(("is", "is not")), st.sampled_from(("in", "not in"))
    order = st.sampled_from(_ORDERS)
    every = st.sampled_from([f.name for f in FIELDS])
    return st.one_of(
        _text(every, st.sampled_from(("is known", "is missing"))),
        _text(word, is_or_not, st.sampled_from(NAMES)),
        _text(word, in_or_not, st.one_of(names, st.just("$plain"))),
        _text(st.just("sort"), is_or_not, st.sampled_from(("a", "b"))),
        _text(st.sampled_from(("level", "limit")), order, st.sampled_from(("low", "mid", "high"))),
        _text(st.just("level"), is_or_not, st.sampled_from(("low", "high"))),
        _text(st.just("flag"), is_or_not, st.sampled_from(("yes", "no"))),
        _text(st.sampled_from(("number", "count")), st.sampled_from((*_ORDERS, "is", "is not")), st.sampled_from("012")),
        _text(st.just("span"), order, st.sampled_from(("1s", "2s"))),
        _text(listed, st.just("contains"), st.sampled_from(NAMES[:2])),
        _text(listed, st.sampled_from(("contains any of", "all in")), names),
    )


def field_tests() -> st.SearchStrategy[str]:
    """Tests of one field against another."""
    is_or_not, in_or_not = st.sampled_from(("is", "is not")), st.sampled_from(("in", "not in"))
    order, word = st.sampled_from(_ORDERS), st.sampled_from(("one", "two"))
    return st.one_of(
        st.sampled_from(("one is two", "two is not one", "number is count", "flag is flag", "level is limit")),
        _text(st.just("number"), order, st.just("count")),
        _text(st.just("count"), order, st.just("number")),
        _text(st.just("level"), order, st.just("limit")),
        _text(word, in_or_not, st.sampled_from(("many", "more", "[a, two]", "$keyed by two"))),
        _text(st.just("many"), st.sampled_from(("all in", "contains any of")), st.just("more")),
        _text(st.just("many"), st.just("contains"), word),
        _text(word, is_or_not, word),
    )


def _text(*parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(*parts).map(" ".join)


def conditions(of: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    joined = st.sampled_from((" and ", " or "))

    def larger(smaller: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        several = st.tuples(joined, st.lists(smaller, min_size=2, max_size=3))
        return st.one_of(several.map(lambda one: f"({one[0].join(one[1])})"), smaller.map(lambda one: f"not ({one})"))

    return st.recursive(of, larger, max_leaves=5)


def typed(text: str) -> Node:
    scope = Scope(VOCABULARY, (KIND.name,), None, LISTS, {})
    node = typed_condition(text, scope)
    assert node is not None, scope.mistakes
    return node


def told(text: str) -> list[str]:
    found = senseless(typed(text), lambda name: common_field(name, (KIND.name,), VOCABULARY))
    return [message for message, _, _ in found]


def events(node: Node) -> Iterator[Event]:
    """Every event of the small world, as far as a condition can tell them apart."""
    names = sorted(fields_read(node))
    for values in itertools.product(*(VALUES[name] for name in names)):
        own = {name: value for name, value in zip(names, values, strict=True) if value is not None}
        yield Event(KIND.name, 0, 1, Who("x", "user"), own)


def met(node: Node) -> tuple[bool, bool, bool]:
    """Whether a condition is true of some event, of all, and of all that have every field that it reads."""
    holds = predicate(node, KIND.name, VOCABULARY)
    assert holds is not None
    names = fields_read(node)
    found = [(holds(event), names <= event.own.keys()) for event in events(node)]
    return any(h for h, _ in found), all(h for h, _ in found), all(h for h, full in found if full)


def small(text: str) -> bool:
    node = typed(text)
    size = 1
    for name in fields_read(node):
        size *= len(VALUES[name])
    return size <= 5_000


@settings(max_examples=400, deadline=None)
@given(conditions(st.one_of(constant_tests(), field_tests())).filter(small))
def test_what_is_told_is_so(text: str) -> None:
    node = typed(text)
    some, every, every_full = met(node)
    for message in told(text):
        if message.endswith("no event meets this condition"):
            assert not some, f"{text}: {message}"
    bare = not any(test.op in ("known", "missing") for test in trees.tests(node))
    if senseless_as_a_whole(text, "leaves nothing out"):
        assert every_full if bare else every, text


def senseless_as_a_whole(text: str, ending: str) -> bool:
    """Whether something is told of the whole condition, and not of a part: its words are all in the message."""
    words = {word.strip("()[],") for word in text.split()}
    return any(ending in message and words <= set(message.replace("`", "").split()) for message in told(text))


@settings(max_examples=400, deadline=None)
@given(conditions(constant_tests()).filter(small))
def test_what_no_event_of_a_small_world_meets_is_told(text: str) -> None:
    some, every, _ = met(typed(text))
    if not some:
        assert [one for one in told(text) if one.endswith("no event meets this condition")], text
    if every:
        assert [one for one in told(text) if "leaves nothing out" in one], text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("number < 0 and number > 2", "`number < 0` and `number > 2` never hold together, so no event meets this condition"),
        ("number < 2 and flag is yes and number >= 2", "`number < 2` and `number >= 2` never hold together"),
        ("one is a and one is b", "`one is a` and `one is b` never hold together"),
        ("one is known and one is missing", "`one is known` and `one is missing` never hold together"),
        ("one is a and one in [b, c]", "`one is a` and `one in [b, c]` never hold together"),
        ("one is a and (one is b or one is c)", "`one is a` and `one is b or one is c` never hold together"),
        ("one in $plain and one is c", "`one in $plain` and `one is c` never hold together"),
        ("one in $keyed by two and one not in $keyed by two", "`one in $keyed by two` and `one not in $keyed by two`"),
        ("one in many and one not in many", "`one in many` and `one not in many` never hold together"),
        ("one is two and one is a and two is b", "`one is two`, `one is a` and `two is b` never hold together"),
        ("number < count and count < number", "`number < count` and `count < number` never hold together"),
        ("number < count and count < 1 and number > 1", "never hold together"),
        ("level < limit and limit is low", "`level < limit` and `limit is low` never hold together"),
        ("level < low", "`level < low` never holds"),
        ("many contains a and many all in [b, c]", "`many contains a` and `many all in [b, c]` never hold together"),
        ("not (one is known or one is missing)", "`one is missing` and `one is known` never hold together"),
        ("number is known and (number < 0 and number > 2 or flag is yes)", "so no event meets this part"),
        ("number > 0 or number < 2", "`number > 0` or `number < 2` holds whatever `number` is, so this leaves nothing out"),
        ("one is not a or one is not b", "`one is not a` or `one is not b` holds whatever `one` is"),
        ("flag is yes or flag is no", "`flag is yes` or `flag is no` holds whatever `flag` is"),
        ("one is known and level >= low", "`level >= low` holds whatever `level` is"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_in_the_words_of_its_author(text: str, message: str) -> None:
    assert [one for one in told(text) if message in one] == told(text) != []


@pytest.mark.parametrize(
    "text",
    [
        "number > 0 and number < 2",
        "number is not 1 or one is a",
        "one is not a and one is missing",
        "one is not two and two is not one",
        "not (number < 2) and not (number >= 2)",
        "one is known or one is a",
        "one in [a, two] and one is not a",
        "many contains a and many contains b",
        "many all in [a] and many all in [b]",
        "not (many all in [a, b]) and not (many contains c)",
        "level < limit or level > limit or level is limit and one is a",
    ],
)
def test_what_may_be_meant_is_left_alone(text: str) -> None:
    assert told(text) == []


@pytest.mark.parametrize(
    ("text", "suggestion"),
    [
        ("number < 0 and number > 2", "did you mean `or`?"),
        ("number > 0 or number < 2", "did you mean `and`?"),
        ("one is a and one is not a", None),
        ("flag is yes or flag is no", None),
        ("one is two and one is a and two is b", None),
    ],
)
def test_the_other_word_is_suggested_where_it_makes_sense(text: str, suggestion: str | None) -> None:
    found = senseless(typed(text), lambda name: common_field(name, (KIND.name,), VOCABULARY))
    assert [meant for _, _, meant in found] == [suggestion]


@pytest.mark.parametrize("joined", [" and ", " or "])
def test_a_long_condition_takes_no_time_and_nothing_is_told_beyond_the_bound(joined: str) -> None:
    part = "(one is a or number > 1 or many contains b or two in [a, b])"
    started = time.perf_counter()
    assert told(joined.join([part] * 14)) == []
    assert told(joined.join(["number < count"] * 100)) == []
    assert time.perf_counter() - started < 2


def test_the_place_is_that_of_the_first_test_that_clashes() -> None:
    text = "flag is yes and (one is a and one is b)"
    found = list(senseless(typed(text), lambda name: common_field(name, (KIND.name,), VOCABULARY)))
    assert [at for _, at, _ in found] == [text.index("one is a")]
