"""`harness run`: exit codes in their order, outputs, and what goes to which stream."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from harness.cli.output import write
from harness.cli.run import exit_code
from harness.report.result import from_json
from tests.cli.conftest import Ran
from tests.report.conftest import one_of_each, requirement, result_of
from tests.small_project import BROKEN, HONEST, NOT_AFTER_LOGOUT, OWN_RECORDS, STOPPED, Project, play, trace

HELD = {"S01": trace(HONEST), "S18": trace(HONEST, STOPPED)}
VIOLATED = {"S01": trace(HONEST), "S18": trace(HONEST, BROKEN)}
UNTESTED = {"S01": trace(HONEST), "S18": trace(HONEST)}
FAILED = {"S01": trace(HONEST), "S18": KeyError("ana")}
WAIVED = OWN_RECORDS + '    waiver: {reason: "replaced in spring", owner: ciso, expires: 2026-12-31}\n'


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.chdir(tmp_path)
    return Project(tmp_path)


@pytest.mark.parametrize(
    ("traces", "code"), [(HELD, 0), (VIOLATED, 1), (UNTESTED, 3), (FAILED, 4)], ids=["0", "1", "3", "4"]
)
def test_the_exit_code_says_the_worst_verdict(
    traces: object, code: int, project: Project, monkeypatch: pytest.MonkeyPatch, harness: Callable[..., Ran]
) -> None:
    play(monkeypatch, traces)
    assert harness("run").code == code


HELD_R = requirement("R1", "held")
STALE = requirement("R2", "held", stale_waiver=True)
_, BROKEN_R, WAIVED_R, UNTESTED_R, ERROR_R = one_of_each()


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [
        ([HELD_R], 0),
        ([HELD_R, WAIVED_R], 0),
        ([HELD_R, UNTESTED_R], 3),
        ([HELD_R, UNTESTED_R, BROKEN_R], 1),
        ([HELD_R, UNTESTED_R, BROKEN_R, ERROR_R], 4),
        ([HELD_R, UNTESTED_R, BROKEN_R, ERROR_R, STALE], 2),
        ([], 3),
    ],
)
def test_the_worst_of_several_wins_in_the_order_2_4_1_3(verdicts: list[object], code: int) -> None:
    assert exit_code(result_of(*verdicts)) == code


def test_unchallenged_can_be_allowed_and_nothing_else(
    project: Project, monkeypatch: pytest.MonkeyPatch, harness: Callable[..., Ran]
) -> None:
    play(monkeypatch, UNTESTED)
    ran = harness("run", "--allow-unchallenged")
    assert ran.code == 0
    assert "not tested: no verdict" in ran.out
    play(monkeypatch, VIOLATED)
    assert harness("run", "--allow-unchallenged").code == 1


def test_json_on_standard_output_stands_alone_and_the_table_goes_to_standard_error(
    project: Project, monkeypatch: pytest.MonkeyPatch, harness: Callable[..., Ran]
) -> None:
    play(monkeypatch, VIOLATED)
    ran = harness("run", "--json", "-", "--today", "2026-11-25")
    document = json.loads(ran.out)
    assert document["systems"][0]["verdicts"][0]["verdict"] == "violated"
    assert document["today"] == "2026-11-25"
    assert "broken in the simulation" in ran.err
    assert from_json(ran.out).seed == 0


def test_all_outputs_are_written_to_their_files(
    project: Project, monkeypatch: pytest.MonkeyPatch, harness: Callable[..., Ran]
) -> None:
    play(monkeypatch, VIOLATED)
    ran = harness("run", "--json", "r.json", "--junit", "r.xml", "--sarif", "r.sarif", "--trace", "kept", "--seed", "4")
    assert ran.code == 1
    assert json.loads((project.folder / "r.json").read_text())["seed"] == 4
    assert ET.parse(project.folder / "r.xml").getroot().tag == "testsuites"
    assert json.loads((project.folder / "r.sarif").read_text())["version"] == "2.1.0"
    assert len(list((project.folder / "kept").iterdir())) == 2
    assert not list(project.folder.glob("*.part"))


def test_what_is_no_plain_file_is_written_to_and_never_replaced(tmp_path: Path) -> None:
    kept, link, pipe = tmp_path / "kept.json", tmp_path / "link.json", tmp_path / "pipe"
    link.symlink_to(kept)
    kept.write_text("old")
    write(str(link), "new")
    assert link.is_symlink()
    assert kept.read_text() == "new"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write(str(pipe), "through")
    assert os.read(reader, 100) == b"through"
    os.close(reader)
    assert pipe.is_fifo()


def test_a_stale_waiver_is_a_mistake_at_its_line(
    project: Project, monkeypatch: pytest.MonkeyPatch, harness: Callable[..., Ran]
) -> None:
    play(monkeypatch, HELD)
    project.write(WAIVED)
    ran = harness("run", "--today", "2026-11-25")
    assert ran.code == 2
    assert "kept in every attempt we made, waiver no longer needed" in ran.out
    assert ran.err == "requirements.yaml:9:5: the waiver of `R4` is no longer needed; remove it\n"


def test_an_expired_waiver_is_said_and_fails(
    project: Project, monkeypatch: pytest.MonkeyPatch, harness: Callable[..., Ran]
) -> None:
    play(monkeypatch, VIOLATED)
    project.write(WAIVED)
    assert harness("run", "--today", "2026-12-31").code == 0
    ran = harness("run", "--today", "2027-01-01")
    assert ran.code == 1
    assert "waiver expired 2026-12-31" in ran.out


def test_only_and_system_are_repeatable(
    project: Project, monkeypatch: pytest.MonkeyPatch, harness: Callable[..., Ran]
) -> None:
    play(monkeypatch, HELD)
    project.write(OWN_RECORDS, NOT_AFTER_LOGOUT)
    (project.folder / "other.yaml").write_text((project.folder / "system.yaml").read_text().replace("tiny", "other"))
    ran = harness("run", "--only", "R4", "--system", "system.yaml", "--system", "other.yaml", "--json", "-")
    systems = json.loads(ran.out)["systems"]
    assert [one["system"] for one in systems] == ["system.yaml", "other.yaml"]
    assert [[v["requirement"] for v in one["verdicts"]] for one in systems] == [["R4"], ["R4"]]


def test_every_mistake_of_the_files_is_a_line(project: Project, harness: Callable[..., Ran]) -> None:
    project.write(OWN_RECORDS.replace("owner is known", "ownr is known").replace("critical", "critcal"))
    ran = harness("run")
    assert ran.code == 2
    assert ran.out == ""
    assert len(ran.err.splitlines()) == 2
    assert all(line.startswith("requirements.yaml:") for line in ran.err.splitlines())


def test_the_same_run_gives_the_same_bytes(
    project: Project, monkeypatch: pytest.MonkeyPatch, harness: Callable[..., Ran]
) -> None:
    play(monkeypatch, VIOLATED)
    first, second = (harness("run", "--json", "-", "--today", "2026-11-25") for _ in range(2))
    assert first == second


def test_the_page_shows_the_attack_as_a_diagram(
    project: Project, monkeypatch: pytest.MonkeyPatch, harness: Callable[..., Ran]
) -> None:
    play(monkeypatch, VIOLATED)
    assert harness("run", "--html", "page.html").code == 1
    html = (project.folder / "page.html").read_text()
    assert html.count('<svg class="sequence"') == 1
    assert "a requirement is broken here" in html
    assert str(project.folder) not in html
