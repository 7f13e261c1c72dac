"""The command line as a whole: help with examples, a quick start, and mistakes told in a line."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import typer

from harness.cli.app import app
from tests.cli.conftest import Ran

HEAVY = {
    "pandas",
    "matplotlib",
    "hypothesis",
    "faker",
    "scipy",
    "simpy",
    "jwt",
    "pyarrow",
    "pydantic",
    "ruamel",
    "rich",
}
COMMANDS = sorted(typer.main.get_command(app).commands)


def start(*arguments: str, code: str | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *(("-c", code) if code else ("-m", "harness", *arguments))]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command: str, harness: Callable[..., Ran]) -> None:
    ran = harness(command, "--help")
    assert ran.code == 0
    assert f"harness {command}" in ran.out.partition("Examples:")[2]


def test_help_lists_every_command(harness: Callable[..., Ran]) -> None:
    ran = harness("--help")
    assert ran.code == 0
    assert all(f"  {command} " in ran.out for command in COMMANDS)


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\nfrom harness.cli.app import run\ntry:\n    run(['--help'])\nexcept SystemExit:\n    pass\n"
        f"sys.exit(' '.join(sorted({HEAVY!r} & set(sys.modules))) or None)"
    )
    done = start(code=code)
    assert done.returncode == 0, f"imported: {done.stderr}"


def test_help_starts_within_ten_times_the_bare_interpreter() -> None:
    bare, ours = [], []
    for _ in range(5):
        for times, arguments in ((bare, ["-c", "pass"]), (ours, ["-m", "harness", "--help"])):
            begun = time.perf_counter()
            subprocess.run([sys.executable, *arguments], capture_output=True, check=True)
            times.append(time.perf_counter() - begun)
    assert min(ours) <= 10 * min(bare)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "nope.yaml"], "nope.yaml:1:1: no such file\n"),
        (["run", "--system", "nope.yaml"], "nope.yaml:1:1: no such file\n"),
        (["run", "--only", "R44"], "harness: unknown requirement `R44`; did you mean `R4`?\n"),
        (["run", "--without", "K99"], "harness: unknown control `K99`; did you mean `K09`?\n"),
        (["run", "--today", "31.12.2026"], "harness: `31.12.2026` is not a date; write it as in `2026-11-30`\n"),
        (["run", "--json", "-", "--junit", "-"], "harness: only one result can go to standard output; name a file for"),
        (["replay", "S99"], "harness: unknown scenario `S99`"),
        (["replay", "S01", "--diagram", "x.png"], "harness: a diagram is a `.svg` or a `.mmd` file, not `x.png`\n"),
        (["replay", "nope.yaml"], "nope.yaml:1:1: no such file\n"),
        (["explain", "R44", "--no-scenarios"], "harness: unknown requirement `R44`; did you mean `R4`?\n"),
        (["check", "nope.yaml"], "nope.yaml:1:1: no such file\n"),
        (["judge", "nope.jsonl"], "nope.jsonl:1:1: no such file\n"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_mistake_is_one_line_and_exit_code_2(arguments: list[str], said: str, harness: Callable[..., Ran]) -> None:
    ran = harness(*arguments)
    told = ran.err + (ran.out if arguments[0] == "check" else "")
    assert ran.code == 2
    assert said in told
    assert "Traceback" not in told
    assert len(told.splitlines()) == 1


@pytest.mark.parametrize("arguments", [["nope"], ["run", "--nope"], ["list", "nope"], ["run", "--runs", "0"]])
def test_wrong_usage_is_exit_code_2_without_a_traceback(arguments: list[str]) -> None:
    done = start(*arguments)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "Error:" in done.stderr


def test_a_file_that_cannot_be_written_is_one_line(tmp_path: Path, harness: Callable[..., Ran]) -> None:
    ran = harness("list", "controls", "--json", tmp_path / "nowhere" / "x.json")
    assert ran.code == 2
    assert ran.err.endswith("cannot be written: no such file or directory\n")


def test_a_reader_that_goes_away_is_no_error() -> None:
    command = f"{sys.executable} -m harness list events | head -1"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    assert len(done.stdout.splitlines()) == 1


def test_a_bug_of_ours_is_not_told_as_a_mistake_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    from harness.cli import listing
    from harness.cli.app import run

    def broken(*_: object, **__: object) -> int:
        raise ZeroDivisionError

    monkeypatch.setattr(listing, "run_list", broken)
    with pytest.raises(ZeroDivisionError):
        run(["list", "events"])


def test_both_ways_to_start_are_the_same_command() -> None:
    script = Path(sys.executable).parent / ("harness.exe" if os.name == "nt" else "harness")
    done = subprocess.run([script, "--help"], capture_output=True, text=True, check=False)
    assert done.stdout == start("--help").stdout
