"""Random rules and traces over a small world: three kinds, few values, times that often coincide."""

from __future__ import annotations

import json
import operator
from typing import Any

from hypothesis import strategies as st

from harness.load.document import Document, read_document
from harness.requirements import RequirementSet, Words, compile_requirements
from harness.requirements.load import source_of
from harness.requirements.stories import event_of
from harness.trace import Attempt, Cause, Event
from tests.judge import reference

PEOPLE = ("x", "y", "z")
_MOST = {"u": "owner", "v": "owner", "m": "amount", "n": "amount", "k": "acr", "f": "sca", "l": "entitled"}
FIELDS: dict[str, dict[str, str]] = {
    "a.one": {
        "u": "owner",
        "v": "owner",
        "m": "amount",
        "n": "amount",
        "k": "acr",
        "f": "sca",
        "l": "entitled",
        "currency": "id",
    },
    "b.two": {"u": "owner", "v": "owner", "m": "amount", "n": "amount", "k": "acr", "f": "sca", "l": "entitled"},
    "c.three": {"u": "owner", "n": "amount", "k": "acr", "l": "entitled"},
}
KINDS = tuple(FIELDS)
RANKS = ("low", "substantial", "high")
reference.FIELDS.update({kind: set(fields) for kind, fields in FIELDS.items()})

SIGNS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
Condition = tuple[str, Any]


def compiled(rule: dict[str, Any]) -> RequirementSet:
    """A rule as a file would have it, through the whole loader."""
    value = {
        "events": {kind: {"fields": fields} for kind, fields in FIELDS.items()},
        "lists": {"some": ["x", "y"], "keyed": {"x": ["x"], "y": ["y", "z"]}},
        "values": {"owner": list(PEOPLE)},
        "requirements": [{"id": "R", **rule}],
    }
    document: Document = read_document("law.yaml", json.dumps(value))
    return compile_requirements(source_of(document), Words())


def common(kinds: list[str], *names: str) -> list[str]:
    return [name for name in names if all(name in FIELDS[kind] for kind in kinds)]


@st.composite
def tests_on(draw: st.DrawFn, kinds: list[str]) -> Condition:
    """One test on fields that all kinds have: its text, and what it means."""
    name = draw(st.sampled_from(common(kinds, "u", "v", "n", "k", "f", "l")))
    if draw(st.integers(0, 5)) == 0:
        known = draw(st.booleans())
        return f"{name} is {'known' if known else 'missing'}", lambda e: (e.get(name) is not None) == known
    if name in ("u", "v"):
        return draw(word_tests(name, common(kinds, "u", "v")))
    if name == "n":
        return draw(number_tests(name, common(kinds, "m")))
    if name == "k":
        return draw(rank_tests())
    if name == "f":
        value = draw(st.booleans())
        return f"f is {'yes' if value else 'no'}", lambda e: e.get("f") is value
    return draw(list_tests(common(kinds, "u", "v")))


@st.composite
def word_tests(draw: st.DrawFn, name: str, others: list[str]) -> Condition:
    form = draw(st.integers(0, 7))
    word, other = draw(st.sampled_from(PEOPLE)), draw(st.sampled_from(others))
    two = draw(st.lists(st.sampled_from(PEOPLE), min_size=1, max_size=2))

    def get(e: Any) -> Any:
        return e.get(name)

    if form == 0:
        return f"{name} is {word}", lambda e: get(e) == word
    if form == 1:
        return f'{name} is not "{word}"', lambda e: get(e) != word
    if form == 2:
        return f"{name} is {other}", lambda e: get(e) is not None and get(e) == e.get(other)
    if form == 3:
        return f"{name} is not {other}", lambda e: get(e) is None or get(e) != e.get(other)
    if form == 4:
        return f"{name} not in [{', '.join(two)}]", lambda e: get(e) not in two
    if form == 5:
        return f"{name} in l", lambda e: get(e) is not None and get(e) in (e.get("l") or ())
    if form == 6:
        return f"{name} in [{other}, {word}]", lambda e: get(e) is not None and get(e) in (e.get(other), word)
    keyed = {"x": ["x"], "y": ["y", "z"]}
    return f"{name} not in $keyed by u", lambda e: get(e) is None or get(e) not in keyed.get(e.get("u"), [])


@st.composite
def number_tests(draw: st.DrawFn, name: str, others: list[str]) -> Condition:
    sign, bound = draw(st.sampled_from(list(SIGNS))), draw(st.integers(0, 3))
    compare = SIGNS[sign]
    if others and draw(st.booleans()):
        other = others[0]
        return (
            f"{name} {sign} {other}",
            lambda e: e.get(name) is not None and e.get(other) is not None and compare(e[name], e[other]),
        )
    return f"{name} {sign} {bound}", lambda e: e.get(name) is not None and compare(e[name], bound)


@st.composite
def rank_tests(draw: st.DrawFn) -> Condition:
    word, sign = draw(st.sampled_from(RANKS)), draw(st.sampled_from(list(SIGNS)))
    bound = RANKS.index(word)

    def holds(e: Any) -> bool:
        return e.get("k") is not None and SIGNS[sign](RANKS.index(e["k"]), bound)

    return f"k {sign} {word}", holds


