"""Standing privilege, blast radius, unused grants and minimisation: runs worked by hand."""

from __future__ import annotations

import pytest

from harness.measure.privilege import blast_radius, sent, standing, unused
from harness.trace import Event
from tests.measure.runs import call, closed, opened, trace, who


def test_usable_credentials_are_counted_once_however_many_ways_they_open() -> None:
    run = trace(
        opened(0, "a", credential="t1"),
        opened(0, "b", credential="t1", category="claim"),
        opened(2_000, "c", credential="t2"),
        closed(4_000, "a"),
        closed(5_000, "b"),
        closed(6_000, "c"),
        end_s=10,
    )
    found = standing(run)
    assert found.steps == [(0, 1), (2_000, 2), (5_000, 1), (6_000, 0)]
    assert (found.credential_s, found.most, found.at_end) == (5 + 4, 2, 0)


def test_between_tasks_privilege_should_fall_to_zero_and_what_does_not_is_counted() -> None:
    by = who(task="t1")
    run = trace(
        Event("task.started", 1_000, "s", by),
        opened(2_000, "a", by),
        Event("task.ended", 5_000, "e", by),
        closed(8_000, "a"),
        opened(9_000, "b", who(), credential="left"),
        end_s=12,
    )
    found = standing(run)
    assert found.outside_tasks_s == 3 + 3
    assert found.at_end == 1


def test_the_blast_radius_is_one_agents_and_counts_different_things() -> None:
    run = trace(
        opened(0, "a", endpoint="policies.read"),
        opened(0, "b", endpoint="mcp.list_policies"),
        opened(5_000, "c", owner="ben", records=3, endpoint="claims.read"),
        opened(0, "d", who(agent="other"), owner="cleo", records=50, endpoint="claims.read"),
        closed(2_000, "a"),
        closed(2_000, "b"),
        closed(6_000, "c"),
        closed(9_000, "d"),
    )
    mine, other = blast_radius(run)
    assert (mine.agent, mine.records, mine.people, mine.endpoints) == ("insurance_agent", 5, 2, 3)
    assert (mine.most_records, mine.most_people, mine.record_s) == (3, 1, 2 * 2 + 3 * 1)
    assert (other.agent, other.records) == ("other", 50)


def test_only_an_honest_request_that_was_let_in_uses_a_grant() -> None:
    run = trace(
        opened(0, "a", endpoint="policies.read"),
        opened(0, "b", endpoint="claims.read"),
        opened(0, "c", endpoint="documents.read"),
        call(10, endpoint="policies.read"),
        call(20, endpoint="claims.read", twist="T01"),
        call(30, who(agent="other"), endpoint="documents.read"),
    )
    (found,) = unused(run)
    assert found.granted == ("claims.read", "documents.read", "policies.read")
    assert found.unused == ("claims.read", "documents.read")


def accessed(time_ms: int, category: str, fields: tuple[str, ...], **own: object) -> Event:
    needed = {"purpose": "advice", "needed_categories": ("policy", "claim"), **own}
    return Event("data.accessed", time_ms, f"d{time_ms}", who(), {"category": category, "fields": fields, **needed})


def test_fields_and_categories_sent_against_those_needed() -> None:
    run = trace(
        accessed(0, "policy", ("number", "holder"), allowed_fields=("number",)),
        accessed(1, "health", ("diagnosis",)),
        accessed(2, "claim", ("a", "b", "c"), action="write"),
        Event("llm.received", 3, 3, who(), {"purpose": "advice", "origin": "tool", "categories": ("policy", "health")}),
        Event("llm.received", 4, 4, who(), {"purpose": "advice", "origin": "typed", "categories": ()}),
    )
    fields, categories = sent(run)
    assert (fields.sent, fields.needed, fields.ratio) == (3, 1, pytest.approx(3.0))
    assert (categories.sent, categories.needed, categories.ratio) == (2, 1, 2.0)


def test_where_nothing_needed_was_sent_there_is_no_ratio() -> None:
    assert [one.ratio for one in sent(trace())] == [None, None]
    assert blast_radius(trace()) == unused(trace()) == []
