"""Traces as JSON lines, one canonical form: keys sorted, absent fields left out, seconds with at most three decimals.

The first line is the header and names the schema; then an event per line, flat (who's, request's and own fields side by
side, `stopped_by`, `would_also_stop`, `goal` and `twist` beside them); the last line holds the counters. Traces from
elsewhere may leave out counters, ids and whatever no rule reads; each mistake names its line.
"""

from __future__ import annotations

import difflib
import itertools
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import IO, Any

import msgspec

from harness.trace.events import NO_FIELDS, Attempt, Cause, Event, Request, Route, Token, Trace, Who
from harness.trace.kinds import STANDARD
from harness.trace.vocabulary import Field, Kind, Vocabulary

SCHEMA = "harness/trace/1"
MAX_MISTAKES = 100
_encoder = msgspec.json.Encoder(order="sorted")
_LISTS = {"stopped_by", "would_also_stop"}
_HEADER = f'the first line names the schema, as in {{"schema": "{SCHEMA}"}}'
_NEWER = re.compile(r"harness/trace/(\d{1,6})")
_BESIDE = _LISTS | {"goal", "twist", "kind"}


class TraceError(Exception):
    """A trace that cannot be read: `mistakes` are (line, message), at most a hundred of them."""

    def __init__(self, mistakes: Iterable[tuple[int, str]]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(f"line {line}: {message}" for line, message in self.mistakes))

    def __reduce__(self) -> tuple[type[TraceError], tuple[tuple[tuple[int, str], ...]]]:
        return TraceError, (self.mistakes,)


def seconds(value_ms: int) -> int | float:
    """Milliseconds as the seconds of a file: whole where they are, else with at most three decimals."""
    return value_ms // 1000 if value_ms % 1000 == 0 else value_ms / 1000


def milliseconds(value_s: float) -> int:
    """The seconds of a file as milliseconds."""
    return round(value_s * 1000)


def write_trace(trace: Trace, file: IO[str], vocabulary: Vocabulary = STANDARD) -> None:
    """Writes a trace in the canonical form; the same trace gives the same bytes."""
    file.writelines(line + "\n" for line in lines(trace, vocabulary))


def lines(trace: Trace, vocabulary: Vocabulary = STANDARD) -> Iterator[str]:
    """The lines of a trace, without their ends."""
    yield encode({**trace.header, "schema": SCHEMA})
    for event in trace.events:
        yield encode(flat(event, vocabulary))
    yield encode({"counters": trace.counters})


def encode(value: Mapping[str, Any]) -> str:
    """One value as canonical JSON."""
    return _encoder.encode(value).decode()


def flat(event: Event, vocabulary: Vocabulary = STANDARD) -> dict[str, Any]:
    """An event as the flat mapping of a line: every field that it has, durations in seconds, lists as lists."""
    kind = vocabulary.kinds[event.kind]
    row: dict[str, Any] = {"kind": event.kind}
    for name, field in kind.fields.items():
        if field.place in ("request", "route", "token") and event.request is None:
            continue
        if field.place == "token" and event.request is not None and event.request.token is None:
            continue
        if name == "token_remaining" and event.request is not None and event.request.token_remaining_ms is None:
            continue
        value = vocabulary.getter(event.kind, name)(event)
        if value is not None:
            row[name] = seconds(value) if field.type == "duration" else _plain(value)
    if event.attempt is not None:
        row["stopped_by"] = event.attempt.stopped_by
        if event.attempt.would_also_stop:
            row["would_also_stop"] = event.attempt.would_also_stop
    if event.cause is not None:
        row["goal"] = event.cause.goal
        if event.cause.twist is not None:
            row["twist"] = event.cause.twist
    return row


