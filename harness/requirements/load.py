"""A requirements file from its path to rules that can be judged, or every mistake in it at once.

Two steps, since the words of a rule come from the system that the file names: `read_requirements(path)` reads the file
and knows `system`; `compile_requirements(source, words)` gives the requirements.
"""

from __future__ import annotations

import copy
import itertools
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from harness.load import Document, Key, Problem, ProblemList, did_you_mean, model_problems, read_document, shown
from harness.requirements import model
from harness.requirements.build import RuleBuilder, keys_of
from harness.requirements.conditions import Constant
from harness.requirements.declared import declared_kinds, declared_lists, declared_words, emitted_anyway
from harness.requirements.meant import as_meant
from harness.requirements.rules import Requirement, Rule, Story, Waiver
from harness.requirements.stories import StoryReader
from harness.requirements.words import Words
from harness.trace import STANDARD, Vocabulary

Variables = Mapping[str, tuple[list[Constant], tuple[Key, ...]]]
"""The values of `for_each` by variable, and the key path of the rule or requirement that has them."""
MAX_VARIANTS = 1_000
_VARIABLE = re.compile(r"\$([A-Za-z_][A-Za-z0-9_.-]*)")


@dataclass
class Source:
    """A requirements file that was read, before its words are looked up; `problems` are mistakes of its shape."""

    document: Document
    file: model.File
    items: dict[int, model.Requirement] = field(default_factory=dict)
    partial: set[int] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)

    @property
    def system(self) -> str | None:
        """The system file as written, relative to this file."""
        return self.file.system


@dataclass(frozen=True)
class RequirementSet:
    """The requirements of one file, compiled; warnings do not stop them."""

    path: str
    system: str | None
    requirements: tuple[Requirement, ...]
    vocabulary: Vocabulary
    document: Document
    warnings: tuple[Problem, ...] = ()

    def __iter__(self) -> Iterator[Requirement]:
        return iter(self.requirements)

    def __getitem__(self, requirement_id: str) -> Requirement:
        for requirement in self.requirements:
            if requirement.id == requirement_id:
                return requirement
        raise KeyError(requirement_id)

    def only(self, ids: frozenset[str]) -> RequirementSet:
        """The same file with some of its requirements."""
        return replace(self, requirements=tuple(r for r in self.requirements if r.id in ids))

    def problem(self, message: str, line: int, column: int = 1, **more: Any) -> Problem:
        """A later mistake at a line of this file."""
        return Problem(self.path, line, column, message, excerpt=self.document.line_text(line), **more)


_OTHER_FILES = {
    "scenario": "show what happens in it with `harness replay {0}`",
    "system": "hold requirements against it with `harness run --system {0}`",
    "sweep": "run it with `harness sweep {0} --out DIR`",
    "mapping": "check it with `harness check {0}`",
}
"""What another kind of file is good for."""


def load_requirements(path: str | Path, words: Words | None = None) -> RequirementSet:
    """Reads and compiles in one; without `words` declared words are not checked. Raises ProblemList."""
    return compile_requirements(read_requirements(path), words)


def read_requirements(path: str | Path, text: str | None = None) -> Source:
    """Reads a file's shape; raises ProblemList only where nothing of it can be understood."""
    return source_of(read_document(path, text))


def source_of(document: Document) -> Source:
    """A document as a requirements file."""
    value = document.value
    if not isinstance(value, dict):
        raise ProblemList([document.problem(f"expected a group of keys, not {shown(value)}")])
    if (use := _OTHER_FILES.get(str(value.get("kind")))) is not None:
        message = f"this is a {value['kind']} file, not a requirements file"
        raise ProblemList([document.problem(message, "kind", suggestion=use.format(document.path))])
    document, problems = as_meant(document)
    value = document.value
    given = value.get("requirements")
    source = Source(document, _head(document, problems), problems=problems)
    if isinstance(given, list):
        for index, item in enumerate(given):
            told = len(source.problems)
            source.problems += _without_value(document, item, ("requirements", index))
            found = _item(document, index, item, source.problems)
            if found is not None:
                source.items[index] = found
            if len(source.problems) > told:
                source.partial.add(index)
        if not given:
            source.problems.append(document.problem("no requirement here", "requirements"))
    if isinstance(given, list) and list(value)[-1] != "requirements":
        message = "`requirements` is the last key of the file"
        source.problems.append(document.problem(message, list(value)[-1], on_key=True, suggestion="move this above it"))
    return source


