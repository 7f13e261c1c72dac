"""`harness check`: every mistake of every file, at its place; a file with none is not mentioned.

In a pipe a mistake is one unwrapped line, `path:line:column: message`; on a terminal the line of the file follows, with
a caret, and what could help. Warnings leave the exit code at 0.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from harness.cli.output import json_text, table_stream, write

if TYPE_CHECKING:
    from harness.load import Document, Problem
    from harness.requirements import RequirementSet, Source, Words

SCHEMA = "harness/check/1"
DEFAULT_FILE = "requirements.yaml"
KINDS = ("requirements", "system", "scenario", "sweep", "mapping")


def run_check(files: Sequence[str] = (), *, json: str | None = None) -> int:
    """Checks files, or all that belong to `requirements.yaml`; 2 if there is a mistake in them, else 0."""
    paths = list(_paths(files))
    checked = Checked()
    problems = checked.files(paths)
    errors = sum(problem.severity == "error" for problem in problems)
    report = {"schema": SCHEMA, "files": paths, "problems": [problem.as_json() for problem in problems]}
    write(json, json_text(report | {"requirements": checked.said}))
    stream = table_stream(json)
    print_problems(problems, stream)
    if not errors and stream.isatty():
        _print_said(checked.said if len(paths) == 1 else [], stream)
        stream.write(f"{len(paths)} file{'s' if len(paths) != 1 else ''} without a mistake\n")
    return 2 if errors else 0


def _print_said(said: Iterable[dict[str, Any]], stream: IO[str]) -> None:
    """What each requirement really says: where one file was asked for, its author is looking at it."""
    for one in said:
        stream.write(f"{one['requirement']}\n")
        stream.writelines(f"    {rule['sentence']}\n" for rule in one["rules"])


def print_problems(problems: Iterable[Problem], stream: IO[str]) -> None:
    """Mistakes and warnings, a line each; on a terminal with the place shown."""
    for problem in problems:
        stream.write(f"{problem}\n")
        if stream.isatty() and problem.excerpt:
            caret = "".join("\t" if c == "\t" else " " for c in problem.excerpt[: problem.column - 1])
            stream.write(f"    {problem.excerpt}\n    {caret}^\n")
            stream.writelines(f"      {note}\n" for note in problem.notes)


def _paths(files: Sequence[str]) -> Iterator[str]:
    """The files named; all YAML files of a folder; without any the requirements file and the scenarios beside it."""
    asked: Sequence[str] = files or (DEFAULT_FILE, *(("scenarios",) if os.path.isdir("scenarios") else ()))
    for name in asked:
        if os.path.isdir(name):
            yield from (str(path) for path in sorted(Path(name).rglob("*.yaml")))
        else:
            yield name


class Checked:
    """Files as they are checked; `said` grows by what each requirement without a mistake says, rule by rule."""

    def __init__(self) -> None:
        self.said: list[dict[str, Any]] = []

    def files(self, paths: Iterable[str]) -> list[Problem]:
        """Every problem of some files and of the systems that they name, sorted, each once."""
        from harness.load import ProblemList

        found: list[Problem] = []
        for path in paths:
            try:
                found += self._file(path)
            except ProblemList as error:
                found += error.problems
        return list(ProblemList(found).problems)

    def _file(self, path: str) -> Iterable[Problem]:
        from harness.load import read_document, shown
        from harness.requirements import looks_like_requirements

        document = read_document(path)
        value = document.value
        if not isinstance(value, dict):
            return [document.problem(f"expected a group of keys, not {shown(value)}")]
        if "kind" not in value and (wrong := _kind_misspelt(document)) is not None:
            return [wrong]
        if "kind" not in value and (looks_like_requirements(value) or path.endswith("requirements.yaml")):
            return self._requirements(document)
        return _check_kind(document, path)

    def _requirements(self, document: Document) -> Iterable[Problem]:
        from harness.judge import wrong_stories
        from harness.load import ProblemList
        from harness.requirements import compile_requirements, source_of
        from harness.requirements.english import sentence

        source = source_of(document)
        problems: list[Problem] = []
        known = _words_of(source, problems)
        try:
            compiled = compile_requirements(source, known)
        except ProblemList as error:
            return [*problems, *error.problems]
        for one in compiled:
            for story, message in wrong_stories(one, compiled.vocabulary):
                problems.append(compiled.problem(message, story.line, story.column))
            rules = [{"line": rule.line, "sentence": sentence(rule)} for rule in one.rules]
            self.said.append({"path": document.path, "requirement": one.id, "rules": rules})
        return [*problems, *compiled.warnings, *_doubts(source, compiled)]


def _doubts(source: Source, compiled: RequirementSet) -> Iterator[Problem]:
    """Warnings, and mistakes, that a system and the rules show only together."""
    from harness.load import ProblemList
    from harness.plan import Controls, load_system
    from harness.plan.slack import too_slow
    from harness.suite.insisted import insisted_problems
    from harness.suite.untried import untried

    if source.system is None:
        return
    try:
        loaded = load_system(os.path.join(os.path.dirname(source.document.path), source.system))
    except ProblemList:
        return  # told already, as mistakes of that file
    system = loaded.model
    yield from insisted_problems(system, loaded.document, compiled.vocabulary)
    yield from untried(system, compiled)
    for one in compiled:
        for rule in one.rules:
            for slow in too_slow(rule, system, Controls.of(system)):
                yield compiled.problem(f"{one.id}: {slow}", rule.line, severity="warning")


def _words_of(source: Source, problems: list[Problem]) -> Words | None:
    """The words of the system that a file names; None where that has mistakes, which are told instead."""
    from harness.load import ProblemList
    from harness.plan import load_system, words
    from harness.requirements import Words

    if source.system is None:
        return Words()
    file = os.path.join(os.path.dirname(source.document.path), source.system)
    try:
        return words(load_system(file).model)
    except ProblemList as error:
        if os.path.isfile(file):
            problems += error.problems
        else:
            problems.append(source.document.problem(f"no such file `{source.system}`", "system"))
        return None


def _kind_misspelt(document: Document) -> Problem | None:
    """A file that says its kind, or nearly so."""
    from harness.load import nearest

    for key, value in document.value.items():
        if nearest(key, ("kind",)) and (value in KINDS or nearest(str(value), KINDS)):
            return document.problem(f"unknown key `{key}`", key, on_key=True, suggestion="did you mean `kind`?")
    return None


def _check_kind(document: Document, path: str) -> Iterable[Problem]:
    from harness.load import did_you_mean
    from harness.plan import load_scenario, load_system
    from harness.plan.designs import check_designs

    kind = document.value.get("kind")
    if kind == "system":
        load_system(path)
    elif kind == "scenario":
        scenario = load_scenario(path).model
        if scenario.requirements is not None and not os.path.isfile(os.path.join(os.path.dirname(path), scenario.requirements)):
            return [document.problem(f"there is no file `{scenario.requirements}`", "requirements")]
        check_designs(scenario)
    elif kind == "sweep":
        from harness.sweep import load_sweep

        load_sweep(path)
    elif kind is None:
        start = "start with `kind: system` or `kind: scenario`, or write `requirements:`"
        return [document.problem("this file does not say what it is", suggestion=start)]
    elif kind not in KINDS:
        hint = did_you_mean(str(kind), KINDS[1:], what="kinds")
        return [document.problem(f"unknown kind `{kind}`", "kind", suggestion=hint)]
    return ()
