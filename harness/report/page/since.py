"""What changed since an earlier result: verdicts, sentences, rules, and the settings of the design they rest on.

Compares results of the same kind alone; where they were made differently (seed, runs, controls taken away) it says so
first, since then a moved verdict may not be the design's doing.
"""

from __future__ import annotations

from collections.abc import Iterator

from harness.report.result import RequirementVerdict, RunResult, SystemResult
from harness.report.words import verdict_text


def changes(before: RunResult, after: RunResult) -> list[str]:
    """A sentence for each change, what weighs most first; empty where nothing changed."""
    pairs = list(_pairs(before, after))
    found = [*_made_differently(before, after), *_systems(before, after)]
    for old, new in pairs:
        on = f"{new.name}: " if len(after.systems) > 1 else ""
        found += [on + text for text in (*_verdicts(old, new), *_design(old, new))]
    return found


def _pairs(before: RunResult, after: RunResult) -> Iterator[tuple[SystemResult, SystemResult]]:
    """Each system with what it was; a single one with a single one, whatever it is called now."""
    if len(before.systems) == len(after.systems) == 1:
        yield before.systems[0], after.systems[0]
        return
    old = {one.system: one for one in before.systems}
    yield from ((old[one.system], one) for one in after.systems if one.system in old)


def _made_differently(before: RunResult, after: RunResult) -> Iterator[str]:
    for what, old, new in (
        ("seed", before.seed, after.seed),
        ("seeds per scenario", before.runs, after.runs),
        ("controls taken away", ", ".join(before.without) or "none", ", ".join(after.without) or "none"),
    ):
        if old != new:
            yield f"the two were made differently: {what} was {old} and is {new}"


def _systems(before: RunResult, after: RunResult) -> Iterator[str]:
    if len(before.systems) == len(after.systems) == 1:
        if before.systems[0].system != after.systems[0].system:
            yield f"another system: was {before.systems[0].system}, is {after.systems[0].system}"
        return
    old, new = [one.system for one in before.systems], [one.system for one in after.systems]
    yield from (f"{one} is new" for one in new if one not in old)
    yield from (f"{one} is no longer there" for one in old if one not in new)


def _verdicts(before: SystemResult, after: SystemResult) -> Iterator[str]:
    old = {one.requirement: one for one in before.verdicts}
    new = {one.requirement: one for one in after.verdicts}
    for name, one in new.items():
        was = old.get(name)
        if was is None:
            yield f"{name} is new: {verdict_text(one)}"
            continue
        if verdict_text(was) != verdict_text(one):
            yield f"{name}: was {verdict_text(was)}, is {verdict_text(one)}"
        yield from (f"{name}: {text}" for text in _requirement(was, one))
    yield from (f"{name} is no longer there (was {verdict_text(one)})" for name, one in old.items() if name not in new)


def _requirement(was: RequirementVerdict, now: RequirementVerdict) -> Iterator[str]:
    if was.text != now.text:
        yield f"the sentence changed; it was “{was.text}”"
    if was.says and now.says and was.says != now.says:
        yield "what the rule checks changed"
    for what, old, new in (("owner", was.owner, now.owner), ("severity", was.severity, now.severity)):
        if old != new:
            yield f"{what} was {old or 'nobody'}, is {new or 'nobody'}"
    if was.verdict == now.verdict == "held" and now.challenged < was.challenged:
        yield f"less was tried: {now.challenged:,} attacks stopped, before {was.challenged:,}"
    if was.guarded_by is not None and now.guarded_by is not None and was.guarded_by != now.guarded_by:
        yield f"rests on {_list(now.guarded_by)}, before on {_list(was.guarded_by)}"


def _design(before: SystemResult, after: SystemResult) -> Iterator[str]:
    old = {one.what: one.value for one in before.assumptions}
    new = {one.what: one.value for one in after.assumptions}
    if old:
        yield from (f"no longer assumed: {what}" for what in old if what not in new)
        yield from (f"newly assumed: {what}, {value}" for what, value in new.items() if what not in old)
        yield from (
            f"{what}: was {old[what]}, is {value}" for what, value in new.items() if old.get(what, value) != value
        )
    if before.benign != after.benign:
        yield (
            f"honest tasks completed {after.benign.completed:,} of {after.benign.tasks:,}, "
            f"before {before.benign.completed:,} of {before.benign.tasks:,}"
        )
    if before.fingerprint and before.fingerprint != after.fingerprint and old == new:
        yield "the system file changed elsewhere"


def _list(names: tuple[str, ...]) -> str:
    return ", ".join(names) or "no single control"
