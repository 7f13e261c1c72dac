"""Which rules nothing goes against by itself, and which nobody can keep: warnings before anything is run.

A rule about steps and deeds gives rise to misbehaviours of its own; where it does not, only the scenarios beside the file
can challenge it. A rule that takes more people than there are can be kept by nobody, however honest; nor can two that
ask for different outcomes of one step.
"""

from __future__ import annotations

from collections.abc import Iterator

from harness.load import Problem
from harness.plan import System
from harness.plan.steps import DEEDS, GROUPS, SERVER_SIDE, Step
from harness.requirements import Requirement, RequirementSet, Rule
from harness.suite.steps import at_odds, declared_steps


def untried(system: System, requirements: RequirementSet) -> Iterator[Problem]:
    """A warning at the line of each rule from which no misbehaviour is made, or that takes more people than there are."""
    steps = {step.kind: step for step in declared_steps(system, requirements)}
    for one in requirements:
        for rule in one.rules:
            for message, hint in (*_untried(one, rule, requirements, steps), *_too_few(rule, system, steps)):
                yield requirements.problem(f"{one.id}: {message}", rule.line, suggestion=hint, severity="warning")
    for kind, rule, other in at_odds(system, requirements):
        message = f"honest work cannot do `{kind}` so that this and `{other}` are kept: they ask for different outcomes"
        hint = "declare an event for each of them"
        yield requirements.problem(message, rule.line, suggestion=hint, severity="warning")


def _untried(
    one: Requirement, rule: Rule, requirements: RequirementSet, steps: dict[str, Step]
) -> Iterator[tuple[str, str]]:
    kinds = [kind for clause in rule.clauses for kind in clause.kinds]
    declared = [kind for kind in kinds if requirements.vocabulary.kinds[kind].emitted_by or kind in DEEDS]
    mine = [kind for kind in declared if kind not in DEEDS or requirements.vocabulary.kinds[kind].emitted_by]
    tried = any(one.id in steps[kind].aims and steps[kind].twists for kind in declared if kind in steps)
    if mine and not tried:
        named = ", ".join(f"`{kind}`" for kind in dict.fromkeys(mine))
        message = f"no misbehaviour about {named} comes of this: only scenarios of your own can challenge it"
        yield message, f"`harness explain {one.id}` shows which do"


def _too_few(rule: Rule, system: System, steps: dict[str, Step]) -> Iterator[tuple[str, str]]:
    for kind in rule.other.kinds if rule.pattern == "precedence" and rule.other is not None else ():
        step = steps.get(kind)
        if step is None or not step.by or any(one.sort in SERVER_SIDE for one in step.by):
            continue
        field = step.fields.get(rule.distinct or "")
        apart = rule.at_least > 1 and (rule.distinct == "actor" or (field is not None and field.person))
        needed = rule.at_least if apart else 2 if step.apart and _of_operators(step, steps) else 1
        able = sum(_able(one.sort, one.name, system) for one in step.by)
        if able < needed:
            there = f"only {able} in the system" if able else "nobody in the system"
            yield f"`{kind}` takes {needed} different people, and {there} can do it", "add people who can, below `people`"


def _of_operators(step: Step, steps: dict[str, Step]) -> bool:
    """Whether a step stands before what operators do, so that another has to do it than who does that."""
    alone = {kind for kind, one in steps.items() if not one.before and not one.after}
    return bool(step.before) and set(step.before) <= DEEDS.keys() | alone and all(one.sort == "operator" for one in step.by)


def _able(sort: str, name: str, system: System) -> int:
    """How many people or programs can do a step in one piece of work."""
    people = system.people
    if sort == "operator":
        return 1 if name in people.administrators else len(people.administrators)
    if sort != "people" or GROUPS.get(name) in (("user",), ("agent",)):
        return 1
    return sum(name in ("employee", one.role) for one in people.employees.values())
