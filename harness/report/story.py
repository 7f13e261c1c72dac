"""A run told in sentences: who did what to whose data when, and which controls stopped an attempt.

Reads events and the vocabulary alone; control names are handed in. A kind without a phrase of its own (one that a
requirements file declares) is told from its vocabulary line and its fields, so that nothing is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from harness.report.words import control_text
from harness.trace import STANDARD, Event, Vocabulary, flat

_SHORT_LIST = 4
_SEGMENT = re.compile(r"\[([^\[\]]*)\]")
_FIELD = re.compile(r"\{(\w+)\}")


class Phrase(NamedTuple):
    """`did` and `do` are the verb as fact and after *tried to*; `[…]` in `rest` is dropped where a field is missing."""

    did: str
    do: str
    rest: str = ""
    subject: str = ""


_WORK = "[{type} ][of {amount}][ {currency}][ to {payee}][ (details shown: {details_hash})]"
_DONE = "[{type} ][of {amount}][ {currency}][ to {payee}][ (details {details_hash})]"
_PERSON = "{user}"
PHRASES: Mapping[str, Phrase] = {
    "user.arrived": Phrase("arrived", "arrive", "", _PERSON),
    "user.left": Phrase("left, putting down the last device", "leave", "", _PERSON),
    "user.active": Phrase("did something themselves", "do something", "", _PERSON),
    "user.logged_out": Phrase("logged out", "log out", "[ of session {session}]", _PERSON),
    "user.authenticated": Phrase("signed in", "sign in", "[ with {method}][ at assurance level {acr}]", _PERSON),
    "user.authentication_failed": Phrase("failed to sign in", "sign in", "[: {reason}]", _PERSON),
    "session.started": Phrase("started session", "start session", " {session}", _PERSON),
    "session.ended": Phrase("session {session} ended", "end session {session}", "[: {reason}]", "the"),
    "consent.granted": Phrase(
        "consented", "consent", "[ that {recipient} gets][ {categories}][ for {purpose}]", _PERSON
    ),
    "consent.withdrawn": Phrase("withdrew the consent", "withdraw", "[ for {recipient}][ and {purpose}]", _PERSON),
    "approval.requested": Phrase("asked for an approval: ", "ask for an approval: ", _WORK),
    "approval.granted": Phrase("approved ", "approve ", _WORK, "{approver}"),
    "approval.refused": Phrase("refused ", "refuse ", _WORK, "{approver}"),
    "operation.requested": Phrase("asked for ", "ask for ", _DONE),
    "operation.completed": Phrase("completed ", "complete ", _DONE + "[, an operation of {privilege} privilege]"),
    "operation.refused": Phrase("was refused ", "refuse ", _DONE),
    "access.decided": Phrase("decided", "decide", " {decision}[ on {request}]"),
    "request.allowed": Phrase("got through to", "get through to", " {endpoint}"),
    "request.denied": Phrase("was refused at", "refuse at", " {endpoint}[: {reason}]"),
    "data.accessed": Phrase(
        "got at", "get at", " [{owner}'s ][{category} ]record[ {record}][ through {endpoint}] ({action})"
    ),
    "answer.delivered": Phrase("delivered", "deliver", "[ {owner}'s][ {category}] data[ to {to}]"),
    "memory.read": Phrase("read", "read", "[ {owner}'s][ {category}] data from memory[ {store}]"),
    "document.created": Phrase("wrote", "write", " document {document}[ about {owners}]"),
    "reach.opened": Phrase("got a way to", "get a way to", "[ {owner}'s][ {category}] data[ at {endpoint}]"),
    "reach.closed": Phrase("lost a way to data", "lose a way to data", "[: {cause}]"),
    "llm.received": Phrase(
        "sent", "send", "[ {owner}'s] data[ ({categories})] to LLM provider {provider}[ for {purpose}]"
    ),
    "message.sent": Phrase("sent a message", "send a message", "[ to {to_agent}][ to {destination}][ with {category}]"),
    "message.accepted": Phrase("accepted a message", "accept a message", "[ from {from_agent}]", "{to_agent}"),
    "agent.registered": Phrase("was registered as a client", "register as a client", "[ by {by}]", "{agent}"),
    "agent.disabled": Phrase("disabled", "disable", " {agent}[: {reason}]", "{actor}"),
    "agent.enabled": Phrase("enabled", "enable", " {agent} again", "{actor}"),
    "token.issued": Phrase(
        "was issued a token", "get a token", "[ for {audience}][ with {scope}][ by {grant}][, valid {lifetime} s]"
    ),
    "token.exchanged": Phrase("exchanged a token", "exchange a token", "[ for one for {audience}][ with {scope}]"),
    "token.revoked": Phrase("revoked token", "revoke token", " {token}[: {reason}]", "{actor}"),
    "code.issued": Phrase("was issued an authorization code", "get an authorization code"),
    "audit.recorded": Phrase(
        "wrote to the audit log", "write to the audit log", "[ about event {about}][ ({about_kind})][: {outcome}]"
    ),
    "task.started": Phrase("began task", "begin task", " {task}"),
    "task.ended": Phrase("ended task", "end task", " {task}"),
    "task.halted": Phrase("halted task", "halt task", " {task}[ ({channel})]", "{actor}"),
}


def clock(time_ms: int) -> str:
    """A simulated instant for people: `12.4 s`, `3 m 05 s`, `2 h 00 m 01 s`, `40 d 01 h 00 m 00 s`."""
    seconds, ms = divmod(time_ms, 1000)
    if seconds < 60:
        return f"{seconds + ms / 1000:.3f}".rstrip("0").rstrip(".") + " s"
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [(days, "d"), (hours, "h"), (minutes, "m")]
    while parts[0][0] == 0:
        parts.pop(0)
    first = f"{parts[0][0]} {parts[0][1]}"
    tail = f"{rest:02d}" + (f".{ms:03d}".rstrip("0") if ms else "") + " s"
    return " ".join([first, *(f"{n:02d} {unit}" for n, unit in parts[1:]), tail])


def sentence(event: Event, names: Mapping[str, str] | None = None, vocabulary: Vocabulary = STANDARD) -> str:
    """One event as a sentence in domain words, without its time; `names` are the controls' names by id."""
    fields = flat(event, vocabulary)
    phrase = PHRASES.get(event.kind) or _declared(event, vocabulary)
    subject = _fill(phrase.subject, fields) if phrase.subject else _subject(event)
    rest = _fill(phrase.rest, fields)
    if event.attempt is None:
        return _tidy(f"{subject} {_fill(phrase.did, fields)}{rest}{_beyond(event, fields)}")
    return _tidy(f"{subject} tried to {_fill(phrase.do, fields)}{rest}: {stopped(event, names or {})}")


