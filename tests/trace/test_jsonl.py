"""The file form of a trace: canonical, read back as it was, and every mistake of a foreign one told by its line."""

from __future__ import annotations

import contextlib
import io
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.trace import (
    STANDARD,
    Attempt,
    Cause,
    Event,
    Kind,
    Request,
    Route,
    Token,
    Trace,
    TraceError,
    Who,
    read_trace,
    write_trace,
)

HEAD = '{"schema": "harness/trace/1"}'


def text_of(trace: Trace) -> str:
    file = io.StringIO()
    write_trace(trace, file)
    return file.getvalue()


NAMES = st.sampled_from(["ana", "ben", "x-1", "é"])


def value_of(field: Any) -> st.SearchStrategy[Any]:
    single: dict[str, st.SearchStrategy[Any]] = {
        "flag": st.booleans(),
        "number": st.integers(0, 10**6) | st.sampled_from([0.5, 2.25]),
        "duration": st.integers(0, 10**9),
        "enum": st.sampled_from(field.words or ("",)),
        "word": NAMES,
    }
    one = single[field.type]
    return st.lists(one, max_size=2).map(tuple) if field.many else one


@st.composite
def events(draw: st.DrawFn, number: int, time_ms: int) -> Event:
    kind: Kind = draw(st.sampled_from(list(STANDARD.kinds.values())))
    own = {name: draw(value_of(f)) for name, f in kind.own.items() if draw(st.booleans())}
    who = Who("ana", "user", **{n: draw(NAMES | st.none()) for n in ("user", "agent", "task", "tenant")})
    token = draw(st.none() | st.builds(Token, NAMES, token_scope=st.lists(NAMES, max_size=2).map(tuple)))
    remaining = None if token is None else draw(st.none() | st.integers(0, 10**6))
    request = Request("q", Route("a", "p", "a.b"), token, remaining, hour=3) if kind.has_request else None
    attempt = draw(st.none() | st.just(Attempt(("K01", "base"), ("K02",))))
    cause = draw(st.none() | st.builds(Cause, NAMES, st.none() | NAMES))
    return Event(kind.name, time_ms, number, who, own, request, attempt, cause)


@st.composite
def whole(draw: st.DrawFn) -> Trace:
    times = sorted(draw(st.lists(st.integers(0, 10**7), max_size=6)))
    return Trace({"seed": 1}, [draw(events(n, t)) for n, t in enumerate(times)], {"prompts": 2})


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(whole())
def test_what_is_written_is_read_back(trace: Trace) -> None:
    text = text_of(trace)
    found = read_trace(text.splitlines())
    assert found.events == trace.events
    assert found.counters == trace.counters
    assert text_of(found) == text


def test_the_canonical_form() -> None:
    event = Event("token.issued", 1_500, 7, Who("as", "service"), {"token": "t", "lifetime": 120_000, "scope": ("a",)})
    assert text_of(Trace({"seed": 3}, [event], {})).splitlines() == [
        '{"schema":"harness/trace/1","seed":3}',
        '{"actor":"as","actor_type":"service","id":7,"kind":"token.issued","lifetime":120,"scope":["a"],"time":1.5,'
        '"token":"t"}',
        '{"counters":{}}',
    ]


def line(**fields: Any) -> str:
    return json.dumps({"kind": "data.accessed", "time": 1, "actor": "a", "actor_type": "agent"} | fields)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ([line()], "line 1: the first line names the schema"),
        ([HEAD, "{"], "line 2: not valid JSON"),
        ([HEAD, "[1]"], "line 2: expected an object"),
        ([HEAD, line(kind="data.acessed")], "line 2: unknown kind `data.acessed`; did you mean `data.accessed`?"),
        ([HEAD, line(ownr="x")], "line 2: `data.accessed` has no field `ownr`; did you mean `owner`?"),
        ([HEAD, line(entitled="x")], 'line 2: `entitled` is a list, not "x"'),
        ([HEAD, line(actor_type="robot")], "line 2: `actor_type` is one of user"),
        ([HEAD, line(time="soon")], "line 2: `time` is a number of seconds"),
        ([HEAD, line(trusted="yes")], "line 2: `trusted` is true or false"),
        ([HEAD, line(stopped_by="K01")], "line 2: `stopped_by` is a list of control ids"),
        ([HEAD, line(id=1), line(id=1)], "line 3: the id `1` is here twice"),
        ([HEAD, '{"kind": "user.left", "time": 1, "actor": "a"}'], "line 2: `user.left` needs `actor_type`"),
    ],
)
def test_mistakes_are_told_by_line(text: list[str], said: str) -> None:
    with pytest.raises(TraceError) as caught:
        read_trace(text)
    assert said in str(caught.value)


def test_what_a_rule_reads_has_to_be_there() -> None:
    needed = {"data.accessed": ["category", "owner", "user"]}
    with pytest.raises(TraceError, match=r"`data.accessed` needs `category`"):
        read_trace([HEAD, line()], needed=needed)
    assert len(read_trace([HEAD, line(category="x")], needed=needed).events) == 1


def test_fields_of_the_writers_own_are_left_alone() -> None:
    found = read_trace([HEAD, line(vendor_note="x", privilege="high", owner="ana")])
    assert dict(found.events[0].own) == {"owner": "ana"}


def test_a_foreign_trace_is_put_in_order() -> None:
    found = read_trace([HEAD, line(time=2, id="b"), line(time=1.0005, id="a"), "", line(time=2, id="c")])
    assert [(e.id, e.time_ms) for e in found.events] == [("a", 1000), ("b", 2000), ("c", 2000)]


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(st.lists(st.text(max_size=30) | st.just(line()) | st.just(HEAD), max_size=5))
def test_no_trace_crashes(text: list[str]) -> None:
    with contextlib.suppress(TraceError):
        read_trace(text)
