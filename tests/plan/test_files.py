"""Every kind of mistake in a system or scenario file is told in one clear line, at its place, with what is near."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.load import ProblemList
from harness.plan import Scenario, kind_of, load_scenario, load_scenarios, load_system
from harness.plan.overlays import laid_over

SYSTEM = """\
kind: system
name: tiny
people:
  customers: [ana, ben]
  employees: {erik: {assigned: [ana]}}
  brokers: [bruno]
  mandates: [{holder: bruno, owner: ben}]
  joint: [[ana, ben]]
servers:
  home: {session_idle: 2m}
apis:
  mcp:
    kind: mcp
    endpoints:
      list: {scope: files.read, calls: records.read}
  records:
    endpoints:
      read: {scope: files.read, action: read, category: file}
agents:
  helper:
    provider: llm
    policy: {mcp: [files.read]}
services:
  server: {policy: {records: [files.read]}}
providers: {llm: {}}
purposes: {advice: {categories: [file], provider: llm}}
tasks:
  read: {tool: mcp.list, purpose: advice, reads: [records.read], then: mcp.list, agent: helper}
controls:
  K01: on
  K04: {at: [records]}
  K17: {strength: introspection}
"""

SCENARIO = """\
kind: scenario
id: S99
title: a try
visits:
  - user: A
    tasks:
      - {kind: read, twist: T01}
actions:
  - {at: 3s, lock_user: A}
  - {at: 3s, thief: {id: T43}}
faults: [{message: any, share: 0.5}]
expect:
  - {requirement: R4, verdict: held, without: [K04], stopped_by: [K05]}