def _head(document: Document, problems: list[Problem]) -> model.File:
    """The file without its requirements; keys with mistakes are left out once they are told."""
    value = dict(document.value)
    if isinstance(value.get("requirements"), list):
        value["requirements"] = []
    try:
        return model.File.model_validate(value)
    except ValidationError as error:
        problems.extend(model_problems(document, model.File, error))
        places = [detail["loc"] for detail in error.errors()]
    try:
        return model.File.model_validate({**_without(value, places), "requirements": []})
    except ValidationError:
        wrong = {place[0] for place in places}
        return model.File.model_validate({"requirements": [], **{k: part for k, part in value.items() if k not in wrong}})


def _without_value(document: Document, item: Any, path: tuple[Key, ...]) -> Iterator[Problem]:
    """Keys that are there, and say nothing."""
    for key, value in item.items() if isinstance(item, dict) else ():
        if value is None:
            yield document.problem(f"`{key}` has no value", *path, key, on_key=True)
        elif key == "rules" and isinstance(value, list):
            for index, rule in enumerate(value):
                yield from _without_value(document, rule, (*path, "rules", index))


def _item(document: Document, index: int, item: Any, problems: list[Problem]) -> model.Requirement | None:
    """One requirement; where keys have mistakes, what is left of it, so that its other mistakes are told as well."""
    try:
        return model.Requirement.model_validate(item)
    except ValidationError as error:
        problems.extend(model_problems(document, model.Requirement, error, "requirements", index))
        if not isinstance(item, dict):
            return None
        places = [detail["loc"] for detail in error.errors() if detail["loc"]]
    try:
        return model.Requirement.model_validate({"id": "unnamed", **_without(item, places)})
    except ValidationError:
        return None


def _without(item: dict[str, Any], places: list[tuple[Key, ...]]) -> dict[str, Any]:
    """A copy without the keys that mistakes point at; an entry of a list takes the list with it, places stay true."""
    left = copy.deepcopy(item)
    for place in places:
        around: dict[str, Any] | None = left
        key, value = place[0], left.get(str(place[0]))
        for part in place[1:]:
            if isinstance(value, dict) and part in value:
                around, key, value = value, part, value[part]
            elif isinstance(value, list) and isinstance(part, int) and isinstance(value[part], dict):
                around, value = None, value[part]
            else:
                break
        if around is not None:
            around.pop(str(key), None)
    return left


def vocabulary_of(source: Source, problems: list[Problem] | None = None) -> Vocabulary:
    """The kinds of events that a file's rules may speak of: the standard ones, and those that it declares."""
    kinds = list(declared_kinds(source.file.events, source.document, [] if problems is None else problems))
    return STANDARD.extended(kinds) if kinds else STANDARD


def compile_requirements(source: Source, words: Words | None = None) -> RequirementSet:
    """The requirements of a file, every word looked up; raises ProblemList with every mistake in it."""
    return _Compiler(source, words).compile()


def _named(rule: model.Rule) -> set[str]:
    """The variables and lists that a rule's conditions name."""
    return {name for text in keys_of(rule).values() if isinstance(text, str) for name in _VARIABLE.findall(text)}


