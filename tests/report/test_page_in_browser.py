"""The page in a real browser: it loads nothing, fits a phone, is read in light, dark, print and grey, and by key and ear."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from harness.report.page import Earlier, page
from harness.report.result import Assumption, Exposed, RunResult
from tests.report.browser import Browser, started
from tests.report.conftest import one_of_each, requirement, result_of

TAB, ENTER, END, HOME, DOWN = 9, 13, 35, 36, 40
LEAST_CONTRAST = 4.5
"""WCAG 2.2, 1.4.3, level AA."""
SVG = '<svg role="img" width="900" height="60"><title>the attack</title><text x="10" y="30">drawn</text></svg>'
CONTRAST = """
(function () {
  function rgb(text) { return (text.match(/[\\d.]+/g) || []).map(Number); }
  function light(c) {
    var p = c.slice(0, 3).map(function (v) { v /= 255; return v <= 0.04045 ? v / 12.92 : Math.pow((v + 0.055) / 1.055, 2.4); });
    return 0.2126 * p[0] + 0.7152 * p[1] + 0.0722 * p[2];
  }
  function behind(e) {
    for (; e; e = e.parentElement) {
      var c = rgb(getComputedStyle(e).backgroundColor);
      if (c.length && (c.length < 4 || c[3] > 0)) return c;
    }
    return [255, 255, 255];
  }
  return Array.from(document.querySelectorAll("body *")).filter(function (e) {
    return !e.closest("svg, script, style, [hidden]") && Array.from(e.childNodes).some(function (n) {
      return n.nodeType === 3 && n.textContent.trim(); });
  }).map(function (e) {
    var a = light(rgb(getComputedStyle(e).color)), b = light(behind(e));
    return { what: e.tagName + "." + e.className, ratio: (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) };
  }).sort(function (x, y) { return x.ratio - y.ratio; })[0];
})()
"""


def everything() -> RunResult:
    """A result with every part that the page can show."""
    held, *others = one_of_each()
    shown = Exposed(of="departure", allowed_s=300, open_s=223.4, runs=53, scenario="S03", kinds=7, of_kinds=7,
                    bound_s=245, bound="idle time 2m + token lifetime 2m + leeway 5s", baseline_open_s=3600.0)  # fmt: skip
    long = requirement("R9", "held", text="word " * 60, exposure=(shown,), guarded_by=("K04",), says=("`a.b` never",))
    told = (Assumption(what="home: access tokens live at most", value="2 minutes", owner="platform", confirmed="no"),)
    return result_of(held, *others, long, assumptions=told)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "page.html"
    before = Earlier("before.json", result_of(requirement("R1", "violated")))
    diagrams = {("systems/login_only.yaml", "R4"): SVG}
    path.write_text(page(everything(), diagrams=diagrams, earlier=before, versions={"harness": "1"}), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with started(tmp_path_factory.mktemp("profile")) as one:
        yield one


@pytest.fixture
def shown(browser: Browser, file: Path) -> Browser:
    """The page as it is first seen on a desk, in light."""
    browser.width(1100)
    browser.media()
    browser.open(file)
    return browser


def shown_articles(browser: Browser) -> int:
    return int(browser.ask("Array.from(document.querySelectorAll('article')).filter(a => a.offsetHeight).length"))


def test_it_asks_for_itself_and_nothing_else(shown: Browser, file: Path) -> None:
    assert shown.requested() == [file.as_uri()]
    assert not [one for one in shown.events if one.get("method") == "Runtime.exceptionThrown"]


@pytest.mark.parametrize("width", [320, 390, 768, 1100])
def test_nothing_sticks_out_sideways(width: int, shown: Browser) -> None:
    shown.width(width)
    shown.ask("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert shown.ask("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_what_is_behind_it(scheme: str, shown: Browser) -> None:
    shown.media(scheme=scheme)
    shown.ask("document.querySelectorAll('details').forEach(d => d.open = true)")
    worst = shown.ask(CONTRAST)
    assert worst["ratio"] >= LEAST_CONTRAST, worst


def test_dark_is_dark_and_paper_is_always_white(shown: Browser) -> None:
    paper = "getComputedStyle(document.body).backgroundColor"
    shown.media(scheme="dark")
    assert shown.ask(paper) == "rgb(21, 24, 28)"
    shown.media(kind="print", scheme="dark")
    assert shown.ask(paper) == "rgb(255, 255, 255)"


def test_without_colour_a_word_and_a_sign_still_tell_the_verdict(shown: Browser) -> None:
    told = shown.ask("Array.from(document.querySelectorAll('article > .verdict')).map(p => p.textContent.trim()[0])")
    assert told == ["✓", "✕", "≈", "–", "!", "✓"]  # noqa: RUF001 (a dash is the sign of not tested)


def test_not_tested_is_grey(shown: Browser) -> None:
    colour = shown.ask("getComputedStyle(document.querySelector('article.not_challenged .verdict')).color")
    red, green, blue = (int(part) for part in colour.removeprefix("rgb(").removesuffix(")").split(","))
    assert max(red, green, blue) - min(red, green, blue) < 20


def test_the_filter_works_by_keyboard_and_says_what_it_shows(shown: Browser) -> None:
    shown.ask("document.getElementById('verdict').focus()")
    shown.press("ArrowDown", DOWN)
    assert shown.ask("document.getElementById('verdict').value") == "held"
    assert shown_articles(shown) == 2
    assert shown.ask("document.getElementById('shown').textContent") == "2 of 6 shown"
    assert shown.ask("Array.from(document.querySelectorAll('tbody tr[id]')).filter(r => r.offsetHeight).length") == 2


def test_the_first_tab_leads_past_the_head_and_all_else_can_be_reached(shown: Browser) -> None:
    reached = []
    for _ in range(40):
        shown.press("Tab", TAB)
        now = shown.ask(
            "(e => e.id || e.className || e.tagName + ' ' + e.textContent.slice(0, 12))(document.activeElement)"
        )
        reached.append(now)
    assert reached[0] == "skip"
    assert {"owner", "severity", "verdict"} <= set(reached)
    assert sum(one.startswith("SUMMARY") for one in reached) >= 6


def test_details_open_by_key(shown: Browser) -> None:
    shown.ask("document.querySelector('article summary').focus()")
    shown.press("Enter", ENTER, text="\r")
    assert shown.ask("document.querySelector('article details').open") is True


def test_where_the_focus_is_can_be_seen(shown: Browser) -> None:
    shown.press("Tab", TAB)
    assert shown.ask("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def read_aloud(browser: Browser) -> list[dict[str, Any]]:
    """Role and name of everything that a screen reader is told of."""
    browser.call("Accessibility.enable")
    nodes = browser.call("Accessibility.getFullAXTree")["nodes"]
    return [
        {"role": one["role"]["value"], "name": one.get("name", {}).get("value", "")}
        for one in nodes
        if not one.get("ignored") and "role" in one
    ]


def test_a_screen_reader_finds_landmarks_and_a_name_for_everything(shown: Browser) -> None:
    shown.ask("document.querySelectorAll('details').forEach(d => d.open = true)")
    nodes = read_aloud(shown)
    roles = [one["role"] for one in nodes]
    assert all(roles.count(one) == 1 for one in ("banner", "main", "contentinfo"))
    assert {"complementary", "region", "article", "table", "columnheader"} <= set(roles)
    named = {"combobox", "link", "article", "region", "complementary", "DisclosureTriangle", "image", "form"}
    assert [one for one in nodes if one["role"] in named and not one["name"].strip()] == []
    assert {"role": "image", "name": "the attack"} in nodes


def test_headings_skip_no_level(shown: Browser) -> None:
    levels = shown.ask("Array.from(document.querySelectorAll('h1,h2,h3,h4')).map(h => +h.tagName[1])")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_on_paper_everything_is_open_and_the_filter_is_gone(shown: Browser) -> None:
    shown.media(kind="print")
    assert shown.ask("document.getElementById('filter').offsetHeight") == 0
    assert shown.ask("document.querySelector('article details p').getClientRects().length") > 0
    pdf = base64.b64decode(shown.call("Page.printToPDF", printBackground=False)["data"])
    assert pdf.startswith(b"%PDF")


def test_a_filtered_print_says_that_something_is_left_out(shown: Browser) -> None:
    shown.ask("document.getElementById('verdict').value = 'held'")
    shown.ask("document.getElementById('verdict').dispatchEvent(new Event('change'))")
    shown.media(kind="print")
    assert shown.ask("document.getElementById('shown').offsetHeight") > 0


def test_without_scripts_all_is_there_and_no_dead_filter(shown: Browser, file: Path) -> None:
    shown.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        shown.open(file)
        nodes = read_aloud(shown)
    finally:
        shown.call("Emulation.setScriptExecutionDisabled", value=False)
    assert sum(one["role"] == "article" for one in nodes) == 6
    assert not [one for one in nodes if one["role"] == "combobox"]
