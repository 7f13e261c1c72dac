"""The pytest plugin: a requirements file becomes items, one for each requirement and each scenario that attacks it.

Collected is a YAML file with a top-level list `requirements:` that is named on the command line, or in folders is
called `requirements*.yaml`; every other file is left alone. Uses pytest's public names only, and imports nothing of the
harness until there is something to collect, so that it costs other suites next to nothing.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from harness.report.result import RequirementVerdict, RunResult, ScenarioVerdict

_SNIFF_BYTES = 4_000_000
_OURS = re.compile(r"^(?:requirements|'requirements'|\"requirements\")[ \t]*:(.*)", re.MULTILINE | re.DOTALL)
_BLANK = re.compile(r"\s*(?:#[^\n]*\n\s*)*")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the options that say how requirements files are run."""
    group = parser.getgroup("harness", "security requirements (harness)")
    group.addoption("--harness-seed", type=int, default=0, metavar="N", help="seed of the simulated runs (default: 0)")
    group.addoption("--harness-system", metavar="FILE", help="run on this system instead of the one the file names")
    group.addoption(
        "--harness-without", action="append", default=[], metavar="CONTROL", help="take a control away (repeatable)"
    )
    group.addoption(
        "--harness-search",
        action="store_true",
        help="search for attacks on each requirement too (slow, off by default)",
    )
    group.addoption("--harness-today", metavar="DATE", help="the date that waivers are held against (default: today)")


def pytest_configure(config: pytest.Config) -> None:
    """Names the marker of the slow items."""
    config.addinivalue_line("markers", "harness_search: lets the worst LLM try everything (with --harness-search)")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Takes a file that is named (a slip in its `requirements:` must be seen) and, in folders, a requirements file."""
    if file_path.suffix not in (".yaml", ".yml"):
        return None
    named = parent.session.isinitpath(file_path)
    ours = file_path.name.startswith("requirements") and file_path.suffix == ".yaml"
    if not named and not (ours and is_requirements_file(file_path)):
        return None
    collector: pytest.Collector = RequirementsFile.from_parent(parent, path=file_path)
    return collector


def is_requirements_file(path: Path) -> bool:
    """Whether a file has a top-level list `requirements:`, found without parsing: a broken one must be seen too."""
    try:
        with path.open("rb") as file:
            text = file.read(_SNIFF_BYTES).decode("utf-8-sig", "replace")
    except OSError:
        return False
    found = _OURS.search(text.replace("\r\n", "\n"))
    if found is None:
        return False
    value = _BLANK.sub("", found[1], count=1)
    return value[:1] in ("-", "[", "")


class RequirementsFile(pytest.File):
    """A requirements file: collecting it runs every scenario once, and the items share what came out."""

    def collect(self) -> Iterable[pytest.Item]:
        from harness.cli.output import Mistake
        from harness.load import ProblemList
        from harness.suite import UsageError

        try:
            result = _result(self.config, self.path)
        except ProblemList as found:
            raise self.CollectError("\n".join(str(problem) for problem in found.errors)) from None
        except (Mistake, UsageError) as error:
            raise self.CollectError(str(error)) from None
        for verdict in result.systems[0].verdicts:
            yield from self._items(verdict)
        if self.config.option.harness_search:
            for verdict in result.systems[0].verdicts:
                item: SearchItem = SearchItem.from_parent(self, name=f"{verdict.requirement}[search]")
                item.requirement, item.line = verdict.requirement, verdict.line
                item.add_marker("harness_search")
                yield item

    def _items(self, verdict: RequirementVerdict) -> Iterator[pytest.Item]:
        for suffix, scenario in cases(verdict):
            item: RequirementItem = RequirementItem.from_parent(self, name=f"{verdict.requirement}[{suffix}]")
            item.verdict, item.scenario, item.case = verdict, scenario, suffix
            yield item


def _result(config: pytest.Config, path: Path) -> RunResult:
    """The result of a requirements file, from the cache where nothing that it depends on has changed."""
    from harness.cli.clock import day
    from harness.suite.cached import cached_suite

    options = config.option
    return cached_suite(
        os.path.relpath(path),
        systems=[options.harness_system] if options.harness_system else None,
        without=options.harness_without,
        seed=options.harness_seed,
        today=day(options.harness_today),
        store=getattr(config, "cache", None),
    )


def cases(verdict: RequirementVerdict) -> Iterator[tuple[str, ScenarioVerdict | None]]:
    """The items of a requirement: the scenarios that put it to the test, or the one that says that nothing did."""
    if verdict.stale_waiver:
        yield "stale-waiver", None
    if verdict.verdict == "not_challenged":
        yield "not-challenged", None
        return
    for scenario in verdict.scenarios:
        if scenario.put_to_the_test:
            yield scenario.scenario, scenario


class Broken(Exception):
    """What a failing item says; its text is the whole report."""


class RequirementItem(pytest.Item):
    """One requirement held against one scenario."""

    verdict: RequirementVerdict
    scenario: ScenarioVerdict | None
    case: str

    def runtest(self) -> None:
        self.user_properties += [("requirement", self.verdict.requirement), ("verdict", self._outcome())]
        if self.scenario is not None and self.scenario.verdict == "violated" and self.verdict.waived:
            from harness.report.words import verdict_text

            pytest.xfail(verdict_text(self.verdict))
        if self.scenario is None or self.scenario.verdict in ("violated", "error"):
            raise Broken(self._story())

    def _outcome(self) -> str:
        return self.scenario.verdict if self.scenario is not None else self.case

    def _story(self) -> str:
        from harness.report.words import item_text

        return item_text(self.verdict, self.scenario, place=f"{self.parent and self.parent.nodeid}:{self.verdict.line}")

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The witness as a story; a traceback only for what is not a verdict."""
        return str(excinfo.value) if isinstance(excinfo.value, Broken) else super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Points editors at the requirement's line in its file."""
        return self.path, self.verdict.line - 1, self.name


class SearchItem(pytest.Item):
    """One requirement against the worst LLM in a small world; fails with the shortest attack."""

    requirement: str
    line: int

    def runtest(self) -> None:
        from harness.cli.search import SearchOptions, search_text

        option = self.config.option
        options = SearchOptions(
            requirement=self.requirement,
            requirements=os.path.relpath(self.path),
            system=option.harness_system,
            without=tuple(option.harness_without),
            seed=option.harness_seed,
        )
        code, text = search_text(options)
        if code:
            raise Broken(text)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The attack as steps; a traceback only for what is no attack."""
        return str(excinfo.value) if isinstance(excinfo.value, Broken) else super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Points editors at the requirement's line in its file."""
        return self.path, self.line - 1, self.name
