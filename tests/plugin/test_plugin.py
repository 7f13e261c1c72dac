"""The plugin as its users meet it: what is collected, how items are called, what a failing one says, what it costs."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.suite import cached
from tests.small_project import BROKEN, HONEST, NOT_AFTER_LOGOUT, OWN_RECORDS, STOPPED, Project, play, trace

pytest_plugins = ["pytester"]
HELM = "dependencies:\n  - name: postgresql\n    version: 12.1.0\n    repository: https://charts.example.com\n"
WAIVED = OWN_RECORDS + '    waiver: {reason: "replaced in spring", owner: ciso, expires: 2026-12-31}\n'
ALONE = ("-p", "no:hypothesispytest", "-p", "no:faker")
"""Other plugins of the environment cost each inner session a second."""
HELD = {"S01": trace(HONEST), "S18": trace(HONEST, STOPPED)}
VIOLATED = {"S01": trace(HONEST), "S18": trace(HONEST, BROKEN)}


@pytest.fixture(autouse=True)
def _fresh_memory() -> Iterator[None]:
    cached._remembered.clear()
    yield
    cached._remembered.clear()


def run(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return pytester.runpytest_inprocess(*ALONE, "-p", "no:cacheprovider", "--harness-today", "2026-11-25", *arguments)


def ids(pytester: pytest.Pytester, *arguments: str) -> list[str]:
    out = run(pytester, "--collect-only", "-q", *arguments).outlines
    return [line for line in out if "::" in line]


def test_an_item_for_each_scenario_that_attacks_a_requirement(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    play(monkeypatch, HELD)
    Project(pytester.path)
    assert ids(pytester) == ["requirements.yaml::R4[S18]"]
    run(pytester).assert_outcomes(passed=1)


def test_a_requirement_that_nobody_attacks_is_one_failing_item(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    play(monkeypatch, HELD)
    Project(pytester.path, OWN_RECORDS, NOT_AFTER_LOGOUT)
    result = run(pytester)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*R9[[]not-challenged[]]*", "*not tested: no verdict: no scenario attacked it*"])


def test_a_requirement_added_to_the_file_adds_items_without_code(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    play(monkeypatch, HELD)
    project = Project(pytester.path)
    before = ids(pytester)
    project.write(OWN_RECORDS, OWN_RECORDS.replace("R4", "R5"))
    assert ids(pytester) == [*before, "requirements.yaml::R5[S18]"]


def test_a_failing_item_tells_the_story_and_points_at_the_line(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    play(monkeypatch, VIOLATED)
    Project(pytester.path)
    result = run(pytester)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "R4: Nobody gets at a record of someone else.",
            "broken in the simulation, in S18 (what happens in S18), seed 0",
            "  at 2.5 s: helper, working for ana, got at ben's file record *",
            "replay: harness replay S18 --seed 0",
            "requirements.yaml:3",
        ]
    )
    result.stdout.no_fnmatch_line("*Traceback*")


def test_editors_are_pointed_at_the_requirement(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    play(monkeypatch, HELD)
    Project(pytester.path)
    items, _ = pytester.inline_genitems("--harness-today", "2026-11-25")
    assert [item.location for item in items] == [("requirements.yaml", 2, "R4[S18]")]


def test_items_are_selected_by_k_and_by_id(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    played = play(monkeypatch, HELD)
    Project(pytester.path, OWN_RECORDS, OWN_RECORDS.replace("R4", "R5"))
    run(pytester, "-k", "R5").assert_outcomes(passed=1, deselected=1)
    run(pytester, "requirements.yaml::R4[S18]").assert_outcomes(passed=1)
    assert played == ["S01", "S18"]


def test_a_run_that_failed_fails_its_item(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    play(monkeypatch, {"S01": trace(HONEST, STOPPED), "S18": KeyError("ana")})
    Project(pytester.path)
    result = run(pytester)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*the run failed: no verdict, in S18*", "*KeyError: 'ana'*"])


def test_a_waiver_in_force_is_an_expected_failure_and_an_expired_one_fails(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    play(monkeypatch, VIOLATED)
    Project(pytester.path, WAIVED)
    result = run(pytester, "-rx")
    result.assert_outcomes(xfailed=1)
    result.stdout.fnmatch_lines(["*broken, accepted until 2026-12-31 by ciso*"])
    run(pytester, "--harness-today", "2027-01-01").assert_outcomes(failed=1)


def test_a_waiver_that_nothing_needs_fails(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    play(monkeypatch, HELD)
    Project(pytester.path, WAIVED)
    result = run(pytester)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*its waiver is no longer needed: remove it*"])


def test_a_broken_file_is_a_collection_error_with_its_position(pytester: pytest.Pytester) -> None:
    Project(pytester.path, OWN_RECORDS.replace("owner is known", "ownr is known"))
    result = run(pytester)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["requirements.yaml:8:12: unknown field `ownr`; did you mean `owner`[?]*"])
    result.stdout.no_fnmatch_line("*Traceback*")


def test_yaml_that_cannot_be_read_is_a_collection_error_too(pytester: pytest.Pytester) -> None:
    Project(pytester.path).file.write_text("requirements:\n  - id: [R4\n")
    result = run(pytester)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["requirements.yaml:*not valid YAML*"])


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("requirements.yaml", HELM),
        ("requirements.yaml", "requirements:\n  build: [python]\n  run: [python]\n"),
        ("requirements.yml", "collections:\n  - community.general\n"),
        ("other.yaml", "requirements:\n" + OWN_RECORDS),
        ("requirements.txt", "requirements:\n"),
        ("requirements.yaml", "\x00\x01"),
    ],
    ids=["helm", "conda", "ansible", "another name", "pip", "binary"],
)
def test_other_files_in_folders_are_left_alone(pytester: pytest.Pytester, name: str, content: str) -> None:
    (pytester.path / name).write_text(content)
    pytester.makepyfile("def test_mine(): pass")
    run(pytester).assert_outcomes(passed=1)


def test_a_requirements_file_of_any_name_is_collected_when_it_is_named(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    play(monkeypatch, HELD)
    Project(pytester.path).file.rename(pytester.path / "rules.yaml")
    assert ids(pytester) == []
    assert ids(pytester, "rules.yaml") == ["rules.yaml::R4[S18]"]


def test_a_named_file_without_requirements_is_a_collection_error_with_its_place(pytester: pytest.Pytester) -> None:
    (pytester.path / "rules.yaml").write_text("requirments:\n" + OWN_RECORDS)
    result = run(pytester, "rules.yaml")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["rules.yaml:1:1: unknown key `requirments`; did you mean `requirements`[?]"])
    result.stdout.no_fnmatch_line("*Traceback*")


def test_a_comment_and_a_key_before_the_list_do_not_hide_it(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    play(monkeypatch, HELD)
    file = Project(pytester.path).file
    file.write_text(file.read_text().replace("requirements:\n", "requirements: # ours\n\n  # the first\n"))
    assert ids(pytester) == ["requirements.yaml::R4[S18]"]


def test_a_second_session_runs_nothing_again_until_something_changes(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    played = play(monkeypatch, HELD)
    project = Project(pytester.path)
    arguments = [*ALONE, "--harness-today", "2026-11-25"]
    for _ in range(2):
        cached._remembered.clear()
        pytester.runpytest_inprocess(*arguments).assert_outcomes(passed=1)
    assert played == ["S01", "S18"]
    project.scenario("S18", "text: changed\n")
    cached._remembered.clear()
    pytester.runpytest_inprocess(*arguments).assert_outcomes(passed=1)
    assert played == ["S01", "S18", "S01", "S18"]


@pytest.mark.parametrize(
    "change",
    [
        lambda project: project.file.write_text(project.file.read_text() + "# more\n"),
        lambda project: (project.folder / "system.yaml").write_text("kind: system\nbased_on: base.yaml\nname: x\n"),
        lambda project: (project.folder / "base.yaml").write_text("name: other\n"),
        lambda project: project.scenario("S02"),
        lambda project: (project.folder / "scenarios" / "S01.yaml").unlink(),
    ],
    ids=["requirements", "system", "what the system is laid over", "a scenario more", "a scenario less"],
)
def test_the_key_changes_with_every_file_that_a_result_depends_on(tmp_path: Path, change: Any) -> None:
    project = Project(tmp_path)
    (project.folder / "base.yaml").write_text("name: base\n")
    (project.folder / "system.yaml").write_text("kind: system\nbased_on: base.yaml\n")
    before = cached.fingerprint(str(project.file), None, ())
    assert cached.fingerprint(str(project.file), None, ()) == before
    assert cached.fingerprint(str(project.file), None, ("1",)) != before
    change(project)
    assert cached.fingerprint(str(project.file), None, ()) != before


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--harness-without", "K99", "unknown control `K99`; did you mean `K09`?"),
        ("--harness-today", "tomorrow", "`tomorrow` is not a date; write it as in `2026-11-30`"),
    ],
)
def test_a_wrong_option_is_told_in_a_line(pytester: pytest.Pytester, option: str, value: str, said: str) -> None:
    Project(pytester.path)
    result = run(pytester, option, value)
    result.assert_outcomes(errors=1)
    assert said in result.outlines


def test_a_suite_without_requirements_imports_nothing_of_the_harness_but_the_plugin(tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text(
        "import sys\n\ndef test_mine():\n"
        "    mine = sorted(name for name in sys.modules if name.startswith('harness'))\n"
        "    assert mine == ['harness', 'harness.pytest_plugin']\n"
        "    assert not {'simpy', 'pandas', 'jwt', 'pydantic', 'hypothesis', 'ruamel'} & set(sys.modules)\n"
    )
    (tmp_path / "requirements.yaml").write_text(HELM)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:hypothesispytest",
        str(tmp_path),
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_plugin_uses_public_names_only() -> None:
    import harness.pytest_plugin as plugin

    source = Path(plugin.__file__).read_text()
    assert "_pytest" not in source
