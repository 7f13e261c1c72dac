"""The ways in which a requirement can break, one at a time: one rule, about these people, agents and recipients.

A rule with `same` (or `per`) keeps a record for each value of those fields, and a breach is about one of them: what
happens to the others can neither keep nor break it. So a search may look for the breach of one value after another, and
in each takes notice of far fewer events: an arrival of Ben calms nothing that is about Ana. Values that are names of the
small world (people, agents, providers, purposes) are told apart; sessions, tasks and approvals by the person whose they
are. Everything else is in every facet. People who are alike (`alike`) need one facet between them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from harness.judge import Monitor, State, Violation, monitor
from harness.judge.keys import where
from harness.judge.monitor import Answers, violation_of
from harness.plan.system import System
from harness.requirements import Requirement, Rule
from harness.search.interests import Interests
from harness.search.passing import drawn_since, forget, settled
from harness.trace import Event, Vocabulary
from harness.world.mechanics.bounds import Bounds
from harness.world.mechanics.state import World

_OF_PEOPLE = frozenset({"session", "task", "approval"})
"""Classes of names that are drawn in a run, each belonging to a person."""
PASSING = frozenset({"operation", "request"})
"""Fields that hold names which no later step may be able to speak of (`passing`)."""
Focus = Mapping[int, str]
"""By place in a rule's key: the value that a breach is about."""
Reader = Callable[[Event], Any]
Role = tuple[tuple[int, Reader], ...]
"""How one kind of event, in one of its parts in the rule, tells the values that are focused on."""


class Facet:
    """One rule of a requirement, for one focus. `number` is the rule's place among those of the requirement."""

    __slots__ = ("_about", "_helping", "_keys", "_names", "_roles", "focus", "interests", "monitor", "number")

    def __init__(
        self,
        number: int,
        rule: Rule,
        vocabulary: Vocabulary,
        focus: Focus | None = None,
        names: Mapping[int, frozenset[str]] | None = None,
    ) -> None:
        self.number = number
        self.monitor: Monitor = monitor(rule, vocabulary)
        self.interests = Interests.of(rule)
        self.focus: Focus = focus or {}
        self._names = names or {}
        self._keys = _passing_keys(rule, vocabulary)
        self._helping = {kind: where(rule.other, kind, vocabulary) for kind in _helpers(rule) if rule.other is not None}
        self._roles: dict[str, list[Role]] = {}
        self._about: dict[str, Role] = {}
        for clause, fields in _sides(rule) if self.focus else ():
            for kind in clause:
                role = tuple(
                    (place, vocabulary.getter(kind, fields[place]))
                    for place in self.focus
                    if vocabulary.field(kind, fields[place]) is not None
                )
                self._roles.setdefault(kind, []).append(role)
                if clause is rule.about.kinds:
                    self._about[kind] = role

    def __str__(self) -> str:
        return f"rule {self.number + 1}" + "".join(f", {value}" for value in self.focus.values())

    def sees(self, event: Event, world: World) -> bool:
        """Whether an event can be about what this facet is about."""
        roles = self._roles.get(event.kind)
        return roles is None or any(self._fits(role, event, world) for role in roles)

    def calms(self, event: Event, world: World, before: Mapping[str, int]) -> bool:
        """Whether a fact can help to keep the rule here; `before` is how the counters of names stood before the command."""
        if event.kind not in self.interests.calming or not self.sees(event, world):
            return False
        if event.kind in self._helping and not self._helping[event.kind](event):
            return False
        return not any(drawn_since(read(event), world, before) for read in self._keys.get(event.kind, ()))

    def forget(self, state: State, world: World) -> None:
        """Drop what is noted of earlier steps and nothing can be tied to any more."""
        if self._keys and self.monitor.rule.pattern == "precedence" and settled(world):
            forget(state, world)

    def reads(self, kind: str) -> frozenset[str]:
        """The fields of a kind of event that the rule, or the choice of the facet, goes by."""
        rule = self.monitor.rule
        key = {name for pair in rule.same for name in pair} | set(rule.per)
        return frozenset(key.union(name for of, name in rule.reads() if of == kind))

    def involves(self, person: str) -> bool:
        """Whether a breach can be about a person."""
        return all(person not in self._names[place] or person == value for place, value in self.focus.items())

    def step(self, state: State, event: Event, world: World) -> tuple[Violation | None, int]:
        """What the rule makes of a fact, and how many breaches it kept from happening; one about something else does nothing.

        A duty is kept from being broken where its answer was left out, and comes in time all the same.
        """
        if not self.sees(event, world):
            return None, 0
        found = self.monitor.take(state, event)
        saved = len(found.saved) if isinstance(found, Answers) else 0
        if len(self._roles.get(event.kind, ())) > 1:
            self._prune(state, world)
            if event.kind in self._about and not self._fits(self._about[event.kind], event, world):
                return None, saved
        return violation_of(found), saved

    def would_violate(self, state: State, event: Event, world: World) -> bool:
        """Whether an event that did not happen would have broken the rule in this facet."""
        return self.sees(event, world) and self.monitor.would_violate(state, event)

    def attempted(self, state: State, event: Event, world: World) -> bool:
        """The same of an event that was stopped; of an answer that was left out, note is taken."""
        if self.sees(event, world):
            self.monitor.omit(state, event)
        return self.would_violate(state, event, world)

    def _fits(self, role: Role, event: Event, world: World) -> bool:
        return all(self._within(place, read(event), world) for place, read in role)

    def _within(self, place: int, value: Any, world: World) -> bool:
        wanted = self.focus[place]
        if value is None or value == wanted:
            return True
        if value in self._names[place]:
            return False
        person = _person_of(world, value)
        return person is None or person == wanted or person not in self._names[place]

    def _prune(self, state: State, world: World) -> None:
        """Forget what one event, in another of its parts, noted about something else."""
        for key in [key for key in state if key is not None]:
            parts = key if isinstance(key, tuple) else (key,)
            if not all(self._within(place, parts[place], world) for place in self.focus):
                del state[key]


