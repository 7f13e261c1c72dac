"""`harness watch` on a project that is edited under its eyes: what moved is said, mistakes do not end it."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.cli.init import run_init
from harness.cli.watch import run_watch
from harness.load import document
from harness.suite.kept import KeptRuns
from tests.report import browser

PATIENCE_S = 30


@pytest.fixture
def project(tmp_path: Path) -> Path:
    run_init(str(tmp_path / "p"))
    return tmp_path / "p"


class Watched:
    """A watch in another process, and what it has said."""

    def __init__(self, project: Path) -> None:
        self.said = project / "said.txt"
        command = [sys.executable, "-m", "harness", "watch", "--html", "page.html"]
        with self.said.open("w") as out:
            self.process = subprocess.Popen(command, cwd=project, stdout=out, stderr=subprocess.STDOUT)

    def says(self, text: str) -> bool:
        """Wait until it has said something."""
        for _ in range(PATIENCE_S * 10):
            if text in self.said.read_text():
                return True
            time.sleep(0.1)
        return False


@pytest.fixture
def watched(project: Path) -> Iterator[Watched]:
    watch = Watched(project)
    yield watch
    watch.process.kill()
    watch.process.wait()


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_it_says_which_verdict_moved_and_goes_on_after_a_mistake(project: Path, watched: Watched) -> None:
    assert watched.says("R6: kept in every attempt we made")
    (project / "scenarios/half.yaml").write_text("kind: scenario\nid: [")
    assert watched.says("scenarios/half.yaml:2:")
    (project / "scenarios/half.yaml").unlink()
    _edit(project / "scenarios/systems/shop.yaml", "  K04: on", "  K04: off")
    assert watched.says("R4: kept in every attempt we made -> broken in the simulation")
    assert watched.says("got at ben's orders record")
    assert 'http-equiv="refresh"' in (project / "page.html").read_text()
    assert watched.process.poll() is None


def test_a_change_of_a_rule_makes_no_run_again_and_a_change_of_a_scenario_one(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    kept = KeptRuns()
    kept.result("requirements.yaml")
    assert kept.simulated == 12
    _edit(project / "requirements.yaml", "grace: 5m", "grace: 30s")
    verdicts = {one.requirement: one.verdict for one in kept.result("requirements.yaml").systems[0].verdicts}
    assert kept.simulated == 0
    assert verdicts["R1"] == "violated"
    _edit(project / "scenarios/after_logout.yaml", "logs_out: 12s", "logs_out: 14s")
    kept.result("requirements.yaml")
    assert kept.simulated == 1


def test_only_files_that_changed_are_parsed_again(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    kept = KeptRuns()
    first = kept.result("requirements.yaml")
    parsed: list[str] = []
    build = document._Builder.build
    monkeypatch.setattr(document._Builder, "build", lambda self: (parsed.append(self.document.path), build(self))[1])
    assert kept.result("requirements.yaml") == first
    _edit(project / "scenarios/after_logout.yaml", "logs_out: 12s", "logs_out: 14s")
    kept.result("requirements.yaml")
    assert parsed == ["scenarios/after_logout.yaml"]


def test_a_system_beside_the_file_is_watched_and_what_it_is_laid_over_too(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(project)
    Path("base.yaml").write_text(Path("scenarios/systems/shop.yaml").read_text())
    Path("mine.yaml").write_text("kind: system\nname: mine\nbased_on: base.yaml\n")
    _edit(Path("requirements.yaml"), "system: scenarios/systems/shop.yaml", "system: mine.yaml")
    asked = KeptRuns.result

    def result(self: KeptRuns, path: str, **more: Any) -> object:
        found = asked(self, path, **more)
        _edit(Path("base.yaml"), "  K04: on", "  K04: off") if "  K04: on" in Path("base.yaml").read_text() else None
        return found

    monkeypatch.setattr(KeptRuns, "result", result)
    run_watch("requirements.yaml", rounds=2)
    assert "R4: kept in every attempt we made -> broken in the simulation" in capsys.readouterr().out


def test_an_open_page_shows_the_new_verdict_by_itself(project: Path, watched: Watched, tmp_path: Path) -> None:
    assert watched.says("runs made")
    with browser.started(tmp_path / "profile") as tab:
        for _ in range(PATIENCE_S * 10):
            if (project / "page.html").exists():
                break
            time.sleep(0.1)
        tab.open(project / "page.html")
        assert "broken in the simulation" not in tab.ask("document.querySelector('main table').innerText")
        saved_s = time.monotonic()
        _edit(project / "requirements.yaml", "grace: 5m", "grace: 30s")
        while "broken in the simulation" not in _shown(tab):
            assert time.monotonic() - saved_s < PATIENCE_S
            time.sleep(0.1)


def _shown(tab: browser.Browser) -> str:
    """The table as it stands; nothing while the page is on its way."""
    try:
        return str(tab.ask("document.querySelector('main table')?.innerText ?? ''"))
    except AssertionError:
        return ""