def _plain(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def read_trace(
    source: Iterable[str],
    vocabulary: Vocabulary = STANDARD,
    needed: Mapping[str, Iterable[str]] | None = None,
) -> Trace:
    """Reads a trace; raises TraceError with every mistake.

    `needed` names, by kind, the fields that somebody is going to read: those that the vocabulary says are always there
    must be. Without it only time, actor and actor_type must be.
    """
    return _Reader(vocabulary, needed or {}).read(source)


class _Reader:
    """Collects events and mistakes over the lines of one trace; equal `Who` and `Route` records are shared."""

    def __init__(self, vocabulary: Vocabulary, needed: Mapping[str, Iterable[str]]) -> None:
        self.vocabulary = vocabulary
        self.needed = {kind: frozenset(fields) for kind, fields in needed.items()}
        self.known = frozenset(name for kind in vocabulary.kinds.values() for name in kind.fields)
        self.mistakes: list[tuple[int, str]] = []
        self.shared: dict[Any, Any] = {}
        self.ids: set[int | str] = set()
        self.line = 0
        self.headed = self.foreign = False

    def read(self, source: Iterable[str]) -> Trace:
        trace = Trace({}, [], {})
        for number, text in enumerate(itertools.chain(source), 1):
            self.line = number
            if len(self.mistakes) >= MAX_MISTAKES:
                break
            row = self._row(text.removeprefix("\ufeff") if number == 1 else text)
            if row is not None:
                self._take(row, trace)
            if self.foreign:
                break  # whatever this is, it is no trace: one mistake says so
        if not trace.header and not self.mistakes:
            self.line = 1
            self._say("the file is empty; " + _HEADER)
        if self.mistakes:
            raise TraceError(self.mistakes)
        trace.events.sort(key=lambda event: event.time_ms)
        return trace

    def _say(self, message: str) -> None:
        self.mistakes.append((self.line, message))

    def _row(self, text: str) -> dict[str, Any] | None:
        if not text.strip():
            return None
        try:
            row = json.loads(text)
        except (ValueError, RecursionError) as error:
            reason = error.msg.lower() if isinstance(error, json.JSONDecodeError) else "nested too deep"
            self._no_row(f"not valid JSON: {reason}")
            return None
        if not isinstance(row, dict):
            self._no_row("expected an object, as in {...}")
            return None
        return row

    def _no_row(self, message: str) -> None:
        self._say(message if self.headed else f"this is not a trace: {message}; {_HEADER}")
        self.foreign = self.foreign or not self.headed

    def _take(self, row: dict[str, Any], trace: Trace) -> None:
        if not trace.header:
            self._header(row)
            trace.header, self.headed = row, True
        elif set(row) == {"counters"}:
            trace.counters = row["counters"] if isinstance(row["counters"], dict) else {}
        elif (event := self._event(row)) is not None:
            trace.events.append(event)

    def _header(self, row: dict[str, Any]) -> None:
        """The first line; one that is an event lacks a line above it, anything else is no trace of ours."""
        schema = row.get("schema")
        if schema == SCHEMA:
            return
        self.foreign = "kind" not in row
        if schema is None:
            self._say(_HEADER if "kind" in row else f"this is not a trace; {_HEADER}")
        elif (newer := _NEWER.fullmatch(str(schema))) and int(newer[1]) > int(SCHEMA.rpartition("/")[2]):
            self._say(f"`{schema}` is a newer form than this harness reads; it knows `{SCHEMA}`")
        else:
            self._say(f"unknown schema `{str(schema)[:60]}`; {_HEADER}")

    def _event(self, row: dict[str, Any]) -> Event | None:
        name = str(row.get("kind", ""))
        kind = self.vocabulary.kinds.get(name)
        if kind is None:
            self._say(f"unknown kind `{name}`{_near(name, self.vocabulary.kinds)}" if name else "`kind` is missing")
            return None
        before = len(self.mistakes)
        self._unknown_fields(row, kind)
        values = {name: self._value(row[name], kind.fields[name]) for name in kind.fields if row.get(name) is not None}
        values.setdefault("id", self.line)
        self._missing_fields(values, kind)
        self._unique(values["id"])
        attempt, cause = self._attempt(row), self._cause(row)
        if len(self.mistakes) > before:
            return None
        return self._build(kind, values, attempt, cause)

    def _unknown_fields(self, row: dict[str, Any], kind: Kind) -> None:
        """A misspelt field is a mistake; one of another kind, or of the writer's own, is left alone."""
        for name in sorted(row.keys() - kind.fields.keys() - _BESIDE - self.known):
            if near := _near(name, kind.fields):
                self._say(f"`{kind.name}` has no field `{name}`{near}")

    def _missing_fields(self, values: dict[str, Any], kind: Kind) -> None:
        must = {"time", "actor", "actor_type"} | self.needed.get(kind.name, frozenset())
        for name in sorted(must & kind.fields.keys()):
            if name not in values and not kind.fields[name].optional and name != "token_remaining":
                self._say(f"`{kind.name}` needs `{name}`: {kind.fields[name].about}")

    def _unique(self, event_id: int | str) -> None:
        if event_id in self.ids:
            self._say(f"the id `{event_id}` is here twice")
        self.ids.add(event_id)

    def _value(self, value: Any, field: Field) -> Any:
        if field.many:
            if not isinstance(value, list):
                self._say(f"`{field.name}` is a list, not {json.dumps(value)[:40]}")
                return ()
            return tuple(self._one(member, field) for member in value)
        return self._one(value, field)

    def _one(self, value: Any, field: Field) -> Any:
        if field.type == "flag":
            return self._checked(value, isinstance(value, bool), field, "true or false")
        if field.type in ("number", "duration"):
            number = isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e15
            self._checked(value, number, field, "a number" if field.type == "number" else "a number of seconds")
            return milliseconds(value) if field.type == "duration" and number else value
        if field.type == "enum" and value not in field.words:
            self._say(f"`{field.name}` is one of {', '.join(field.words)}, not {json.dumps(value)[:40]}")
        if field.name == "id":
            return self._checked(value, isinstance(value, (str, int)), field, "text or a whole number")
        return self._checked(value, isinstance(value, (str, int)) and not isinstance(value, bool), field, "text")

    def _checked(self, value: Any, good: bool, field: Field, what: str) -> Any:
        if not good:
            self._say(f"`{field.name}` is {what}, not {json.dumps(value)[:40]}")
            return None
        return str(value) if field.type == "word" and field.name not in ("id", "about") else value

    def _attempt(self, row: dict[str, Any]) -> Attempt | None:
        lists = {name: row[name] for name in _LISTS if row.get(name) is not None}
        for name, value in lists.items():
            if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
                self._say(f"`{name}` is a list of control ids")
                return None
        if "stopped_by" not in lists:
            return None
        return Attempt(tuple(lists["stopped_by"]), tuple(lists.get("would_also_stop", ())))

    def _cause(self, row: dict[str, Any]) -> Cause | None:
        goal, twist = row.get("goal"), row.get("twist")
        if goal is None and twist is None:
            return None
        return Cause(str(goal if goal is not None else ""), None if twist is None else str(twist))

    def _share(self, record: Any) -> Any:
        return self.shared.setdefault(record, record)

    def _build(self, kind: Kind, values: dict[str, Any], attempt: Attempt | None, cause: Cause | None) -> Event:
        who = self._share(Who(**_at(kind, values, "who")))
        own = _at(kind, values, "own") or NO_FIELDS
        request = self._request(kind, values) if kind.has_request else None
        return Event(kind.name, values["time"], values["id"], who, own, request, attempt, cause)

    def _request(self, kind: Kind, values: dict[str, Any]) -> Request:
        route = {"api": "", "pep": "", "endpoint": ""} | _at(kind, values, "route")
        token = _at(kind, values, "token")
        rest = _at(kind, values, "request")
        for name in ("latency", "token_remaining"):
            if name in rest:
                rest[f"{name}_ms"] = rest.pop(name)
        rest.setdefault("request", str(values["id"]))
        claims = Token(**({"token": ""} | token)) if token else None
        return Request(route=self._share(Route(**route)), token=claims, **rest)


def _at(kind: Kind, values: dict[str, Any], place: str) -> dict[str, Any]:
    return {name: value for name, value in values.items() if kind.fields[name].place == place}


def _near(word: str, known: Iterable[str]) -> str:
    found = difflib.get_close_matches(word, list(known), 1, 0.7)
    return f"; did you mean `{found[0]}`?" if found else ""
