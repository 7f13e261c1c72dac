"""The page: every verdict in its words, honest about cost and limits, self-contained, and safe with any text."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from harness.judge import Benign
from harness.report.page import missing, page, parties, summary, tried
from harness.report.result import Assumption, RunResult
from tests.report.conftest import one_of_each, requirement, result_of, scenario

VOID = {"meta", "link", "br", "hr", "img", "input"}


class Reader(HTMLParser):
    """Checks that tags nest, and gathers text, ids and attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.said: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        self.ids += [value or "" for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] not in ("style", "script"):
            self.said.append(data)


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    assert reader.open == []
    return reader


def said(html: str) -> str:
    return " ".join(" ".join(read(html).said).split())


def test_every_verdict_is_there_in_stakeholders_words(sample: RunResult) -> None:
    text = said(page(sample))
    assert "1 of 5 requirements kept, 1 broken, 1 broken but accepted, 1 not tested, 1 failed" in text
    assert "broken, accepted until 2026-12-31 by ciso" in text
    assert "not tested: no verdict: no scenario attacked it" in text
    assert "honest tasks completed 14 of 14" in text
    assert "1 run failed (S02): KeyError: 'ana'" in text


def test_only_what_held_is_drawn_as_held(sample: RunResult) -> None:
    classes = re.findall(r'<article class="(\w+)"', page(sample))
    assert classes == ["held", "violated", "waived", "not_challenged", "error"]


def test_a_violation_is_a_story_with_its_diagram(sample: RunResult) -> None:
    html = page(sample, diagrams={("systems/login_only.yaml", "R4"): "<svg><title>drawn</title></svg>"})
    assert html.count("<svg>") == 1
    assert "at 12.4 s: insurance_agent, working for ana" in said(html)
    assert "harness replay S18 --seed 7" in said(html)


def test_it_loads_nothing_from_anywhere(sample: RunResult) -> None:
    html = page(sample)
    led = [value for _, name, value in read(html).attributes if name in ("src", "href", "action")]
    assert all(value.startswith("#") for value in led)
    assert "@import" not in html
    assert "url(" not in html


def test_a_reader_can_filter_by_owner_severity_and_verdict(sample: RunResult) -> None:
    html = page(sample)
    assert {"owner", "severity", "verdict"} <= set(read(html).ids)
    assert "<option>compliance</option>" in html
    assert html.count('data-owner="compliance"') == 5


def test_ids_are_unique_and_labels_lead_somewhere(sample: RunResult) -> None:
    reader = read(page(sample))
    assert len(reader.ids) == len(set(reader.ids))
    assert {value for _, name, value in reader.attributes if name == "aria-labelledby"} <= set(reader.ids)


def test_texts_cannot_become_markup() -> None:
    hostile = '<script>alert("x")</script>'
    html = page(result_of(requirement("R1", "held", text=hostile, owner=hostile)))
    assert html.count("<script>") == 1
    assert hostile in said(html)


def test_names_in_backticks_are_code_and_still_only_text() -> None:
    html = page(result_of(requirement("R1", "held", says=("`data.accessed` where `<b>` never happens",))))
    assert "The rule checks: <code>data.accessed</code> where <code>&lt;b&gt;</code> never happens</p>" in html


def test_a_design_that_does_no_honest_work_is_called_that() -> None:
    refused = requirement("R1", "not_challenged", reason="no_honest_use")
    text = said(page(result_of(refused, benign=Benign(tasks=3, refused_calls=9))))
    assert "THIS DESIGN DOES NO HONEST WORK AT ALL" in text


def test_assumptions_stand_beside_the_verdicts(sample: RunResult) -> None:
    told = (Assumption(what="access tokens live at most", value="2 minutes"),)
    text = said(page(result_of(*one_of_each(), assumptions=told)))
    assert "This tests the design, not the running system" in text
    assert "access tokens live at most 2 minutes" in text


def test_who_has_agreed_and_who_has_not() -> None:
    first = requirement("R1", "held", agreed={"product": "2026-11-01", "compliance": "2026-11-03"})
    second = requirement("R2", "held", agreed={"product": "2026-11-01"})
    result = result_of(first, second)
    assert parties(result) == ["compliance", "product"]
    assert missing(second, parties(result)) == ["compliance"]
    assert "product (2026-11-01); not yet: compliance" in said(page(result))


def test_what_was_tried_names_misbehaviours_and_scenarios_that_put_it_to_the_test() -> None:
    tested = scenario("held", "S01", challenged=1, misbehaviours=("T13", "T99"))
    idle = scenario("not_challenged", "S02", misbehaviours=("T14",))
    found = tried(requirement("R1", "held", scenarios=(tested, idle)), {"T13": "use after logout"})
    assert found.misbehaviours == ("use after logout (T13)", "T99 (T99)")
    assert found.scenarios == ("the LLM changes a record id (S01)",)


@pytest.mark.parametrize(
    ("verdicts", "finding"),
    [(["held", "held"], "2 of 2 requirements kept"), (["error"], "0 of 1 requirement kept, 1 failed")],
)
def test_the_finding_counts_every_verdict(verdicts: list[str], finding: str) -> None:
    rows = [requirement(f"R{number}", one) for number, one in enumerate(verdicts)]
    assert summary(result_of(*rows).systems[0]) == finding


def test_under_each_sentence_stands_what_the_rule_checks_and_what_stopped_the_attacks() -> None:
    stopped = {"K04": 9, "K07": 3, "base": 2, "K17": 1}
    html = page(result_of(requirement("R1", "held", says=("one rule", "another"), stopped_by=stopped)))
    before_the_fold = said(re.sub("<details>.*?</details>", "", html, flags=re.DOTALL))
    assert "The rule checks: one rule" in before_the_fold
    assert "And: another" in before_the_fold
    assert "9 times" in before_the_fold
    assert "and 1 other" in before_the_fold
    assert "No search looked for attacks beyond these scenarios: harness search R1" in before_the_fold


def test_an_owner_who_has_not_agreed_is_named() -> None:
    text = said(page(result_of(requirement("R1", "held", owner="product", agreed={}))))
    assert "Nobody yet" in text
    assert "R1 nobody product" in text
    agreed = said(page(result_of(requirement("R1", "held", owner="product", agreed={"product": "2026-11-01"}))))
    assert "R1 product (2026-11-01) –" in agreed  # noqa: RUF001 (the dash that the page shows)


def test_assumptions_with_a_value_are_in_sight_and_say_whether_production_is_so() -> None:
    told = (
        Assumption(what="access tokens live at most", value="2 minutes", owner="platform", confirmed="2026-10-01"),
        Assumption(what="object checks (K04)", value="in place", confirmed="no"),
    )
    html = page(result_of(*one_of_each(), assumptions=told))
    assert "access tokens live at most 2 minutes platform yes, 2026-10-01" in said(html)
    box = html[html.index("<aside") :]
    assert box.index("2 minutes") < box.index("<details") < box.index("object checks (K04)")
    assert "2 assumptions, 1 confirmed in production" in said(html)
