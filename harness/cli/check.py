"""`harness check`: every mistake of every file, at its place; a file with none is not mentioned.

In a pipe a mistake is one unwrapped line, `path:line:column: message`; on a terminal the line of the file follows, with
a caret, and what could help. Warnings leave the exit code at 0.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING

from harness.cli.output import json_text, table_stream, write

if TYPE_CHECKING:
    from harness.load import Document, Problem
    from harness.plan import System
    from harness.requirements import RequirementSet

SCHEMA = "harness/check/1"
DEFAULT_FILE = "requirements.yaml"
KINDS = ("requirements", "system", "scenario", "sweep", "mapping")


def run_check(files: Sequence[str] = (), *, json: str | None = None) -> int:
    """Checks files, or all that belong to `requirements.yaml`; 2 if there is a mistake in them, else 0."""
    paths = list(_paths(files))
    problems = check_files(paths)
    errors = sum(problem.severity == "error" for problem in problems)
    report = {"schema": SCHEMA, "files": paths, "problems": [problem.as_json() for problem in problems]}
    write(json, json_text(report))
    stream = table_stream(json)
    print_problems(problems, stream)
    if not errors and stream.isatty():
        stream.write(f"{len(paths)} file{'s' if len(paths) != 1 else ''} without a mistake\n")
    return 2 if errors else 0


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


def check_files(paths: Iterable[str]) -> list[Problem]:
    """Every problem of some files and of the systems that they name, sorted, each once."""
    from harness.load import ProblemList

    found: list[Problem] = []
    for path in paths:
        try:
            found += _check_file(path)
        except ProblemList as error:
            found += error.problems
    return list(ProblemList(found).problems)


def _check_file(path: str) -> Iterable[Problem]:
    from harness.load import read_document, shown

    document = read_document(path)
    value = document.value
    if not isinstance(value, dict):
        return [document.problem(f"expected a group of keys, not {shown(value)}")]
    if "kind" not in value and ("requirements" in value or path.endswith("requirements.yaml")):
        return _check_requirements(document)
    return _check_kind(document, path)


def _check_kind(document: Document, path: str) -> Iterable[Problem]:
    from harness.load import did_you_mean
    from harness.plan import load_scenario, load_system

    kind = document.value.get("kind")
    if kind == "system":
        load_system(path)
    elif kind == "scenario":
        load_scenario(path)
    elif kind == "sweep":
        from harness.sweep.planning import load_sweep

        load_sweep(path)
    elif kind is None:
        start = "start with `kind: system` or `kind: scenario`, or write `requirements:`"
        return [document.problem("this file does not say what it is", suggestion=start)]
    elif kind not in KINDS:
        hint = did_you_mean(str(kind), KINDS[1:], what="kinds")
        return [document.problem(f"unknown kind `{kind}`", "kind", suggestion=hint)]
    return ()


def _check_requirements(document: Document) -> Iterable[Problem]:
    from harness.judge import wrong_stories
    from harness.load import ProblemList
    from harness.plan import load_system, words
    from harness.requirements import Words, compile_requirements, source_of

    source = source_of(document)
    known: Words | None = Words()
    system: System | None = None
    problems: list[Problem] = []
    if source.system is not None:
        file = os.path.join(os.path.dirname(document.path), source.system)
        try:
            system = load_system(file).model
            known = words(system)
        except ProblemList as error:
            known = None
            missing = not os.path.isfile(file)
            problems += [document.problem(f"no such file `{source.system}`", "system")] if missing else error.problems
    try:
        compiled = compile_requirements(source, known)
    except ProblemList as error:
        return [*problems, *error.problems]
    for requirement in compiled:
        for story, message in wrong_stories(requirement, compiled.vocabulary):
            problems.append(compiled.problem(message, story.line, story.column))
    return [*problems, *compiled.warnings, *_slow(compiled, system)]


def _slow(compiled: RequirementSet, system: System | None) -> Iterable[Problem]:
    """Warnings where the settings of the system take longer than a rule allows, whatever else it does."""
    from harness.plan import Controls
    from harness.plan.slack import too_slow

    if system is None:
        return
    controls = Controls.of(system)
    for requirement in compiled:
        for rule in requirement.rules:
            for sentence in too_slow(rule, system, controls):
                yield compiled.problem(f"{requirement.id}: {sentence}", rule.line, 1, severity="warning")
