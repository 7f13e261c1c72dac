"""What a scenario speaks of and a system does not have: a reason for any system, a mistake at its place for a file's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.load import ProblemList, read_document
from harness.plan import load_scenario, load_system, unfit
from harness.plan.designs import cases, check_designs
from harness.plan.misfits import misfits
from harness.suite.cases import check_cases

SYSTEM = """\
kind: system
name: tiny
people: {customers: [ana, ben], employees: {erik: {assigned: [ana]}}, tenants: {ana: acme}}
servers: {idp: {domain: home}}
apis:
  records:
    endpoints:
      read: {scope: files.read, action: read, category: file}
      write: {scope: files.read, action: write, category: file}
  model: {kind: llm_gateway, endpoints: {chat: {scope: llm}}}
agents:
  helper: {provider: llm, policy: {records: [files.read], model: [llm]}, timeout: 5s, retries: 1}
services: {web: {user_facing: true, policy: {records: [files.read], model: [llm]}}}
providers: {llm: {fallback: spare}, spare: {}}
purposes: {advice: {categories: [file], provider: llm}}
tasks: {read: {tool: records.read, purpose: advice}}
caches:
  edge: {at: [records], endpoints: [read], key: [path], forgets: [write]}
"""
SCENARIO = """\
kind: scenario
id: S99
title: a try
system: system.yaml
requirements: requirements.yaml
visits:
  - {user: A, tasks: [{kind: read, about: B, twist: {id: T01, target: B}}]}
actions:
  - {at: 3s, end_access: erik, records_of: A}
  - {at: 4s, end_sessions_of: A}
faults:
  - {message: call, to: records, of: main, delay: 1s, up_to: 2s, since: 1s, until: 2m}
outages:
  - {server: llm, since: 1s, until: 2s}
lags:
  - {of: owners, at: records, by: 5s}
  - {of: denials, at: home, by: 5s}
clocks: {records: 3s}
designs:
  none: {}
  other: {controls: {K04: on}}
variants:
  calm: {faults: []}
expect:
  - {design: none, requirement: OWN, verdict: violated}
"""
REQUIREMENTS = """\
system: system.yaml
requirements:
  - id: OWN
    text: Nobody sees what is not theirs.
    owner: ciso
    severity: high
    never: data.accessed
    where: owner is known and user not in entitled
