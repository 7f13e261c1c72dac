"""Sequence diagrams: arrows, crosses and breaches in text and in SVG, whatever the names hold."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from harness.report.diagram import MOST_MESSAGES, diagram, mermaid, messages, participants
from harness.trace import Event, Who
from tests.small_project import BROKEN, HONEST, ROUTE, STOPPED


def arrived(user: str, time_ms: int = 0) -> Event:
    return Event("user.arrived", time_ms, f"{user}{time_ms}", Who(user, "user", user=user))


def test_data_flows_from_the_api_to_the_caller() -> None:
    (message,) = messages([HONEST])
    assert (message.sender, message.receiver) == (ROUTE.api, "helper")
    assert message.text == "ana's file (read)"


def test_mermaid_draws_arrow_cross_and_breach() -> None:
    text = diagram([arrived("ana"), HONEST, STOPPED, BROKEN], broken={BROKEN.id}, title="An attack; with # signs")
    assert text.splitlines()[:4] == ["---", "title: An attack, with , signs", "---", "sequenceDiagram"]
    assert "    note over p0: 0 s: arrives" in text
    assert "    p1->>p2: 1 s: ana's file (read)" in text
    assert "    p1-xp2: 1 s: ben's file (read)" in text
    assert "    note right of p2: stopped by K04" in text
    assert text.endswith("    note over p2: a requirement is broken here\n")


def test_repeats_in_a_row_are_told_once_with_their_count() -> None:
    drawn = messages([HONEST, HONEST, HONEST, arrived("ana")])
    assert [one.times for one in drawn] == [3, 1]
    assert "(3 times)" in mermaid(drawn)


def test_a_breach_is_never_folded_away() -> None:
    assert [one.broken for one in messages([BROKEN, BROKEN], broken={BROKEN.id})] == [True, True]


def test_svg_is_well_formed_and_names_everybody() -> None:
    hostile = 'a<b>&"c"'
    svg = diagram([arrived(hostile), HONEST, STOPPED, BROKEN], broken={BROKEN.id}, svg=True, title=hostile)
    root = ET.fromstring(svg)
    told = " ".join(text.text or "" for text in root.iter("{http://www.w3.org/2000/svg}text"))
    assert hostile in told
    assert "stopped by K04" in told
    assert "a requirement is broken here" in told
    assert "script" not in svg


def test_svg_stays_inside_its_frame() -> None:
    root = ET.fromstring(diagram([arrived("ana"), HONEST, STOPPED, BROKEN], svg=True))
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    for line in root.iter("{http://www.w3.org/2000/svg}line"):
        assert all(0 <= float(line.attrib[name]) <= width for name in ("x1", "x2"))
        assert all(0 <= float(line.attrib[name]) <= height for name in ("y1", "y2"))


@pytest.mark.parametrize("svg", [False, True])
def test_a_very_long_run_is_cut_and_says_so(svg: bool) -> None:
    events = [arrived(f"u{number % 2}", number) for number in range(MOST_MESSAGES + 7)]
    assert "7 more steps not drawn" in diagram(events, svg=svg)


def test_nothing_drawn_is_a_diagram_too() -> None:
    assert diagram([]) == "sequenceDiagram\n"
    assert ET.fromstring(diagram([], svg=True)) is not None
    assert participants([]) == []


def test_a_story_can_end_with_its_first_breach() -> None:
    later = [arrived("ben", 5_000), arrived("cleo", 6_000)]
    events = [arrived("ana"), HONEST, BROKEN, *later, BROKEN]
    for svg in (True, False):
        short = diagram(events, broken={BROKEN.id}, svg=svg, ends_at_break=True)
        assert short.count("a requirement is broken here") == 1
        assert "cleo" not in short
        assert "cleo" in diagram(events, broken={BROKEN.id}, svg=svg)
    assert "3 more steps not drawn" in diagram(events, broken={BROKEN.id}, svg=True, ends_at_break=True)
    assert "cleo" in diagram(events, svg=True, ends_at_break=True), "without a breach all of it is drawn"
