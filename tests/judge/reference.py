"""A slow, obvious reading of the rules: the whole trace, quantifiers written out. It shares no code with the monitors.

Rules are the plain mappings of a file (durations already in milliseconds, conditions as Python functions); events are
plain dicts with `kind`, `time`, `attempt` and their fields.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Plain = dict[str, Any]
Rule = dict[str, Any]
Cond = Callable[[Plain], bool]


def kinds(rule: Rule, key: str) -> list[str]:
    value = rule.get(key, [])
    return [value] if isinstance(value, str) else value


def holds(rule: Rule, key: str, event: Plain) -> bool:
    condition = rule.get(key)
    return condition is None or condition(event)


def pairs(rule: Rule) -> list[tuple[str, str]]:
    found = []
    for text in rule.get("same", []):
        left, _, right = text.partition("=")
        found.append((left, right or left))
    return found


def tied(rule: Rule, about: Plain, other: Plain) -> bool:
    return all(about.get(a) is not None and about.get(a) == other.get(b) for a, b in pairs(rule))


def ends(rule: Rule, end: Plain, other: Plain) -> bool:
    """An end without a value for a right-hand name ends them all."""
    return all(end.get(b) is None or end.get(b) == other.get(b) for _, b in pairs(rule))


def has_right_names(rule: Rule, other: Plain) -> bool:
    return all(other.get(b) is not None for _, b in pairs(rule))


def violations(rule: Rule, events: list[Plain], end: int | None = None) -> list[int]:
    """The indices of the events (of the trace) at which the rule is broken; for a response, of what was not answered."""
    if "at_most" in rule:
        return at_most(rule, events)
    if "after" in rule:
        return after_never(rule, events)
    if "never" in rule:
        return [i for i, e in enumerate(events) if e["kind"] in kinds(rule, "never") and holds(rule, "where", e)]
    if "leads_to" in rule:
        return response(rule, events, end)
    return precedence(rule, events)


def would(rule: Rule, happened: list[Plain], tried: Plain) -> bool:
    """Whether one more event would be a violation."""
    if "leads_to" in rule:
        return False
    return len(happened) in violations(rule, [*happened, tried])


def precedence(rule: Rule, events: list[Plain]) -> list[int]:
    broken: list[int] = []
    spent: set[int] = set()
    for i, event in enumerate(events):
        if event["kind"] not in kinds(rule, "every") or not holds(rule, "where", event):
            continue
        valid = [j for j in range(i) if j not in spent and counts(rule, events, event, i, j)]
        needed = rule.get("at_least", 1)
        if rule.get("distinct"):
            firsts: dict[Any, int] = {}
            for j in valid:
                value = events[j].get(rule["distinct"])
                if value is not None:
                    firsts.setdefault(value, j)
            valid = list(firsts.values())
        if len(valid) < needed:
            broken.append(i)
        elif rule.get("use_once"):
            spent |= set(valid[:needed])
    return broken


def counts(rule: Rule, events: list[Plain], event: Plain, i: int, j: int) -> bool:
    earlier = events[j]
    if earlier["kind"] not in kinds(rule, "needs_earlier") or not holds(rule, "earlier_where", earlier):
        return False
    if not tied(rule, event, earlier):
        return False
    if "within" in rule and event["time"] - earlier["time"] > rule["within"]:
        return False
    if "compare" in rule and not rule["compare"](event, earlier):
        return False
    for h in range(j + 1, i):
        end = events[h]
        over = "grace" not in rule or event["time"] - end["time"] > rule["grace"]
        concerns = end["kind"] in kinds(rule, "unless_since") and holds(rule, "unless_where", end)
        if over and concerns and ends(rule, end, earlier):
            return False
    return True


def after_never(rule: Rule, events: list[Plain]) -> list[int]:
    def banned(i: int, j: int) -> bool:
        event, trigger = events[i], events[j]
        if trigger["kind"] not in kinds(rule, "after") or not holds(rule, "after_where", trigger):
            return False
        age = event["time"] - trigger["time"]
        if not tied(rule, event, trigger) or ("delay" in rule and age <= rule["delay"]):
            return False
        if "for" in rule and age >= rule["for"]:
            return False
        return not any(
            events[u]["kind"] in kinds(rule, "until")
            and holds(rule, "until_where", events[u])
            and ends(rule, events[u], trigger)
            for u in range(j + 1, i)
        )

    return [
        i
        for i, event in enumerate(events)
        if event["kind"] in kinds(rule, "never") and holds(rule, "where", event) and any(banned(i, j) for j in range(i))
    ]


def group(rule: Rule, event: Plain) -> Any:
    values = [event.get(name) for name in rule.get("per", [])]
    return None if None in values else tuple(values)


def resets(rule: Rule, event: Plain, key: tuple[Any, ...], fields: dict[str, set[str]]) -> bool:
    """Whether an event of `since` or `still_open` speaks of a group: by the names of `per` that its kind has."""
    names = [(n, k) for n, k in zip(rule.get("per", []), key, strict=True) if n in fields[event["kind"]]]
    return all(event.get(name) is not None and event.get(name) == value for name, value in names)


FIELDS: dict[str, set[str]] = {}
"""Which fields each kind has; filled in by the tests."""


def at_most(rule: Rule, events: list[Plain]) -> list[int]:
    broken = []
    for i, event in enumerate(events):
        if not counted(rule, event):
            continue
        key = group(rule, event)
        start = 0
        for j in range(i):
            end = events[j]
            if (
                end["kind"] in kinds(rule, "since")
                and holds(rule, "since_where", end)
                and resets(rule, end, key, FIELDS)
            ):
                start = j + 1
        inside = [events[j] for j in range(start, i + 1) if counted(rule, events[j]) and group(rule, events[j]) == key]
        if "window" in rule:
            inside = [e for e in inside if event["time"] - e["time"] < rule["window"]]
        if amount(rule, events, event, inside, start, i, key) > rule["at_most"]:
            broken.append(i)
    return broken


def counted(rule: Rule, event: Plain) -> bool:
    if event["kind"] not in kinds(rule, "of") or not holds(rule, "where", event) or group(rule, event) is None:
        return False
    name = rule.get("sum") or rule.get("distinct")
    return name is None or event.get(name) is not None


def amount(
    rule: Rule, events: list[Plain], event: Plain, inside: list[Plain], start: int, i: int, key: tuple[Any, ...]
) -> float:
    if "sum" in rule:
        return sum(e[rule["sum"]] for e in inside if e.get("currency") == event.get("currency"))
    if "distinct" in rule:
        return len({e[rule["distinct"]] for e in inside})
    if "still_open" not in rule:
        return len(inside)
    count = 0
    for j in range(start, i + 1):
        e = events[j]
        if counted(rule, e) and group(rule, e) == key:
            count += 1
        closes = e["kind"] in kinds(rule, "still_open") and holds(rule, "open_where", e)
        if j < i and closes and resets(rule, e, key, FIELDS):
            count = max(0, count - 1)
    return count


def response(rule: Rule, events: list[Plain], end: int | None) -> list[int]:
    def answered(i: int) -> bool:
        return any(
            events[j]["kind"] in kinds(rule, "leads_to")
            and holds(rule, "leads_to_where", events[j])
            and tied(rule, events[i], events[j])
            and ("within" not in rule or events[j]["time"] - events[i]["time"] <= rule["within"])
            for j in range(i + 1, len(events))
        )

    def over(i: int) -> bool:
        return "within" in rule and end is not None and end - events[i]["time"] > rule["within"]

    return [
        i
        for i, e in enumerate(events)
        if e["kind"] in kinds(rule, "every") and holds(rule, "where", e) and not answered(i) and over(i)
    ]