"""


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "system.yaml").write_text(SYSTEM)
    (tmp_path / "s.yaml").write_text(SCENARIO)
    (tmp_path / "requirements.yaml").write_text(REQUIREMENTS)
    return tmp_path


def changed(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert text.count(old) == 1, f"`{old}` is there {text.count(old)} times"
    path.write_text(text.replace(old, new))


def _read(path: Path, run: bool) -> None:
    if run:
        check_cases(path)
    else:
        check_designs(load_scenario(path).model)


def told(folder: Path, *, run: bool = False) -> list[str]:
    """The mistakes of the scenario file, a line each, without the folder."""
    with pytest.raises(ProblemList) as caught:
        _read(folder / "s.yaml", run)
    return [str(problem).replace(f"{folder}/", "") for problem in caught.value.problems]


def test_the_files_are_good_before_they_are_spoilt(files: Path) -> None:
    check_designs(load_scenario(files / "s.yaml").model)
    assert [one for one in check_cases(files / "s.yaml") if not one.met] == []


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("user: A", "user: ann", "7:12: there is no person `ann`; did you mean `ana`?"),
        ("user: A", "user: C", "7:12: there are only 2 customers, and `C` would be another"),
        ("kind: read, about", "kind: raed, about", "7:30: there is no task `raed`; did you mean `read`?"),
        ("about: B", "about: bem", "7:43: there is no person `bem`; did you mean `ben`?"),
        ("target: B", "target: bem", "7:71: there is no person `bem`; did you mean `ben`?"),
        ("id: T01", "id: T35", "7:53: T35: there is no amount below which no approval is needed"),
        ("records_of: A", "records_of: anna", "9:44: there is no person `anna`; did you mean `ana`?"),
        ("end_sessions_of: A", "end_sessions_of: ama", "10:31: there is no person `ama`; did you mean `ana`?"),
        ("to: records", "to: record", "12:25: there is no api or server `record`; did you mean `records`?"),
        ("of: main", "of: helpr", "12:38: there is no agent `helpr`; did you mean `helper`?"),
        ("of: main", "of: third_party", "12:38: there is no third-party agent"),
        ("server: llm", "server: lmm", "14:14: there is no server, api or provider `lmm`; did you mean `llm`?"),
        ("at: records", "at: recrods", "16:22: there is no api or server `recrods`; did you mean `records`?"),
        ("at: records", "at: idp", "16:22: who may see a record is looked up by APIs, and `idp` is a server"),
        ("at: home", "at: hom", "17:23: there is no api or server `hom`; did you mean `home`?"),
        ("clocks: {records", "clocks: {model2", "18:18: there is no api `model2`; did you mean `model`?"),
        ("other: {controls: {K04", "other: {controls: {K4", "21:22: unknown control `K4`"),
        ("calm: {faults: []}", "calm: {outages: [{server: x, since: 1s, until: 2s}]}", "23:29: there is no server"),
        ("system: system.yaml", "system: sistem.yaml", "4:9: there is no file `sistem.yaml`"),
    ],
)
def test_what_a_file_s_own_system_lacks_is_told_at_its_place(files: Path, old: str, new: str, line: str) -> None:
    changed(files / "s.yaml", old, new)
    assert [one for one in told(files) if one.startswith(f"s.yaml:{line}")]


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("up_to: 2s", "up_to: 500ms", "12:5: `up_to` is at least `delay`"),
        ("delay: 1s, up_to: 2s", "lose: true, delay: 1s", "12:5: a message that is lost has no delay"),
        ("message: call", "message: session_revoked", "12:5: `of` names an agent"),
        ("message: call", "message: cal", "12:15: `cal` is not allowed here; did you mean `call`?"),
        ("since: 1s, until: 2m", "since: 2m, until: 1s", "12:5: `until` comes after `since`"),
        ("of: owners", "of: owner", "16:10: `owner` is not allowed here; did you mean `owners`?"),
        ("at: records, by: 5s", "at: records", "16:5: the key `by` is missing"),
        ("by: 5s}\n  - {of: denials", "by: 5}\n  - {of: denials", "16:35: write a duration with a unit"),
        (
            "end_access: erik, records_of: A",
            "end_access: erik",
            "9:5: an access is to somebody's records: add `records_of`",
        ),
        ("at: 4s, end_sessions_of: A", "at: 4s", "10:5: nothing is done at this instant: add one of `disable_agent`"),
    ],
)
def test_a_misfortune_that_makes_no_sense_is_told_at_its_place(files: Path, old: str, new: str, line: str) -> None:
    changed(files / "s.yaml", old, new)
    (problem,) = told(files)
    assert problem.startswith(f"s.yaml:{line}")


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("at: [records]", "at: [record]", "18:15: unknown api `record`; did you mean `records`?"),
        ("at: [records]", "at: []", "18:14: at least 1 entry needed here"),
        ("endpoints: [read]", "endpoints: [raed]", "18:37: unknown endpoint `raed`; did you mean `read`?"),
        ("key: [path]", "key: [pth]", "18:50: `pth` is not allowed here; did you mean `path`?"),
        ("key: [path]", "key: [subject]", "18:9: a key of answers has the `endpoint` or the `path` in it"),
        ("forgets: [write]", "forgets: [writes]", "18:67: `writes` is not allowed here; did you mean `write`?"),
        ("edge: {at", "edge: {holds: tokens, at", "18:40: `endpoints` means nothing for a cache of tokens"),
        ("fallback: spare", "fallback: spar", "14:29: unknown provider `spar`; did you mean `spare`?"),
        ("timeout: 5s", "timeout: 5", "12:83: write a duration with a unit"),
        ("retries: 1", "retries: 99", "12:96: expected at most 10, not `99`"),
        ("tenants: {ana: acme}", "tenants: {anna: acme}", "3:81: unknown person `anna`; did you mean `ana`?"),
        ("servers: {idp: {domain: home}}", "servers: {}", "4:10: at least 1 entry needed here"),
    ],
)
def test_a_mistake_in_a_cache_and_its_like_is_told_at_its_place(files: Path, old: str, new: str, line: str) -> None:
    changed(files / "system.yaml", old, new)
    with pytest.raises(ProblemList) as caught:
        load_system(files / "system.yaml")
    told = [str(problem).replace(f"{files}/", "") for problem in caught.value.problems]
    assert [one for one in told if one.startswith(f"system.yaml:{line}")], told


def test_an_expectation_of_a_requirement_that_nobody_stated_is_a_mistake(files: Path) -> None:
    changed(files / "s.yaml", "requirement: OWN", "requirement: OWM")
    assert told(files, run=True) == [
        "s.yaml:25:33: there is no requirement `OWM` in `requirements.yaml`; did you mean `OWN`?"
    ]


def test_for_any_other_system_the_same_is_a_reason_not_to_run(files: Path) -> None:
    scenario = load_scenario(files / "s.yaml").model
    assert unfit(scenario, load_system(files / "system.yaml").model) is None
    insurer = load_system("scenarios/systems/insurance.yaml").model
    found = [one.missing for one in misfits(scenario, insurer)]
    assert unfit(scenario, insurer) == found[0]
    assert "there is no api or server `records`" in found
    document = read_document(files / "s.yaml")
    assert all(document.mark(*one.path) for one in misfits(scenario, insurer))


def test_cases_refuse_what_does_not_fit(files: Path) -> None:
    changed(files / "s.yaml", "of: main", "of: helpr")
    with pytest.raises(ProblemList):
        list(cases(load_scenario(files / "s.yaml").model))
