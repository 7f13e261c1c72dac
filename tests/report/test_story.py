"""Sentences about events: every kind has one, absent facts leave no holes, attempts name what stopped them."""

from __future__ import annotations

import re

import pytest

from harness.report.story import PHRASES, clock, sentence, story
from harness.trace import STANDARD, Attempt, Event, Request, Route, Who, declared_kind
from harness.trace.vocabulary import Field

ANA = Who("insurance_agent", "agent", user="ana", agent="insurance_agent")


def test_an_access_says_who_got_whose_record_and_who_was_entitled() -> None:
    request = Request("q1", Route("policies", "policies", "policies.read"))
    own = {"owner": "ben", "entitled": ("ben",), "category": "policy", "record": "ben-policy-1", "action": "read"}
    told = sentence(Event("data.accessed", 12_400, 1, ANA, own, request))
    assert told == (
        "insurance_agent, working for ana, got at ben's policy record ben-policy-1 through policies.read (read);"
        " entitled: ben"
    )


def test_an_attempt_names_the_controls_that_stopped_it_and_those_that_would_have() -> None:
    own = {"owner": "ben", "entitled": ("ben",), "record": "r", "action": "read"}
    request = Request("q1", Route("policies", "policies", "policies.read"))
    event = Event("data.accessed", 0, 1, ANA, own, request, Attempt(("K04", "base"), ("K05",)))
    told = sentence(event, {"K04": "object-level authorization"})
    assert "tried to get at ben's record r" in told
    assert told.endswith("stopped by object-level authorization (K04) and checks that are always on, as K05 would have")


@pytest.mark.parametrize("kind", sorted(STANDARD.kinds))
@pytest.mark.parametrize("attempt", [None, Attempt(("K01",))])
def test_every_kind_reads_without_holes_when_only_what_must_be_there_is(kind: str, attempt: Attempt | None) -> None:
    own = {f.name: ("x",) if f.many else "x" for f in STANDARD.kinds[kind].own.values() if not f.optional}
    own = {name: 1 if STANDARD.kinds[kind].fields[name].type == "duration" else value for name, value in own.items()}
    request = Request("q", Route("api", "pep", "api.read")) if STANDARD.kinds[kind].has_request else None
    told = sentence(Event(kind, 5, 1, ANA, own, request, attempt))
    assert told.strip() == told
    assert not set("{}[]") & set(told)
    assert "  " not in told
    assert " ," not in told
    assert ("stopped by K01" in told) == (attempt is not None)


def test_the_phrases_speak_only_of_fields_that_their_kind_has() -> None:
    for kind, phrase in PHRASES.items():
        used = set(re.findall(r"\{(\w+)\}", "".join(phrase)))
        assert used <= STANDARD.kinds[kind].fields.keys(), kind


def test_a_declared_kind_is_told_from_its_name_and_fields() -> None:
    kind = declared_kind("sanctions.screened", {"result": Field("result", "how it went")}, emitted_by=("payments.pay",))
    event = Event("sanctions.screened", 0, 1, ANA, {"result": "clear"})
    told = sentence(event, vocabulary=STANDARD.extended([kind]))
    assert told == "insurance_agent, working for ana, (sanctions.screened), result clear"


@pytest.mark.parametrize(
    ("time_ms", "shown"),
    [
        (0, "0 s"),
        (12_400, "12.4 s"),
        (59_999, "59.999 s"),
        (60_000, "1 m 00 s"),
        (185_050, "3 m 05.05 s"),
        (7_201_000, "2 h 00 m 01 s"),
        (40 * 86_400_000 + 3_600_000, "40 d 01 h 00 m 00 s"),
    ],
)
def test_the_clock_is_exact_and_short(time_ms: int, shown: str) -> None:
    assert clock(time_ms) == shown


def test_a_story_has_a_line_for_each_event_with_its_time() -> None:
    left = Event("user.left", 60_000, 2, Who("ana", "user", user="ana"))
    assert story([left]) == ("at 1 m 00 s: ana left, putting down the last device",)