@st.composite
def list_tests(draw: st.DrawFn, others: list[str]) -> Condition:
    form, word, other = draw(st.integers(0, 3)), draw(st.sampled_from(PEOPLE)), draw(st.sampled_from(others))
    two = draw(st.lists(st.sampled_from(PEOPLE), min_size=1, max_size=2))
    if form == 0:
        return f"l contains {word}", lambda e: word in (e.get("l") or ())
    if form == 1:
        return f"l contains {other}", lambda e: e.get(other) is not None and e[other] in (e.get("l") or ())
    if form == 2:
        return f"l contains any of [{', '.join(two)}]", lambda e: any(p in two for p in e.get("l") or ())
    return "l all in $some", lambda e: e.get("l") is not None and all(p in ("x", "y") for p in e["l"])


@st.composite
def conditions(draw: st.DrawFn, kinds: list[str], depth: int = 2) -> Condition:
    form = draw(st.integers(0, 4 if depth else 1))
    if form <= 1:
        return draw(tests_on(kinds))
    left, right = draw(conditions(kinds, depth - 1)), draw(conditions(kinds, depth - 1))
    if form == 2:
        return f"({left[0]}) and ({right[0]})", lambda e: left[1](e) and right[1](e)
    if form == 3:
        return f"({left[0]}) or ({right[0]})", lambda e: left[1](e) or right[1](e)
    return f"not ({left[0]})", lambda e: not left[1](e)


class Both:
    """A rule being drawn, as the file has it and as the reference reads it."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.file: dict[str, Any] = {}
        self.plain: dict[str, Any] = {}

    def put(self, key: str, value: Any, plain: Any = None) -> None:
        self.file[key] = value
        self.plain[key] = value if plain is None else plain

    def maybe(self, *, often: bool = True) -> bool:
        return self.draw(st.booleans()) if often else self.draw(st.integers(0, 2)) == 0

    def clause(self, key: str, where: str) -> list[str]:
        kinds = self.draw(st.sampled_from([[a] for a in KINDS] + [[a, b] for a in KINDS for b in KINDS if a != b] * 2))
        self.put(key, kinds[0] if len(kinds) == 1 else kinds)
        if self.draw(st.integers(0, 3)) == 0:
            self.put(where, *self.draw(conditions(kinds)))
        return kinds

    def duration(self, key: str) -> None:
        if self.maybe():
            value = self.draw(st.integers(0, 3))
            self.put(key, f"{value}ms", value)

    def same(self, left: list[str], right: list[str]) -> None:
        choices = [a if a == b else f"{a}={b}" for a in common(left, "u", "v") for b in common(right, "u", "v")] + (
            ["n"] if self.maybe() else []
        )
        many = min(self.draw(st.sampled_from([0, 1, 1, 2, 3])), len(choices))
        self.put("same", self.draw(st.lists(st.sampled_from(choices), min_size=many, max_size=many, unique=True)))


@st.composite
def rules(draw: st.DrawFn, pattern: str | None = None) -> Both:
    """A rule of any of the language's five patterns, or of one in `PATTERNS`."""
    both = Both(draw)
    five = ["never", "precedence", "after_never", "at_most", "response"]
    name = draw(st.sampled_from(five)) if pattern is None else pattern
    PATTERNS[name](both)
    return both


def never(both: Both) -> None:
    both.clause("never", "where")


def precedence(both: Both) -> None:
    about, other = both.clause("every", "where"), both.clause("needs_earlier", "earlier_where")
    both.same(about, other)
    both.duration("within")
    if both.maybe():
        both.put("use_once", True)
    if both.maybe(often=False):
        both.clause("unless_since", "unless_where")
        both.duration("grace")
    if both.maybe(often=False):
        both.put("at_least", both.draw(st.integers(1, 3)))
        if both.maybe():
            both.put("distinct", both.draw(st.sampled_from(common(other, "u", "n"))))
    if both.maybe(often=False):
        comparison(both, about, other)


def ended(both: Both) -> None:
    """A precedence that something ends, and little else, so that the end of its grace is often come to."""
    about, other = both.clause("every", "where"), both.clause("needs_earlier", "earlier_where")
    if both.maybe(often=False):
        both.same(about, other)
    else:
        both.put("same", [])
    both.clause("unless_since", "unless_where")
    value = both.draw(st.integers(0, 3))
    both.put("grace", f"{value}ms", value)
    if both.maybe():
        both.put("use_once", True)


def several(both: Both) -> None:
    """Different people needed before, with little else that could fail."""
    both.put("every", "a.one")
    both.put("needs_earlier", "b.two")
    both.put("same", [])
    both.put("at_least", both.draw(st.integers(2, 3)))
    both.put("distinct", both.draw(st.sampled_from("uv")))
    if both.maybe():
        both.put("use_once", True)


