"""Scenarios about declared steps: for each thing that can go wrong with one, a run in which it does, and the honest twin.

In a run there are two phases, each with one customer: all kinds of tasks, and the deeds of operators and people beside
which the step stands. In one phase everything has the twist, in the other nothing; the honest come when the others have
gone, and their time is over, since a step of theirs must not stand in for one that was left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from harness.plan.scenario import Scenario
from harness.plan.steps import DEEDS, DESPITE, LATE, PEOPLE_DO, Step, step_twist_name, steps_of
from harness.plan.system import System

TASKS_APART_MS = 3_000
DEEDS_FROM_MS = 150_000
DEEDS_APART_MS = 10_000
STAY_MS = 290_000
PHASE_MS = 300_000
LONG_ENOUGH_MS = 900_000
"""In which all tasks have come to their end, also those that wait for an approval."""
WORK_UNDER_WAY_MS = 1_500
REFUSED = "request.denied"
ABOUT_TOOLS = frozenset({"tool.changed", "tool.approved"})


def step_scenarios(systems: Iterable[System]) -> tuple[Scenario, ...]:
    """A scenario for each thing that can go wrong with a step, made for the first system in which it can."""
    found: dict[str, Scenario] = {}
    for system in systems:
        for step in steps_of(system):
            for twist in step.twists:
                found.setdefault(twist + step.kind, _Made(twist, step, system).scenario())
    return tuple(found.values())


class _Made:
    """One scenario in the making."""

    def __init__(self, twist: str, step: Step, system: System) -> None:
        self.twist, self.step, self.system = twist, step, system
        beside = (*step.before, *step.after)
        own = {one.kind for one in steps_of(system) if not one.before and not one.after and one.by}
        self.tool = _tool(system)
        done = own | (DEEDS.keys() if self.tool is not None else DEEDS.keys() - ABOUT_TOOLS)
        self.deeds = [kind for kind in dict.fromkeys((*beside, step.kind)) if kind in done]
        self.only_deeds = all(kind in DEEDS or kind in own for kind in beside) and bool(self.deeds)
        self.beside = frozenset(beside)
        forbidding = twist == DESPITE and step.kind in self.deeds
        self.work_from_ms = DEEDS_FROM_MS + step.delay_ms + DEEDS_APART_MS if forbidding else 2_000
        self.wait_ms = step.old_ms + 1 if twist == LATE and step.before else 0

    def scenario(self) -> Scenario:
        twist = self.twist + self.step.kind
        name = str(step_twist_name(twist))
        other = "B" if len(self.system.people.customers) > 1 else "A"
        people: list[tuple[str, str | None]] = [("A", twist), (other, None)]
        if self.twist == DESPITE:
            people.reverse()  # what forbids something may forbid it from then on to everybody
        visits: list[dict[str, Any]] = []
        actions: list[dict[str, Any]] = []
        since_ms = 0
        for person, own in people:
            visits.append(self._visit(person, since_ms, own))
            actions += self._actions(person, since_ms + DEEDS_FROM_MS, own)
            since_ms += self.work_from_ms + PHASE_MS + self.step.late_ms + len(self.deeds) * self.wait_ms + self.step.delay_ms
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

    # ------------------------------------------------------------ work

    def _visit(self, person: str, since_ms: int, twist: str | None) -> dict[str, Any]:
        visit: dict[str, Any] = {"user": person, "arrives": f"{since_ms}ms", "tasks": list(self._jobs(twist))}
        if self.deeds or REFUSED in self.beside:
            visit["logs_out"] = f"{self.work_from_ms + STAY_MS}ms"
        if "approval.refused" in self.beside:
            visit["approves"] = "nothing"
        if twist is not None:
            visit["twist"] = twist
        return visit

    def _jobs(self, twist: str | None) -> Iterator[dict[str, Any]]:
        kinds = list(self.system.tasks)[: 1 if self.only_deeds else None]
        instants = [(kind, self.work_from_ms + number * TASKS_APART_MS) for number, kind in enumerate(kinds)]
        if self.beside & PEOPLE_DO:
            deeds = [DEEDS_FROM_MS + number * DEEDS_APART_MS for number, _ in enumerate(self.deeds)]
            instants += [(kinds[0], at_ms - WORK_UNDER_WAY_MS) for at_ms in deeds if kinds]
        if REFUSED in self.beside and kinds:
            instants.append((kinds[0], self._refused_from_ms() + WORK_UNDER_WAY_MS))
        for kind, at_ms in instants:
            asked = {"kind": kind, "at": f"{at_ms}ms", "agent": self.system.tasks[kind].agent or "main"}
            yield asked | ({"twist": twist} if twist is not None else {})

    # ------------------------------------------------------------ deeds

    def _actions(self, person: str, from_ms: int, twist: str | None) -> Iterator[dict[str, Any]]:
        """Each deed with what has to be so before it, and what makes up for it afterwards, which nothing is wrong about."""
        for kind in self.deeds:
            deed = DEEDS.get(kind)
            first, act, last = deed if deed is not None else ((), {"take_step": kind, "person": "$person"}, ())
            wrong = {"twist": {"id": twist} | ({"wait": f"{self.wait_ms}ms"} if self.wait_ms else {})} if twist else {}
            yield from (self._at(from_ms, one, person) for one in first)
            yield self._at(from_ms + 1_000, act, person) | wrong
            until_ms = from_ms + (self.wait_ms if twist else 0) + 4_000
            yield from (self._at(until_ms, one, person) for one in last)
            from_ms = until_ms + DEEDS_APART_MS - 4_000
        if REFUSED in self.beside:
            at_ms = from_ms - DEEDS_FROM_MS + self._refused_from_ms() - len(self.deeds) * DEEDS_APART_MS
            yield self._at(at_ms, {"disable_agent": "main"}, person)
            yield self._at(at_ms + DEEDS_APART_MS, {"enable_agent": "main"}, person)

    def _refused_from_ms(self) -> int:
        return DEEDS_FROM_MS + (len(self.deeds) + 1) * DEEDS_APART_MS

    def _at(self, at_ms: int, act: dict[str, str], person: str) -> dict[str, Any]:
        known = {"$person": person, "$tool": self.tool}
        return {"at": f"{at_ms}ms"} | {key: known.get(value, value) for key, value in act.items()}


def _tool(system: System) -> str | None:
    """A tool that can change: the first that does something."""
    named = ((api, group) for api, group in system.apis.items() if group.kind == "mcp")
    return next((f"{api}.{name}" for api, group in named for name, one in group.endpoints.items() if one.calls), None)