class _Compiler:
    """Compiles one file: declared words and kinds first, then requirement by requirement."""

    def __init__(self, source: Source, words: Words | None) -> None:
        self.source = source
        self.document = source.document
        self.problems = list(source.problems)
        self.vocabulary = vocabulary_of(source, self.problems)
        more = declared_words(source.file.values, self.vocabulary, self.document, self.problems)
        self.words = None if words is None else words.with_words(more)
        if words is not None and words.emitted is not None:
            self.problems += emitted_anyway(source.file.events, words.emitted, self.document)
        self.lists = declared_lists(source.file.lists)
        self.builder = RuleBuilder(self.document, self.vocabulary, self.words, self.lists)
        self.stories = StoryReader(self.document, self.vocabulary)

    def compile(self) -> RequirementSet:
        self._unique_ids()
        found = [self._requirement(index, item) for index, item in self.source.items.items()]
        self._unused_lists()
        problems = [*self.problems, *self.builder.problems, *self.stories.problems]
        if any(problem.severity == "error" for problem in problems):
            raise ProblemList(problems)
        requirements = tuple(r for r in found if r is not None)
        self._unused_events(requirements)
        warnings = ProblemList([*problems, *self.problems]).problems
        file = self.source.file
        return RequirementSet(self.document.path, file.system, requirements, self.vocabulary, self.document, warnings)

    def say(self, message: str, *path: Key, **more: Any) -> None:
        self.problems.append(self.document.problem(message, *path, **more))

    def _unique_ids(self) -> None:
        seen: dict[str, int] = {}
        for index in self.source.items:
            name = self.document.value["requirements"][index].get("id")
            if isinstance(name, str) and name in seen:
                line, _ = self.document.at("requirements", seen[name], "id")
                self.say(f"the id `{name}` is here twice", "requirements", index, "id", suggestion=f"see line {line}")
            elif isinstance(name, str):
                seen[name] = index

    def _requirement(self, index: int, item: model.Requirement) -> Requirement | None:
        path: tuple[Key, ...] = ("requirements", index)
        self.builder.partial = index in self.source.partial
        rules = tuple(self._rules(item, path))
        stories = tuple(self._stories(item, path))
        return Requirement(
            id=item.id,
            text=item.text or item.id,
            rules=rules,
            line=self.document.at(*path)[0],
            owner=item.owner,
            severity=item.severity,
            source=item.source,
            agreed=item.agreed or {},
            waiver=self._waiver(item, path),
            stories=stories,
        )

    def _waiver(self, item: model.Requirement, path: tuple[Key, ...]) -> Waiver | None:
        if item.waiver is None:
            return None
        line, column = self.document.at_key(*path, "waiver")
        return Waiver(item.waiver.reason, item.waiver.owner, item.waiver.expires, line, column)

    def _stories(self, item: model.Requirement, path: tuple[Key, ...]) -> Iterator[Story]:
        if item.breaks is not None:
            yield from self.stories.read((*path, "breaks"), breaks=True)
        if item.keeps is not None:
            yield from self.stories.read((*path, "keeps"), breaks=False)

    def _rules(self, item: model.Requirement, path: tuple[Key, ...]) -> Iterator[Rule]:
        own = keys_of(item)
        shared = {name: (values, path) for name, values in (item.for_each or {}).items()}
        named = {name for rule in item.rules or () for name in _named(rule)}
        for name in sorted(shared.keys() - named) if item.rules else ():
            self.say(f"no condition names `${name}`", *path, "for_each", name, on_key=True, severity="warning")
        if item.rules is None:
            if not self.builder.partial or own:
                yield from self._variants(item, path, shared)
            return
        for key in own:
            if key != "for_each":
                self.say(f"`{key}` stands beside `rules`", *path, key, on_key=True, suggestion="move it into a rule")
        for index, rule in enumerate(item.rules):
            place = (*path, "rules", index)
            own_each = {name: (values, place) for name, values in (rule.for_each or {}).items()}
            yield from self._variants(rule, place, {**shared, **own_each})

    def _variants(self, rule: model.Rule, path: tuple[Key, ...], each: Variables) -> Iterator[Rule]:
        """One rule for each combination of the values of its variables."""
        clashing = [(name, place) for name, (_, place) in each.items() if name in self.lists]
        for name, place in clashing:
            self.say(f"`{name}` is a list already", *place, "for_each", name, on_key=True, suggestion="rename it")
        if clashing:
            return
        own = {name for name in each if name in (rule.for_each or {})}
        each = {name: given for name, given in each.items() if name in own or name in _named(rule)}
        count = math.prod(len(values) for values, _ in each.values())
        if count > MAX_VARIANTS:
            hint = f"at most {MAX_VARIANTS}"
            self.say(f"`for_each` makes {count} rules", *path, "for_each", on_key=True, suggestion=hint)
            return
        self.builder.used -= set(each)
        for chosen in itertools.product(*(range(len(values)) for values, _ in each.values())):
            picked = dict(zip(each, chosen, strict=True))
            self.builder.places = {n: (*each[n][1], "for_each", n, at) for n, at in picked.items()}
            built = self.builder.build(rule, path, {n: each[n][0][at] for n, at in picked.items()})
            if built is not None:
                yield built
        for name in sorted(set(each) - self.builder.used):
            if not any(p.severity == "error" for p in self.builder.problems):
                place = (*each[name][1], "for_each", name)
                self.say(f"no condition names `${name}`", *place, on_key=True, severity="warning")

    def _unused_events(self, requirements: tuple[Requirement, ...]) -> None:
        spoken = frozenset().union(*(one.kinds for one in requirements))
        for name in self.source.file.events:
            if name in self.vocabulary.kinds and name not in spoken:
                hint = did_you_mean(name, {*spoken, *STANDARD.kinds} - {name}, all_up_to=0)
                self.say(f"no rule speaks of `{name}`", "events", name, on_key=True, severity="warning", suggestion=hint)

    def _unused_lists(self) -> None:
        broken = any(p.severity == "error" for p in (*self.problems, *self.builder.problems))
        for name in self.lists if not broken else ():
            if name not in self.builder.used:
                hint = did_you_mean(name, self.builder.used, all_up_to=0)
                self.say(f"no rule names `${name}`", "lists", name, on_key=True, severity="warning", suggestion=hint)