def stopped(event: Event, names: Mapping[str, str]) -> str:
    """`stopped by object-level authorization (K04), as K05 would have`; empty for what happened."""
    if event.attempt is None:
        return ""
    text = "stopped by " + " and ".join(control_text(one, names) for one in event.attempt.stopped_by)
    also = event.attempt.would_also_stop
    return f"{text}, as {', '.join(control_text(one, {}) for one in also)} would have" if also else text


def story(
    events: Iterable[Event], names: Mapping[str, str] | None = None, vocabulary: Vocabulary = STANDARD
) -> tuple[str, ...]:
    """Events as lines, each with its time: what a person reads to see how it happened."""
    return tuple(f"at {clock(event.time_ms)}: {sentence(event, names, vocabulary)}" for event in events)


def _declared(event: Event, vocabulary: Vocabulary) -> Phrase:
    kind = vocabulary.kinds[event.kind]
    rest = "".join(f"[, {name} {{{name}}}]" for name in kind.own)
    about = kind.about if kind.about and not kind.emitted_by else event.kind
    who = event.who
    subject = (f"{who.actor}, for {who.user}," if who.user else who.actor) if who.actor != who.agent else ""
    return Phrase(f"({about})", f"do this ({about})", rest, subject)


def _subject(event: Event) -> str:
    who = event.who
    if who.agent is None:
        return who.actor if who.actor_type != "outsider" else f"an outsider ({who.actor})"
    started = f" (started by {who.root_agent})" if who.root_agent not in (None, who.agent) else ""
    return f"{who.agent}{started}, working for {who.user}," if who.user else f"{who.agent}{started}"


def _beyond(event: Event, fields: Mapping[str, Any]) -> str:
    """Says it where someone who is not entitled got at something: the reader need not compare two lists."""
    entitled, user = fields.get("entitled"), event.who.user
    if entitled is None or fields.get("owner") is None or user in entitled or event.kind.startswith("approval."):
        return ""
    return f"; entitled: {_shown(entitled) or 'nobody'}"


def _fill(template: str, fields: Mapping[str, Any]) -> str:
    kept = _SEGMENT.sub(lambda part: part[1] if all(fields.get(n, "") != "" for n in _FIELD.findall(part[1])) else "", template)
    return _FIELD.sub(lambda name: _shown(fields.get(name[1], "someone")), kept)


def _shown(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        more = f" and {len(value) - _SHORT_LIST} more" if len(value) > _SHORT_LIST + 1 else ""
        return ", ".join(map(str, value[:_SHORT_LIST] if more else value)) + more
    return {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)


def _tidy(text: str) -> str:
    return re.sub(r" +", " ", text).replace(" ,", ",").replace(" :", ":").strip()
