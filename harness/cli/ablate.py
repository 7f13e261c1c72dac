"""`harness ablate`: the matrix of requirements and controls, and where it differs from what was predicted."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from harness.cli.output import json_text, progress_bar, table_stream, write

if TYPE_CHECKING:
    from harness.suite.ablate import Ablation
    from harness.suite.expectations import Checked
    from harness.suite.graded import Grade
    from harness.suite.matrix import Result

FINISHED, SURPRISED, FAILED = 0, 1, 4


@dataclass(frozen=True, kw_only=True)
class AblateOptions:
    """What was asked for on the command line."""

    requirements: str
    systems: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    seed: int = 0
    pairs: bool = True
    exposure: bool = False
    check: bool = False
    json: str | None = None
    markdown: str | None = None


def run_ablate(options: AblateOptions) -> int:
    """Takes every control away in turn; 0 when finished, 4 where a run failed, with `check` 1 where one surprised."""
    from harness.suite.ablate import ablate_project
    from harness.suite.differences import compare_with_prediction
    from harness.suite.matrix import Result, document, markdown
    from harness.suite.project import load_project

    project = load_project(options.requirements, systems=options.systems or None, without=options.without)
    with progress_bar("taking controls away") as progress:
        ablations = ablate_project(project, seed=options.seed, pairs=options.pairs, progress=progress)
    results = [Result(one, compare_with_prediction(one), _grades(options, one)) for one in ablations]
    stream = table_stream(options.json, options.markdown)
    _print(results, stream)
    checked = _check(options, stream) if options.check else []
    write(options.json, json_text(document(results) | _told(options, checked)))
    write(options.markdown, markdown(results, command=command(options)))
    return _exit_code(ablations, checked)


def command(options: AblateOptions) -> str:
    """The command line that gives this result again."""
    words = ["harness", "ablate"]
    if options.requirements != "requirements.yaml":
        words += ["--requirements", options.requirements]
    words += [word for one in options.systems for word in ("--system", one)]
    words += [word for one in options.without for word in ("--without", one)]
    words += ["--seed", str(options.seed)] if options.seed else []
    words += [] if options.pairs else ["--no-pairs"]
    words += ["--exposure"] if options.exposure else []
    words += ["--markdown", options.markdown] if options.markdown else []
    return shlex.join(words)


def _grades(options: AblateOptions, ablation: Ablation) -> Sequence[Grade]:
    """What lies open without the pairs, where that is asked for."""
    from harness.suite.graded import grades

    if not (options.exposure and options.pairs):
        return ()
    with progress_bar("measuring what lies open") as progress:
        return grades(ablation.project, ablation.design, seed=options.seed, progress=progress)


def _print(results: Sequence[Result], stream: IO[str]) -> None:
    from harness.report.terminal import print_rows
    from harness.suite.matrix import columns, notes, rows

    for number, result in enumerate(results):
        ablation = result.ablation
        stream.write("\n" if number else "")
        stream.write(f"{ablation.design.system.name} ({ablation.design.shown}), seed {ablation.seed}\n")
        print_rows(columns(ablation), rows(ablation), stream)
        stream.write("\n")
        stream.writelines(f"{note}\n" for note in notes(result))


def _check(options: AblateOptions, stream: IO[str]) -> list[Checked]:
    """Every expectation that a scenario file states, held against what happens; those not met are told."""
    from harness.suite.expectations import check_expectations

    with progress_bar("checking expectations") as progress:
        checked = check_expectations(
            options.requirements, systems=options.systems or None, seed=options.seed, progress=progress
        )
    wrong = [one for one in checked if not one.met]
    stream.writelines(f"{one}\n" for one in wrong)
    stream.write(f"\n{len(checked) - len(wrong):,} of {len(checked):,} expectations of scenario files met\n")
    return checked


def _told(options: AblateOptions, checked: Sequence[Checked]) -> dict[str, object]:
    if not options.check:
        return {}
    return {"expectations": {"checked": len(checked), "not_met": [str(one) for one in checked if not one.met]}}


def _exit_code(ablations: Sequence[Ablation], checked: Sequence[Checked]) -> int:
    if any(one.failed for one in ablations):
        sys.stderr.write("a run failed: its cells say nothing\n")
        return FAILED
    return SURPRISED if any(not one.met for one in checked) else FINISHED