def lifted(both: Both) -> None:
    """A ban that is lifted by events of a kind that lacks one of the names in `same`, and may lack the other's value."""
    for key, kind in (("after", "a.one"), ("never", "b.two"), ("until", "c.three")):
        both.put(key, kind)
    both.put("same", ["u"] if both.maybe(often=False) else ["u", "v"])


def restarted(both: Both) -> None:
    """A count that such events start again."""
    both.put("at_most", both.draw(st.integers(0, 1)))
    both.put("of", "a.one")
    both.put("per", ["u"] if both.maybe(often=False) else ["u", "v"])
    both.put("since", "c.three")


def comparison(both: Both, about: list[str], other: list[str]) -> None:
    def known(a: str, b: str, test: Any) -> Any:
        return lambda e, g: e.get(a) is not None and g.get(b) is not None and test(e[a], g[b])

    forms = [
        ("n <= earlier.n", known("n", "n", lambda a, b: a <= b)),
        ("u is not earlier.u", known("u", "u", lambda a, b: a != b)),
        ("l all in earlier.l", known("l", "l", lambda a, b: set(a) <= set(b))),
        ("u in earlier.l", known("u", "l", lambda a, b: a in b)),
        ("k >= earlier.k", known("k", "k", lambda a, b: RANKS.index(a) >= RANKS.index(b))),
    ]
    first, second = both.draw(st.sampled_from(forms)), both.draw(st.sampled_from(forms))
    if both.maybe():
        both.put("compare", *first)
        return
    both.put("compare", f"{first[0]} and {second[0]}", lambda e, g: first[1](e, g) and second[1](e, g))


def after_never(both: Both) -> None:
    trigger, about = both.clause("after", "after_where"), both.clause("never", "where")
    both.same(about, trigger)
    both.duration("delay")
    if both.maybe(often=False):
        both.clause("until", "until_where")
    if both.maybe(often=False):
        value = both.draw(st.integers(1, 8))
        both.put("for", f"{value}ms", value)


def at_most(both: Both) -> None:
    both.put("at_most", both.draw(st.integers(0, 2)))
    about = both.clause("of", "where")
    both.put("per", both.draw(st.lists(st.sampled_from(common(about, "u", "v")), max_size=2, unique=True)))
    form = both.draw(st.integers(0, 3))
    if form == 1:
        both.put("distinct", both.draw(st.sampled_from(common(about, "u", "v", "n", "k"))))
    if form == 2:
        both.put("sum", "n")
    if form == 3 and _reaches(both, both.clause("still_open", "open_where")):
        pass
    elif form == 3:
        both.put("per", [])
    if form != 3 and both.maybe():
        value = both.draw(st.integers(1, 6))
        both.put("window", f"{value}ms", value)
    if both.maybe() and not _reaches(both, both.clause("since", "since_where")):
        both.put("per", [])


def _reaches(both: Both, kinds: list[str]) -> bool:
    per = both.file["per"]
    return not per or all(any(name in FIELDS[kind] for name in per) for kind in kinds)


def response(both: Both) -> None:
    about, other = both.clause("every", "where"), both.clause("leads_to", "leads_to_where")
    both.same(about, other)
    both.duration("within")


PATTERNS = {
    "never": never,
    "precedence": precedence,
    "ended": ended,
    "several": several,
    "lifted": lifted,
    "restarted": restarted,
    "after_never": after_never,
    "at_most": at_most,
    "response": response,
}


@st.composite
def traces(draw: st.DrawFn, max_size: int = 14) -> list[dict[str, Any]]:
    """Plain events in order; steps of time are often nothing."""
    now, events = 0, []
    for number in range(draw(st.integers(min(4, max_size), max_size))):
        now += draw(st.sampled_from([0, 0, 1, 1, 2, 3, 5]))
        kind = draw(st.sampled_from(KINDS))
        event: dict[str, Any] = {"kind": kind, "time": now, "id": number, "attempt": draw(st.integers(0, 5)) == 0}
        for name in FIELDS[kind]:
            if draw(st.integers(0, 4)):
                event[name] = draw(VALUES[name])
        events.append(event)
    return events


VALUES: dict[str, st.SearchStrategy[Any]] = {
    "u": st.sampled_from(PEOPLE[:2]),
    "v": st.sampled_from(PEOPLE),
    "m": st.integers(0, 3),
    "n": st.integers(0, 3),
    "k": st.sampled_from(RANKS),
    "f": st.booleans(),
    "l": st.lists(st.sampled_from(PEOPLE), max_size=2).map(tuple),
    "currency": st.sampled_from(["EUR", "USD"]),
}


def real(event: dict[str, Any], vocabulary: Any) -> Event:
    """A plain event as the trace has it."""
    from msgspec.structs import replace

    values = {name: value for name, value in event.items() if name not in ("kind", "time", "id", "attempt")}
    made = event_of(vocabulary.kinds[event["kind"]], values, time_ms=event["time"], event_id=event["id"])
    if event["attempt"]:
        return replace(made, attempt=Attempt(("K01",)), cause=Cause("goal", "T01"))
    return made
