"""What a system insists on, held against the requirements file: mistakes there would refuse everything, or nothing.

A system names the steps, a requirements file declares them; only both together say whether a name means something.
"""

from __future__ import annotations

from collections.abc import Iterator

from harness.load import Document, Problem, did_you_mean
from harness.plan import System
from harness.plan.insisted import Insisted
from harness.plan.steps import STOPPABLE
from harness.trace import Vocabulary

Path = tuple[str | int, ...]


def insisted_problems(system: System, document: Document, vocabulary: Vocabulary) -> Iterator[Problem]:
    """Every mistake in what a system insists on, where it stands in the system's file."""
    for path, place in system.insisting():
        if path[0] == "procedures":
            yield from _procedure(path, place, document, vocabulary)
        elif system.apis[path[1]].kind == "a2a":
            hint = "say it at the endpoints that the agent calls"
            yield document.problem("nothing is insisted on where an agent gets its message", *path, suggestion=hint)
        for inside, kind in place.steps():
            if kind not in vocabulary.kinds:
                near = did_you_mean(kind, list(vocabulary.kinds), all_up_to=0)
                hint = near or "declare it below `events:` of the requirements file, with what it is `emitted_by`"
                in_key = inside[0] == "ensures"
                yield document.problem(f"unknown event `{kind}`", *path, *inside, on_key=in_key, suggestion=hint)
        yield from _fields(path, place, document, vocabulary)


def _procedure(path: tuple[str, ...], place: Insisted, document: Document, vocabulary: Vocabulary) -> Iterator[Problem]:
    """A procedure is about an event, and only what operators do can be refused."""
    kind = path[1]
    if kind not in vocabulary.kinds:
        hint = did_you_mean(kind, list(vocabulary.kinds), all_up_to=0)
        yield document.problem(f"unknown event `{kind}`", *path, on_key=True, suggestion=hint)
    elif kind not in STOPPABLE and not vocabulary.kinds[kind].emitted_by and (place.requires or place.refuses_after):
        key = "requires" if place.requires else "refuses_after"
        hint = f"what operators do can be: {', '.join(f'`{one}`' for one in sorted(STOPPABLE))}; `ensures` goes everywhere"
        yield document.problem(f"`{kind}` cannot be refused here", *path, key, on_key=True, suggestion=hint)


def _fields(path: tuple[str, ...], place: Insisted, document: Document, vocabulary: Vocabulary) -> Iterator[Problem]:
    """What is compared must be fields of the step."""
    for key in ("requires", "refuses_after"):
        for number, one in enumerate(getattr(place, key)):
            known = vocabulary.kinds.get(one.step)
            if known is None:
                continue
            names: list[tuple[Path, str]] = [
                (("same", order), written.partition("=")[2].strip() or written.strip())
                for order, written in enumerate(one.same or ())
            ]
            names += [(("distinct",), one.distinct)] if one.distinct is not None else []
            for inside, name in names:
                if name not in known.fields:
                    hint = did_you_mean(name, list(known.fields), all_up_to=0)
                    message = f"`{one.step}` has no field `{name}`"
                    yield document.problem(message, *path, key, number, *inside, suggestion=hint)