def whole(requirement: Requirement, vocabulary: Vocabulary) -> list[Facet]:
    """Each rule as it is, about everything at once."""
    return [Facet(number, rule, vocabulary) for number, rule in enumerate(requirement.rules)]


def facets(
    number: int, rule: Rule, vocabulary: Vocabulary, view: Bounds, people: Sequence[str] | None = None
) -> list[Facet]:
    """Every facet of a rule in a small world; `people` are those who need one of their own (all, by default)."""
    names = dict(_places(rule, vocabulary, view))
    several = {place: frozenset(of) for place, of in names.items()}
    wanted = [[one for one in of if people is None or one in people or one not in view.people] for of in names.values()]
    return [
        Facet(number, rule, vocabulary, dict(zip(names, values, strict=True)), several) for values in product(*wanted)
    ]


def _places(rule: Rule, vocabulary: Vocabulary, view: Bounds) -> Iterator[tuple[int, tuple[str, ...]]]:
    """The places of a rule's key whose values the small world names, each class of names once."""
    seen: set[str] = set()
    key = tuple(pair[0] for pair in rule.same) or rule.per
    classes = [_classes(rule.about.kinds, name, vocabulary) for name in key]
    if any("person" in one for one in classes):
        classes = [one - _OF_PEOPLE for one in classes]
    known: Mapping[str, tuple[str, ...]] = {
        "person": view.people,
        "agent": view.agents,
        "provider": view.providers,
        "purpose": tuple(dict.fromkeys(job.purpose for job in view.jobs)),
        **dict.fromkeys(_OF_PEOPLE, view.people),
    }
    for place, of in enumerate(classes):
        sort = next((one for one in known if one in of), None)
        if sort is None or of - {sort} or sort in seen or len(known[sort]) < 2:
            continue
        seen.add(sort)
        yield place, known[sort]


def _helpers(rule: Rule) -> tuple[str, ...]:
    """The kinds of events that help to keep a rule as the other one that it names, and in no other way."""
    if rule.pattern not in ("precedence", "response") or rule.other is None:
        return ()
    ending = {kind for clause in (rule.ends, rule.closes) if clause is not None for kind in clause.kinds}
    return tuple(kind for kind in rule.other.kinds if kind not in ending)


def _passing_keys(rule: Rule, vocabulary: Vocabulary) -> dict[str, tuple[Reader, ...]]:
    """By kind of event that only helps one that it is tied to: how to read what it is tied by."""
    names = [right for _, right in rule.same if right in PASSING]
    return {kind: tuple(vocabulary.getter(kind, name) for name in names) for kind in (_helpers(rule) if names else ())}


def _classes(kinds: Iterable[str], name: str, vocabulary: Vocabulary) -> frozenset[str]:
    """Of what classes a field is, in the kinds that have it."""
    fields = [vocabulary.field(kind, name) for kind in kinds]
    return frozenset(one for field in fields if field is not None for one in field.classes)


def _sides(rule: Rule) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """The kinds of each part of a rule, and the fields that make its key there."""
    left = tuple(pair[0] for pair in rule.same) or rule.per
    right = tuple(pair[1] for pair in rule.same) or rule.per
    yield rule.about.kinds, left
    for clause in (rule.other, rule.ends, rule.closes):
        if clause is not None:
            yield clause.kinds, right


def _person_of(world: World, name: Any) -> str | None:
    """Whose a session, task or approval is."""
    for held in (world.tasks, world.approvals):
        if name in held:
            return held[name].user
    for server in world.servers.values():
        if name in server.store.sessions:
            return server.store.sessions[name].user
    return None


def alike(system: System, world: World, people: Sequence[str]) -> bool:
    """Whether swapping the names of these people changes nothing: equal records, open to the same others, equal rights."""
    told = system.people
    named = {name for one in told.mandates for name in (one.owner, one.holder)}
    named |= {name for one in system.shared for name in (one.owner, *one.subjects)}
    return not named & set(people) and len({_profile(system, world, name) for name in people}) == 1


def _profile(system: System, world: World, name: str) -> tuple[Any, ...]:
    """What can be told of a person without the name."""
    own = [
        (one.id.replace(name, ""), one.category, tuple(other for other in one.entitled if other != name), one.fields,
         one.subjects, one.trusted, one.region, one.tenant)
        for one in world.records.values() if one.owner == name
    ]  # fmt: skip
    return system.people.regions.get(name), tuple(sorted(own))
