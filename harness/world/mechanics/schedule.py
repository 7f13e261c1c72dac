"""When the steps that a requirements file declares are done in a system, and where the design insists on them (K32)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from harness.plan.insisted import Evidence, Insisted
from harness.plan.steps import DESPITE, Emitter, Step, Tie, steps_of
from harness.plan.system import System
from harness.world.mechanics.occurrences import Moment

if TYPE_CHECKING:
    from harness.world.mechanics.design import EndpointInfo


class Ask(NamedTuple):
    """Evidence that one place asks for, or (`ban`) a thing after which it refuses; each of `ties` must be satisfied."""

    step: Step
    ties: tuple[Tie, ...]
    ban: bool = False
    any_outcome: bool = False

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of events that have to be kept for it."""
        return (self.step.kind, *(kind for tie in self.ties for kind in tie.ended_by))


_OF_SORT: Mapping[str, tuple[str, ...]] = {"llm_gateway": ("llm.received",), "a2a": ()}
"""What comes of a request to an endpoint of these sorts besides what endpoints of all sorts do."""


class Schedule:
    """The steps of a system: `beside` by kind of event, `at` by endpoint whose handler does them.

    `asks` is what each place insists on, `kept` the kinds that are recorded for that, `spent` those whose evidence is used up.
    """

    def __init__(self, system: System, endpoints: Mapping[str, EndpointInfo]) -> None:
        self.beside: dict[str, tuple[Moment, ...]] = {}
        self.at: dict[str, tuple[Step, ...]] = {}
        self.steps = {step.kind: step for step in steps_of(system)}
        for step in self.steps.values():
            for by in step.by:
                self._place(step, by, endpoints, system)
        self.asks = asks_of(system, endpoints, self.steps)
        self.kept = frozenset(kind for asks in self.asks.values() for ask in asks for kind in ask.kinds)
        self.spent = frozenset(
            ask.step.kind for asks in self.asks.values() for ask in asks if any(tie.use_once for tie in ask.ties)
        )  # fmt: skip
        for kind in self.kept:
            self.beside.setdefault(kind, ())
        self.ensured = ensured_in(system)

    def _place(self, step: Step, by: Emitter, endpoints: Mapping[str, EndpointInfo], system: System) -> None:
        if by.sort == "endpoint":
            info = endpoints[by.name]
            runs = endpoints.get(info.endpoint.calls or "", info)
            sort = system.apis[runs.api].kind
            by = Emitter(sort="endpoint", name=runs.name)
            if not {*effects_of(runs), *_OF_SORT.get(sort, ())} & {*step.before, *step.after}:
                if sort in _OF_SORT:  # no call of an API: the message to an agent, the prompt to a model
                    self._add("request.allowed", Moment(step, by, False))
                else:
                    self.at[info.name] = (*self.at.get(info.name, ()), step)
                return
        for kinds, before in ((step.before, True), (step.after, False)):
            for kind in kinds:
                self._add(kind, Moment(step, by, before, step.occasional))
        if DESPITE in step.twists and not step.occasional and (step.before or step.after):
            self._add("task.started", Moment(step, by, False, True))

    def _add(self, kind: str, moment: Moment) -> None:
        self.beside[kind] = (*self.beside.get(kind, ()), moment)

    def places(self, kind: str) -> frozenset[str]:
        """The endpoints whose handlers do a step, each by itself and not as a part of something else."""
        return frozenset(name for name, steps in self.at.items() if any(step.kind == kind for step in steps))


def effects_of(info: EndpointInfo) -> Iterator[str]:
    """The kinds of events that the handler of an endpoint makes."""
    yield "request.allowed"
    if info.endpoint.action != "none":
        yield "data.accessed"
    if info.endpoint.operation is not None:
        yield "operation.completed"
    if info.endpoint.creates_document:
        yield "document.created"


# ---------------------------------------------------------------- what is insisted on


def _insisting(system: System) -> Iterator[tuple[str, Insisted]]:
    """Every place that insists on something: endpoints by name, and what operators and people do by kind of event."""
    for path, one in system.insisting():
        yield f"{path[1]}.{path[3]}" if path[0] == "apis" else path[1], one


def ensured_in(system: System) -> dict[tuple[str, str], int]:
    """After how long a step is done by itself, by place and kind."""
    return {(place, kind): ms for place, one in _insisting(system) for kind, ms in one.ensures.items()}


def asks_of(
    system: System, endpoints: Mapping[str, EndpointInfo], steps: Mapping[str, Step]
) -> dict[str, tuple[Ask, ...]]:
    """What each place asks for, of the steps that the requirements make known."""
    found = {}
    for place, one in _insisting(system):
        kinds = tuple(effects_of(endpoints[place])) if place in endpoints else (place,)
        wanted = ((evidence, False) for evidence in one.requires)
        banned = ((evidence, True) for evidence in one.refuses_after)
        found[place] = tuple(
            _ask(steps[evidence.step], evidence, kinds, ban=ban)
            for evidence, ban in (*wanted, *banned)
            if evidence.step in steps
        )
    return {place: asks for place, asks in found.items() if asks}


def _ask(step: Step, evidence: Evidence, kinds: tuple[str, ...], *, ban: bool) -> Ask:
    """The ties of the rules, changed as the file says; where no rule speaks of it, what it was done for."""
    known = step.bans if ban else step.needs
    ties = tuple(tie for tie in known if set(tie.about) & set(kinds)) or (Tie(same=_default(step, kinds)),)
    more = {
        "same": tuple(_pair(one) for one in evidence.same) if evidence.same is not None else None,
        "within_ms": evidence.within,
        "at_least": evidence.at_least,
        "distinct": evidence.distinct,
    }
    changed = {key: value for key, value in more.items() if value is not None}
    return Ask(step, tuple(tie.model_copy(update=changed) for tie in ties), ban, evidence.outcome == "any")


def _pair(written: str) -> tuple[str, str]:
    left, _, right = written.partition("=")
    return left.strip(), (right or left).strip()


_WHOSE = {"agent": "agent", "user": "user", "session": "user", "consent": "user", "tool": "tool"}


def _default(step: Step, kinds: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """By what an act and a step belong together that no rule ties: the task, or whom the act is about."""
    name = _WHOSE.get(kinds[0].partition(".")[0], "task") if len(kinds) == 1 else "task"
    return ((name, name),) if name != "tool" or "tool" in step.fields else ()
