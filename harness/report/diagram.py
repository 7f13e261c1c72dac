"""A run as a sequence diagram: who sent what to whom, where a control stood, and where a requirement broke.

Events become messages between participants (or notes, where only one is concerned); text form is Mermaid, and `svg`
draws the same messages without a browser. Reads events alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from harness.report.story import clock
from harness.trace import Event

AUTHORIZATION_SERVER = "authorization server"
MOST_MESSAGES = 400
LONGEST_ROW = 24
"""How many messages that come again in the same order are seen as one row."""


class Message(NamedTuple):
    """One arrow, or a note where `sender` and `receiver` are the same."""

    time_ms: int
    sender: str
    receiver: str
    text: str
    stopped_by: tuple[str, ...] = ()
    broken: bool = False
    times: int = 1


def diagram(
    events: Iterable[Event],
    *,
    broken: Collection[int | str] = (),
    svg: bool = False,
    title: str = "",
    ends_at_break: bool = False,
) -> str:
    """The diagram as Mermaid text, or as SVG; `broken` are the ids of events that break a requirement.

    With `ends_at_break` nothing is drawn after the first of these: the way to the breach is the story.
    """
    told = messages(events, broken=broken)
    first = next((number for number, message in enumerate(told) if message.broken), len(told))
    drawn = told[: first + 1] if ends_at_break else told
    if svg:
        from harness.report.svg import draw

        return draw(drawn, title=title, left_out=len(told) - len(drawn))
    return mermaid(drawn, title=title)


def messages(events: Iterable[Event], *, broken: Collection[int | str] = ()) -> list[Message]:
    """The events that are steps between people and programs, in order; repeats in a row are told once, with a count."""
    found: list[Message] = []
    for event in events:
        draw = _DRAWN.get(event.kind)
        if draw is None:
            continue
        sender, receiver, text = draw(event)
        stopped = event.attempt.stopped_by if event.attempt is not None else ()
        message = Message(event.time_ms, sender, receiver, text, stopped, event.id in broken)
        if found and not message.broken and found[-1][1:6] == message[1:6]:
            found[-1] = found[-1]._replace(times=found[-1].times + 1)
        else:
            found.append(message)
    return _folded(found)


def _folded(told: Sequence[Message]) -> list[Message]:
    """Where several messages in a row come again in the same order at the same instant they are told once, with how often."""
    found: list[Message] = []
    at = 0
    while at < len(told):
        length, times = next(_repeats(told, at), (1, 1))
        found += [one._replace(times=one.times * times) for one in told[at : at + length]]
        at += length * times
    return found


def _repeats(told: Sequence[Message], at: int) -> Iterator[tuple[int, int]]:
    """The rows of messages that begin at one and come again right after, the shortest first: how long, how often."""
    for length in range(2, LONGEST_ROW + 1):
        row = told[at : at + length]
        times = 1
        while told[at + length * times : at + length * (times + 1)] == row:
            times += 1
        if times > 1:
            yield length, times


def participants(drawn: Iterable[Message]) -> list[str]:
    """Everybody who takes part, in the order of appearance."""
    return list(dict.fromkeys(name for message in drawn for name in (message.sender, message.receiver)))


def label(message: Message) -> str:
    """What stands on an arrow."""
    times = f" ({message.times} times)" if message.times > 1 else ""
    return f"{clock(message.time_ms)}: {message.text}{times}"


def mermaid(drawn: Sequence[Message], *, title: str = "") -> str:
    """The messages as a Mermaid sequence diagram; a stopped one ends in a cross, a breach has a note beneath."""
    names = {name: f"p{number}" for number, name in enumerate(participants(drawn))}
    lines = ["---", f"title: {_plain(title)}", "---"] if title else []
    lines += ["sequenceDiagram", *(f"    participant {key} as {_plain(name)}" for name, key in names.items())]
    for message in drawn[:MOST_MESSAGES]:
        lines += [f"    {line}" for line in _mermaid_lines(message, names)]
    if len(drawn) > MOST_MESSAGES:
        lines.append(f"    note over p0: {len(drawn) - MOST_MESSAGES} more steps not drawn")
    return "\n".join(lines) + "\n"


def _mermaid_lines(message: Message, names: Mapping[str, str]) -> list[str]:
    sender, receiver = names[message.sender], names[message.receiver]
    text = _plain(label(message))
    if message.sender == message.receiver:
        lines = [f"note over {sender}: {text}"]
    else:
        lines = [f"{sender}{'-x' if message.stopped_by else '->>'}{receiver}: {text}"]
    if message.stopped_by:
        lines.append(f"note right of {receiver}: stopped by {_plain(', '.join(message.stopped_by))}")
    if message.broken:
        lines.append(f"note over {receiver}: a requirement is broken here")
    return lines


def _plain(text: str) -> str:
    """Text without what Mermaid would read as syntax."""
    return re.sub("[;#]", ",", " ".join(text.split()))


Ends = tuple[str, str, str]


def _person(text: str) -> Callable[[Event], Ends]:
    return lambda event: (_user(event), _user(event), text)


def _user(event: Event) -> str:
    return event.who.user or event.who.actor


def _program(event: Event) -> str:
    return event.who.agent or event.who.actor


def _own(event: Event, name: str, default: str = "") -> str:
    value = event.own.get(name, default)
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def _api(event: Event) -> str:
    return event.request.route.api if event.request is not None else event.who.actor


def _endpoint(event: Event) -> str:
    return event.request.route.endpoint if event.request is not None else "a request"


def _accessed(event: Event) -> Ends:
    owner = f"{_own(event, 'owner')}'s " if "owner" in event.own else ""
    return _api(event), event.who.actor, f"{owner}{_own(event, 'category', 'data')} ({_own(event, 'action', 'read')})"


def _denied(event: Event) -> Ends:
    return _api(event), event.who.actor, f"refused: {_own(event, 'reason')}"


def _received(event: Event) -> Ends:
    return _program(event), _own(event, "provider"), f"{_own(event, 'owner', 'no')} data: {_own(event, 'categories')}"


def _operation(verb: str) -> Callable[[Event], Ends]:
    def ends(event: Event) -> Ends:
        who = _own(event, "approver") or _program(event)
        where = AUTHORIZATION_SERVER if event.kind.startswith("approval.") else _own(event, "type", "operation")
        return who, where if event.kind.startswith("approval.") else who, f"{verb} {_details(event)}"

    return ends


def _details(event: Event) -> str:
    amount = _own(event, "amount")
    money = f" of {amount} {_own(event, 'currency')}".rstrip() if amount not in ("", "0") else ""
    payee = f" to {_own(event, 'payee')}" if "payee" in event.own else ""
    return f"{_own(event, 'type', 'operation')}{money}{payee}"


def _token(event: Event) -> Ends:
    return AUTHORIZATION_SERVER, event.who.actor, f"token for {_own(event, 'audience') or 'no API'}"


def _agent(verb: str) -> Callable[[Event], Ends]:
    return lambda event: (event.who.actor, event.who.agent or "agent", verb)


_DRAWN: Mapping[str, Callable[[Event], Ends]] = {
    "user.arrived": _person("arrives"),
    "user.left": _person("leaves"),
    "user.logged_out": lambda event: (_user(event), AUTHORIZATION_SERVER, "logs out"),
    "user.authenticated": lambda event: (_user(event), AUTHORIZATION_SERVER, "signs in"),
    "session.ended": lambda event: (
        AUTHORIZATION_SERVER,
        AUTHORIZATION_SERVER,
        f"session ended {_own(event, 'reason')}",
    ),
    "consent.granted": lambda event: (_user(event), AUTHORIZATION_SERVER, f"consents to {_own(event, 'recipient')}"),
    "consent.withdrawn": lambda event: (_user(event), AUTHORIZATION_SERVER, "withdraws a consent"),
    "task.started": lambda event: (_user(event), _program(event), "asks for a task"),
    "task.ended": lambda event: (_program(event), _user(event), "ends the task"),
    "token.issued": _token,
    "request.allowed": lambda event: (event.who.actor, _api(event), _endpoint(event)),
    "request.denied": _denied,
    "data.accessed": _accessed,
    "llm.received": _received,
    "approval.requested": _operation("asks to approve"),
    "approval.granted": _operation("approves"),
    "approval.refused": _operation("refuses"),
    "operation.completed": _operation("completes"),
    "message.sent": lambda event: (
        _program(event),
        _own(event, "to_agent") or _own(event, "destination") or "outside",
        f"message {_own(event, 'category')}".strip(),
    ),
    "answer.delivered": lambda event: (_program(event), _own(event, "to"), f"answer {_own(event, 'category')}".strip()),
    "memory.read": lambda event: (_program(event), _program(event), f"reads memory of {_own(event, 'owner')}"),
    "agent.disabled": _agent("disables"),
    "agent.enabled": _agent("enables"),
}
