"""The files in a real editor: nothing underlined in what ships, typos underlined, the rest completed and explained.

VS Code's YAML extension runs this server; it finds each schema by the first line of the file, from the file's folder.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.cli.init import run_init
from harness.requirements.snippets import PATTERNS
from harness.trace import STANDARD
from tests.schemas.language_server import ROOT, Server, language_server

SHIPPED = [ROOT / "requirements.yaml", *sorted((ROOT / "scenarios").rglob("*.yaml"))]
PLACE = ROOT / "scratch.yaml"
"""Where the texts of these tests seem to be: only its folder counts, nothing is written."""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with language_server() as running:
        yield running


def text(kind: str, rest: str) -> str:
    return f"# yaml-language-server: $schema=harness/schemas/{kind}.json\n{rest}"


def rule(lines: str) -> str:
    return text("requirements", "requirements:\n  - id: x\n    text: y\n" + lines)


def underlined(server: Server, files: list[Path]) -> list[str]:
    opened = [(path, server.show(path)) for path in files]
    return [f"{path}:{said.line + 1}: {said.message}" for path, uri in opened for said in server.mistakes(uri)]


def test_nothing_is_underlined_in_what_ships(server: Server) -> None:
    assert underlined(server, SHIPPED) == []


def test_nothing_is_underlined_in_a_new_project(server: Server, tmp_path: Path) -> None:
    run_init(str(tmp_path / "elsewhere"))
    files = sorted((tmp_path / "elsewhere").rglob("*.yaml"))
    assert underlined(server, files) == []
    changed = files[0].read_text(encoding="utf-8") + "nonsense: 1\n"
    assert any("nonsense" in said.message for said in server.mistakes(server.show(files[0], changed)))


@pytest.mark.parametrize(
    ("written", "line", "message"),
    [
        (rule("    nevr: data.accessed\n"), 4, "Property nevr is not allowed"),
        (rule("    never: data.accessed\n    severity: hihg\n"), 5, 'Valid values: "low"'),
        (rule("    every: a.b\n    needs_earlier: c.d\n    within: 5\n"), 6, "write a number with a unit"),
        (rule("    every: a.b\n    needs_earlier: c.d\n    within: 5 min\n"), 6, "write a number with a unit"),
        (rule("    never: data accessed\n"), 4, "this is no event"),
        (rule("    never: data.accessed\n    earlier_where: user is known\n"), 2, "missing property needs_earlier"),
        (rule("    never: data.accessed\n    breaks: [{data.accessed: {ownr: ana}}]\n"), 5, "Property ownr"),
        (rule("    never: data.accessed\n    breaks: [{data.accessed: {action: reed}}]\n"), 5, "Valid values"),
        (rule("    never: data.accessed\n    waiver: {reason: x, owner: y}\n"), 5, "expires"),
        (text("scenario", "kind: scenario\nid: X\ntitle: x\nvists: []\n"), 4, "Property vists is not allowed"),
        (text("scenario", "kind: scenario\nid: X\ntitle: x\nvisits: [{user: ana, tasks: [{twist: T999}]}]\n"), 4, "T01"),
        (text("system", "kind: system\nname: x\ncontrols: {K04: of}\n"), 3, 'Valid values: "on"'),
        (text("system", "kind: system\nname: x\ncontrols: {K04: {dely: 5s}}\n"), 3, "Property dely"),
        (text("sweep", "kind: sweep\nscenarios: [S1]\nruns: many\n"), 3, "Incorrect type"),
    ],
)  # fmt: skip
def test_a_typo_is_underlined(server: Server, written: str, line: int, message: str) -> None:
    found = server.mistakes(server.show(PLACE, written))
    assert any(said.line == line and message in said.message for said in found), found


def test_patterns_and_keys_are_completed_with_what_they_say(server: Server) -> None:
    fresh = server.meanings(PLACE, text("requirements", "requirements:\n  - |"))
    assert {pattern.about for pattern in PATTERNS.values()} <= set(fresh.values())
    keys = server.meanings(PLACE, rule("    |"))
    assert {"never", "every", "after", "at_most", "severity", "owner", "waiver", "breaks"} <= set(keys)
    assert all(keys[name] for name in keys)
    assert {"low", "medium", "high", "critical"} == set(server.completions(PLACE, rule("    severity: |")))
    assert "compliance" in server.completions(PLACE, rule("    owner: |"))
    assert "5m" in server.completions(PLACE, rule("    every: a.b\n    needs_earlier: c.d\n    within: |"))


@pytest.mark.parametrize(
    "before", ["    never: |", "    never: [|]", "    never: [data.accessed, |]", "    breaks:\n      - |"]
)
def test_every_kind_of_event_is_completed_with_its_sentence(server: Server, before: str) -> None:
    offered = server.meanings(PLACE, rule(before))
    assert {kind.name: kind.about for kind in STANDARD.kinds.values()}.items() <= offered.items()


def test_fields_are_completed_in_stories_pairs_and_conditions(server: Server) -> None:
    fields = STANDARD.kinds["data.accessed"].fields
    story = server.meanings(PLACE, rule("    breaks:\n      - data.accessed:\n          |"))
    assert set(fields) <= set(story)
    assert "everyone" in story["entitled"]
    assert {"user", "owner"} <= set(server.completions(PLACE, rule("    every: a.b\n    leads_to: c.d\n    same: [|]")))
    conditions = server.completions(PLACE, rule("    never: data.accessed\n    where: |"))
    assert conditions["owner"].startswith("owner is ")
    assert "agent is known and user not in entitled" in conditions
    acr = server.completions(PLACE, rule("    breaks:\n      - data.accessed:\n          acr: |"))
    assert {"low", "substantial", "high"} <= set(acr)


def test_words_of_the_catalogues_are_completed(server: Server) -> None:
    start = "kind: scenario\nid: X\ntitle: x\nvisits:\n  - user: ana\n    tasks:\n      - "
    twists = server.meanings(PLACE, text("scenario", f"{start}twist: |"))
    assert twists["T01"]
    controls = server.meanings(PLACE, text("system", "kind: system\nname: x\ncontrols:\n  |"))
    assert controls["K04"]
    assert "delay" in server.completions(PLACE, text("system", "kind: system\ncontrols:\n  K04:\n    on: true\n    |"))
    assert {"on", "off"} <= set(server.completions(PLACE, text("system", "kind: system\ncontrols:\n  K04: |")))


def test_what_is_inserted_may_stand_in_a_file(server: Server) -> None:
    start = "kind: scenario\nid: X\ntitle: x\n"
    offered = server.completions(PLACE, text("scenario", f"{start}visits:\n  - user: ana\n    |"))
    assert not [name for name, inserted in offered.items() if "null" in inserted]
    waits = server.completions(PLACE, text("system", "kind: system\nservers:\n  home:\n    session_idle: |"))
    assert "2m" in waits
    assert not [one for one in waits if one.isdigit()], "milliseconds cannot stand in a file"


def test_hover_says_what_keys_and_events_mean(server: Server) -> None:
    shown = rule("    never: data.accessed\n    where: user is known\n    severity: high\n")
    assert "This never happens" in server.hover(PLACE, shown.replace("never:", "ne|ver:"))
    event = server.hover(PLACE, shown.replace("data.accessed", "data.|accessed"))
    assert STANDARD.kinds["data.accessed"].about in event.split("user.arrived", 1)[0]
    assert "How bad" in server.hover(PLACE, shown.replace("severity", "sever|ity"))
    field = rule("    never: data.accessed\n    breaks:\n      - data.accessed:\n          own|er: ana\n")
    assert "the person that the data is about" in server.hover(PLACE, field)
    assert "a person logged out" in server.hover(PLACE, rule("    breaks:\n      - user.logged|_out: {user: ana}\n"))
