"""Stories: events written by hand, in order, as a requirement's `breaks` and `keeps` lines.

Each event is one key (its kind) with its fields; `time: 90s` where it matters, else a second after the one before;
`times: 61` for so many at one instant. Who acts, where the author does not say, is the agent, else the user.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from harness.load import Document, Key, Problem, did_you_mean, shown
from harness.requirements.rules import Story
from harness.requirements.typed import FLAGS
from harness.requirements.values import duration_ms
from harness.trace import NO_FIELDS, Event, Field, Kind, Request, Route, Token, Vocabulary, Who

STEP_MS = 1_000
MAX_TIMES = 10_000


def event_of(kind: Kind, values: Mapping[str, Any], *, time_ms: int, event_id: int | str) -> Event:
    """An event with given fields (milliseconds, tuples); what every request or actor needs is filled in."""

    def at(place: str) -> dict[str, Any]:
        return {name: value for name, value in values.items() if kind.fields[name].place == place}

    who = at("who")
    who.setdefault("actor", who.get("agent") or who.get("user") or "someone")
    who.setdefault("actor_type", "agent" if who.get("agent") else "user")
    request = _request(kind, at, event_id) if kind.has_request else None
    return Event(kind.name, time_ms, event_id, Who(**who), at("own") or NO_FIELDS, request)


def _request(kind: Kind, at: Any, event_id: int | str) -> Request:
    route = Route(**({"api": "", "pep": "", "endpoint": ""} | at("route")))
    claims = at("token")
    token = Token(**({"token": ""} | claims)) if claims else None
    rest = {f"{n}_ms" if n in ("latency", "token_remaining") else n: v for n, v in at("request").items()}
    return Request(**({"request": str(event_id), "route": route, "token": token} | rest))


class StoryReader:
    """Reads the stories of one file; `problems` grows."""

    def __init__(self, document: Document, vocabulary: Vocabulary) -> None:
        self.document = document
        self.vocabulary = vocabulary
        self.problems: list[Problem] = []

    def read(self, path: tuple[Key, ...], *, breaks: bool) -> Iterator[Story]:
        """The stories at a key path: one list of events, or a list of such lists."""
        value: Any = self.document.value
        for key in path:
            value = value[key]
        several = bool(value) and isinstance(value[0], list)
        for index, events in enumerate(value if several else [value]):
            place = (*path, index) if several else path
            line, column = self.document.at(*place)
            yield Story(breaks, tuple(self._events(events, place)), line, column)

    def _events(self, entries: list[dict[str, Any]], path: tuple[Key, ...]) -> Iterator[Event]:
        now, number = 0, 1
        if not entries:
            self._wrong("a story needs an event", path)
        for index, entry in enumerate(entries):
            found = self._entry(entry, (*path, index))
            if found is None:
                continue
            kind, values = found
            place = (*path, index, kind.name)
            now = self._time(values.pop("time", None), now, (*place, "time"))
            times, event_id = values.pop("times", 1), values.pop("id", None)
            for _ in range(times):
                yield event_of(kind, values, time_ms=now, event_id=number if event_id is None else event_id)
                number += 1
            now += STEP_MS

    def _entry(self, entry: dict[str, Any], path: tuple[Key, ...]) -> tuple[Kind, dict[str, Any]] | None:
        """The kind and the fields of one entry; None where it has mistakes."""
        if len(entry) != 1:
            self._wrong("one event here: its kind, and its fields", path)
            return None
        name, fields = next(iter(entry.items()))
        kind = self.vocabulary.kinds.get(name)
        if kind is None:
            hint = did_you_mean(name, self.vocabulary.kinds, all_up_to=0)
            problem = self.document.problem(f"unknown event `{name}`", *path, name, on_key=True, suggestion=hint)
            self.problems.append(problem)
            return None
        given = dict(fields or {})
        times = given.pop("times", 1)
        if not isinstance(times, int) or not 1 <= times <= MAX_TIMES:
            self._wrong(f"`times` is a whole number up to {MAX_TIMES}, not {shown(times)}", (*path, name, "times"))
            times = 1
        return kind, {**dict(self._fields(kind, given, (*path, name))), "times": times}

    def _time(self, given: int | None, now: int, place: tuple[Key, ...]) -> int:
        if given is not None and given < now - STEP_MS:
            self.problems.append(self.document.problem("this is earlier than the event before", *place))
        return now if given is None else given

    def _fields(self, kind: Kind, fields: Mapping[str, Any], path: tuple[Key, ...]) -> Iterator[tuple[str, Any]]:
        for name, value in fields.items():
            of = kind.fields.get(name)
            if of is None:
                hint = did_you_mean(name, {*kind.fields, "times"}, all_up_to=0)
                message = f"`{kind.name}` has no field `{name}`"
                self.problems.append(self.document.problem(message, *path, name, on_key=True, suggestion=hint))
            elif value is not None:
                yield name, self._value(of, value, (*path, name))

    def _value(self, of: Field, value: Any, path: tuple[Key, ...]) -> Any:
        if not of.many:
            return self._one(of, value, path)
        if not isinstance(value, list):
            return self._wrong(f"`{of.name}` is a list, not {shown(value)}", path, "write brackets, as in `[a, b]`")
        return tuple(self._one(of, item, (*path, index)) for index, item in enumerate(value))

    def _one(self, of: Field, value: Any, path: tuple[Key, ...]) -> Any:
        if of.type == "duration":
            try:
                return duration_ms(value)
            except ValueError as error:
                return self._wrong(str(error), path)
        if of.type == "number":
            fine = isinstance(value, (int, float)) and not isinstance(value, bool)
            return value if fine else self._wrong(f"`{of.name}` is a number, not {shown(value)}", path)
        if of.type == "flag":
            found = value if isinstance(value, bool) else FLAGS.get(value) if isinstance(value, str) else None
            return found if found is not None else self._wrong(f"`{of.name}` is yes or no, not {shown(value)}", path)
        if of.type == "enum" and value not in of.words:
            hint = did_you_mean(str(value), of.words, what="one of")
            return self._wrong(f"`{of.name}` is never {shown(value)}", path, hint)
        if isinstance(value, (dict, list)):
            return self._wrong(f"`{of.name}` is text, not {shown(value)}", path)
        return value if of.name in ("id", "about") else str(value)

    def _wrong(self, message: str, path: tuple[Key, ...], suggestion: str | None = None) -> None:
        self.problems.append(self.document.problem(message, *path, suggestion=suggestion))
