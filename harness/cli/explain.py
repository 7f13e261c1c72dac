"""`harness explain ID`: what a requirement really says, what it forbids and permits, what it reads, what tests it.

Which scenarios challenge it and which controls stopped them is found by running them, unless that is declined.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import IO, TYPE_CHECKING, Any

from harness.cli.output import Mistake, json_text, progress_bar, table_stream, write

if TYPE_CHECKING:
    from harness.requirements import Requirement, Rule
    from harness.requirements.explain import RuleExplained
    from harness.trace import Event, Vocabulary

SCHEMA = "harness/explain/1"


def run_explain(
    requirement_id: str,
    *,
    requirements: str = "requirements.yaml",
    json: str | None = None,
    scenarios: bool = True,
) -> int:
    """Explains one requirement; 0, or 2 (by exception) where it is unknown."""
    from harness.plan import load_system, words
    from harness.requirements import Words, compile_requirements, read_requirements
    from harness.requirements.explain import explain

    source = read_requirements(requirements)
    known = words(load_system(beside(requirements, source.system)).model) if source.system else Words()
    compiled = compile_requirements(source, known)
    try:
        requirement = compiled[requirement_id]
    except KeyError:
        raise Mistake(_unknown(requirement_id, [one.id for one in compiled])) from None
    explained = explain(requirement, compiled.vocabulary, breaks_rule(compiled.vocabulary), known)
    tested = _tested(requirements, requirement_id) if scenarios and source.system else None
    write(json, json_text(_report(requirement, explained, tested, compiled.vocabulary)))
    _print(requirement, explained, tested, compiled.vocabulary, table_stream(json))
    return 0


def beside(path: str, named: str) -> str:
    """A path that a file names, from here."""
    import os

    return os.path.join(os.path.dirname(path), named)


def breaks_rule(vocabulary: Vocabulary) -> Any:
    """The monitor's word on whether a story breaks a rule."""
    from dataclasses import replace

    from harness.judge import violates
    from harness.requirements import Requirement

    blank = Requirement("story", "", (), 0)

    def breaks(rule: Rule, story: list[Event]) -> bool:
        return violates(replace(blank, rules=(rule,)), story, vocabulary)

    return breaks


def _unknown(asked: str, known: Sequence[str]) -> str:
    from harness.load import did_you_mean

    hint = did_you_mean(asked, known)
    return f"unknown requirement `{asked}`" + (f"; {hint}" if hint else "")


def _tested(requirements: str, requirement_id: str) -> Mapping[str, Any] | None:
    """What challenges a requirement, how often which control stopped it, and which it rests on; None without a system."""
    from harness.suite import run_suite
    from harness.suite.guards import guards

    with progress_bar("simulating") as progress:
        result = run_suite(requirements, only=[requirement_id], progress=progress)
    for _, verdict in result.each():
        challenging = [one.scenario for one in verdict.scenarios if one.challenged]
        breaking = [one.scenario for one in verdict.scenarios if one.violations]
        guarding = guards(requirements, requirement_id, scenarios=challenging, stopped_by=verdict.stopped_by)
        return {
            "scenarios": challenging,
            "broken_in": breaking,
            "stopped_by": dict(verdict.stopped_by),
            "guarded_by": guarding,
        }
    return None


def _report(
    requirement: Requirement,
    explained: Iterable[RuleExplained],
    tested: Mapping[str, Any] | None,
    vocabulary: Vocabulary,
) -> dict[str, Any]:
    from harness.trace import flat

    def story(events: Sequence[Event] | None) -> list[dict[str, Any]] | None:
        return None if events is None else [flat(event, vocabulary) for event in events]

    rules = [
        {
            "line": one.rule.line,
            "sentence": one.sentence,
            "forbidden": story(one.examples.forbidden),
            "permitted": story(one.examples.permitted),
            "reads": {kind: [_field(field) for field in fields] for kind, fields in one.fields.items()},
        }
        for one in explained
    ]
    head = {"schema": SCHEMA, "requirement": requirement.id, "text": requirement.text, "owner": requirement.owner}
    return {**head, "severity": requirement.severity, "source": requirement.source, "rules": rules, "tested": tested}


def _field(field: Any) -> dict[str, Any]:
    return {
        "field": field.name,
        "about": field.about,
        "type": field.type_text,
        "mark": "claimed" if field.claimed else "fact",
        "optional": field.optional,
    }


def _print(
    requirement: Requirement,
    explained: Sequence[RuleExplained],
    tested: Mapping[str, Any] | None,
    vocabulary: Vocabulary,
    stream: IO[str],
) -> None:
    stream.write(f"{requirement.id}  {requirement.text}\n")
    facts = [("owner", requirement.owner), ("severity", requirement.severity), ("source", requirement.source)]
    stream.write("".join(f"{name}: {value}\n" for name, value in facts if value))
    if requirement.agreed:
        stream.write(f"agreed: {', '.join(f'{who} on {day}' for who, day in requirement.agreed.items())}\n")
    for number, one in enumerate(explained, 1):
        which = f"Rule {number} of {len(explained)}" if len(explained) > 1 else "The rule"
        stream.write(f"\n{which} (line {one.rule.line}) says:\n  {one.sentence}\n")
        _print_story("It forbids, at its smallest:", one.examples.forbidden, vocabulary, stream)
        _print_story("It permits, nearest to that:", one.examples.permitted, vocabulary, stream)
        stream.write("It reads:\n")
        for kind, fields in one.fields.items():
            stream.write(f"  {kind}: {vocabulary.kinds[kind].about}\n")
            stream.writelines(f"    {f.name}: {f.about} ({f.mark})\n" for f in fields)
    if tested is not None:
        stopped = ", ".join(f"{control} ({n})" for control, n in tested["stopped_by"].items())
        stream.write(f"\nScenarios that challenge it: {', '.join(tested['scenarios']) or 'none'}\n")
        stream.write(f"Controls that stopped them: {stopped or 'none'}\n")
        if tested["broken_in"]:
            stream.write(f"Scenarios that break it: {', '.join(tested['broken_in'])}\n")
        elif tested["scenarios"]:
            guarding = ", ".join(tested["guarded_by"]) or "no single control: for each attack there is a second one"
            stream.write(f"It rests on (taken away, it breaks): {guarding}\n")


def _print_story(title: str, story: Sequence[Event] | None, vocabulary: Vocabulary, stream: IO[str]) -> None:
    from harness.requirements.explain import story_lines

    lines = ["no such story was found"] if story is None else story_lines(story, vocabulary) or ["nothing at all"]
    stream.write(f"{title}\n")
    stream.writelines(f"  {line}\n" for line in lines)