"""


def told(load: Callable[[Path], object], path: Path) -> list[str]:
    """The mistakes of a file, a line each, without the folder."""
    with pytest.raises(ProblemList) as caught:
        load(path)
    return [str(problem).replace(f"{path.parent}/", "") for problem in caught.value.problems]


def changed(text: str, old: str, new: str) -> str:
    assert text.count(old) == 1, f"`{old}` is there {text.count(old)} times"
    return text.replace(old, new)


def test_the_files_are_good_before_they_are_spoilt(tmp_path: Path) -> None:
    (tmp_path / "system.yaml").write_text(SYSTEM)
    (tmp_path / "s.yaml").write_text(SCENARIO)
    assert load_system(tmp_path / "system.yaml").model.name == "tiny"
    assert load_scenario(tmp_path / "s.yaml").model.id == "S99"


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("name: tiny\n", "", "1:1: the key `name` is missing"),
        ("name: tiny", "nmae: tiny", "2:1: unknown key `nmae`"),
        ("name: tiny", "name: 1tiny", "2:7: "),
        ("kind: system", "kind: sistem", "1:7: "),
        ("customers: [ana, ben]", "customers: []", "4:14: "),
        ("customers: [ana, ben]", "customers: ana", "4:14: "),
        ("assigned: [ana]", "assigned: [zoe]", "5:33: unknown customer `zoe`"),
        ("holder: bruno", "holder: brunno", "7:23: unknown person `brunno`; did you mean `bruno`"),
        ("joint: [[ana, ben]]", "joint: [[ana, bin]]", "8:17: unknown customer `bin`; did you mean `ben`"),
        ("session_idle: 2m", "session_idle: 2", "10:24: write a duration with a unit, as in `5m`"),
        ("session_idle: 2m", "session_idle: 2 m", "10:24: write a duration with a unit"),
        ("session_idle: 2m", "idle: 2m", "10:10: unknown key `idle`"),
        ("kind: mcp", "kind: mpc", "13:11: "),
        ("calls: records.read", "calls: records.reed", "15:40: unknown endpoint `records.reed`; did you mean"),
        ("action: read, category: file", "action: read", "18:13: an endpoint with `action: read` needs a `category`"),
        ("action: read, category: file", "action: look, category: file", "18:41: "),
        ("provider: llm\n", "provider: lml\n", "21:15: unknown provider `lml`; did you mean `llm`"),
        ("policy: {mcp:", "policy: {mpc:", "22:14: unknown api `mpc`; did you mean `mcp`"),
        ("policy: {mcp:", "domain: abroad\n    policy: {mcp:", "22:13: unknown domain `abroad`"),
        ("file], provider: llm", "file], provider: lml", "26:51: unknown provider `lml`; did you mean `llm`"),
        ("tool: mcp.list", "tool: mcp.lits", "28:16: unknown endpoint `mcp.lits`; did you mean `mcp.list`"),
        ("reads: [records.read]", "reads: [records.raed]", "28:51: unknown endpoint `records.raed`"),
        ("then: mcp.list", "then: mcp.lsit", "28:72: unknown endpoint `mcp.lsit`"),
        ("purpose: advice", "purpose: advise", "28:35: unknown purpose `advise`; did you mean `advice`"),
        ("agent: helper", "agent: helpr", "28:89: unknown agent `helpr`; did you mean `helper`"),
        ("K01: on", "K99: on", "30:3: unknown control `K99`"),
        ("K01: on", "K01: maybe", "30:8: "),
        ("at: [records]", "at: [recrods]", "31:14: unknown place `recrods`; did you mean `records`"),
        ("strength: introspection", "strength: introspect", "32:19: unknown strength of K17 `introspect`"),
        ("K04: {at", "K04: {att", "31:9: unknown key `att`"),
    ],
)
def test_a_mistake_in_a_system_is_told_at_its_place(tmp_path: Path, old: str, new: str, line: str) -> None:
    path = tmp_path / "system.yaml"
    path.write_text(changed(SYSTEM, old, new))
    (problem,) = told(load_system, path)
    assert problem.startswith(f"system.yaml:{line}")


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("title: a try\n", "", "1:1: the key `title` is missing"),
        ("kind: scenario", "kind: scenery", "1:7: "),
        ("- user: A", "- usr: A", "5:5: unknown key `usr`"),
        ("twist: T01", "twist: T99", "7:29: unknown misbehaviour `T99`"),
        ("twist: T01", "twist: {id: T01, variant: loudly}", "7:48: unknown variant of T01 `loudly`"),
        ("twist: T01", "twist: {id: T01, times: 0}", "7:46: "),
        ("twist: T01", "twist: T43", "7:29: `T43` is written as a `thief`"),
        ("at: 3s, lock", "at: soon, lock", "9:10: write a duration with a unit"),
        ("lock_user: A", "lock: A", "9:14: unknown key `lock`"),
        ("thief: {id: T43}", "thief: {id: T01}", "10:21: `T01` is written as a task's `twist`"),
        ("message: any", "message: nay", "11:20: "),
        ("share: 0.5", "share: 2", "11:32: "),
        ("verdict: held", "verdict: hold", "13:32: "),
        ("without: [K04]", "without: [K99]", "13:48: unknown control `K99`"),
        ("stopped_by: [K05]", "stopped_by: [K555]", "13:67: unknown control `K555`"),
        ("without: [K04]", "design: other", "13:46: unknown design `other`"),
        ("without: [K04]", "variant: other", "13:47: unknown variant `other`"),
    ],
)
def test_a_mistake_in_a_scenario_is_told_at_its_place(tmp_path: Path, old: str, new: str, line: str) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(changed(SCENARIO, old, new))
    (problem,) = told(load_scenario, path)
    assert problem.startswith(f"s.yaml:{line}")


def test_all_mistakes_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "system.yaml"
    text = changed(SYSTEM, "tool: mcp.list", "tool: mcp.lits")
    path.write_text(changed(text, "K01: on", "K99: on"))
    assert [problem.split(": ")[0] for problem in told(load_system, path)] == ["system.yaml:28:16", "system.yaml:30:3"]


# ---------------------------------------------------------------- laying over


def test_a_system_is_laid_over_the_one_that_it_is_based_on(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(SYSTEM)
    path = tmp_path / "over.yaml"
    path.write_text(
        "kind: system\nname: over\nbased_on: base.yaml\ncontrols: {K04: off}\nagents: {helper: {policy: {}}}\n"
    )
    over = load_system(path).model
    assert (over.name, over.apis.keys()) == ("over", {"mcp", "records"})
    assert (over.controls["K01"].on, over.controls["K04"].on) == (True, False)
    assert over.agents["helper"].policy == {}
    assert over.agents["helper"].provider == "llm"


def test_an_empty_group_takes_everything_away(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(SYSTEM)
    path = tmp_path / "over.yaml"
    path.write_text("kind: system\nname: over\nbased_on: base.yaml\ncontrols: {}\n")
    assert load_system(path).model.controls == {}


@pytest.mark.parametrize(
    ("base", "over", "result"),
    [
        ({"a": 1, "b": {"c": 2}}, {"b": {"d": 3}}, {"a": 1, "b": {"c": 2, "d": 3}}),
        ({"a": [1, 2]}, {"a": [3]}, {"a": [3]}),
        ({"a": {"b": 1}}, {"a": {}}, {"a": {}}),
        ({"a": {"b": 1}}, {"a": None}, {"a": None}),
        ({"a": 1}, {}, {}),
    ],
)
def test_groups_are_merged_and_anything_else_replaced(base: object, over: object, result: object) -> None:
    assert laid_over(base, over) == result


def test_a_base_that_is_not_there_or_goes_in_circles(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("kind: system\nname: a\nbased_on: b.yaml\n")
    assert told(load_system, path) == ["a.yaml:3:11: there is no file `b.yaml`"]
    (tmp_path / "b.yaml").write_text("kind: system\nname: b\nbased_on: a.yaml\n")
    (problem,) = told(load_system, path)
    assert "the files are based on each other" in problem


def test_a_mistake_in_the_base_is_told_in_the_base(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(changed(SYSTEM, "tool: mcp.list", "tool: mcp.lits"))
    path = tmp_path / "over.yaml"
    path.write_text("kind: system\nname: over\nbased_on: base.yaml\n")
    (problem,) = told(load_system, path)
    assert problem.startswith("base.yaml:28:16: unknown endpoint `mcp.lits`")


# ---------------------------------------------------------------- many scenarios


def test_scenarios_come_in_the_order_of_their_numbers_without_those_with_a_system_of_their_own(tmp_path: Path) -> None:
    for name, more in (("S10", ""), ("S9", ""), ("H1", ""), ("I1", "system: x.yaml\n")):
        (tmp_path / f"{name}.yaml").write_text(f"kind: scenario\nid: {name}\ntitle: t\n{more}")
    (tmp_path / "notes.yaml").write_text("anything: else\n")
    assert [one.id for one in load_scenarios(tmp_path)] == ["H1", "S9", "S10"]


def test_two_scenarios_with_one_id_are_a_mistake(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text("kind: scenario\nid: S1\ntitle: t\n")
    (problem,) = told(load_scenarios, tmp_path)
    assert "b.yaml:2:5: scenario `S1` is in" in problem


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("kind: system\n", "system"),
        ("# a remark\nkind: scenario\n", "scenario"),
        ("requirements: []\n", "requirements"),
        ("a: 1\n", "unknown"),
        ("- 1\n", "unknown"),
        ("a: [\n", "unreadable"),
    ],
)
def test_what_a_file_is_by_its_own_account(tmp_path: Path, text: str, kind: str) -> None:
    path = tmp_path / "file.yaml"
    path.write_text(text)
    assert kind_of(path) == kind


def test_a_scenario_names_its_misbehaviours_once_each(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(SCENARIO)
    assert load_scenario(path).model.twists() == ("T01", "T43")
    assert Scenario(kind="scenario", id="S1", title="t").twists() == ()
