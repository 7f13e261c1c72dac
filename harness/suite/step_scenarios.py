"""Scenarios about declared steps: for each thing that can go wrong with one, a run in which it does, and the honest twin.

In a run there are two phases, each with one customer: all kinds of tasks, and the deeds of operators and people beside
which the step stands. In one phase everything has the twist, in the other nothing; the honest come when the others have
gone, and their time is over, since a step of theirs must not stand in for one that was left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from harness.plan.scenario import Scenario
from harness.plan.steps import DEEDS, DESPITE, LATE, PEOPLE_DO, REPEATED, Step, step_twist_name, steps_of
from harness.plan.system import System

TASKS_APART_MS = 3_000
DEEDS_FROM_MS = 150_000
DEEDS_APART_MS = 10_000
STAY_MS = 290_000
PHASE_MS = 300_000
LONG_ENOUGH_MS = 900_000
"""In which all tasks have come to their end, also those that wait for an approval."""
WORK_UNDER_WAY_MS = 400
WORK_BEFORE_MS = 40_000
REFUSED = "request.denied"
ABOUT_TOOLS = frozenset({"tool.changed", "tool.approved"})


def step_scenarios(systems: Iterable[System], others: Iterable[Scenario] = ()) -> tuple[Scenario, ...]:
    """A scenario for each thing that can go wrong with a step, made for the first system in which it can.

    A deed that one of the `others` does needs none.
    """
    acts = {key for one in others for action in one.actions for key in action.model_fields_set}
    done = {kind for kind, (_, act, _) in DEEDS.items() if acts & act.keys()}
    found: dict[str, Scenario] = {}
    for system in systems:
        for step in steps_of(system):
            for twist in step.twists if step.by or step.kind not in done else ():
                found.setdefault(twist + step.kind, _Made(twist, step, system).scenario())
    return tuple(found.values())


class _Made:
    """One scenario in the making."""

    def __init__(self, twist: str, step: Step, system: System) -> None:
        self.twist, self.step, self.system = twist, step, system
        steps = {one.kind: one for one in steps_of(system)}
        beside = tuple(_roots(step, steps))
        own = {one.kind for one in steps_of(system) if not one.before and not one.after and one.by}
        self.tool = _tool(system)
        done = own | (DEEDS.keys() if self.tool is not None else DEEDS.keys() - ABOUT_TOOLS)
        self.deeds = [kind for kind in dict.fromkeys((*beside, step.kind)) if kind in done]
        self.apart_ms = max((steps[kind].window_ms for kind in self.deeds if kind in steps), default=0)
        self.only_deeds = all(kind in DEEDS or kind in own for kind in beside) and bool(self.deeds)
        self.beside = frozenset(beside)
        self.forbidding = twist == DESPITE and step.kind in self.deeds
        self.work_from_ms = DEEDS_FROM_MS - WORK_BEFORE_MS if self.forbidding else 2_000
        self.wait_ms = step.old_ms + 1 if twist == LATE and step.before else 0

    def scenario(self) -> Scenario:
        twist = self.twist + self.step.kind
        name = str(step_twist_name(twist))
        other = "B" if len(self.system.people.customers) > 1 else "A"
        people: list[tuple[str, str | None]] = [("A", twist), (other, None)]
        if self.twist in (DESPITE, REPEATED):
            people.reverse()  # what is forbidden or used up may be so for everybody
        visits: list[dict[str, Any]] = []
        actions: list[dict[str, Any]] = []
        since_ms = 0
        for person, own in people:
            for deeds in self._stays():
                visits.append(self._visit(person, since_ms, own, deeds))
                actions += self._actions(person, since_ms, own, deeds)
                since_ms += self.work_from_ms + PHASE_MS + len(deeds) * self.wait_ms + self.step.delay_ms
            since_ms += self.step.late_ms + self.apart_ms  # nor may the two be counted together
        return Scenario.model_validate(
            {
                "kind": "scenario",
                "id": twist,
                "title": name[0].upper() + name[1:],
                "aims": list(self.step.aims),
                "text": "Made from the requirements: whatever is asked for and done on this system, with the twist and without.",
                "visits": visits,
                "actions": actions,
                **({"until": f"{since_ms + LONG_ENOUGH_MS}ms"} if self.step.after or self.deeds else {}),
            }
        )

    def _stays(self) -> list[list[str]]:
        """The deeds of each stay of a person: those that end a session or a consent have one of their own."""
        alone = [[kind] for kind in self.deeds if kind in PEOPLE_DO]
        others = [kind for kind in self.deeds if kind not in PEOPLE_DO]
        return [others, *alone] if others or not alone or not self.only_deeds else alone

    # ------------------------------------------------------------ work

    def _visit(self, person: str, since_ms: int, twist: str | None, deeds: list[str]) -> dict[str, Any]:
        visit: dict[str, Any] = {"user": person, "arrives": f"{since_ms}ms", "tasks": list(self._jobs(twist, deeds))}
        if deeds or REFUSED in self.beside:
            visit["logs_out"] = f"{self.work_from_ms + STAY_MS}ms"
        if "approval.refused" in self.beside:
            visit["approves"] = "nothing"
        if twist is not None:
            visit["twist"] = twist
        return visit

    def _jobs(self, twist: str | None, deeds: list[str]) -> Iterator[dict[str, Any]]:
        alone = PEOPLE_DO.issuperset(deeds) and bool(deeds) and not self.forbidding
        kinds = list(self.system.tasks)[: 1 if self.only_deeds or alone else None]
        instants = [(kind, self.work_from_ms + number * TASKS_APART_MS) for number, kind in enumerate(kinds)]
        if alone and kinds:
            instants.append((kinds[0], DEEDS_FROM_MS + 1_000 - WORK_UNDER_WAY_MS))
        if REFUSED in self.beside and kinds and not alone:
            instants.append((kinds[0], _refused_from_ms(deeds) + 1_000))
        for kind, at_ms in instants:
            asked: dict[str, Any] = {"kind": kind, "at": f"{at_ms}ms", "agent": self.system.tasks[kind].agent or "main"}
            if twist is not None:
                asked["twist"] = {"id": twist} | ({"wait": f"{self._until_forbidden_ms(at_ms)}ms"} if self.forbidding else {})
            yield asked

    def _until_forbidden_ms(self, at_ms: int) -> int:
        """How long somebody waits who goes on after a deed that forbids it."""
        return max(DEEDS_FROM_MS + 2_000 - at_ms, 0) + self.step.delay_ms + 1_000

    # ------------------------------------------------------------ deeds

    def _actions(self, person: str, since_ms: int, twist: str | None, deeds: list[str]) -> Iterator[dict[str, Any]]:
        """Each deed with what has to be so before it, and what makes up for it afterwards, which nothing is wrong about."""
        from_ms = since_ms + DEEDS_FROM_MS
        for kind in deeds:
            deed = DEEDS.get(kind)
            first, act, last = deed if deed is not None else ((), {"take_step": kind, "person": "$person"}, ())
            waits = {"wait": f"{self.wait_ms}ms"} if self.wait_ms else {}
            wrong = {"twist": {"id": twist} | waits} if twist is not None and not self.forbidding else {}
            yield from (self._at(from_ms, one, person) for one in first)
            again = self.step.times if deed is not None and wrong and self.twist == REPEATED else 1
            yield from (self._at(from_ms + 1_000 + number, act, person) | wrong for number in range(again))
            until_ms = from_ms + (self.wait_ms if twist else 0) + 4_000
            until_ms += self.step.delay_ms + WORK_BEFORE_MS if self.forbidding else 0
            yield from (self._at(until_ms, one, person) for one in last)
            from_ms = until_ms + DEEDS_APART_MS - 4_000
        if REFUSED in self.beside and not (deeds and PEOPLE_DO.issuperset(deeds)):
            at_ms = since_ms + _refused_from_ms(deeds)
            yield self._at(at_ms, {"disable_agent": "main"}, person)
            yield self._at(at_ms + DEEDS_APART_MS, {"enable_agent": "main"}, person)

    def _at(self, at_ms: int, act: dict[str, str], person: str) -> dict[str, Any]:
        known = {"$person": person, "$tool": self.tool}
        return {"at": f"{at_ms}ms"} | {key: known.get(value, value) for key, value in act.items()}


def _roots(step: Step, steps: Mapping[str, Step], seen: frozenset[str] = frozenset()) -> Iterator[str]:
    """The events beside which a step stands in the end: of a step beside another step, those beside which that stands."""
    for kind in (*step.before, *step.after):
        other = steps.get(kind)
        if other is not None and (other.before or other.after) and kind not in seen:
            yield from _roots(other, steps, seen | {kind})
        else:
            yield kind


def _refused_from_ms(deeds: list[str]) -> int:
    """When, in a stay, requests are made that nothing will let in."""
    return DEEDS_FROM_MS + (len(deeds) + 1) * DEEDS_APART_MS


def _tool(system: System) -> str | None:
    """A tool that can change: the first that does something."""
    named = ((api, group) for api, group in system.apis.items() if group.kind == "mcp")
    return next((f"{api}.{name}" for api, group in named for name, one in group.endpoints.items() if one.calls), None)
